"""An account of the service's own: given what `rbac` prints and no more, by a token that is renewed; and taken back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bootheal.demo.objects.kinds import NAMESPACE, ROLE, ROLE_BINDING
from bootheal.demo.stack import BootScript, Stack, StackOptions
from support.command import LONGEST, bootheal, heal, start
from support.daemon import living
from support.stack import running

ACCOUNT = "system:serviceaccount:kube-system:bootheal"
RULES = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that these tests share; in another namespace somebody else has a Role that is called like ours."""
    with running(tmp_path_factory.mktemp("stack"), StackOptions(fsync=False)) as stack:
        stack.configure({"cleanup": {"grace": 1}})
        theirs = {"metadata": {"name": "bootheal"}, "rules": RULES}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bootheal"}
        who = [{"kind": "ServiceAccount", "name": "bootheal", "namespace": "bank"}]
        bound = {"metadata": {"name": "bootheal"}, "roleRef": reference, "subjects": who}
        store = stack.cluster.store
        for name in ("bank", "office"):
            store.create(NAMESPACE, {"metadata": {"name": name}})
        store.create(ROLE, theirs, "bank")
        store.create(ROLE_BINDING, bound, "bank")
        yield stack


@pytest.fixture
def credential(shop: Stack, tmp_path: Path) -> Path:
    """The kubeconfig of an account that was just given what the stack's configuration needs."""
    file = tmp_path / "kubeconfig"
    apply(shop, "--credential", file)
    return file


def apply(stack: Stack, *more: str | Path, config: Path | None = None) -> str:
    return bootheal("rbac", "--apply", "--config", config or stack.config, *more).stdout


def token(credential: Path) -> str:
    return str(json.loads(credential.read_text())["users"][0]["user"]["token"])


def test_with_no_other_rights_a_power_cut_is_healed(shop: Stack, tmp_path: Path) -> None:
    """Account and token are made while the machine boots; all that heals it asks in their name, and is not refused."""
    file = tmp_path / "kubeconfig"
    shop.power_cut()
    renewal = start("rbac", "--apply", "--credential", file, "--patience", "60", "--config", shop.config)
    assert renewal.stderr is not None
    assert "the cluster is not ready for this yet: tries again" in renewal.stderr.readline()
    shop.boot(BootScript.quick(crash_recovery=1.5))
    told, said = renewal.communicate(timeout=LONGEST)
    assert (renewal.returncode, said) == (0, "")
    assert "created serviceaccount/kube-system/bootheal\n" in told
    assert (file.stat().st_mode & 0o777, token(file) in told) == (0o600, False)

    shop.requests.clear()
    report = heal(shop.config, BOOTHEAL_KUBECONFIG=str(file))
    assert report["verdict"] == "healed"
    assert all(shop.serving().values())
    assert {each.user for each in shop.requests} == {ACCOUNT}
    assert [f"{each.method} {each.path}" for each in shop.requests if each.status == 403] == []


def test_where_its_credential_cannot_be_written_nothing_is_changed(shop: Stack, tmp_path: Path) -> None:
    """An account that nobody uses is not made first."""
    shop.requests.clear()
    file = tmp_path / "not-there" / "kubeconfig"
    told = bootheal("rbac", "--apply", "--credential", file, "--config", shop.config, expect=1).stderr
    assert told.startswith(f"bootheal: cannot write {file}: No such file or directory\n")
    assert not [each for each in shop.requests if each.writes]


def test_a_credential_of_an_account_that_is_not_there_says_how_to_make_it(shop: Stack, tmp_path: Path) -> None:
    """It is not the configuration that has a wrong name."""
    file = tmp_path / "kubeconfig"
    told = bootheal("rbac", "--credential", file, "--account", "none", "--config", shop.config, expect=1).stderr
    assert told == (
        "bootheal: cannot get a token of serviceaccount/kube-system/none: there is no such account\n"
        "  bootheal rbac --apply makes it, with its roles\n"
    )
    assert not file.exists()


def test_what_is_as_it_should_be_is_not_written_again(shop: Stack, credential: Path) -> None:
    """But the token is a new one each time, and `--diff` has nothing to say."""
    first = token(credential)
    shop.requests.clear()
    assert "the account bootheal has what the configuration needs\n" in apply(shop, "--credential", credential)
    assert [each.path for each in shop.requests if each.writes] == [
        "/api/v1/namespaces/kube-system/serviceaccounts/bootheal/token"
    ]
    assert token(credential) != first
    bootheal("rbac", "--diff", "--config", shop.config)


