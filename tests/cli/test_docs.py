"""The operators' pages are true: their settings, commands, checks, limits and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from centralita import checks_live, doctor, log_files, programs, up
from centralita.checks_machine import LEAST_MB
from centralita.cli import app
from centralita.demo_call import NO_AGENT
from centralita.embedded import AsteriskDist
from centralita.messages import TEXTS
from centralita.supervisor import Rules
from models.secrets import Secrets
from models.settings import CONFIG_VARIABLE, Settings, environment_name

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "README.es.md")] + [
    ROOT / "docs" / f"{name}.md"
    for name in (
        "grabaciones",
        "imprimir",
        "install",
        "operate",
        "queues",
        "softphone",
        "tickets",
        "tls",
        "troubleshooting",
    )
]


def text(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_named_exists(page: Path) -> None:
    known = {environment_name(field) for field in Settings.model_fields} | {CONFIG_VARIABLE}
    assert set(re.findall(r"CENTRALITA_[A-Z_]+", page.read_text("utf-8"))) <= known


def test_every_setting_that_a_message_names_exists() -> None:
    known = {environment_name(field) for field in Settings.model_fields}
    named = {name for pair in TEXTS.values() for line in pair for name in re.findall(r"CENTRALITA_[A-Z_]+", line)}
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert links
    for link in links:
        assert (page.parent / link).exists(), link


def test_the_two_readmes_are_twins() -> None:
    english, spanish = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.es.md"))
    for pattern in (r"^#+ ", r"^- ", r"^\d\. ", r"^[a-z_-]+/ "):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, spanish, re.M)), pattern
    folders = re.findall(r"^([a-z_-]+)/ ", english, re.M)
    assert folders == re.findall(r"^([a-z_-]+)/ ", spanish, re.M)
    assert all((ROOT / folder).is_dir() for folder in folders)


def test_every_check_of_the_doctor_is_explained_with_its_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CENTRALITA_DATA_DIR", str(tmp_path / "none"))
    findings, _, _ = doctor.examine()
    checks = [finding.check for finding in findings]
    assert set(checks_live.LIVE) < set(checks)
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+?) \|", text("troubleshooting"), re.M))
    assert list(rows) == checks
    for check, line in rows.items():
        spanish, english = TEXTS[f"check_{check}"]
        assert line == (spanish if spanish == english else f"{spanish} · {english}")
    assert f"under {LEAST_MB} MB" in text("troubleshooting")


def test_every_command_is_in_the_table_with_its_statuses() -> None:
    shown = {command.name or command.callback.__name__ for command in app.registered_commands if not command.hidden}
    rows = dict(re.findall(r"^\| `([a-z-]+)[^`]*` \| .* \| (0[^|]*) \|$", text("operate"), re.M))
    assert set(rows) == shown
    for status in (up.OK, up.FAILED, up.WRONG_SETTINGS, up.BUSY):
        assert re.search(rf"\b{status}\b", rows["up"])
    assert f"{NO_AGENT} no agent" in rows["demo-call"]


def test_limits_and_order_are_as_written(settings: Settings, secrets: Secrets) -> None:
    page = text("operate")
    dist = AsteriskDist(["asterisk"], "22.10.1", Path(), Path(), {}, None, "embedded")
    house = programs.programs(settings, secrets, dist)
    rows = re.findall(r"^\| `([a-z]+)` \| .* \| (\d+) s \|$", page, re.M)
    assert rows == [(program.name, f"{program.ready_seconds:.0f}") for program in house]
    stops = [f"{program.stop_seconds:g}" for program in reversed(house)]
    assert f"at most {', '.join(stops[:-1])} and {stops[-1]} s each" in page
    rules = Rules()
    assert [f"{delay:g}" for delay in rules.delays] == ["0", "0.5", "1", "2"]
    assert "at once, then after 0.5, 1 and 2 s" in page
    assert (rules.give_up_after, rules.early_seconds, rules.retry_seconds) == (5, 10, 60)
    assert (log_files.MAX_BYTES, log_files.KEPT) == (10 * 1024 * 1024, 5)
    assert sum(program.stop_seconds for program in house) <= 30  # deploy/centralita.service
