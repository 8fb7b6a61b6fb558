"""What is drawn: the cards, their names and numbers, the arrows, and how much of it."""

import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import pytest
from graphs import a_square, regression
from pages import cards

from tinygrad_edu import MLP, Linear, Tensor, Value, cross_entropy, draw, explain, squared_error
from tinygrad_edu.graph import topological_order
from tinygrad_edu.network.nn import Parameter
from tinygrad_edu.readings.drawing.scene import Scene
from tinygrad_edu.readings.drawing.tensors import TensorCards, _folded
from tinygrad_edu.readings.subject import Subject
from tinygrad_edu.writing.notation import elements, number


def network(inputs=(1.0, -0.5, 0.25, 2.0)):
    return MLP([4, 4, 3, 3], seed=1)(Tensor(inputs, label="x"))


def classification():
    return cross_entropy(network(), 1)


def chain(length):
    y = Value(1.0)
    for _ in range(length):
        y = y.tanh()
    return y


def edges(drawing):
    return re.findall(r"(\w+) -> (\w+)\b(?! \[style=invis)", drawing.source)


# The cards and the arrows.


def test_a_square_is_two_cards_and_two_edges():
    y = a_square()
    y.backward()
    drawing = draw(y, "value")
    assert cards(drawing) == {
        "n1": [["x"], ["value", "3.0000"], ["grad", "6.0000"]],
        "n2": [["y  ×"], ["value", "9.0000"], ["grad", "1.0000"]],
    }
    assert edges(drawing) == [("n1", "n2")] * 2 and drawing.source.count('label=" ×3 "') == 2
    assert drawing.source.count('tooltip="x: value 3.0000, gradient 6.0000"') == 1
    assert 'STYLE="ROUNDED"' in drawing.source and 'BORDER="3"' in drawing.source and 'style=""' not in drawing.source


def test_a_neuron_is_one_card():
    z = Value.dot([Value(2.0, label="w")], [Value(3.0, label="x")]) + Value(1.0, label="b")
    drawing = draw(z, "neuron", gradients=False)
    assert cards(drawing)["n2"] == [
        [" ", "value"], ["w", "2.0000"], ["b", "1.0000"], ["z⁽¹⁾₁", "7.0000"], [""]
    ]  # fmt: skip
    assert edges(drawing)[-1:] == [("n1", "n2")]
    assert ">layer 1<" in drawing.source


def test_a_parameter_outside_the_neurons_has_a_card_with_its_gradient():
    E = Parameter([[1.0, -1.0], [0.5, 2.0]], label="E")
    L = cross_entropy(Linear(2, 2, seed=0)(E[[1, 0, 1]].sum(0)), 1)
    L.backward()
    found = {rows[0][0]: rows[2][1] for rows in cards(draw(L, "neuron")).values() if len(rows) == 3}
    assert all(found[f"{name}  parameter"] == number(e.grad) for name, e in zip(elements("E", (2, 2)), E.values))


def test_a_sum_is_two_tensor_cards():
    drawing = draw(Tensor([1.0, -2.0], label="x").sum(), "tensor", gradients=False)
    assert cards(drawing)["n1"] == [["x1.000−2.000"]] and cards(drawing)["n2"] == [["L = −1.0000"], [" Σ x "]]
    assert edges(drawing) == [("n1", "n2")] and "#bad8ec" in drawing.source and "#e8a877" in drawing.source  # shades


# Numbers.


@pytest.mark.parametrize("level", ["value", "neuron"])
def test_gradients_are_blank_before_backward_and_not_zero(level):
    L = regression()
    before = [row[-1] for card in cards(draw(L, level)).values() for row in card if row[0] == "grad" or len(row) == 3]
    assert set(before) <= {" ", "gradient"}
    L.backward()
    after = [row[-1] for card in cards(draw(L, level)).values() for row in card if row[0] == "grad" or len(row) == 3]
    assert " " not in after and len(after) == len(before)


