"""A worksheet as HTML (for A4), LaTeX and Markdown, with blanks or filled in; and its form, as CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from itertools import groupby
from math import prod
from typing import TYPE_CHECKING

from ...writing.expression import Number
from ...writing.latex import LaTeX, document, latex_number, latex_words
from ...writing.paper import Text, display_width, written
from ..explaining.rows import PAGE, aligned, on_a_page, separated
from .answers import SHEET_ID
from .sheet import Question
from .tables import as_csv, as_html, html_page

if TYPE_CHECKING:
    from . import Worksheet

_BOX = 8  # columns of text as wide as a box for a number
_PARTS = {"given": "Given", "forward": "Forward", "backward": "Backward", "update": "Update"}


def _parts(sheet: Worksheet) -> list[tuple[str, list[Question]]]:
    """The parts of the sheet that there are, each with its lines."""

    def part_of(q: Question) -> str:
        return "given" if q.line.rule is None and q.line.phase == "forward" else q.line.phase

    parts = [(part, [q for q in sheet.questions if part_of(q) == part]) for part in _PARTS]
    return [(part, lines) for part, lines in parts if lines]


def grid(q: Question, sheet: Worksheet) -> list[list[str]]:
    """The cells of a quantity in rows, empty where they are blanks. A vector lies down, as [1 2 3]ᵀ."""
    n = len(q.key.numbers)
    numbers = [*map(str, q.printed(sheet.digits))] if sheet.filled or not q.asked else [""] * n
    columns = prod(q.key.shape[1:]) if len(q.key.shape) > 1 else n
    return [numbers[k : k + columns] for k in range(0, n, columns)]


def _sides(q: Question, style: Text) -> list[str]:
    """The quantity, and its rule if it has one."""
    return [written(e, style) for e in (q.line.quantity, q.line.rule) if e is not None]


def _lies_down(q: Question) -> bool:
    return len(q.key.shape) == 1 and q.key.shape[0] > 1


def hint(q: Question) -> str:
    """The first and the last name: what to type in blanks, or the order of an array of more than two axes."""
    entries = q.entries if q.asked or len(q.key.shape) > 2 else []
    return " … ".join(dict.fromkeys([*entries[:1], *entries[-1:]]))


def in_html(sheet: Worksheet) -> str:
    body = [
        f"<header><h1>{escape(sheet.title)}</h1><div>{'Key' if sheet.filled else 'Name <u></u>'}</div></header>",
        f"<p>Decimals: {sheet.digits}. <small>Sheet {sheet.id}</small></p>",
        *[f"<p>{escape(remark)}</p>" for remark in sheet.remarks],
    ]
    for part, lines in _parts(sheet):
        rows = "\n".join([_html_line(q, sheet) for q in lines])
        body.append(f'<h2>{_PARTS[part]}</h2>\n<div class="{part}">\n{rows}\n</div>')
    return html_page(sheet.title, body)


def _html_line(q: Question, sheet: Worksheet) -> str:
    rows = grid(q, sheet)
    numbers = rows[0][0]
    if q.asked or q.key.shape:
        table = as_html(rows, ("asked" if q.asked else "known") + " matrix" * bool(q.key.shape))
        numbers = f"<span>{table}" + "<i>ᵀ</i>" * _lies_down(q) + "</span>"
    typed = f"<small>{escape(said)}</small>" if (said := hint(q)) else ""
    quantity, *rule = map(escape, _sides(q, Text(sheet.digits)))
    formula = f'<em class="formula">= {rule[0]} =</em>' if rule else "<em>=</em>"
    return f'<div class="line"><b>{quantity}</b> {formula} {numbers} {typed}</div>'


def in_latex(sheet: Worksheet) -> str:
    lines = [rf"\section*{{{latex_words(sheet.title)}}}"]
    lines += [r"\textbf{Key}" if sheet.filled else r"Name \underline{\hspace{5cm}}", ""]
    lines += [rf"Decimals: {sheet.digits}. {{\scriptsize Sheet {sheet.id}}}", ""]
    lines += [line for remark in sheet.remarks for line in (latex_words(remark), "")]
    for part, chosen in _parts(sheet):
        lines.append(rf"\subsection*{{{_PARTS[part]}}}")
        for q in chosen:
            lines += [r"\noindent\begin{minipage}{\textwidth}\[", _latex_line(q, sheet), r"\]"]
            lines += [rf"\hfill{{\scriptsize\ttfamily {latex_words(said)}}}"] if (said := hint(q)) else []
            lines.append(r"\end{minipage}\par\smallskip")
    return document("\n".join(lines), "[a4paper]", r"\pagestyle{plain}") + "\n"


def _latex_line(q: Question, sheet: Worksheet) -> str:
    """The quantity, its rule in lines that fit, and the numbers, in a line of their own where there is no room."""
    rows, rule, room = grid(q, sheet), q.line.rule, PAGE - display_width(q.text)
    quantity = written(q.line.quantity, LaTeX(sheet.digits))
    if not q.asked:
        cells = r" \\ ".join([" & ".join([latex_number(cell) for cell in row]) for row in rows])
        numbers = rf"\begin{{bmatrix}}{cells}\end{{bmatrix}}" if q.key.shape else cells
    else:
        columns = "|" + "c|" * len(rows[0])
        box = rf"\rule[-3mm]{{0mm}}{{8mm}}\makebox[{'15' if len(rows[0]) < 8 else '11'}mm]"
        cells = "".join([" & ".join([f"{box}{{${latex_number(c)}$}}" for c in row]) + r" \\ \hline " for row in rows])
        numbers = rf"\begin{{array}}{{{columns}}}\hline {cells}\end{{array}}"
        numbers = rf"\left[{numbers}\right]" if q.key.shape else numbers
    numbers += r"^{\top}" * _lies_down(q)
    if rule is None:
        return f"{quantity} = {numbers}"
    lines = on_a_page(rule, sheet.digits, room)
    if len(lines) == 1 and display_width(str(rule)) + _BOX * len(rows[0]) <= room:
        return f"{quantity} = {lines[0]} = {numbers}"
    return aligned([f"{quantity} &= ", "&= "], [lines, [numbers]])


def in_markdown(sheet: Worksheet) -> str:
    """Markdown that reads as plain text too: a line for each blank."""
    blocks = [f"# {sheet.title}", "Key" if sheet.filled else "Name: `____________________`"]
    blocks += [f"Decimals: {sheet.digits}. Sheet {sheet.id}", *sheet.remarks]
    for part, chosen in _parts(sheet):
        blocks.append(f"## {_PARTS[part]}")
        for asked, lines in groupby(chosen, key=lambda q: q.asked):
            if not asked:
                known = "\n".join([_known(q, sheet) for q in lines]).replace("\n\n\n", "\n\n").strip("\n")
                blocks.append(f"```\n{known}\n```")
                continue
            for q in lines:
                blanks = [cell or "________" for row in grid(q, sheet) for cell in row]
                typed = [f"- `{entry} = {blank}`" for entry, blank in zip(q.entries, blanks)]
                blocks += [f"`{' = '.join(_sides(q, Text(sheet.digits)))}`", "\n".join(typed)]
    return "\n\n".join(blocks) + "\n"


def _known(q: Question, sheet: Worksheet) -> str:
    """A quantity with its numbers, a matrix between empty lines; of more than two axes number by number."""
    if len(q.key.shape) > 2:
        return "\n".join([f"{entry} = {x}" for entry, x in zip(q.entries, q.printed(sheet.digits))])
    style = Text(q.decimals(sheet.digits))
    sides = [*_sides(q, style), written(Number(q.key), style)]
    line = style.join(*separated(sides, " = "))
    return f"\n{line}\n" if "\n" in line else line


def form(sheet: Worksheet) -> dict[str, str]:
    """What is typed, by name: nothing yet, or the numbers of a key. The last line says which sheet it is."""
    asked = [q for q in sheet.questions if q.asked]
    numbers = [(entry, x) for q in asked for entry, x in zip(q.entries, q.key.numbers)]
    return {entry: f"{x:.{sheet.digits}f}" if sheet.filled else "" for entry, x in numbers} | {SHEET_ID: sheet.id}


FORMATS: dict[str, Callable[[Worksheet], str]] = {
    "html": in_html,
    "tex": in_latex,
    "md": in_markdown,
    "csv": lambda sheet: as_csv([("name", "answer"), *form(sheet).items()]),
    "json": lambda sheet: json.dumps(form(sheet), ensure_ascii=False, indent=1) + "\n",
}
