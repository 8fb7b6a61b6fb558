"""What went wrong in a run of a printed program: which step, with which numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

FILE = "<program>"  # the name under which printed programs are compiled

#: What a step, or an argument that does not fit, can raise.
FAILURES = (ZeroDivisionError, OverflowError, ArithmeticError, TypeError, LookupError, ValueError)


def run(source: str, functions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The names that a source defines; it is also given the functions."""
    names = dict(functions or {})
    exec(compile(source, FILE, "exec"), names)
    return names


def explained(source: str, error: Exception) -> Exception:
    """The error with the step of the source that raised it and its numbers."""
    kind = next(kind for kind in FAILURES if isinstance(error, kind))
    place = error.__traceback__
    assert place  # the frame that caught the error
    if place.tb_next is None:
        return kind(str(error))  # too few arguments, or too many
    place = place.tb_next
    if place.tb_frame.f_code.co_filename != FILE:
        return kind(f'a result is not a finite real number ({error}); level="tensor" makes programs of arrays')
    first, last, start, end = list(place.tb_frame.f_code.co_positions())[place.tb_lasti // 2]
    first, last = first or place.tb_lineno, last or place.tb_lineno
    step = source.splitlines()[first - 1].strip()
    lines = source.encode().splitlines()[first - 1 : last]  # columns count bytes
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start or 0 :]
    what = " ".join([line.decode().strip() for line in lines])
    if what.startswith("[") or what.endswith("]"):
        return kind(f"the argument does not fit the inputs, {what}: {error}")
    known = place.tb_frame.f_locals
    numbers = ", ".join([f"{name} = {known[name]!r}" for name in _names_in(what) if name in known])
    where = f" where {numbers}" if numbers else ""
    return kind(f"{what} has no finite value{where}: {error} (line {first}, {step})")


def _names_in(code: str) -> tuple[str, ...]:
    try:
        return compile(code, FILE, "exec").co_names
    except SyntaxError:  # where Python runs without columns, it may be a part of a statement
        return ()


def origin(source: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """Which step of a run was the first to leave the finite numbers."""
    body, _, result = source.rpartition("\n    return ")
    program: Callable[..., dict[str, Any]] = run(f"{body}\n    return locals()")["program"]
    for name, number in program(*arguments, **keywords).items():  # in the order in which they were computed
        if isinstance(number, float) and not math.isfinite(number):
            steps = [line.strip() for line in body.splitlines() if line.strip().startswith(f"{name} = ")]
            return f"{name} is {number}" + (f" in {steps[0]}" if steps else ", which is not a finite number")
    return f"a result is not finite: {' '.join(result.split())}"
