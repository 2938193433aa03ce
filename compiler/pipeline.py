"""Pipelines as text.

    fold-batch-norm,fuse{max-ops=8},func.func(canonicalize,cse)

    pipeline ::= element (`,` element)*
    element  ::= name options? | op-name `(` pipeline `)`      passes inside run on every op of that name
    options  ::= `{` (key (`=` value (`,` value)*)?)* `}`       separated by blanks; a bare key is true
    value    ::= integer | float | `true` | `false` | word | `"` text `"`

A name is a pass, a named pipeline of the registry, or a target: `native` is the target's whole way down,
`native-to-tensor` its part down to that level, `native-from-tensor` the rest of the way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from .diagnostics import StepwellError, caret, did_you_mean
from .registry import REGISTRY

Value = str | int | float | bool
Options = Mapping[str, tuple[Value, ...]]

TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<text>"(?:\\.|[^"\\])*")
      | (?P<word>[A-Za-z0-9_.+-]+)
      | (?P<mark>[{}(),=])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class PassText:
    """A pass as it is written: `fuse{max-ops=8}`, at its place in the text."""

    name: str
    options: Options
    column: int


@dataclass(frozen=True)
class NestText:
    """Passes to run on every op of a name: `func.func(canonicalize,cse)`."""

    anchor: str
    elements: tuple[ElementText, ...]
    column: int


ElementText = PassText | NestText


@dataclass
class PipelineParser:
    """A recursive descent over the grammar above."""

    text: str
    position: int = 0

    @cached_property
    def tokens(self) -> list[tuple[str, str, int]]:
        """(kind, text, column) of every token that is no blank, and one for the end."""
        found: list[tuple[str, str, int]] = []
        at = 0
        while at < len(self.text):
            match = TOKEN.match(self.text, at)
            if match is None:
                self.fail(f"'{self.text[at]}' has no meaning in a pipeline", at + 1)
            if match.lastgroup != "blank":
                found.append((match.lastgroup or "", match.group(), at + 1))
            at = match.end()
        return [*found, ("end", "", len(self.text) + 1)]

    def parse(self) -> tuple[ElementText, ...]:
        if self.tokens[0][0] == "end":
            return ()
        elements = tuple(self.elements())
        if self.tokens[self.position][0] != "end":
            self.fail("a comma is expected between two passes")
        return elements

    def elements(self) -> Iterator[ElementText]:
        yield self.element()
        while self.accept(","):
            yield self.element()

    def element(self) -> ElementText:
        column = self.tokens[self.position][2]
        name = self.word("the name of a pass is expected")
        if self.accept("("):
            inner = tuple(self.elements())
            self.expect(")")
            return NestText(name, inner, column)
        options: dict[str, tuple[Value, ...]] = {}
        for key, values in self.options() if self.accept("{") else ():
            if key in options:
                self.fail(f"option '{key}' is given twice")
            options[key] = values
        return PassText(name, options, column)

    def options(self) -> Iterator[tuple[str, tuple[Value, ...]]]:
        while not self.accept("}"):
            key = self.word("the name of an option, or '}', is expected")
            values: list[Value] = []
            if self.accept("="):
                values.append(self.value())
                while self.accept(","):
                    values.append(self.value())
            yield key, tuple(values)

    def value(self) -> Value:
        kind, text, _ = self.tokens[self.position]
        if kind not in ("word", "text"):
            self.fail("a value is expected")
        self.position += 1
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "text" else plain_value(text)

    def word(self, otherwise: str) -> str:
        kind, text, _ = self.tokens[self.position]
        if kind != "word":
            self.fail(otherwise)
        self.position += 1
        return text

    def accept(self, mark: str) -> bool:
        kind, text, _ = self.tokens[self.position]
        if kind != "mark" or text != mark:
            return False
        self.position += 1
        return True

    def expect(self, mark: str) -> None:
        if not self.accept(mark):
            self.fail(f"'{mark}' is expected")

    def fail(self, what: str, column: int | None = None) -> NoReturn:
        column = self.tokens[self.position][2] if column is None else column
        raise StepwellError(f"pipeline: {what}", source=caret(self.text, column))


INTEGER = re.compile(r"[+-]?\d+")
FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def plain_value(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if FLOAT.fullmatch(text) else text


# From what is written to passes.


def named_pipeline(name: str) -> str | None:
    """The text that a name stands for: a row of the registry's pipelines, or a part of a target's way down."""
    if (path := REGISTRY.find("pipelines", name)) is not None:
        made: Any = REGISTRY.load(path)
        return cast(str, made() if callable(made) else made)
    target, join, level = re.fullmatch(r"(.+?)(?:-(to|from)-([a-z]+))?", name).groups()  # pyright: ignore[reportOptionalMemberAccess]
    if REGISTRY.find("targets", target) is None:
        return None
    found = REGISTRY.load_target(target)
    phases: Sequence[tuple[str, str]] = found.pipeline(found.options())
    levels = [phase_level for phase_level, _ in phases]
    if level is None:
        start, end = 0, len(phases)
    elif level not in levels:
        raise StepwellError(
            f"the way down of '{target}' has no level '{level}'", fix=f"its levels: {', '.join(dict.fromkeys(levels))}"
        )
    else:  # a level may take several phases: its last one ends it
        split = len(levels) - levels[::-1].index(level)
        start, end = (0, split) if join == "to" else (split, len(phases))
    return ",".join(text for _, text in phases[start:end] if text)


def unknown_pass(name: str, source: str) -> StepwellError:
    known = [*REGISTRY.names("passes"), *REGISTRY.names("pipelines"), *REGISTRY.names("targets")]
    fixes = [did_you_mean(name, known) or "stepwell-opt --list-passes names them all", *REGISTRY.plugin_errors]
    return StepwellError(f"there is no pass '{name}'", fix="; ".join(fixes), source=source)


def option_name(field_name: str) -> str:
    return field_name.replace("_", "-")


def make_pass(cls: type[Any], options: Options) -> Any:
    """A pass from the options as written; they are checked against the fields of its dataclass."""
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init and field.name != "name"}
    hints = get_type_hints(cls)
    given: dict[str, Any] = {}
    for key, values in options.items():
        field_name = key.replace("-", "_")
        if field_name not in fields:
            known = [option_name(name) for name in fields]
            fix = did_you_mean(key, known) or (f"its options: {', '.join(known)}" if known else "it has no options")
            raise StepwellError(f"pass '{cls.name}' has no option '{key}'", fix=fix)
        fits, value = convert(values, hints[field_name])
        if not fits:
            given_text = ",".join(written(value) for value in values) or "nothing"
            raise StepwellError(f"pass '{cls.name}': option '{key}' is {said(hints[field_name])}, not {given_text}")
        given[field_name] = value
    for name, field in fields.items():
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if name not in given and no_default:
            raise StepwellError(
                f"pass '{cls.name}' needs option '{option_name(name)}'",
                fix=f"{cls.name}{{{option_name(name)}={said(hints[name])}}}",
            )
    return cls(**given)


def convert(values: tuple[Value, ...], hint: Any) -> tuple[bool, Any]:
    """(whether they fit, the value) of what is written after a key, for a field of type `hint`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        for choice in args:
            fits, value = convert(values, choice)
            if fits:
                return True, value
        return False, None
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        converted = [convert((value,), args[0]) for value in values]
        return all(fits for fits, _ in converted), tuple(value for _, value in converted)
    if origin is Literal:
        return len(values) == 1 and values[0] in args, values[0] if values else None
    if hint is NoneType:
        return not values, None
    if hint is bool and not values:
        return True, True
    if len(values) != 1:
        return False, None
    value = values[0]
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return True, float(value)
    return type(value) is hint, value


NAMES_OF_TYPES = {int: "an integer", float: "a number", bool: "true or false", str: "a word", NoneType: "nothing"}


def said(hint: Any) -> str:
    """A type as words: `an integer`, `one of 'none', 'all'`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(said(choice) for choice in args)
    if origin is tuple:
        return f"a list of which each is {said(args[0])}"
    if origin is Literal:
        return "one of " + ", ".join(f"'{choice}'" for choice in args)
    return NAMES_OF_TYPES.get(hint, str(hint))


def written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ",".join(written(v) for v in value)  # pyright: ignore[reportUnknownVariableType]
    text = str(value)
    if isinstance(value, str) and (not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.+-]*", text) or text in ("true", "false")):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def pass_text(item: Any) -> str:
    """A pass as it is written in a pipeline; options that have their default are left out."""
    options: list[str] = []
    for field in dataclasses.fields(item):
        if not field.init or field.name == "name":
            continue
        value = getattr(item, field.name)
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        if value != default:
            key = option_name(field.name)
            options.append(key if value is None else f"{key}={written(value)}")
    return f"{item.name}{{{' '.join(options)}}}" if options else item.name
