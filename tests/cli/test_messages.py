"""The two languages say the same things, and every key that the code names exists."""

import re
import string
from pathlib import Path

import pytest

import centralita
from centralita.messages import TEXTS, Words, language_before_settings


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_have_the_same_placeholders(key: str) -> None:
    spanish, english = TEXTS[key]
    assert spanish
    assert english
    assert placeholders(spanish) == placeholders(english)


def source() -> str:
    folder = Path(centralita.__file__).parent
    return "\n".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.name != "messages.py")


def test_every_key_named_in_the_code_exists() -> None:
    named = set(re.findall(r"""words\(\s*["']([a-z_]+)["']""", source()))
    assert len(named) > 60
    assert named <= set(TEXTS)


def test_no_text_is_left_over() -> None:
    families = ("program_", "phase_", "port_", "role_", "origin_", "check_", "how_")
    code = source()
    unused = {key for key in TEXTS if not re.search(rf"""["']{key}["']""", code) and not key.startswith(families)}
    assert unused == set()


def test_the_language_decides() -> None:
    assert Words("es")("died", name="motor", how="señal SIGKILL").startswith("motor: terminó")
    assert Words("en")("died", name="engine", how="signal SIGKILL").startswith("engine: ended")


@pytest.mark.parametrize(("given", "language"), [("en", "en"), (" EN ", "en"), ("", "es"), ("klingon", "es")])
def test_language_before_the_settings_are_known(monkeypatch: pytest.MonkeyPatch, given: str, language: str) -> None:
    monkeypatch.setenv("CENTRALITA_LANGUAGE", given)
    assert language_before_settings() == language
