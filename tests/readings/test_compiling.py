"""Compiled programs: the same numbers as the engine, and source that a person likes to read."""

import copy
import enum
import inspect
import math
import pickle
import pydoc
import re
from fractions import Fraction
from typing import NamedTuple

import pytest
from graphs import recipes, two_moons
from hypothesis import given

from tinygrad_edu import (
    MLP,
    SGD,
    CompiledLoss,
    Linear,
    Sequential,
    Tanh,
    Tensor,
    Value,
    compile_graph,
    cross_entropy,
    grad,
    squared_error,
)
from tinygrad_edu.tree import flatten
from tinygrad_edu.writing.code import identifier


def value(label, number):
    return Value(number, label=label)


def lines(program):
    """The body of a program, without its import, its def and its empty lines."""
    body = program.source.partition("def program")[2].splitlines()[1:]
    return [line.strip() for line in body if line.strip()]


# The source.


def test_one_step_of_the_practical_reads_like_backpropagation_by_hand():
    net = MLP([4, 4, 3, 3], init=0.1)
    x, y = Tensor([1.0, 0.0, 1.0, 0.0], label="x"), Tensor([0.0, 1.0, 0.0], label="y")
    loss = squared_error(net(x), y)
    parameters = net.parameters()
    updated = [p - 0.1 * g for p, g in zip(parameters, grad(loss, parameters))]
    program = compile_graph({"loss": loss, "parameters": updated}, {"x": x, "y": y, "parameters": parameters})
    for part in (
        "from math import tanh\n\n\ndef program(x, y, parameters):\n    [x_1, x_2, x_3, x_4] = x\n",
        "    [\n        [W1_11, W1_12, W1_13, W1_14],\n        [W1_21, W1_22, W1_23, W1_24],\n",
        "\n    # forward\n    z1_1 = W1_11 * x_1 + W1_12 * x_2 + W1_13 * x_3 + W1_14 * x_4 + b1_1\n",
        "    loss = 0.5 * (diff_1 * diff_1 + diff_2 * diff_2 + diff_3 * diff_3)\n\n    # backward\n",
        "    dL_db2_1 = (diff_3 * W3_31 + diff_2 * W3_21 + diff_1 * W3_11) * (1.0 - h2_1 * h2_1)\n",
        "\n    # update\n    return {\n        'loss': loss,\n        'parameters': [\n            [\n",
        "            [b3_1 - 0.1 * diff_1, b3_2 - 0.1 * diff_2, b3_3 - 0.1 * diff_3],\n        ],\n    }\n",
    ):
        assert part in program.source


@pytest.mark.parametrize(
    ("y", "code"),
    [
        # Used twice, a step has a line; used once, it stands where it is used.
        (lambda a, b, c: (a * b) * (a * b) + 1 / (a * b), "prod_1 = a * b; return prod_1 * prod_1 + 1.0 / prod_1"),
        (lambda a, b, c: (a * b).exp() + (b * a).exp(), "exp_1 = exp(a * b); return exp_1 + exp_1"),
        (lambda a, b, c: grad(a * b, a), "return b"),
        # Constants are folded.
        (lambda a, b, c: (Value(1.0) * a + Value(0.0)) * 1.0 - 0.0 * a.exp() + Value(2.0) * 3.0, "return a + 6.0"),
        (lambda a, b, c: 0.5 * (2 * a**1), "return a"),
        (lambda a, b, c: a - (-1.0) * a.sin(), "return a + sin(a)"),
        (lambda a, b, c: Value(0.0) + a, "return a"),
        (lambda a, b, c: a + 0.0, "return a"),
        (lambda a, b, c: Value(0.0) - a, "return -a"),
        (lambda a, b, c: a - 0.0, "return a"),
        (lambda a, b, c: a**0 * a, "return a"),
        (lambda a, b, c: a**1, "return a"),
        (lambda a, b, c: 1 / a**0, "return 1.0"),
        # Parentheses stand only where Python needs them.
        (lambda a, b, c: a - b - c, "return a - b - c"),
        (lambda a, b, c: a - (b - c), "return a - (b - c)"),
        (lambda a, b, c: a * b + c, "return a * b + c"),
        (lambda a, b, c: a * (b + c), "return a * (b + c)"),
        (lambda a, b, c: a / b / c, "return a / b / c"),
        (lambda a, b, c: a / (b * c), "return a / (b * c)"),
        (lambda a, b, c: -(a * b), "return -a * b"),
        (lambda a, b, c: (-a) ** 3, "return (-a) ** 3"),
        (lambda a, b, c: a**3 * b, "return a ** 3 * b"),
        (lambda a, b, c: a.relu() * 2, "return 2.0 * (a if a > 0 else 0.0)"),
        (lambda a, b, c: (a + b).exp(), "return exp(a + b)"),
    ],
)  # fmt: skip
def test_a_formula_is_written_as_a_person_would(y, code):
    numbers = [2.0, 3.0, 5.0]
    leaves = [value(label, number) for label, number in zip("abc", numbers)]
    program = compile_graph(y(*leaves), leaves)
    assert "; ".join(lines(program)) == code
    assert program(*numbers) == y(*leaves).data


