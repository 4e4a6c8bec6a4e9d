"""What a person is told to type can be typed where the cluster runs."""

import re

import pytest

from bootheal.causes.commands import in_container
from bootheal.diagnosis.known import entries
from bootheal.model.quoted import plain

SERVER = "k3d-shop-server-0"


@pytest.mark.parametrize(
    ("on_a_host", "in_docker"),
    [
        ("kubectl get nodes; journalctl -u k3s -e", f"kubectl get nodes; docker logs --tail=50 {SERVER}"),
        ("journalctl -u k3s.service", "journalctl -u k3s.service"),
        ("systemctl restart k3s-agent", "systemctl restart k3s-agent"),
        ("systemctl restart k3s (its containers run on)", f"docker restart {SERVER} (its pods begin anew, too)"),
        (
            "systemctl restart k3s starts it; pods run on",
            f"docker restart {SERVER} starts it; its pods begin anew, too",
        ),
        ("systemctl status k3s --no-pager; x", f"docker ps -a --filter name={SERVER}; x"),
        ("(df -h; k3s crictl rmi --prune)", f"(df -h; docker exec {SERVER} crictl rmi --prune)"),
        ("k3s ctr images import FILE.tar (k3d image import web:1); x", "k3d image import web:1; x"),
    ],
)
def test_commands_of_a_host_are_worded_for_a_node_that_is_a_container(on_a_host: str, in_docker: str) -> None:
    """There is no unit of k3s there, nor its command; and what restarts k3s restarts all that runs in it."""
    assert in_container(on_a_host, SERVER) == in_docker


def test_no_cause_sends_a_person_of_k3d_to_a_unit_of_k3s() -> None:
    """Each command of the catalogue that goes to k3s itself is known here; its flags and files are a host's."""
    of_a_host = re.compile(r"journalctl -u k3s(?![-.\w])|systemctl (?:restart|start|status) k3s(?![-.\w])|run on")
    told = {name: in_container(plain(cause.next_step), SERVER) for name, cause in entries().items()}
    assert [name for name, text in told.items() if of_a_host.search(text)] == []
