"""The command line: `python -m tinygrad_edu`, or `tinygrad-edu`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..autodiff import grad
from ..network.gradcheck import GradcheckError, gradcheck
from ..readings.explaining import explain
from ..value import Value
from ..writing.files import write_whole
from .parse import FormulaError, assignment, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_EXAMPLES = """
examples:
  tinygrad-edu explain "tanh(w*x + b)" w=2 x=0.5 b=-1
  tinygrad-edu explain "(a*b + c)**2" a=1 b=2 c=-3 --wrt a --format latex -o page.tex
  tinygrad-edu draw    "log(1 + exp(-y*z))" y=1 z=0.3 -o loss.svg
  tinygrad-edu step    "(a*b + c)**2" a=1 b=2 c=-3 -o page.html
  tinygrad-edu check   "sin(x)*y/x" x=0.7 y=2
  tinygrad-edu code    "tanh(w*x + b)" w x b
  tinygrad-edu doctor

A formula has numbers, names, + - * / **, parentheses, and the functions exp, log, sqrt, tanh,
sigmoid, relu, sin, cos, abs, step, max, min, sum and logsumexp. Quote it, and give each name
a value: name=number.

exit status: 0 done; 1 the result could not be made, or a check failed; 2 the command is wrong
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        arguments, more = _parser().parse_known_args(_protected(sys.argv[1:] if argv is None else argv))
        if arguments.command == "doctor":
            return _doctor(more)
        variables = _variables(arguments.values + more, arguments.default)
        y = evaluate(arguments.formula, variables)
        arguments.run(y, variables, arguments)
    except (ImportError, OSError, RuntimeError, GradcheckError) as error:
        print(f"tinygrad-edu: {error}", file=sys.stderr)
        return 1
    except (ArithmeticError, ValueError) as error:
        print(f"tinygrad-edu: {' '.join(str(error).split())} (tinygrad-edu --help shows examples)", file=sys.stderr)
        return 2
    return 0


# The commands on a formula. Each gets the result, the variables by name, and what argparse made of the line.


def _explain(y: Value, variables: dict[str, Value], arguments: argparse.Namespace) -> None:
    for name in arguments.wrt:
        if name not in variables:
            raise FormulaError(f"--wrt {name!a}: that name is not in the formula")
    wrt = [variables[name] for name in arguments.wrt]
    _write(explain(y, wrt=wrt or None).to(arguments.format), arguments.output)


def _draw(y: Value, variables: dict[str, Value], arguments: argparse.Namespace) -> None:
    from ..readings.drawing import draw  # graphviz, which the other commands do without

    y.backward()
    drawing = draw(y, title=arguments.formula.strip())
    if arguments.format or arguments.output == "-":
        _write(drawing.source if arguments.format == "dot" else drawing.svg(), arguments.output)
    else:
        drawing.save(arguments.output)


def _step(y: Value, variables: dict[str, Value], arguments: argparse.Namespace) -> None:
    from ..readings.stepping import step_through

    page = step_through(y, title=arguments.formula.strip())
    if arguments.output == "-":
        _write(page.html, "-")
    else:
        page.save(arguments.output)


def _check(y: Value, variables: dict[str, Value], arguments: argparse.Namespace) -> None:
    if not variables:
        raise FormulaError("there is no name in the formula to differentiate by")
    report = gradcheck(lambda *xs: evaluate(arguments.formula, dict(zip(variables, xs))), list(variables.values()))
    _write(str(report), arguments.output)


def _code(y: Value, variables: dict[str, Value], arguments: argparse.Namespace) -> None:
    from ..readings.compiling import compile_graph

    slopes = {f"df_d{name}": grad(y, x) for name, x in variables.items()}
    _write(compile_graph({"f": y} | slopes, inputs=list(variables.values())).source, arguments.output)


def _doctor(more: Sequence[str]) -> int:
    if more:
        raise FormulaError(f"doctor stands alone, without {more[0]!a}")
    from .doctor import examine

    report, can_draw = examine()
    _write(report, "-")
    return 0 if can_draw else 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tinygrad-edu",
        description="What a formula's derivatives are, and why.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    def command(name: str, run: object, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=help, description=help, epilog=_EXAMPLES, allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        sub.add_argument("formula", metavar="FORMULA", help='such as "tanh(w*x + b)"')
        sub.add_argument("values", metavar="name=number", nargs="*", help="a value for each name in it")
        sub.add_argument("-o", dest="output", metavar="FILE", default="-", help="where to write; - is standard output")
        sub.set_defaults(run=run, default=None)
        return sub

    sub = command("explain", _explain, "every line of the chain rule, with the numbers put in")
    sub.add_argument("--format", choices=("text", "markdown", "latex"), default="text")
    sub.add_argument("--wrt", metavar="NAME", action="append", default=[], help="only what leads to this name")
    sub = command("draw", _draw, "a picture of the graph, with values, gradients and local derivatives")
    sub.add_argument("--format", choices=("svg", "dot"), help="by default what the suffix of FILE says, else svg")
    command("step", _step, "an HTML page that goes through the forward and the backward pass")
    command("check", _check, "the derivatives beside central differences")
    sub = command("code", _code, "the formula and its derivatives as a Python program of the names")
    sub.set_defaults(default="0.5")  # any number at which the formula is defined gives the same program
    about = "what is installed; exit status 1 where no picture can be drawn"
    commands.add_parser("doctor", help=about, description=about, allow_abbrev=False)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse's message, in one line."""
        raise FormulaError(" ".join(message.split()))


def _protected(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus: a space before it tells argparse that it is no option."""
    options = ("-o", "-h", "--help", "--format", "--wrt", "--")
    return [" " + a if a.startswith("-") and a != "-" and a.split("=")[0] not in options else a for a in argv]


def _variables(texts: Sequence[str], default: str | None) -> dict[str, Value]:
    """The Values of `name=number`, and where there is a default, of the bare `name`."""
    variables: dict[str, Value] = {}
    for name, number in [assignment(t if "=" in t or default is None else f"{t}={default}") for t in texts]:
        if name in variables:
            raise FormulaError(f"{name} is given twice")
        variables[name] = Value(number, label=name)
    return variables


def _write(text: str, output: str) -> None:
    text = text.removesuffix("\n")
    if output == "-":
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")
        print(text)
    else:
        write_whole(Path(output), f"{text}\n".encode())
