"""Languages of the screens: Spanish is written in the code, English is a catalogue.

Owns: which language and time zone a request has, and remembering the user's choice. Must not: translate data.
"""

from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from flask import Flask, request, session
from flask_babel import Babel, get_locale
from flask_login import current_user

from admin import page_words
from admin.api.marks import is_for_api
from admin.installation import account
from models.settings import LANGUAGES

NAMES: Final = {"es": "Español", "en": "English"}


def init_app(app: Flask) -> None:
    app.config.update(BABEL_DEFAULT_LOCALE="es", BABEL_TRANSLATION_DIRECTORIES="translations")
    page_words.init_app(app, Babel(app, locale_selector=_locale, timezone_selector=_timezone))


def language() -> str:
    """es or en: the one chosen in this browser (asked for by this program), else the user's, else the account's."""
    for wanted in (
        (request.args.get("lang") or request.accept_languages.best_match(LANGUAGES)) if is_for_api() else None,
        session.get("language"),
        getattr(getattr(current_user, "row", None), "language", None),
        account().language,
    ):
        if wanted in LANGUAGES:
            return str(wanted)
    return "es"


def choose(wanted: str) -> None:
    """Remembers a language in the browser and, when somebody is logged in, for the user."""
    if wanted not in LANGUAGES:
        return
    session["language"] = wanted
    if current_user.is_authenticated:
        row = current_user.row
        type(row).update(language=wanted).where(type(row).id == row.id).execute()


def _locale() -> Locale:
    """With the account's country when it speaks that language: 1 234,50 in Costa Rica, 1.234,50 in Spain."""
    try:
        return Locale.parse(f"{language()}_{account().region}")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language())


def _timezone() -> str:
    return str(account().timezone)


def timezone() -> ZoneInfo:
    return ZoneInfo(account().timezone)


def html_lang() -> str:
    locale = get_locale()
    return locale.language if locale is not None else "es"
