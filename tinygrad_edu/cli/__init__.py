"""What a formula's derivatives are, and why: `tinygrad-edu`, or `python -m tinygrad_edu`.

examples:
  tinygrad-edu explain "tanh(w*x + b)" w=2 x=0.5 b=-1
  tinygrad-edu explain "(a*b + c)**2" a=1 b=2 c=-3 --wrt a -o page.tex
  tinygrad-edu draw    "log(1 + exp(-y*z))" y=1 z=0.3 -o loss.svg
  tinygrad-edu step    "(a*b + c)**2" a=1 b=2 c=-3 -o page.html
  tinygrad-edu code    "tanh(w*x + b)" w=2 x=0.5 b=-1
  tinygrad-edu worksheet "tanh(w*x + b)" w=0.3 x=0.7 b=-0.2 --seed 7 -o sheet.html --answers answers.csv
  tinygrad-edu mark    "tanh(w*x + b)" w=0.3 x=0.7 b=-0.2 --seed 7 answers.csv

A formula has numbers, names, + - * / **, parentheses, and the functions
  FUNCTIONS.
What is printed can be typed, too: 2·x₁² − σ(π). Quote it, and give each name a value, name=number;
pi and e have theirs.

exit status: 0 done; 1 the result could not be made; 2 the command is wrong
"""

import argparse
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..autodiff import grad
from ..readings.explaining import explain
from ..value import Value
from ..writing.code import identifier
from ..writing.console import printing
from .parse import FUNCTIONS, FormulaError, as_name, assignment, evaluate, quoted


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    >>> main(["explain", "x²", "x=3"])
    Forward
    <BLANKLINE>
    x = 3
    f = x² = 3² = 9
    <BLANKLINE>
    Backward
    <BLANKLINE>
    ∂f/∂f = 1
    ∂f/∂x = ∂f/∂f · (2 · x) = 1 · 6 = 6
    0
    """
    with printing():
        try:
            return _run(arguments_of(sys.argv[1:] if argv is None else argv))
        except BrokenPipeError:
            raise  # to `printing`, which knows what to do
        except (OSError, ImportError, RuntimeError) as error:
            what: object = error
            if isinstance(error, OSError) and error.filename:
                what = f"{error.filename}: {error.strerror}"  # without [Errno 2]
            print(f"tinygrad-edu: {what}", file=sys.stderr)
            return 1
        except (ArithmeticError, ValueError) as error:
            print(f"tinygrad-edu: {' '.join(str(error).split())} (tinygrad-edu --help shows examples)", file=sys.stderr)
            return 2


def _run(arguments: Namespace) -> int:
    variables: dict[str, Value] = {}
    for name, number in map(assignment, arguments.values):
        if as_name(name) in map(as_name, variables):
            raise FormulaError(f"{quoted(name, '')} is given twice")
        variables[name] = Value(number, label=name)
    RUN[arguments.command](evaluate(arguments.formula, variables), variables, arguments)
    return 0


# The commands. Each takes the result of the formula, the variables as they were typed, and the options. Its docstring
# is what --help says of it.


def _explain(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """Every line of the chain rule, with the numbers put in; as .txt, .md or .tex."""
    y.backward()  # its error names the node whose derivative is infinite
    derivation = explain(y, wrt=_wrt(variables, options), digits=options.digits)
    _write(options, derivation.save, lambda: derivation.to(options.format))


def _draw(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """A picture of the graph, with values, gradients and local derivatives; as .svg, .png, .pdf, .dot or .gv."""
    from ..readings.drawing import draw  # imports graphviz, which the other commands do not need

    y.backward()
    how = {"title": _title(options), "digits": options.digits, "numbers": options.numbers}
    drawing = draw(y, options.level, **how)
    _write(options, drawing.save, lambda: drawing.source if options.format == "dot" else drawing.svg())


def _step(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """A page that goes through the forward and the backward pass; as .html."""
    from ..readings.stepping import step_through

    y.backward()
    page = step_through(y, options.level, _title(options), options.digits)
    _write(options, page.save, lambda: page.html)


def _code(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """The formula and its derivatives as a Python program of the names."""
    from ..readings.compiling import compile_graph

    slopes = {f"df_d{identifier(name)}": grad(y, x) for name, x in variables.items()}
    print(compile_graph({"f": y} | slopes, inputs=list(variables.values())).source.removesuffix("\n"))


def _sheet(y: Value, variables: dict[str, Value], options: Namespace) -> Any:
    from ..readings.exercising import worksheet

    if options.lr is not None and not options.wrt:
        raise FormulaError("--lr needs --wrt NAME for each name that is learned")
    title = _title(options)
    if options.seed is not None and options.title is None:
        title += f", seed {options.seed}"
    wrt = _wrt(variables, options)
    return worksheet(y, options.blanks, None, title, options.digits, options.seed, options.lr, wrt)


def _worksheet(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """An exercise: the rules in symbols, and blanks for the numbers; as .html, .tex or .md."""
    if options.seed is None:
        y.backward()  # its error names the node
    sheet = _sheet(y, variables, options)
    if options.answers:
        sheet.save(options.answers)
    if options.key:
        sheet.key().save(options.key)
    _write(options, sheet.save, lambda: sheet.to({"markdown": "md", "latex": "tex"}.get(options.format, "html")))


def _mark(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    """Marks for answers, a file or a folder, last; with the sheet's own options; as .txt, .csv or .html."""
    points = dict([assignment(text) for text in options.points])
    how = {"points": points, "tolerance": options.tolerance, "least_digits": options.least_digits}
    marks = _sheet(y, variables, options).mark(options.path, **how)
    _write(options, marks.save, lambda: marks.to(options.format))


