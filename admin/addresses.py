"""`url_for` of templates: addresses that differ in a row's key alone are built once.

Owns: the memory of their shapes. Must not: know an endpoint, or what `url_for` makes of it: all of that is Flask's.

A list of fifty rows asks for four hundred addresses of some forty shapes. A shape is learned by having Flask build it
with values that stand nowhere else; where they then stand others are put, of those that are written as they are.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, request

_SHAPES: Final = 2_000  # of one place of the application, should anybody make up arguments
_PLACES: Final = 8
_MOST: Final = 3  # values
_AS_IT_IS: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII).fullmatch
_STANDS_IN: Final[dict[type, list[Any]]] = {
    int: [9_182_736_455_463_728_10 + number for number in range(_MOST)],
    str: [f"zXq9-stands-in-{number}-zXq9" for number in range(_MOST)],
}

Build = Callable[..., str]


class Shape:
    """The texts around the values, and which value comes where."""

    def __init__(self, texts: list[str], order: list[str]) -> None:
        self._format = "%s".join(text.replace("%", "%%") for text in texts)
        self._order = order

    def address(self, values: dict[str, Any]) -> str:
        return self._format % tuple([values[name] for name in self._order])


def init_app(app: Flask) -> None:
    app.jinja_env.globals["url_for"] = quick(app.url_for)


def quick(build: Build) -> Build:
    """`build`, asked only for shapes that it was not asked for before."""
    places: dict[str, dict[Any, Shape | None]] = {}

    def url_for(endpoint: str, **values: Any) -> str:
        # What is relative to the page, and what has no page, is Flask's.
        if endpoint[0] == "." or len(values) > _MOST or not request:
            return build(endpoint, **values)
        kinds: list[Any] = [endpoint]
        for name, value in values.items():
            kind = type(value)
            if name[0] == "_" or not ((kind is int and value >= 0) or (kind is str and _AS_IT_IS(value))):
                return build(endpoint, **values)
            kinds += (name, kind)
        known = _room(places, request.script_root, _PLACES, dict)
        shape = _room(known, tuple(kinds), _SHAPES, lambda: _learned(build, endpoint, values))
        return build(endpoint, **values) if shape is None else shape.address(values)

    return url_for


def _room(kept: dict[Any, Any], key: Any, most: int, make: Callable[[], Any]) -> Any:
    try:
        return kept[key]
    except KeyError:
        if len(kept) >= most:
            kept.clear()
        made = kept[key] = make()
        return made


def _learned(build: Build, endpoint: str, values: dict[str, Any]) -> Shape | None:
    """None: a value is not written as it is, or decides which address it is."""
    there = {name: _STANDS_IN[type(value)][place] for place, (name, value) in enumerate(values.items())}
    try:
        address = build(endpoint, **there)
    except (ValueError, LookupError, RuntimeError):
        return None
    if not there:
        return Shape([address], [])
    names = {str(value): name for name, value in there.items()}
    parts = re.split("(" + "|".join(map(re.escape, names)) + ")", address)
    order = [names[part] for part in parts[1::2]]
    return Shape(parts[::2], order) if sorted(order) == sorted(there) else None
