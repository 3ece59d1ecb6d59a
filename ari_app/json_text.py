"""JSON out of the engine that never fails on what a caller's name may contain.

Owns: encoding of our values (read-only mappings, enums, decimals, dataclasses) as UTF-8. Must not: know any message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_encoder: Final = msgspec.json.Encoder(enc_hook=_plain)


def encode(value: Any) -> bytes:
    """`value` as JSON. Text that is no Unicode (a lone surrogate) is mended with `?`, never refused.

    Raises TypeError for what is not JSON at all.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_mended(msgspec.to_builtins(value, enc_hook=_plain)))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value
