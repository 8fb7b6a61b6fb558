"""What q1.py and q2.py share: the options, the page with its ✓, several examples, files.

A question is a `with` block of a Practical. The block computes; the Practical tells it on which
examples, collects the numbers, and at the end prints the page (or JSON, or the derivation).
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from practical_options import parse
from practical_page import (
    PARAMETERS,
    Formula,
    Page,
    Pass,
    Step,
    symbol,
    write_backward,
    write_batch,
    write_forward,
    write_steps,
    write_update,
)

from tinygrad_edu import MLP, Tensor, draw, explain, load, step_through, worksheet
from tinygrad_edu.writing.console import printing, unicode_output
from tinygrad_edu.writing.files import write_whole


class Practical:
    """One run of a question.

    Args:
        title: of the page; its first ten letters name the question.
        y_hat, loss: formula and plain computation of ŷ from z⁽³⁾, and of L from ŷ and y.
        from_y_hat: whether L is computed from ŷ, or from z⁽³⁾ directly.
        remark: what a reader should be told of a pass, or "".
        argv: the command line; by default that of the script.
    """

    def __init__(
        self,
        title: str,
        y_hat: tuple[str, Callable[..., Any]],
        loss: tuple[str, Callable[..., Any]],
        from_y_hat: bool,
        remark: Callable[[Pass], str],
        argv: list[str] | None = None,
    ) -> None:
        self.title = title
        self.y_hat, self.loss = Formula(*y_hat), Formula(*loss)
        self.from_y_hat = from_y_hat
        self.remark = remark
        unicode_output()  # for --help
        self.parser, self.options = parse(title, not from_y_hat, argv)
        self.eta: float = self.options.lr
        self.reduction = "mean" if self.options.mean else "sum"
        self.history: list[Step] = []
        self.passes: list[Pass] = []
        self.result = ""  # what --explain prints
        self.files: list[str] = []

    # What the block asks for.

    def start(self, net: MLP) -> MLP:
        """The network with the weights that --seed or --weights ask for, else as it is."""
        if self.options.seed is not None:
            random = MLP([4, 4, 3, 3], activation="tanh", seed=self.options.seed)
            for p, q in zip(net.parameters(), random.parameters()):
                p.data = q.data
        if self.options.weights:
            load(net, self.options.weights)
        self.net = net
        return net

    def steps(self) -> Iterator[list[tuple[Tensor, Tensor]]]:
        """For each update the (x, y) to be passed through the network.

        These are the examples, and after several of them all at once, with one example a row: the
        last is what the update is made with, and where only it counts the others are left out.
        """
        examples = self.options.examples
        both = [(Tensor(x, label="x"), Tensor(y, label="y")) for x, y in examples]
        if len(examples) > 1:
            both.append((Tensor([x for x, _ in examples], label="x"), Tensor([y for _, y in examples], label="y")))
        for k in range(self.options.steps):
            everything = not self.options.explain and (k == 0 or self.options.json)
            self.passes = []
            self.last = both[-1][0]
            yield both if everything else both[-1:]
            self.history.append(Step(self.passes, self.parameters("data")))

    def show(self, **quantities: Tensor) -> None:
        """The numbers of a pass, under the names x, z1, h1, …, z3, y_hat, y and L."""
        quantities = {"h0": quantities["x"], **quantities}
        data = {name: t.data for name, t in quantities.items()} | self.parameters("data")
        grad = {name: t.grad for name, t in quantities.items()} | self.parameters("grad")
        self.passes.append(Pass(data, grad))
        if not self.history and quantities["x"] is self.last:
            for name, t in quantities.items():
                if not t.label:
                    t.label = symbol(name)
            self.read(quantities["L"])

    def read(self, loss: Tensor) -> None:
        """The readings of the graph of the loss that the options ask for."""
        o = self.options
        if o.draw:
            draw(loss, o.level, digits=o.digits).save(o.draw)
        if o.step:
            step_through(loss, o.level, self.title, o.digits).save(o.step)
        if o.explain:
            derivation = explain(loss, self.net.parameters(), digits=o.digits, title=self.title, eta=self.eta)
            self.result = derivation.to(o.format or "text")
        self.files = [file for file in (o.draw, o.step) if file]
        if o.exercise:
            self.exercise(loss)

    def exercise(self, loss: Tensor) -> None:
        """The sheet, its key, a form for the answers, and marks: whichever the options ask for."""
        o = self.options
        sheet = worksheet(loss, "all", title=self.title, digits=o.digits, seed=o.variant, eta=self.eta)
        for part, path in ((sheet, o.worksheet), (sheet.key(), o.key)):
            if path:
                part.save(path)
        if o.answers:
            form = sheet.answers(Path(o.answers).suffix.lower().removeprefix("."))
            write_whole(Path(o.answers), form.encode())
        lines = [f"{path} is written." for path in (o.worksheet, o.key, o.answers, *self.files) if path]
        if o.mark:
            lines.append(str(sheet.mark(o.mark)))
        self.result = "\n".join(lines)

    def parameters(self, what: str) -> dict[str, Any]:
        """`data` or `grad` of W1, b1, W2, …"""
        return dict(zip(PARAMETERS, [getattr(p, what) for p in self.net.parameters()]))

    # What is printed.

    def page(self) -> Page:
        page = Page(self.options.digits)
        first, n = self.history[0], len(self.options.examples)
        start = "every weight and bias 0.1"
        if self.options.seed is not None:
            start = f"random weights of seed {self.options.seed}"
        if self.options.weights:
            start = f"weights from {self.options.weights}"
        page.write(self.title, f"A 4-4-3-3 network, {start}, tanh except at the output.")
        for i, p in enumerate(first.passes[:n], start=1):
            heading = f"Example {i}: " if n > 1 else ""
            x, y = (" ".join([f"{value:g}" for value in p.data[name]]) for name in "xy")
            page.write("", f"{heading}x = [{x}]ᵀ, y = [{y}]ᵀ", "")
            write_forward(page, p, self.y_hat, self.loss)
            write_backward(page, p, self.from_y_hat)
        for remark in dict.fromkeys([self.remark(p) for p in first.passes[:n]]):  # once, also if it holds for several
            if remark:
                page.write("", remark)
        if n > 1:
            write_batch(page, first.passes, self.options.mean)
        write_update(page, first, self.eta)
        if len(self.history) > 1:
            write_steps(page, self.history)
        page.write("", page.verdict(), *[f"{file} is written." for file in self.files])
        return page

    def as_dict(self) -> dict[str, Any]:
        """Everything, for --json: the first step, and if there are several the losses and every step."""
        steps = [self.step_as_dict(step) for step in self.history]
        result = {"question": f"Q{self.title[9]}", **steps[0], "updated": steps[-1]["updated"]}
        if len(steps) > 1:
            result |= {"losses": [step["loss"] for step in steps], "steps": steps}
        return result

    def step_as_dict(self, step: Step) -> dict[str, Any]:
        of_all = step.passes[-1]
        return {
            "examples": [self.pass_as_dict(p) for p in step.passes[: len(self.options.examples)]],
            "loss": of_all.data["L"],
            "grad": {name: of_all.grad[name] for name in PARAMETERS},
            "updated": step.after,
        }

    def pass_as_dict(self, p: Pass) -> dict[str, Any]:
        forward = {name: p.data[name] for name in ("x", "y", "z1", "h1", "z2", "h2", "z3", "y_hat")}
        backward = ["y_hat"] * self.from_y_hat + ["z3", "W3", "b3", "h2", "z2", "W2", "b2", "h1", "z1", "W1", "b1"]
        return forward | {"loss": p.data["L"], "grad": {name: p.grad[name] for name in backward}}

    # The block begins and ends.

    def __enter__(self) -> "Practical":
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        if isinstance(error, (ValueError, ArithmeticError)):
            self.parser.error(str(error))
        if isinstance(error, (OSError, RuntimeError)):
            print(f"{self.parser.prog}: {error}", file=sys.stderr)
            raise SystemExit(1)
        if error is None:
            with printing():
                agrees = self.print()
            if not agrees:
                raise SystemExit(1)

    def print(self) -> bool:
        """Print what was asked for; returns whether formulas and engine agree."""
        if self.options.explain or self.options.exercise:
            print(self.result)
        elif self.options.json:
            print(json.dumps(self.as_dict()))
        else:
            page = self.page()
            print("\n".join(page.lines))
            return page.agrees
        return True
