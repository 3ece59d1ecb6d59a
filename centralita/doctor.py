"""`centralita doctor`: looks at each part and says what is wrong and how to mend it.

Owns: the list of checks in their order, and how the findings are shown. Must not: change anything: no folder, secret,
database or Asterisk is made by looking.
"""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console

from centralita.checks_live import live_checks
from centralita.checks_machine import machine_checks, python_check
from centralita.console import plain
from centralita.findings import Finding, Verdict
from centralita.messages import Words, language_before_settings
from centralita.programs import load_settings
from models.settings import Settings, SettingsError

OK, PROBLEMS, WRONG_SETTINGS = 0, 1, 2


_SIGNS = {
    Verdict.OK: "[green]✔[/]",
    Verdict.WARNING: "[yellow]![/]",
    Verdict.PROBLEM: "[red]✘[/]",
    Verdict.SKIPPED: "[dim]–[/]",
}


def run(console: Console, *, as_json: bool) -> int:
    """The exit status: 0 all is well (warnings allowed), 1 something is to be mended, 2 wrong settings."""
    findings, words, status = examine()
    if as_json:
        ok = status == OK
        report: dict[str, Any] = {"ok": ok, "checks": [asdict(finding) for finding in findings]}
        print(json.dumps(report, ensure_ascii=False, indent=1))
        return status
    width = max(len(words(f"check_{finding.check}")) for finding in findings)
    for finding in findings:
        title = words(f"check_{finding.check}").ljust(width)
        style = "dim" if finding.verdict == Verdict.SKIPPED else None
        console.print(f"{_SIGNS[finding.verdict]} {title}  {plain(finding.text)}", style=style)
        if finding.mend:
            console.print(f"  {' ' * width}  [bold]{plain(words('doctor_mend', text=finding.mend))}[/]")
    count = sum(finding.verdict == Verdict.PROBLEM for finding in findings)
    console.print()
    console.print(plain(words("doctor_problems", count=count) if count else words("doctor_ok")))
    return status


def examine() -> tuple[list[Finding], Words, int]:
    """Every finding, the words of the settings' language, the exit status."""
    settings: Settings | None = None
    problems: dict[str, str] = {}
    try:
        settings = load_settings()
    except SettingsError as error:
        problems = error.problems
    words = Words(settings.language if settings else language_before_settings())
    findings = [python_check(words)]
    if settings is None:
        text = "; ".join(f"{name}: {why}" for name, why in problems.items())
        findings.append(Finding("settings", Verdict.PROBLEM, text, words("settings_where")))
        return findings, words, WRONG_SETTINGS
    findings.append(Finding("settings", Verdict.OK, words("settings_ok")))
    findings += machine_checks(settings, words)
    findings += live_checks(settings, words)
    bad = any(finding.verdict == Verdict.PROBLEM for finding in findings)
    return findings, words, PROBLEMS if bad else OK
