"""What is found by a key is what a look at each object would find, whatever became of the objects."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.adapters.kube.cache import Cache, Entry
from bootheal.adapters.kube.lists import UNPULLED, keys_of_pod
from support.objects import a_pod, waiting
from support.thorough import times


@dataclass(frozen=True)
class Thing:
    """A snapshot with labels, and with the version that it was seen at."""

    labels: tuple[str, ...]
    version: str = ""


def entry(name: str, version: int, *labels: str, uid: str = "") -> Entry:
    return Entry(uid or name, str(version), Thing(labels, str(version)))


happens = st.tuples(
    st.sampled_from(["changed", "removed", "wrote", "deleted", "gone", "listed"]),
    st.sampled_from("abc"),
    st.sets(st.sampled_from("xyz")),
    st.integers(-2, 2),
)


@settings(max_examples=times(60))
@given(st.lists(happens, max_size=20))
def test_keys_find_what_looking_at_each_object_finds(events: list[tuple[str, str, set[str], int]]) -> None:
    """Twenty pods among ten thousand, without a look at each; old news and successors of a name included."""
    cache: Cache = Cache(lambda thing: thing.labels)
    for version, (what, name, labels, later) in enumerate(events, start=3):
        new = entry(name, version + later, *sorted(labels))
        match what:
            case "changed":
                cache.changed(name, new)
            case "removed":
                cache.removed(name, new)
            case "wrote":
                cache.wrote(name, new)
            case "deleted":
                cache.deleted(name, name)
            case "gone":
                cache.gone(name)
            case _:
                cache.list_asked()
                cache.listed({name: new}, str(version))
        known = list(cache.snapshots().values())
        assert all(cache.snapshot(name) is thing for name, thing in cache.snapshots().items())
        for keys in ({"x"}, {"x", "y"}, {"none"}):
            wanted = [thing for thing in known if keys <= {*thing.labels}]
            assert sorted(cache.having(keys), key=repr) == sorted(wanted, key=repr)


def test_a_change_to_what_nobody_reads_is_no_news_where_the_snapshot_is_all_there_is() -> None:
    """A kubelet writes the times of its probes; what is kept is the newest version all the same."""
    for complete in (True, False):
        cache = Cache(complete=complete)
        assert cache.changed("a", entry("a", 1, "x"))
        assert cache.changed("a", entry("a", 2, "x")) is not complete
        assert cache.snapshots()["a"].version == "2"
        assert cache.changed("a", entry("a", 3, "y"))
        assert cache.changed("a", entry("a", 4, "y", uid="its successor"))


def test_what_was_handed_out_stays_as_it_was() -> None:
    """A look in the middle of its work sees one moment."""
    cache = Cache()
    cache.changed("a", entry("a", 1, "x"))
    before = cache.snapshots()
    assert cache.snapshots() is before
    cache.changed("b", entry("b", 2, "x"))
    assert (set(before), set(cache.snapshots())) == ({"a"}, {"a", "b"})


def test_pods_are_found_by_their_labels_and_by_the_image_that_they_wait_for() -> None:
    """Not those that are to end: nobody waits for them."""
    pod = a_pod("web-1", waiting("ImagePullBackOff", image="app:1"), labels={"app": "web"})
    assert set(keys_of_pod(pod)) == {("app", "web"), UNPULLED}
    assert set(keys_of_pod(replace(pod, deleting=True))) == {("app", "web")}


def test_what_nobody_reads_is_no_news() -> None:
    """A new version of the same is kept, and wakes nobody; where more is read than what is kept, it does."""
    all_of_it, some_of_it = Cache(complete=True), Cache()
    for cache in (all_of_it, some_of_it):
        assert cache.changed("a", entry("a", 1, "x"))
    assert not all_of_it.changed("a", entry("a", 2, "x"))
    assert some_of_it.changed("a", entry("a", 2, "x"))
    assert all_of_it.snapshot("a").version == "2"
    assert all_of_it.changed("a", entry("a", 3, "y"))
    assert all_of_it.changed("a", entry("a", 4, "y", uid="a successor"))


def test_a_pod_is_news_where_any_field_of_it_is_another() -> None:
    """But for the version: a restart more of a container that runs is worth a look."""
    cache, pod = Cache(complete=True), a_pod("web-0")
    assert cache.changed("web-0", Entry("u", "1", pod))
    assert not cache.changed("web-0", Entry("u", "2", replace(pod, version="2")))
    again = replace(pod, containers=(replace(pod.containers[0], restarts=7),))
    assert cache.changed("web-0", Entry("u", "3", again))
    assert cache.changed("web-0", Entry("u", "4", replace(again, quality="Burstable")))
