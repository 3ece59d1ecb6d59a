"""What the desk takes from npm is the file that it says it is: name, version, hash, licences; a page may load it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from admin.desk.assets import STATIC

LogIn = Callable[..., Any]
VENDOR = STATIC / "vendor"
SOURCE = STATIC.parent / "vendor"


def test_every_bundle_is_of_the_version_asked_for_and_unchanged() -> None:
    asked = json.loads((SOURCE / "package.json").read_text())["dependencies"]
    locked = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    assert {one["name"]: one["version"] for one in manifest} == asked
    expected = {"manifest.json"}
    for one in manifest:
        file = VENDOR / one["file"]
        expected |= {file.name, f"{file.stem}.LICENSES.txt"}
        assert file.name == f"{one['name']}-{one['version']}.js"
        assert hashlib.sha256(file.read_bytes()).hexdigest() == one["sha256"], "changed by hand: `make vendor`"
        licences = (VENDOR / f"{file.stem}.LICENSES.txt").read_text()
        assert one["parts"] == {
            path.removeprefix("node_modules/"): entry["version"]
            for path, entry in locked.items()
            if path and not entry.get("dev")
        }
        for name, version in one["parts"].items():
            assert re.search(rf"^{re.escape(name)} {re.escape(version)}$", licences, re.MULTILINE), name
        assert licences.count("WITHOUT WARRANTY OF ANY KIND") == len(one["parts"])
    assert {path.name for path in VENDOR.iterdir()} == expected


def test_a_bundle_needs_nothing_that_the_content_policy_refuses_and_names_no_registry() -> None:
    for path in VENDOR.glob("*.js"):
        text = path.read_text("utf-8")
        assert not re.search(r"\beval\(|new Function\(|\bimport\(", text), path.name
    for path in (*VENDOR.iterdir(), *(entry for entry in SOURCE.iterdir() if entry.is_file())):
        assert '"resolved"' not in path.read_text("utf-8"), path.name


def test_the_page_gets_it_under_the_desks_own_address(log_in: LogIn) -> None:
    ana = log_in("Ana")
    page = ana.client.get("/desk").get_data(as_text=True)
    version = re.search(r"/desk/static/([0-9a-f]+)/desk\.js", page)
    assert version is not None
    for path in VENDOR.glob("*.js"):
        answer = ana.client.get(f"/desk/static/{version[1]}/vendor/{path.name}")
        assert answer.status_code == 200
        assert "javascript" in answer.headers["Content-Type"]
        answer.close()
