"""What q1.py and q2.py share: their options, the examples, and what is kept of a pass.

The page itself, with its formulas in plain lists, is in practical_page.py.
"""

import argparse
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from practical_page import PARAMETERS, page, symbol

from tinygrad_edu import MLP, Tensor, Worksheet, draw, explain, step_through, worksheet
from tinygrad_edu.readings.drawing import LEVELS
from tinygrad_edu.writing.console import printing, unicode_output

Numbers = dict[str, Any]
EXAMPLES = [([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0]), ([0.0, 0.0, 10.0, 0.0], [0.0, 0.0, 1.0])]


class Run:
    """A question with the options of the command line, and the numbers of every step as --json prints them."""

    def __init__(self, title: str, options: argparse.Namespace) -> None:
        self.title, self.options = title, options
        self.eta: float = options.lr
        self.reduction = "mean" if options.mean else "sum"
        self.history: list[Numbers] = []
        self.output: list[str] = []  # what is printed in place of the page

    def start(self, net: MLP) -> MLP:
        """The network, with random weights if --seed asks for them."""
        seed = self.options.seed
        self.net = net if seed is None else MLP([4, 4, 3, 3], activation="tanh", seed=seed)
        self.before = self.parameters()
        return self.net

    def steps(self) -> Iterator[list[tuple[Tensor, Tensor]]]:
        """For each update the pairs (x, y) that go through the network.

        These are the examples, and if there are several then all of them at once, with one example in each row.
        The update is made with the last pair. Where only the update counts, the other pairs are left out.
        """
        o = self.options
        pairs = [*o.examples, tuple(map(list, zip(*o.examples)))][: len(o.examples) + (len(o.examples) > 1)]
        tensors = [(Tensor(x, label="x"), Tensor(y, label="y")) for x, y in pairs]
        for k in range(o.steps):
            self.passes: list[Numbers] = []
            self.last = tensors[-1][0]
            yield tensors if not o.explain and (k == 0 or o.json) else tensors[-1:]
            of_all = self.passes[-1]
            grad = {name: of_all["grad"][name] for name in PARAMETERS}
            step = {"examples": self.passes[: len(o.examples)], "loss": of_all["loss"], "grad": grad}
            self.history.append(step | {"updated": self.parameters()})

    def parameters(self) -> Numbers:
        return {name: p.data for name, p in zip(PARAMETERS, self.net.parameters())}

    def show(self, **quantities: Tensor) -> None:
        """Keeps the numbers of a pass, under the names x, z1, h1, …, z3, y_hat, y and L."""
        backward = ["z3", "W3", "b3", "h2", "z2", "W2", "b2", "h1", "z1", "W1", "b1"]
        backward = backward if self.options.classes else ["y_hat", *backward]
        tensors = quantities | dict(zip(PARAMETERS, self.net.parameters()))
        numbers = {name: tensors[name].data for name in ("x", "y", "z1", "h1", "z2", "h2", "z3", "y_hat")}
        numbers |= {"loss": tensors["L"].data, "grad": {name: tensors[name].grad for name in backward}}
        self.passes.append(numbers)
        if not self.history and quantities["x"] is self.last:
            for name, t in quantities.items():
                t.label = t.label or symbol(name)
            self.read(quantities["L"])

    def read(self, loss: Tensor) -> None:
        """The readings of the graph of the loss that the options ask for."""
        o = self.options
        if o.draw:
            draw(loss, o.level, digits=o.digits).save(o.draw)
        if o.step:
            step_through(loss, o.level, self.title, o.digits, eta=self.eta).save(o.step)
        if o.explain:
            derivation = explain(loss, self.net.parameters(), digits=o.digits, title=self.title, eta=self.eta)
            self.output = [derivation.to(o.format)]
        if o.exercise:
            sheet, *others = [self.worksheet(loss, variant) for variant in o.variant or [None]]
            for part, path in ((sheet, o.worksheet), (sheet.key(), o.key), (sheet, o.answers)):
                if path:
                    part.save(path)
            files = [o.worksheet, o.key, o.answers, o.draw, o.step]
            self.output = [f"{file} is written." for file in files if file]
            self.output += [str(sheet.mark(o.mark, variants=others))] if o.mark else []

    def worksheet(self, loss: Tensor, variant: int | None) -> Worksheet:
        title = self.title if variant is None else f"{self.title}, variant {variant}"
        return worksheet(loss, "all", title=title, digits=self.options.digits, seed=variant, eta=self.eta)

    def as_json(self) -> str:
        """The first step; if there are several, the losses and every step, too."""
        report = {"question": self.title.split(":")[0].replace("uestion ", ""), **self.history[0]}
        report["updated"] = self.history[-1]["updated"]
        several = {"losses": [step["loss"] for step in self.history], "steps": self.history}
        return json.dumps(report | (several if len(self.history) > 1 else {}))