def test_the_compiled_step_of_the_practical_is_the_step_of_the_optimiser():
    for loss_of in (squared_error, cross_entropy):
        net = MLP([4, 4, 3, 3], init=0.1)
        x, y = Tensor([1.0, 0.0, 1.0, 0.0], label="x"), Tensor([0.0, 1.0, 0.0], label="y")
        loss = loss_of(net(x), y)
        parameters = net.parameters()
        updated = [p - 0.1 * g for p, g in zip(parameters, grad(loss, parameters))]
        program = compile_graph([loss, updated], [x, y, parameters])
        result = program(x.data, y.data, [p.data for p in parameters])
        loss.backward()
        SGD(parameters, lr=0.1).step()
        assert result == [loss.data, [p.data for p in parameters]]


def test_second_derivatives_have_names_of_their_own():
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    L = (a * b).exp()
    L.label = "L"
    slope = grad(L, a)
    second = grad(slope, b)
    program = compile_graph({"L": L, "step": slope * slope, "twice": second * second}, [a, b])
    assert "    dL_da = " in program.source and "    d2L_da_db = " in program.source
    assert program(0.5, 1.0)["twice"] == pytest.approx((math.exp(0.5) * 1.5) ** 2)


def test_what_has_a_label_has_a_line_in_the_forward_pass():
    w, x, b = value("w", 2.0), value("x", 0.5), value("b", -1.0)
    z = w * x + b
    z.label = "z"
    h = z.tanh()
    h.label = "h"
    assert lines(compile_graph({"h": h, "slopes": grad(h, [w, b])}, [w, x, b])) == [
        "# forward",
        "z = w * x + b",
        "h = tanh(z)",
        "# backward",
        "dh_dz = 1.0 - h * h",
        "return {'h': h, 'slopes': [dh_dz * x, dh_dz]}",
    ]


def test_a_label_that_looks_like_a_derivative_is_just_a_label():
    w, x = value("∂w", 2.0), value("∂L/∂x", 0.5)
    z = w * x
    z.label = "∂z"
    h = z.tanh()
    assert lines(compile_graph({"h": h, "slope": grad(h, w)}, [w, x])) == [
        "# forward",
        "dz = dw * dL_dx",
        "h = tanh(dz)",
        "# backward",
        "return {'h': h, 'slope': (1.0 - h * h) * dL_dx}",
    ]


def test_no_line_is_long():
    x, w = Tensor.randn(300, seed=0, label="x"), Tensor.randn(300, seed=1, label="w")
    program = compile_graph([(w @ x).tanh(), grad((w @ x).tanh(), w)], [w, x])
    assert max(map(len, program.source.splitlines())) <= 92


def test_names_are_valid_distinct_and_never_pythons_own():
    labels = ["lambda", "exp", "x", "x", "program", "2x", "", "sum", "ﬁ", "fi", "x_2", "W⁽¹⁾₁₂", "a b", "ŷ"]
    values = [Value(float(i), label=label) for i, label in enumerate(labels, start=1)]
    total = Value.sum([v.exp() for v in values])
    program = compile_graph(total, [values])
    assert program([0.0] * len(labels)) == len(labels)
    assert identifier("W⁽¹⁾₁₂") == "W1_12" and "W1_12" in program.source


@pytest.mark.parametrize("label", ["e", "q", "where", "program", "sum", "zip", "math", "log", "result", "self"])
def test_the_names_of_the_user_stay(label):
    x = value(label, 0.5)
    program = compile_graph([x.sigmoid() * x.tanh(), x.relu()], [x])
    assert f"def program({label}):" in program.source
    assert program(0.5) == program(**{label: 0.5}) == [(x.sigmoid() * x.tanh()).data, 0.5]


