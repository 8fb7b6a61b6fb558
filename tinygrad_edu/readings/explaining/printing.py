"""The derivation as text, as Markdown, and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING

from ...writing.expression import Expression, Number, Path, chunks, parts
from ...writing.latex import LaTeX, latex_words
from ...writing.paper import Text, display_width, padded, written

if TYPE_CHECKING:
    from .rows import Derivation, Row

_WIDTH = 110  # columns of a line
_PAGE = 85  # columns of text whose LaTeX is as wide as a page

_PREAMBLE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\begin{document}"""


# A row.


def text(row: Row, digits: int, width: int) -> str:
    """The row as text, the quantity padded to `width`."""
    style = Text(digits, columns=_has_matrix(row))
    quantity = written(row.quantity, style)
    head = f"{padded(quantity, width)} {row.relation} "
    below = " " * (display_width(head) - 2) + "= "
    sides = row.sides(style)
    lines, lefts = [sides], [head]
    if isinstance(row.quantity, Path):
        lines, lefts = [[], sides], [quantity, "    = "]
    elif len(sides) > 1 and "\n" in "".join(sides[1:]):  # matrices go below the rule
        lines, lefts = [sides[:1], sides[1:]], [head, below]
    elif len(sides) > 1 and _width(head + " = ".join(sides)) > _WIDTH:
        lines, lefts = [[side] for side in sides], [head, *[below] * (len(sides) - 1)]
    blocks = [style.join(left, *_equated(line)) for left, line in zip(lefts, lines)]
    line = "\n".join([line.rstrip() for block in blocks for line in block.split("\n")])
    notes = row.sentences(style)
    if row.part:
        line += "  → " + notes.pop(0)
    return "\n".join([line, *["    " + note for note in notes]])


def latex(row: Row, digits: int) -> str:
    """The row as LaTeX, for between $$ and $$; the notes are not in it."""
    style = LaTeX(digits)
    quantity, relation = written(row.quantity, style), style.sign(row.relation)
    is_path = isinstance(row.quantity, Path)
    sides = [_broken(e, style, 0 if is_path else display_width(str(row.quantity))) for e in row.formulas(style)]
    if is_path:
        lines = [f"&{quantity}", *[f"&= {line}" for side in sides for line in side]]
    elif any([len(side) > 1 or r"\begin" in side[0] for side in sides]) or _is_wide(row, digits):
        starts = [f"{quantity} &{relation}", *["&= "] * (len(sides) - 1)]
        lines = [
            start + line
            for first, side in zip(starts, sides)
            for start, line in zip(chain([first], repeat(r"&\quad {}")), side)
        ]
    else:
        return f"{quantity}{relation}{' = '.join([side[0] for side in sides])}"
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _broken(e: Expression, style: LaTeX, used: int) -> list[str]:
    """A side in lines that fit on a page, as far as there are places to break it."""
    widths = [_width(chunk) for chunk in chunks(e, Text(style.digits, columns=True))]
    lines, room = [""], 0
    for chunk, width in zip(chunks(e, style), widths):
        if room + width > _PAGE - used and lines[-1]:
            lines, room = [*lines, ""], 0
        lines[-1] += chunk
        room += width
    return lines


def _is_wide(row: Row, digits: int) -> bool:
    style = Text(digits)
    return _width(style.join(*_equated([written(row.quantity, style), *row.sides(style)]))) > _WIDTH


def _has_matrix(row: Row) -> bool:
    def tall(e: Expression) -> bool:
        return isinstance(e, Number) and len(e.shape) == 2 and e.shape[0] > 1

    return any([tall(part) for e in (row.numbers, Number(row.result)) if e is not None for part in parts(e)])


def _width(text: str) -> int:
    return max(map(display_width, text.split("\n")))


def _equated(sides: Sequence[str]) -> list[str]:
    return [piece for side in sides for piece in (" = ", side)][1:]


# A derivation.


def as_text(derivation: Derivation) -> str:
    found = [derivation.title] if derivation.title else []
    for heading, rows in derivation.parts:
        quantities = [str(row.quantity) for row in rows if not isinstance(row.quantity, Path)]
        width = max(map(display_width, quantities), default=0)
        lines = [row.text(derivation.digits, width) for row in rows]
        gaps = ["\n" if "\n" in above + below else "" for above, below in zip(lines, lines[1:])]
        found.append(f"{heading}\n\n" + "\n".join([line + gap for line, gap in zip(lines, [*gaps, ""])]))
    if derivation.remarked:
        found.append("\n".join(["Remarks\n", *derivation.remarks]))
    return "\n\n".join(found)


def as_markdown(derivation: Derivation) -> str:
    style = LaTeX(derivation.digits)
    blocks = [f"# {' '.join(derivation.title.split())}"] if derivation.title else []
    for heading, rows in derivation.parts:
        blocks.append(f"## {heading}")
        for row in rows:
            blocks += [f"$$\n{row.latex(derivation.digits)}\n$$", *row.sentences(style)]
    if derivation.remarked:
        blocks += ["## Remarks", *map(style.sentence, derivation.remarked)]
    return "\n\n".join(blocks)


def as_fragment(derivation: Derivation) -> str:
    style = LaTeX(derivation.digits)
    lines = [rf"{{\Large\bfseries {latex_words(derivation.title)}\par}}"] if derivation.title else []
    for heading, rows in derivation.parts:
        lines.append(rf"\section*{{{heading}}}")
        for row in rows:
            lines += [r"\[", row.latex(derivation.digits), r"\]"]
            lines += [note + "\n" for note in row.sentences(style)]
    if derivation.remarked:
        lines += [r"\section*{Remarks}", "\n\n".join(map(style.sentence, derivation.remarked))]
    return "\n".join(lines)


def as_latex(derivation: Derivation) -> str:
    return "\n".join([_PREAMBLE, as_fragment(derivation), r"\end{document}"])


FORMATS = {"text": as_text, "markdown": as_markdown, "latex": as_latex, "fragment": as_fragment}
