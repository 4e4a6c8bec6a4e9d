"""A kubeconfig is a file that others write: whatever is in it, it is used or refused, in few words and soon."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootheal.adapters import bounded_yaml
from bootheal.adapters.kube import exec_plugin
from bootheal.adapters.kube.access import alone, load, named_by, parse
from bootheal.adapters.kube.kubeconfig import FetchedKubeconfig, LiveKubeconfig, in_pod
from bootheal.errors import MissingError, PermanentError, UnreachableError
from support.thorough import times

GOOD = """
apiVersion: v1
kind: Config
current-context: a
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: "a-token"}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
"""
BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)

WRONG = {
    "deep": "[" * 5_000,
    "deep in the right place": GOOD.replace('"a-token"', "[" * 3_000),
    "aliases": BOMB,
    "a circle": "clusters: &c [*c]",
    "many": "- x\n" * 30_000,
    "an impossible date": "a: 2026-99-99",
    "an int that is none": "!!int ''",
    "a float that is none": "!!float x",
    "python": "!!python/object/apply:os.system [ls]",
    "a control character": "a: \x00",
    "an odd key": "? [a]\n: b",
    "a merge of nothing": "<<: 1",
    "binary": "!!binary x",
    "a list": "[]",
    "a word": "clusters",
    "nothing": "",
    "a cluster that is a word": "clusters: [x]\nusers: []\ncontexts: []",
    "a host that is none": GOOD.replace("https://127.0.0.1:6443", "https://[::1"),
    "a certificate that is none": GOOD.replace("token: ", "client-certificate-data: "),
    "a context that is not there": GOOD.replace("current-context: a", "current-context: b"),
}


def refusal(text: str) -> str:
    """Return why it is refused, "" if it is used."""
    try:
        parse(text, "k3s.yaml", Path("/"), "")
    except PermanentError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_kubeconfig_that_is_none_is_refused_in_few_words(text: str) -> None:
    """With less than two seconds of work, by name; or it is used, and the URL that is none is told of when it is."""
    began, said = time.thread_time(), refusal(text)
    assert time.thread_time() - began < 2
    assert said.startswith("cannot use the kubeconfig k3s.yaml: ") or "[::1" in text
    assert len(said) <= 400
    assert said.isprintable()


def test_a_right_one_is_used() -> None:
    """Also with a BOM, and as JSON."""
    assert parse(GOOD, "k3s.yaml", Path("/"), "").configuration.host == "https://127.0.0.1:6443"
    assert bounded_yaml.load('\ufeff{"a": [1, "b"]}') == {"a": [1, "b"]}


def with_plugin(command: str, *arguments: str) -> str:
    """Return a kubeconfig whose user gets his credential from a command."""
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": list(arguments)}
    return GOOD.replace('{token: "a-token"}', json.dumps({"exec": plugin | {"interactiveMode": "Never"}}))


def test_a_plugin_gives_the_credential() -> None:
    """As for kubectl."""
    said = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "its-token"}}
    access = parse(with_plugin("echo", json.dumps(said)), "k", Path(), "")
    assert [*access.configuration.api_key.values()] == ["Bearer its-token"]


def test_a_plugin_that_gives_none_is_named() -> None:
    """Else the API server would be asked without a credential, and its 401 be the reason that is told."""
    with pytest.raises(UnreachableError, match="cannot use the exec plugin false of the kubeconfig: it gave no cred"):
        parse(with_plugin("false"), "k", Path(), "")  # whom it asks may come up later
    with pytest.raises(PermanentError, match="cannot use the exec plugin no-such-one of the kubeconfig: it is not on"):
        parse(with_plugin("no-such-one"), "k", Path(), "")


def test_a_plugin_that_hangs_is_ended_with_all_that_it_has_started() -> None:
    """The client waits until nobody holds its output any more."""
    user: dict[str, Any] = {"exec": {"command": "sh", "args": ["-c", "sleep 60 & sleep 60"]}}
    assert exec_plugin.bounded(user, 0.2) == "sh"
    began = time.monotonic()
    plugin = user["exec"]
    ended = subprocess.run([plugin["command"], *plugin["args"]], stdout=subprocess.PIPE, check=False, timeout=30)
    assert ended.returncode
    assert time.monotonic() - began < 20
    assert exec_plugin.bounded({"token": "a-token"}) == ""


@pytest.mark.parametrize(
    ("server", "proxied"),
    [
        ("https://127.0.0.1:6443", False),
        ("https://localhost:6443", False),
        ("https://[::1]:6443", False),
        ("https://0.0.0.0:6443", False),  # k3d's
        ("https://10.0.0.7:6443", True),
        ("https://k3s.example.org:6443", True),
    ],
)
def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    server: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for kubectl: it could lead nowhere, and the API server beside us would be the one that refuses."""
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    text = GOOD.replace("https://127.0.0.1:6443", server)
    assert bool(parse(text, "k", Path(), "").configuration.proxy) is proxied
    meant = text.replace("insecure-skip-tls-verify: true", "insecure-skip-tls-verify: true, proxy-url: 'http://p:1'")
    assert parse(meant, "k", Path(), "").configuration.proxy == "http://p:1"


