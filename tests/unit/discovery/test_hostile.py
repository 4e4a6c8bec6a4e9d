"""Manifests that somebody has made so that reading them takes long, or ends: whoever writes them holds nobody up."""

import time

import pytest

from bootheal.discovery import addresses, discover
from bootheal.model import Ref, Service
from bootheal.model.inventory import Box, Controller, Inventory, Mounted, Source, Variable

LONG = 20_000
BOUND_SECONDS = 5.0  # the slowest takes a tenth of that on a busy machine; without bounds they take minutes

TEXTS = {
    "one word": "a" * LONG + "://",
    "a name with many hyphens": '["' + "a-" * LONG,
    "a name with many parts": 'host "' + "a." * LONG,
    "many hosts": "host: a " * 1000,
    "many hosts without a port": ("host: a" + " " * 90 + "\n") * 200,
    "many templates": "${<%{{" * 1000,
    "a port without an end": "host=db port=" + "9" * LONG,
    "a URL's port without an end": "redis://cache:" + "9" * LONG,
    "names of databases": "postgres://u@h/" + "d" * LONG + " dbname=" + "=" * LONG,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_takes_long_to_read(text: str) -> None:
    """As a variable, as an argument, as a file, and as what a command waits for."""
    box = Box(
        name="a",
        image="example/a",
        command=("sh", "-c", f"until nc -z {text}; do sleep 1; done"),
        environment=(Variable("DATABASE_HOST", text), Variable("PGPORT", text), Variable("DB_PORT", text)),
        mounts=(Mounted("/etc/a", Source("configmap", "a")),),
    )
    began = time.process_time()
    servers = (
        Box(name="a", image=image, environment=box.environment) for image in ("postgres:17", "edoburu/pgbouncer")
    )
    discover(_inventory(box, *servers, text=text))
    addresses.pairs(text)
    assert time.process_time() - began < BOUND_SECONDS


def test_variables_that_name_each_other_do_not_explode() -> None:
    """Whether they grow, are empty, go in circles, or lead on and on."""
    grows = tuple(Variable(f"G{each}", f"$(G{each + 1})" * 1000) for each in range(20))
    empty = (*(Variable(f"E{each}", f"$(E{each + 1})" * 1000) for each in range(20)), Variable("E20"))
    circle = (Variable("C0", "$(C1)"), Variable("C1", "$(C0)"))
    chain = tuple(Variable(f"L{each}", f"$(L{each + 1})") for each in range(5000))
    unknown = (Variable("U", "".join(f"$(U{each}_SERVICE_HOST)" for each in range(500))),)
    words = ("sh", "-c", "until nc -z ${G0} $(G1); do :; done " * 100)
    box = Box(name="a", image="example/a", command=words, environment=(*grows, *empty, *circle, *chain, *unknown))
    began = time.process_time()
    discover(_inventory(box, text=""))
    assert time.process_time() - began < BOUND_SECONDS


def _inventory(*boxes: Box, text: str) -> Inventory:
    names = [f"w{index}" for index, _ in enumerate(boxes)]
    services = tuple(
        Service(Ref("service", "n", name), "10.0.0.1", ((5432, 5432),), {"app": name})
        for name in (*names, *(f"s{index}" for index in range(100)))
    )
    return Inventory(
        controllers=tuple(
            Controller(ref=Ref("deployment", "n", name), pod_labels={"app": name}, boxes=(box,))
            for name, box in zip(names, boxes, strict=True)
        ),
        services=services,
        config_maps={Ref("configmap", "n", "a"): {"a.conf": text}},
    )
