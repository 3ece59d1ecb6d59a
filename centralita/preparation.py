"""What `up` does before anything runs: data folder, secrets, ports, Asterisk, the database, the first account.

Owns: the order of these steps, and that each failure is one sentence with what to do. Must not: start a program, or
print (it tells through `say`).
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from peewee import PeeweeException

from centralita import asterisk_conf, certificate, first_account, ports, programs, running
from centralita.certificate import CertificateUnusable
from centralita.embedded import AsteriskDist, AsteriskUnavailable, find_or_fetch
from centralita.first_account import FirstAccount
from centralita.messages import Words
from models.db import DatabaseError, migrate, open_database
from models.secrets import Secrets, SecretsError, load_or_create
from models.settings import Settings

DIST_NAME = "asterisk-dist"

Say = Callable[[str], None]
Progress = Callable[[str, float | None], None]


class CannotStart(Exception):
    """One or more sentences in the operator's language; nothing was started."""


def make_data_dir(settings: Settings, words: Words) -> None:
    """The folder, readable by its owner only. Raises CannotStart."""
    path = settings.data_dir
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        programs.log_dir(settings).mkdir(exist_ok=True)
        (path / "run").mkdir(exist_ok=True)
        trial = path / f".writable.{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise CannotStart(words("data_dir_bad", path=path, why=error.strerror or error)) from error


def make_secrets(settings: Settings, words: Words) -> Secrets:
    """Raises CannotStart."""
    try:
        return load_or_create(settings.secrets_file)
    except (SecretsError, OSError) as error:
        raise CannotStart(words("secrets_bad", why=error)) from error


def clear_leftovers(settings: Settings, words: Words, say: Say) -> None:
    names = running.clear_leftovers(settings.data_dir)
    if names:
        say(words("leftovers", names=", ".join(names)))


def check_ports(settings: Settings, words: Words) -> None:
    """Raises CannotStart naming each port that is not free and the setting to change."""
    sentences = []
    for found in ports.all_taken(settings):
        key = f"port_{found.reason}" if words.known(f"port_{found.reason}") else "port_other"
        wanted = found.wanted
        sentences.append(
            words(
                key,
                protocol=wanted.protocol,
                port=wanted.port,
                address=wanted.address,
                setting=wanted.setting,
                reason=found.reason,
            )
        )
    if sentences:
        raise CannotStart("\n".join(dict.fromkeys(sentences)))


def make_certificate(settings: Settings, words: Words, say: Say) -> Path | None:
    """The authority to be installed on the agents' computers, when the certificate is our own. Raises CannotStart."""
    try:
        found = certificate.ensure(settings)
    except (CertificateUnusable, OSError) as error:
        raise CannotStart(words("certificate_bad", why=error)) from error
    if found is not None and found.made:
        say(words("certificate_made", day=f"{found.until:%Y-%m-%d}"))
    return found.authority if found is not None else None


def get_asterisk(settings: Settings, words: Words, progress: Progress) -> AsteriskDist:
    """Raises CannotStart."""

    def worded(text: str, fraction: float | None) -> None:
        progress(in_words(words, text), fraction)

    try:
        return find_or_fetch(settings.data_dir / DIST_NAME, given=settings.asterisk or None, progress=worded)
    except AsteriskUnavailable as error:
        raise CannotStart(words("asterisk_missing", why=error)) from error


_STEPS = (
    (r"Reading the package lists", "fetch_lists"),
    (r"Downloading", "fetch_download"),
    (r"Unpacking", "fetch_unpack"),
    (r"Fetching the Spanish prompts", "fetch_prompts"),
    (r"Another process is fetching", "fetch_wait"),
)


def in_words(words: Words, text: str) -> str:
    """`centralita.embedded` tells its steps in English; what is not known stays as it is."""
    return next((words(key) for pattern, key in _STEPS if re.match(pattern, text)), text)


def configure_asterisk(settings: Settings, secrets: Secrets, dist: AsteriskDist, words: Words) -> None:
    """Raises CannotStart."""
    try:
        asterisk_conf.write(programs.switch_config(settings, secrets), dist)
    except (OSError, ValueError) as error:
        raise CannotStart(words("asterisk_conf_bad", why=error)) from error


def make_database(settings: Settings, words: Words, say: Say) -> FirstAccount:
    """Opens and migrates the database, and fills a new one; it is closed again. Raises CannotStart."""
    try:
        database = open_database(settings)
        try:
            new = not database.get_tables()
            applied = migrate(database)
            if new:
                say(words("database_made"))
            elif applied:
                say(words("database_migrated", count=len(applied)))
            account = first_account.prepare(database, settings)
            if account.filled:
                say(words("demo_filled"))
            return account
        finally:
            database.close()
    except (DatabaseError, PeeweeException, OSError) as error:
        raise CannotStart(words("database_bad", why=error)) from error
