"""What went wrong in a run of a printed program: which step, with which numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
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
    place = _in_program(error.__traceback__)
    if place is None:  # the program was not entered, or its result cannot be checked
        return kind(str(error))
    first, last, start, end = list(place.tb_frame.f_code.co_positions())[place.tb_lasti // 2]
    first, last = first or place.tb_lineno, last or place.tb_lineno
    step = source.splitlines()[first - 1].strip()
    lines = source.encode().splitlines()[first - 1 : last]  # columns count bytes
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start or 0 :]
    what = " ".join([line.decode().strip() for line in lines])
    if step.startswith(("[", "for ")) or what.endswith("]"):
        return kind(f"the argument does not fit the inputs, {what}: {error}")
    known = place.tb_frame.f_locals
    names = compile(what, FILE, "eval").co_names
    numbers = ", ".join([f"{name} = {known[name]!r}" for name in names if name in known])
    return kind(f"{what} has no finite value where {numbers}: {error} (line {first}, {step})")


def _in_program(place: TracebackType | None) -> TracebackType | None:
    while place and place.tb_frame.f_code.co_filename != FILE:
        place = place.tb_next
    return place


def origin(source: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    """Which step of a run was the first to leave the finite numbers."""
    body, _, result = source.rpartition("return ")
    program: Callable[..., dict[str, Any]] = run(f"{body}return locals()")["program"]
    for name, number in program(*arguments, **keywords).items():  # in the order in which they were computed
        if isinstance(number, float) and not math.isfinite(number):
            lines = map(str.strip, body.splitlines())
            step = next((line for line in lines if line.startswith((f"{name} = ", f"{name} += "))), None)
            return f"{name} is {number}" + (f" in {step}" if step else ", which is not a finite number")
    return f"a result is not finite: {' '.join(result.split())}"
