"""What the two questions of the practical share: the network, the page, the command line.

The network is 4-4-3-3. Every weight and bias begins at 0.1, and tanh is the activation of every
layer but the last. For one example (x, y) the page shows, step by step,

    forward   z⁽ˡ⁾ = W⁽ˡ⁾ h⁽ˡ⁻¹⁾ + b⁽ˡ⁾,  h⁽ˡ⁾ = tanh(z⁽ˡ⁾),  ŷ and the loss L,
    backward  ∂L/∂z⁽ˡ⁾, ∂L/∂W⁽ˡ⁾, ∂L/∂b⁽ˡ⁾ and ∂L/∂h⁽ˡ⁻¹⁾, from the last layer to the first,
    update    W⁽ˡ⁾ ← W⁽ˡ⁾ − η ∂L/∂W⁽ˡ⁾ and b⁽ˡ⁾ ← b⁽ˡ⁾ − η ∂L/∂b⁽ˡ⁾.

The numbers are the engine's. Beside each stands a formula, and the formula's right-hand side is
computed as well, with plain lists and loops; ✓ says that the two agree.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import sub
from typing import Any

from tinygrad_edu import MLP, SGD, Tensor, draw, explain, step_through
from tinygrad_edu.readings.drawing import LEVELS
from tinygrad_edu.writing.names import of_layer
from tinygrad_edu.writing.numbers import number

SIZES = [4, 4, 3, 3]
LAYERS = range(1, len(SIZES))
LAST = LAYERS[-1]

FIRST_EXAMPLE = ([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0])
SECOND_EXAMPLE = ([0.0, 0.0, 10.0, 0.0], [0.0, 0.0, 1.0])

TOLERANCE = 1e-12  # relative; what some hundred roundings of 1e-16 can add up to, with room

Example = tuple[list[float], list[float]]


@dataclass
class Question:
    """What differs between the questions."""

    name: str
    title: str
    predict: Callable[[Tensor], Tensor]  # ŷ from z⁽³⁾
    loss: Callable[..., Tensor]  # L from z⁽³⁾ and y
    y_hat_formula: str
    y_hat_by_hand: Callable[[list[float]], list[float]]
    loss_formula: str
    loss_by_hand: Callable[[list[float], list[float]], float]  # L from ŷ and y
    has_y_hat_gradient: bool  # whether L is computed from ŷ, or from z⁽³⁾ directly
    remark: Callable[["Pass"], str]  # what the reader should be told of an example's numbers


class Pass:
    """One example through the network, forward and backward, with every step kept."""

    def __init__(self, question: Question, net: MLP, example: Example) -> None:
        self.question = question
        self.example = example
        h = self.x = Tensor(example[0], label="x")
        self.y = Tensor(example[1], label="y")
        self.steps: dict[str, Tensor] = {"h0": h}
        for l, layer in enumerate(net.layers, start=1):
            z = self.steps[f"z{l}"] = layer(h)
            z.label = of_layer("z", l)
            if l < LAST:
                h = self.steps[f"h{l}"] = z.tanh()
                h.label = of_layer("h", l)
        self.y_hat = question.predict(z)
        self.loss = question.loss(z, self.y)
        self.loss.label = "L"

        net.zero_grad()
        self.loss.backward()
        tensors = self.steps | parameters(net)
        self.data = {name: tensor.data for name, tensor in tensors.items()}
        self.grad = {name: tensor.grad for name, tensor in tensors.items()}

    def as_dict(self) -> dict[str, Any]:
        names = [name for l in reversed(LAYERS) for name in (f"z{l}", f"W{l}", f"b{l}", f"h{l - 1}")][:-1]
        gradients = {"y_hat": self.y_hat.grad} if self.question.has_y_hat_gradient else {}
        return (
            {"x": self.x.data, "y": self.y.data}
            | {name: step.data for name, step in self.steps.items() if name != "h0"}
            | {"y_hat": self.y_hat.data, "loss": self.loss.data}
            | {"grad": gradients | {name: self.grad[name] for name in names}}
        )


class Page:
    """Lines «name = formula = number ✓», and whether all of them held."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.lines = 0
        self.worst = 0.0

    def line(self, name: str, formula: str, engine: Any, by_hand: Any) -> None:
        """Print the engine's number beside a formula, and compare it with the formula's."""
        difference = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(flat(engine), flat(by_hand)))
        self.lines += 1
        self.worst = max(self.worst, difference)
        mark = "✓" if difference < TOLERANCE else f"✗ the formula gives{self.text(by_hand)}"
        print(f"{name:<9} = {formula:<24} ={self.text(engine)}  {mark}")

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


# The page.


