"""What a person is told after a change, and whether it is already in force.

Owns: the words for the engine's answers. Must not: ask the engine.
"""

from flask import flash
from flask_babel import gettext as _

from admin.engine import Away, InForce, Refused, Reloaded


def saved_and_reloaded(text: str, answer: Reloaded) -> None:
    """`text` says what was saved; the rest, when calls are routed by it."""
    match answer:
        case InForce():
            flash(_("%(text)s Rige desde ahora.", text=text), "success")
        case Away():
            flash(_("%(text)s El motor no responde: el cambio regirá cuando vuelva.", text=text), "warning")
        case Refused(problems):
            told = _("%(text)s Pero el motor no puede usar la configuración y sigue con la anterior:", text=text)
            flash({"text": told, "items": list(problems)}, "error")
