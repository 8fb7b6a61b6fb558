"""Printing a graph as one Python function: names, parentheses, lines."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter
from functools import cache
from itertools import product

from .graph import topological_order
from .nested import values_in
from .notation import element, identifier
from .simplify import Term, simplify
from .tensor import Tensor
from .value import Value

TYPE_CHECKING = False  # at run time, `import typing` would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

WIDTH = 88  # of a line
EXPRESSION = 72  # of what stands right of `name = `

# What a step without a label is called, with a number behind it.
_NAMES = {"+": "sum", "−": "diff", "×": "prod", "÷": "ratio", "^": "power"}

_FUNCTIONS = frozenset({"exp", "log", "sqrt", "tanh", "sin", "cos", "pow"})

# How tightly an expression holds together, from if-else to names and calls.
IF, PLUS, TIMES, POWER, NAME = range(5)
_LEVELS = {ast.IfExp: IF, ast.Add: PLUS, ast.Sub: PLUS, ast.Mult: TIMES, ast.Div: TIMES, ast.Pow: POWER}


@cache
def _spelling(python: str) -> tuple[list[str], int, list[str]]:
    """A row's text cut at its letters, its level, and the letters that occur more than once."""
    pieces = re.split(r"\b([ab])\b", python)
    tree = ast.parse(python, mode="eval").body
    level = _LEVELS.get(type(tree.op if isinstance(tree, ast.BinOp) else tree), NAME)
    if isinstance(tree, ast.UnaryOp):
        level = TIMES  # −a · b is read as (−a) · b, which is the same number
    return pieces, level, [letter for letter, n in Counter(pieces[1::2]).items() if n > 1]


class Printer:
    """Writes Terms as lines of Python, each step before the steps that use it."""

    def __init__(self, results: Sequence[Term]) -> None:
        self.alive = topological_order(*results)
        self.uses = Counter([*results, *[a for term in self.alive for a in term.inputs]])
        self.text: dict[Term, tuple[str, int]] = {}  # what stands for a Term, and its level
        self.open: set[Term] = set()  # the Terms for which that is still an expression, not a name
        self.lines: list[str] = []
        self.indent = "    "
        self.heading = ""
        self.functions: set[str] = set()
        self.next: dict[str, int] = {}  # the number that was last put behind a name
        self.taken = {*keyword.kwlist, *dir(builtins), *_FUNCTIONS, "program"}

    def line(self, text: str) -> None:
        """One statement; before it the heading that waits for it."""
        if self.heading:
            if self.lines:
                self.lines.append("")
            self.lines.append(f"{self.indent}# {self.heading}")
            self.heading = ""
        self.lines += [self.indent + part for part in text.split("\n")]

    def new_name(self, label: str) -> str:
        """A valid identifier for the label that nothing else has."""
        name = identifier(label)
        stem = name.removesuffix("_1")
        while name in self.taken:
            self.next[stem] = self.next.get(stem, 1) + 1
            name = f"{stem}_{self.next[stem]}"
        self.taken.add(name)
        return name

    def write(self, roots: Iterable[Term]) -> None:
        """Lines for all that the roots need and that has none yet."""
        for term in topological_order(*roots):
            if term not in self.text and self.uses[term]:
                self.express(term)

    def express(self, term: Term) -> None:
        if term.op is None:
            text = repr(term.number)
            self.text[term] = text, TIMES if text.startswith("-") else NAME
            return
        python = str(term.op.python)
        pieces, level, repeated = _spelling(python)
        self.functions.update(_FUNCTIONS.intersection(re.findall(r"\w+", python)))
        letters = dict(zip("ab", term.inputs))
        for letter in repeated:
            self.name(letters[letter])
        text = self.put_together(pieces, level, letters)
        while len(text) > EXPRESSION and (inner := [a for a in term.inputs if a in self.open]):
            self.name(max(inner, key=lambda a: len(self.text[a][0])))
            text = self.put_together(pieces, level, letters)
        self.text[term] = text, level
        self.open.add(term)
        if self.uses[term] > 1:
            self.name(term)

    def put_together(self, pieces: list[str], level: int, letters: dict[str, Term]) -> str:
        """The row's text with expressions for its letters, in parentheses where they need them."""
        parts = list(pieces)
        for i in range(1, len(pieces), 2):
            text, its_level = self.text[letters[pieces[i]]]
            # a - b - c is (a - b) - c, so on the right the same level is not enough.
            least = (PLUS, PLUS + (i > 1), TIMES + (i > 1), NAME, IF)[level]
            parts[i] = text if its_level >= least else f"({text})"
        return "".join(parts)

    def name(self, term: Term) -> None:
        """Give the expression a line and a name, if it is not a name already."""
        if term in self.open and term.op:
            self.open.remove(term)
            name = self.new_name(term.label or _NAMES.get(term.op.symbol[:1], term.op.symbol) + "_1")
            self.line(f"{name} = {self.text[term][0]}")
            self.text[term] = name, NAME


