"""The page that q1.py and q2.py print: lines «name = formula = number ✓».

The number is the engine's. The formula's right-hand side is computed as well, with plain lists and
loops that share nothing with the engine; ✓ says that the two agree.
"""

from argparse import Namespace
from collections.abc import Callable
from math import exp, log, tanh
from typing import Any

from tinygrad_edu.writing.notation import number, of_layer

Numbers = dict[str, Any]
PARAMETERS = ("W1", "b1", "W2", "b2", "W3", "b3")
TOLERANCE = 1e-12  # relative; what some hundred roundings of 1e-16 can add up to, with room


def page(
    title: str, o: Namespace, before: Numbers, history: list[Numbers], remark: Callable[[Numbers], str]
) -> tuple[list[str], bool]:
    """The lines, in the order and the symbols of the notes, and whether formulas and engine agree."""
    lines, step, n = _Lines(o.digits), history[0], len(o.examples)
    start = "every weight and bias 0.1" if o.seed is None else f"random weights of seed {o.seed}"
    lines.write(title, f"A 4-4-3-3 network, {start}, tanh except at the output.")
    for i, p in enumerate(step["examples"], start=1):
        x, y = (" ".join([f"{value:g}" for value in p[name]]) for name in "xy")
        lines.write("", (f"Example {i}: " if n > 1 else "") + f"x = [{x}]ᵀ, y = [{y}]ᵀ", "")
        _forward(lines, before | {"h0": p["x"], **p}, o.classes)
        _backward(lines, before | {"h0": p["x"], **p}, p["grad"], o.classes)
    for text in dict.fromkeys(map(remark, step["examples"])):  # once, also if it holds for several
        if text:
            lines.write("", text)
    if n > 1:
        _batch(lines, step, "mean" if o.mean else "sum")
    lines.write("", f"Update with η = {o.lr:g}", "")
    for name, after in step["updated"].items():
        by_hand = _each(lambda w, g: w - o.lr * g, before[name], step["grad"][name])
        lines.line(symbol(name), f"{symbol(name)} − η ∂L/∂{symbol(name)}", after, by_hand)
    if len(history) > 1:
        losses = [f"{i:>4} {lines.text(step['loss'])}" for i, step in enumerate(history, start=1)]
        lines.write("", "step  loss before it", *losses, "", f"After {len(losses)} steps", "")
        lines.write(*[f"{symbol(name)} ={lines.text(after)}" for name, after in history[-1]["updated"].items()])
    agrees = max(lines.differences) < TOLERANCE
    verdict = "agree" if agrees else "✗ DO NOT AGREE"
    count, worst = len(lines.differences), max(lines.differences)
    lines.write("", f"{count} formulas and the engine {verdict}; the largest difference is {worst:.1e}.")
    lines.write(*[f"{file} is written." for file in (o.draw, o.step) if file])
    return lines.all, agrees


class _Lines:
    """The lines of the page, and how far each formula is from the engine."""

    def __init__(self, digits: int) -> None:
        self.digits, self.all, self.differences = digits, list[str](), list[float]()

    def write(self, *lines: str) -> None:
        self.all += lines

    def line(self, name: str, formula: str, engine: Any, by_hand: Any) -> None:
        """The engine's number beside a formula, compared with the formula's own."""
        self.differences.append(max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(_flat(engine), _flat(by_hand))))
        mark = "✓" if self.differences[-1] < TOLERANCE else f"✗ the formula gives{self.text(by_hand)}"
        self.write(f"{name:<9} = {formula:<24} ={self.text(engine)}  {mark}")

    def text(self, x: Any) -> str:
        """A number, a vector as a row with ᵀ, or a matrix on lines of its own, with space before."""
        if isinstance(x, float):
            return f" {number(x, self.digits)}"
        if isinstance(x[0], float):
            return f" [{'  '.join([number(xi, self.digits) for xi in x])}]ᵀ"
        cells = [[number(xij, self.digits) for xij in row] for row in x]
        width = max(len(cell) for row in cells for cell in row)
        sides = zip("⎡" + "⎢" * (len(x) - 2) + "⎣", "⎤" + "⎥" * (len(x) - 2) + "⎦")
        rows = ["  ".join([cell.rjust(width) for cell in row]) for row in cells]
        return "".join([f"\n    {left} {row} {right}" for row, (left, right) in zip(rows, sides)])


