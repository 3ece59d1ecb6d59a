"""Finding an Asterisk, and what is said when there is none. Nothing is downloaded here: apt is played by scripts."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from centralita import embedded
from centralita.debian_fetch import run_bounded
from centralita.embedded import AsteriskUnavailable, describe_root, find_or_fetch, is_supported, parse_version


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("Asterisk 20.14.0", (20, 14, 0)),
        ("Asterisk certified/20.7-cert3", (20, 7, 0)),
        ("Asterisk GIT-master-abc", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_the_banner(banner: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(banner) == version


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ((20, 13, 9), False), ((20, 14, 0), True), ((21, 8, 0), False), ((21, 9, 0), True), ((22, 3, 0), False),
        ((22, 4, 0), True), ((23, 0, 0), True), ((19, 99, 0), False), ((18, 20, 0), False), (None, False),
    ],
)  # fmt: skip
def test_rest_over_the_websocket_decides_which_versions_serve(
    version: tuple[int, int, int] | None, supported: bool
) -> None:
    assert is_supported(version) is supported


def _script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _installed(prefix: Path, version: str, *, modules: tuple[str, ...] = embedded.REQUIRED_MODULES) -> Path:
    """An Asterisk as a distribution or `make install` lays it out."""
    for name in modules:
        place = prefix / "lib/asterisk/modules" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    (prefix / "share/asterisk/documentation").mkdir(parents=True)
    prompt = prefix / "share/asterisk/sounds/es/vm-goodbye.wav"
    prompt.parent.mkdir(parents=True)
    prompt.touch()
    return _script(prefix / "sbin/asterisk", f"echo 'Asterisk {version}'")


def test_a_given_asterisk_is_taken(tmp_path: Path) -> None:
    binary = _installed(tmp_path / "opt", "22.5.0")

    dist = find_or_fetch(tmp_path / "dist", given=str(binary))

    assert (dist.command, dist.version, dist.origin) == ([str(binary)], "22.5.0", "installed")
    assert dist.module_dir == tmp_path / "opt/lib/asterisk/modules"
    assert dist.languages["es"] == tmp_path / "opt/share/asterisk/sounds/es"
    assert not (tmp_path / "dist").exists(), "nothing is fetched"


def test_a_given_asterisk_that_can_not_serve_is_refused_by_name(tmp_path: Path) -> None:
    old = _installed(tmp_path / "old", "18.10.0")
    with pytest.raises(AsteriskUnavailable, match=r"old/sbin/asterisk: need Asterisk 20\.14.*18\.10"):
        find_or_fetch(tmp_path / "dist", given=str(old))
    bare = _installed(tmp_path / "bare", "22.5.0", modules=("res_ari.so",))
    with pytest.raises(AsteriskUnavailable, match=r"it lacks res_stasis\.so"):
        find_or_fetch(tmp_path / "dist", given=str(bare))
    with pytest.raises(AsteriskUnavailable, match="nowhere"):
        find_or_fetch(tmp_path / "dist", given=str(tmp_path / "nowhere"))


def test_one_on_the_path_comes_before_the_embedded_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = _installed(tmp_path / "opt", "21.9.1")
    monkeypatch.setenv("PATH", str(binary.parent))

    assert find_or_fetch(tmp_path / "dist").command == [str(binary)]


@pytest.fixture
def played_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but a few programs and scripts named apt-get, apt-config, apt-cache and dpkg."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("env", "sh", "sleep", "cat", "echo"):
        (programs / name).symlink_to(shutil.which(name) or name)
    for name in ("apt-get", "apt-config", "apt-cache", "dpkg"):
        _script(programs / name, "exit 0")
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(
        embedded.shutil, "which", lambda name, path=None: str(programs / name) if (programs / name).exists() else None
    )
    return programs


MIRROR = 'case "$*" in *indextargets*) echo "Debian|http://mirror.invalid/debian/";;'


def test_no_apt_is_said_in_words(tmp_path: Path, played_apt: Path) -> None:
    (played_apt / "apt-get").unlink()
    with pytest.raises(AsteriskUnavailable, match=r"no apt-get.*install Asterisk 20\.14\+"):
        find_or_fetch(tmp_path / "dist")


@pytest.mark.usefixtures("played_apt")
def test_no_debian_mirror_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(AsteriskUnavailable, match="knows no Debian mirror"):
        find_or_fetch(tmp_path / "dist")


def test_no_network_is_said_in_words(tmp_path: Path, played_apt: Path) -> None:
    _script(played_apt / "apt-get", f"{MIRROR} *update*) echo 'E: Could not resolve mirror'; exit 100;; esac")
    with pytest.raises(AsteriskUnavailable, match=r"Could not resolve mirror.*connected"):
        find_or_fetch(tmp_path / "dist")


def test_apt_is_given_whole_paths_whatever_folder_is_named(
    tmp_path: Path, played_apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _script(played_apt / "apt-get", f'{MIRROR} *update*) cat "$APT_CONFIG" > {tmp_path}/read; exit 100;; esac')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AsteriskUnavailable):
        find_or_fetch(Path("var/dist"))
    given = dict(line.rstrip(";").split(" ", 1) for line in (tmp_path / "read").read_text().splitlines())
    assert given["Dir::State"] == f'"{tmp_path}/var/dist/fetch/state"'
    assert given["Dir::Cache"] == f'"{tmp_path}/var/dist/fetch/cache"'


def test_no_space_is_said_in_words(tmp_path: Path, played_apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10 << 20)
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(AsteriskUnavailable, match=r"not enough space.*10 MB are free"):
        find_or_fetch(tmp_path / "dist")


def test_a_mirror_that_never_answers_costs_no_more_than_the_time_given(tmp_path: Path, played_apt: Path) -> None:
    _script(played_apt / "apt-get", f"{MIRROR} *) sleep 60;; esac")
    before = time.monotonic()
    with pytest.raises(AsteriskUnavailable, match="too long"):
        find_or_fetch(tmp_path / "dist", max_seconds=1)
    assert time.monotonic() - before < 10


def test_what_a_bounded_command_started_ends_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "child"
    with pytest.raises(Exception, match="too long"):
        run_bounded(["sh", "-c", f"sleep 60 & echo $! > {mark}; wait"], {}, time.monotonic() + 0.5)
    child = int(mark.read_text())
    for _ in range(200):
        try:
            os.kill(child, 0)
            if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
                break
        except (OSError, FileNotFoundError):
            break
    else:
        pytest.fail("the child outlived its command")


def test_a_half_made_copy_is_not_taken_for_a_whole_one(tmp_path: Path, played_apt: Path) -> None:
    _script(played_apt / "apt-get", f"{MIRROR} *update*) echo 'E: offline'; exit 100;; esac")
    root = tmp_path / "dist/root"
    (root / "usr/sbin").mkdir(parents=True)
    stamp = {"recipe": embedded.RECIPE, "asked_for": ["asterisk"]}
    for content in ("", "{", json.dumps(stamp)):
        (root / "stamp.json").write_text(content)
        with pytest.raises(AsteriskUnavailable, match="offline"):
            find_or_fetch(tmp_path / "dist")
    (root / "stamp.json").write_text(json.dumps({**stamp, "asked_for": list(embedded.PACKAGES)}))
    with pytest.raises(AsteriskUnavailable, match="no complete Asterisk; delete it"):
        find_or_fetch(tmp_path / "dist")


@pytest.mark.asterisk
def test_the_one_of_this_checkout_runs_and_names_what_it_is_made_of(asterisk_dist: embedded.AsteriskDist) -> None:
    assert is_supported(parse_version(f"Asterisk {asterisk_dist.version}"))
    assert {"es"} <= asterisk_dist.languages.keys()
    if asterisk_dist.origin == "embedded":
        root = next(p for p in asterisk_dist.module_dir.parents if (p / "stamp.json").exists())
        stamp = json.loads((root / "stamp.json").read_text())
        assert any(name.startswith("asterisk-core-sounds-es") for name in stamp["packages"])
        assert describe_root(root) == asterisk_dist
        setuid = [p for p in root.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_mode & 0o6000]
        assert setuid == [], "no set-uid program came along"
