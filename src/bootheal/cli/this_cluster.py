"""Which cluster this machine has, where nobody says so."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from bootheal.adapters.docker.engine import DockerEngine
from bootheal.adapters.kube.access import K3S_KUBECONFIG, alone, kubectls
from bootheal.cli.paths import is_seen
from bootheal.config.sections.cluster import Cluster
from bootheal.errors import BoothealError, UsageError
from bootheal.model.quoted import quoted

K3S_SIGNS = (
    K3S_KUBECONFIG,
    *(Path(place) / "k3s.service" for place in ("/etc/systemd/system", "/usr/lib/systemd/system")),
)

CLUSTER, ROLE = "k3d.cluster", "k3d.role"


def find_cluster(
    kubeconfig: Path | None, context: str, name: str, *, signs: Sequence[Path] = K3S_SIGNS, docker: str = ""
) -> tuple[dict[str, str], str]:
    """Return the `cluster` section of this machine's cluster, and by what that is known. UsageError if there is none.

    `kubeconfig`, `context` and `name` are what the owner says, where he does. `signs` are files of k3s on this host,
    `docker` is the address of Docker's socket, if it is not the usual one.
    """
    if kubeconfig and not name:
        return _with(context, _by(kubeconfig)), "you name its kubeconfig"
    if not name and (found := [path for path in signs if is_seen(path)]):
        return _with(context, {"kind": "k3s"}), f"{found[0]} is there"
    clusters = k3d_clusters(DockerEngine(docker))
    if chosen := choose(clusters, name):
        section = {"kind": "k3d", "name": chosen}
        section |= {"kubeconfig": _absolute(kubeconfig)} if kubeconfig else {}
        return _with(context, section), "its containers are in this host's Docker"
    return _kubectls(context)


def _kubectls(context: str) -> tuple[dict[str, str], str]:
    """Return the cluster that kubectl would speak to; without a kubeconfig where no single file tells of it."""
    paths, given = kubectls(), os.environ.get("KUBECONFIG")
    match [path for path in paths if is_seen(path)]:
        case []:
            names = os.pathsep.join(map(str, paths))
            hint = (
                "name a kubeconfig by --kubeconfig or $KUBECONFIG; of k3s, root alone may read "
                "/etc/rancher/k3s/k3s.yaml"
            )
            raise UsageError(
                f"cannot find a cluster: neither k3s nor k3d is on this machine, and {names} is not there, "
                "or not ours to see",
                hint=hint,
            )
        case [path]:
            why = "$KUBECONFIG names it" if given else "there is neither k3s nor k3d here"
            return _with(context, _by(path)), why
        case several if found := alone(several, context):
            path, name = found
            return _with(name, _by(path)), "$KUBECONFIG names it, among others"
        case _:
            return _with(context, {"kind": "kubernetes"}), "$KUBECONFIG names several files"


def _by(kubeconfig: Path) -> dict[str, str]:
    return {"kind": "kubernetes", "kubeconfig": _absolute(kubeconfig)}


def _absolute(path: Path) -> str:
    try:
        return str(path.absolute())
    except OSError as error:  # the directory that we are in is gone
        hint = "begin it with /"
        raise UsageError(f"cannot tell where {path} is: {error.strerror}", hint=hint) from None


def cluster_of(section: Mapping[str, str]) -> Cluster:
    """Return the cluster that a section means; UsageError where something in it could not stand in a configuration."""
    try:
        return Cluster.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        key, why = str(first["loc"][0]), first["msg"].removeprefix("Value error, ")
        raise UsageError(f"cannot use '{quoted(section.get(key, ''))}' as {key}: {why}") from None


def choose(clusters: Sequence[str], name: str) -> str:
    """Return the one k3d cluster, or the one of that name; "" where there is none. UsageError where it is not clear."""
    known = ", ".join(clusters) or "none"
    if name:
        if name not in clusters:
            raise UsageError(f"cannot find the k3d cluster {name}: Docker has {known}")
        return name
    if len(clusters) > 1:
        raise UsageError(f"cannot tell which k3d cluster is meant: Docker has {known}", hint="name one by --name")
    return clusters[0] if clusters else ""


def k3d_clusters(engine: DockerEngine) -> tuple[str, ...]:
    """Return the names of the k3d clusters, none where Docker is not to be asked."""
    try:
        boxes = engine.containers("app=k3d", keep=(CLUSTER, ROLE))
    except BoothealError:
        return ()
    return named_by(box.labels for box in boxes)


def named_by(labels: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the names of the clusters that containers with these labels are servers of."""
    servers = (each for each in labels if each.get(ROLE) == "server")
    return tuple(sorted({each[CLUSTER] for each in servers if each.get(CLUSTER)}))


def _with(context: str, section: Mapping[str, str]) -> dict[str, str]:
    return {**section, **({"context": context} if context else {})}
