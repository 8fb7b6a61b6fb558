"""Source text: its names, structures such as `[[W_11, W_12], b] = parameters`, and how it runs and fails."""

import ast
import itertools
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from ...network.tensor import Tensor
from ...shapes import nested
from ...tree import map_ends
from ...value import Value
from ...writing.code import identifier

Called: TypeAlias = Callable[[Value | Tensor], str | None]  #: the name of a node, or None
INDENT = "    "
EXPRESSION = 72  # the width of what stands right of `name = `, for lines of about 88


_SIGNS = {ord("′"): "_prime", ord("·"): "_"}  # so that z′₁ is not z₂, and W·x not a product


class Identifiers:
    """Valid identifiers, each given out once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*keyword.kwlist, *taken}
        self.next: dict[str, int] = {}  # the number that was last put behind a name

    def new(self, label: str) -> str:
        name = identifier(label.translate(_SIGNS))
        stem = name.removesuffix("_1")
        while name in self.taken:
            self.next[stem] = self.next.get(stem, 1) + 1
            name = f"{stem}_{self.next[stem]}"
        self.taken.add(name)
        return name


def name_of(node: Any, called: Called | None = None) -> str | None:
    """What a Value, Tensor or Term is called, if it is called something: by `called`, else by its label."""
    name = called(node) if called and isinstance(node, (Value, Tensor)) else None
    return name or getattr(node, "label", None) or None


def unpacked(
    tree: Any, name: str, names: Identifiers, line: Callable[[str], None], called: Called | None = None
) -> list[tuple[Any, str]]:
    """Lines that give what is at each end of the structure `name` a name of its own; the ends with those names.

    The ends of a Tensor are its Values.
    """
    if isinstance(tree, Tensor):
        if not tree.shape:
            return [(tree.values[0], name)]
        found = [(x, names.new(name_of(x, called) or f"{name}_{i}")) for i, x in enumerate(tree.values, start=1)]
        line(f"{laid_out(nested([name for _, name in found], tree.shape), str)} = {name}")
        return found
    if not isinstance(tree, (dict, list, tuple)):
        return [(tree, name)]
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree, start=1)
    parts = [(names.new(name_of(part, called) or f"{name}_{key}"), part) for key, part in branches]
    if isinstance(tree, dict):
        for key, (part_name, _) in zip(tree, parts):
            line(f"{part_name} = {name}[{key_as_code(key)}]")
    else:
        line(f"{laid_out([part_name for part_name, _ in parts], str)} = {name}")
    return [pair for part_name, part in parts for pair in unpacked(part, part_name, names, line, called)]


def print_reader(function: str, trees: dict[str, Any]) -> str:
    """The source of a function whose result is the flat list of all ends of its arguments."""
    names, lines, at_ends = Identifiers(trees), list[str](), list[str]()
    for name, tree in trees.items():
        at_ends += [end for _, end in unpacked(tree, name, names, lines.append)]
    lines.append(f"return {laid_out(at_ends, str)}")
    body = "\n".join(lines).replace("\n", f"\n{INDENT}")
    return f"def {function}({', '.join(trees)}):\n{INDENT}{body}\n"


def print_writer(function: str, tree: Any) -> str:
    """The source of a function that gives a flat list the structure of the tree, the inverse of a reader."""
    places = itertools.count()

    def end(_: Any) -> str:
        return f"flat[{next(places)}]"

    return f"def {function}(flat):\n{INDENT}return {laid_out(unfolded(tree, end), str)}\n"


def key_as_code(key: Any) -> str:
    """A key of a dict as it is written in source, one of NumPy as Python's. Raises TypeError where it cannot be."""
    if isinstance(key, tuple):
        return f"({''.join([key_as_code(part) + ', ' for part in key])})"
    text = repr(key.item() if hasattr(key, "item") else key)
    with suppress(SyntaxError, ValueError):
        if ast.literal_eval(text) == key:
            return text
    raise TypeError(
        f"compile_graph: the key {key!r} cannot be written in a program; keys are text, numbers, or tuples of them"
    )


def ends(tree: Any) -> list[Any]:
    """The Values and Tensors of a structure, from left to right."""
    found: list[Any] = []
    map_ends(found.append, tree)
    return found


def unfolded(tree: Any, end: Callable[[Any], Any]) -> Any:
    """The structure with lists for Tensors, and `end(x)` for what stands at its ends."""
    return map_ends(lambda x: nested([*map(end, x.values)], x.shape) if isinstance(x, Tensor) else end(x), tree)