def print_pass(page: Page, p: Pass) -> None:
    """The forward and the backward pass of one example, in the order and the symbols of the notes."""
    question, data, grad = p.question, p.data, p.grad
    y_hat, y = p.y_hat.data, p.y.data

    print("Forward pass")
    page.line("h⁽⁰⁾", "x", data["h0"], p.example[0])
    for l in LAYERS:
        z, h, W, b, below = (of_layer(s, k) for s, k in (("z", l), ("h", l), ("W", l), ("b", l), ("h", l - 1)))
        page.line(z, f"{W} {below} + {b}", data[f"z{l}"], affine(data[f"W{l}"], data[f"h{l - 1}"], data[f"b{l}"]))
        if l < LAST:
            page.line(h, f"tanh({z})", data[f"h{l}"], [math.tanh(zi) for zi in data[f"z{l}"]])
    page.line("ŷ = h⁽³⁾", question.y_hat_formula, y_hat, question.y_hat_by_hand(data["z3"]))
    page.line("L", question.loss_formula, p.loss.data, question.loss_by_hand(y_hat, y))

    print("\nBackward pass")
    if question.has_y_hat_gradient:
        page.line("∂L/∂ŷ", "ŷ − y", p.y_hat.grad, each(sub, y_hat, y))
        page.line("∂L/∂z⁽³⁾", "∂L/∂ŷ", grad["z3"], p.y_hat.grad)
    else:
        page.line("∂L/∂z⁽³⁾", "ŷ − y", grad["z3"], each(sub, y_hat, y))
    for l in reversed(LAYERS):
        z, h, W, b, below = (of_layer(s, k) for s, k in (("z", l), ("h", l), ("W", l), ("b", l), ("h", l - 1)))
        if l < LAST:
            by_hand = [g * (1 - hi**2) for g, hi in zip(grad[f"h{l}"], data[f"h{l}"])]
            page.line(f"∂L/∂{z}", f"∂L/∂{h} ∘ (1 − {h}²)", grad[f"z{l}"], by_hand)
        page.line(f"∂L/∂{W}", f"∂L/∂{z} {below}ᵀ", grad[f"W{l}"], outer(grad[f"z{l}"], data[f"h{l - 1}"]))
        page.line(f"∂L/∂{b}", f"∂L/∂{z}", grad[f"b{l}"], grad[f"z{l}"])
        if l > 1:
            page.line(
                f"∂L/∂{below}", f"{W}ᵀ ∂L/∂{z}", grad[f"h{l - 1}"], transposed_times(data[f"W{l}"], grad[f"z{l}"])
            )


def print_batch(page: Page, passes: list[Pass], step: "Step", mean: bool) -> None:
    """The loss of the batch and its gradient, beside the sums of those of the examples."""
    what, scale, over = ("mean", 1 / len(passes), f"1/{len(passes)} ") if mean else ("sum", 1.0, "")
    print(f"\nThe batch: the gradient of the {what} is the {what} of the gradients\n")
    page.line("L", f"{over}Σᵢ Lᵢ", step.loss, scale * sum(p.loss.item() for p in passes))
    for name in reversed(step.grad):
        total = each(lambda *gradients: scale * sum(gradients), *[p.grad[name] for p in passes])
        symbol = of_layer(name[0], int(name[1]))
        page.line(f"∂L/∂{symbol}", f"{over}Σᵢ ∂Lᵢ/∂{symbol}", step.grad[name], total)


def print_update(page: Page, step: "Step", lr: float) -> None:
    print(f"\nUpdate with η = {lr:g}\n")
    for name, after in step.after.items():
        symbol = of_layer(name[0], int(name[1]))
        by_hand = each(lambda w, g: w - lr * g, step.before[name], step.grad[name])
        page.line(symbol, f"{symbol} − η ∂L/∂{symbol}", after, by_hand)


def print_steps(page: Page, steps: list["Step"]) -> None:
    print("\nstep  loss before it")
    for i, step in enumerate(steps, start=1):
        print(f"{i:>4} {page.text(step.loss)}")
    print(f"\nAfter {len(steps)} steps\n")
    for name, after in steps[-1].after.items():
        print(f"{of_layer(name[0], int(name[1]))} ={page.text(after)}")


# The same formulas with plain lists, as a check that shares nothing with the engine.


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


# Training and the command line.


def batch(examples: list[Example]) -> tuple[Tensor, Tensor]:
    """x and y with one example a row."""
    return Tensor([x for x, _ in examples], label="x"), Tensor([y for _, y in examples], label="y")


def batch_loss(question: Question, net: MLP, x: Tensor, y: Tensor, mean: bool) -> Tensor:
    """The loss of all examples at once, with its gradients."""
    loss = question.loss(net(x), y, reduction="mean" if mean else "sum")
    loss.label = "L"
    net.zero_grad()
    loss.backward()
    return loss


@dataclass
class Step:
    """One update: the loss and the gradient it was made with, and the parameters around it."""

    loss: float
    before: dict[str, Any]
    grad: dict[str, Any]
    after: dict[str, Any]


def train(question: Question, net: MLP, examples: list[Example], lr: float, steps: int, mean: bool) -> list[Step]:
    """Gradient descent on the whole batch."""
    x, y = batch(examples)
    optimizer = SGD(net.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = batch_loss(question, net, x, y, mean)
        before, grad = ({name: getattr(p, what) for name, p in parameters(net).items()} for what in ("data", "grad"))
        optimizer.step()
        after = {name: p.data for name, p in parameters(net).items()}
        history.append(Step(loss.item(), before, grad, after))
    return history


def parameters(net: MLP) -> dict[str, Tensor]:
    """W1, b1, W2, …"""
    return {f"{name}{l}": p for l, layer in enumerate(net.layers, 1) for name, p in layer.named_parameters()}


def numbers(text: str, count: int, what: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(
            f"{what} must be {count} numbers with commas between them, not {text.strip()!r}"
        )
    return values


def example(text: str) -> Example:
    """An example from its text, `1,0,1,0 -> 0,1,0`."""
    x, arrow, y = text.partition("->")
    if not arrow:
        raise argparse.ArgumentTypeError(f'an example looks like "1,0,1,0 -> 0,1,0", not {text!r}')
    return numbers(x, SIZES[0], "x"), numbers(y, SIZES[-1], "y")


def whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {text!r}")
        return int(text)

    return parse


def run(question: Question, arguments: Iterable[str] | None = None) -> int:
    """The command line of a question; returns the exit status."""
    sys.stdout.reconfigure(encoding="utf-8")  # for ∂ in a file or a pipe on Windows
    try:
        status = answer(question, arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, such as `head`, has seen enough; at exit Python flushes once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def answer(question: Question, arguments: Iterable[str] | None) -> int:
    parser = argparse.ArgumentParser(
        description=f"{question.title}: every number of the worked practical.",
        epilog="Without options: the first example of the practical, one step.",
    )
    parser.add_argument("--batch", action="store_true", help="add the practical's second example, 0,0,10,0 -> 0,0,1")
    parser.add_argument(
        "--example", type=example, action="append", metavar="'X -> Y'", help='such as "1,0,1,0 -> 0,1,0"; repeatable'
    )
    parser.add_argument("--mean", action="store_true", help="divide the loss of the batch by the number of examples")
    parser.add_argument("--lr", type=float, default=0.1, help="the learning rate η (default: 0.1)")
    parser.add_argument("--steps", type=whole(1, 100_000), default=1, help="how many updates (default: 1)")
    parser.add_argument("--digits", type=whole(0, 17), default=4, help="decimals on the page (default: 4)")
    parser.add_argument("--draw", metavar="FILE", help="write the graph of the loss, as .svg .png .pdf .dot or .gv")
    parser.add_argument("--step", metavar="FILE", help="write a page that steps through the loss, as .html")
    parser.add_argument("--level", choices=LEVELS, help="how fine the drawing or page is (default: by size)")
    parser.add_argument("--explain", action="store_true", help="the derivation in matrices, in place of the page")
    parser.add_argument("--format", choices=("text", "markdown", "latex"), default="text", help="of --explain")
    parser.add_argument("--json", action="store_true", help="one JSON object with full precision instead of the page")
    options = parser.parse_args(None if arguments is None else list(arguments))
    examples = (options.example or [FIRST_EXAMPLE]) + [SECOND_EXAMPLE] * options.batch

    net = MLP(SIZES, activation="tanh", init=0.1)
    try:
        passes = [Pass(question, net, one) for one in examples]
        if options.draw or options.step or options.explain:
            loss = passes[0].loss if len(passes) == 1 else batch_loss(question, net, *batch(examples), options.mean)
        if options.draw:
            draw(loss, options.level, digits=options.digits).save(options.draw)
        if options.step:
            step_through(loss, options.level, question.title, options.digits).save(options.step)
        if options.explain:
            print(explain(loss, wrt=net.parameters(), digits=options.digits).to(options.format))
            return 0
        steps = train(question, net, examples, options.lr, options.steps, options.mean)
    except (ValueError, ArithmeticError) as error:
        parser.error(str(error))
    except BrokenPipeError:
        raise  # to run, which knows what to do
    except (OSError, RuntimeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1

    if options.json:
        result = {"question": question.name, "examples": [p.as_dict() for p in passes]}
        result |= {"loss": steps[0].loss, "grad": steps[0].grad, "updated": steps[-1].after}
        if options.steps > 1:
            result["losses"] = [step.loss for step in steps]
        print(json.dumps(result))
        return 0

    page = Page(options.digits)
    print(f"{question.title}\nA 4-4-3-3 network, every weight and bias 0.1, tanh except at the output.")
    for i, p in enumerate(passes, start=1):
        heading = f"Example {i}: " if len(passes) > 1 else ""
        x, y = ([f"{value:g}" for value in vector] for vector in p.example)
        print(f"\n{heading}x = [{' '.join(x)}]ᵀ, y = [{' '.join(y)}]ᵀ\n")
        print_pass(page, p)
    for remark in dict.fromkeys([question.remark(p) for p in passes]):  # once, also if it holds for several
        if remark:
            print(f"\n{remark}")
    if len(passes) > 1:
        print_batch(page, passes, steps[0], options.mean)
    print_update(page, steps[0], options.lr)
    if len(steps) > 1:
        print_steps(page, steps)
    verdict = "agree" if page.worst < TOLERANCE else "✗ DO NOT AGREE"
    print(f"\n{page.lines} formulas and the engine {verdict}; the largest difference is {page.worst:.1e}.")
    for file in filter(None, (options.draw, options.step)):
        print(f"{file} is written.")
    return 0 if page.worst < TOLERANCE else 1
