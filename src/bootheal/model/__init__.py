"""The nouns: frozen values that everything else speaks in.

Snapshots of cluster objects are ours, not the client's: only the fields that a
judgement needs, and none that could hold a secret. Times are seconds since the
epoch (float), durations are seconds.
"""

from bootheal.model.admission import Admission, Aggregated, Extensions, Occurrence, Quota, Requirement, Webhook
from bootheal.model.cluster import (
    DELETES_AT_ONCE,
    WORKLOADS,
    Backup,
    Budget,
    Container,
    Election,
    Leadership,
    Lease,
    Node,
    Operated,
    Pod,
    PodToDelete,
    Readiness,
    Right,
    State,
    Workload,
)
from bootheal.model.codec import from_json, to_json
from bootheal.model.documents import ConfigMap, Document
from bootheal.model.endings import ENDINGS, VERDICTS, Ending, Level, RunEnding, StepEnding, Verdict
from bootheal.model.history import BootRecord, History, Mark, MarkKind, PassRecord, Repair, Span, SpanKind, Track
from bootheal.model.host import BootTime, Component, ComponentState, Directory, HostFacts, Symptom
from bootheal.model.identity import Auth, Credentials, Login, Ref, Secret, Target, Trust
from bootheal.model.kubernetes_event import KubernetesEvent
from bootheal.model.lock import LockRecord
from bootheal.model.notice import Due, Notice, Occasion, Outbox, Told
from bootheal.model.past import Past
from bootheal.model.remembered import Progress, Remembered, StepMemory
from bootheal.model.report import ActionRecord, Event, EventKind, Outcome, Report
from bootheal.model.servers import Answer, Console, Role, Setting
from bootheal.model.service import Endpoint, Service

__all__ = [
    "DELETES_AT_ONCE",
    "ENDINGS",
    "VERDICTS",
    "WORKLOADS",
    "ActionRecord",
    "Admission",
    "Aggregated",
    "Answer",
    "Auth",
    "Backup",
    "BootRecord",
    "BootTime",
    "Budget",
    "Component",
    "ComponentState",
    "ConfigMap",
    "Console",
    "Container",
    "Credentials",
    "Directory",
    "Document",
    "Due",
    "Election",
    "Ending",
    "Endpoint",
    "Event",
    "EventKind",
    "Extensions",
    "History",
    "HostFacts",
    "KubernetesEvent",
    "Leadership",
    "Lease",
    "Level",
    "LockRecord",
    "Login",
    "Mark",
    "MarkKind",
    "Node",
    "Notice",
    "Occasion",
    "Occurrence",
    "Operated",
    "Outbox",
    "Outcome",
    "PassRecord",
    "Past",
    "Pod",
    "PodToDelete",
    "Progress",
    "Quota",
    "Readiness",
    "Ref",
    "Remembered",
    "Repair",
    "Report",
    "Requirement",
    "Right",
    "Role",
    "RunEnding",
    "Secret",
    "Service",
    "Setting",
    "Span",
    "SpanKind",
    "State",
    "StepEnding",
    "StepMemory",
    "Symptom",
    "Target",
    "Told",
    "Track",
    "Trust",
    "Verdict",
    "Webhook",
    "Workload",
    "from_json",
    "to_json",
]
