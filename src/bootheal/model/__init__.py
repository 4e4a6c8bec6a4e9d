"""The nouns: frozen values that everything else speaks in.

Snapshots of cluster objects are ours, not the client's: only the fields that a
judgement needs, and none that could hold a secret. Times are seconds since the
epoch (float), durations are seconds.
"""

from bootheal.model.admission import Admission, Extensions, Occurrence, Quota, Requirement, Webhook
from bootheal.model.cluster import (
    DELETES_AT_ONCE,
    Backup,
    Budget,
    Container,
    Document,
    Endpoint,
    Leadership,
    Lease,
    Node,
    Pod,
    PodToDelete,
    Readiness,
    Right,
    Service,
    State,
    Workload,
)
from bootheal.model.codec import from_json, to_json
from bootheal.model.endings import ENDINGS, VERDICTS, Ending, Level, RunEnding, StepEnding, Verdict
from bootheal.model.host import BootTime, Component, ComponentState, Directory, HostFacts, Symptom
from bootheal.model.identity import Auth, Credentials, Login, Ref, Secret, Target, Trust
from bootheal.model.remembered import Progress, Remembered, StepMemory
from bootheal.model.report import ActionRecord, Event, EventKind, Outcome, Report
from bootheal.model.servers import Answer, Console, Role, Setting

__all__ = [
    "DELETES_AT_ONCE",
    "ENDINGS",
    "VERDICTS",
    "ActionRecord",
    "Admission",
    "Answer",
    "Auth",
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
    "Level",
    "Login",
    "Node",
    "Occurrence",
    "Outcome",
    "Pod",
    "PodToDelete",
    "Progress",
    "Quota",
    "Readiness",
    "Ref",
    "Remembered",
    "Report",
    "Requirement",
    "Right",
    "Role",
    "RunEnding",
    "Secret",
    "Service",
    "Setting",
    "State",
    "StepEnding",
    "StepMemory",
    "Symptom",
    "Target",
    "Trust",
    "Verdict",
    "Webhook",
    "Workload",
    "from_json",
    "to_json",
]
