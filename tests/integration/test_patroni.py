"""A database of Patroni's after a power cut: healed, or told why not; and nothing is ever written to a standby."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootheal.demo.patroni import Lock
from bootheal.demo.stack import BootScript
from support.command import LONGEST, actions, bootheal, heal, not_healed, outcome, start
from support.patroni import Members, members
from support.thorough import by_night, times

# One layout by day, both by night: an object of Endpoints that Patroni writes addresses to, and a ConfigMap.
LOCKS: tuple[Lock, ...] = ("endpoints", "configmap")
BOOT = BootScript.quick(stuck="", leftover=False)
RESET = "reset the password of role/shop/pooler"


@pytest.fixture(scope="module", params=LOCKS[: times(1)])
def patroni(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    """Two members; each test leaves them whole."""
    with members(tmp_path_factory.mktemp("stack"), request.param) as found:
        yield found


@pytest.fixture
def shop(patroni: Members) -> Iterator[Members]:
    """The members; whatever a test did to them, nobody has tried to write to a standby."""
    said = len(patroni.stack.logs())
    yield patroni
    assert "in a read-only transaction" not in patroni.stack.logs()[said:]
    patroni.stack.configure({"deadline": None, "cleanup": {"namespaces": ["shop"]}})
    patroni.be_whole()


@dataclass(frozen=True)
class Case:
    """What happens before the cut and while there is no power; `told` is what must be said in the end."""

    before: Callable[[Members], object] = lambda _shop: None
    dark: Callable[[Members, str, str], object] = lambda _shop, _leader, _follower: None
    told: str = ""
    changes: bool = False
    """Whether another member leads afterwards than before the cut."""


CASES = {
    "a switchover before the cut": Case(before=lambda shop: shop.switch_over()),
    "the follower's data gone": Case(dark=lambda shop, _leader, follower: shop.lose(follower)),
    "nothing else": Case(),
    "the leader's data gone": Case(
        dark=lambda shop, leader, _follower: shop.lose(leader), told="is the primary since this boot", changes=True
    ),
    "a follower whose copy was cut": Case(
        dark=lambda shop, _leader, follower: shop.cut_copy(follower), told="does not follow, Patroni says"
    ),
    "a follower that does not start": Case(
        dark=lambda shop, _leader, follower: shop.misconfigure(follower), told="does not follow, Patroni says"
    ),
}


@pytest.mark.parametrize("case", [*CASES][: times(2)])
def test_a_drifted_password_is_reset_where_it_can_be(shop: Members, case: str) -> None:
    """By whoever leads now; who led before, who begins anew and who does not come up is told."""
    happens = CASES[case]
    happens.before(shop)
    leader, follower = shop.leader, shop.follower
    shop.stack.power_cut()
    happens.dark(shop, leader, follower)
    shop.stack.boot(BOOT)
    report = heal(shop.stack.config)
    assert [sentence for sentence in actions(report) if sentence.startswith(RESET)]
    assert all(shop.stack.serving().values())
    assert shop.leader == (follower if happens.changes else leader)
    found = outcome(report, "database/shop")
    assert happens.told in json.dumps(found)


@by_night
def test_what_init_writes_heals_them_untouched(shop: Members, tmp_path: Path) -> None:
    """From nothing: init, a power cut with a drifted password, run --once; nobody has touched the file."""
    file = tmp_path / "bootheal.yaml"
    where = ("--kubeconfig", shop.stack.kubeconfig, "--state-directory", tmp_path / "state")
    made = bootheal("init", *where, "--output", file).stdout
    assert "found: 1 database, 1 pooler, 2 workloads" in made
    assert "check: everything named exists" in made
    shop.stack.power_cut()
    shop.stack.boot(BOOT)
    report = heal(file)
    assert report["verdict"] == "healed"
    assert "reset the password of role/postgres/pooler" in "\n".join(actions(report))
    assert all(shop.stack.serving().values())


@by_night
def test_a_lock_of_a_leader_that_stays_away_is_waited_out_and_explained(shop: Members) -> None:
    """Until its time is over nobody else may lead: whose it is and until when is said meanwhile."""
    if shop.leader != "postgres-0":  # the pod that stays away is the first
        shop.switch_over()
    heal(shop.stack.config)  # so that it is known who led when all was well
    shop.stack.configure({"cleanup": {"namespaces": []}})  # which would bring the pod back
    shop.stack.power_cut()
    shop.stack.boot(BootScript.quick(stuck="postgres", leftover=False))
    process = start("run", "--once", "--config", shop.stack.config)
    out, err = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, f"{out}{err}"
    assert re.search(r"postgres-0's until \d\d:\d\d:\d\d UTC \(ttl 20 s\)", out), out
    assert "postgres-1 is the primary since this boot: before it was postgres-0" in out
    assert all(shop.stack.serving().values())


@by_night
def test_members_of_which_none_starts_are_told_with_their_reason(shop: Members) -> None:
    """What PostgreSQL says of its settings; nothing is changed."""
    shop.stack.power_cut()
    shop.misconfigure("postgres-0")
    shop.misconfigure("postgres-1")
    shop.stack.boot(BOOT)
    run = not_healed(shop.stack, "shared_buffers")
    assert actions(json.loads(run.stdout)) == []
    shop.correct()
    shop.stack.configure({"deadline": None})
    heal(shop.stack.config)


HAPPENINGS: dict[str, Callable[[Members], Any]] = {
    "a switchover": Members.switch_over,
    "a promotion by hand": Members.promote,
}


@by_night
@pytest.mark.parametrize("when", ["ok +gate", "ok +database/shop", "ok +credential/shop"])
@pytest.mark.parametrize("what", HAPPENINGS)
def test_another_primary_while_bootheal_looks(shop: Members, what: str, when: str) -> None:
    """Whoever leads in the end has the right password; nothing is done while two take writes."""
    shop.stack.power_cut()
    shop.stack.boot(BOOT)
    process = start("run", "--once", "--config", shop.stack.config)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.search(when, line):
            shop.stack.wait_until("the follower", shop.streams)
            HAPPENINGS[what](shop)
            break
    out, err = process.communicate(timeout=LONGEST)
    text = "".join(said) + out + err
    assert process.returncode == 0, text
    assert all(shop.stack.serving().values()), text
