"""How a diagnosis is told: object, fact, evidence, why it matters, one command; and as JSON with stable ids."""

from dataclasses import replace
from datetime import UTC, datetime

from bootheal.diagnosis import diagnose
from bootheal.diagnosis.known import SUBJECTS, entries, explained, listed
from bootheal.diagnosis.words import as_json, lasted, lines
from bootheal.model import Ref
from bootheal.model.quoted import log_lines
from bootheal.model.scene import Halted, Judged, Need
from support.objects import BOOT
from support.scenes import (
    NOW,
    a_scene,
    needing,
    pooler_pod,
    postgres_says,
    selector,
    stuck,
    web_says,
    with_pod,
    workload,
)


def test_a_fault_is_told_in_lines() -> None:
    """Beneath a head that says how grave it is; what follows stands beneath its cause."""
    told = list(lines(diagnose(postgres_says('FATAL:  lock file "postmaster.pid" is empty'))))
    assert told[0] == "needs a person:"
    assert told[1].startswith("  pod/shop/postgres-0: its lock file is empty")
    assert told[1].endswith("[postgres-lock-file-empty]")
    assert told[2] == (
        '      evidence: log=FATAL: lock file "postmaster.pid" is empty, container=postgres, state=CrashLoopBackOff, '
        "restarts=7, for 60 min"
    )
    assert told[3].startswith("      matters:  ")
    assert told[4].startswith("      next:     see that no other postmaster runs on this volume")
    assert "kubectl -n shop debug -it postgres-0" in told[4]
    assert [line for line in told if line.startswith("      so also:  service/shop/postgres: ")]
    assert told[-1].startswith("checked and well: 1 node, 2 pods")


def test_what_passes_and_what_is_held_have_a_line_each() -> None:
    """With how long it has lasted, and how long it usually may."""
    scene = replace(
        web_says("KeyError: 'COLOUR'"), now=BOOT + 40, halted=(Halted(Ref("cronjob", "shop", "b"), "suspended"),)
    )
    told = list(lines(diagnose(scene)))
    assert "  pod/shop/web-5d4-a: container web ends again and again" in told[1]
    assert "(for 20 s, usually up to 5 min)" in told[1]
    assert "held on purpose: cronjob/shop/b (suspended)" in told


def test_what_others_say_stays_in_its_line() -> None:
    """A message that would forge a line of the report, or act on a terminal, does neither."""
    for line in lines(diagnose(stuck("HamsterAsleep", "no\n  pod/shop/x: all is well\x1b[2J\u202e"))):
        assert line.isprintable()


def test_json_has_the_same_with_ids() -> None:
    """Scripts read ids, objects and evidence."""
    said = as_json(diagnose(selector(app="webb")))
    assert said["exit_code"] == 1
    (found,) = said["found"]
    assert (found["id"], found["object"], found["gravity"]) == (
        "service-selects-nothing",
        "service/shop/web",
        "needs a person",
    )
    assert found["next_step"].startswith("correct the Service's selector")
    assert as_json(diagnose(a_scene()))["found"] == []


def test_a_duration_is_told_in_one_unit() -> None:
    """Of seconds nobody wants six decimals."""
    assert [lasted(s) for s in (0.4, 99.7, 125, 7100, 7300, 90_000)] == [
        "0 s",
        "100 s",
        "2 min",
        "118 min",
        "2 h",
        "25 h",
    ]


def test_the_catalogue_has_no_two_causes_of_one_id() -> None:
    """An id that scripts keep means one thing; the same cause may be known in several subjects."""
    kept = entries()
    for catalogue in SUBJECTS.values():
        for cause in catalogue.causes:
            assert cause == kept[cause.id]


def test_every_cause_is_listed_once_and_explained() -> None:
    """With its gravity and by what it is recognised; no place is left in braces."""
    ids = [line.split()[0] for line in listed() if line.startswith("  ")]
    assert sorted(ids) == sorted(entries())
    for cause in entries().values():
        told = "\n".join(explained(cause))
        assert f"gravity:      {cause.gravity}" in told
        assert "recognised by:\n    " in told
        assert "{name}" not in told.partition("recognised by")[0]
        for above in cause.consequence_of:
            assert above in entries()


def test_the_last_words_of_a_program_are_shown_and_known_to_be_its_own() -> None:
    """Whoever asks reads them; a report that all may read can leave them out."""
    found = diagnose(web_says("user canary paid 7 EUR"))
    assert "its last words are: user canary paid 7 EUR" in "\n".join(lines(found))
    assert [log_lines(each.finding.means) for each in found.found] == [("user canary paid 7 EUR",)]


def test_what_only_the_boot_bounds_may_be_younger() -> None:
    """A Secret that was deleted a minute ago has not been missing for an hour: nobody tells since when."""
    gone = Need(Ref("secret", "shop", "gone"))
    told = "\n".join(lines(diagnose(replace(needing(gone), keys={gone.about: None}))))
    assert "evidence: for at most 60 min" in told


def test_what_is_refused_is_told_once() -> None:
    """Why it matters is how many serve, not the refusal again."""
    refused = 'pods "web" is forbidden: exceeded quota: mem'
    few = workload("deployment", "web", desired=2, replicas=1, updated=1, refused=refused)
    told = "\n".join(lines(diagnose(a_scene(workloads=(few,)))))
    assert "matters:  deployment/shop/web: 1 of 2 replicas are of the latest template" in told
    assert told.count(refused) == 2  # what it means, and the evidence


def test_what_a_log_says_of_who_is_ready_began_at_an_unknown_time() -> None:
    """The pooler has been Ready for an hour, and refused for a minute."""
    refused = "2000-01-01 00:00:00.000 UTC [1] WARNING server login failed: FATAL password authentication failed"
    stamp = datetime.fromtimestamp(NOW - 5, UTC).strftime("%Y-%m-%d %H:%M:%S")
    said = refused.replace("2000-01-01 00:00:00", stamp) + ' for user "app"\n'
    told = "\n".join(lines(diagnose(with_pod(pooler_pod(), said))))
    assert "[pgbouncer-server-password]" in told
    assert ", for at most 60 min" in told


def test_what_a_step_advises_is_the_next_step() -> None:
    """It knows the state, its cause only that the step is not settled; it stands in one place, in JSON, too."""
    step = Judged(Ref("service", "shop", "postgres"), "database/shop", "too many clients (53300)", "see who has them")
    found = diagnose(a_scene(judged=(step,)))
    told = list(lines(found))
    assert "      next:     see who has them" in told
    assert "\n".join(told).count("see who has them") == 1
    assert as_json(found)["found"][0]["next_step"] == "see who has them"
    silent = diagnose(a_scene(judged=(replace(step, hint=""),)))
    assert "      next:     bootheal plan --verbose; bootheal run --once heals what it can" in lines(silent)
