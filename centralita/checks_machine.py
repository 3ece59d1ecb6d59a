"""The doctor's checks of what lies on the machine: nothing needs to run.

Owns: Python, data folder, disk, database, Asterisk and its prompts, the clock, the certificate. Must not: make or
change anything.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from peewee import PeeweeException
from playhouse.migrations import Runner

from centralita import certificate
from centralita.certificate import CertificateUnusable
from centralita.embedded import AsteriskUnavailable, describe_root, is_supported, parse_version
from centralita.findings import Finding, Verdict
from centralita.first_account import LOGINS_NAME
from centralita.messages import Words
from centralita.preparation import DIST_NAME
from dialplan import prompts
from models import snapshot
from models.db import MIGRATIONS, DatabaseError, is_postgresql, open_database
from models.settings import Settings

LEAST_MB: Final = 200
CERTIFICATE_DAYS: Final = 14
"""So long before its end somebody is told; the own one is renewed earlier."""
OLDEST_PYTHON: Final = (3, 11)
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised


def python_check(words: Words) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", Verdict.OK, version)
    return Finding("python", Verdict.PROBLEM, words("python_bad", version=version), words("python_mend"))


def machine_checks(settings: Settings, words: Words) -> Iterator[Finding]:
    yield data_dir_check(settings, words)
    yield disk_check(settings, words)
    yield recordings_check(settings, words)
    yield from database_checks(settings, words)
    yield from asterisk_checks(settings, words)
    yield clock_check(words)
    yield certificate_check(settings, words)


def data_dir_check(settings: Settings, words: Words) -> Finding:
    path = settings.data_dir
    if not path.is_dir():
        return Finding("data_dir", Verdict.PROBLEM, words("data_dir_none", path=path), words("data_dir_none_mend"))
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("data_dir", Verdict.PROBLEM, words("not_writable", path=path), words("data_dir_mend"))
    for secret in (settings.secrets_file, path / LOGINS_NAME):
        if secret.exists() and secret.stat().st_mode & 0o077:
            text = words("data_dir_open", path=path, what=secret.name)
            return Finding("data_dir", Verdict.PROBLEM, text, words("data_dir_open_mend", mode="600", what=secret))
    return Finding("data_dir", Verdict.OK, words("data_dir_ok", path=path))


def free_mb(path: Path) -> int:
    """On the disk of this folder, or of the nearest one above it that exists."""
    there = next(p for p in (path, *path.absolute().parents) if p.exists())
    return shutil.disk_usage(there).free >> 20


def disk_check(settings: Settings, words: Words) -> Finding:
    free = free_mb(settings.data_dir)
    if free < LEAST_MB:
        return Finding("disk", Verdict.PROBLEM, words("disk_free", free=free), words("disk_mend", least=LEAST_MB))
    return Finding("disk", Verdict.OK, words("disk_free", free=free))


def recordings_check(settings: Settings, words: Words) -> Finding:
    """Whether conversations can be recorded: as the engine's own watch sees it (`ari_app.disk_watch`)."""
    free, least = free_mb(settings.data_dir), settings.recording_min_free_mb
    spool = settings.spool_dir
    free = min(free, free_mb(spool)) if spool.exists() else free
    if free < least:
        text = words("recordings_bad", free=free, least=least)
        return Finding("recordings", Verdict.PROBLEM, text, words("recordings_mend"))
    return Finding("recordings", Verdict.OK, words("recordings_ok", free=free, least=least))


def database_checks(settings: Settings, words: Words) -> Iterator[Finding]:
    """Reachable, schema current, and the routing snapshot that its tables would make."""
    scheme, _, rest = settings.database.partition(":///")
    if scheme == "sqlite" and not Path(unquote(rest)).exists():
        text = words("database_none", path=unquote(rest))
        yield Finding("database", Verdict.PROBLEM, text, words("data_dir_none_mend"))
        yield _skipped("routing", words, "database")
        return
    try:
        database = open_database(settings)
        try:
            make: Any = Runner
            waiting = [row for row in make(database, str(MIGRATIONS)).status() if not row.applied]
            if waiting:
                text = words("database_behind", count=len(waiting))
                yield Finding("database", Verdict.PROBLEM, text, words("database_behind_mend"))
                yield _skipped("routing", words, "database")
                return
            kind = "PostgreSQL" if is_postgresql(database) else "SQLite"
            yield Finding("database", Verdict.OK, words("database_ok", kind=kind))
            yield _routing(database, words)
        finally:
            database.close()
    except (DatabaseError, PeeweeException, OSError) as error:
        yield Finding("database", Verdict.PROBLEM, str(error), words("database_mend"))
        yield _skipped("routing", words, "database")