def test_a_prime_is_not_taken_for_an_index_and_a_product_not_for_one_name():
    values = [value(label, 2.0) for label in ("z′₁", "z₁", "z₂", "W·x", "h′′")]
    program = compile_graph(Value.sum(values), values)
    assert "def program(z_prime_1, z_1, z_2, W_x, h_prime_prime):" in program.source
    assert program(1.0, 2.0, 3.0, 4.0, 5.0) == 15.0


@pytest.mark.parametrize("label", ["exp", "abs", "lambda", "None"])
def test_a_name_that_python_needs_gets_a_number(label):
    x = value(label, 0.5)
    program = compile_graph(x.sigmoid(), [x])
    assert f"def program({label}_2):" in program.source
    assert program(0.5) == x.sigmoid().data


def test_a_step_is_called_after_its_row():
    x = Tensor([1.0, 2.0], label="x")
    s, d, m = x.logsumexp(), Value.dot(x.values, x.values), x.max()
    assert {"logsumexp_1", "dot_1", "max_1"} <= set(
        compile_graph([s * s, d * d, m * m], [x]).function.__code__.co_varnames
    )


def test_a_labelled_tensor_may_be_used_in_part():
    x = Tensor([1.0, 2.0], label="x")
    h = x * 2
    h.label = "h"
    assert compile_graph(h[:1].sum(), [x])([3.0, 4.0]) == 6.0
    loss = CompiledLoss(MLP([2, 2], init=1.0), lambda z, y: squared_error(z[:, :1], y), [1.0, 2.0], [1.0])
    assert loss([[1.0, 2.0]], [[1.0]]) == 4.5  # ½ (1 + 2 + 1 − 1)²


def test_gradients_are_printed_from_the_loss_on_and_neuron_by_neuron():
    net, x = MLP([4, 4, 3, 3], init=0.1), Tensor([1.0, 0.0, 1.0, 0.0], label="x")
    L = cross_entropy(net(x), 1)
    source = compile_graph({"L": L, "slopes": grad(L, [x, *net.parameters()])}, {"x": x, "p": net.parameters()}).source
    layers = ((3, 3), (2, 3), (1, 4))
    expected = [f"dL_db{l}_{i}" for l, n in layers for i in range(1, n + 1)]
    assert re.findall(r"^    (dL_db\w+) =", source, flags=re.MULTILINE) == expected


def test_what_runs_is_what_the_source_shows():
    a, b = value("a", 2.0), value("b", 3.0)
    program = compile_graph((a / b).tanh(), [a, b])
    namespace = {}
    exec(program.source, namespace)
    mine, shown = program.function.__code__, namespace["program"].__code__
    assert mine.co_code == shown.co_code and mine.co_consts == shown.co_consts and mine.co_names == shown.co_names
    assert program.function(1.0, 2.0) == math.tanh(0.5)
    assert program.function(math.inf, 2.0) == 1.0  # it is the wrapper that looks at numbers


def test_a_program_can_be_asked_for_its_arguments():
    a, b = value("a", 2.0), value("b", 3.0)
    program = compile_graph(a / b, {"a": a, "w": [b]})
    assert str(inspect.signature(program)) == "(a, w)"
    assert str(inspect.signature(program.function)) == "(a, w)"
    assert "by position or by name" in pydoc.render_doc(program)
    assert program(w=[4.0], a=2.0) == 0.5


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda program: pickle.loads(pickle.dumps(program))])
def test_a_program_can_be_copied_and_pickled(again):
    x = Tensor([1.0, 2.0], label="x")
    program = again(compile_graph({"y": x.sin()}, [x]))
    assert program([0.0, 1.0]) == {"y": [0.0, math.sin(1.0)]}
    with pytest.raises(OverflowError, match="x_1 is nan"):
        program([math.nan, 1.0])
    with pytest.raises(ValueError, match="a pickled program has only its Python text; compile the graph again"):
        program.to("c")


# The numbers.


@given(recipes(most=40))
def test_a_gradient_has_at_most_five_times_the_operations_of_the_function(recipe):
    def operations(outputs):
        program = compile_graph(outputs, leaves)
        return sum([term.op is not None for term in program._plan.order])

    leaves = recipe.leaves()
    y = recipe(*leaves)
    assert operations(grad(y, leaves)) <= 5 * operations(y)


