"""Formulas on paper leave out only what nobody writes, and keep their value."""

import numpy as np
import pytest

from tinygrad_edu import array_ops as A
from tinygrad_edu.writing.algebra import add, in_symbols, part, permuted, placed, replaced, subtract, total, transpose
from tinygrad_edu.writing.evaluation import array, evaluate
from tinygrad_edu.writing.expression import Constant, Join, Name, Ones, Place

P, Q = Name("p"), Name("q")
FORMULAS = {
    "p": [lambda p, q: p + 0, lambda p, q: 0 + p, lambda p, q: p - 0, lambda p, q: 1 * p, lambda p, q: p / 1,
          lambda p, q: p**1, lambda p, q: 0 - (0 - p), lambda p, q: -(0 - p), lambda p, q: 0.5 * (2 * p)],
    "−p": [lambda p, q: 0 - p, lambda p, q: -p, lambda p, q: p * -1],
    "p + q": [lambda p, q: p + q, lambda p, q: p - (-q)],
    "p − q": [lambda p, q: p - q, lambda p, q: p + (-q)],
    "p − 2 · q": [lambda p, q: p - 2 * q, lambda p, q: p + -2 * q],
    "p · q": [lambda p, q: p * q, lambda p, q: (-p) * (-q)],
    "−p · q": [lambda p, q: (-p) * q, lambda p, q: p * (-q)],
    "6 · p": [lambda p, q: 2 * (3 * p), lambda p, q: (3 * p) * 2],
    "2 · p": [lambda p, q: p + p],
    "(−2) · p": [lambda p, q: -(2 * p)],
    "p − 3": [lambda p, q: p - 3, lambda p, q: p + -3],
    "3 − p": [lambda p, q: 3 - p],
    "p + 2 · q": [lambda p, q: p - -2 * q],
    "p^q": [lambda p, q: p**q],
    "p²": [lambda p, q: p * p, lambda p, q: p**2],
    "1 / p": [lambda p, q: 1 / p],
    "−p / q": [lambda p, q: (-p) / q],
    "0": [lambda p, q: 0 * p, lambda p, q: p * 0],
    "1": [lambda p, q: p**0],
    "−2": [lambda p, q: -(0 * p + 2)],
}  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_leaves_out_only_what_nobody_writes_and_keeps_its_value(text):
    for f in FORMULAS[text]:
        formula = in_symbols(f, P, Q)
        assert str(formula) == text
        assert evaluate(formula, {"p": 2.0, "q": 3.0}) == f(2.0, 3.0)


def test_a_part_of_a_formula_is_replaced_wherever_it_stands():
    one = in_symbols(lambda p: p**0, P)
    for f, text in [
        (lambda p, q: p + q, "1 + q"),
        (lambda p, q: q - p, "q − 1"),
        (lambda p, q: q * p, "q"),
        (lambda p, q: -p, "−1"),
        (lambda p, q: q, "q"),
        (lambda p, q: p, "1"),
    ]:
        assert str(replaced(in_symbols(f, P, Q), {P: one}.get)) == text


def test_a_difference_of_constants_is_a_constant():
    assert str(subtract(Constant(3.0), Constant(1.0))) == "2"


def test_ones_are_counted_along_the_axes_of_their_sum():
    ones = Ones((2, 3))
    assert [str(total(ones, axes, False)) for axes in (None, (0,), (1,))] == ["6", "2 · ones(3)", "3 · ones(2)"]


def test_the_axes_of_an_array_change_places_once():
    C = Name("C", (2, 3, 4))
    numbers = np.arange(24.0).reshape(C.shape)
    for axes in [(0, 2, 1), (2, 0, 1), (0, 1, 2)]:
        turned = permuted(C, axes)
        assert np.array_equal(evaluate(turned, {"C": numbers}).tolist(), numbers.transpose(axes))
        assert permuted(turned, tuple(map(axes.index, range(3)))) is C
    assert transpose(transpose(Name("A", (2, 3)))).text == "A"


@pytest.mark.parametrize("axis", [0, 1, 2, "stack"])
def test_arrays_are_joined_as_by_numpy(axis):
    shapes = [tuple([n + k * (j == axis) for j, n in enumerate((2, 3, 4))]) for k in range(2)]
    arrays = [np.arange(float(np.prod(shape))).reshape(shape) for shape in shapes]
    names = [Name(letter, shape) for letter, shape in zip("ab", shapes)]
    e = Join(A.STACK, tuple(names)) if axis == "stack" else Join(A.CAT, tuple(names), axis)
    expected = np.stack(arrays) if axis == "stack" else np.concatenate(arrays, axis)
    assert e.shape == expected.shape
    assert np.array_equal(evaluate(e, dict(zip("ab", arrays))).tolist(), expected)


@pytest.mark.parametrize("at", [(0, 1), (2, 3), (3, 2), (1, 2), (0, 0), (0, 1, 2, 3)])
@pytest.mark.parametrize("other", [(0, 1), (2, 3), (1, 1)])
def test_a_part_of_what_is_put_in_its_place_is_itself(at, other):
    names = [Name("a", (len(at),)), Name("b", (len(other),))]
    environment = {"a": array(np.arange(1.0, 1 + len(at))), "b": array(np.arange(10.0, 10 + len(other)))}
    places = [Place("…", offsets, (len(offsets),)) for offsets in (at, other)]
    whole, expected = Constant(0.0), np.zeros(4)
    for name, place in zip(names, places):
        whole = add(whole, placed(name, place, (4,)))
        np.add.at(expected, [*place.offsets], environment[name.text].tolist())
    found = evaluate(part(whole, places[0]), environment)
    assert np.array_equal(np.broadcast_to(array(found).tolist(), len(at)), expected[[*at]])
