"""Formulas as code: every row of the table, run in every language it is written in."""

import json
import math
import shutil
import subprocess
import sys

import pytest

from tinygrad_edu import Value, compile_graph, ops
from tinygrad_edu.ops import TABLE, Op, power
from tinygrad_edu.readings.compiling.terms import Algebra, Term
from tinygrad_edu.value import record
from tinygrad_edu.writing.code import GATE, JAVASCRIPT, PYTHON
from tinygrad_edu.writing.expression import Apply, Name, Number, write

POWERS = [power(n) for n in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -1.5, 0.1, 1234567.0, 1e300)]
ROWS = [*TABLE, GATE, *POWERS]
NUMBERS = [0.0, -0.0, 0.3, -0.7, 1.0, -1.0, 2.5, -20.0, 40.0, 700.0, -745.0, 1e-300]
LETTERS = ("a", "b", "c", "d", "e", "f", "g")

every_row = pytest.mark.parametrize("op", ROWS, ids=lambda op: op.symbol)


def inputs_of(op):
    """How many inputs a row is tried with."""
    for n in (3,) if op.vectors == 1 else (6, 7) if op.vectors else (1, 2):
        try:
            op.partials(0.5, *op.arguments((0.5,) * n))
            op.value(*op.arguments((0.5,) * n))
            return n
        except TypeError:
            continue
    raise AssertionError(f"how many inputs has {op.symbol}?")


def points(op):
    """Numbers in the domain of the row, each with its value."""
    n = 2 if op is GATE else inputs_of(op)
    found = []
    for i in range(len(NUMBERS)):
        for stride in (1, 5):
            point = tuple([NUMBERS[(i + k * stride) % len(NUMBERS)] for k in range(n)])
            try:
                y = op.value(*op.arguments(point))
            except (ArithmeticError, ValueError):
                continue
            if math.isfinite(y):
                found.append((point, y))
    assert found
    return found


def close(found, y, point):
    """Within 4 ulp, of a sum within 4 ulp of its largest part: what cancels has left its rounding behind."""
    return abs(found - y) <= 4 * math.ulp(max([abs(y), *([abs(a) for a in point] if len(point) > 2 else [])]))


def expression(term):
    if term.op:
        return Apply(term.op, tuple(map(expression, term.inputs)))
    return Name(term.label) if term.number is None else Number(term.number)


def row_as_expression(op, n):
    """The row applied to a, b, …, in simpler rows if need be."""
    algebra = Algebra()
    letters = []
    for letter in LETTERS[:n]:
        letters.append(Term(algebra))
        letters[-1].label = letter
    return expression(algebra.apply(op, *letters))


@every_row
def test_a_program_gives_the_value_of_every_row(op):
    if op is GATE:
        return  # never recorded; it stands for step(a) · b in what follows
    xs = tuple([Value(0.5, letter) for letter in LETTERS[: inputs_of(op)]])
    program = compile_graph(record(op, xs, *op.arguments((0.5,) * len(xs))), list(xs))
    for point, y in points(op):
        found = program(*point)
        assert found == y or (sys.version_info >= (3, 12) and close(found, y, point))


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node to run JavaScript with")
def test_javascript_gives_the_value_of_every_row():
    cases, functions = [], []
    for op in ROWS:
        for point, y in points(op):
            text, _ = write(row_as_expression(op, len(point)), JAVASCRIPT)
            functions.append(f"(({', '.join(LETTERS[: len(point)])}) => {text})({', '.join(map(repr, point))})")
            cases.append((op, point, y))
    script = f'"use strict"; console.log(JSON.stringify([{", ".join(functions)}]))'
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8", check=True)
    for (op, point, y), found in zip(cases, json.loads(run.stdout), strict=True):
        assert close(found, y, point), f"{op.symbol} of {point} is {y}, in JavaScript {found}"


