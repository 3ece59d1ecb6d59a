"""The state diagram of a call, drawn from the core's own text: `make docs` writes docs/state-diagram.md.

Owns: reading which phase each branch of the core may lead to. Must not: run the core: the simulation does, and a test
holds what it saw against what is read here.

A phase's handler matches on the event; a branch may lead to whatever phase is constructed in it, or in any function of
the core that it calls. That is a little more than can happen (a function is read whole, whatever it is called with),
and never less.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "ari_app" / "core"
PAGE = ROOT / "docs" / "state-diagram.md"
PACKAGE = "ari_app.core"
SHOWN = 3
"""Events written on an arrow; the table has them all."""

Function = tuple[str, str]
"""Module and name."""
Edges = dict[tuple[str, str], set[str]]
"""From one phase to another: by which events."""


class _Core:
    """The functions of the core, what they call and which phases they make."""

    def __init__(self) -> None:
        self.trees = {path.stem: ast.parse(path.read_text()) for path in sorted(CORE.glob("*.py"))}
        self.functions: dict[Function, ast.FunctionDef] = {}
        self.names: dict[str, dict[str, Function]] = {}
        self.modules: dict[str, dict[str, str]] = {}
        for module, tree in self.trees.items():
            self._read(module, tree)
        self.phases = tuple(self._phases())

    def _read(self, module: str, tree: ast.Module) -> None:
        names = self.names[module] = {}
        modules = self.modules[module] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self.functions[module, node.name] = node
                names[node.name] = (module, node.name)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
                for alias in node.names:
                    bound = alias.asname or alias.name
                    if node.module == PACKAGE:
                        modules[bound] = alias.name
                    else:
                        names[bound] = (node.module.removeprefix(PACKAGE + "."), alias.name)

    def _phases(self) -> Iterator[str]:
        for node in self.trees["call"].body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "Call":
                yield from (part.strip() for part in ast.unparse(node.value).split("|"))

    def refers(self, module: str, part: ast.AST) -> Iterator[Function]:
        """The core's functions that this text names: called, or handed on to be called."""
        for node in ast.walk(part):
            found = None
            if isinstance(node, ast.Name):
                found = self.names[module].get(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                of = self.modules[module].get(node.value.id)
                found = (of, node.attr) if of else None
            if found in self.functions:
                yield found

    def makes(self, part: ast.AST) -> Iterator[str]:
        for node in ast.walk(part):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                if name in self.phases:
                    yield name

    @cache  # noqa: B019  one core a run
    def leads_to(self, function: Function) -> frozenset[str]:
        """The phases that this function, or any that it calls, makes."""
        seen: set[Function] = set()
        waiting = [function]
        made: set[str] = set()
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            made.update(self.makes(self.functions[one]))
            waiting += self.refers(one[0], self.functions[one])
        return frozenset(made)

    def branch(self, module: str, body: list[ast.stmt]) -> set[str]:
        made: set[str] = set()
        for statement in body:
            made.update(self.makes(statement))
            for function in self.refers(module, statement):
                made |= self.leads_to(function)
        return made


def _classes(pattern: ast.AST) -> Iterator[str]:
    """The classes that a case's pattern matches at its top."""
    if isinstance(pattern, ast.MatchClass):
        yield ast.unparse(pattern.cls).rpartition(".")[2]
    elif isinstance(pattern, ast.MatchOr):
        for one in pattern.patterns:
            yield from _classes(one)
    elif isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        yield from _classes(pattern.pattern)


def _match_on(function: ast.FunctionDef, subject: str) -> ast.Match | None:
    for node in function.body:
        if isinstance(node, ast.Match) and ast.unparse(node.subject) == subject:
            return node
    return None


def read() -> tuple[Edges, dict[str, set[str]]]:
    """The transitions by phase, and the phases in which a call begins: by arrival, by adoption …"""
    core = _Core()
    edges: Edges = {}
    outer = _match_on(core.functions["inbound", "step"], "call")
    assert outer is not None, "inbound.step matches on the call"
    handled: set[str] = set()
    for case in outer.cases:
        for phase in _classes(case.pattern):
            handled.add(phase)
            handlers = {one for statement in case.body for one in core.refers("inbound", statement)}
            for handler in handlers:
                for event, after in _branches(core, handler):
                    if after != phase:
                        edges.setdefault((phase, after), set()).add(event)
    assert handled == set(core.phases), f"every phase has its handler: {set(core.phases) ^ handled}"
    begins = {
        "an INVITE": core.leads_to(("inbound", "arrive")),
        "found on the switch": core.leads_to(("adoption", "adopt")),
    }
    return edges, {how: set(phases) for how, phases in begins.items()}


def _branches(core: _Core, handler: Function) -> Iterator[tuple[str, str]]:
    """Event and phase. A handler may be a frame around another, or leave to it what it has no case for."""
    module, _ = handler
    function = core.functions[handler]
    inner = _match_on(function, "event")
    cases = inner.cases if inner else []
    rest: list[ast.stmt] = [statement for statement in function.body if statement is not inner]
    for case in cases:
        events = list(_classes(case.pattern))
        if not events:
            rest += case.body
        for event in events:
            for phase in core.branch(module, case.body):
                yield event, phase
    for statement in rest:
        within = {one for one in core.refers(module, statement) if one != handler and _handles(core, one)}
        for one in within:
            yield from _branches(core, one)
        if not within:
            # What stands beside the match happens whatever the event is.
            for phase in core.branch(module, [statement]):
                for case in cases:
                    for event in _classes(case.pattern):
                        yield event, phase


def _handles(core: _Core, function: Function) -> bool:
    names = [argument.arg for argument in core.functions[function].args.args]
    return names[:2] == ["call", "event"] and _match_on(core.functions[function], "event") is not None


def page() -> str:
    """The whole of docs/state-diagram.md."""
    edges, begins = read()
    order = _Core().phases
    lines = [
        "# The phases of a call",
        "",
        "Drawn from `ari_app/core` by `make docs`; a test fails when it is stale. An arrow says: this event *may* lead"
        " there. Every other event leaves the call in its phase, and every phase answers every event in writing.",
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    for how, phases in begins.items():
        lines += [f"    [*] --> {phase}: {how}" for phase in order if phase in phases and phase != "Ended"]
    for phase in order:
        for after in order:
            by = sorted(edges.get((phase, after), ()))
            # What holds nothing any more passes through Clearing in one step: the table has it, the picture need not.
            if by and not (after == "Ended" and phase != "Clearing"):
                more = f" +{len(by) - SHOWN}" if len(by) > SHOWN else ""
                lines.append(f"    {phase} --> {after}: {', '.join(by[:SHOWN])}{more}")
    lines += ["    Ended --> [*]", "```", "", "| from | to | by |", "|---|---|---|"]
    for phase in order:
        for after in order:
            by = sorted(edges.get((phase, after), ()))
            if by:
                lines.append(f"| {phase} | {after} | {', '.join(by)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} is up to date", file=sys.stderr)
