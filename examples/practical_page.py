"""The page that q1.py and q2.py print: lines «name = formula = number ✓».

The number is the engine's. The formula's right-hand side is computed as well, with plain lists and
loops that share nothing with the engine; ✓ says that the two agree.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import sub
from typing import Any

from tinygrad_edu.writing.names import of_layer
from tinygrad_edu.writing.numbers import number

LAYERS = (1, 2, 3)
PARAMETERS = ("W1", "b1", "W2", "b2", "W3", "b3")
TOLERANCE = 1e-12  # relative; what some hundred roundings of 1e-16 can add up to, with room


@dataclass
class Pass:
    """The numbers of one forward and backward pass, by name: x, h0, z1, …, y_hat, y, L; W1, b1, …"""

    data: dict[str, Any]
    grad: dict[str, Any]


@dataclass
class Step:
    """One update: the passes before it, of which the last gave the gradient, and the parameters after it."""

    passes: list[Pass]
    after: dict[str, Any]


@dataclass
class Formula:
    """What stands on the page for a quantity: its formula, and the same with plain numbers."""

    text: str
    by_hand: Callable[..., Any]


class Page:
    """The lines of the page, and how far engine and formulas are apart."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.lines: list[str] = []
        self.formulas = 0
        self.worst = 0.0

    def write(self, *lines: str) -> None:
        self.lines += lines

    def line(self, name: str, formula: str, engine: Any, by_hand: Any) -> None:
        """The engine's number beside a formula, compared with the formula's own."""
        difference = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(flat(engine), flat(by_hand)))
        self.formulas += 1
        self.worst = max(self.worst, difference)
        mark = "✓" if difference < TOLERANCE else f"✗ the formula gives{self.text(by_hand)}"
        self.write(f"{name:<9} = {formula:<24} ={self.text(engine)}  {mark}")

    def text(self, x: Any) -> str:
        """A number, a vector as a row with ᵀ, or a matrix on lines of its own, with space before."""
        if isinstance(x, float):
            return f" {number(x, self.digits)}"
        if isinstance(x[0], float):
            return f" [{'  '.join([number(xi, self.digits) for xi in x])}]ᵀ"
        rows = [[number(xij, self.digits) for xij in row] for row in x]
        width = max(len(cell) for row in rows for cell in row)
        inside = ["  ".join([cell.rjust(width) for cell in row]) for row in rows]
        left = "⎡" + "⎢" * (len(rows) - 2) + "⎣"
        right = "⎤" + "⎥" * (len(rows) - 2) + "⎦"
        return "".join([f"\n    {a} {row} {b}" for a, row, b in zip(left, inside, right)])

    @property
    def agrees(self) -> bool:
        return self.worst < TOLERANCE

    def verdict(self) -> str:
        agree = "agree" if self.agrees else "✗ DO NOT AGREE"
        return f"{self.formulas} formulas and the engine {agree}; the largest difference is {self.worst:.1e}."


# The parts of the page, in the order and the symbols of the notes.


def write_forward(page: Page, p: Pass, y_hat: Formula, loss: Formula) -> None:
    data = p.data
    page.write("Forward pass")
    page.line("h⁽⁰⁾", "x", data["h0"], data["x"])
    for l in LAYERS:
        z, h, W, b, below = symbols(l)
        page.line(z, f"{W} {below} + {b}", data[f"z{l}"], affine(data[f"W{l}"], data[f"h{l - 1}"], data[f"b{l}"]))
        if l < LAYERS[-1]:
            page.line(h, f"tanh({z})", data[f"h{l}"], [math.tanh(zi) for zi in data[f"z{l}"]])
    page.line("ŷ = h⁽³⁾", y_hat.text, data["y_hat"], y_hat.by_hand(data["z3"]))
    page.line("L", loss.text, data["L"], loss.by_hand(data["y_hat"], data["y"]))


