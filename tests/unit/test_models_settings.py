"""Settings, secrets, tokens and documents on disk."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import files, secrets, settings, tokens
from models.settings import SettingsError, load

ROOT = Path(__file__).parents[2]


class TestSettings:
    def test_defaults_are_loopback(self, tmp_path: Path) -> None:
        known = load({"CENTRALITA_DATA_DIR": str(tmp_path)})
        assert (known.host, known.sip_address, known.trunk_addresses) == ("127.0.0.1", "127.0.0.1", ("127.0.0.1",))
        assert known.database == f"sqlite:///{tmp_path}/centralita.db"
        assert known.desk_url == "ws://127.0.0.1:8001/"

    def test_the_environment_wins_over_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "centralita.env").write_text('CENTRALITA_WEB_PORT=9000\nCENTRALITA_DEMO="false"\n# a comment\n')
        environ = {"CENTRALITA_DATA_DIR": str(tmp_path), "CENTRALITA_WEB_PORT": "9001", "HOME": "/x"}
        assert (load(environ).web_port, load(environ).demo) == (9001, False)

    def test_another_file_may_name_the_data_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "my.env"
        file.write_text(f"CENTRALITA_DATA_DIR={tmp_path}/data\n")
        assert load({"CENTRALITA_CONFIG": str(file)}).data_dir == tmp_path / "data"

    def test_lists(self) -> None:
        known = load(
            {"CENTRALITA_TRUNK_ADDRESSES": "192.0.2.1, 2001:db8::/32", "CENTRALITA_TRUSTED_PROXIES": "10.0.0.0/8"}
        )
        assert known.trunk_addresses == ("192.0.2.1", "2001:db8::/32")
        assert [str(network) for network in known.trusted_proxies] == ["10.0.0.0/8"]

    @pytest.mark.parametrize(
        ("name", "value", "part"),
        [
            ("WEB_PORT", "x", "integer"),
            ("WEB_PORT", "70000", "65535"),
            ("WEB_PORT", "8001", "CENTRALITA_DESK_PORT"),
            ("HOST", "localhost", "not an IP address"),
            ("TIMEZONE", "Marte", "time zone"),
            ("CURRENCY", "XXX", "ISO 4217"),
            ("REGION", "ZZ", "country"),
            ("LANGUAGE", "fr", "'es' or 'en'"),
            ("DEMO", "maybe", "true or false"),
            ("LOG_LEVEL", "LOUD", "DEBUG"),
            ("DATABASE_URL", "mysql://x", "postgresql://"),
            ("PUBLIC_DESK_URL", "http://x", "ws://"),
            ("TRUNK_ADDRESSES", "sip.example.org", "not an IP address"),
            ("TRUSTED_PROXIES", "10.0.0.1/8", "network"),
            ("RTP_END", "10000", "above"),
            ("TOKEN_SECONDS", "0", "5"),
        ],
    )
    def test_a_wrong_value_is_refused_by_name(self, name: str, value: str, part: str) -> None:
        with pytest.raises(SettingsError) as refused:
            load({f"CENTRALITA_{name}": value})
        blamed = {f"CENTRALITA_{name}", "CENTRALITA_DESK_PORT"} if value == "8001" else {f"CENTRALITA_{name}"}
        assert set(refused.value.problems) <= blamed
        assert part in str(refused.value)

    def test_every_mistake_is_told_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "centralita.env").write_text("CENTRALITA_COLOUR=1\nOTHER=2\nCENTRALITA_HOST=x\n")
        with pytest.raises(SettingsError) as refused:
            load({"CENTRALITA_DATA_DIR": str(tmp_path), "CENTRALITA_WEBPORT": "1", "CENTRALITA_DEMO": "x"})
        assert set(refused.value.problems) == {
            "CENTRALITA_COLOUR",
            "OTHER",
            "CENTRALITA_HOST",
            "CENTRALITA_WEBPORT",
            "CENTRALITA_DEMO",
        }
        assert "did you mean CENTRALITA_WEB_PORT" in refused.value.problems["CENTRALITA_WEBPORT"]

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="CENTRALITA_CONFIG"):
            load({"CENTRALITA_CONFIG": str(tmp_path / "none")})

    def test_a_password_is_not_shown(self) -> None:
        known = load({"CENTRALITA_DATABASE_URL": "postgresql://a:s3cr3t@h/d"})
        assert "s3cr3t" not in repr(known)
        with pytest.raises(SettingsError) as refused:
            load({"CENTRALITA_DATABASE_URL": "mysql://a:s3cr3t@h/d"})
        assert "s3cr3t" not in str(refused.value)

    def test_they_cannot_be_changed(self) -> None:
        with pytest.raises(ValueError, match="frozen"):
            load({}).web_port = 1

    def test_the_document_is_current(self) -> None:
        assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings.document()

    def test_each_is_described(self) -> None:
        for name, field in settings.Settings.model_fields.items():
            assert field.description, name
            assert field.description.endswith("."), name


class TestSecrets:
    def test_made_once_and_private(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "secrets.json"
        first = secrets.load_or_create(path)
        assert secrets.load_or_create(path) == first
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        values = [first.ari_password, first.control_token, first.session_key, first.token_key]
        assert len(set(values)) == 4
        assert all(len(value) >= 43 for value in values)
        assert not any(value in repr(first) for value in values)

    def test_an_older_file_gains_what_it_lacks(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.json"
        path.write_text(json.dumps({"ari_password": "kept", "other": "kept too"}))
        path.chmod(0o644)
        assert secrets.load_or_create(path).ari_password == "kept"
        assert json.loads(path.read_text())["other"] == "kept too"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", ["", "[]", "{", '{"ari_password": 1}'])
    def test_a_broken_file_is_told_not_replaced(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "secrets.json"
        path.write_text(content)
        with pytest.raises(secrets.SecretsError, match=r"secrets\.json"):
            secrets.load_or_create(path)
        assert path.read_text() == content

    def test_processes_at_once_get_the_same(self, tmp_path: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from models.secrets import load_or_create; "
            "print(load_or_create(Path(sys.argv[1])).token_key)"
        )
        running = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path / "s.json")], stdout=subprocess.PIPE, cwd=ROOT
            )
            for _ in range(4)
        ]
        told = {process.communicate(timeout=60)[0] for process in running}
        assert len(told) == 1
        assert b"" not in told
        assert not list(tmp_path.glob("*.new"))


class TestTokens:
    KEY = "k" * 43

    def test_claims_come_back(self) -> None:
        token = tokens.sign(self.KEY, 7, "session", "2001:db8::1", seconds=60, now=1000.0)
        claims = tokens.verify(self.KEY, token, now=1059.9)
        assert claims == tokens.DeskClaims(7, "session", "2001:db8::1", 1060.0)

    def problem(self, token: str, now: float = 1000.0, key: str = KEY) -> str:
        with pytest.raises(tokens.TokenError) as refused:
            tokens.verify(key, token, now=now)
        return refused.value.problem

    def test_expired(self) -> None:
        token = tokens.sign(self.KEY, 7, "s", "a", seconds=60, now=1000.0)
        assert self.problem(token, now=1060.0) == "expired"

    def test_forged(self) -> None:
        token = tokens.sign(self.KEY, 7, "s", "a", seconds=60, now=1000.0)
        other = tokens.sign(self.KEY, 8, "s", "a", seconds=60, now=1000.0)
        assert self.problem(token, key="x" * 43) == "forged"
        assert self.problem(f"{other.split('.')[0]}.{token.split('.')[1]}") == "forged"
        assert self.problem(token[:-1]) == "forged"

    @pytest.mark.parametrize("token", ["", "x", "ñ.x", "x" * 2000])
    def test_malformed(self, token: str) -> None:
        assert self.problem(token) == "malformed"

    @given(st.text(max_size=80))
    def test_nothing_made_up_is_believed(self, token: str) -> None:
        assert self.problem(token) in ("malformed", "forged")

    @given(st.data())
    def test_no_changed_character_is_believed(self, data: st.DataObject) -> None:
        token = tokens.sign(self.KEY, 7, "s", "a", seconds=60, now=1000.0)
        at = data.draw(st.integers(0, len(token) - 1))
        other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != token[at]))
        assert self.problem(token[:at] + other + token[at + 1 :]) in ("malformed", "forged")


class TestFiles:
    def test_kept_once_under_their_hash(self, tmp_path: Path) -> None:
        sha256 = files.store(tmp_path, b"hola")
        assert sha256 == hashlib.sha256(b"hola").hexdigest() == files.store(tmp_path, b"hola")
        path = files.path_of(tmp_path, sha256)
        assert path.read_bytes() == b"hola"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [found.name for found in path.parent.iterdir()] == [sha256]

    def test_one_that_was_cut_short_is_mended(self, tmp_path: Path) -> None:
        sha256 = files.store(tmp_path, b"hola")
        os.truncate(files.path_of(tmp_path, sha256), 1)
        files.store(tmp_path, b"hola")
        assert files.path_of(tmp_path, sha256).read_bytes() == b"hola"

    @pytest.mark.parametrize("name", ["", "../secrets.json", "A" * 64, "a" * 63, "a" * 64 + "/x"])
    def test_no_path_from_outside(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="SHA-256"):
            files.path_of(tmp_path, name)
