"""Tables of cells as text, CSV and HTML, and the HTML page around what is shown."""

import csv
import io
import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files

Table = Sequence[Sequence[str]]


def as_text(rows: Table) -> str:
    """The cells in columns.

    >>> print(as_text([["Ann", "1"], ["Bo", "12"]]))
    Ann  1
    Bo   12
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(["  ".join([cell.ljust(w) for cell, w in zip(row, widths)]).rstrip() for row in rows])


def as_csv(rows: Table) -> str:
    """The cells as CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it.

    >>> print(as_csv([["=1+1", "-0.5", "+x"]]).strip())
    '=1+1,-0.5,'+x
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[_harmless(cell) for cell in row] for row in rows])
    return out.getvalue()


def _harmless(cell: str) -> str:
    is_number = re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", cell)
    return cell if is_number or not cell.startswith(("=", "+", "-", "@")) else f"'{cell}"


def as_html(rows: Table, kind: str = "") -> str:
    """The cells as a table, perhaps of a class of the style sheet.

    >>> as_html([["a < b"]])
    '<table><tr><td>a &lt; b</td></tr></table>'
    """
    lines = ["<tr>" + "".join([f"<td>{escape(cell)}</td>" for cell in row]) + "</tr>" for row in rows]
    return (f'<table class="{kind}">' if kind else "<table>") + "".join(lines) + "</table>"


def html_page(title: str, body: Sequence[str]) -> str:
    style = files(__package__).joinpath("sheet.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )
