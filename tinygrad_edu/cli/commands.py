"""The commands on a formula. Each gets the result, the variables as they were typed, and the options."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from ..autodiff import grad
from ..network.gradcheck import gradcheck
from ..readings.explaining import explain
from ..value import Value
from ..writing.code import identifier
from ..writing.files import write_whole
from .parse import evaluate
from .spelling import FormulaError, as_name, quoted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Any

    from ..readings.exercising import Worksheet

    Command = Callable[[Value, dict[str, Value], argparse.Namespace], None]


def _explain(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    named = {as_name(name): x for name, x in variables.items()}
    for name in options.wrt:
        if as_name(name) not in named:
            raise FormulaError(f"--wrt {quoted(name)}: that name is not in the formula")
    y.backward()  # tells of a derivative that is infinite where it is
    derivation = explain(y, wrt=[named[as_name(name)] for name in options.wrt] or None, digits=options.digits)
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


def _check(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    if not variables:
        raise FormulaError("there is no name in the formula to differentiate by")
    report = gradcheck(lambda *xs: evaluate(options.formula, dict(zip(variables, xs))), list(variables.values()))
    if options.format == "json":
        rows = [{"name": r.name, "analytic": r.analytic, "numeric": r.numeric, "error": r.error} for r in report]
        _write(_as_json({"formula": options.formula.strip(), "value": y.data, "coordinates": rows}), options.output)
    else:
        _write(str(report), options.output)


def _draw(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    from ..readings.drawing import draw  # graphviz, which the other commands do without

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


def _step(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    from ..readings.stepping import step_through

    y.backward()
    page = step_through(y, options.level, _title(options), options.digits)
    if options.output in (None, "-") and not options.open:
        _write(page.html, "-")
    else:
        _open(page.save(options.output or _somewhere("html")), options)


def _code(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    from ..readings.compiling import compile_graph

    slopes = {f"df_d{identifier(name)}": grad(y, x) for name, x in variables.items()}
    _write(compile_graph({"f": y} | slopes, inputs=list(variables.values())).source, options.output)


def _sheet(y: Value, options: argparse.Namespace) -> Worksheet:
    from ..readings.exercising import worksheet

    return worksheet(y, options.blanks, None, _title(options), options.digits, options.seed, options.lr)


def _worksheet(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    if options.seed is None:
        y.backward()  # its error names the node
    sheet = _sheet(y, options)
    if options.answers:
        form = sheet.answers(Path(options.answers).suffix.lower().removeprefix("."))
        write_whole(Path(options.answers), form.encode())
    if options.key:
        sheet.key().save(options.key)
    if options.output in (None, "-"):
        _write(sheet.to("md"), "-")
    else:
        sheet.save(options.output)


def _mark(y: Value, variables: dict[str, Value], options: argparse.Namespace) -> None:
    _write(str(_sheet(y, options).mark(options.path)), options.output)


RUN: dict[str, Command] = {
    "explain": _explain,
    "check": _check,
    "draw": _draw,
    "step": _step,
    "code": _code,
    "worksheet": _worksheet,
    "mark": _mark,
}


def _title(options: argparse.Namespace) -> str:
    return str(options.formula.strip() if options.title is None else options.title)


def _somewhere(suffix: str) -> Path:
    """A new file that stays until the system clears it away: a browser reads it when we are gone."""
    from tempfile import mkdtemp

    return Path(mkdtemp(prefix="tinygrad-edu-")) / f"formula.{suffix}"


def _open(path: Path, options: argparse.Namespace) -> None:
    if not options.open:
        return
    from webbrowser import open_new_tab

    if not open_new_tab(path.absolute().as_uri()):
        raise RuntimeError(f"there is no browser to open {path} with")


def _as_json(result: dict[str, Any]) -> str:
    """JSON, which has no infinite numbers: they are written as on paper, in quotes."""

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
