"""The own certificate: whom it is for, who believes it, when it is renewed, and files that are none."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from centralita import certificate
from centralita.certificate import LIFE, RENEW, CertificateUnusable
from centralita.checks_machine import CERTIFICATE_DAYS, certificate_check
from centralita.findings import Verdict
from centralita.messages import Words
from centralita.preparation import CannotStart, make_certificate
from models.settings import Settings, SettingsError, load

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Settings]:
    def made(**changes: object) -> Settings:
        return Settings(data_dir=tmp_path, tls="own", **changes)  # type: ignore[arg-type]

    return made


def held(settings: Settings) -> x509.Certificate:
    assert settings.certificate_files is not None
    return x509.load_pem_x509_certificate(settings.certificate_files[0].read_bytes())


def test_without_tls_nothing_is_made(tmp_path: Path) -> None:
    assert certificate.ensure(Settings(data_dir=tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_it_is_for_this_machine_by_every_name_and_kept_private(own: Callable[..., Settings]) -> None:
    settings = own(tls_names="centralita.example,*.oficina.example,10.0.0.9", host="192.0.2.7")
    found = certificate.ensure(settings, NOW)
    assert found is not None
    assert found.made
    names = held(settings).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "centralita.example", "*.oficina.example"} <= set(names.get_values_for_type(x509.DNSName))
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert {"127.0.0.1", "::1", "10.0.0.9", "192.0.2.7"} <= addresses
    folder = settings.data_dir / "tls"
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {
        "authority.pem": 0o644, "authority.key": 0o600, "certificate.pem": 0o644, "certificate.key": 0o600,
    }  # fmt: skip


def test_whoever_has_the_authority_believes_it_and_nobody_else(own: Callable[..., Settings]) -> None:
    settings = own()
    found = certificate.ensure(settings)
    assert found is not None
    assert settings.certificate_files is not None
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*settings.certificate_files)

    def shakes_hands(client: ssl.SSLContext, name: str) -> bool:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = client.wrap_bio(to_client, to_server, server_hostname=name)
        theirs = server.wrap_bio(to_server, to_client, server_side=True)
        for _ in range(4):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLError:
                    return False
        return ours.version() is not None

    believer = ssl.create_default_context(cafile=str(found.authority))
    believer.verify_flags |= ssl.VERIFY_X509_STRICT
    assert shakes_hands(believer, "localhost")
    assert shakes_hands(believer, "127.0.0.1")
    assert not shakes_hands(believer, "another.example")
    assert not shakes_hands(ssl.create_default_context(), "localhost")


def test_it_is_renewed_in_time_by_the_same_authority_and_not_before(own: Callable[..., Settings]) -> None:
    settings = own()
    certificate.ensure(settings, NOW)
    first, authority = held(settings), (settings.data_dir / "tls" / "authority.pem").read_bytes()
    later = NOW + LIFE - RENEW
    still = certificate.ensure(settings, later - timedelta(minutes=1))
    assert still is not None
    assert (still.made, held(settings)) == (False, first)
    renewed = certificate.ensure(settings, later)
    assert renewed is not None
    assert renewed.made
    assert held(settings).not_valid_after_utc == later + LIFE
    assert (settings.data_dir / "tls" / "authority.pem").read_bytes() == authority


@pytest.mark.parametrize("spoilt", ["certificate.pem", "certificate.key", "authority.pem", "authority.key"])
def test_what_is_spoilt_or_lost_is_made_anew(own: Callable[..., Settings], spoilt: str) -> None:
    settings = own()
    certificate.ensure(settings, NOW)
    for years, change in enumerate((lambda path: path.write_text("nothing"), Path.unlink), 1):
        change(settings.data_dir / "tls" / spoilt)
        # The authority's key is missed when something is to be signed.
        found = certificate.ensure(settings, NOW + years * LIFE)
        assert found is not None
        assert found.made
        authority = x509.load_pem_x509_certificate((settings.data_dir / "tls" / "authority.pem").read_bytes())
        held(settings).verify_directly_issued_by(authority)


def test_another_name_makes_another_certificate(own: Callable[..., Settings]) -> None:
    certificate.ensure(own(), NOW)
    found = certificate.ensure(own(tls_names="nuevo.example"), NOW)
    assert found is not None
    assert found.made


def test_files_that_do_not_belong_together_stop_the_start_in_words(
    own: Callable[..., Settings], tmp_path: Path
) -> None:
    certificate.ensure(own(), NOW)
    folder = tmp_path / "tls"
    wrong = Settings(
        data_dir=tmp_path, tls="files", tls_cert_file=folder / "certificate.pem", tls_key_file=folder / "authority.key"
    )
    with pytest.raises(CannotStart, match=r"^El certificado no sirve: .*docs/tls\.md"):
        make_certificate(wrong, Words("es"), lambda text: None)
    missing = wrong.model_copy(update={"tls_cert_file": tmp_path / "none.pem"})
    with pytest.raises(CertificateUnusable, match="No such file"):
        certificate.ensure(missing)
    right = wrong.model_copy(update={"tls_key_file": folder / "certificate.key"})
    assert make_certificate(right, Words("es"), lambda text: None) is None
    found = certificate.ensure(right)
    assert found is not None
    assert (found.made, found.authority) == (False, None)


def test_the_doctor_tells_how_long_it_is_good(own: Callable[..., Settings], tmp_path: Path) -> None:
    words = Words("en")
    assert certificate_check(Settings(data_dir=tmp_path), words).verdict == Verdict.OK
    settings = own()
    assert certificate_check(settings, words).text == "made at the start"
    certificate.ensure(settings, NOW)
    until = held(settings).not_valid_after_utc
    verdicts = [
        certificate_check(settings, words, until - timedelta(days=days)).verdict
        for days in (CERTIFICATE_DAYS, CERTIFICATE_DAYS - 1, -1)
    ]
    assert verdicts == [Verdict.OK, Verdict.WARNING, Verdict.PROBLEM]
    (settings.data_dir / "tls" / "certificate.key").write_text("nothing")
    assert certificate_check(settings, words).verdict == Verdict.PROBLEM


def test_settings_that_can_not_be(tmp_path: Path) -> None:
    for given, named in (
        ({"CENTRALITA_TLS": "files"}, "CENTRALITA_TLS_CERT_FILE"),
        ({"CENTRALITA_TLS": "files", "CENTRALITA_TLS_CERT_FILE": "x"}, "CENTRALITA_TLS_KEY_FILE"),
        ({"CENTRALITA_TLS_NAMES": "a name"}, "CENTRALITA_TLS_NAMES"),
        ({"CENTRALITA_PUBLIC_ADDRESS": "centralita.example"}, "CENTRALITA_PUBLIC_ADDRESS"),
        ({"CENTRALITA_STUN_SERVER": "stun.example"}, "CENTRALITA_STUN_SERVER"),
    ):
        with pytest.raises(SettingsError) as caught:
            load({"CENTRALITA_DATA_DIR": str(tmp_path), **given})
        assert list(caught.value.problems) == [named]
