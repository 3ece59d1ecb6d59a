"""ari-py's Python 2 source on this Python: changed while imported, and only the one that we know."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.ari import aripy_source
from ari_app.ari.aripy import _as_ari_py_takes_them
from ari_app.ari.aripy_source import CHANGES, AriPyMissing


def test_ari_py_can_be_imported_and_leaves_the_disk_alone() -> None:
    origins = [Path(str(importlib.util.find_spec(name).origin)) for name in ("ari", "swaggerpy")]  # type: ignore[union-attr]
    before = {path: path.read_bytes() for origin in origins for path in origin.parent.glob("*.py")}

    ari = aripy_source.load()

    assert {path: path.read_bytes() for path in before} == before
    assert ari.Client.__module__ == "ari.client"
    assert aripy_source.load() is ari
    assert not [finder for finder in sys.meta_path if type(finder).__module__ == aripy_source.__name__]


def test_every_change_still_has_its_place() -> None:
    for name, changes in CHANGES.items():
        source = Path(str(aripy_source._Finder().find_spec(name, _path_of(name)).origin)).read_text()  # type: ignore[union-attr]
        assert all(old in source for old, _ in changes), name


def _path_of(name: str) -> list[str] | None:
    package = name.split(".")[0]
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or []) if spec and "." in name else None


def test_another_version_is_refused_by_name(tmp_path: Path) -> None:
    other = tmp_path / "client.py"
    other.write_text("import asyncio\n")
    with pytest.raises(AriPyMissing, match=r"ari\.client is not the ari-py 0\.1\.3"):
        aripy_source._Loader("ari.client", other).get_source("ari.client")


def test_without_the_extra_the_words_say_what_to_install() -> None:
    program = (
        "import importlib.machinery as m\n"
        "from ari_app.ari import aripy_source as s\n"
        "s.PathFinder = type('Nothing', (), {'find_spec': staticmethod(lambda *a: None)})\n"
        "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        "try: s.load()\n"
        "except s.AriPyMissing as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert said.stdout.strip() == "ari is not installed: pip install 'centralita[ari-py]'", said.stderr


def test_what_ari_py_would_lose_is_given_so_that_it_does_not() -> None:
    taken = _as_ari_py_takes_them(
        "channels.setChannelVar", {"channelId": "a/b c", "variable": "V", "value": "", "none": None}
    )
    assert (taken["channelId"], taken["variable"], taken["value"]) == ("a%2Fb%20c", "V", "")
    assert taken["value"], "an empty text is a value: ari-py leaves out what is false"
    assert "none" not in taken
    assert _as_ari_py_takes_them("channels.dial", {"channelId": "c", "timeout": 0})["timeout"] == "0"