def test_what_is_stored_is_the_gradient_of_the_result_or_not_called_so():
    W, x = Tensor([[0.1, 0.2], [0.3, 0.4]], label="W"), Tensor([1.0, 2.0], label="x")
    h = (W @ x).tanh()
    h.label = "h"
    L = (h * h).sum()
    (L + (W * W).sum()).backward()  # into W goes the gradient of the penalty too
    told = re.findall("<B>(.*?)</B>", draw(L, "tensor").source)
    assert "∂L/∂h" in told and "∂L/∂x" in told and "grad" in told and "∂L/∂W" not in told
    x.values[0].data = 3.0
    L.values[0].forward()  # what is stored is old
    blank = cards(draw(L, "value"))
    computed = [k for k, v in enumerate(topological_order(L.values[0]), start=1) if v.op and v is not L.values[0]]
    assert any([blank[f"n{k}"][2] == ["grad", " "] for k in computed])


def test_gradients_can_be_left_out():
    L = regression()
    L.backward()
    for level in ("value", "neuron", "tensor"):
        text = draw(L, level, gradients=False).source
        assert "grad" not in text and "∂L" not in re.sub(r'tooltip="[^"]*"', "", text)


def test_digits_and_title_are_the_readers():
    drawing = draw(Value(1 / 3, label="x") * 2, digits=2, title="A <third>")
    assert cards(drawing)["n1"][1] == ["value", "0.33"]
    assert "A &lt;third&gt;" in drawing.source


# Names.


@pytest.mark.parametrize("x", [[1.0, -0.5], [[1.0, -0.5], [0.25, 2.0]]], ids=["example", "batch"])
@pytest.mark.parametrize("level", ["neuron", "tensor"])
def test_a_linear_layer_is_drawn_as_if_written_by_hand(level, x):
    net = MLP([2, 3, 1], seed=0)

    def by_hand(h):
        for layer in net.layers:
            z = layer.W @ h + layer.b if h.ndim == 1 else h @ layer.W.T + layer.b
            h = z.tanh()
        return z

    shown = []
    for f in (net, by_hand):
        L = f(Tensor(x, label="x")).sum()
        net.zero_grad()
        L.backward()
        drawing = draw(L, level)
        shown.append([sorted(map(str, cards(drawing).values())), len(edges(drawing)), drawing.source.count("cluster")])
    assert shown[0] == shown[1]


@pytest.mark.parametrize("level", ["neuron", "tensor"])
def test_what_computed_weights_or_a_bias_come_from_is_drawn_too(level):
    g, V = Parameter([2.0], label="g"), Parameter([[1.0, 2.0], [3.0, 4.0]], label="V")
    for W, b in ((g * V, Parameter([0.5, 1.0])), (V, g * Parameter([0.5, 1.0], label="c"))):
        layer = Linear(2, 2)
        layer.W = layer.b = None  # a computed one is no Parameter, which could be learned
        layer.W, layer.b = W, b
        drawing = draw(layer(Tensor([1.0, -0.5], label="x")).tanh().sum(), level)
        assert {tail for tail, _ in edges(drawing)} | {list(cards(drawing))[-1]} == set(cards(drawing))


def test_weights_that_are_used_transposed_in_another_layer_are_one_card():
    encode, decode, x = Linear(2, 3, seed=0), Linear(3, 2, seed=1), Tensor([1.0, -0.5], label="x")
    decode.W = None
    decode.W = encode.W.T
    encode.W.label = "W"
    drawing = draw(squared_error(decode(encode(x).tanh()), x), "tensor")
    assert "z⁽²⁾ = Wᵀ h⁽¹⁾ + b′" in drawing.source and "W′" not in drawing.source


