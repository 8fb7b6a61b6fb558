"""The models of the ladder: what their heads say of the gradients, against NumPy and differences."""

import re
import sys

import numpy as np
import pytest
from scripts import EXAMPLES, run

from tinygrad_edu import draw, topological_order
from tinygrad_edu.readings.drawing import LEVELS

sys.path.insert(0, str(EXAMPLES))  # the models import each other as scripts do

import attention
import convolution
import embedding
import layer_norm
import logistic
import names
import recurrent
import residual

NAMES = dict(enumerate(sorted(path.name for path in EXAMPLES.glob("names_*.py")), start=1))
MODELS = [recurrent, attention, layer_norm, residual, convolution, embedding, logistic]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_is_short_explained_and_drawn_at_every_level(model):
    source = (EXAMPLES / f"{model.__name__}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 40
    assert "\nBackward\n" in run(f"{model.__name__}.py")
    for level in LEVELS:
        assert draw(model.loss(), level).source.startswith("digraph")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_gradients_of_a_model_are_those_of_differences(model):
    L = model.loss()
    L.backward()
    leaves = [v for v in topological_order(L.values[0]) if not v.op]
    for leaf in leaves:
        x, sides = leaf.data, []
        for h in (1e-5, -1e-5):
            leaf.data = x + h
            L.forward()
            sides.append(L.item())
        leaf.data = x
        assert leaf.grad == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8)  # h² f‴/6 and 10⁻¹⁶/h


def test_the_picture_of_a_model_has_the_quantities_of_its_derivation():
    """The steps between them are part of a formula; weights that are used again say at what time."""
    for model, computed in ((layer_norm, 5), (convolution, 1)):  # μ, x̃, v, σ, ŷ; ŷ
        assert draw(model.loss(), "tensor").source.count("class=operation") == computed
    source = draw(recurrent.loss(), "tensor").source
    assert [f"layer 1, time {t}<" in source for t in (1, 2, 3, 4, 5)] == [True] * 4 + [False]


def test_every_number_of_the_quoted_example_is_printed_and_its_last_one_is_explained():
    text = run("quoted.py")
    assert text.count("✓") == 19 and "✗" not in text
    assert "new E                  0.291027773694" in text and "as published 0.291027924 0.291027923905" in text


@pytest.mark.long
def test_five_programs_on_names_each_do_better():
    xs, ys = names.pairs(1)
    counts = np.zeros((27, 27))
    np.add.at(counts, (np.ravel(xs), ys), 1)

    def loss(table):
        return -np.log((table / np.maximum(table.sum(axis=1, keepdims=True), 1))[np.ravel(xs), ys]).mean()

    numbers = {k: [float(x) for x in re.findall(r"\d+\.\d{3,}", run(script))] for k, script in NAMES.items()}
    assert numbers[1] == [round(float(x), 4) for x in (np.log(27), loss(counts + 1))]
    assert numbers[2][0] == round(float(np.log(27)), 4) and loss(counts) < numbers[2][-1] < loss(counts) + 0.02
    assert numbers[3] == sorted(numbers[3], reverse=True) and numbers[3][-1] < 1.3
    assert numbers[4][0::2] == numbers[4][1::2] and numbers[4][0] == pytest.approx(numbers[3][0], abs=1e-4)
    assert all(float(x) < 1e-14 for x in re.findall(r"\de-\d+", run(NAMES[4])))
    assert numbers[5][-1] < numbers[5][0] - 1
