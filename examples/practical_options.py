"""The options of q1.py and q2.py, and what is wrong with them."""

import argparse
import math
from collections.abc import Callable

from tinygrad_edu.readings.drawing import LEVELS

SIZES = [4, 4, 3, 3]
FIRST_EXAMPLE = ([1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0])
SECOND_EXAMPLE = ([0.0, 0.0, 10.0, 0.0], [0.0, 0.0, 1.0])

Example = tuple[list[float], list[float]]


def parser(title: str, classes: bool) -> argparse.ArgumentParser:
    """The command line of a question; `classes`: whether y may be a class."""
    y = "0,1,0" if not classes else '0,1,0", or with a class, counted from 0, "1,0,1,0 -> 1'
    p = argparse.ArgumentParser(
        description=f"{title}: every number of the worked practical.",
        epilog="Without options: the first example of the practical, one step.",
        allow_abbrev=False,
    )
    p.add_argument("--batch", action="store_true", help="add the practical's second example, 0,0,10,0 -> 0,0,1")
    p.add_argument(
        "--example", type=example(classes), action="append", metavar="'X -> Y'", help=f'"1,0,1,0 -> {y}"; repeatable'
    )
    p.add_argument("--mean", action="store_true", help="divide the loss of the batch by the number of examples")
    p.add_argument("--lr", type=learning_rate, metavar="ETA", help="the learning rate η (default: 0.1)")
    p.add_argument("--steps", type=whole(1, 100_000), help="how many updates (default: 1)")
    start = p.add_mutually_exclusive_group()
    start.add_argument("--seed", type=int, help="random weights, the same ones for the same number")
    start.add_argument("--weights", metavar="FILE", help="weights from a file that tinygrad_edu.save has written")
    p.add_argument("--digits", type=whole(0, 17), help="decimals on the page (default: 4)")
    p.add_argument("--draw", metavar="FILE", help="write the graph of the loss, as .svg .png .pdf .dot or .gv")
    p.add_argument("--step", metavar="FILE", help="write a page that steps through the loss, as .html")
    p.add_argument("--level", choices=LEVELS, help="how fine the drawing or page is (default: by size)")
    p.add_argument("--explain", action="store_true", help="the derivation in matrices, in place of the page")
    p.add_argument("--format", choices=("text", "markdown", "latex"), help="of --explain (default: text)")
    p.add_argument("--worksheet", metavar="FILE", help="write an exercise, as .html, .tex or .md")
    p.add_argument("--key", metavar="FILE", help="write its key, as .html, .tex or .md")
    p.add_argument("--answers", metavar="FILE", help="write a form for the answers, as .csv or .json")
    p.add_argument("--mark", metavar="PATH", help="mark a .csv or .json file, or a folder of them")
    p.add_argument(
        "--variant", type=int, metavar="N", help="the exercise with numbers of its own, the same ones for the same N"
    )
    p.add_argument("--json", action="store_true", help="one JSON object with full precision instead of the page")
    return p


def parse(title: str, classes: bool, argv: list[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """The options. Those that contradict each other, or would change nothing, are errors."""
    p = parser(title, classes)
    options = p.parse_args(argv)
    options.examples = (options.example or [FIRST_EXAMPLE]) + [SECOND_EXAMPLE] * options.batch
    file = options.draw or options.step
    needless = [
        ("--json and --explain", options.json and options.explain, "print different things: choose one"),
        ("--steps", options.steps and options.explain, "changes nothing in --explain, which stands before the update"),
        ("--lr", options.lr and options.explain, "changes nothing in --explain, which stands before the update"),
        ("--format", options.format and not options.explain, "is the format of --explain, which is not asked for"),
        ("--level", options.level and not file, "is the level of --draw and --step, which are not asked for"),
        ("--level tensor", options.level == "tensor" and options.step, "is a level of --draw alone"),
        ("--digits", options.digits is not None and options.json and not file, "changes nothing in --json"),
        ("--mean", options.mean and len(options.examples) == 1, "needs several examples: add --batch or --example"),
    ]
    for what, wrong, why in needless:
        if wrong:
            p.error(f"{what} {why}")
    options.exercise = bool(options.worksheet or options.key or options.answers or options.mark)
    if options.variant is not None and not options.exercise:
        p.error("--variant is one of an exercise, which is not asked for")
    if options.exercise and (options.json or options.explain or (options.steps or 1) > 1):
        p.error("--worksheet, --key, --answers and --mark stand without --json, --explain and --steps")
    options.lr = options.lr or 0.1
    options.steps = options.steps or 1
    options.digits = 4 if options.digits is None else options.digits
    return p, options


def example(classes: bool) -> Callable[[str], Example]:
    """An example from its text, `1,0,1,0 -> 0,1,0`."""

    def read(text: str) -> Example:
        x, arrow, y = text.partition("->")
        if not arrow:
            raise argparse.ArgumentTypeError(f'an example looks like "1,0,1,0 -> 0,1,0", not {text!r}')
        k, count = y.strip(), SIZES[-1]
        if classes and k in map(str, range(count)):
            return numbers(x, SIZES[0], "x"), [float(j == int(k)) for j in range(count)]
        return numbers(x, SIZES[0], "x"), numbers(y, count, "y", f", or a class from 0 to {count - 1}" * classes)

    return read


def numbers(text: str, count: int, what: str, otherwise: str = "") -> list[float]:
    try:
        values = [float(part.replace("−", "-")) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(
            f"{what} must be {count} numbers with commas between them{otherwise}, not {text.strip()!r}"
        )
    return values


def learning_rate(text: str) -> float:
    try:
        eta = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is needed, not {text!r}") from None
    if not 0 < eta < math.inf:
        raise argparse.ArgumentTypeError(f"the learning rate is above 0 and finite, not {text}")
    return eta


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"a whole number from {low} to {high} is needed, not {text!r}")
        return int(text)

    return read
