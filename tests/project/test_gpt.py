"""The tiny GPT: on vector rows as on scalar operations, and it learns."""

import sys
from functools import reduce
from operator import add, mul
from pathlib import Path

import pytest

from tinygrad_edu import Value
from tinygrad_edu.tree import flatten

GPT = Path(__file__).parents[2] / "examples" / "gpt.py"


def program(steps, monkeypatch):
    """The names that the script gives to its results, without those that it would write in the end."""
    monkeypatch.setattr(sys, "argv", ["gpt.py", str(steps)])
    training, writes, _ = GPT.read_text(encoding="utf-8").partition('print("\\nIt writes:")')
    assert writes
    namespace = {}
    exec(training, namespace)
    return namespace


def losses(steps, monkeypatch):
    return program(steps, monkeypatch)["losses"]


def test_it_has_the_parameters_of_microgpt(monkeypatch):
    assert len(flatten(program(0, monkeypatch)["W"])) == 4192


def exponentials(z):
    largest = max([v.data for v in z])
    return [(v - largest).exp() for v in z], largest


def softmax(z):
    e, _ = exponentials([*z])
    return [ei / reduce(add, e) for ei in e]


def logsumexp(z):
    e, largest = exponentials([*z])
    return reduce(add, e).log() + largest


@pytest.mark.parametrize("steps", [2, pytest.param(10, marks=pytest.mark.long)])
def test_vector_rows_give_the_losses_of_scalar_operations(steps, monkeypatch):
    on_vectors = losses(steps, monkeypatch)
    monkeypatch.setattr(Value, "dot", staticmethod(lambda a, b: reduce(add, map(mul, a, b))))
    monkeypatch.setattr(Value, "sum", staticmethod(lambda a: reduce(add, a)))
    monkeypatch.setattr(Value, "softmax", staticmethod(softmax))
    monkeypatch.setattr(Value, "logsumexp", staticmethod(logsumexp))
    assert losses(steps, monkeypatch) == pytest.approx(on_vectors, rel=0, abs=1e-9)
    assert len(on_vectors) == steps


def test_it_learns(monkeypatch):
    found = losses(40, monkeypatch)
    assert sum(found[-10:]) < 0.9 * sum(found[:10])


def test_it_is_read_in_one_sitting():
    assert len(GPT.read_text(encoding="utf-8").splitlines()) <= 80
