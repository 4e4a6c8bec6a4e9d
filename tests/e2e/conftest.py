"""A real cluster: by --kubeconfig, else a K3s container where Docker and its image are to be had."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a kubeconfig with the rights of an administrator."""
    if path := request.config.getoption("--kubeconfig"):
        yield Path(path)
        return
    image = request.config.getoption("--k3s-image")
    if not image:
        pytest.skip("no real cluster: --kubeconfig names one, or --k3s-image an image that Docker has")
    from testcontainers.community.k3s import K3SContainer

    with K3SContainer(image) as container:
        file = tmp_path_factory.mktemp("k3s") / "kubeconfig"
        file.write_text(container.config_yaml())
        yield file
