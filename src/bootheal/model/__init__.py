"""The nouns: frozen values that everything else speaks in.

Snapshots of cluster objects are ours, not the client's: only the fields that a
judgement needs, and none that could hold a secret. Times are seconds since the
epoch (float), durations are seconds.
"""

from bootheal.model.cluster import (
    Backup,
    Budget,
    Container,
    Document,
    Doomed,
    Endpoint,
    Extensions,
    Leadership,
    Lease,
    Node,
    Pod,
    Readiness,
    Right,
    Service,
    State,
    Webhook,
    Workload,
)
from bootheal.model.host import BootTime, Complaint, Directory, HostFacts, Part, PartState
from bootheal.model.identity import Credentials, Login, Ref, Secret, Target, Trust
from bootheal.model.report import Done, Ending, Event, EventKind, Outcome, Report, Verdict, report_from_json, to_json
from bootheal.model.servers import Answer, Console, Role, Setting

__all__ = [
    "Answer",
    "Backup",
    "BootTime",
    "Budget",
    "Complaint",
    "Console",
    "Container",
    "Credentials",
    "Directory",
    "Document",
    "Done",
    "Doomed",
    "Ending",
    "Endpoint",
    "Event",
    "EventKind",
    "Extensions",
    "HostFacts",
    "Leadership",
    "Lease",
    "Login",
    "Node",
    "Outcome",
    "Part",
    "PartState",
    "Pod",
    "Readiness",
    "Ref",
    "Report",
    "Right",
    "Role",
    "Secret",
    "Service",
    "Setting",
    "State",
    "Target",
    "Trust",
    "Verdict",
    "Webhook",
    "Workload",
    "report_from_json",
    "to_json",
]
