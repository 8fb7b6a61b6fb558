"""A worksheet as HTML (for A4), LaTeX and Markdown, with blanks or filled in."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import groupby
from math import prod
from typing import TYPE_CHECKING

from ...writing.expression import Number
from ...writing.latex import LaTeX, document, latex_number, latex_words
from ...writing.paper import Text, written
from ..explaining.rows import separated
from .sheet import Question

if TYPE_CHECKING:
    from . import Worksheet

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
    """The names of its numbers as they are typed."""
    entries = q.entries
    return entries[0] if len(entries) == 1 else f"{entries[0]} … {entries[-1]}"


def as_html(sheet: Worksheet) -> str:
    title = escape(sheet.title)
    body = [
        f"<header><h1>{title}</h1><div>{'Key' if sheet.filled else 'Name <u></u>'}</div></header>",
        f"<p>Decimals: {sheet.digits}. <small>Sheet {sheet.id}</small></p>",
        *[f"<p>{escape(remark)}</p>" for remark in sheet.remarks],
    ]
    for part, lines in _parts(sheet):
        rows = "\n".join([_html_line(q, sheet) for q in lines])
        body.append(f'<h2>{_PARTS[part]}</h2>\n<div class="{part}">\n{rows}\n</div>')
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_CSS}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _html_line(q: Question, sheet: Worksheet) -> str:
    rows = grid(q, sheet)
    numbers = rows[0][0]
    if q.asked or q.key.shape:
        cells = "".join(["<tr>" + "".join([f"<td>{cell}</td>" for cell in row]) + "</tr>" for row in rows])
        classes = ("asked" if q.asked else "known") + " matrix" * bool(q.key.shape)
        numbers = f'<span><table class="{classes}">{cells}</table>' + "<i>ᵀ</i>" * _lies_down(q) + "</span>"
    typed = f"<small>{escape(hint(q))}</small>" if q.asked else ""
    quantity, *rule = map(escape, _sides(q, Text(sheet.digits)))
    formula = f'<em class="formula">= {rule[0]} =</em>' if rule else "<em>=</em>"
    return f'<div class="line"><b>{quantity}</b> {formula} {numbers} {typed}</div>'


_CSS = """
@page { size: A4; margin: 15mm }
html { background: #fff } @media screen { html { padding: 0 4mm } }
body { font: 11pt/1.4 "DejaVu Sans", sans-serif; color: #111; max-width: 180mm; margin: auto }
header { display: flex; justify-content: space-between; align-items: end; flex-wrap: wrap; border-bottom: .5mm solid }
h1 { font-size: 16pt; margin: 2mm 4mm 2mm 0 } h2 { font-size: 12pt; margin: 5mm 0 1mm; break-after: avoid }
u { display: inline-block; text-decoration: none; width: 50mm; border-bottom: .2mm solid }
.line { display: flex; align-items: center; gap: 2mm; margin: 1.5mm 0; break-inside: avoid; flex-wrap: wrap }
.given { display: flex; flex-wrap: wrap; gap: 0 6mm }
b { font-weight: normal; min-width: 20mm } .given b { min-width: 0 }
.formula { min-width: 45mm; max-width: 90mm }
table { border-collapse: collapse } td { text-align: center; padding: 0 1.5mm } .known td { font-size: 10pt }
.matrix { border-left: .4mm solid; border-right: .4mm solid; position: relative; margin: 1mm }
.matrix::before, .matrix::after { content: ""; position: absolute; top: -.6mm; bottom: -.6mm; width: 1.5mm;
  border-top: .4mm solid; border-bottom: .4mm solid }
.matrix::before { left: -.4mm } .matrix::after { right: -.4mm }
span { display: inline-flex } i { align-self: start } em, i { font-style: normal }
.asked td { border: .2mm solid #888; min-width: 15mm; height: 7mm; padding: 0 1mm }
.asked.matrix { border-left-width: .7mm; border-right-width: .7mm }
small { margin-left: auto; color: #555; font-size: 7.5pt }
"""


def as_latex(sheet: Worksheet) -> str:
    lines = [rf"\section*{{{latex_words(sheet.title)}}}"]
    lines += [r"\textbf{Key}" if sheet.filled else r"Name \underline{\hspace{5cm}}", ""]
    lines += [rf"Decimals: {sheet.digits}. {{\scriptsize Sheet {sheet.id}}}", ""]
    lines += [line for remark in sheet.remarks for line in (latex_words(remark), "")]
    for part, chosen in _parts(sheet):
        lines.append(rf"\subsection*{{{_PARTS[part]}}}")
        for q in chosen:
            lines += [r"\noindent\begin{minipage}{\textwidth}\[", _latex_line(q, sheet), r"\]"]
            lines += [rf"\hfill{{\scriptsize\ttfamily {latex_words(hint(q))}}}"] if q.asked else []
            lines.append(r"\end{minipage}\par\smallskip")
    return document("\n".join(lines), "[a4paper]", r"\pagestyle{plain}") + "\n"


def _latex_line(q: Question, sheet: Worksheet) -> str:
    sides = _sides(q, LaTeX(sheet.digits))
    rows = grid(q, sheet)
    if not q.asked:
        cells = r" \\ ".join([" & ".join([latex_number(cell) for cell in row]) for row in rows])
        numbers = rf"\begin{{bmatrix}}{cells}\end{{bmatrix}}" if q.key.shape else cells
    else:
        columns = "|" + "c|" * len(rows[0])
        box = rf"\rule[-3mm]{{0mm}}{{8mm}}\makebox[{'15' if len(rows[0]) < 8 else '11'}mm]"
        cells = "".join([" & ".join([f"{box}{{${latex_number(c)}$}}" for c in row]) + r" \\ \hline " for row in rows])
        numbers = rf"\begin{{array}}{{{columns}}}\hline {cells}\end{{array}}"
        numbers = rf"\left[{numbers}\right]" if q.key.shape else numbers
    return " = ".join([*sides, numbers + r"^{\top}" * _lies_down(q)])


def as_markdown(sheet: Worksheet) -> str:
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
    """A quantity with its numbers, a matrix between empty lines."""
    style = Text(q.decimals(sheet.digits))
    sides = [*_sides(q, style), written(Number(q.key), style)]
    line = style.join(*separated(sides, " = "))
    return f"\n{line}\n" if "\n" in line else line


FORMATS: dict[str, Callable[[Worksheet], str]] = {"html": as_html, "tex": as_latex, "md": as_markdown}
