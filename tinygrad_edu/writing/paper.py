"""Formulas on paper: as lines of text with Unicode's mathematics, and as LaTeX.

`written` decides where parentheses go; a `Style` says how each thing looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..network.tensor import Tensor
from . import latex
from . import numbers as notation

if TYPE_CHECKING:
    from typing import Any

    from ..readings.explaining.expression import Expr

# How tightly an expression holds together. An operand that is looser than its place needs
# parentheses.
SUM, PRODUCT, SIGN, FRACTION, POWER, ATOM = range(6)
_INFIX = {"+": SUM, "−": SUM, "×": PRODUCT, "∘": PRODUCT, "@": PRODUCT}
_TEXT_SIGNS = {
    "+": " + ",
    "−": " − ",
    "×": " · ",
    "∘": " ∘ ",
    "@": " ",
    "Σ": "Σ ",
    "Σ0": "Σₙ ",
    "Σ1": "Σₖ ",
    "=": " = ",
}
_LATEX_SIGNS = {
    "+": " + ", "−": " - ", "×": r" \cdot ", "∘": r" \circ ", "@": r" \, ",
    "Σ": r"\sum ", "Σ0": r"\sum_n ", "Σ1": r"\sum_k ", "=": " = ", "+=": r" \mathrel{+}= ", "→": r" \to ",
}  # fmt: skip
_MOST_TERMS = 16  # of a sum, a product or a path
_MOST = 8  # rows or columns of a matrix; of more, the first and the last are shown


def written(e: Expr, style: Style) -> str:
    return _write(e, style)[0]


def _write(e: Expr, style: Style) -> tuple[str, int]:
    """The formula in the style, and how tightly it holds together."""

    def operand(i: int, at_least: int) -> str:
        text, tightness = _write(e.args[i], style)
        return text if tightness >= at_least else style.parentheses(text)

    match e.op:
        case "name":
            return style.name(e.words[0]), ATOM
        case "path":
            return style.sign("→").join(_ends([style.name(node) for node in e.words], "…")), SUM
        case "derivative":
            return style.derivative(*e.words), FRACTION
        case "constant":
            return style.constant(e.number)
        case "number":
            return style.number(e.number)
        case "spread":  # one number for all elements
            return _write(e.args[0], style)
        case "neg":
            return style.join("−", operand(0, PRODUCT)), SUM
        case "÷":
            return style.fraction(e, operand)
        case "^":
            exponent = e.args[1].number
            return style.power(operand(0, ATOM), exponent), POWER
        case "ᵀ":
            return style.transposed(operand(0, POWER)), POWER
        case "abs":
            return style.bars(operand(0, SUM)), ATOM
        case "Σ" | "Σ0" | "Σ1":
            return style.join(style.sign(e.op), operand(0, PRODUCT)), PRODUCT
        case "+" | "−" | "×" | "@":
            op = "∘" if e.op == "×" and all([_many(a) for a in e.args]) else e.op
            p = _INFIX[op]
            sums = [a.op.startswith("Σ") for a in e.args] if p == PRODUCT else [False] * len(e.args)
            # On the left (Σ a) · b and a · b, on the right a · Σ b and a − (b − c).
            places = [(0, p + sums[0]), *[(i, p + (not sums[i])) for i in range(1, len(e.args))]]
            return style.join(*_separated(_ends([operand(*place) for place in places], "…"), style.sign(op))), p
        case _:
            return style.function(e.op, [operand(i, SUM) for i in range(len(e.args))]), ATOM


def _many(e: Expr) -> bool:
    return isinstance(e.number, Tensor) and len(e.number.values) > 1


class Text:
    """Plain text. A matrix takes several lines, and what stands beside it is centred on them."""

    def __init__(self, digits: int = 4, columns: bool = False) -> None:
        self.digits = digits
        self.columns = columns  # vectors as columns, else as transposed rows

    def sign(self, op: str) -> str:
        return _TEXT_SIGNS.get(op, f" {op} ")

    def sentence(self, pieces: list[str | Expr]) -> str:
        return "".join([piece if isinstance(piece, str) else written(piece, self) for piece in pieces])

    def name(self, label: str) -> str:
        return label

    def derivative(self, above: str, below: str) -> str:
        return f"∂{above}/∂{below}"

    def constant(self, x: float) -> tuple[str, int]:
        p, q = notation.as_fraction(x)
        if q == 1 or q == 0:
            return self.number(x)
        return ("½", ATOM) if (p, q) == (1, 2) else (notation.short(p) + f"/{q}", SUM)

    def number(self, x: Any) -> tuple[str, int]:
        if not isinstance(x, Tensor) or not x.shape:
            text = notation.short(x.item() if isinstance(x, Tensor) else float(x), self.digits)
            return text, SUM if text.startswith("−") else PRODUCT if "·" in text else ATOM
        if x.ndim > 2:
            return " × ".join(map(str, x.shape)) + " numbers", SUM
        largest = max([abs(v.data) for v in x.values])
        cells = _cells(x, lambda number: notation.short(number, self.digits, largest), ("⋯", "⋮"))
        upright = x.ndim == 1 and not self.columns
        if upright:
            cells = [[row[0] for row in cells]]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join([f"{cell:>{w}}" for cell, w in zip(row, widths)]) for row in cells]
        return _fenced(lines, "[⎡⎢⎣", "]⎤⎥⎦") + ("ᵀ" if upright and len(cells[0]) > 1 else ""), ATOM

    def power(self, base: str, n: float) -> str:
        return base + notation.superscript(n)

    def transposed(self, text: str) -> str:
        return self.join(text, "ᵀ")

    def fraction(self, e: Expr, operand: Any) -> tuple[str, int]:
        return self.join(operand(0, PRODUCT), " / ", operand(1, FRACTION)), PRODUCT

    def parentheses(self, text: str) -> str:
        return _fenced(text.split("\n"), "(⎛⎜⎝", ")⎞⎟⎠")

    def bars(self, text: str) -> str:
        return _fenced(text.split("\n"), "||||", "||||")

    def function(self, name: str, arguments: list[str]) -> str:
        return self.join(name, self.parentheses(self.join(*_separated(arguments, ", "))))

    def join(self, *pieces: str) -> str:
        """The pieces side by side, each centred on the tallest."""
        blocks = [piece.split("\n") for piece in pieces]
        height = max(map(len, blocks))
        columns = []
        for block in blocks:
            above = (height - len(block)) // 2
            width = max(map(len, block))
            lines = [""] * above + block + [""] * (height - len(block) - above)
            columns.append([line.ljust(width) for line in lines])
        return "\n".join(["".join(line) for line in zip(*columns)])


class LaTeX:
    """LaTeX, for between $ and $."""

    def __init__(self, digits: int = 4) -> None:
        self.digits = digits

    def sign(self, op: str) -> str:
        return _LATEX_SIGNS[op]

    def sentence(self, pieces: list[str | Expr]) -> str:
        words = [p.replace("%", r"\%") if isinstance(p, str) else f"${written(p, self)}$" for p in pieces]
        return "".join(words)

    def name(self, label: str) -> str:
        return latex.latex_name(label)

    def derivative(self, above: str, below: str) -> str:
        return rf"\frac{{\partial {self.name(above)}}}{{\partial {self.name(below)}}}"

    def constant(self, x: float) -> tuple[str, int]:
        p, q = notation.as_fraction(x)
        if q == 1 or q == 0:
            return self.number(x)
        return ("-" if p < 0 else "") + rf"\frac{{{abs(p)}}}{{{q}}}", SUM if p < 0 else FRACTION

    def number(self, x: Any) -> tuple[str, int]:
        if not isinstance(x, Tensor) or not x.shape:
            text = self._digits(x.item() if isinstance(x, Tensor) else float(x))
            return text, SUM if text.startswith("-") else PRODUCT if "cdot" in text else ATOM
        if x.ndim > 2:
            return r" \times ".join(map(str, x.shape)) + r"\text{ numbers}", SUM
        largest = max([abs(v.data) for v in x.values])
        cells = _cells(x, lambda number: self._digits(number, largest), (r"\cdots", r"\vdots"))
        return r"\begin{bmatrix}" + r" \\ ".join([" & ".join(row) for row in cells]) + r"\end{bmatrix}", ATOM

    def _digits(self, x: float, beside: float = 0.0) -> str:
        return latex.latex_number(notation.short(x, self.digits, beside))

    def power(self, base: str, n: float) -> str:
        return f"{{{base}}}^{{{self._digits(n)}}}"

    def transposed(self, text: str) -> str:
        return rf"{{{text}}}^\top"

    def fraction(self, e: Expr, operand: Any) -> tuple[str, int]:
        return rf"\frac{{{operand(0, SUM)}}}{{{operand(1, SUM)}}}", FRACTION

    def parentheses(self, text: str) -> str:
        return rf"\left({text}\right)"

    def bars(self, text: str) -> str:
        return rf"\left|{text}\right|"

    def function(self, name: str, arguments: list[str]) -> str:
        if name == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        return rf"\operatorname{{{name}}}" + self.parentheses(", ".join(arguments))

    def join(self, *pieces: str) -> str:
        return "".join(["-" if piece == "−" else piece for piece in pieces])


if TYPE_CHECKING:
    Style = Text | LaTeX


def _cells(x: Tensor, write: Any, dots: tuple[str, str]) -> list[list[str]]:
    """The numbers of a vector (as a column) or a matrix; dots in place of those in the middle."""
    rows = [[v] for v in x.tolist()] if x.ndim == 1 else x.tolist()
    table = [_ends(list(map(write, row)), dots[0], _MOST) for row in _ends(rows, None, _MOST) if row]
    if len(rows) > _MOST:
        table.insert(-1, [dots[1]] * len(table[0]))
    return table


def _ends(items: list[Any], dots: Any, most: int = _MOST_TERMS) -> list[Any]:
    """The items, or if they are too many the first ones, dots, and the last."""
    return items if len(items) <= most else [*items[: most - 2], dots, items[-1]]


def _fenced(lines: list[str], left: str, right: str) -> str:
    """The lines between brackets as tall as they are: `left` and `right` hold the parts ([⎡⎢⎣."""
    if len(lines) == 1:
        return left[0] + lines[0] + right[0]
    width = max(map(len, lines))
    parts = [1] + [2] * (len(lines) - 2) + [3]
    return "\n".join([left[k] + line.ljust(width) + right[k] for k, line in zip(parts, lines)])


def _separated(pieces: list[str], separator: str) -> list[str]:
    return [piece for p in pieces for piece in (separator, p)][1:]