def write_backward(page: Page, p: Pass, from_y_hat: bool) -> None:
    """From ∂L/∂ŷ, or from ∂L/∂z⁽³⁾ directly, down to the first layer."""
    data, grad = p.data, p.grad
    page.write("", "Backward pass")
    error = each(sub, data["y_hat"], data["y"])
    if from_y_hat:
        page.line("∂L/∂ŷ", "ŷ − y", grad["y_hat"], error)
        page.line("∂L/∂z⁽³⁾", "∂L/∂ŷ", grad["z3"], grad["y_hat"])
    else:
        page.line("∂L/∂z⁽³⁾", "ŷ − y", grad["z3"], error)
    for l in reversed(LAYERS):
        z, h, W, b, below = symbols(l)
        if l < LAYERS[-1]:
            by_hand = [g * (1 - hi**2) for g, hi in zip(grad[f"h{l}"], data[f"h{l}"])]
            page.line(f"∂L/∂{z}", f"∂L/∂{h} ∘ (1 − {h}²)", grad[f"z{l}"], by_hand)
        page.line(f"∂L/∂{W}", f"∂L/∂{z} {below}ᵀ", grad[f"W{l}"], outer(grad[f"z{l}"], data[f"h{l - 1}"]))
        page.line(f"∂L/∂{b}", f"∂L/∂{z}", grad[f"b{l}"], grad[f"z{l}"])
        if l > 1:
            by_hand = transposed_times(data[f"W{l}"], grad[f"z{l}"])
            page.line(f"∂L/∂{below}", f"{W}ᵀ ∂L/∂{z}", grad[f"h{l - 1}"], by_hand)


def write_batch(page: Page, passes: list[Pass], mean: bool) -> None:
    """The loss of the batch, which is the last pass, and its gradient beside those of the examples."""
    *examples, batch = passes
    n = len(examples)
    what, scale, over = ("mean", 1 / n, f"1/{n} ") if mean else ("sum", 1.0, "")
    page.write("", f"The batch: the gradient of the {what} is the {what} of the gradients", "")
    page.line("L", f"{over}Σᵢ Lᵢ", batch.data["L"], scale * sum(p.data["L"] for p in examples))
    for name in reversed(PARAMETERS):
        total = each(lambda *gradients: scale * sum(gradients), *[p.grad[name] for p in examples])
        page.line(f"∂L/∂{symbol(name)}", f"{over}Σᵢ ∂Lᵢ/∂{symbol(name)}", batch.grad[name], total)


def write_update(page: Page, step: Step, eta: float) -> None:
    page.write("", f"Update with η = {eta:g}", "")
    before = step.passes[-1]
    for name, after in step.after.items():
        by_hand = each(lambda w, g: w - eta * g, before.data[name], before.grad[name])
        page.line(symbol(name), f"{symbol(name)} − η ∂L/∂{symbol(name)}", after, by_hand)


def write_steps(page: Page, steps: list[Step]) -> None:
    page.write("", "step  loss before it")
    page.write(*[f"{i:>4} {page.text(step.passes[-1].data['L'])}" for i, step in enumerate(steps, start=1)])
    page.write("", f"After {len(steps)} steps", "")
    page.write(*[f"{symbol(name)} ={page.text(after)}" for name, after in steps[-1].after.items()])


def symbol(name: str) -> str:
    """W⁽¹⁾ for W1; ŷ for y_hat; and x for x."""
    return of_layer(name[0], int(name[1])) if name[1:].isdigit() else {"y_hat": "ŷ"}.get(name, name)


def symbols(l: int) -> list[str]:
    """z⁽ˡ⁾, h⁽ˡ⁾, W⁽ˡ⁾, b⁽ˡ⁾ and h⁽ˡ⁻¹⁾."""
    return [symbol(name) for name in (f"z{l}", f"h{l}", f"W{l}", f"b{l}", f"h{l - 1}")]


# The formulas with plain lists.


def flat(x: Any) -> list[float]:
    return [leaf for part in x for leaf in flat(part)] if isinstance(x, list) else [x]


def each(f: Callable[..., float], *xs: Any) -> Any:
    """f on numbers that stand at the same place of lists, nested or not."""
    return [each(f, *parts) for parts in zip(*xs)] if isinstance(xs[0], list) else f(*xs)


def affine(W: list[list[float]], h: list[float], b: list[float]) -> list[float]:
    return [sum(w * hj for w, hj in zip(row, h)) + bi for row, bi in zip(W, b)]


def transposed_times(W: list[list[float]], g: list[float]) -> list[float]:
    return [sum(w * gi for w, gi in zip(column, g)) for column in zip(*W)]


def outer(u: list[float], v: list[float]) -> list[list[float]]:
    return [[ui * vj for vj in v] for ui in u]
