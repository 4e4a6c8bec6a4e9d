"""What is in a cluster: which databases, poolers and other servers, who needs whom, and by what that is known. Pure.

`discover` turns an inventory into findings; whoever writes a configuration, or fills one up, reads those. By subject:
`images` knows programs by their images, `environment` what a container is told, `addresses` which of that is a place,
`places` whose it is, `waits` what an init container waits for, `files` which of its files is which key of a Secret.
`databases`, `poolers`, `servers` and `workloads` find these, `credentials` with what they are logged in to, and `order`
who comes after whom.
"""

from bootheal.discovery.discover import discover
from bootheal.discovery.findings import Edge, Findings, Found, Known

__all__ = ["Edge", "Findings", "Found", "Known", "discover"]
