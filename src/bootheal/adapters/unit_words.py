"""How systemd words the end of a unit, or why it did not begin it, in words of ours. Pure."""

from collections.abc import Mapping

# With these systemd itself ends a unit before its program runs (man systemd.exec, "Process Exit Codes").
_BEFORE_IT_RAN = {
    "200": "its working directory is not there (WorkingDirectory=)",
    "203": "its program is not there, or cannot be run (ExecStart=)",
    "204": "there was no memory for it",
    "205": "its limits cannot be set (Limit…=)",
    "206": "its OOMScoreAdjust= cannot be set",
    "208": "its standard input cannot be opened",
    "209": "its log cannot be opened (StandardOutput=)",
    "210": "its root directory is not there (RootDirectory=)",
    "211": "its IOSchedulingClass= cannot be set",
    "214": "its CPUSchedulingPolicy= cannot be set",
    "215": "the processors that it is to run on are not there (CPUAffinity=)",
    "216": "its group is not there",
    "217": "its user is not there",
    "218": "its capabilities cannot be set",
    "219": "its cgroup cannot be set up",
    "222": "its log cannot be opened (StandardError=)",
    "224": "its PAM session cannot be opened",
    "225": "its network namespace cannot be set up",
    "226": "its file systems cannot be set up, as where a path that its unit names is not there",
    "228": "its system call filter cannot be set",
    "229": "SELinux does not know its context",
    "231": "its AppArmor profile is not loaded",
    "233": "its RuntimeDirectory= cannot be made",
    "237": "its kernel keyring cannot be set up",
    "238": "its StateDirectory= cannot be made",
    "239": "its CacheDirectory= cannot be made",
    "240": "its LogsDirectory= cannot be made",
    "241": "its ConfigurationDirectory= cannot be made",
    "242": "its NUMAPolicy= cannot be set",
    "243": "a credential that its unit names cannot be read",
}

# Result= of what has failed (man org.freedesktop.systemd1). The word comes first: others look for it.
_RESULTS = {
    "start-limit-hit": "it was started too often in too short a time: systemctl reset-failed {name}; systemctl start "
    "{name}",
    "timeout": "its start, or its end, took longer than its unit allows",
    "watchdog": "it gave no sign of life",
    "oom-kill": "it was ended for want of memory",
    "core-dump": "it ended with a fault of its own",
    "resources": "systemd could not begin it: a file that its unit names, such as its EnvironmentFile=, cannot be "
    "read, or there was no memory",
    "protocol": "it ended without having said that it is ready",
    "exec-condition": "its ExecCondition= said no",
}

# What a unit file is where systemd does not load it, but knows it.
_NOT_LOADED = {
    "masked": "its unit is masked: systemctl unmask {name}",
    "bad-setting": "its unit file has a setting that systemd does not understand: systemd-analyze verify {name}",
    "error": "its unit file cannot be read: systemd-analyze verify {name}",
}
KNOWN = frozenset({"loaded", *_NOT_LOADED})


def why(name: str, shown: Mapping[str, str]) -> str:
    """Say how it ended, or why it was not begun; "" where systemd knows of nothing."""
    if shown.get("LoadState") in _NOT_LOADED:
        return _NOT_LOADED[shown["LoadState"]].format(name=name)
    result, status = shown.get("Result", "success"), shown.get("ExecMainStatus", "?")
    if result == "exit-code":
        before = _BEFORE_IT_RAN.get(status, "")
        return f"exit status {status}" + (f" ({before})" if before else "")
    if result == "signal":
        return f"signal: it was killed by signal {status}"
    if result != "success":
        told = _RESULTS.get(result, "").format(name=name)
        return f"{result}: {told}" if told else result
    # Before it was asked for the first time in a boot both are "no", too.
    asked = {each: shown.get(f"{each}TimestampMonotonic", "0") != "0" for each in ("Condition", "Assert")}
    if shown.get("ActiveState") == "inactive" and any(
        so and shown.get(f"{each}Result") == "no" for each, so in asked.items()
    ):
        return f"a condition of its unit is not met: systemctl status {name} names it"
    return ""


def unmet(states: Mapping[str, str]) -> str:
    """Say which of those units that it requires has failed; "" where none has. `states` are their ActiveState."""
    failed = sorted(name for name, state in states.items() if state == "failed")
    return f"what it requires has failed: {', '.join(failed)}" if failed else ""
