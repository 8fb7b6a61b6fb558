"""The command line: `python -m tinygrad_edu`, or `tinygrad-edu`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from .. import __version__
from ..autodiff import grad
from ..network.gradcheck import GradcheckError, gradcheck
from ..readings.explaining import explain
from ..value import Value
from ..writing.code import identifier
from ..writing.console import printing
from ..writing.files import write_whole
from .options import arguments_of
from .parse import UndefinedError, assignment, evaluate
from .spelling import FormulaError, as_name, quoted

Command = Callable[[Value, dict[str, Value], Namespace], None]


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
            return _run(arguments_of(sys.argv[1:] if argv is None else argv, __version__))
        except BrokenPipeError:
            raise  # to `printing`, which knows what to do
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else error  # without [Errno 2]
            print(f"tinygrad-edu: {what}", file=sys.stderr)
            return 1
        except (ImportError, RuntimeError, GradcheckError) as error:
            print(f"tinygrad-edu: {error}", file=sys.stderr)
            return 1
        except (ArithmeticError, ValueError) as error:
            print(f"tinygrad-edu: {' '.join(str(error).split())} (tinygrad-edu --help shows examples)", file=sys.stderr)
            return 2


def _run(arguments: Namespace) -> int:
    if arguments.command == "doctor":
        return _doctor()
    given, missing = _variables(arguments.values, arguments.command == "code")
    variables = given | {name: Value(_ANYWHERE, label=name) for name in missing}
    try:
        y = evaluate(arguments.formula, variables)
    except UndefinedError:
        if not missing:
            raise
        numbers = " ".join([f"{name}=…" for name in missing])
        raise FormulaError(f"numbers are needed at which the formula is defined: add {numbers}") from None
    RUN[arguments.command](y, variables, arguments)
    return 0


#: `code` evaluates the formula here. Any numbers at which it is defined give the same program.
_ANYWHERE = 0.5


def _variables(texts: Sequence[str], bare: bool) -> tuple[dict[str, Value], list[str]]:
    """The Values of `name=number`; and, if `bare` names are allowed, those without a number."""
    variables: dict[str, Value] = {}
    missing: list[str] = []
    for text in texts:
        if bare and as_name(text):
            name = text.strip()
            missing.append(name)
        else:
            name, number = assignment(text)
            variables[name] = Value(number, label=name)
    names = [as_name(name) for name in [*variables, *missing]]
    if len(names) < len(texts) or len({*names}) < len(names):
        twice = next(text for k, text in enumerate(texts) if _name(text) in map(_name, texts[:k]))
        raise FormulaError(f"{quoted(twice.split('=')[0].strip(), '')} is given twice")
    return variables, missing


def _name(text: str) -> str:
    return as_name(text.split("=")[0])


def _doctor() -> int:
    from .doctor import examine

    report, can_draw = examine()
    print(report)
    return 0 if can_draw else 1


# The commands. Each takes the result of the formula, the variables as they were typed, and the options.


def _explain(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    y.backward()  # its error names the node whose derivative is infinite
    derivation = explain(y, wrt=_wrt(variables, options), digits=options.digits)
    if options.format != "json":
        _write(derivation.to(options.format or "text"), options.output)
        return
    rows = {
        part: [{"quantity": str(row.quantity), "line": row.text(options.digits), "value": row.result} for row in rows]
        for part, rows in (
            ("forward", derivation.forward),
            ("backward", [row for step in derivation.backward for row in step.rows]),
            ("paths", derivation.paths),
        )
    }
    slopes = {name: x.grad for name, x in variables.items()}
    _write(_as_json({"formula": options.formula.strip(), "value": y.data, "grad": slopes} | rows), options.output)


def _check(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    if not variables:
        raise FormulaError("there is no name in the formula to differentiate with respect to")
    report = gradcheck(lambda *xs: evaluate(options.formula, dict(zip(variables, xs))), list(variables.values()))
    if options.format == "json":
        rows = [{"name": r.name, "analytic": r.analytic, "numeric": r.numeric, "error": r.error} for r in report]
        _write(_as_json({"formula": options.formula.strip(), "value": y.data, "coordinates": rows}), options.output)
    else:
        _write(str(report), options.output)


def _draw(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.drawing import draw  # imports graphviz, which the other commands do not need

    y.backward()
    how = {"title": _title(options), "digits": options.digits, "numbers": options.numbers, "size": options.size}
    drawing = draw(y, options.level, **how)
    if options.output in (None, "-") and not options.open:
        if options.format in ("png", "pdf"):
            raise FormulaError(f"a picture as {options.format} needs a file: -o picture.{options.format}")
        _write(drawing.source if options.format == "dot" else drawing.svg(), "-")
    elif options.format and options.output and not Path(options.output).suffix:
        raise FormulaError(f"{quoted(options.output)} needs a suffix: {options.output}.{options.format}")
    else:
        _open(drawing.save(options.output or _somewhere(options.format or "svg")), options)


def _step(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.stepping import step_through

    y.backward()
    page = step_through(y, options.level, _title(options), options.digits)
    if options.output in (None, "-") and not options.open:
        _write(page.html, "-")
    else:
        _open(page.save(options.output or _somewhere("html")), options)


def _code(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.compiling import compile_graph

    slopes = {f"df_d{identifier(name)}": grad(y, x) for name, x in variables.items()}
    _write(compile_graph({"f": y} | slopes, inputs=list(variables.values())).source, options.output)


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
    if options.seed is None:
        y.backward()  # its error names the node
    sheet = _sheet(y, variables, options)
    if options.answers:
        form = sheet.answers(Path(options.answers).suffix.lower().removeprefix("."))
        write_whole(Path(options.answers), form.encode())
    if options.key:
        sheet.key().save(options.key)
    if options.output in (None, "-"):
        _write(sheet.to("md"), "-")
    else:
        sheet.save(options.output)


def _mark(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    points = dict([assignment(text) for text in options.points])
    marks = _sheet(y, variables, options).mark(
        options.path, points=points, tolerance=options.tolerance, least_digits=options.least_digits
    )
    if options.output in (None, "-"):
        _write(str(marks), "-")
    else:
        marks.save(options.output)


RUN: dict[str, Command] = {
    "explain": _explain,
    "check": _check,
    "draw": _draw,
    "step": _step,
    "code": _code,
    "worksheet": _worksheet,
    "mark": _mark,
}


def _wrt(variables: dict[str, Value], options: Namespace) -> list[Value] | None:
    """The variables that --wrt names; None without it."""
    named = {as_name(name): x for name, x in variables.items()}
    for name in options.wrt:
        if as_name(name) not in named:
            raise FormulaError(f"--wrt {quoted(name)}: that name is not in the formula")
    return [named[as_name(name)] for name in options.wrt] or None


def _title(options: Namespace) -> str:
    return str(options.formula.strip() if options.title is None else options.title)


def _somewhere(suffix: str) -> Path:
    """A new temporary file. It is not removed here, because the browser reads it after this program has ended."""
    from tempfile import mkdtemp

    return Path(mkdtemp(prefix="tinygrad-edu-")) / f"formula.{suffix}"


def _open(path: Path, options: Namespace) -> None:
    if not options.open:
        return
    from webbrowser import open_new_tab

    if not open_new_tab(path.absolute().as_uri()):
        raise RuntimeError(f"there is no browser to open {path} with")


def _as_json(result: dict[str, Any]) -> str:
    """JSON. It has no infinite numbers, so these are written as the strings "∞" and "−∞"."""

    def plain(x: Any) -> Any:
        if isinstance(x, dict):
            return {key: plain(value) for key, value in x.items()}
        if isinstance(x, list):
            return [plain(value) for value in x]
        return x if not isinstance(x, float) or isfinite(x) else "∞" if x > 0 else "−∞"

    return json.dumps(plain(result), ensure_ascii=False, allow_nan=False)


def _write(text: str, output: str | None) -> None:
    text = text.removesuffix("\n")
    if output in (None, "-"):
        print(text)
    else:
        write_whole(Path(str(output)), f"{text}\n".encode())
