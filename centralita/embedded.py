"""Finds or fetches an Asterisk and says how to run it.

Owns: the choice between a given path, an `asterisk` on the PATH and the embedded copy; the fetching of that copy
(without root, through the machine's own apt, signatures checked) into `<data_dir>/asterisk-dist`.
Must not: write configuration, start the switch, touch anything of the system or outside the folder it is given.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from centralita.debian_fetch import AptTree, FetchError, debian_mirrors, package_architecture

# First release of each branch whose ARI answers REST requests over the event websocket.
MINIMUM_VERSIONS = {20: 14, 21: 9, 22: 4}

# Raise when the package list below changes: older copies are then replaced.
RECIPE = 1
SOUND_PACKAGES = ("asterisk-core-sounds-es-wav", "asterisk-moh-opsound-wav")
PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm", *SOUND_PACKAGES)

# What of the unpacked packages is kept. The rest (programs of other packages, some of them set-uid) is of no use here.
KEPT = ("usr/lib64", "usr/sbin/asterisk", "usr/share/asterisk")
REQUIRED_MODULES = ("res_ari.so", "res_stasis.so", "chan_pjsip.so", "cel_custom.so", "res_sorcery_memory.so")
NEEDED_BYTES = 800 * 1024 * 1024

Progress = Callable[[str, float | None], None]
"""Called with a sentence and, where known, the fraction done (0..1)."""


class AsteriskUnavailable(Exception):
    """No usable Asterisk could be found or fetched. The text says why and what to do, in words."""


@dataclass(frozen=True)
class AsteriskDist:
    """An Asterisk that can be run.

    `command` is the start of the argument list, `env` what must be set beside the caller's own environment,
    `languages` the folder of prompts of each language (`es` is always there), `moh_dir` the music on hold.
    """

    command: list[str]
    version: str
    module_dir: Path
    data_dir: Path
    languages: dict[str, Path]
    moh_dir: Path | None
    origin: str
    env: dict[str, str] = field(default_factory=dict)


def parse_version(banner: str) -> tuple[int, int, int] | None:
    """The version in `asterisk -V`'s answer, `Asterisk 22.10.1~dfsg+~cs6.17` → (22, 10, 1); None when there is none."""
    match = re.search(r"Asterisk (?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?", banner)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def is_supported(version: tuple[int, int, int] | None) -> bool:
    """20.14+, 21.9+, 22.4+, and every later branch."""
    if version is None:
        return False
    minimum = MINIMUM_VERSIONS.get(version[0])
    return version[0] > max(MINIMUM_VERSIONS) if minimum is None else version[1] >= minimum


def find_or_fetch(
    dist_dir: Path,
    *,
    given: str | None = None,
    progress: Progress = lambda text, fraction: None,
    max_seconds: float = 900.0,
    use_path: bool = True,
) -> AsteriskDist:
    """An Asterisk to run: the given one, else one on the PATH, else the embedded copy below `dist_dir`.

    The embedded copy is fetched if it is not there yet. Raises AsteriskUnavailable, also when `max_seconds` pass.
    """
    deadline = time.monotonic() + max_seconds
    dist_dir = dist_dir.absolute()  # apt takes a relative folder from the root, dpkg from wherever it is called
    if given:
        return _installed(Path(given), dist_dir, progress, deadline, must=True)  # type: ignore[return-value]
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/local/sbin:/usr/sbin")
    if use_path and on_path:
        dist = _installed(Path(on_path), dist_dir, progress, deadline, must=False)
        if dist is not None:
            return dist
    return _embedded(dist_dir, progress, deadline)


