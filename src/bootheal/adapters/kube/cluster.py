"""One API server behind the eight ports of a cluster: they share its lists, and know which passwords to keep silent."""

from bootheal.adapters.kube.api import Api
from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.own_events import KubeEvents
from bootheal.adapters.kube.pod_access import KubePodAccess
from bootheal.adapters.kube.prospects import KubeProspects
from bootheal.adapters.kube.reader import KubeReader
from bootheal.adapters.kube.scenes import KubeScenes
from bootheal.adapters.kube.secrets import KubeSecrets
from bootheal.adapters.kube.writer import KubeWriter
from bootheal.adapters.redaction import Redaction


class KubeCluster:
    """The cluster behind one Api; what it opens is closed with the Api's scope."""

    def __init__(self, api: Api, redaction: Redaction | None = None) -> None:
        redact = redaction or Redaction()
        self.watcher = Lists(api)
        self.reader = KubeReader(api, self.watcher)
        self.pod_access = KubePodAccess(api, redact)
        self.secrets = KubeSecrets(api, redact, self.reader.document)
        self.writer = KubeWriter(api, self.watcher)
        self.kubernetes_events = KubeEvents(api)
        self.scenes = KubeScenes(api, self.reader, redact)
        self.prospects = KubeProspects(api)