def test_every_card_says_what_kind_of_node_it_is():
    w, b, x, y = [Value(1.0, label=name) for name in ("w", "b", "x", "y")]
    source = draw((w * x + b - y) * 2, "value").source
    kinds = re.findall(r" class=(\w+) id=(\w+)", source)
    names = {id: card[0][0] for id, card in cards(draw((w * x + b - y) * 2, "value")).items()}
    assert [(names[id], kind) for kind, id in kinds] == [
        ("w  parameter", "parameter"),
        ("x  input", "input"),
        ("w · x", "operation"),
        ("b  parameter", "parameter"),
        ("w · x + b", "operation"),
        ("y  target", "target"),
        ("w · x + b − y", "operation"),
        ("constant", "constant"),
        ("f  ×", "loss"),
    ]
    a, b = Value(1.0, label="a"), Value(1.0, label="b")
    assert re.findall(r" class=(\w+)", draw(a * b).source) == ["input", "input", "loss"]
    for names, kind in (("w W⁽¹⁾₁₂ w_1", "parameter"), ("y t₂", "target"), ("weather year width", "input")):
        for name in names.split():  # the whole name tells, not its first letter
            leaf = Value(1.0, label=name)
            assert Scene(Subject(Value(1.0, label="w") * 2 - leaf)).kind(leaf) == kind


def test_a_nameless_node_that_is_used_twice_has_the_number_that_explain_gives_it():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a + b
    y = c * c + a
    headings = [card[0][0] for card in cards(draw(y, "value")).values()]
    assert headings == ["a", "b", "v₁ = a + b", "v₁ · v₁", "f  +"]
    assert "v₁ = a + b" in str(explain(y))


def test_a_power_is_written_as_explain_writes_it():
    x = Value(4.0, label="x")
    y, z = x**2.5, (x + 1) ** 2.5
    y.label, z.label = "y", "z"
    source = draw(y + z, "value").source
    assert ">\u00a0\u00a0x^2.5<" in source and '"y (x^2.5): ' in source
    assert ">\u00a0\u00a0( )^2.5<" in source and '"z (( )^2.5): ' in source


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
def test_browsers_keep_the_blanks_that_graphviz_leaves_room_for(level):
    svg = ET.fromstring(draw(regression(), level).svg())
    texts = [text for text in svg.iter("{http://www.w3.org/2000/svg}text") if text.get("text-anchor") == "start"]
    assert texts and not [text.text for text in texts if text.text.startswith(" ") and text.text.strip()]


def test_a_formula_that_does_not_fit_on_a_card_has_a_number_for_a_name():
    xs = [Value(1.0, label=f"x{k}") for k in range(20)]
    headings = [card[0][0] for card in cards(draw(Value.sum(xs).tanh(), "value")).values()]
    assert headings[-2:] == ["v₁  sum", "f  tanh"]


def test_the_error_card_names_what_it_compares_and_tells_the_target():
    card = next(card for card in cards(draw(regression(), "neuron")).values() if card[0] == ["z⁽³⁾₂ − y₂"])
    assert card[3] == ["y₂  target", "0.0000"]


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
def test_kinds_of_leaves_are_told_in_words_where_there_are_several(level):
    source = draw(regression(), level).source
    assert "input<" in source and "target" in re.sub("class=target", "", source)
    a, b = Tensor([1.0, 2.0], label="a"), Tensor([3.0, 4.0], label="b")
    assert "input<" not in draw((a * b).sum(), level).source  # all are inputs


def test_the_neurons_of_a_batch_tell_their_example():
    net = MLP([2, 3, 2], seed=0)
    drawing = draw(cross_entropy(net(Tensor([[1.0, 2.0], [3.0, 4.0]], label="x")), [0, 1]), "neuron")
    neurons = [(card[0][0], card[-2][0]) for card in cards(drawing).values() if len(card[0]) == 3]
    assert neurons[:2] == [("example 1", "h⁽¹⁾₁₁"), ("example 1", "h⁽¹⁾₁₂")] and len(neurons) == 10
    for example, name in neurons:
        assert name[4] == "₁₂"[int(example[-1]) - 1] and f'tooltip="{example}: ' in drawing.source
    for one in ([1.0, 2.0], [[1.0, 2.0]]):
        assert "example" not in draw(net(one).sum(), "neuron").source


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
@pytest.mark.parametrize("loss", [regression, classification, lambda: (Tensor([1.25, 2.5], label="t") ** 2).mean() * 3])
def test_without_numbers_names_and_operations_stay(loss, level):
    L = loss()
    L.backward()
    full, bare = draw(L, level), draw(L, level, numbers=False)
    assert edges(full) == edges(bare) and cards(full).keys() == cards(bare).keys()
    texts = [text for text in ET.fromstring(bare.svg()).itertext() if "{" not in text]
    assert not re.findall(r"\d\.\d|∂|grad", " ".join(texts).replace("0.5", ""))  # 0.5 is a constant of the loss
    names = {name for t in topological_order(L) if (name := t.label) and t.ndim < 2}
    assert all(name in " ".join(texts) for name in names)


