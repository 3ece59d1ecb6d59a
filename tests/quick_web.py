"""What many tests that each make a web of their own need not do again: `quick_web`, for a folder's conftest.

Owns: cheap password hashes, templates and addresses compiled once a test process. Must not: change what a page says,
or who may see it. The cost of the product's own hashes is held by `web/test_login.py`, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from admin import passwords


@pytest.fixture(scope="session")
def quick_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # The same argon2id with little memory.
        cheap = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_NOBODY", cheap.hash("nobody"))
        cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": cache})
        patch.setattr(Rule, "_compile_builder", _remembering(Rule._compile_builder))
        yield


def _remembering(compile_builder: Callable[..., Any]) -> Callable[..., Any]:
    """Werkzeug compiles two functions for each of the web's 390 addresses, four fifths of what an application costs.
    They depend on the rule's text and defaults alone: which converters there are is the same for every application.
    """
    made: dict[tuple[Any, ...], Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    return builder