def laid_out(tree: Any, text: Callable[[Any], str]) -> str:
    """The structure as Python writes it: on one line, or else rows below each other."""
    if isinstance(tree, dict):
        opening, closing = "{", "}"
        items = [f"{key_as_code(key)}: {laid_out(branch, text)}" for key, branch in tree.items()]
    elif isinstance(tree, (list, tuple)):
        opening, closing = "()" if isinstance(tree, tuple) else "[]"
        items = [laid_out(branch, text) for branch in tree]
    else:
        return text(tree)
    one_line = ", ".join(items) + ("," if opening == "(" and len(items) == 1 else "")
    if len(one_line) < EXPRESSION and "\n" not in one_line:
        return opening + one_line + closing
    items = [item + "," for item in items]
    flat = opening != "{" and not any([item[0] in "[({" for item in items])
    rows = filled(items) if flat else [line for item in items for line in item.split("\n")]
    return "\n".join([opening, *["    " + row for row in rows], closing])


def filled(words: list[str]) -> list[str]:
    """The words on as few lines as they need, as many on each."""
    longest = max(map(len, words), default=0) + 1
    lines = -(-len(words) // max(1, EXPRESSION // longest))
    n = -(-len(words) // max(1, lines))
    return [" ".join(words[i : i + n]) for i in range(0, len(words), n)]


# How source runs, and what is said where it fails.


class Text(NamedTuple):
    """A program as it was printed.

    Attributes:
        body: its functions, and the constants above them.
        library, functions: what it imports.
        structures: functions that it is called with: a `program` that takes what it takes, and `results`, make flat
            lists of the arguments and of a result, `arguments` and `result` the structures again.
    """

    body: str
    library: str
    functions: list[str]
    structures: str

    @property
    def source(self) -> str:
        imported = f"from {self.library} import {', '.join(self.functions)}\n\n\n" if self.functions else ""
        return imported + self.body


class Printed:
    """A function that was printed. It can be pickled: what is left is its text."""

    def __init__(self, text: Text) -> None:
        self.source = text.source
        self.function: Callable[..., Any] = run(self.source)["program"]
        self.__wrapped__ = self.function  # where inspect.signature looks
        self._text = text
        self._structures = run(text.structures)

    def _inputs(self, *arguments: Any, **keywords: Any) -> list[Any]:
        """What is at the ends of the arguments."""
        try:
            return list(self._structures["program"](*arguments, **keywords))
        except FAILURES as error:
            raise explained(self._text.structures, error) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._text,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.source.splitlines())} lines>"

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.source}\n```"


FILE = "<program>"  # the name under which printed programs are compiled

#: What a step, or an argument that does not fit, can raise.
FAILURES = (ZeroDivisionError, OverflowError, ArithmeticError, TypeError, LookupError, ValueError)


def run(source: str, functions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The names that a source defines; it is also given the functions."""
    names = dict(functions or {})
    exec(compile(source, FILE, "exec"), names)
    return names


def explained(source: str, error: Exception) -> Exception:
    """The error with the step of the source that raised it and its numbers."""
    kind = next(kind for kind in FAILURES if isinstance(error, kind))
    place = error.__traceback__ and error.__traceback__.tb_next  # below the frame that caught the error
    if place is None:
        return kind(str(error))  # too few arguments, or too many
    if place.tb_frame.f_code.co_filename != FILE:
        return kind(f'a result is not a finite real number ({error}); level="tensor" makes programs of arrays')
    positions: Any = list(place.tb_frame.f_code.co_positions())
    first, last, start, end = positions[place.tb_lasti // 2]
    step = source.splitlines()[place.tb_lineno - 1].strip()
    part = ast.Pass(lineno=first, end_lineno=last, col_offset=start, end_col_offset=end)
    what = " ".join((ast.get_source_segment(source, part) or step).split())
    if what.startswith("[") or what.endswith("]"):
        return kind(f"the argument does not fit the inputs, {what}: {error}")
    known = place.tb_frame.f_locals
    numbers = [f"{name} = {known[name]!r}" for name in dict.fromkeys(re.findall(r"\w+", what)) if name in known]
    where = f" where {', '.join(numbers)}" if numbers else ""
    return kind(f"{what} has no finite value{where}: {error} (line {place.tb_lineno}, {step})")


def origin(source: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """Which step of a run was the first to leave the finite numbers."""
    body, _, result = source.rpartition("\n    return ")
    program: Callable[..., dict[str, Any]] = run(f"{body}\n    return locals()")["program"]
    for name, number in program(*arguments, **keywords).items():  # in the order in which they were computed
        if isinstance(number, float) and not isfinite(number):
            steps = [line.strip() for line in body.splitlines() if line.strip().startswith(f"{name} = ")]
            return f"{name} is {number}" + (f" in {steps[0]}" if steps else ", which is not a finite number")
    return f"a result is not finite: {' '.join(result.split())}"