def _routing(database: Any, words: Words) -> Finding:
    try:
        made = snapshot.build(database, 0)
    except snapshot.SnapshotError as error:
        text = words("routing_bad", problems="; ".join(error.problems))
        return Finding("routing", Verdict.PROBLEM, text, words("routing_mend"))
    return Finding("routing", Verdict.OK, words("routing_ok", centers=len(made.call_centers), agents=len(made.agents)))


def asterisk_checks(settings: Settings, words: Words) -> Iterator[Finding]:
    """Which Asterisk `up` would take (the given one, the PATH's, the embedded copy), and its prompts."""
    installed = settings.asterisk or shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin")
    root = settings.data_dir / DIST_NAME / "root"
    if installed:
        banner = _banner(installed)
        version = parse_version(banner)
        if is_supported(version):
            shown = ".".join(map(str, version or ()))
            text = words("asterisk_ok", version=shown, origin=words("origin_installed"))
            yield Finding("asterisk", Verdict.OK, text)
            yield prompts_check(settings, words)
            return
        if settings.asterisk:
            text = words("asterisk_old", path=installed, banner=banner or "–")
            yield Finding("asterisk", Verdict.PROBLEM, text, words("asterisk_old_mend"))
            return
    if not root.is_dir():
        yield Finding("asterisk", Verdict.PROBLEM, words("asterisk_absent"), words("asterisk_absent_mend"))
        yield _skipped("prompts", words, "asterisk")
        return
    try:
        dist = describe_root(root)
    except (AsteriskUnavailable, OSError) as error:
        yield Finding("asterisk", Verdict.PROBLEM, str(error), words("prompts_mend", path=root))
        yield _skipped("prompts", words, "asterisk")
        return
    text = words("asterisk_ok", version=dist.version, origin=words("origin_embedded"))
    yield Finding("asterisk", Verdict.OK, text)
    yield prompts_check(settings, words)


def prompts_check(settings: Settings, words: Words) -> Finding:
    """The messages that we play, where the configured Asterisk looks for them."""
    spanish = settings.data_dir / "asterisk" / "data" / "sounds" / "es"
    missing = [name for name in prompts.ALL if not any(spanish.glob(f"{name}.*"))]
    if missing:
        text = words("prompts_bad", names=", ".join(missing))
        return Finding("prompts", Verdict.PROBLEM, text, words("prompts_mend", path=settings.data_dir / DIST_NAME))
    return Finding("prompts", Verdict.OK, words("prompts_ok", count=len(prompts.ALL)))


def _banner(program: str) -> str:
    try:
        done = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout or done.stderr).strip()


def clock_check(words: Words) -> Finding:
    now = datetime.now(UTC)
    shown = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < EARLIEST:
        return Finding("clock", Verdict.PROBLEM, words("clock_past", now=shown), words("clock_mend"))
    synchronised = _kernel_says_synchronised()
    if synchronised is None:
        return Finding("clock", Verdict.OK, words("clock_unknown", now=shown))
    if not synchronised:
        return Finding("clock", Verdict.WARNING, words("clock_bad", now=shown), words("clock_mend"))
    return Finding("clock", Verdict.OK, words("clock_ok"))


def certificate_check(settings: Settings, words: Words, now: datetime | None = None) -> Finding:
    files = settings.certificate_files
    if files is None:
        return Finding("certificate", Verdict.OK, words("certificate_off"))
    if settings.tls == "own" and not files[0].exists():
        return Finding("certificate", Verdict.OK, words("certificate_to_be_made"))
    try:
        until = certificate.look(*files).until
    except CertificateUnusable as error:
        return Finding("certificate", Verdict.PROBLEM, str(error), words("certificate_mend"))
    left = (until - (now or datetime.now(UTC))).days
    day = f"{until:%Y-%m-%d}"
    if left < 0:
        return Finding("certificate", Verdict.PROBLEM, words("certificate_over", day=day), words("certificate_mend"))
    if left < CERTIFICATE_DAYS:
        text = words("certificate_soon", day=day, days=left)
        return Finding("certificate", Verdict.WARNING, text, words("certificate_mend"))
    return Finding("certificate", Verdict.OK, words("certificate_ok", day=day))


def _kernel_says_synchronised() -> bool | None:
    """adjtimex(2) with no mode only reads. None where it can't be asked."""
    if sys.platform != "linux":
        return None
    answer = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))
    return None if answer < 0 else answer != _TIME_ERROR


def _skipped(check: str, words: Words, needs: str) -> Finding:
    return Finding(check, Verdict.SKIPPED, words("skipped", needs=words(f"check_{needs}")))