@contextmanager
def question(title: str, remark: Callable[[Numbers], str], classes: bool = False) -> Iterator[Run]:
    """A block in which errors become one line, and after which the page is printed.

    Args:
        title: of the page; the number of the question comes before its colon.
        remark: what a reader should be told of a pass, or "".
        classes: whether ŷ is a softmax, so that y may be given as a class.
    """
    unicode_output()  # for --help
    parser = _parser(title, classes)
    run = Run(title, _checked(parser, classes))
    try:
        yield run
    except (ValueError, ArithmeticError) as error:
        parser.error(str(error))
    except (OSError, RuntimeError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from None
    agrees = True
    with printing():
        if run.options.json and not run.output:
            run.output = [run.as_json()]
        elif not run.output:
            run.output, agrees = page(title, run.options, run.before, run.history, remark)
        print("\n".join(run.output))
    if not agrees:
        raise SystemExit(1)


def _parser(title: str, classes: bool) -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        description=f"{title}: every number of the worked practical.",
        epilog="Without options: the first example of the practical, one step.",
        allow_abbrev=False,
    )
    add = p.add_argument
    y = '0,1,0", or with a class, counted from 0, "1,0,1,0 -> 1"' if classes else '0,1,0"'
    add("--batch", action="store_true", help="add the practical's second example, 0,0,10,0 -> 0,0,1")
    add("--example", type=_example, action="append", metavar="'X -> Y'", help=f'"1,0,1,0 -> {y}; repeatable')
    add("--mean", action="store_true", help="divide the loss of the batch by the number of examples")
    add("--lr", type=float, metavar="ETA", default=0.1, help="the learning rate η (default: 0.1)")
    add("--steps", type=int, default=1, help="how many updates (default: 1)")
    add("--seed", type=int, help="random weights, the same ones for the same number")
    add("--digits", type=int, default=4, help="decimals on the page (default: 4)")
    add("--draw", metavar="FILE", help="write the graph of the loss, as .svg .png .pdf .dot or .gv")
    add("--step", metavar="FILE", help="write a page that steps through the loss, as .html")
    add("--level", choices=LEVELS, help="how fine the drawing or page is (default: by size)")
    add("--explain", action="store_true", help="the derivation in matrices, in place of the page")
    add("--format", choices=("text", "markdown", "latex"), default="text", help="of --explain (default: text)")
    add("--worksheet", metavar="FILE", help="write an exercise, as .html, .tex or .md")
    add("--key", metavar="FILE", help="write its key, as .html, .tex or .md")
    add("--answers", metavar="FILE", help="write a form for the answers, as .csv or .json")
    add("--mark", metavar="PATH", help="mark a .csv or .json file, or a folder of them")
    numbers = "the exercise with numbers of its own, the same ones for the same N; --mark takes several"
    add("--variant", type=int, nargs="+", metavar="N", help=numbers)
    add("--json", action="store_true", help="one JSON object with full precision instead of the page")
    return p


def _checked(p: argparse.ArgumentParser, classes: bool) -> argparse.Namespace:
    """The options. Those that contradict each other are errors."""
    o = p.parse_args()
    o.classes, o.examples = classes, (o.example or EXAMPLES[:1]) + EXAMPLES[1:] * o.batch
    if classes:
        one_hot = {(0.0,): [1.0, 0.0, 0.0], (1.0,): [0.0, 1.0, 0.0], (2.0,): [0.0, 0.0, 1.0]}
        o.examples = [(x, one_hot.get(tuple(y), y)) for x, y in o.examples]
    finite = all(map(math.isfinite, [number for x, y in o.examples for number in x + y]))
    fits = finite and {(len(x), len(y)) for x, y in o.examples} == {(4, 3)}
    sizes = "takes 4 finite numbers for x and 3 for y" + ", or a class from 0 to 2" * classes
    o.exercise = any([o.worksheet, o.key, o.answers, o.mark])
    for wrong, why in (
        (not fits, f"--example {sizes}"),
        (not 0 < o.lr < math.inf, "--lr is above 0 and finite"),
        (not 1 <= o.steps <= 100_000, "--steps is a whole number from 1 to 100000"),
        (not 0 <= o.digits <= 17, "--digits is a whole number from 0 to 17"),
        (o.json + o.explain + o.exercise > 1, "--json, --explain and an exercise are printed one at a time"),
        (
            o.steps > 1 and (o.explain or o.exercise),
            "--steps is of the page: a derivation and an exercise are of one step",
        ),
        (o.variant is not None and not o.exercise, "--variant is one of an exercise, which is not asked for"),
        (len(o.variant or []) > 1 and not o.mark, "--variant takes several numbers with --mark alone"),
    ):
        if wrong:
            p.error(why)
    return o


def _example(text: str) -> tuple[list[float], list[float]]:
    """`1,0,1,0 -> 0,1,0`; what is wrong with the numbers is found later."""
    x, _, y = text.replace("−", "-").partition("->")
    try:
        return [float(part) for part in x.split(",")], [float(part) for part in y.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f'an example looks like "1,0,1,0 -> 0,1,0", not {text!r}') from None