def test_a_card_without_numbers_tells_the_operation():
    w, x = Value(0.5, label="w"), Value(2.0, label="x")
    h = (w * x + 3).tanh()
    h.label = "h"
    assert list(cards(draw(h * h, "value", numbers=False)).values()) == [
        [["w  parameter"]], [["x  input"]], [["w · x"]], [["3"]], [["w · x + 3"]], [["h  tanh"]], [["f  ×"]],
    ]  # fmt: skip
    bare = cards(draw(regression(), "neuron", numbers=False))
    assert ["z⁽¹⁾₁  affine"] in bare["n5"] and ["h⁽¹⁾₁  tanh"] in bare["n5"] and ["W⁽¹⁾₁₁"] in bare["n5"]
    bare = cards(draw(regression(), "tensor", numbers=False))
    assert bare["n1"] == [["x  input"], ["(4,)"]] and bare["p1"] == [["W⁽¹⁾", "b⁽¹⁾"], ["(4, 4)", "(4,)"]]
    assert bare["n2"] == [["z⁽¹⁾"], ["W⁽¹⁾ x + b⁽¹⁾"], ["(4,)"]]


def test_layers_and_neurons_keep_their_order():
    source = draw(regression(), "neuron").source
    chain = re.findall(r"(\w+) -> (\w+) \[style=invis", source)
    heads = {id: card[-2][0] for id, card in cards(draw(regression(), "neuron")).items() if len(card[0]) == 3}
    first_layer = [heads[below] for above, below in chain if heads.get(below, "").startswith("h⁽¹⁾")]
    assert first_layer == ["h⁽¹⁾₁", "h⁽¹⁾₂", "h⁽¹⁾₃", "h⁽¹⁾₄"]


def test_formulas_stand_in_the_titles_of_the_frames():
    source = draw(regression(), "tensor").source
    assert "z⁽²⁾ = W⁽²⁾ h⁽¹⁾ + b⁽²⁾" in source and "h⁽²⁾ = tanh(z⁽²⁾)" in source and "½ · Σ (z⁽³⁾ − y)²" in source
    batch = draw(cross_entropy(MLP([2, 3, 2], seed=0)([[1.0, 2.0], [3.0, 4.0]]), [0, 1]), "tensor").source
    assert "z⁽¹⁾ = x W⁽¹⁾ᵀ + b⁽¹⁾" in batch


@pytest.mark.parametrize("x", [[1.0, 2.0], [[1.0, 2.0], [3.0, 4.0]]], ids=["example", "batch"])
def test_the_prediction_of_a_cross_entropy_has_its_card(x):
    z = MLP([2, 3, 2], seed=0)(Tensor(x, label="x"))
    L = cross_entropy(z, 0 if z.ndim == 1 else [0, 1])
    L.backward()
    y_hat, drawing = z.softmax(), draw(L, "tensor")
    ids = {rows[0][0][0]: id for id, rows in cards(drawing).items()}
    assert cards(drawing)[ids["ŷ"]] == [["ŷ = softmax(z⁽²⁾)" + "".join([number(v.data, 3) for v in y_hat.values])]]
    assert [edge for edge in edges(drawing) if ids["ŷ"] in edge] == [(ids["z"], ids["ŷ"])]
    rows = [row for card in cards(draw(L, "neuron")).values() for row in card]
    assert ["ŷ", "softmax(z⁽²⁾)"] in rows
    assert all([[name, number(v.data)] in rows for name, v in zip(elements("ŷ", y_hat.shape), y_hat.values)])


# Tensors made of single Values.