@pytest.mark.parametrize("n", [5_000, pytest.param(25_000, marks=pytest.mark.long)])
def test_a_long_chain_and_a_wide_sum_compile(n):
    y = x = value("x", 1.0)
    for _ in range(n):
        y = y * 0.5 + x
    assert compile_graph(y, [x])(1.0) == 2.0
    wide = Tensor.randn(n // 2, seed=0, label="x")
    assert math.isclose(compile_graph(wide.sum(), [wide])(wide.data), wide.sum().item(), rel_tol=1e-12)


@pytest.mark.parametrize("f", [Value.tanh, Value.sigmoid])
def test_a_program_that_starts_from_an_activation_differentiates_that(f):
    # It has no pre-activation z in which the last digits of 1 − h² or 1 − h are, only the h it is given.
    z = value("z", 3.0)
    h = f(z)
    slope = grad(h, z)
    assert compile_graph(slope, [h])(0.875) == (1 - 0.875**2 if f is Value.tanh else 0.875 * 0.125)
    assert compile_graph(slope, [h, z])(0.875, 1.0) == compile_graph(slope, [h])(0.875)


def test_the_gradient_of_cross_entropy_is_that_of_the_notes():
    z, y = Tensor([0.1, 0.2, 0.3], label="z"), Tensor([0.0, 1.0, 0.0], label="y")
    loss = cross_entropy(z, y)
    program = compile_graph({"loss": loss, "slopes": grad(loss, z)}, [z, y])
    assert "sum_2 * exp(z_1 - logsumexp_1) - y_1," in program.source
    large = program([1000.0, 0.0, -1000.0], [0.0, 0.0, 1.0])  # recorded with others, and nothing overflows
    assert large == {"loss": 2000.0, "slopes": [1.0, 0.0, -1.0]}


def test_a_leaf_may_have_the_name_that_a_row_uses_inside():
    e, q = value("e", 1.5), value("q", 0.5)
    program = compile_graph([grad(e.tanh() * q, e), e, q], [e, q])
    assert program(1.5, 0.5) == [0.5 * e.tanh().partials[0], 1.5, 0.5]


# The call.


@pytest.mark.parametrize(
    ("outputs_and_inputs", "given", "found"),
    [
        (lambda a, b, t, m: ({"t": m * a, "pair": (a, [b])}, [a, {"b": b, "rest": [m]}]),
         (2.0, {"b": 5.0, "rest": [[[1.0, 2.0]]]}), {"t": [[2.0, 4.0]], "pair": (2.0, [5.0])}),
        (lambda a, b, t, m: (t * t, t), (5.0,), 25.0),  # of shape (): a number
        (lambda a, b, t, m: (a * b, [a]), (10.0,), 30.0),  # other leaves are constants
        (lambda a, b, t, m: (a * b, []), (), 6.0),
        (lambda a, b, t, m: ([a, a, Value(7.0)], [a]), (5.0,), [5.0, 5.0, 7.0]),
        (lambda a, b, t, m: ([a, 1.0 * a], [a]), (1.7e308,), [1.7e308, 1.7e308]),  # their sum is too large
        (lambda a, b, t, m: ([(h := a.exp()) * h], [h]), (3.0,), [9.0]),  # from the middle of the graph
        (lambda a, b, t, m: ([], [a]), (1.0,), []),
        (lambda a, b, t, m: ([a, (), [], {}], [a, [], {"k": ()}]), (2.0, [], {"k": []}), [2.0, (), [], {}]),
        (lambda a, b, t, m: (a * 2.0**-600 * 2.0**-600 * 2.0**1000, [a]), (2.0**400,), 2.0**200),
        (lambda a, b, t, m: ([m[0].softmax(), m[0].log_softmax()], [m]), ([[1e3, 0.0]],), [[1.0, 0.0], [0.0, -1e3]]),
        (lambda a, b, t, m: ([d := grad(a**3 + a.sin(), a), grad(d, a)], [a]), (0.0,), [1.0, 0.0]),
    ],
)  # fmt: skip
def test_a_call_has_the_structure_of_inputs_and_outputs(outputs_and_inputs, given, found):
    a, b, t, m = value("a", 2.0), value("b", 3.0), Tensor(3.0, label="t"), Tensor([[1.0, 2.0]], label="m")
    assert compile_graph(*outputs_and_inputs(a, b, t, m))(*given) == found


def test_a_constant_outside_the_domain_is_named():
    a, b = value("a", 2.0), value("b", 3.0)
    y = a * b.log()
    b.data = -1.0
    with pytest.raises(ValueError, match=r"compile_graph: log of the constants -1\.0 has no finite value"):
        compile_graph(y, [a])
    h = b.log() if b.data > 0 else y.inputs[1]
    assert compile_graph(h * a, [h, a])(2.0, 3.0) == 6.0  # what lies before an input is not looked at


def test_an_infinite_slope_is_an_error_that_names_the_step():
    x = value("x", 4.0)
    program = compile_graph(grad(x.sqrt(), x), [x])
    assert program(16.0) == 0.125
    with pytest.raises(ZeroDivisionError, match=r"^1\.0 / \(2\.0 \* sqrt\(x\)\) has no finite value where x = 0\.0"):
        program(0.0)


def test_a_structure_may_hold_named_tuples():
    class Layer(NamedTuple):
        W: Tensor
        b: Value

    layer = Layer(Tensor([1.0, 2.0], label="W"), value("b", 3.0))
    program = compile_graph({"layer": layer, "rest": [layer]}, {"layer": layer})
    expected = ([5.0, 6.0], 7.0)
    assert program(expected) == program(Layer(*expected)) == {"layer": expected, "rest": [expected]}


@pytest.mark.parametrize("key", ["a", "it's \n", 1, -2, 1.5, True, None, (1, "a"), b"x", ()])
def test_a_literal_may_be_a_key(key):
    a = value("a", 2.0)
    assert compile_graph({key: {key: a}}, [{key: a}])({key: 3.0}) == {key: {key: 3.0}}


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize("key", [Colour.RED, math.inf, math.nan, Fraction(1, 2), (1, Colour.RED), object])
def test_a_key_that_cannot_be_written_is_refused(key):
    a = value("a", 2.0)
    for outputs, inputs in (({key: a}, [a]), ([{key: a}], [a]), (a, [{key: a}]), (a, [({"x": {key: a}},)])):
        with pytest.raises(TypeError, match=r"compile_graph: the key .* cannot be written in a program"):
            compile_graph(outputs, inputs)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_module_learns_two_moons_from_a_compiled_loss_as_from_a_recorded_one(reduction):
    xs, ys = two_moons(12)
    compiled, recorded = MLP([2, 4, 1], seed=0), MLP([2, 4, 1], seed=0)
    loss = CompiledLoss(compiled, squared_error, xs[0], ys[0], reduction)
    steps = [SGD(net.parameters(), lr=0.05) for net in (compiled, recorded)]
    for _ in range(5):
        for step in steps:
            step.zero_grad()
        expected = squared_error(recorded(xs), ys, reduction)
        expected.backward()
        # The sums over the batch are taken in another order, so a few last bits differ.
        assert math.isclose(loss(xs, ys), expected.item(), rel_tol=1e-12)
        for step in steps:
            step.step()
    for mine, other in zip(compiled.parameters(), recorded.parameters()):
        assert flatten(mine.data) == pytest.approx(flatten(other.data), rel=1e-12)


def test_a_compiled_loss_changes_all_gradients_or_none():
    net = MLP([2, 1], init=0.0)
    loss = CompiledLoss(net, lambda z, y: (z * y).sum(), [1.0, 1.0], [1.0])
    loss([[1.0, 1e308]], [[1.0]])
    before = [p.grad for p in net.parameters()]
    with pytest.raises(OverflowError, match=r"CompiledLoss: gradients of W.* add up to more than a float"):
        loss([[1.0, 1e308]], [[1.0]])
    assert [p.grad for p in net.parameters()] == before


# Errors.


def test_a_domain_error_shows_the_operation_and_its_numbers():
    a, b = value("a", 2.0), value("b", 3.0)
    program = compile_graph((a / b).log(), [a, b])
    with pytest.raises(ValueError, match=r"log\(a / b\) .* a = -1.0, b = 2.0"):
        program(-1.0, 2.0)
    with pytest.raises(ZeroDivisionError, match=r"^a / b .* b = 0.0"):
        program(1.0, 0.0)
    y = a.log()
    y.label = "y"
    with pytest.raises(ValueError, match=r"line 5, y = log\(a\)"):
        compile_graph(y * y, [a])(0.0)


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e200])
def test_a_result_is_never_inf_or_nan(number):
    a = value("a", 2.0)
    y = a * a
    y.label = "y"
    with pytest.raises(OverflowError, match=r"a is nan|a is inf|y is inf in y = a \* a"):
        compile_graph([y.tanh(), [y * a + y]], [a])(number)


