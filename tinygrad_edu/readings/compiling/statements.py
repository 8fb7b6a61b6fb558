"""Printing a graph as one Python function: names, parentheses, lines."""

from __future__ import annotations

import ast
import builtins
import keyword
import math
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from ...graph import topological_order
from ...network.shapes import nested
from ...network.tensor import Tensor
from ...ops import TABLE
from ...tree import values_in
from ...value import Value
from ...writing.code import identifier
from ...writing.names import elements
from .terms import Term, python_of, simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

EXPRESSION = 72  # the width of what stands right of `name = `, for lines of about 88

# What a step without a label is called, with a number behind it.
_NAMES = {"+": "sum", "−": "diff", "×": "prod", "÷": "ratio", "^": "power", "1": "slope"}


@cache
def _functions(python: str) -> set[str]:
    """The functions of `math` in a row's text."""
    return {name for name in re.findall(r"(\w+)\(", python) if hasattr(math, name)}


_ROWS = [python_of(op) for op in TABLE if not op.vectors]
_TAKEN = {"program", "pow"}.union(*[_functions(python) | set(re.findall(r"(\w+) :=", python)) for python in _ROWS])

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

    def __init__(self, terms: dict[Value, Term], results: Sequence[Value]) -> None:
        self.terms = terms
        roots = [terms[y] for y in results]
        self.uses = Counter([*roots, *[a for term in topological_order(*roots) for a in term.inputs]])
        self.text: dict[Term, tuple[str, int]] = {}  # what stands for a Term, and its level
        self.open: set[Term] = set()  # the Terms for which that is still an expression, not a name
        self.lines: list[str] = []
        self.indent = "    "
        self.heading = ""
        self.functions: set[str] = set()
        self.next: dict[str, int] = {}  # the number that was last put behind a name
        self.taken = {*keyword.kwlist, *dir(builtins), *_TAKEN}

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

    def text_of(self, value: Value) -> str:
        return self.text[self.terms[value]][0]

    def unpack(self, tree: Any, name: str) -> None:
        """Lines that give every number of the argument `name` a name of its own."""
        if isinstance(tree, Tensor) and not tree.shape:
            tree = tree.values[0]
        if isinstance(tree, Value):
            self.text[self.terms[tree]] = name, NAME
        elif isinstance(tree, Tensor):
            for i, x in enumerate(tree.values, start=1):
                self.text[self.terms[x]] = self.new_name(x.label or f"{name}_{i}"), NAME
            self.line(f"{laid_out(unfolded(tree), self.text_of)} = {name}")
        else:
            branches = tree.items() if isinstance(tree, dict) else enumerate(tree, start=1)
            parts = [(self.new_name(getattr(part, "label", None) or f"{name}_{key}"), part) for key, part in branches]
            if isinstance(tree, dict):
                for key, (part_name, _) in zip(tree, parts):
                    self.line(f"{part_name} = {name}[{key!r}]")
            else:
                self.line(f"{laid_out([part_name for part_name, _ in parts], str)} = {name}")
            for part_name, part in parts:
                self.unpack(part, part_name)

    def write(self, values: Iterable[Value]) -> None:
        """Lines for all that the values need and that has none yet."""
        for term in topological_order(*[self.terms[value] for value in values]):
            if term not in self.text and self.uses[term]:
                self.express(term)

    def express(self, term: Term) -> None:
        if term.op is None:
            text = repr(term.number)
            self.text[term] = text, TIMES if text.startswith("-") else NAME
            return
        python = python_of(term.op)
        pieces, level, repeated = _spelling(python)
        self.functions |= _functions(python)
        letters = dict(zip("ab", term.inputs))
        for letter in repeated:
            self.name(letters[letter])
        text = self.put_together(pieces, level, letters)
        while len(text) > EXPRESSION and (inner := [a for a in term.inputs if a in self.open]):
            self.name(max(inner, key=lambda a: len(self.text[a][0])))
            text = self.put_together(pieces, level, letters)
        self.text[term] = text, level
        self.open.add(term)
        if self.uses[term] > 1 or len(text) > EXPRESSION:
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
            text, level = self.text[term]
            if level == IF and len(self.indent + name + text) > EXPRESSION + 13:  # and " = " makes 88
                text = f"({text})".replace(" else ", f"\n{' ' * len(name)}    else ", 1)
            self.line(f"{name} = {text}")
            self.text[term] = name, NAME


