"""The node: kubelet, containers as real processes, and the service proxy. It knows objects, and not who writes them."""
