"""The screens' texts in the request's language, looked up once each.

Owns: the quick way from a text in the code to the same text on the screen. Must not: choose the language
(`admin.language`) or hold a text.

Flask-Babel asks five contexts and writes a locale's name for every text, and a page has six hundred.
"""

from typing import Any, Final

import flask_babel
from babel import Locale, support
from flask import Flask, g
from markupsafe import Markup

from admin.memo import Memo


class _Words:
    """Of one language: `plain` for Python, `whole` and `marked` for templates, where % is written %%."""

    def __init__(self, translations: Any) -> None:
        self.translations = translations
        self.plain = Memo(translations.ugettext)
        self.marked = Memo(lambda text: Markup(self.plain[text]))  # noqa: S704  # texts of the code and its catalogue
        self.whole = Memo(lambda text: self.marked[text] % {})


_OF_NOBODY: Final = _Words(support.NullTranslations())  # outside a request


class Domain(flask_babel.Domain):
    """Flask-Babel's, with what was looked up kept beside the locale of the request."""

    def __init__(self) -> None:
        super().__init__()
        self._words: dict[str, _Words] = {}

    def here(self) -> _Words:
        try:
            kept: tuple[Locale, _Words] = g._flask_babel.words
            if kept[0] is g._flask_babel.babel_locale:  # it can change within a request: a slip in its own language
                return kept[1]
        except (AttributeError, RuntimeError):
            pass
        locale = flask_babel.get_locale()
        if locale is None:
            return _OF_NOBODY
        name = str(locale)
        if name not in self._words:
            self._words[name] = _Words(super().get_translations())
        g._flask_babel.words = (locale, self._words[name])
        return self._words[name]

    def get_translations(self) -> Any:
        return self.here().translations

    def gettext(self, string: str, **variables: Any) -> str:
        said: str = self.here().plain[string]
        return said % variables if variables else said


def init_app(app: Flask, babel: flask_babel.Babel) -> None:
    domain = babel.domain_instance = Domain()

    def said(text: str, /, **variables: Any) -> Markup:
        """As Jinja's own: always a format, and what is put into it is escaped."""
        words = domain.here()
        shown: Markup = words.marked[text] % variables if variables else words.whole[text]
        return shown

    app.jinja_env.globals.update(_=said, gettext=said)