def print_program(outputs: Any, inputs: Any, sum_over: Sequence[Any] = ()) -> tuple[str, list[str]]:
    """The source of the function that `compile_graph` describes, and its names for the inputs."""
    entries = _entries(inputs)
    variables = _variables([entry for _, entry in entries], sum_over)
    results = values_in(outputs)
    order = topological_order(*results)
    page = Printer(simplify(order, variables), results)
    forward, backward = _sections(order, results)
    of_forward = {page.terms[value] for value in topological_order(*forward)}
    for value, label in _labels(order, outputs):
        term = page.terms[value]
        if not (term.label or (label.startswith("∂") and term in of_forward)):
            term.label = label

    # The arguments, and for a sum the loop over the examples.
    names = [page.new_name(name) for name, _ in entries]
    batches = []
    for name, (_, entry) in zip(names, entries):
        if any([entry is x for x in sum_over]):
            batches.append((name, page.new_name(f"{name}_n"), entry))
        else:
            page.unpack(entry, name)
    if batches:
        sums = {y: page.new_name(f"sum_{y.label or i}") for i, y in enumerate(results, start=1)}
        for some in _filled([f"{name} =" for name in sums.values()]):
            page.line(f"{some} 0.0")
        together, one = ", ".join([x for x, _, _ in batches]), ", ".join([n for _, n, _ in batches])
        page.line(f"for {one} in {together if len(batches) == 1 else f'zip({together}, strict=True)'}:")
        page.indent *= 2
        for _, name, entry in batches:
            page.unpack(entry, name)

    # The steps.
    if backward:
        page.heading = "forward"
        page.write(forward)
        for y in forward:
            page.name(page.terms[y])
        page.heading = "backward"
        page.write(backward)
        if not set(results) <= {*forward, *backward}:
            page.heading = "update"
    page.write(results)
    if batches:
        page.heading = "the gradient of the sum is the sum of the gradients" if backward else "sums"
        for y, name in sums.items():
            page.line(f"{name} += {page.text_of(y)}")
        page.indent = "    "
    page.line(f"return {laid_out(unfolded(outputs), sums.__getitem__ if batches else page.text_of)}")

    imports = [f"from math import {', '.join(sorted(page.functions))}", "", ""] if page.functions else []
    source = "\n".join([*imports, f"def program({', '.join(names)}):", *page.lines, ""])
    return source, [page.text_of(x) for x in variables]


def _entries(inputs: Any) -> list[tuple[str, Any]]:
    """The arguments, each with the name it would like."""
    if isinstance(inputs, dict):
        return [(str(key), entry) for key, entry in inputs.items()]
    entries = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    return [(getattr(entry, "label", None) or f"input_{i}", entry) for i, entry in enumerate(entries, start=1)]


def _variables(entries: list[Any], sum_over: Sequence[Any]) -> list[Value]:
    """The Values of the inputs, each of which may be there once."""
    variables = values_in(entries)
    for x, n in Counter(variables).items():
        if n > 1:
            raise ValueError(f"compile_graph: {x} stands {n} times among the inputs; which number is it to be?")
    if not all([any([entry is x for entry in entries]) for x in sum_over]):
        raise ValueError("compile_graph: sum_over takes entries of the inputs, the very same objects")
    return variables


def _labels(order: Iterable[Value], outputs: Any) -> Iterator[tuple[Value, str]]:
    """What the Values of a graph may be called, the best name of each first."""
    if isinstance(outputs, dict):
        for key, branch in outputs.items():
            if len(values := values_in(branch)) == 1:
                yield values[0], str(key)
    for tensor in topological_order(*_tensors(outputs)):
        if tensor.label:
            yield from zip(tensor.values, elements(tensor.label, tensor.shape))
    yield from [(value, value.label) for value in order if value.label]


def _tensors(tree: Any) -> list[Tensor]:
    if isinstance(tree, (list, tuple, dict)):
        branches = tree.values() if isinstance(tree, dict) else tree
        return [tensor for branch in branches for tensor in _tensors(branch)]
    return [tree] if isinstance(tree, Tensor) else []


def _sections(order: Iterable[Value], results: Iterable[Value]) -> tuple[list[Value], list[Value]]:
    """The results that need no gradient, and the gradients, those near the loss first."""
    gradients = [value for value in order if value.label and value.label.startswith("∂")]
    after = set(gradients)
    depth: dict[Value, int] = {}
    for value in order if gradients else ():
        depth[value] = 1 + max([depth[a] for a in value.inputs], default=0)
        if not after.isdisjoint(value.inputs):
            after.add(value)
    gradients.sort(key=lambda g: (depth[g], len(str(g.label)), g.label))
    forward = [y for y in results if y not in after]
    return forward, gradients if forward else []


def unfolded(tree: Any) -> Any:
    """The structure with nested lists for Tensors."""
    if isinstance(tree, Tensor):
        return nested(list(tree.values), tree.shape)
    if isinstance(tree, (list, tuple)):
        branches = [unfolded(branch) for branch in tree]
        return tuple(branches) if isinstance(tree, tuple) else branches
    if isinstance(tree, dict):
        return {key: unfolded(branch) for key, branch in tree.items()}
    return tree


def laid_out(tree: Any, text: Callable[[Any], str]) -> str:
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
    items = [item + "," for item in items]
    flat = opening != "{" and not any([item[0] in "[({" for item in items])
    rows = _filled(items) if flat else [line for item in items for line in item.split("\n")]
    return "\n".join([opening, *["    " + row for row in rows], closing])


def _filled(words: list[str]) -> list[str]:
    """The words on as few lines as they need, as many on each."""
    longest = max(map(len, words), default=0) + 1
    lines = -(-len(words) // max(1, EXPRESSION // longest))
    n = -(-len(words) // max(1, lines))
    return [" ".join(words[i : i + n]) for i in range(0, len(words), n)]