def _forward(lines: _Lines, p: Numbers, classes: bool) -> None:
    lines.write("Forward pass")
    lines.line("h⁽⁰⁾", "x", p["h0"], p["x"])
    for l in (1, 2, 3):
        z, h, W, b, below = map(symbol, (f"z{l}", f"h{l}", f"W{l}", f"b{l}", f"h{l - 1}"))
        by_hand = _each(lambda a, b: a + b, _times(p[f"W{l}"], p[f"h{l - 1}"]), p[f"b{l}"])
        lines.line(z, f"{W} {below} + {b}", p[f"z{l}"], by_hand)
        if l < 3:
            lines.line(h, f"tanh({z})", p[f"h{l}"], _each(tanh, p[f"z{l}"]))
    z3, y_hat, y = p["z3"], p["y_hat"], p["y"]
    if classes:
        powers = [exp(zi - max(z3)) for zi in z3]
        lines.line("ŷ = h⁽³⁾", "softmax(z⁽³⁾)", y_hat, [e / sum(powers) for e in powers])
        lines.line("L", "−Σₖ yₖ log ŷₖ", p["loss"], -sum([yk * log(a) for a, yk in zip(y_hat, y) if yk]))
    else:
        lines.line("ŷ = h⁽³⁾", "z⁽³⁾", y_hat, z3)
        lines.line("L", "½ Σᵢ (ŷᵢ − yᵢ)²", p["loss"], sum([(a - b) ** 2 for a, b in zip(y_hat, y)]) / 2)


def _backward(lines: _Lines, p: Numbers, grad: Numbers, classes: bool) -> None:
    """From ∂L/∂ŷ, or with classes from ∂L/∂z⁽³⁾ directly, down to the first layer."""
    lines.write("", "Backward pass")
    error = _each(lambda a, b: a - b, p["y_hat"], p["y"])
    if not classes:
        lines.line("∂L/∂ŷ", "ŷ − y", grad["y_hat"], error)
    lines.line("∂L/∂z⁽³⁾", "ŷ − y" if classes else "∂L/∂ŷ", grad["z3"], error if classes else grad["y_hat"])
    for l in (3, 2, 1):
        z, h, W, b, below = map(symbol, (f"z{l}", f"h{l}", f"W{l}", f"b{l}", f"h{l - 1}"))
        if l < 3:
            by_hand = _each(lambda g, a: g * (1 - a**2), grad[f"h{l}"], p[f"h{l}"])
            lines.line(f"∂L/∂{z}", f"∂L/∂{h} ∘ (1 − {h}²)", grad[f"z{l}"], by_hand)
        outer = [[g * a for a in p[f"h{l - 1}"]] for g in grad[f"z{l}"]]
        lines.line(f"∂L/∂{W}", f"∂L/∂{z} {below}ᵀ", grad[f"W{l}"], outer)
        lines.line(f"∂L/∂{b}", f"∂L/∂{z}", grad[f"b{l}"], grad[f"z{l}"])
        if l > 1:
            by_hand = _times(list(zip(*p[f"W{l}"])), grad[f"z{l}"])
            lines.line(f"∂L/∂{below}", f"{W}ᵀ ∂L/∂{z}", grad[f"h{l - 1}"], by_hand)


def _batch(lines: _Lines, step: Numbers, what: str) -> None:
    """The loss of the batch and its gradient beside those of the examples."""
    examples = step["examples"]
    scale, over = (1 / len(examples), f"1/{len(examples)} ") if what == "mean" else (1.0, "")
    lines.write("", f"The batch: the gradient of the {what} is the {what} of the gradients", "")
    lines.line("L", f"{over}Σᵢ Lᵢ", step["loss"], scale * sum([p["loss"] for p in examples]))
    for name in reversed(PARAMETERS):
        total = _each(lambda *gradients: scale * sum(gradients), *[p["grad"][name] for p in examples])
        lines.line(f"∂L/∂{symbol(name)}", f"{over}Σᵢ ∂Lᵢ/∂{symbol(name)}", step["grad"][name], total)


def symbol(name: str) -> str:
    """W⁽¹⁾ for W1; ŷ for y_hat; and x for x."""
    return of_layer(name[0], int(name[1])) if name[1:].isdigit() else {"y_hat": "ŷ"}.get(name, name)


# The formulas with plain lists.


def _flat(x: Any) -> list[float]:
    return [leaf for part in x for leaf in _flat(part)] if isinstance(x, list) else [x]


def _each(f: Callable[..., float], *xs: Any) -> Any:
    """f of the numbers at the same place of lists, nested or not."""
    return [_each(f, *parts) for parts in zip(*xs)] if isinstance(xs[0], list) else f(*xs)


def _times(W: Any, h: list[float]) -> list[float]:
    return [sum([w * hj for w, hj in zip(row, h)]) for row in W]
