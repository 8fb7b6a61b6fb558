"""The command line: `python -m tinygrad_edu`, or `tinygrad-edu`."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..autodiff import grad
from ..network.gradcheck import GradcheckError, central_difference, gradcheck
from ..readings.explaining import explain
from ..value import Value
from ..writing.code import identifier
from ..writing.console import printing
from ..writing.files import write_whole
from .options import arguments_of
from .parse import FormulaError, UndefinedError, as_name, assignment, evaluate, quoted


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
        except (OSError, ImportError, RuntimeError, GradcheckError) as error:
            what: object = error
            if isinstance(error, OSError) and error.filename:
                what = f"{error.filename}: {error.strerror}"  # without [Errno 2]
            print(f"tinygrad-edu: {what}", file=sys.stderr)
            return 1
        except (ArithmeticError, ValueError) as error:
            print(f"tinygrad-edu: {' '.join(str(error).split())} (tinygrad-edu --help shows examples)", file=sys.stderr)
            return 2


def _run(arguments: Namespace) -> int:
    if arguments.command == "doctor":
        from .doctor import examine

        report, can_draw = examine()
        print(report)
        return 0 if can_draw else 1
    variables, missing = _variables(arguments.values, arguments.command == "code")
    try:
        y = evaluate(arguments.formula, variables)
    except UndefinedError:
        if not missing:
            raise
        numbers = " ".join([f"{name}=…" for name in missing])
        raise FormulaError(f"numbers are needed at which the formula is defined: add {numbers}") from None
    RUN[arguments.command](y, variables, arguments)
    return 0


def _variables(texts: Sequence[str], bare: bool) -> tuple[dict[str, Value], list[str]]:
    """The Values of `name=number`; and the names without a number, if `bare` ones are allowed.

    Those are ½: any number at which the formula is defined gives the same program.
    """
    variables: dict[str, Value] = {}
    missing: list[str] = []
    for text in texts:
        name, number = (text.strip(), 0.5) if bare and as_name(text) else assignment(text)
        missing += [name] if "=" not in text else []
        if as_name(name) in map(as_name, variables):
            raise FormulaError(f"{quoted(name, '')} is given twice")
        variables[name] = Value(number, label=name)
    return variables, missing


# The commands. Each takes the result of the formula, the variables as they were typed, and the options.


def _explain(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    y.backward()  # its error names the node whose derivative is infinite
    derivation = explain(y, wrt=_wrt(variables, options), digits=options.digits)
    if options.format != "json":
        return _write(derivation.to(options.format), options)
    parts = {
        "forward": derivation.forward,
        "backward": [row for step in derivation.backward for row in step.rows],
        "paths": derivation.paths,
    }
    report: dict[str, Any] = {"value": y.data, "grad": {name: x.grad for name, x in variables.items()}}
    for part, rows in parts.items():
        report[part] = [
            {"quantity": str(row.quantity), "line": row.text(options.digits), "value": row.result} for row in rows
        ]
    return _write_json(report, options)


def _check(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    if not variables:
        raise FormulaError("there is no name in the formula to differentiate with respect to")
    xs = list(variables.values())

    def f(*xs: Value) -> Value:
        return evaluate(options.formula, dict(zip(variables, xs)))

    gradcheck(f, xs)
    y.backward()
    both = [(x.label, x.grad, numeric) for x, numeric in zip(xs, central_difference(f, xs))]
    if options.format == "json":
        rows = [{"name": name, "analytic": a, "numeric": n, "error": abs(a - n)} for name, a, n in both]
        return _write_json({"value": y.data, "coordinates": rows}, options)
    lines = [f"{name}: {a:.6g} by backward, {n:.6g} by central differences" for name, a, n in both]
    return _write("\n".join(lines), options)


def _draw(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.drawing import draw  # imports graphviz, which the other commands do not need

    y.backward()
    how = {"title": _title(options), "digits": options.digits, "numbers": options.numbers, "size": options.size}
    drawing = draw(y, options.level, **how)
    if options.output not in (None, "-"):
        drawing.save(options.output)
    elif options.format in ("png", "pdf"):
        raise FormulaError(f"a picture as {options.format} needs a file: -o picture.{options.format}")
    else:
        _write(drawing.source if options.format == "dot" else drawing.svg(), options)


def _step(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.stepping import step_through

    y.backward()
    _write(step_through(y, options.level, _title(options), options.digits).html, options)


def _code(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    from ..readings.compiling import compile_graph

    slopes = {f"df_d{identifier(name)}": grad(y, x) for name, x in variables.items()}
    _write(compile_graph({"f": y} | slopes, inputs=list(variables.values())).source, options)


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
    _write(sheet.to({"markdown": "md", "latex": "tex"}.get(options.format, options.format)), options)


def _mark(y: Value, variables: dict[str, Value], options: Namespace) -> None:
    points = dict([assignment(text) for text in options.points])
    how = {"points": points, "tolerance": options.tolerance, "least_digits": options.least_digits}
    marks = _sheet(y, variables, options).mark(options.path, **how)
    _write(marks.to(options.format).removesuffix("\n"), options, "utf-8-sig" if options.format == "csv" else "utf-8")


RUN = {run.__name__[1:]: run for run in (_explain, _check, _draw, _step, _code, _worksheet, _mark)}


def _wrt(variables: dict[str, Value], options: Namespace) -> list[Value] | None:
    """The variables that --wrt names; None without it."""
    named = {as_name(name): x for name, x in variables.items()}
    for name in options.wrt:
        if as_name(name) not in named:
            raise FormulaError(f"--wrt {quoted(name)}: that name is not in the formula")
    return [named[as_name(name)] for name in options.wrt] or None


def _title(options: Namespace) -> str:
    return str(options.formula.strip() if options.title is None else options.title)


def _write_json(report: dict[str, Any], options: Namespace) -> None:
    _write(json.dumps({"formula": options.formula.strip()} | report, ensure_ascii=False, allow_nan=False), options)


def _write(text: str, options: Namespace, encoding: str = "utf-8") -> None:
    text = text.removesuffix("\n")
    if options.output in (None, "-"):
        print(text)
    else:
        write_whole(Path(options.output), f"{text}\n".encode(encoding))
