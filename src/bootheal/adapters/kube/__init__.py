"""The Kubernetes API through the official client: the one place that imports `kubernetes`.

`api` is the transport (requests, errors, port-forward), `objects` turns raw JSON into
our snapshots, `kept` holds a list that a watch keeps up to date, `lists` all of them, `cluster` is the port.
Raw JSON bodies instead of the client's typed models: an order of magnitude faster to
import and to parse, and one incomplete object does not spoil a list.
"""
