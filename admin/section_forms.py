"""The fields of which sections' forms are made.

Owns: how a field is read from a request and shown. Must not: check values: `models.checks` does, for every writer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final

from flask import g, has_app_context
from markupsafe import Markup
from wtforms import BooleanField, Field, FileField, Form, SelectField, StringField, TextAreaField
from wtforms.fields.core import UnboundField

from admin.problems import problem_text
from models.values.errors import InvalidValue

__all__ = [
    "Check", "Choice", "Color", "File", "Lines", "LongText", "Members", "Number", "SectionForm", "Text", "labels_of",
    "options_of",
]  # fmt: skip

Options = Callable[[], Iterable[tuple[str, Any]]]


def read_options(options: Options) -> list[tuple[str, Any]]:
    """The options of a field; where many forms of one kind are made (`g.options_once`) they are read once."""
    known: dict[Options, list[tuple[str, Any]]] | None = g.get("options_once") if has_app_context() else None
    if known is None:
        return list(options())
    if options not in known:
        known[options] = [(value, str(label)) for value, label in options()]
    return known[options]


class SectionForm(Form):
    """`groups`: titles and the fields under them; a form without groups is one group."""

    groups: ClassVar[Sequence[tuple[Any, Sequence[str]]]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.problems: list[str] = []  # of the form as a whole
        super().__init__(*args, **kwargs)

    def typed(self) -> dict[str, Any]:
        """What stands in the fields, by name, as `models.checks` takes it."""
        return {name: field.data for name, field in self._fields.items() if not isinstance(field, FileField)}

    def show(self, errors: Mapping[str, InvalidValue]) -> None:
        """Puts each error beside its field; one that has no field stands over the form."""
        for name, problem in errors.items():
            if name in self._fields:
                self.refuse(name, problem_text(problem))
            else:
                self.problems.append(problem_text(problem))

    def refuse(self, name: str, text: str) -> None:
        if name not in self._fields:
            self.problems.append(text)
            return
        field = self._fields[name]
        field.errors = [*field.errors, text]

    def sections(self) -> list[tuple[Any, list[Field]]]:
        if not self.groups:
            return [("", list(self))]
        return [(title, [self[name] for name in names if name in self]) for title, names in self.groups]

    @property
    def is_refused(self) -> bool:
        return bool(self.problems) or any(field.errors for field in self)


class _Described:
    """`help` stands under the field, `span` makes it as wide as the form, `attributes` go on the element."""

    def __init__(
        self, label: Any = "", *, help: Any = "", span: bool = False, attributes: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self.help = help
        self.span = span
        self.attributes = dict(attributes or {})
        super().__init__(label, **kwargs)  # type: ignore[call-arg]

    @property
    def written(self) -> Markup:
        """The attributes as they stand in the element."""
        return _written(*((name, None if value is True else str(value)) for name, value in self.attributes.items()))


@lru_cache(maxsize=512)
def _written(*attributes: tuple[str, str | None]) -> Markup:
    """Kept: a page has five hundred cells of ten kinds."""
    alone, valued = Markup(" {}"), Markup(' {}="{}"')
    return Markup("").join((alone if value is None else valued).format(name, value) for name, value in attributes)


class Text(_Described, StringField):
    widget_kind: Final = "text"

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else str(value)


class LongText(_Described, TextAreaField):
    widget_kind: Final = "long"


class Number(_Described, StringField):
    """A whole number, or an amount: kept as typed."""

    widget_kind: Final = "number"

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else str(value)


class Color(_Described, StringField):
    widget_kind: Final = "color"


class Check(_Described, BooleanField):
    widget_kind: Final = "check"


class File(_Described, FileField):
    widget_kind: Final = "file"


class Choice(_Described, SelectField):
    """A drop-down; `empty` is the words for no choice. A stored value that is no option any more is kept."""

    widget_kind: Final = "choice"

    def __init__(self, label: Any = "", *, options: Options, empty: Any = None, **kwargs: Any) -> None:
        self._options = options
        self._empty = empty
        super().__init__(label, choices=[], validate_choice=False, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        empty = [("", self._empty)] if self._empty is not None else []
        self.choices = [*empty, *((str(value), label) for value, label in read_options(self._options))]
        super().process(*args, **kwargs)

    def process_data(self, value: Any) -> None:
        key = getattr(value, "id", value)
        self.data = "" if key is None else str(getattr(key, "value", key))
        if self.data and self.data not in {str(known) for known, _label in self.choices or ()}:
            self.choices = [*(self.choices or ()), (self.data, str(getattr(value, "name", self.data)))]


class Lines(_Described, TextAreaField):
    """Several texts, one a line; a list in Python."""

    widget_kind: Final = "long"

    def process_data(self, value: Any) -> None:
        self.data = [] if value is None else [str(one) for one in value]

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = [line.strip() for line in valuelist[0].splitlines() if line.strip()]

    def _value(self) -> str:
        return "\n".join(self.data or ())


class Members(_Described, Field):
    """Rows of another table, ticked, each with a priority when `ranked`. Data: {id: priority}."""

    widget_kind: Final = "members"
    MAX_PRIORITY: Final = 999

    def __init__(
        self, label: Any = "", *, options: Options, ranked: bool = False, empty: Any = "", **kwargs: Any
    ) -> None:
        self._options = options
        self.ranked = ranked
        self.empty = empty
        super().__init__(label, **kwargs)

    def process(self, formdata: Any, data: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        self.options = [(int(key), label) for key, label in read_options(self._options)]
        super().process(formdata, data if isinstance(data, Mapping) else {}, **kwargs)
        if formdata is not None and f"{self.name}-shown" in formdata:
            known = {key for key, _label in self.options}
            chosen = [int(text) for text in formdata.getlist(self.name) if text.isdigit() and int(text) in known]
            self.data = {key: self._priority(formdata.get(f"{self.name}-priority-{key}", "")) for key in chosen}

    def in_order(self) -> list[tuple[int, str]]:
        """The options as they are shown: with priorities, those chosen first, as they ring."""
        if not self.ranked:
            return list(self.options)
        last = self.MAX_PRIORITY + 1
        return sorted(self.options, key=lambda one: self.data.get(one[0], last))

    def process_formdata(self, valuelist: list[str]) -> None:
        """All is done in `process`: it needs the priorities too."""

    def _priority(self, text: str) -> int:
        if not text.strip():
            return 0
        if not (text.strip().isascii() and text.strip().isdigit() and int(text) <= self.MAX_PRIORITY):
            problem = InvalidValue("out_of_range", minimum=0, maximum=self.MAX_PRIORITY, value=text[:10])
            self.process_errors.append(problem_text(problem))
            return 0
        return int(text)


def options_of(form_class: type[SectionForm] | None) -> Iterator[tuple[str, type[Field], Options]]:
    """The fields of a form that choose among rows or words, and among which; no form is made for it."""
    for name in dir(form_class):
        unbound = getattr(form_class, name)
        if isinstance(unbound, UnboundField) and "options" in unbound.kwargs:
            yield name, unbound.field_class, unbound.kwargs["options"]


def labels_of(form_class: type[SectionForm] | None) -> dict[str, Any]:
    """What each field of a form is called."""
    fields = ((name, getattr(form_class, name)) for name in dir(form_class))
    return {name: one.args[0] for name, one in fields if isinstance(one, UnboundField) and one.args}
