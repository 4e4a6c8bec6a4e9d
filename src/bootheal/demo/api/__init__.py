"""The API server: HTTP and TLS over the objects. It changes nothing by itself; that is for control and the node."""
