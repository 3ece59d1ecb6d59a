"""The configuration that is written: literal addresses, private secrets, only the trunk's own addresses let in."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from switch.real_switch import RealSwitch
from switch.sipp import SippCaller

from centralita import asterisk_conf
from centralita.asterisk_conf import SwitchConfig
from centralita.embedded import AsteriskDist
from dialplan import names


def _written(folder: Path, dist: AsteriskDist, **changes: object) -> dict[str, str]:
    values: dict[str, object] = {"root": folder / "asterisk", "log_dir": folder / "log", "ari_password": "geheim"}
    asterisk_conf.write(SwitchConfig(**{**values, **changes}), dist)  # type: ignore[arg-type]
    return {path.name: path.read_text() for path in (folder / "asterisk/etc").glob("*.conf")}


@pytest.fixture(scope="module")
def a_dist(tmp_path_factory: pytest.TempPathFactory) -> AsteriskDist:
    """An Asterisk that is not there: writing needs no more of it."""
    root = tmp_path_factory.mktemp("dist")
    for name in ("data/documentation", "es", "moh", "modules"):
        (root / name).mkdir(parents=True)
    return AsteriskDist(
        ["asterisk"], "22.10.1", root / "modules", root / "data", {"es": root / "es"}, root / "moh", "installed"
    )


def test_every_file_is_its_owners_only(tmp_path: Path, a_dist: AsteriskDist) -> None:
    _written(tmp_path, a_dist)
    files = list((tmp_path / "asterisk/etc").iterdir())
    assert {p.name for p in files} >= {"ari.conf", "pjsip.conf", "extensions.conf", "asterisk.conf"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "asterisk/etc").stat().st_mode) == 0o700


def test_the_password_stands_in_one_file_and_not_in_a_repr(tmp_path: Path, a_dist: AsteriskDist) -> None:
    written = _written(tmp_path, a_dist)
    assert [name for name, text in written.items() if "geheim" in text] == ["ari.conf"]
    assert "geheim" not in repr(SwitchConfig(tmp_path, tmp_path, "geheim"))


def test_nothing_is_left_unfilled(tmp_path: Path, a_dist: AsteriskDist) -> None:
    for name, text in _written(tmp_path, a_dist).items():
        assert "%%" not in text, name


def test_writing_again_removes_what_is_no_longer_ours(tmp_path: Path, a_dist: AsteriskDist) -> None:
    _written(tmp_path, a_dist)
    (tmp_path / "asterisk/etc/sip.conf").write_text("old")
    assert "demo-trunk" in _written(tmp_path, a_dist)["pjsip.conf"]
    assert "demo-trunk" not in _written(tmp_path, a_dist, demo=False)["pjsip.conf"]
    assert not (tmp_path / "asterisk/etc/sip.conf").exists()


@pytest.mark.parametrize("password", ["a;b", "a\nb"])
def test_a_value_that_would_break_a_file_is_refused(tmp_path: Path, a_dist: AsteriskDist, password: str) -> None:
    with pytest.raises(ValueError, match="ari_password"):
        _written(tmp_path, a_dist, ari_password=password)


def test_trunk_networks_are_literal_and_normal(tmp_path: Path, a_dist: AsteriskDist) -> None:
    pjsip = _written(tmp_path, a_dist, trunk_addresses=("203.0.113.7/24", "2001:db8::1"))["pjsip.conf"]
    assert "match = 203.0.113.0/24,2001:db8::1/128" in pjsip
    with pytest.raises(ValueError, match="carrier"):
        _written(tmp_path, a_dist, trunk_addresses=("carrier.example",))


def test_listening_everywhere_still_names_one_literal_media_address(tmp_path: Path, a_dist: AsteriskDist) -> None:
    pjsip = _written(tmp_path, a_dist, sip_address="0.0.0.0", sip_port=5070)["pjsip.conf"]
    assert "bind = 0.0.0.0:5070" in pjsip
    assert "media_address = 0.0.0.0" not in pjsip
    assert "contact = sip:127.0.0.1:5070" in pjsip
    assert "bind = [::1]:5060" in _written(tmp_path, a_dist, sip_address="::1")["pjsip.conf"]


def test_a_deep_folder_gets_a_short_place_for_its_socket(tmp_path: Path) -> None:
    deep = SwitchConfig(tmp_path / ("d" * 80), tmp_path, "x")
    assert len(str(deep.run_dir / "asterisk.ctl")) < 108
    assert deep.run_dir == SwitchConfig(tmp_path / ("d" * 80), tmp_path, "x").run_dir
    assert deep.run_dir != SwitchConfig(tmp_path / ("e" * 80), tmp_path, "x").run_dir


def test_cel_columns_are_in_the_mapping_in_their_order(tmp_path: Path, a_dist: AsteriskDist) -> None:
    mapping = _written(tmp_path, a_dist)["cel_custom.conf"]
    places = [mapping.index(f"CSV_QUOTE({expression})") for _, expression in names.CEL_COLUMNS]
    assert places == sorted(places)


@pytest.mark.asterisk
@pytest.mark.parametrize("user", ["22990011", "trunk", "demo-trunk", "demo-caller"])
def test_only_the_trunks_addresses_may_bring_calls(
    switch: RealSwitch, sipp_caller: Callable[..., SippCaller], user: str
) -> None:
    """Whatever the stranger calls itself: a trunk is known by its address only."""
    stranger = sipp_caller(
        switch, "40001000", caller=user, local_ip="127.0.0.3", behaviour="refused", refusal=401, seconds=5
    )
    assert stranger.call().successful == 1
    assert not [r for r in switch.cel() if r["calling_number"] == user and r["event_type"] == "CHAN_START"]
