"""Why a machine, a namespace or a workload is not well: from one moment of all that is known, the causes. Pure."""

from bootheal.diagnosis.diagnose import Diagnosis, diagnose
from bootheal.diagnosis.item import Item
from bootheal.diagnosis.logs import Wanted, wanted_logs
from bootheal.diagnosis.servers import to_greet

__all__ = ["Diagnosis", "Item", "Wanted", "diagnose", "to_greet", "wanted_logs"]
