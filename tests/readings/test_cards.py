"""Whatever is drawn: every number on the cards and arrows is the engine's."""

import re
import xml.etree.ElementTree as ET

from graphs import MANY, NUMBERS, programs, recipes, tensor_recipes, value_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pages import cards

from tinygrad_edu import MLP, Linear, Tensor, cross_entropy, draw, squared_error, step_through
from tinygrad_edu.graph import topological_order
from tinygrad_edu.readings.drawing.scene import Scene
from tinygrad_edu.readings.drawing.tensors import TensorCards
from tinygrad_edu.readings.drawing.values import ValueCards
from tinygrad_edu.readings.subject import Subject

DIGITS = 6


@st.composite
def networks(draw):
    """The loss of a small network of any activation, its layers perhaps tied, for an example or a batch."""
    n = draw(st.integers(1, 3))
    x = Tensor(draw(st.lists(NUMBERS, min_size=n, max_size=n)), label="x")
    if draw(st.booleans()):
        x = Tensor([x.data, [1.0] * n], label="x")
    if draw(st.booleans()):
        layer = Linear(n, n, bias=draw(st.booleans()), seed=draw(st.integers(0, 9)))
        z = layer(layer(x).sigmoid())
    else:
        activation = draw(st.sampled_from(["tanh", "relu", "sigmoid"]))
        z = MLP([n, draw(st.integers(1, 3)), n], activation=activation, seed=draw(st.integers(0, 9)))(x)
    loss = draw(st.sampled_from(["squared error", "cross-entropy", "softmax", "penalty"]))
    if loss == "cross-entropy":
        return cross_entropy(z, [0] * len(x) if x.ndim == 2 else 0)
    if loss == "softmax":
        return squared_error(z.softmax(), Tensor.zeros(*z.shape))
    error = squared_error(z, Tensor.ones(*z.shape, label="y"))
    return error + Tensor(z.values[0] ** 2) if loss == "penalty" else error


def built(recipe):
    return recipe(*recipe.leaves())


def is_number(text, x):
    """Whether the text is x, rounded: to digits after the point, or where it is written as a power of ten to digits."""
    text = text.replace("−", "-").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    mantissa, _, power = text.partition("·10")
    power = int(power or 0)
    return abs(float(mantissa) * 10.0**power - x) <= 0.5000001 * 10.0 ** (power + bool(power) - DIGITS) + 1e-15


def assert_numbers_of_values(drawing, values):
    """Cards n1, n2, … with a row for the value and one for the gradient; and ×partial on every arrow."""
    shown = cards(drawing)
    for k, v in enumerate(values, start=1):
        (value, number), (grad, gradient) = shown[f"n{k}"][1:]
        assert (value, grad) == ("value", "grad") and is_number(number, v.data) and is_number(gradient, v.grad)
    arrows = re.findall(r'(n\d+) -> (n\d+) \[label=" ×(.*?) "', drawing.source)
    expected = [
        (f"n{values.index(a) + 1}", f"n{k}", p) for k, v in enumerate(values, 1) for a, p in zip(v.inputs, v.partials)
    ]
    assert [arrow[:2] for arrow in arrows] == [arrow[:2] for arrow in expected]
    assert all(is_number(text, p) for (_, _, text), (_, _, p) in zip(arrows, expected))


graphs = recipes(most=8).map(built) | tensor_recipes(most=5).map(built) | networks() | programs.map(lambda p: p[0])


def differentiated(y):
    """The graph after its backward pass, if it is small enough to be drawn number by number."""
    assume(len(topological_order(value_of(y))) < 150)
    y.backward()
    return y


@given(graphs)
@settings(max_examples=MANY)
def test_at_the_value_level(y):
    differentiated(y)
    assert_numbers_of_values(draw(y, "value", digits=DIGITS, force=True), topological_order(value_of(y)))


