"""What doctor says of the steps that failed stands in their report."""

from pathlib import Path

from bootheal.cli.looking.judged import objects_of
from bootheal.config import load
from bootheal.platform import dns

MINIMAL = "cluster: {kind: k3s}\ndiscover: {namespaces: [shop]}\n"


def test_of_the_clusters_dns_its_service_and_who_is_behind_it_are_told(tmp_path: Path) -> None:
    """That somebody has scaled CoreDNS to zero is why nobody answers; the step sees its Service only."""
    path = tmp_path / "bootheal.yaml"
    path.write_text(MINIMAL)
    configuration = load(path)
    assert dns.NAME in configuration.plan.steps
    assert [str(ref) for ref in objects_of(dns.NAME, configuration.file)] == [
        "service/kube-system/kube-dns",
        "deployment/kube-system/coredns",
    ]
    assert list(objects_of("gate", configuration.file)) == []
