"""The options of the command line, read by argparse."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from .parse import FUNCTIONS, FormulaError, quoted

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
  {", ".join(FUNCTIONS)}.
What is printed can be typed, too: 2·x₁² − σ(π). Quote it, and give each name a value, name=number;
pi and e have theirs.

exit status: 0 done; 1 the result could not be made, or a check failed; 2 the command is wrong
"""

#: What each command makes, and its formats with the suffixes of their files. The first is that of standard output.
COMMANDS: dict[str, tuple[str, dict[str, str]]] = {
    "explain": (
        "every line of the chain rule, with the numbers put in",
        {"text": ".txt", "markdown": ".md", "latex": ".tex", "json": ".json"},
    ),
    "draw": (
        "a picture of the graph, with values, gradients and local derivatives",
        {"svg": ".svg", "dot": ".dot .gv", "png": ".png", "pdf": ".pdf"},
    ),
    "step": ("an HTML page that goes through the forward and the backward pass", {"html": ".html .htm"}),
    "check": ("the derivatives beside central differences", {"text": ".txt", "json": ".json"}),
    "code": ("the formula and its derivatives as a Python program of the names", {"python": ".py"}),
    "worksheet": (
        "an exercise: the rules in symbols, and blanks for the numbers",
        {"markdown": ".md", "latex": ".tex", "html": ".html"},
    ),
    "mark": (
        "marks for answers: a file of answers, or a folder of them, last; with the sheet's own options, --seed too",
        {"text": ".txt", "csv": ".csv", "html": ".html"},
    ),
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
    """The format that the file's suffix says, or --format, or the first of the command."""
    command, output, formats = arguments.command, arguments.output, COMMANDS[arguments.command][1]
    if output in (None, "-"):
        arguments.format = arguments.format or next(iter(formats))
        if output is None and command in ("draw", "step") and sys.stdout is not None and sys.stdout.isatty():
            example = "picture.svg" if command == "draw" else "page.html"
            raise FormulaError(f"{command} needs a file, such as -o {example}; -o - prints it on the terminal")
        return
    suffix = Path(output).suffix.lower()
    says = next((format for format, suffixes in formats.items() if suffix in suffixes.split()), None)
    if not says:
        raise FormulaError(f"{command} writes {' '.join(formats.values())}, not {quoted(suffix)}")
    if arguments.format not in (None, says):
        raise FormulaError(f"{quoted(output)} and the format {arguments.format}: the suffix says {says}")
    arguments.format = says


def _parser(version: str) -> argparse.ArgumentParser:
    how: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": _EXAMPLES, "allow_abbrev": False}
    about = "What a formula's derivatives are, and why."
    parser = _Parser(prog="tinygrad-edu", description=about, **how)
    parser.add_argument("--version", action="version", version=f"tinygrad-edu {version}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    of: dict[str, argparse.ArgumentParser] = {}

    def add(names: str, option: str, help: str, **how: Any) -> None:
        for name in names.split():
            of[name].add_argument(option, help=help, **how)

    for name, (about, formats) in COMMANDS.items():
        of[name] = commands.add_parser(name, help=about, description=about, **how)
        add(name, "formula", 'such as "tanh(w*x + b)"', metavar="FORMULA")
        add(name, "values", "a value for each name in it", metavar="name=number", nargs="*")
        files = f"a file, {' '.join(formats.values())}; by default standard output, which is -"
        add(name, "-o", files, dest="output", metavar="FILE")
        add(name, "--format", "for standard output; a FILE has its suffix", choices=[*formats])
    marked = "worksheet mark"
    add(f"explain {marked}", "--wrt", "only what leads to this name", metavar="NAME", action="append", default=[])
    add(f"explain draw step {marked}", "--digits", "how many decimals are shown (default: 4)", type=int, default=4)
    add(f"draw step {marked}", "--title", "the heading; by default the formula")
    add("draw step", "--level", '"value" or "neuron"; by default by size')
    add("draw", "--no-numbers", "names and operations alone", dest="numbers", action="store_false")
    add("draw", "--size", "no wider and no higher than this", type=float, metavar="INCHES")
    parts = ("forward", "backward", "all")
    add(marked, "--blanks", "what is asked for (default: backward)", choices=parts, default="backward")
    add(marked, "--seed", "in place of the given numbers draw some that show every mistake", type=int)
    add(marked, "--lr", "a learning rate: the sheet ends with the update of --wrt", type=float)
    add("worksheet", "--key", "write the same filled in, as .html, .tex or .md", metavar="FILE")
    add("worksheet", "--answers", "write a form for the answers, as .csv or .json", metavar="FILE")
    worth = "what a line is worth, such as df_dw=2 (default: 1, and 0 where it only copies another)"
    add("mark", "--points", worth, metavar="LINE=POINTS", action="append", default=[])
    unit = "how far a number may be off, in units of its last place (default: 0.5)"
    add("mark", "--tolerance", unit, type=float, default=0.5)
    figures = "significant figures that a number must have, at most those of the key (default: 2)"
    add("mark", "--least-digits", figures, type=int, default=2)
    about = "what is installed; exit status 1 where no picture can be drawn"
    commands.add_parser("doctor", help=about, description=about, allow_abbrev=False)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse's message, in one line."""
        raise FormulaError(" ".join(message.split()))


def _protected(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus: a space before it tells argparse that it is not an option."""
    return [f" {a}" if re.match("-[^-]", a) and a not in ("-o", "-h") else a for a in argv]
