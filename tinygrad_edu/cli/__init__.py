"""The command line: `python -m tinygrad_edu`, or `tinygrad-edu`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .. import __version__
from ..network.gradcheck import GradcheckError
from ..value import Value
from ..writing.console import printing
from .commands import RUN
from .options import arguments_of
from .parse import UndefinedError, assignment, evaluate
from .spelling import FormulaError, as_name, quoted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


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


def _run(arguments: argparse.Namespace) -> int:
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


#: Where `code` evaluates a formula: any numbers at which it is defined give the same program.
_ANYWHERE = 0.5


def _variables(texts: Sequence[str], bare: bool) -> tuple[dict[str, Value], list[str]]:
    """The Values of `name=number`, and where they are allowed, the bare names."""
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