def print_program(outputs: Any, inputs: Any, sum_over: Sequence[Any] = ()) -> tuple[str, list[str]]:
    """The source of the function that `compile_graph` describes, and its names for the inputs."""
    entries = _entries(inputs)
    variables = values_in([entry for _, entry in entries])
    for x, n in Counter(variables).items():
        if n > 1:
            raise ValueError(f"compile_graph: {x} stands {n} times among the inputs; which number is it to be?")
    in_sum = [any([entry is x for x in sum_over]) for _, entry in entries]
    if sum(in_sum) != len(sum_over):
        raise ValueError("compile_graph: sum_over takes entries of the inputs, the very objects")
    results = values_in(outputs)
    order = topological_order(*results)
    terms = simplify(order, variables)
    page = Printer([terms[y] for y in results])
    forward, backward = _sections(order, results)
    of_forward = {terms[v] for v in topological_order(*forward)} if backward else set()
    for value, label in _labels(order, outputs):
        term = terms[value]
        if not term.label and not (label.startswith("∂") and term in of_forward):
            term.label = label

    def unpack(tree: Any, name: str) -> None:
        """Lines that give every number of an argument a name."""
        if isinstance(tree, Value):
            page.text[terms[tree]] = name, NAME
            return
        if isinstance(tree, Tensor):
            for i, x in enumerate(tree.values, start=1):
                page.text[terms[x]] = page.new_name(x.label or f"{name}_{i}"), NAME
            page.line(laid_out(unfolded(tree), lambda x: page.text[terms[x]][0]) + f" = {name}")
            return
        branches = tree.items() if isinstance(tree, dict) else enumerate(tree, start=1)
        parts = [(page.new_name(getattr(part, "label", None) or f"{name}_{key}"), part) for key, part in branches]
        if isinstance(tree, dict):
            for key, (part_name, _) in zip(tree, parts):
                page.line(f"{part_name} = {name}[{key!r}]")
        else:
            page.line(laid_out([part_name for part_name, _ in parts], str) + f" = {name}")
        for part_name, part in parts:
            unpack(part, part_name)

    # The arguments.
    names = [page.new_name(name) for name, _ in entries]
    arguments = [(name, entry) for name, (_, entry) in zip(names, entries)]
    for (name, entry), looped in zip(arguments, in_sum):
        if not looped:
            unpack(entry, name)
    if sum_over:
        sums = {y: page.new_name(f"sum_{y.label or terms[y].label or i}") for i, y in enumerate(results, start=1)}
        for some in _filled([f"{name} =" for name in sums.values()], " "):
            page.line(f"{some} 0.0")
        batch = [(name, entry) for (name, entry), looped in zip(arguments, in_sum) if looped]
        one = [page.new_name(f"{name}_n") for name, _ in batch]
        page.line(f"for {', '.join(one)} in zip({', '.join([name for name, _ in batch])}, strict=True):")
        page.indent *= 2
        for name, (_, entry) in zip(one, batch):
            unpack(entry, name)

    # The steps.
    page.heading = "forward" if backward else ""
    page.write([terms[y] for y in forward])
    if backward:
        for y in forward:
            page.name(terms[y])
        page.heading = "backward"
        page.write([terms[g] for g in backward])
    if backward and not set(results) <= {*forward, *backward}:
        page.heading = "update"
    page.write([terms[y] for y in results])
    if sum_over:
        page.heading = "the gradient of a sum is the sum of the gradients" if backward else "add up"
        for y, name in sums.items():
            page.line(f"{name} += {page.text[terms[y]][0]}")
        page.indent = "    "
    result = laid_out(unfolded(outputs), lambda y: sums[y] if sum_over else page.text[terms[y]][0])
    page.line(f"return {result}")

    used = sorted(page.functions)
    head = [f"from math import {', '.join(used)}", "", ""] if used else []
    source = "\n".join([*head, f"def program({', '.join(names)}):", *page.lines, ""])
    return source, [page.text[terms[x]][0] for x in variables]