def test_rights_follow_the_configuration(shop: Stack, credential: Path, tmp_path: Path) -> None:
    """What is no longer needed in a namespace is taken back; a Role that others have named likewise stays theirs."""
    apply(shop, config=about(shop, tmp_path, "office"))
    assert shop.cluster.store.find(ROLE, "office", "bootheal")
    assert not shop.cluster.store.find(ROLE, "shop", "bootheal")
    refused = bootheal("rbac", "--apply", "--config", about(shop, tmp_path, "bank"), expect=1)
    assert "cannot use rolebinding/bank/bootheal: it is there, and not for our account alone" in refused.stderr
    theirs = shop.cluster.store.get(ROLE, "bank", "bootheal")
    assert theirs["rules"] == RULES
    assert "deleted role/office/bootheal\n" in apply(shop, "--credential", credential)


def about(stack: Stack, directory: Path, namespace: str) -> Path:
    """Return a configuration of a workload in this namespace alone."""
    file = directory / f"{namespace}.yaml"
    cluster = yaml.safe_load(stack.config.read_text())["cluster"]
    file.write_text(yaml.safe_dump({"cluster": cluster, "workloads": {f"deployment/{namespace}/till": {}}}))
    return file


def test_who_may_not_see_all_heals_and_says_what_it_knows_less(shop: Stack) -> None:
    """A right that nothing is healed by is missed once, when all is well, by the daemon as by `check`."""
    shop.faults.deny("list", "events", "shop")
    with living(shop.config) as daemon:
        daemon.wait_until("all well", lambda: "rests: " in daemon.text)
        daemon.wait_until("told", lambda: "warning: not allowed" in daemon.text)
        assert daemon.stop() == 0
    shop.faults.clear()
    assert "not allowed, so it will know less: list events in namespace shop; `bootheal rbac --diff`" in daemon.text


def test_few_rights_are_told_in_few_lines(shop: Stack, credential: Path) -> None:
    """What it may read is looked at, and is well; what it may not, in a line for each verb, by doctor and preflight."""
    for command in ("doctor", "preflight"):
        for _ in range(3):  # on a busy machine a Service may be too late to be called well
            told = bootheal(command, "--config", shop.config, BOOTHEAL_KUBECONFIG=str(credential)).stdout
            if "4 workloads, 4 Services" in told:
                break
        gaps = [line for line in told.splitlines() if line.startswith("not looked at: ")]
        assert len(gaps) <= 3, told
        assert [line for line in gaps if " 403" in line] == []
        assert "4 workloads, 4 Services" in told


def test_a_token_that_has_expired_is_refused_until_it_is_renewed(shop: Stack, credential: Path) -> None:
    """It is said to be the credential; with a new one all is well again, which few questions show: one a namespace."""
    shop.cluster.api.accounts.expire()
    refused = bootheal("check", "--config", shop.config, expect=1, BOOTHEAL_KUBECONFIG=str(credential))
    assert "401" in refused.stdout + refused.stderr
    apply(shop, "--credential", credential)
    shop.requests.clear()
    bootheal("check", "--config", shop.config, BOOTHEAL_KUBECONFIG=str(credential))
    reviews = [each.body["spec"] for each in shop.requests if "selfsubject" in each.path]
    namespaces = [each["namespace"] for each in reviews if "namespace" in each]
    assert {*namespaces} == {"kube-node-lease", "kube-system", "shop"}
    assert len(namespaces) <= 6, "a busy machine asks again, after five seconds"
    assert {each["resourceAttributes"]["namespace"] for each in reviews if "namespace" not in each} == {""}


def test_what_was_given_is_taken_back(shop: Stack, credential: Path) -> None:
    """Account, roles, bindings and with them the token; nobody else's; a second time there is nothing to do."""
    gone = bootheal("rbac", "--withdraw", "--config", shop.config).stdout.splitlines()
    assert gone[0] == "deleted serviceaccount/kube-system/bootheal"
    assert {"deleted role/shop/bootheal", "deleted clusterrole/bootheal"} <= {*gone}
    refused = bootheal("check", "--config", shop.config, expect=1, BOOTHEAL_KUBECONFIG=str(credential))
    assert "401" in refused.stdout + refused.stderr
    assert shop.cluster.store.find(ROLE, "bank", "bootheal")
    assert not shop.cluster.store.find(ROLE, "shop", "bootheal")
    again = bootheal("rbac", "--withdraw", "--config", shop.config).stdout
    assert again == "there is no account bootheal in namespace kube-system\n"
