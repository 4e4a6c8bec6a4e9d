"""The Kubernetes API through the official client: the one place that imports `kubernetes`.

`api` is the transport (requests, errors, port-forward), `objects` turns raw JSON into
our snapshots, `kept` holds lists that a watch keeps up to date, `cluster` is the port.
Raw JSON bodies instead of the client's typed models: an order of magnitude faster to
import and to parse, and one incomplete object does not spoil a list.
"""