@given(networks() | graphs)
@settings(max_examples=MANY)
def test_at_the_neuron_level(y):
    differentiated(y)
    scene = Scene(Subject(y))
    shown = cards(draw(y, "neuron", digits=DIGITS, force=True))
    scene.number_values()
    known = {scene.name(v): v for v in scene.values}
    for k, (head, neuron) in enumerate(ValueCards(scene, "neuron").heads.items(), start=1):
        rows = [row for row in shown[f"n{k}"] if len(row) > 1]
        if neuron:
            told = [known[name] for name, _, _ in rows[1:]]
            assert set(told) == {*neuron.parameters, neuron.z, neuron.output}
            assert all(is_number(a, v.data) and is_number(b, v.grad) for (_, a, b), v in zip(rows[1:], told))
        else:
            assert is_number(rows[0][1], head.data) and is_number(rows[1][1], head.grad)
            for said, number in rows[2:]:
                name, _, role = said.partition("  ")
                assert role in ("", "input", "parameter", "target")
                if name in known:
                    assert is_number(number, known[name].data)
                elif name != "ŷ":
                    assert name == "constant" or any(is_number(number, p) for p in head.partials)


@given(graphs)
@settings(max_examples=MANY)
def test_at_the_tensor_level(y):
    y = y if isinstance(y, Tensor) else Tensor(y)
    y.backward()
    drawing = draw(y, "tensor", digits=DIGITS + 1, force=True)  # matrices have one less
    scene = Scene(Subject(y))
    kinds = TensorCards(scene)
    ids = {f"n{k}": [t] for k, t in enumerate(kinds.shown, start=1)}
    ids |= {f"p{l}": own for l, layer in enumerate(kinds.layers, start=1) if (own := kinds.own(layer))}
    found = cards(drawing, " ")
    assert found.keys() == ids.keys()
    for id, tensors in ids.items():
        text = "  ".join(["  ".join(row) for row in found[id]])
        shows = ("data",) if tensors[0] in scene.names.softmax.values() else ("data", "grad")
        if len(tensors[0].values) == 1 and id[0] == "n":
            (v,) = tensors[0].values
            shown = re.findall(r"−?\d+\.\d{7}(?:e[+-]\d+)?", text)
            assert is_number(shown[0], v.data) and (shows == ("data",) or is_number(shown[1], v.grad))
        else:
            shown = re.findall(r"(?<![\d.])−?\d+\.\d{6}(?!\d)", text)
            own = [x for part in shows for t in tensors for x in [getattr(v, part) for v in t.values]]
            if max(len(t.values) for t in tensors) <= 7:
                assert len(shown) == len(own) and all(map(is_number, shown, own))


def numbers_in(picture, what):
    """The node of each place in a picture, for a kind of place."""
    return [int(e.get(f"data-{what}").split(",")[0]) for e in picture.iter() if e.get(f"data-{what}")]


@given(
    recipes(most=6).map(built) | networks() | programs.map(lambda p: p[0]),
    st.sampled_from(["value", "neuron", "tensor"]),
)
@settings(max_examples=MANY // 4)  # Graphviz lays each of them out
def test_in_the_page_every_number_has_its_place(y, level):
    order = topological_order(value_of(y))
    assume(len(order) < 60 and (level != "tensor" or isinstance(y, Tensor)))
    page = step_through(y, level)
    picture = ET.fromstring(page._stage.svg(timeout=60.0))
    values, gradients = [set(numbers_in(picture, what)) for what in ("value", "gradient")]
    told = {n for step in page._script.steps for line in step.lines for n in nodes_told(page, line)}
    assert told <= values | set(numbers_in(picture, "slope"))
    assert page.level == "tensor" or gradients >= {page._stage.number_of[v] for v in order if v.op}
    if page.level == "value":
        assert values == gradients == set(range(len(order)))
        arrows = [e.get("id") for e in picture.iter("g") if e.get("class") == "edge"]
        assert sorted(arrows) == sorted(
            [f"n{k}-{i}" for k, v in enumerate(order, 1) for i in range(1, len(v.inputs) + 1)]
        )


def nodes_told(page, line):
    """The nodes whose value or gradient a line tells, up to those that a long matrix leaves out of the picture."""
    node = line.row.node
    values = node.values if isinstance(node, Tensor) else [node]
    return [page._stage.number_of[v] for v in values if v in page._stage.number_of] if len(values) < 9 else []