def test_what_is_no_file_makes_nobody_wait(tmp_path: Path) -> None:
    """A FIFO, a device without an end, a directory: as the kubeconfig, or named in it."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, Path("/dev/zero"), tmp_path):
        with pytest.raises(PermanentError, match="it is no file"):
            load((path,), "")
        with pytest.raises(PermanentError, match="is no file"):
            parse(GOOD.replace("token: ", f'client-certificate: "{path}", token: '), "k3s.yaml", Path("/"), "")


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.text(max_size=4), st.integers(0, 6)), max_size=4))
@settings(max_examples=times(30), deadline=None)
def test_a_kubeconfig_with_some_characters_changed_is_used_or_refused(changes: list[tuple[int, str, int]]) -> None:
    """Never a bug of ours."""
    text = GOOD
    for at, new, gone in changes:
        text = text[:at] + new + text[at + gone :]
    assert len(refusal(text)) <= 400


def test_in_a_pod_the_api_server_is_reached_by_address_and_by_the_token_of_the_moment(tmp_path: Path) -> None:
    """The kubelet renews the token while we run; DNS may be what is to be healed."""
    environment = {"KUBERNETES_SERVICE_HOST": "fd43::1", "KUBERNETES_SERVICE_PORT": "6443"}
    assert in_pod(environment, tmp_path) is None, "no ServiceAccount was mounted"
    shutil.copy(certifi.where(), tmp_path / "ca.crt")
    (tmp_path / "token").write_text("first\n")
    assert in_pod({}, tmp_path) is None, "this is no pod"
    fetch = in_pod(environment, tmp_path)
    assert fetch is not None
    kubeconfig = FetchedKubeconfig("of this pod", fetch, believed=0.0)
    first = kubeconfig.current()
    assert first.configuration.host == "https://[fd43::1]:6443"
    assert kubeconfig.current() is first
    (tmp_path / "token").write_text("second\n")
    second = kubeconfig.current()
    assert [list(each.configuration.api_key.values()) for each in (first, second)] == [
        ["Bearer first"],
        ["Bearer second"],
    ]
    (tmp_path / "token").unlink()
    assert kubeconfig.current() is second


def part(name: str, server: str = "", token: str = "", current: str = "") -> str:
    """A kubeconfig that tells of some of a context, a cluster and a user of one name."""
    clusters = f'[{{name: {name}, cluster: {{server: "{server}"}}}}]' if server else "null"
    users = f"[{{name: {name}, user: {{token: {token}}}}}]" if token else "null"
    contexts = f"[{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]" if current else "[]"
    return f"current-context: {current}\nclusters: {clusters}\nusers: {users}\ncontexts: {contexts}\n"


def test_several_are_merged_as_kubectl_merges_them(tmp_path: Path) -> None:
    """The first to name something prevails, an empty one or one that is not there says nothing, paths stay its own."""
    texts = {
        "empty": "",
        "first": part("shop", "http://first:1"),
        "sub/second": part("shop", "http://second:2", "of-the-second", "shop"),
        "third": part("other", "http://third:3", "of-the-third", "other"),
    }
    (tmp_path / "sub").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    paths = [tmp_path / name for name in ("gone", *texts)]
    used = load(paths, "")
    assert used.configuration.host == "http://first:1"
    assert used.configuration.api_key["BearerToken"] == "Bearer of-the-second"
    assert set(used.read) == set(paths)
    assert load(paths, "other").configuration.host == "http://third:3"
    with pytest.raises(PermanentError, match=f"{tmp_path}/third.*nope"):
        load(paths, "nope")
    with pytest.raises(MissingError, match=f"{tmp_path}/a:{tmp_path}/b: it is not there"):
        load([tmp_path / "a", tmp_path / "b"], "")


def test_one_of_several_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """It may be the one that matters: kubectl does not go on, either."""
    (tmp_path / "good").write_text(GOOD)
    (tmp_path / "bad").write_text("clusters: [x]")
    (tmp_path / "binary").write_bytes(b"\xff")
    for name in ("bad", "binary"):
        with pytest.raises(PermanentError, match=f"cannot use the kubeconfig {tmp_path}/{name}: "):
            load([tmp_path / "good", tmp_path / name], "")


def test_a_change_in_any_of_several_is_seen(tmp_path: Path) -> None:
    """Also where one comes to be that prevails over the others."""
    (tmp_path / "second").write_text(part("shop", "http://second:2", "t", "shop"))
    live = LiveKubeconfig(tmp_path / "first", tmp_path / "second")
    before = live.current()
    assert live.current() is before
    (tmp_path / "first").write_text(part("shop", "http://first:1"))
    assert live.current().configuration.host == "http://first:1"


def test_a_token_in_a_file_lies_beside_its_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for kubectl, wherever bootheal is started; it prevails over one that is written there, and is read anew."""
    monkeypatch.chdir("/")
    (tmp_path / "token").write_text("of-the-file\n")
    (tmp_path / "config").write_text(GOOD.replace("token: ", "tokenFile: token, token: "))
    live = LiveKubeconfig(tmp_path / "config")
    assert live.current().configuration.api_key["BearerToken"] == "Bearer of-the-file"
    (tmp_path / "token").write_text("of-the-next-day\n")
    assert live.current().configuration.api_key["BearerToken"] == "Bearer of-the-next-day"
    (tmp_path / "config").write_text(GOOD.replace("token: ", "tokenFile: none, token: "))
    with pytest.raises(PermanentError, match=f"{tmp_path}/none: No such file"):
        load([tmp_path / "config"], "")


@pytest.mark.parametrize(
    ("variable", "named"),
    [("a", ["a"]), ("a:b", ["a", "b"]), (":a::b:a:", ["a", "b"]), (":", [":"])],
)
def test_what_the_variable_names(variable: str, named: list[str]) -> None:
    """Each file once, in its order. One that names none does not mean the file at home."""
    assert named_by(variable) == tuple(map(Path, named))


def test_which_of_several_tells_all_of_a_context(tmp_path: Path) -> None:
    """That one can be named in a configuration; where it takes two, none can."""
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    one.write_text(part("shop", "http://one:1", "x"))
    two.write_text(part("shop", "http://two:2", "y", "shop"))
    three.write_text(part("other", "http://three:3", "z", "other"))
    assert alone([two, three], "") == (two, "shop")
    assert alone([two, three], "other") == (three, "other")
    assert alone([three, two, one], "shop") == (two, "shop")
    assert alone([one, two], "shop") is None
    assert alone([two, three], "nope") is None
    two.write_text("- x")
    assert alone([two, three], "") is None