def test_a_tensor_made_of_values_of_another_is_known_as_computed():
    x = Tensor([2.0, 3.0], label="x")
    made = Tensor([x[0] * x[0], x[1]])
    y = (made * x).sum()
    y.backward()
    drawing = draw(y, "tensor", digits=2)
    assert cards(drawing)["n2"] == [["v₁ = stack(x₁ · x₁, x₂)4.03.0", "∂L/∂v₁2.06.0"]]
    assert ("n1", "n2") in edges(drawing) and "constant" not in drawing.source
    assert re.findall(r" class=(\w+) id=n2 ", drawing.source) == ["operation"]


# How much.


def test_a_node_outside_the_neurons_is_a_card_of_its_own():
    x = Value(2.0, label="x")
    h = (Value.dot([Value(0.5, label="w")], [x]) + Value(0.1, label="b")).tanh()
    drawing = draw(h * x, "neuron")
    assert drawing.cards == 3
    assert edges(drawing) == [("n1", "n2"), ("n2", "n3"), ("n1", "n3")]


def test_a_layer_without_a_bias_has_its_weights_alone_on_their_card():
    drawing = draw(Linear(2, 1, bias=False, init=0.5)(Tensor([1.0, 2.0], label="x")).tanh(), level="tensor")
    assert cards(drawing)["p1"] == [["W0.5000.500"], ["∂h⁽¹⁾/∂W            "]]
    assert cards(drawing)["n2"] == [["z⁽¹⁾ = 1.5000"], [" W x "]]


def test_a_nameless_step_that_is_used_twice_is_one_arrow():
    z = Linear(2, 2, init=0.5)(Tensor([1.0, 2.0], label="x"))
    error = z - 1.0
    drawing = draw((error * error).sum(), level="tensor")
    loss = list(cards(drawing))[-1]
    assert len([tail for tail, head in edges(drawing) if head == loss]) == 1


def test_the_softmax_of_many_classes_is_cut_short_on_its_card():
    drawing = draw(cross_entropy(MLP([1, 30], seed=0)([1.0]), 3), level="neuron")
    (rows,) = [rows for rows in cards(drawing).values() if "softmax" in str(rows)]
    assert rows[-3][0] == "ŷ₁₄" and rows[-2] == ["⋮ 16 more"]


@pytest.mark.parametrize(("weights", "shown", "more"), [(15, 16, []), (16, 15, [["⋮ 2 more"]])])
def test_the_parameters_of_a_neuron_are_cut_short_where_there_are_more_than_sixteen(weights, shown, more):
    neuron = Linear(weights, 1, init=0.5)(Tensor([1.0] * weights)).tanh()
    *_, (_, *rows, _, _, _) = cards(draw(neuron, "neuron", gradients=False)).values()  # between a heading, and z and h
    assert len([row for row in rows if len(row) == 2]) == shown and [row for row in rows if len(row) == 1] == more


def test_the_level_follows_the_size():
    x = Value(1.0)
    assert draw(x + 1).level == draw(x + 1, "neuron").level == draw(chain(100)).level == "value"  # no network
    assert draw(MLP([3, 4, 3], seed=0)([1.0, 2.0, 3.0])).level == "neuron"
    assert draw(regression()).level == "neuron"
    assert draw(MLP([20, 30, 30, 2], seed=0)([0.5] * 20)).level == "tensor"
    assert "rankdir=LR" in draw(x + 1).source and "rankdir=TB" in draw(chain(100)).source


def test_weights_used_twice_are_one_card_and_one_arrow_each_time():
    layer = Linear(2, 2, seed=0)
    drawing = draw(layer(layer(Tensor([1.0, 2.0], label="x")).tanh()), "tensor")
    assert drawing.cards == 5  # x, parameters, z, h, z
    assert sorted(edges(drawing)) == [("n1", "n2"), ("n2", "n3"), ("n3", "n4"), ("p1", "n2"), ("p1", "n4")]


def test_the_frames_of_a_layer_that_is_used_again_tell_the_time():
    layer, h = Linear(2, 2, seed=0), Tensor([1.0, 2.0], label="x")
    for _ in range(2):
        h = layer(h).tanh()
    assert re.findall("<B>(layer.*?)</B>", draw(h, "tensor").source) == ["layer 1, time 1", "layer 1, time 2"]