def _entries(inputs: Any) -> list[tuple[str, Any]]:
    """The arguments, each with the name it would like."""
    if isinstance(inputs, dict):
        return [(str(key), entry) for key, entry in inputs.items()]
    entries = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return [(getattr(entry, "label", None) or f"input_{i}", entry) for i, entry in enumerate(entries, start=1)]


def _labels(order: Iterable[Value], outputs: Any) -> Iterator[tuple[Value, str]]:
    """What the Values of a graph may be called, the best name of each first."""
    if isinstance(outputs, dict):
        for key, branch in outputs.items():
            if len(values := values_in(branch)) == 1:
                yield values[0], str(key)
    for tensor in topological_order(*_tensors(outputs)):
        if tensor.label:
            for value, index in zip(tensor.values, product(*map(range, tensor.shape))):
                yield value, element(tensor.label, index, tensor.shape)
    yield from [(value, value.label) for value in order if value.label]


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, (list, tuple, dict)):
        branches = tree.values() if isinstance(tree, dict) else tree
        return [tensor for branch in branches for tensor in _tensors(branch)]
    return [tree] if isinstance(tree, Tensor) else []


def _sections(order: Iterable[Value], results: Iterable[Value]) -> tuple[list[Value], list[Value]]:
    """The results that no gradient is needed for, and the gradients."""
    depth: dict[Value, int] = {}
    gradients, after = [], set()
    for value in order:
        depth[value] = 1 + max([depth[a] for a in value.inputs], default=0)
        if value.label and value.label.startswith("∂"):
            gradients.append((depth[value], len(value.label), value.label, value))
            after.add(value)
        elif any([a in after for a in value.inputs]):
            after.add(value)
    return [y for y in results if y not in after], [g for *_, g in sorted(gradients, key=lambda row: row[:3])]


def unfolded(tree: Any) -> Any:
    """The structure with nested lists for Tensors."""
    if isinstance(tree, Tensor):
        return tree._nested(list(tree.values))  # type: ignore[arg-type]
    if isinstance(tree, (list, tuple)):
        branches = [unfolded(branch) for branch in tree]
        return tuple(branches) if isinstance(tree, tuple) else branches
    if isinstance(tree, dict):
        return {key: unfolded(branch) for key, branch in tree.items()}
    return tree


def laid_out(tree: Any, text: Callable[[Any], str], indent: str = "    ") -> str:
    """The structure as Python writes it: on one line, or else rows below each other."""
    if isinstance(tree, dict):
        opening, closing = "{", "}"
        items = [f"{key!r}: {laid_out(branch, text)}" for key, branch in tree.items()]
    elif isinstance(tree, (list, tuple)):
        opening, closing = "()" if type(tree) is tuple else "[]"
        items = [laid_out(branch, text) for branch in tree]
    else:
        return text(tree)
    one_line = ", ".join(items) + ("," if opening == "(" and len(items) == 1 else "")
    if len(one_line) < EXPRESSION and "\n" not in one_line:
        return opening + one_line + closing
    flat = not any(["\n" in item or item[0] in "[({" for item in items])
    rows = _filled([item + "," for item in items], " ") if flat else [item + "," for item in items]
    return "\n".join([opening, *[indent + line for row in rows for line in row.split("\n")], closing])


def _filled(words: list[str], space: str) -> list[str]:
    """The words on as few lines as they need."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > EXPRESSION:
            lines.append("")
        lines[-1] += (space if lines[-1] else "") + word
    return lines
