"""The words of messages: by which people opt out and in, and the templates with their variables.

Owns: those. Must not: store, or know who may write to whom.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from models.values.errors import InvalidValue


class Wish(StrEnum):
    OUT = "out"
    IN = "in"


_OUT: Final = ("BAJA", "STOP", "CANCELAR", "ALTO", "STOPALL", "UNSUBSCRIBE", "CANCEL")
_IN: Final = ("ALTA", "START", "UNSTOP")
WORDS: Final[Mapping[str, Wish]] = dict.fromkeys(_OUT, Wish.OUT) | dict.fromkeys(_IN, Wish.IN)

ANSWERS: Final[Mapping[str, Mapping[Wish, str]]] = {
    "es": {
        Wish.OUT: "Listo: no te enviaremos mas mensajes a este numero. Responde ALTA para volver a recibirlos.",
        Wish.IN: "Listo: volveras a recibir nuestros mensajes. Responde BAJA para no recibirlos.",
    },
    "en": {
        Wish.OUT: "Done: we will send no more messages to this number. Reply START to get them again.",
        Wish.IN: "Done: you will get our messages again. Reply STOP to get no more.",
    },
}
"""What is answered, once; without accents, so that it is one part."""

VARIABLES: Final = ("contact", "company", "number", "agent", "call_center", "account")
_NAME: Final = re.compile(r"\{([^{}]*)\}")


def wish_of(text: str) -> tuple[Wish, str] | None:
    """The wish and its word when the whole message is one of the words; case, accents and punctuation do not count."""
    if len(text) > 40:
        return None
    letters = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    word = "".join(letters).upper().strip(" \t\r\n.,;:!¡?¿\"'«»()")
    wish = WORDS.get(word)
    return None if wish is None else (wish, word)


def check_template(text: str) -> str:
    """Raises InvalidValue(template_*)."""
    for name in _NAME.findall(text):
        if name not in VARIABLES:
            raise InvalidValue("template_variable", name=name[:40], known=", ".join(VARIABLES))
    bare = _NAME.sub("", text)
    if "{" in bare or "}" in bare:
        raise InvalidValue("url_braces", value=text[:80])
    return text


def fill(text: str, values: Mapping[str, str]) -> str:
    """Every variable replaced; one without a value leaves nothing, and no double space."""
    filled = _NAME.sub(lambda match: values.get(match.group(1), ""), text)
    return re.sub(r" {2,}", " ", filled).strip()