def test_what_is_written_as_zero_has_no_colour():
    colours = re.findall(r'BGCOLOR="(#\w+)"', draw(Tensor([1e-17, -1e-18]), "tensor", gradients=False).source)
    assert colours == ["#e3eef8", "#fefefe", "#fefefe"]  # the card and its two numbers


def test_a_large_matrix_shows_its_corner():
    drawing = draw((Tensor.randn(50, 40, seed=0, label="M") * 2).sum(), "tensor", gradients=False)
    assert "⋮ 50 rows" in drawing.source and len(drawing.source) < 30_000


def test_the_first_factor_stands_above_the_second():
    a, b = [Tensor([1.0, 2.0], label=name) for name in "ab"]
    picture = ET.fromstring(draw(a * (a - b).tanh(), "tensor", gradients=False).svg())
    top = {text.text: float(text.get("y")) for text in picture.iterfind(".//{*}text")}
    assert top["a"] < top["b"]


@pytest.mark.parametrize(("columns", "rows"), [(4, 1), (5, 2)])
def test_gradients_stand_beside_a_narrow_matrix_and_below_a_wide_one(columns, rows):
    x = Tensor([[1.0] * columns] * 2, label="x")
    assert len(cards(draw(x.sum(), "tensor"))["n1"]) == rows


def test_a_long_chain_is_folded():
    y = Tensor([0.5, 0.25], label="x")
    for _ in range(12):
        y = (y * 2.0).tanh()
    width = ET.fromstring(draw(y.sum(), "tensor").svg()).get("width")
    assert float(width.removesuffix("pt")) < 1300


@pytest.mark.parametrize("level", ["value", "tensor"])
def test_the_picture_grows_with_the_graph_where_nodes_are_used_twice(level):
    def doubled(times):
        t = Tensor(0.5, label="t")
        for _ in range(times):
            t = (t + t).tanh()
        return len(draw(t, level, force=True).source)

    assert doubled(80) < 5 * doubled(20)


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
def test_no_digits_are_whole_numbers(level):
    L = (Tensor([[1.26, -2.0]], label="X") @ Tensor([[1.0], [0.5]], label="W")).tanh().sum()
    L.backward()
    assert "1.26" not in draw(L, level, digits=0).source


def test_every_row_on_the_card_of_a_neuron_has_a_name():
    x, w = Value(0.5, label="x"), Value(0.25, label="w")
    taken = Value(1.0, label="z⁽¹⁾₁"), Value(2.0, label="h⁽¹⁾₁")
    y = (Value.dot([w], [x]) + Value(0.5, label="b")).tanh() * taken[0] + taken[1]
    source = draw(y, "neuron").source
    assert ">z⁽¹⁾′₁<" in source and ">h⁽¹⁾′₁<" in source and ">?<" not in source


