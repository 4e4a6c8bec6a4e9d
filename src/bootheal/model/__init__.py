"""The nouns: frozen values that everything else speaks in.

Snapshots of cluster objects are ours, not the client's: only the fields that a
judgement needs, and none that could hold a secret. Times are seconds since the
epoch (float), durations are seconds.
"""

from bootheal.model.cluster import (
    DELETES_AT_ONCE,
    Backup,
    Budget,
    Container,
    Document,
    Endpoint,
    Extensions,
    Leadership,
    Lease,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Right,
    Service,
    State,
    Webhook,
    Workload,
)
from bootheal.model.host import BootTime, Component, ComponentState, Directory, HostFacts, Symptom
from bootheal.model.identity import Credentials, Login, Ref, Secret, Target, Trust
from bootheal.model.report import (
    ActionRecord,
    Ending,
    Event,
    EventKind,
    Outcome,
    Report,
    Verdict,
    report_from_json,
    to_json,
)
from bootheal.model.servers import Answer, Console, Role, Setting

__all__ = [
    "DELETES_AT_ONCE",
    "ActionRecord",
    "Answer",
    "Backup",
    "BootTime",
    "Budget",
    "Component",
    "ComponentState",
    "Console",
    "Container",
    "Credentials",
    "Directory",
    "Document",
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
    "Pod",
    "PodToDelete",
    "Readiness",
    "Ref",
    "Report",
    "Right",
    "Role",
    "Secret",
    "Service",
    "Setting",
    "State",
    "Symptom",
    "Target",
    "Trust",
    "Verdict",
    "Webhook",
    "Workload",
    "report_from_json",
    "to_json",
]
