"""The derivation as data, and as text, Markdown and LaTeX: rows, steps, and what `explain` returns."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from textwrap import fill
from typing import Any, TypeAlias

from ...writing.expression import Expression, Number, Path, chunks, within
from ...writing.files import save_as
from ...writing.latex import LaTeX, document, latex_words
from ...writing.paper import Text, display_width, padded, written

#: A sentence in words and formulas.
Note: TypeAlias = list[str | Expression]

_WIDTH = 110  # columns of a line
_MATRICES = 125  # of a line with matrices, which takes a lot of room once it is broken
PAGE = 85  # columns of text whose LaTeX is as wide as a page,
_SMALL = 1.25  # times as many where its matrices are small


@dataclass(eq=False, repr=False)
class Row:
    """One line: quantity = rule = numbers = result.

    Attributes:
        quantity, rule, numbers: formulas; `str` of each is its text. `rule` is None where there is nothing to
            compute (a leaf, ∂L/∂L = 1), `numbers` also where they would repeat the rule or cannot be printed.
        result: a float, or a Tensor in the matrix derivation.
        node: the Value or Tensor whose number or gradient this is.
        edge: which input of the step's node it is, in the steps of the backward pass.
        total: the sum of the contributions so far; None unless the relation is "+=".
        part: (which contribution this is, of how many); None unless the relation is "+=".
        notes: sentences beside it, such as why it is zero; each a list of words and formulas.
        update: whether the quantity gets a new value.

    >>> from tinygrad_edu import Value, explain
    >>> print(explain(Value(3.0, label="x") ** 2).forward[-1])
    f = x² = 3² = 9
    """

    quantity: Any  # a Name, a Derivative or a Path
    rule: Expression | None
    numbers: Expression | None
    result: Any
    node: Any
    edge: int | None = None
    total: float | None = None
    part: tuple[int, int] | None = None
    notes: list[Note] = field(default_factory=list)
    update: bool = False

    @property
    def relation(self) -> str:
        """ "=", "←" for an update, or "+=" where the row is one of several contributions.

        >>> from tinygrad_edu import Value, explain
        >>> x = Value(3.0, label="x")
        >>> [row.relation for row in explain(x * x).backward[-1].rows]
        ['+=', '+=']
        """
        return "+=" if self.part else "←" if self.update else "="

    @property
    def arrived(self) -> Any:
        """What the quantity is once the row is done: the running total, or the result.

        >>> from tinygrad_edu import Value, explain
        >>> x = Value(3.0, label="x")
        >>> [row.arrived for row in explain(x * x).backward[-1].rows]
        [3.0, 6.0]
        """
        return self.result if self.total is None else self.total

    def __iter__(self) -> Iterator[Any]:
        """quantity, rule, numbers, result, for unpacking."""
        return iter((self.quantity, self.rule, self.numbers, self.result))

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, digits: int = 4, width: int = 0) -> str:
        """The line as text, the quantity padded to `width`.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(2.0, label="x")).forward[0].text(width=3)
        'x   = 2'
        """
        quantity = written(self.quantity, Text(digits))
        head = f"{padded(quantity, width)} {self.relation} "
        below = " " * (display_width(head) - 2) + "= "
        style = Text(digits, columns=self._has_matrix)
        sides = self.formulas(style)
        above, lines = "", [(head, sides)]
        if isinstance(self.quantity, Path):
            above, below = fill(quantity, _WIDTH, subsequent_indent="  ") + "\n", "    = "
            lines = [(below, sides)]
        elif "\n" in "".join(self.sides(style)[1:]):  # matrices go below the rule
            lines = [(head, sides[:1]), (below, sides[1:])]
        blocks = [block for left, side in lines for block in _fitted(left, side, below, style)]
        line = above + "\n".join([line.rstrip() for block in blocks for line in block.split("\n")])
        notes = self.sentences(style)
        if self.part:
            line += "  → " + notes.pop(0)
        return "\n".join([line, *["    " + note for note in notes]])

    def latex(self, digits: int = 4) -> str:
        """The line as LaTeX, for between $$ and $$; the notes are not in it.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(2.0, label="x")).forward[0].latex()
        'x = 2'
        """
        style = LaTeX(digits)
        quantity, relation = written(self.quantity, style), style.sign(self.relation)
        is_path = isinstance(self.quantity, Path)
        room = PAGE - (0 if is_path else display_width(str(self.quantity)))
        sides = [on_a_page(e, digits, room) for e in self.formulas(style)]
        starts = [f"{quantity} &{relation}", *["&= "] * (len(sides) - 1)]
        if is_path:
            return aligned([f"&{quantity}", *["&= "] * len(sides)], [[""], *sides])
        if any([len(side) > 1 or r"\begin" in side[0] for side in sides]) or self._is_wide(digits):
            return aligned(starts, sides)
        return f"{quantity}{relation}{' = '.join([side[0] for side in sides])}"

    @property
    def _has_matrix(self) -> bool:
        numbers = [part for e in (self.numbers, Number(self.result)) if e is not None for part in within(e)]
        return any([isinstance(e, Number) and len(e.shape) == 2 and e.shape[0] > 1 for e in numbers])

    def _is_wide(self, digits: int) -> bool:
        style = Text(digits)
        return _width(style.join(*separated([written(self.quantity, style), *self.sides(style)], " = "))) > _WIDTH

    def sentences(self, style: Text) -> list[Any]:
        """The running total, and the notes, in the style.

        >>> from tinygrad_edu import Value, explain
        >>> x = Value(3.0, label="x")
        >>> explain(x * x).backward[-1].rows[0].sentences(Text(4))
        ['running total 3 (1 of 2 contributions)']
        """
        notes = self.notes
        if self.part and self.total is not None:
            i, n = self.part
            notes = [["running total ", Number(self.total), f" ({i} of {n} contributions)"], *notes]
        return [style.sentence(note) for note in notes]

    def sides(self, style: Text) -> list[Any]:
        """The right-hand sides in the style, without those that repeat the one before.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(3.0, label="x") ** 2).forward[-1].sides(Text(4))
        ['x²', '3²', '9']
        """
        return [written(e, style) for e in self.formulas(style)]

    def formulas(self, style: Text) -> list[Expression]:
        """The formulas of the sides.

        >>> from tinygrad_edu import Value, explain
        >>> len(explain(Value(3.0, label="x") ** 2).forward[-1].formulas(Text(4)))
        3
        """
        found = [e for e in (self.rule, self.numbers, Number(self.result)) if e is not None]
        sides = [written(e, style) for e in found]
        return [e for i, e in enumerate(found) if i == 0 or sides[i] != sides[i - 1]]


def _fitted(left: str, sides: Sequence[Expression], below: str, style: Text) -> list[str]:
    """left = a = b in one line; if that is too wide, a line for each side; a side still too wide is broken at + − ·."""
    whole = style.join(left, *separated([written(e, style) for e in sides], " = "))
    if _width(whole) <= (_MATRICES if "\n" in whole else _WIDTH):
        return [whole]
    if len(sides) > 1:
        starts = [left, *[below] * (len(sides) - 1)]
        return [block for start, e in zip(starts, sides) for block in _fitted(start, [e], below, style)]
    (e,) = sides
    starts = [left, " " * (display_width(left) + 1)]
    lines, _ = _broken(e, style, style, _WIDTH - display_width(starts[1]))
    return [style.join(start, *line) for start, line in zip(chain(starts[:1], repeat(starts[1])), lines)]


def aligned(starts: Sequence[str], sides: Sequence[Sequence[str]]) -> str:
    """Sides of an equation in LaTeX, below each other: what each begins with, and its lines.

    >>> print(aligned(["a &= ", "&= "], [["b", "+ c"], ["2"]]))
    \\begin{aligned}
    a &= b \\\\
    &\\quad {}+ c \\\\
    &= 2
    \\end{aligned}
    """
    lines = []
    for first, side in zip(starts, sides):
        lines += [start + line for start, line in zip(chain([first], repeat(r"&\quad {}")), side)]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def on_a_page(e: Expression, digits: int, room: int) -> list[str]:
    """A side as lines of LaTeX that fit: where they do not, its matrices are small, and at last not whole."""
    for small, most in ((False, 8), (True, 8), (True, 5), (True, 3)):
        style, as_text = LaTeX(digits, most=most, small=small), Text(digits, columns=True, most=most)
        columns = round(room * _SMALL) if small else room
        lines, widest = _broken(e, style, as_text, columns)
        if widest <= 1.1 * columns:  # the page is a little wider
            break
    return ["".join(line) for line in lines]


def _broken(e: Expression, style: Text, as_text: Text, room: int) -> tuple[list[list[str]], int]:
    """A side in lines that fit, as far as there are places to break it, and the width of the widest.

    A line is what stands side by side. A term is broken only if it is wider than a line. Widths are those of
    `as_text`, also for LaTeX.
    """
    lines: list[list[tuple[str, str]]] = []
    used = widest = 0
    for term, texts in zip(chunks(e, style), chunks(e, as_text)):
        widths = [_width(sign) + _width(text) for sign, text in texts]
        parts = [([part], width) for part, width in zip(term, widths)]
        for pieces, width in [(term, sum(widths))] if sum(widths) <= room else parts:
            if lines and used + width <= room:
                lines[-1] += pieces
            else:
                lines.append(pieces)
                used = 0
            used += width
            widest = max(widest, used)
    for line in lines[1:]:
        sign, text = line[0]
        line[0] = (style.sign("·") if sign == style.beside else sign, text)  # a product of matrices
    return [[text for piece in line for text in piece] for line in lines], widest


def _width(text: str) -> int:
    return max(map(display_width, text.split("\n")))


@dataclass(eq=False, repr=False)
class Step:
    """One step of the backward pass.

    Between single numbers a step belongs to the node that passes its gradient on, with a row for each input that gets
    some. In matrices it belongs to the Tensor that gets the gradient, with one row.

    Attributes:
        node: that Value or Tensor; None for ∂L/∂L = 1, the first step between single numbers.
        name: what it is called; empty where `node` is None.
        rows: its lines, in order.

    >>> from tinygrad_edu import Value, explain
    >>> x = Value(3.0, label="x")
    >>> [(step.name, len(step.rows)) for step in explain(x * x).backward]
    [('', 1), ('f', 2)]
    """

    node: Any
    name: str
    rows: list[Row]

    def __repr__(self) -> str:
        return "\n".join(map(str, self.rows))


@dataclass(eq=False, repr=False)
class Derivation:
    """What `explain` returns: the forward rows, the backward steps, and sums over paths.

    `for quantity, rule, numbers, result in derivation` goes through all the rows.

    Attributes:
        forward: a Row for each node, leaves first.
        backward: the Steps, from the root on.
        paths: with `wrt`, a Row for each path and one for their sum.
        names: what every node is called.
        digits: how many decimals are printed.
        remarked: sentences about the neurons of a network, three at most, in words and formulas.
        update: with `eta` a Row for each parameter; with `optimizer` one for each of its lines.
        title: the heading, or None.

    >>> from tinygrad_edu import Value, explain
    >>> derivation = explain(Value(3.0, label="x") ** 2)
    >>> for quantity, rule, numbers, result in derivation.backward[-1].rows:
    ...     print(quantity, "|", rule, "|", numbers, "|", result)
    ∂f/∂x | ∂f/∂f · (2 · x) | 1 · 6 | 6.0
    """

    forward: list[Row]
    backward: list[Step]
    paths: list[Row]
    names: dict[Any, str]
    digits: int
    remarked: list[Note] = field(default_factory=list)
    update: list[Row] = field(default_factory=list)
    title: str | None = None

    def __getstate__(self) -> object:
        """What `pickle` would keep: a TypeError, since a whole graph hangs on a derivation."""
        raise TypeError(
            "a derivation holds its graph and cannot be copied or pickled: keep its text, derivation.to('text') or "
            "derivation.save(path)"
        )

    @property
    def remarks(self) -> list[str]:
        """The sentences about the neurons of a network, as text.

        >>> from tinygrad_edu import MLP, explain
        >>> explain(MLP([1, 2, 1], init=0.1)([1.0])).remarks
        ['neurons 1 and 2 of layer 1 are identical and stay so: the same weights, and the same gradients']
        """
        style = Text(self.digits)
        return [style.sentence(words) for words in self.remarked]

    @property
    def parts(self) -> list[tuple[str, list[Row]]]:
        """The parts that there are, each with its heading.

        >>> from tinygrad_edu import Value, explain
        >>> [heading for heading, rows in explain(Value(2.0, label="x")).parts]
        ['Forward', 'Backward']
        """
        backward = [row for step in self.backward for row in step.rows]
        parts = [("Forward", self.forward), ("Backward", backward), ("Sum over paths", self.paths)]
        return [(heading, rows) for heading, rows in [*parts, ("Update", self.update)] if rows]

    @property
    def rows(self) -> list[Row]:
        """All the rows, in order.

        >>> from tinygrad_edu import Value, explain
        >>> [str(row) for row in explain(Value(2.0, label="x")).rows]
        ['x = 2', '∂x/∂x = 1']
        """
        return [row for _, rows in self.parts for row in rows]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return self.to("text")

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.to("markdown")

    def to(self, format: str) -> str:
        """The derivation as "text", "markdown" (with LaTeX formulas), "latex" (a document), or "fragment".

        A fragment is the document's body alone, for \\input in a document that loads amsmath, and
        amssymb for letters such as ℝ.

        Raises:
            ValueError: another format.

        >>> from tinygrad_edu import Value, explain
        >>> print(explain(Value(2.0, label="x")).to("markdown").splitlines()[0])
        ## Forward
        """
        title = " ".join((self.title or "").split())
        match format:
            case "text":
                return self._as_text()
            case "markdown":
                return self._typeset(f"# {title}", "## %s", "$$\n%s\n$$", "%s", "\n\n")
            case "fragment" | "latex":
                headline = rf"{{\Large\bfseries {latex_words(title)}\par}}"
                body = self._typeset(headline, r"\section*{%s}", "\\[\n%s\n\\]", "%s\n", "\n")
                return body if format == "fragment" else document(body, setup=r"\setlength{\parindent}{0pt}")
        raise ValueError(f'explain: the format is "text", "markdown", "latex" or "fragment", not {format!r}')

    def _as_text(self) -> str:
        found = [self.title] if self.title else []
        for heading, rows in self.parts:
            quantities = [str(row.quantity) for row in rows if not isinstance(row.quantity, Path)]
            width = max(map(display_width, quantities), default=0)
            lines = [row.text(self.digits, width) for row in rows]
            gaps = ["\n" if "\n" in above + below else "" for above, below in zip(lines, lines[1:])]
            found.append(f"{heading}\n\n" + "\n".join([line + gap for line, gap in zip(lines, [*gaps, ""])]))
        if self.remarked:
            found.append("\n".join(["Remarks\n", *self.remarks]))
        return "\n\n".join(found)

    def _typeset(self, title: str, heading: str, formula: str, note: str, between: str) -> str:
        """The parts with their formulas in LaTeX, each block as its template says."""
        style = LaTeX(self.digits)
        blocks = [title] if self.title else []
        for name, rows in self.parts:
            blocks.append(heading % name)
            for row in rows:
                blocks += [formula % row.latex(self.digits), *[note % said for said in row.sentences(style)]]
        if self.remarked:
            blocks += [heading % "Remarks", "\n\n".join(map(style.sentence, self.remarked))]
        return between.join(blocks)

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write it as text (.txt), Markdown (.md) or a LaTeX document (.tex). ValueError for another suffix.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(2.0, label="x")).save("x.pdf")
        Traceback (most recent call last):
        ValueError: a derivation is saved as .txt, .md or .tex, not '.pdf'
        """
        formats = {".txt": "text", ".md": "markdown", ".tex": "latex"}
        return save_as(path, "a derivation is", formats, lambda suffix: f"{self.to(formats[suffix])}\n")


def separated(pieces: Sequence[Any], separator: str) -> list[Any]:
    """The pieces with the separator between each two."""
    return [piece for p in pieces for piece in (separator, p)][1:]
