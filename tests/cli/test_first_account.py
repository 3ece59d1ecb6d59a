"""Who may enter a new installation: never with a default password, and never twice the same."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from peewee import Database

from centralita import first_account
from models import demo
from models.db import migrate, open_database
from models.settings import Settings
from models.tables import Agent
from models.values.call import Role


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = open_database(settings)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def make(make_settings: Callable[..., Settings], settings: Settings) -> Callable[..., Settings]:
    """Settings of the same data folder, with changes."""
    return lambda **changes: make_settings(data_dir=settings.data_dir, **changes)


def test_the_demonstrations_logins_open_their_accounts(settings: Settings, database: Database) -> None:
    account = first_account.prepare(database, settings)
    assert account.filled
    assert account.invitation is None
    assert [login.role for login in account.logins] == [Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AGENT]
    for login in account.logins:
        agent = Agent.get(Agent.email == login.email)
        assert agent.role == login.role
        assert PasswordHasher().verify(agent.password_hash, login.password)
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(
            Agent.get(Agent.email == account.logins[0].email).password_hash, account.logins[1].password
        )


def test_the_logins_are_kept_for_their_owner_only(settings: Settings, database: Database) -> None:
    account = first_account.prepare(database, settings)
    path = settings.data_dir / first_account.LOGINS_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert first_account.read_logins(settings.data_dir) == account.logins
    assert sorted(p.name for p in settings.data_dir.glob(".demo*")) == []


def test_a_second_start_changes_nothing(settings: Settings, database: Database) -> None:
    first = first_account.prepare(database, settings)
    second = first_account.prepare(database, settings)
    assert not second.filled
    assert second.logins == first.logins


def test_two_installations_have_different_passwords(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    seen: set[str] = set()
    for name in ("one", "two"):
        settings = make_settings(data_dir=tmp_path / name)
        opened = open_database(settings)
        migrate(opened)
        seen |= {login.password for login in first_account.prepare(opened, settings).logins}
        opened.close()
    assert len(seen) == 6
    assert all(len(password) == 14 for password in seen)


def test_an_interrupted_first_start_keeps_the_passwords_it_had_written(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "fill", killed)
        with pytest.raises(KeyboardInterrupt):
            first_account.prepare(database, settings)
    written = first_account.read_logins(settings.data_dir)
    assert len(written) == 3
    account = first_account.prepare(database, settings)
    assert account.filled
    assert account.logins == written


def test_without_the_demonstration_the_first_administrator_is_invited(
    make: Callable[..., Settings], database: Database
) -> None:
    account = first_account.prepare(database, make(demo=False))
    assert account.logins == ()
    assert account.invitation is not None
    (agent,) = Agent.select()
    assert agent.role == Role.ADMINISTRATOR
    assert agent.password_hash is None, "nobody can enter with a password yet"
    assert agent.invitation_hash == hashlib.sha256(account.invitation.encode()).hexdigest()
    left = agent.invitation_expires - datetime.now(UTC)
    assert timedelta(days=6) < left <= timedelta(days=7)
    assert not (make().data_dir / first_account.LOGINS_NAME).exists()


def test_each_start_invites_anew_until_there_is_an_administrator_with_a_password(
    make: Callable[..., Settings], database: Database
) -> None:
    settings = make(demo=False)
    first = first_account.prepare(database, settings)
    second = first_account.prepare(database, settings)
    assert first.invitation != second.invitation
    assert Agent.select().count() == 1
    Agent.update(password_hash=PasswordHasher().hash("x")).execute()
    assert first_account.prepare(database, settings).invitation is None


def test_an_account_in_use_is_not_filled_with_the_demonstration(
    make: Callable[..., Settings], database: Database
) -> None:
    first_account.prepare(database, make(demo=False))
    account = first_account.prepare(database, make(demo=True))
    assert not account.filled
    assert account.logins == ()
    assert Agent.select().count() == 1


@pytest.mark.parametrize("text", ["", "{}", "[1]", json.dumps([{"role": "king", "email": "a", "password": "b"}])])
def test_a_spoiled_file_of_logins_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / first_account.LOGINS_NAME).write_text(text)
    assert first_account.read_logins(tmp_path) == ()
