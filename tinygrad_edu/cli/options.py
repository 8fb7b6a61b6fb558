"""The options of the command line, read by argparse."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .parse import FUNCTIONS, FUNCTIONS_OF_SEVERAL, FormulaError, quoted

_EXAMPLES = f"""
examples:
  tinygrad-edu explain "tanh(w*x + b)" w=2 x=0.5 b=-1
  tinygrad-edu explain "(a*b + c)**2" a=1 b=2 c=-3 --wrt a --format latex -o page.tex
  tinygrad-edu draw    "log(1 + exp(-y*z))" y=1 z=0.3 -o loss.svg
  tinygrad-edu step    "(a*b + c)**2" a=1 b=2 c=-3 -o page.html
  tinygrad-edu check   "sin(x)*y/x" x=0.7 y=2
  tinygrad-edu code    "tanh(w*x + b)" w x b
  tinygrad-edu worksheet "tanh(w*x + b)" w=0.3 x=0.7 b=-0.2 --seed 7 -o sheet.html --answers answers.csv
  tinygrad-edu mark    "tanh(w*x + b)" w=0.3 x=0.7 b=-0.2 --seed 7 answers.csv
  tinygrad-edu doctor

A formula has numbers, names, + - * / **, parentheses, and the functions
  {", ".join([*FUNCTIONS, *FUNCTIONS_OF_SEVERAL])}.
What is printed can be typed, too: 2·x₁² − σ(π). Quote it, and give each name a value, name=number;
pi and e have theirs.

exit status: 0 done; 1 the result could not be made, or a check failed; 2 the command is wrong
"""

#: The formats of each command, with the suffixes of their files. The first is that of standard output.
FORMATS: dict[str, dict[str, str]] = {
    "explain": {"text": ".txt", "markdown": ".md", "latex": ".tex", "json": ".json"},
    "check": {"text": ".txt", "json": ".json"},
    "draw": {"svg": ".svg", "dot": ".dot .gv", "png": ".png", "pdf": ".pdf"},
    "step": {"html": ".html .htm"},
    "code": {"python": ".py"},
    "worksheet": {"markdown": ".md", "latex": ".tex", "html": ".html"},
    "mark": {"text": ".txt", "csv": ".csv", "html": ".html"},
}


def arguments_of(argv: Sequence[str], version: str) -> argparse.Namespace:
    """The arguments of the command line.

    Raises:
        FormulaError: an argument is wrong, or two contradict each other.
        SystemExit: after --help and --version, and after the help that an empty command line prints.
    """
    parser = _parser(version)
    if not argv:
        parser.print_help()
        raise SystemExit(0)
    arguments, more = parser.parse_known_args(_protected(argv))
    if arguments.command == "doctor":
        if more:
            raise FormulaError(f"doctor takes no arguments, but got {quoted(more[0])}")
        return arguments
    arguments.values += more
    for text in arguments.values:
        if text.strip().startswith("-"):
            raise FormulaError(f"{arguments.command} has no option {quoted(text.strip(), '')}")
    if arguments.command == "mark":
        if not arguments.values or "=" in arguments.values[-1]:
            raise FormulaError("mark needs the answers last: a file, or a folder of files")
        arguments.path = Path(arguments.values.pop())
    _choose_format(arguments)
    return arguments


def _choose_format(arguments: argparse.Namespace) -> None:
    """The format that the file's suffix says, or --format for standard output."""
    command, output = arguments.command, arguments.output
    if output in (None, "-"):
        if command in ("draw", "step") and output is None and sys.stdout is not None and sys.stdout.isatty():
            example = "picture.svg" if command == "draw" else "page.html"
            raise FormulaError(f"{command} needs a file, such as -o {example}; -o - prints it on the terminal")
        return
    suffix = Path(output).suffix.lower()
    says = next((format for format, suffixes in FORMATS[command].items() if suffix in suffixes.split()), None)
    if not says:
        raise FormulaError(f"{command} writes {' '.join(FORMATS[command].values())}, not {quoted(suffix)}")
    if arguments.format not in (None, says):
        raise FormulaError(f"{quoted(output)} and the format {arguments.format}: the suffix says {says}")
    arguments.format = says


