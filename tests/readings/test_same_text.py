"""A picture, a derivation and a page call the same nodes by the same names and write the same formulas."""

import json
import re

import pytest
from graphs import recipes, tensor_recipes
from hypothesis import given, settings

from tinygrad_edu import (
    Linear,
    Sequential,
    Tanh,
    Tensor,
    Value,
    cross_entropy,
    draw,
    explain,
    squared_error,
    step_through,
)
from tinygrad_edu.readings.drawing.scene import Scene
from tinygrad_edu.readings.drawing.tensors import TensorCards
from tinygrad_edu.readings.subject import Subject


def vectors():
    return Tensor([1.0, 2.0, 0.5], label="v"), Tensor([0.5, 1.5, 2.0], label="y")


EXPRESSIONS = {
    "v@y": lambda v, y: v @ y,
    "v**y": lambda v, y: (v**y).sum(),
    "squared_error": squared_error,
    "cross_entropy": lambda v, y: cross_entropy(v, 1),
    "used twice": lambda v, y: ((v + y) * (v + y).tanh() + (v + y)).sum(),
    "parts": lambda v, y: v[1:].sum() * y[0],
    "put together": lambda v, y: (Tensor([v[0] * v[0], v[1], y[2]]) * v).sum(),
    "one element": lambda v, y: v.logsumexp() - v[2],
}


def assert_the_same_tensors(y):
    """Each row of the derivation has a card of that name, and the card's formula is the row's."""
    read = Subject(y)
    cards = TensorCards(Scene(read))
    beside = {cards.scene.name(t): t for t in cards.shown}  # ŷ beside a cross-entropy is computed by each reading
    for row in explain(y).forward:
        t = row.node if row.node in read.names.tensors else beside[str(row.quantity)]
        assert cards.scene.name(t) == str(row.quantity)
        assert cards.formula(t) == (str(row.rule) if row.rule is not None else None)


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_a_card_and_a_row_have_the_same_formula(expression):
    y = expression(*vectors())
    assert_the_same_tensors(y)
    row = explain(y).forward[-1]
    assert f"= {row.rule}" in draw(y, "tensor").source


@given(tensor_recipes(most=8))
@settings(max_examples=settings.default.max_examples // 2)
def test_a_card_and_a_row_have_the_same_formula_in_any_program(recipe):
    assert_the_same_tensors(Tensor(recipe(*recipe.leaves())).sum())


@given(recipes(most=8))
@settings(max_examples=settings.default.max_examples // 2)
def test_values_have_the_same_name_in_a_picture_and_a_derivation(recipe):
    y = recipe(*recipe.leaves())
    scene = Scene(Subject(y))
    scene.number_values()
    for row in explain(y).forward:
        v = row.node
        assert scene.names(v) == str(row.quantity)
        if v.op and all(scene.name(a) or scene.names.is_constant(a) for a in v.inputs):
            assert scene.formula(v) == str(row.rule)


def test_a_network_written_by_hand_has_the_names_of_the_notes_in_all_readings():
    L = squared_error(Sequential(Linear(2, 2, seed=0), Tanh(), Linear(2, 1, seed=1))([1.0, -0.5]), [0.5])
    assert "z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾" in str(explain(L))
    assert "z⁽¹⁾ = W⁽¹⁾ x + b⁽¹⁾" in draw(L, "tensor").source


def test_a_neuron_written_by_hand_has_the_names_of_the_notes_in_all_readings():
    x = Value(2.0, label="x")
    h = (Value.dot([Value(0.5, label="w")], [x]) + Value(0.1, label="b")).tanh()
    assert "z⁽¹⁾₁ = v₁ + b = " in str(explain(h)) and "h⁽¹⁾₁ = tanh(z⁽¹⁾₁) = " in str(explain(h))
    assert "z⁽¹⁾₁" in draw(h, "neuron").source and "h⁽¹⁾₁" in draw(h, "value").source


@pytest.mark.parametrize("read", [draw, explain, step_through])
def test_a_graph_whose_data_was_changed_is_refused_in_the_same_words(read):
    w = Value(3.0, label="w")
    y = w * 2
    w.data = 4.0
    with pytest.raises(RuntimeError, match=r"^\w+: × = 6.0 does not follow from w = 4.0, .* Call forward\(\)"):
        read(y)
    y.forward()
    assert "8" in str(read(y).html if read is step_through else getattr(read(y), "source", read(y)))


def test_an_infinite_slope_is_written_as_such():
    x = Value(0.0, label="x")
    y = x.sqrt() * 0.0
    y.backward()
    page, source = step_through(y).html, draw(y).source
    assert "×∞" in source and "∞" in str(explain(y))
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)[1]
    json.loads(data, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert not re.search(r"\b(inf|nan)\b", source)