@pytest.mark.skipif(not shutil.which("node"), reason="there is no node to run JavaScript with")
def test_javascript_takes_signs_where_python_does():
    a, b, neg = Name("a"), Name("b"), ops.NEG
    minus_a, minus_2 = Apply(neg, (a,)), Number(-2.0)
    formulas = {
        Apply(neg, (minus_a,)): 3.0,
        Apply(neg, (minus_2,)): 2.0,
        Apply(neg, (Apply(power(3.0), (a,)),)): -27.0,
        Apply(power(3.0), (minus_a,)): -27.0,
        Apply(power(3.0), (minus_2,)): -8.0,
        Apply(ops.SUB, (a, minus_2)): 5.0,
        Apply(ops.SUB, (a, minus_a)): 6.0,
        Apply(ops.DIV, (b, Apply(neg, (Apply(ops.MUL, (a, b)),)))): -1 / 3,
        Apply(ops.MUL, (minus_a, Apply(ops.RELU, (Apply(ops.SUB, (b, a)),)))): -6.0,
        Apply(neg, (Apply(ops.STEP, (b,)),)): -1.0,
        Apply(ops.MUL, (Apply(GATE, (minus_a, b)), b)): 0.0,
    }
    texts = [write(formula, JAVASCRIPT)[0] for formula in formulas]
    script = f'"use strict"; const a = 3, b = 5; console.log(JSON.stringify([{", ".join(texts)}]))'
    run = subprocess.run(["node"], input=script, capture_output=True, text=True, encoding="utf-8", check=True)
    assert json.loads(run.stdout) == list(formulas.values())
    for formula, number in formulas.items():
        assert eval(write(formula, PYTHON)[0], {"a": 3.0, "b": 5.0}) == number


def test_the_languages_have_the_same_rows():
    assert PYTHON.rows.keys() == JAVASCRIPT.rows.keys()


# Rows that a user adds.


def test_a_row_whose_value_is_a_function_of_math_is_called_by_its_name():
    arctan = Op("arctan", math.atan, lambda y, a: (1 / (1 + a * a),))
    x = Value(0.5, "x")
    program = compile_graph(record(arctan, (x,), 0.5) * 2.0, [x])
    assert "return 2.0 * atan(x)" in program.source
    assert program(0.25) == 2 * math.atan(0.25)
    assert write(Apply(arctan, (Name("x"),)), JAVASCRIPT)[0] == "Math.atan(x)"


def test_a_row_whose_value_is_arithmetic_is_written_as_that():
    softplus = Op("softplus", lambda a: ops.log(1 + ops.exp(a)), lambda y, a: (1 / (1 + ops.exp(-a)),))
    x = Value(0.5, "x")
    program = compile_graph(record(softplus, (x,), 0.5), [x])
    assert "return log(1.0 + exp(x))" in program.source
    assert program(0.25) == math.log(1 + math.exp(0.25))


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: (a + b) * (1 + a) - (2 - b),
        lambda a, b: (a - b) / (a * 3 + 2 * b) + 1 / a - a / 2,
        lambda a, b: a**3 - b**0.5 + a**b + 2**a,
        lambda a, b: abs(-a) + (b - a).abs(),
        lambda a, b: a.exp() + b.log() * a.sqrt(),
        lambda a, b: a.tanh() - b.sigmoid() / (a - b).relu(),
        lambda a, b: a.sin() * b.cos() + a.step(),
        lambda a, b: a.maximum(b) + b.minimum(a) + a.maximum(3) + b.minimum(0.1),
    ],
)
def test_a_row_may_use_the_arithmetic_and_the_functions_of_a_value(f):
    row = Op("odd", lambda a, b: f(Value(a), Value(b)).data if isinstance(a, float) else f(a, b), lambda *_: (1.0, 1.0))
    a, b = Value(0.7, "a"), Value(0.3, "b")
    program = compile_graph(record(row, (a, b), 0.7, 0.3), [a, b])
    assert "odd" not in program.source
    assert program(0.7, 0.3) == f(a, b).data
    assert program(1.5, 0.25) == f(Value(1.5), Value(0.25)).data


@pytest.mark.parametrize(
    "value",
    [lambda a: math.exp(a) + 1, lambda a: a if a > 0 else 0.0, lambda a: 1.0 if a == 0 else a, lambda a: a or 1.0],
)
def test_a_row_that_needs_a_number_is_refused_in_a_sentence(value):
    x = Value(0.5, "x")
    y = record(Op("odd", value, lambda y, a: (1.0,)), (x,), 0.5)
    with pytest.raises(TypeError, match=r"compile_graph: the row odd cannot be printed\. Its value has to be"):
        compile_graph(y, [x])