def _parser(version: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tinygrad-edu",
        description="What a formula's derivatives are, and why.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tinygrad-edu {version}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=help, description=help, epilog=_EXAMPLES, allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        sub.add_argument("formula", metavar="FORMULA", help='such as "tanh(w*x + b)"')
        sub.add_argument("values", metavar="name=number", nargs="*", help="a value for each name in it")
        files = f"a file, {' '.join(FORMATS[name].values())}; by default standard output, which is -"
        sub.add_argument("-o", dest="output", metavar="FILE", help=files)
        sub.set_defaults(format=None)
        return sub

    explain = command("explain", "every line of the chain rule, with the numbers put in")
    draw = command("draw", "a picture of the graph, with values, gradients and local derivatives")
    draw.add_argument("--no-numbers", dest="numbers", action="store_false", help="names and operations alone")
    draw.add_argument("--size", type=float, metavar="INCHES", help="no wider and no higher than this")
    step = command("step", "an HTML page that goes through the forward and the backward pass")
    check = command("check", "the derivatives beside central differences")
    command("code", "the formula and its derivatives as a Python program of the names")
    exercise = command("worksheet", "an exercise: the rules in symbols, and blanks for the numbers")
    exercise.add_argument("--key", metavar="FILE", help="write the same filled in, as .html, .tex or .md")
    exercise.add_argument("--answers", metavar="FILE", help="write a form for the answers, as .csv or .json")
    marked = "a file of answers, or a folder of them, last; with the sheet's own options, --seed too"
    mark = command("mark", f"marks for answers: {marked}")
    for sub in (exercise, mark):
        asked = "what is asked for (default: backward)"
        sub.add_argument("--blanks", choices=("forward", "backward", "all"), default="backward", help=asked)
        sub.add_argument("--seed", type=int, help="in place of the given numbers draw some that show every mistake")
        sub.add_argument("--lr", type=float, help="a learning rate: the sheet ends with the update of --wrt")
        sub.add_argument("--title", help="the heading; by default the formula")
    worth = "what a line is worth, such as df_dw=2 (default: 1, and 0 where it only copies another)"
    mark.add_argument("--points", metavar="LINE=POINTS", action="append", default=[], help=worth)
    unit = "how far a number may be off, in units of its last place (default: 0.5)"
    mark.add_argument("--tolerance", type=float, default=0.5, help=unit)
    figures = "significant figures that a number must have, at most those of the key (default: 2)"
    mark.add_argument("--least-digits", type=int, default=2, help=figures)
    for sub in (explain, exercise, mark):
        sub.add_argument("--wrt", metavar="NAME", action="append", default=[], help="only what leads to this name")
    for name, sub in (("explain", explain), ("check", check), ("draw", draw)):
        sub.add_argument("--format", choices=[*FORMATS[name]], help="for standard output; a FILE has its suffix")
    for sub in (explain, check):
        json = "the numbers as JSON, with full precision"
        sub.add_argument("--json", action="store_const", const="json", dest="format", help=json)
    for sub in (draw, step):
        sub.add_argument("--title", help="the heading; by default the formula")
        sub.add_argument("--level", help='"value" or "neuron"; by default by size')
    for sub in (explain, draw, step, exercise, mark):
        sub.add_argument("--digits", type=int, default=4, help="how many decimals are shown (default: 4)")
    about = "what is installed; exit status 1 where no picture can be drawn"
    commands.add_parser("doctor", help=about, description=about, allow_abbrev=False)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse's message, in one line."""
        raise FormulaError(" ".join(message.split()))


#: Every option. Anything else that begins with a minus is a formula or a value.
_OPTIONS = (
    "-o", "-h", "--help", "--version", "--format", "--wrt", "--json", "--no-numbers", "--size", "--title",
    "--level", "--digits", "--key", "--answers", "--blanks", "--seed", "--lr", "--points",
    "--tolerance", "--least-digits", "--",
)  # fmt: skip


def _protected(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus: a space before it tells argparse that it is not an option."""
    return [" " + a if a.startswith("-") and a != "-" and a.split("=")[0] not in _OPTIONS else a for a in argv]
