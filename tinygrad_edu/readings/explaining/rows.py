"""The derivation as data, and how it is printed: as text, Markdown or LaTeX."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

from ...writing.expression import Expression, Number, Path, parts
from ...writing.files import write_whole
from ...writing.latex import LaTeX, latex_words
from ...writing.paper import Text, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeAlias

    from ...writing.paper import Paper

    Note: TypeAlias = list[str | Expression]


_WIDTH = 110


class Row:
    """One line: quantity = rule = numbers = result.

    Attributes:
        quantity, rule, numbers: formulas; `str` of each is its text. `rule` and `numbers` are
            None where there is nothing to compute: a leaf, ∂L/∂L = 1.
        result: a float, or a Tensor in the matrix derivation.
        relation: "=", or "+=" where this is one of several contributions to the quantity, or "←" where the
            quantity gets a new value.
        total: the sum of the contributions so far, and
        part: (which contribution this is, of how many), both None unless the relation is "+=".
        node: the Value or Tensor whose number or gradient this is.
        edge: which input of the step's node it is, in the steps of the backward pass.
        notes: sentences beside it, such as why it is zero; each a list of words and formulas.

    >>> from tinygrad_edu import Value, explain
    >>> print(explain(Value(3.0, label="x") ** 2).forward[-1])
    f = x² = 3² = 9
    """

    def __init__(
        self,
        quantity: Expression,
        rule: Expression | None,
        numbers: Expression | None,
        result: Any,
        node: Any,
        edge: int | None = None,
        total: float | None = None,
        part: tuple[int, int] | None = None,
        notes: Sequence[Note] = (),
        relation: str = "=",
    ) -> None:
        self.quantity = quantity
        self.rule = rule
        self.numbers = numbers
        self.result = result
        self.node = node
        self.edge = edge
        self.total = total
        self.part = part
        self._relation = relation
        self.notes = list(notes)

    @property
    def relation(self) -> str:
        """ "=", "←", or "+=" where the row is one of several contributions.

        >>> from tinygrad_edu import Value, explain
        >>> x = Value(3.0, label="x")
        >>> [row.relation for row in explain(x * x).backward[-1].rows]
        ['+=', '+=']
        """
        return self._relation if self.part is None else "+="

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
        style = Text(digits, columns=_has_matrix(self))
        quantity = written(self.quantity, style).ljust(width)
        sides = self.sides(style)
        left = f"{quantity} {self.relation} "
        lines: list[str] = []
        if isinstance(self.quantity, Path):
            lines, quantity, left = [quantity.rstrip()], "   ", "    = "
        below = " " * len(quantity) + " = "
        if len(sides) > 1 and "\n" in "".join(sides[1:]):  # matrices go below the rule
            lines += style.join(left, sides.pop(0)).split("\n")
            left = below
        elif len(sides) > 1 and _width(left + " = ".join(sides)) > _WIDTH:
            lines += [left + sides[0], *[below + side for side in sides[1:-1]]]
            sides, left = sides[-1:], below
        lines += style.join(left, *separated(sides, " = ")).split("\n")
        line = "\n".join([line.rstrip() for line in lines])
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
        quantity = written(self.quantity, style)
        sides = self.sides(style)
        relation = style.sign(self.relation)
        if isinstance(self.quantity, Path):
            lines = [f"&{quantity}", *[f"&= {side}" for side in sides]]
        elif any([r"\begin" in side for side in sides]) or self._is_wide(digits):
            lines = [f"{quantity} &{relation}{sides[0]}", *[f"&= {side}" for side in sides[1:]]]
        else:
            return quantity + relation + " = ".join(sides)
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _is_wide(self, digits: int) -> bool:
        style = Text(digits)
        return _width(style.join(*separated([written(self.quantity, style), *self.sides(style)], " = "))) > _WIDTH

    def sentences(self, style: Any) -> list[str]:
        """The running total, and the notes.

        >>> from tinygrad_edu import Value, explain
        >>> x = Value(3.0, label="x")
        >>> explain(x * x).backward[-1].rows[0].sentences(Text(4))
        ['running total 3 (1 of 2 paths in)']
        """
        notes = self.notes
        if self.part and self.total is not None:
            i, n = self.part
            notes = [["running total ", Number(self.total), f" ({i} of {n} paths in)"], *notes]
        return [style.sentence(note) for note in notes]

    def sides(self, style: Any) -> list[str]:
        """The right-hand sides, without those that repeat the one before.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(3.0, label="x") ** 2).forward[-1].sides(Text(4))
        ['x²', '3²', '9']
        """
        formulas = [self.rule, self.numbers, Number(self.result)]
        sides = [written(e, style) for e in formulas if e is not None]
        return [side for i, side in enumerate(sides) if i == 0 or side != sides[i - 1]]


class Step:
    """One step of the backward pass: the node in hand passes its gradient on to its inputs.

    Attributes:
        node: the Value or Tensor in hand; None for the first step, ∂L/∂L = 1.
        name: what it is called; empty for the first step.
        rows: a line for each edge used, in order.

    >>> from tinygrad_edu import Value, explain
    >>> x = Value(3.0, label="x")
    >>> [(step.name, len(step.rows)) for step in explain(x * x).backward]
    [('', 1), ('f', 2)]
    """

    def __init__(self, node: Any, name: str, rows: list[Row]) -> None:
        self.node = node
        self.name = name
        self.rows = rows

    def __repr__(self) -> str:
        return "\n".join(map(str, self.rows))


class Derivation:
    """What `explain` returns: the forward rows, the backward steps, and sums over paths.

    `for quantity, rule, numbers, result in derivation` goes through all the rows.

    Attributes:
        forward: a Row for each node, leaves first.
        backward: a Step for each node that passes its gradient on, the root's first.
        paths: with `wrt`, a Row for each path and one for their sum.
        remarked: sentences about the neurons of a network, three at most, in words and formulas.
        update: with `eta`, a Row for each parameter.
        title: the heading, or None.
        names: what every node is called.

    >>> from tinygrad_edu import Value, explain
    >>> derivation = explain(Value(3.0, label="x") ** 2)
    >>> for quantity, rule, numbers, result in derivation.backward[-1].rows:
    ...     print(quantity, "|", rule, "|", numbers, "|", result)
    ∂f/∂x | ∂f/∂f · (2 · x) | 1 · 6 | 6.0
    """

    def __init__(
        self, forward: list[Row], backward: list[Step], paths: list[Row], names: dict[Any, str], digits: int
    ) -> None:
        self.forward = forward
        self.backward = backward
        self.paths = paths
        self.remarked: list[Note] = []
        self.update: list[Row] = []
        self.title: str | None = None
        self.names = names
        self.digits = digits

    @property
    def remarks(self) -> list[str]:
        """The sentences about the neurons of a network, as text.

        >>> from tinygrad_edu import MLP, explain
        >>> explain(MLP([1, 2, 1], init=0.1)([1.0])).remarks
        ['neurons 1 and 2 of layer 1 are identical and stay so: the same weights, and the same gradients']
        """
        return self._remarks(Text(self.digits))

    def _remarks(self, style: Paper) -> list[str]:
        return [style.sentence(words) for words in self.remarked]

    @property
    def rows(self) -> list[Row]:
        """All the rows, in order.

        >>> from tinygrad_edu import Value, explain
        >>> [str(row) for row in explain(Value(2.0, label="x")).rows]
        ['x = 2', '∂x/∂x = 1']
        """
        return self.forward + [row for step in self.backward for row in step.rows] + self.paths + self.update

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def _parts(self) -> list[tuple[str, list[Row]]]:
        backward = [row for step in self.backward for row in step.rows]
        parts = [("Forward", self.forward), ("Backward", backward), ("Sum over paths", self.paths)]
        parts.append(("Update", self.update))
        return [(title, rows) for title, rows in parts if rows]

    def __str__(self) -> str:
        return self.to("text")

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return self.to("markdown")

    def to(self, format: str) -> str:
        """The derivation printed as "text", "markdown" (with LaTeX formulas) or "latex" (a document).

        Raises:
            ValueError: another format.

        >>> from tinygrad_edu import Value, explain
        >>> print(explain(Value(2.0, label="x")).to("markdown").splitlines()[0])
        ## Forward
        """
        match format:
            case "text":
                return self._text()
            case "markdown":
                heading = [f"# {' '.join(self.title.split())}"] if self.title else []
                blocks = [block for title, rows in self._parts() for block in self._markdown(title, rows)]
                if self.remarked:
                    blocks += ["## Remarks", *self._remarks(LaTeX(self.digits))]
                return "\n\n".join(heading + blocks)
            case "latex":
                body = [line for title, rows in self._parts() for line in self._latex(title, rows)]
                heading = [rf"{{\Large\bfseries {latex_words(self.title)}\par}}"] if self.title else []
                if self.remarked:
                    body += [r"\section*{Remarks}", "\n\n".join(self._remarks(LaTeX(self.digits)))]
                return "\n".join([_PREAMBLE, *heading, *body, r"\end{document}"])
        raise ValueError(f'explain: the format is "text", "markdown" or "latex", not {format!r}')

    def save(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Write it as text (.txt), Markdown (.md) or a LaTeX document (.tex). ValueError for another suffix.

        >>> from tinygrad_edu import Value, explain
        >>> explain(Value(2.0, label="x")).save("x.pdf")
        Traceback (most recent call last):
        ValueError: a derivation is saved as .txt, .md or .tex, not '.pdf'
        """
        path = pathlib.Path(path)
        format = {".txt": "text", ".md": "markdown", ".tex": "latex"}.get(path.suffix.lower())
        if format is None:
            raise ValueError(f"a derivation is saved as .txt, .md or .tex, not {path.suffix or path.name!r}")
        write_whole(path, f"{self.to(format)}\n".encode())
        return path

    def _text(self) -> str:
        parts = [self.title] if self.title else []
        for title, rows in self._parts():
            width = max([len(str(row.quantity)) for row in rows if not isinstance(row.quantity, Path)], default=0)
            lines = [row.text(self.digits, width) for row in rows]
            gaps = ["\n" if "\n" in above + below else "" for above, below in zip(lines, lines[1:])]
            parts.append(f"{title}\n\n" + "\n".join([line + gap for line, gap in zip(lines, [*gaps, ""])]))
        if self.remarked:
            parts.append("\n".join(["Remarks\n", *self.remarks]))
        return "\n\n".join(parts)

    def _markdown(self, title: str, rows: list[Row]) -> list[str]:
        blocks = [f"## {title}"]
        for row in rows:
            blocks.append(f"$$\n{row.latex(self.digits)}\n$$")
            blocks += row.sentences(LaTeX(self.digits))
        return blocks

    def _latex(self, title: str, rows: list[Row]) -> list[str]:
        lines = [rf"\section*{{{title}}}"]
        for row in rows:
            lines += [r"\[", row.latex(self.digits), r"\]"]
            lines += [note + "\n" for note in row.sentences(LaTeX(self.digits))]
        return lines


_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\begin{document}"""


def _has_matrix(row: Row) -> bool:
    def tall(e: Expression) -> bool:
        return isinstance(e, Number) and len(e.shape) == 2 and e.shape[0] > 1

    return any([tall(part) for e in (row.numbers, Number(row.result)) if e is not None for part in parts(e)])


def _width(text: str) -> int:
    return max(map(len, text.split("\n")))


def separated(pieces: Sequence[Any], separator: str) -> list[Any]:
    """The pieces with the separator between each two."""
    return [piece for p in pieces for piece in (separator, p)][1:]