def _version_of(command: list[str]) -> tuple[tuple[int, int, int] | None, str]:
    try:
        done = subprocess.run([*command, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    return parse_version(done.stdout), (done.stdout or done.stderr).strip()


def _installed(binary: Path, dist_dir: Path, progress: Progress, deadline: float, *, must: bool) -> AsteriskDist | None:
    """The Asterisk at `binary`, or None (an error, when it `must` be this one) if it can't serve."""

    def refuse(why: str) -> AsteriskDist | None:
        if must:
            raise AsteriskUnavailable(f"{binary}: {why}")
        progress(f"Not using {binary}: {why}", None)
        return None

    version, banner = _version_of([str(binary)])
    if not is_supported(version):
        return refuse(f"need Asterisk 20.14+, 21.9+ or 22.4+, found: {banner or 'nothing'}")
    prefix = binary.resolve().parent.parent
    places = [
        p
        for base in (prefix, Path("/usr"))
        for p in (*base.glob("lib/*/asterisk/modules"), base / "lib/asterisk/modules", base / "lib64/asterisk/modules")
    ]
    module_dir = next((p for p in places if (p / "res_ari.so").exists()), None)
    if module_dir is None:
        return refuse("its module folder was not found")
    missing = [name for name in REQUIRED_MODULES if not (module_dir / name).exists()]
    if missing:
        return refuse(f"it lacks {', '.join(missing)}")
    data_dirs = (
        Path("/usr/share/asterisk"),
        Path("/var/lib/asterisk"),
        prefix / "share/asterisk",
        prefix / "var/lib/asterisk",
    )
    data_dir = next((p for p in data_dirs if (p / "documentation").exists()), data_dirs[0])
    languages, moh = _sounds_below([p for p in data_dirs if p.is_dir()])
    if "es" not in languages:
        root = dist_dir / "sounds"
        if not _stamp_matches(root, SOUND_PACKAGES):
            progress("Fetching the Spanish prompts", None)
            _fetch(dist_dir, root, SOUND_PACKAGES, progress, deadline, with_dependencies=False)
        fetched, fetched_moh = _sounds_below([root / "usr/share/asterisk"])
        languages, moh = {**languages, **fetched}, moh or fetched_moh
    assert version is not None
    return AsteriskDist([str(binary)], ".".join(map(str, version)), module_dir, data_dir, languages, moh, "installed")


def _embedded(dist_dir: Path, progress: Progress, deadline: float) -> AsteriskDist:
    root = dist_dir / "root"
    if not _stamp_matches(root, PACKAGES):
        _fetch(dist_dir, root, PACKAGES, progress, deadline, with_dependencies=True)
    return describe_root(root)


def describe_root(root: Path) -> AsteriskDist:
    """How to run the Asterisk unpacked in `root`: under its own loader, whatever the machine's C library is."""
    root = root.resolve()
    library_dir = next((p.parent for p in root.glob("usr/lib/*/asterisk")), None)
    loaders = sorted(library_dir.glob("ld-linux*.so.*")) if library_dir else []
    if library_dir is None or not loaders:
        raise AsteriskUnavailable(f"{root} holds no complete Asterisk; delete it and start again")
    command = [str(loaders[0]), "--inhibit-cache", "--library-path", str(library_dir), str(root / "usr/sbin/asterisk")]
    version, banner = _version_of(command)
    if not is_supported(version):
        raise AsteriskUnavailable(f"the embedded Asterisk does not run: {banner}")
    assert version is not None
    languages, moh = _sounds_below([root / "usr/share/asterisk"])
    return AsteriskDist(
        command,
        ".".join(map(str, version)),
        library_dir / "asterisk/modules",
        root / "usr/share/asterisk",
        languages,
        moh,
        "embedded",
    )


def _sounds_below(data_dirs: list[Path]) -> tuple[dict[str, Path], Path | None]:
    """The folders of prompts by language, and the music.

    Debian's packages unpack to `es_MX_f_Allison` and link it to `es` only when they are installed.
    """
    languages: dict[str, Path] = {}
    moh = None
    for data_dir in data_dirs:
        sounds = data_dir / "sounds"
        for entry in sorted(sounds.iterdir()) if sounds.is_dir() else ():
            match = re.fullmatch(r"([a-z]{2})(_.*)?", entry.name)
            if match and any(entry.glob("vm-goodbye.*")):
                languages.setdefault(match[1], entry)
        if moh is None and any((data_dir / "moh").glob("*.*")):
            moh = data_dir / "moh"
    return languages, moh


def _stamp_matches(root: Path, packages: tuple[str, ...]) -> bool:
    try:
        stamp = json.loads((root / "stamp.json").read_text())
        return bool(stamp["recipe"] == RECIPE and stamp["asked_for"] == list(packages))
    except (OSError, ValueError, KeyError):
        return False


@contextmanager
def _locked(path: Path, deadline: float, progress: Progress) -> Iterator[None]:
    with path.open("w") as handle:
        told = False
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AsteriskUnavailable("another process has been fetching Asterisk for too long") from None
                if not told:
                    progress("Another process is fetching Asterisk; waiting for it", None)
                    told = True
                time.sleep(0.2)
        yield


def _fetch(
    dist_dir: Path,
    root: Path,
    packages: tuple[str, ...],
    progress: Progress,
    deadline: float,
    *,
    with_dependencies: bool,
) -> None:
    """Fetches and unpacks `packages` into `root`, which appears whole or not at all.

    What was downloaded survives an interruption.
    """
    try:
        dist_dir.mkdir(parents=True, exist_ok=True)
        with _locked(dist_dir / "lock", deadline, progress):
            if _stamp_matches(root, packages):
                return
            free = shutil.disk_usage(dist_dir).free
            if free < NEEDED_BYTES:
                raise AsteriskUnavailable(
                    f"not enough space in {dist_dir}: {NEEDED_BYTES >> 20} MB are needed, {free >> 20} MB are free"
                )
            tree = AptTree(dist_dir / "fetch", deadline, progress)
            tree.prepare(debian_mirrors(deadline))
            archives = tree.download(packages, with_dependencies=with_dependencies)
            staging = dist_dir / f"staging-{os.getpid()}"
            for leftover in dist_dir.glob("staging-*"):
                shutil.rmtree(leftover)
            progress(f"Unpacking {len(archives)} packages", None)
            _unpack(archives, staging, deadline)
            stamp = {
                "recipe": RECIPE,
                "asked_for": list(packages),
                "architecture": package_architecture(),
                "packages": sorted(a.name.removesuffix(".deb").replace("%3a", ":") for a in archives),
            }
            (staging / "stamp.json").write_text(json.dumps(stamp, indent=1))
            if root.exists():
                root.rename(dist_dir / f"staging-old-{os.getpid()}")
            staging.rename(root)
            for leftover in (*dist_dir.glob("staging-*"), dist_dir / "fetch"):
                shutil.rmtree(leftover, ignore_errors=True)
    except FetchError as error:
        raise AsteriskUnavailable(str(error)) from error
    except subprocess.SubprocessError as error:
        raise AsteriskUnavailable(f"this machine's dpkg does not work: {error}") from error
    except OSError as error:
        raise AsteriskUnavailable(f"could not write the embedded Asterisk to {dist_dir}: {error}") from error


def _unpack(archives: list[Path], staging: Path, deadline: float) -> None:
    """`dpkg -x` of each archive beside the others (xz is slow), keeping only what the switch needs and the licences."""

    def one(numbered: tuple[int, Path]) -> Path:
        number, archive = numbered
        target = staging / f"p{number}"
        left = max(1.0, deadline - time.monotonic())
        try:
            subprocess.run(
                ["dpkg", "-x", str(archive), str(target)], check=True, capture_output=True, text=True, timeout=left
            )
        except subprocess.TimeoutExpired:
            raise AsteriskUnavailable("unpacking Asterisk took too long") from None
        except subprocess.CalledProcessError as error:
            archive.unlink(missing_ok=True)  # damaged: the next try downloads it again
            raise AsteriskUnavailable(f"could not unpack {archive.name}: {error.stderr.strip()}") from None
        return target

    staging.mkdir()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        targets = list(pool.map(one, enumerate(archives)))
    for target in targets:
        kept = (
            [target / name for name in KEPT]
            + list(target.glob("usr/lib/*-linux-gnu*"))
            + list(target.glob("usr/share/doc/*/copyright"))
        )
        for source in kept:
            if source.exists() or source.is_symlink():
                _merge(source, staging / source.relative_to(target))
        shutil.rmtree(target)


def _merge(source: Path, destination: Path) -> None:
    """Moves a file or a tree into place, into a folder another package has already made."""
    if source.is_dir() and not source.is_symlink() and destination.is_dir():
        for entry in source.iterdir():
            _merge(entry, destination / entry.name)
    else:
        destination.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, destination)