@pytest.mark.parametrize("f", [lambda a: a.relu(), lambda a: a.maximum(0.5), lambda a: a.step(), lambda a: 0 * a])
def test_nan_does_not_come_out_as_a_number(f):
    a = value("a", 2.0)
    with pytest.raises(ValueError, match="an argument is inf or nan"):
        compile_graph(f(a), {"a": a})(a=math.nan)


def test_a_result_that_overflows_where_it_is_returned_names_the_formula():
    x = Value(2.0, label="x")
    with pytest.raises(OverflowError, match=r"^a result is not finite: x \* x$"):
        compile_graph(x * x, [x])(1e200)
    with pytest.raises(OverflowError, match=r"^a result is not finite: {'return x': x \* x}$"):
        compile_graph({"return x": x * x}, [x])(1e200)


def test_what_does_not_fit_is_told_from_what_has_no_value():
    x, y = Tensor([1.0, 2.0], label="x"), value("y", 3.0)
    program = compile_graph({"L": (x * y).sum()}, {"xs": x, "y": {"k": y}})
    with pytest.raises(ValueError, match=r"^the argument does not fit the inputs, \[x_1, x_2\]: not enough values"):
        program([1.0], {"k": 1.0})
    with pytest.raises(TypeError, match=r"^the argument does not fit the inputs, \[x_1, x_2\]: .* non-iterable"):
        program(5.0, {"k": 1.0})
    with pytest.raises(LookupError, match=r"^the argument does not fit the inputs, y\['k'\]: 'k'"):
        program([1.0, 2.0], {})
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'y'"):
        program([1.0, 2.0])
    with pytest.raises(TypeError, match=r"^x_1 \* y_2 has no finite value where x_1 = 1.0, y_2 = None"):
        program([1.0, 2.0], {"k": None})


