"""One API server behind the five ports of a cluster: they share its lists, and know which passwords to keep silent."""

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.pod_access import KubePodAccess
from bootheal.adapters.kube.reader import KubeReader
from bootheal.adapters.kube.secrets import KubeSecrets
from bootheal.adapters.kube.writer import KubeWriter
from bootheal.adapters.redaction import Redaction


class KubeCluster:
    """The cluster behind one Api; it is closed with it."""

    def __init__(self, api: Api) -> None:
        redact = Redaction()
        self._api = api
        self.watcher = Lists(api)
        self.reader = KubeReader(api, self.watcher)
        self.pod_access = KubePodAccess(api, redact)
        self.secrets = KubeSecrets(api, redact, self.reader.document)
        self.writer = KubeWriter(api, self.watcher)

    def close(self) -> None:
        """Stop the watches and close every connection."""
        self.watcher.close()
        self._api.close()