def test_the_package_is_imported_without_graphviz():
    program = (
        "import sys, tinygrad_edu; "
        "assert not [m for m in sys.modules if m.split('.')[0] in ('graphviz', 'pygraphviz', 'xml', 'subprocess')]; "
        "assert 'tinygrad_edu.readings.drawing' not in sys.modules; print(tinygrad_edu.draw.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("draw\n", "")


def test_a_weight_that_is_used_elsewhere_too_has_a_card_of_its_own():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(0.1, label="b")
    L = w * w * (Value.dot([w], [x]) + b).tanh()
    source = draw(L, "neuron").source
    assert source.count(">w<") == 2 and source.count(">b<") == 1  # w alone, and on the neuron's card with b


def test_a_folded_picture_runs_to_and_fro_and_leaves_stand_beside_their_users():
    y = Tensor([0.5, 0.25], label="x")
    leaves = [Tensor([1.0, 2.0], label=f"a{k}") for k in range(30)]
    for a in leaves:
        y = (y * a).tanh()
    cards = TensorCards(Scene(Subject(y.sum())))
    place = _folded(cards)
    computed = [place[cards.ids[t]] for t in cards.shown if cards.tails[t]]
    assert len({row for row, _ in computed}) > 2
    for (row, column), (next_row, next_column) in zip(computed, computed[1:]):
        assert next_column == (column if row != next_row else column + (-1 if row % 2 else 1))
    for leaf in leaves:
        (row, column), *_ = [place[cards.ids[t]] for t in cards.shown if cards.ids[leaf] in cards.tails[t]]
        assert place[cards.ids[leaf]] in [(row, column), (row, column + (1 if row % 2 else -1))]


def test_no_arrow_crosses_the_title_of_a_frame():
    X, first = Tensor([[1.0, 0.5]], label="X"), Linear(2, 2, seed=0)
    drawing = draw(first(X) * Linear(2, 2, seed=1)(X) + first(X + 1.0), "tensor")
    (x,) = [id for id, card in cards(drawing).items() if card[0][0].startswith("X")]
    assert len(re.findall(rf"{x} -> n\d+ \[headport=w tailport=e", drawing.source)) == 2
    assert len(re.findall(r"p1 -> n\d+\n", drawing.source)) == 1  # straight to the card that it stands beside


def test_a_long_formula_stands_below_the_numbers():
    a, b, c = [Tensor([1.0, 2.0], label=name) for name in ("first", "second", "third")]
    y = a * b + b * c - c * a
    y.label = "y"
    *_, card = cards(draw(y.sum(), "tensor"))["n4"]
    assert [text.strip() for text in card] == ["first ∘ second + second ∘ third − third ∘ first"]


# Sizes, and what is refused.


def test_many_cards_name_a_coarser_level_and_too_many_are_refused():
    L = squared_error(MLP([8, 16, 8, 2], seed=0)([0.5] * 8), [0.0, 1.0])
    with pytest.warns(UserWarning, match='cards at the value level are more than fit on a screen: level="neuron" has'):
        draw(L, "value")
    with pytest.warns(UserWarning, match="2000 cards at the value level"):
        assert draw(chain(1999), "value").cards == 2000
    assert draw(chain(2000), "value", force=True).cards == 2001
    y, start = chain(5000), time.perf_counter()
    for level in (None, "value", "neuron"):
        with pytest.raises(ValueError, match=r"5,001 cards at the value level are too many .* force=True"):
            draw(y, level)
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize(
    ("arguments", "options", "error", "sentence"),
    [
        ([[1.0]], {}, TypeError, "a Value or a Tensor is needed, not list"),
        ([Value(1.0), "node"], {}, ValueError, "one of value, neuron, tensor, or None, not 'node'"),
        ([Value(1.0), "tensor"], {}, ValueError, "needs a Tensor"),
        ([chain(2000), "value"], {}, ValueError, "2,001 cards"),
        *[([Value(1.0)], {"digits": digits}, ValueError, "is .*, not") for digits in (-1, 2.5)],
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_a_sentence(arguments, options, error, sentence):
    with pytest.raises(error, match=sentence):
        draw(*arguments, **options)


def newton(a, steps=6):
    """√a without a name for any step."""
    z = a
    for _ in range(steps):
        z = z - (z * z - a) / (2 * z)
    return z


def test_newtons_method_without_names_is_drawn(tmp_path):
    for drawing in (
        draw(newton(Value(2.0, label="a")), "value"),
        draw(newton(Tensor([2.0, 3.0], label="t")), "tensor"),
    ):
        assert max(map(len, re.findall(r'tooltip="(.*?)"', drawing.source))) <= 400
        assert drawing.save(tmp_path / "newton.dot").stat().st_size < 100_000


def test_a_chain_of_nameless_tensors_has_no_formula_longer_than_a_few_steps():
    t = Tensor([0.5, 0.25], label="t")
    for _ in range(400):
        t = t.tanh()
    source = draw(t, "tensor", force=True).source
    assert max(map(len, re.findall(r"(?:tanh\()+", source))) <= 10 * len("tanh(")


@pytest.mark.parametrize("level", ["value", "tensor"])
def test_a_label_of_any_length_is_cut(level):
    source = draw(Tensor([1.0, 2.0], label="é" * 16_000).sum(), level, title="é" * 16_000).source
    assert len(source) < 30_000 and len(max(source.split("\n"), key=len)) < 5_000
    assert max(map(len, re.findall(r'tooltip="(.*?)"', source))) <= 400
