"""How a load goes from one state to the next.

Owns: the writes. Must not: import what reads files: the process that watches is small and starts at once.
"""

from models.tables import ContactImport, now
from models.tables.imports import ImportState


def put(load: ContactImport, state: ImportState, **values: object) -> None:
    load.state = state
    for name, value in values.items():
        setattr(load, name, value)
    ContactImport.update(state=state, **values).where(ContactImport.id == load.id).execute()


def end(load: ContactImport, state: ImportState, **values: object) -> None:
    put(load, state, ended_at=now(), **values)


def give_up(load: ContactImport, code: str, params: dict[str, object]) -> None:
    """What it made is undone next."""
    put(load, ImportState.UNDOING, failure=[code, params])


def refuse(load: ContactImport, code: str, params: dict[str, object]) -> None:
    """A file that cannot be read: nothing was written of it."""
    end(load, ImportState.FAILED, failure=[code, params])