RUN = {run.__name__[1:]: run for run in (_explain, _draw, _step, _code, _worksheet, _mark)}


def _wrt(variables: dict[str, Value], options: Namespace) -> list[Value] | None:
    """The variables that --wrt names; None without it."""
    named = {as_name(name): x for name, x in variables.items()}
    for name in options.wrt:
        if as_name(name) not in named:
            raise FormulaError(f"--wrt {quoted(name)}: that name is not in the formula")
    return [named[as_name(name)] for name in options.wrt] or None


def _title(options: Namespace) -> str:
    return str(options.formula.strip() if options.title is None else options.title)


def _write(options: Namespace, save: Callable[[str], object], text: Callable[[], str]) -> None:
    """Save what was made, as the suffix of the file says; without a file print it."""
    if options.output not in (None, "-"):
        save(options.output)
        return
    if options.output is None and options.command in ("draw", "step") and sys.stdout.isatty():
        example = "picture.svg" if options.command == "draw" else "page.html"
        raise FormulaError(f"{options.command} needs a file, such as -o {example}; -o - prints it on the terminal")
    print(text().removesuffix("\n"))


# The options, read by argparse.

#: What is printed without a file; by default the first.
FORMATS = {
    "explain": ("text", "markdown", "latex"),
    "draw": ("svg", "dot"),
    "step": ("html",),
    "worksheet": ("markdown", "latex", "html"),
    "mark": ("text", "csv", "html"),
}


def arguments_of(argv: Sequence[str]) -> Namespace:
    """The arguments of the command line.

    Raises:
        FormulaError: an argument is wrong, or two contradict each other.
        SystemExit: after --help and --version, and after the help that an empty command line prints.
    """
    parser = _parser()
    if not argv:
        parser.print_help()
        raise SystemExit(0)
    arguments, more = parser.parse_known_args(_protected(argv))
    arguments.values += more
    for text in arguments.values:
        if text.strip().startswith("-"):
            raise FormulaError(f"{arguments.command} has no option {quoted(text.strip(), '')}")
    if arguments.command == "mark":
        if not arguments.values or "=" in arguments.values[-1]:
            raise FormulaError("mark needs the answers last: a file, or a folder of files")
        arguments.path = Path(arguments.values.pop())
    if arguments.command in FORMATS:
        if arguments.format and arguments.output not in (None, "-"):
            raise FormulaError(
                f"--format is for what is printed: the suffix of {quoted(arguments.output)} says its own"
            )
        arguments.format = arguments.format or FORMATS[arguments.command][0]
    return arguments


def _parser() -> argparse.ArgumentParser:
    about, _, examples = str(__doc__).replace("FUNCTIONS", ", ".join(FUNCTIONS)).partition("\n\n")
    how: Any = {"formatter_class": argparse.RawDescriptionHelpFormatter, "epilog": examples, "allow_abbrev": False}
    parser = _Parser(prog="tinygrad-edu", description=about, **how)
    parser.add_argument("--version", action="version", version=f"tinygrad-edu {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    of: dict[str, argparse.ArgumentParser] = {}

    def add(names: str, option: str, help: str, **how: Any) -> None:
        for name in names.split():
            of[name].add_argument(option, help=help, **how)

    for name, run in RUN.items():
        of[name] = commands.add_parser(name, help=run.__doc__, description=run.__doc__, **how)
        add(name, "formula", 'such as "tanh(w*x + b)"', metavar="FORMULA")
        add(name, "values", "a value for each name in it", metavar="name=number", nargs="*")
    for name, formats in FORMATS.items():
        add(name, "-o", "where to: a file, or - for standard output, the default", dest="output", metavar="FILE")
        add(name, "--format", f"of what is printed (default: {formats[0]})", choices=formats)
    marked = "worksheet mark"
    add(f"explain {marked}", "--wrt", "only what leads to this name", metavar="NAME", action="append", default=[])
    add(f"explain draw step {marked}", "--digits", "how many decimals are shown (default: 4)", type=int, default=4)
    add(f"draw step {marked}", "--title", "the heading; by default the formula")
    add("draw step", "--level", '"value" or "neuron"; by default by size')
    add("draw", "--no-numbers", "names and operations alone", dest="numbers", action="store_false")
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
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """argparse's message, in one line."""
        raise FormulaError(" ".join(message.split()))


def _protected(argv: Sequence[str]) -> list[str]:
    """A formula may begin with a minus: a space before it tells argparse that it is not an option."""
    return [f" {a}" if re.match("-[^-]", a) and a not in ("-o", "-h") else a for a in argv]
