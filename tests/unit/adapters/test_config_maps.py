"""A key of a ConfigMap: missing, empty, and what is no text are three things."""

from typing import Any

import pytest

from bootheal.adapters.kube.lists import Lists
from bootheal.adapters.kube.reader import KubeReader
from bootheal.errors import MissingError
from bootheal.model import Ref

INI = Ref("configmap", "shop", "pooler")


class Api:
    """Has one ConfigMap."""

    def __init__(self, **fields: Any) -> None:
        self.raw = {"metadata": {"name": "pooler", "namespace": "shop", "resourceVersion": "7"}} | fields

    def get(self, _path: str, **_: Any) -> Any:
        return self.raw


def reader(**fields: Any) -> KubeReader:
    api: Any = Api(**fields)
    return KubeReader(api, Lists(api))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "cannot find key ini in configmap/shop/pooler"),
        ({"data": None, "binaryData": None}, "cannot find key ini in configmap/shop/pooler"),
        ({"data": {"other": ""}}, "cannot find key ini in configmap/shop/pooler"),
        # as `kubectl create configmap --from-file` keeps a file with one letter in Latin-1
        (
            {"binaryData": {"ini": "OyDkCg=="}},
            "cannot read key ini of configmap/shop/pooler: its key ini is binary data",
        ),
    ],
)
def test_what_there_is_no_text_of_is_told_as_what_it_is(fields: dict[str, Any], said: str) -> None:
    """A key that is there was once told as one that is not."""
    with pytest.raises(MissingError, match=said):
        reader(**fields).document(INI, "ini")


def test_an_empty_text_is_one() -> None:
    """It can be changed; what is immutable cannot, nor what is no text."""
    found = reader(data={"ini": ""}).document(INI, "ini")
    assert (found.text, found.kept) == ("", "")
    assert "immutable" in reader(data={"ini": ""}, immutable=True).document(INI, "ini").kept
    assert "not text" in reader(binaryData={"ini": "OyDkCg=="}).config_map(INI).document("ini").kept