def test_arrays_belong_into_a_program_of_arrays():
    np = pytest.importorskip("numpy")
    x = value("x", 1.0)
    with pytest.raises(TypeError, match=r"a result is not a finite real number.*makes programs of arrays"):
        compile_graph(x * x, [x])(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match=r"a result is not a finite real number.*makes programs of arrays"):
        compile_graph([x], [x])("text")


@pytest.mark.parametrize("arguments", [([1.0, 2.0, 3.0], 1.0), ([1.0], 1.0), (5.0, 1.0), ([1.0, 2.0],), ("x", "y")])
def test_a_wrong_structure_is_refused(arguments):
    x, k = Tensor([1.0, 2.0], label="x"), value("k", 3.0)
    with pytest.raises((TypeError, ValueError), match=r"\[x_1, x_2\]|missing|k = "):
        compile_graph(x * k, [x, k])(*arguments)


def loss(*options):
    return CompiledLoss(MLP([1, 1], seed=0), squared_error, [1.0], [1.0], *options)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda a: compile_graph(a * a, [a, [a]]), "2 times among the inputs"),
        (lambda a: compile_graph(a, [a], level="neuron"), 'the level is "value" or "tensor", not \'neuron\''),
        (lambda a: compile_graph(a, [a], batch=[a]), 'batch is for level="tensor"'),
        (lambda a: loss("max"), 'the reduction is "sum" or "mean", not \'max\''),
        (lambda a: loss("sum")([], []), "CompiledLoss: there are no examples"),
        (lambda a: loss("mean")([], []), "CompiledLoss: there are no examples"),
        (lambda a: loss()([[1.0], [2.0]], [[1.0]]), r"the prediction has shape \(2, 1\), the target \(1, 1\)"),
    ],
)
def test_what_cannot_be_compiled_or_called_is_refused_in_a_sentence(f, said):
    with pytest.raises(ValueError, match=said):
        f(value("a", 2.0))


@pytest.mark.parametrize("bad", [3.0, "a", None, [Value(1.0), 2.0]])
def test_what_is_no_value_is_refused(bad):
    for outputs, inputs in ((bad, [Value(1.0)]), (Value(1.0), [bad])):
        with pytest.raises(TypeError, match="a Value, a Tensor or a list of them is needed, not "):
            compile_graph(outputs, inputs)


def test_a_constant_that_overflows_is_refused():
    a, b = value("a", 2.0), Value(10.0)
    y = a + b * b
    b.data = 1e200
    with pytest.raises(ValueError, match="finite"):
        compile_graph(y, [a])


def test_a_network_written_by_hand_has_the_names_of_the_notes():
    net = Sequential(Linear(2, 2, seed=1), Tanh(), Linear(2, 1, seed=2))
    x = Tensor([1.0, 2.0], label="x")
    source = compile_graph(squared_error(net(x), [0.5]), [x, *net.parameters()]).source
    assert "def program(x, W1, b1, W2, b2):" in source
    assert "tanh(W1_11 * x_1 + W1_12 * x_2 + b1_1)" in source
