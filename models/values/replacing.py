"""`dataclasses.replace` at a third of its cost, for values that are replaced dozens of times a call.

Owns: copying a dataclass with slots field by field. Must not: be taken for another function: any class that it does
not know how to copy (no slots, a `__post_init__`, fields that are not given to `__init__`) is left to dataclasses.

To a type checker it is `dataclasses.replace` itself, so each field's name and type are checked as ever.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    import dataclasses
    from types import MemberDescriptorType

    _copiers: dict[type, Any] = {}

    def replace(value: Any, /, **changes: Any) -> Any:
        """`value` with these fields changed. Raises TypeError for a field that it does not have."""
        cls = value.__class__
        try:
            copier, setters = _copiers[cls]
        except KeyError:
            copier, setters = _copiers[cls] = _copier_of(cls)
        if copier is None:
            return dataclasses.replace(value, **changes)
        new = copier(value)
        for name, changed in changes.items():
            try:
                setter = setters[name]
            except KeyError:
                raise TypeError(f"{cls.__name__} has no field {name!r}") from None
            setter(new, changed)
        return new

    def _copier_of(cls: type) -> tuple[Any, dict[str, Any]]:
        """A function that copies a `cls`, written out field by field as dataclasses writes its own, and the setters."""
        known = dataclasses.fields(cls)
        slots = {one.name: getattr(cls, one.name, None) for one in known}
        plain = all(isinstance(slot, MemberDescriptorType) for slot in slots.values()) and all(
            one.init for one in known
        )
        if not plain or hasattr(cls, "__post_init__"):
            return None, {}
        setters = {name: slot.__set__ for name, slot in slots.items()}
        lines = [f"    set_{name}(new, old.{name})" for name in setters]
        text = "def copied(old):\n    new = make(cls)\n" + "\n".join(lines) + "\n    return new\n"
        scope: dict[str, Any] = {"make": object.__new__, "cls": cls}
        scope |= {f"set_{name}": setter for name, setter in setters.items()}
        exec(text, scope)  # noqa: S102  of field names alone, as dataclasses does
        return scope["copied"], setters
