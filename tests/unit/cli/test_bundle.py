"""What goes into a bundle."""

import tarfile
from pathlib import Path

from bootheal.adapters.scope import Scope
from bootheal.cli.looking.bundle import Bundle
from bootheal.config.sections.cluster import Cluster
from bootheal.diagnosis import diagnose
from bootheal.model.scene import Scene
from bootheal.ports import World


def test_each_file_of_the_configuration_is_in_it_also_two_of_one_name(tmp_path: Path) -> None:
    """A file in conf.d may be called as the main one is: unpacked, the one must not take the place of the other."""
    main, part = tmp_path / "bootheal.yaml", tmp_path / "conf.d/bootheal.yaml"
    part.parent.mkdir()
    main.write_text("cluster: {kind: kubernetes}\n")
    part.write_text("recheck: 30s\n")
    scene, unwanted = Scene(now=0.0, present=False), list[str]()
    with Scope(unwanted.append) as scope:
        Bundle(
            cluster=Cluster(kind="kubernetes"),
            world=World(),
            scope=scope,
            scene=scene,
            diagnosis=diagnose(scene),
            config=main,
        ).write(tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        files = {name: archive.extractfile(name) for name in archive.getnames() if "/configuration/" in name}
        assert {name: file.read().decode() for name, file in files.items() if file} == {
            "b/configuration/bootheal.yaml": main.read_text(),
            "b/configuration/conf.d/bootheal.yaml": part.read_text(),
        }
