"""A worksheet as HTML (for A4), LaTeX and Markdown, with blanks or filled in."""

from __future__ import annotations

from html import escape
from math import prod
from typing import TYPE_CHECKING

from ...writing.expression import write
from ...writing.latex import LaTeX, latex_number, latex_words
from ...writing.numbers import short
from ...writing.paper import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sheet import Question

_PARTS = {"given": "Given", "forward": "Forward", "backward": "Backward", "update": "Update"}


def part_of(q: Question) -> str:
    return "given" if q.line.rule is None and q.line.part == "forward" else q.line.part


def grid(q: Question, digits: int, filled: bool) -> list[list[str]]:
    """The cells of a quantity in rows, a vector as a column; empty where they are blanks."""
    numbers = [short(x, digits) if filled or not q.asked else "" for x in q.key.numbers]
    shape = q.key.shape
    columns = prod(shape[1:])
    return [numbers[k : k + columns] for k in range(0, len(numbers), columns)]


def hint(q: Question) -> str:
    """The names of its numbers as they are typed."""
    entries = q.entries
    return entries[0] if len(entries) == 1 else f"{entries[0]} … {entries[-1]}"


def as_html(sheet: Sequence[Question], title: str, digits: int, filled: bool, remark: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>{_CSS}</style>\n</head>\n<body>\n{body_of(sheet, title, digits, filled, remark)}</body>\n</html>\n"
    )


def body_of(sheet: Sequence[Question], title: str, digits: int, filled: bool, remark: str) -> str:
    """The body of the HTML, which can be read without its style too."""
    body = []
    for part, heading in _PARTS.items():
        lines = [q for q in sheet if part_of(q) == part]
        if lines:
            rows = "\n".join([_html_line(q, digits, filled) for q in lines])
            body.append(f'<h2>{heading}</h2>\n<div class="{part}">\n{rows}\n</div>')
    name = "Key" if filled else 'Name <span class="rule"></span>'
    said = f"<p>{escape(remark)}</p>\n" if remark else ""
    return (
        f"<header><h1>{escape(title)}</h1><div>{name}</div></header>\n"
        f"<p>Decimals: {digits}.</p>\n{said}" + "\n".join(body) + "\n"
    )


def _html_line(q: Question, digits: int, filled: bool) -> str:
    style = Text(digits)
    sides = [] if q.line.rule is None else [escape(write(q.line.rule, style)[0])]
    cells = "".join(
        ["<tr>" + "".join([f"<td>{cell}</td>" for cell in row]) + "</tr>" for row in grid(q, digits, filled)]
    )
    kind = "asked" if q.asked else "known"
    table = f'<table class="{kind}">{cells}</table>'
    typed = f"<small>{escape(hint(q))}</small>" if q.asked else ""
    quantity = escape(write(q.line.quantity, style)[0])
    rule = f'<span class="formula">= {sides[0]} =</span>' if sides else "<span>=</span>"
    return f'<div class="line"><b>{quantity}</b> {rule} {table} {typed}</div>'


_CSS = """
@page { size: A4; margin: 15mm }
html { background: #fff } @media screen { html { padding: 0 4mm } }
body { font: 11pt/1.4 "DejaVu Sans", sans-serif; color: #111; max-width: 180mm; margin: auto }
header { display: flex; justify-content: space-between; align-items: end; border-bottom: .5mm solid }
h1 { font-size: 16pt; margin: 2mm 4mm 2mm 0 } h2 { font-size: 12pt; margin: 5mm 0 1mm; break-after: avoid }
.rule { display: inline-block; width: 50mm; border-bottom: .2mm solid }
.line { display: flex; align-items: center; gap: 2mm; margin: 2mm 0; break-inside: avoid; flex-wrap: wrap }
.given { display: flex; flex-wrap: wrap; gap: 0 6mm }
b { font-weight: normal; min-width: 20mm } .given b { min-width: 0 }
.formula { min-width: 45mm; max-width: 90mm }
table { border-collapse: collapse; border-left: .5mm solid; border-right: .5mm solid }
td { text-align: center; padding: 0 1.5mm } .known td { font-size: 10pt }
.asked td { border: .2mm solid #888; min-width: 17mm; height: 8mm; padding: 0 1mm }
small { margin-left: auto; color: #555; font-size: 7.5pt }
"""


def as_latex(sheet: Sequence[Question], title: str, digits: int, filled: bool, remark: str) -> str:
    lines = [_PREAMBLE, rf"\section*{{{latex_words(title)}}}"]
    lines += [r"\textbf{Key}" if filled else r"Name \underline{\hspace{5cm}}", "", f"Decimals: {digits}.", ""]
    lines += [latex_words(remark), ""] if remark else []
    for part, heading in _PARTS.items():
        chosen = [q for q in sheet if part_of(q) == part]
        lines += [rf"\subsection*{{{heading}}}"] if chosen else []
        for q in chosen:
            lines += [r"\noindent\begin{minipage}{\textwidth}\[", _latex_line(q, digits, filled), r"\]"]
            lines += [rf"\hfill{{\scriptsize\ttfamily {latex_words(hint(q))}}}"] if q.asked else []
            lines.append(r"\end{minipage}\par\smallskip")
    return "\n".join([*lines, r"\end{document}", ""])


def _latex_line(q: Question, digits: int, filled: bool) -> str:
    style = LaTeX(digits)
    sides = [write(q.line.quantity, style)[0]] + ([] if q.line.rule is None else [write(q.line.rule, style)[0]])
    rows = grid(q, digits, filled)
    if not q.asked:
        cells = r" \\ ".join([" & ".join([latex_number(cell) for cell in row]) for row in rows])
        return " = ".join([*sides, rf"\begin{{bmatrix}}{cells}\end{{bmatrix}}"])
    columns = "|" + "c|" * len(rows[0])
    box = rf"\rule[-3mm]{{0mm}}{{8mm}}\makebox[{'15' if len(rows[0]) < 8 else '11'}mm]"
    cells = "".join([" & ".join([f"{box}{{${latex_number(c)}$}}" for c in row]) + r" \\ \hline " for row in rows])
    return " = ".join([*sides, rf"\begin{{array}}{{{columns}}}\hline {cells}\end{{array}}"])


_PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\pagestyle{plain}
\begin{document}"""


def as_markdown(sheet: Sequence[Question], title: str, digits: int, filled: bool, remark: str) -> str:
    style = Text(digits)
    blocks = [f"# {title}", "Key" if filled else "Name: \\_\\_\\_\\_\\_\\_\\_\\_", f"Decimals: {digits}."]
    blocks += [remark] if remark else []
    for part, heading in _PARTS.items():
        chosen = [q for q in sheet if part_of(q) == part]
        blocks += [f"## {heading}"] if chosen else []
        for q in chosen:
            sides = [write(e, style)[0] for e in (q.line.quantity, q.line.rule) if e is not None]
            blocks.append(" = ".join([f"`{side}`" for side in sides]) + " =" + (f" ({hint(q)})" if q.asked else ""))
            rows = [[cell or "\\_\\_\\_\\_\\_" for cell in row] for row in grid(q, digits, filled)]
            table = ["| " + " | ".join(row) + " |" for row in [[" "] * len(rows[0]), ["---"] * len(rows[0]), *rows]]
            blocks.append("\n".join(table))
    return "\n\n".join(blocks) + "\n"
