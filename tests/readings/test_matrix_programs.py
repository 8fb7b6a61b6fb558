"""Programs of arrays: they read like the notes, and compute what the engine computes, for any number of examples."""

import pickle
import random
import re
import types

import numpy as np
import pytest
from arrays import library
from graphs import tensor_program

from tinygrad_edu import (
    MLP,
    CompiledLoss,
    Tensor,
    Value,
    binary_cross_entropy_with_logits,
    cat,
    compile_graph,
    cross_entropy,
    grad,
    mse_loss,
    squared_error,
    stack,
    topological_order,
    where,
)

LIBRARIES = ["numpy", "jax.numpy", "torch"]


def test_the_program_of_a_network_reads_like_the_notes():
    net = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
    x, y = Tensor([1.0, 0.0, 1.0, 0.0], label="x"), Tensor([0.0, 1.0, 0.0], label="y")
    L, theta = squared_error(net(x), y), net.parameters()
    program = compile_graph({"L": L, "gradient": grad(L, theta)}, {"x": x, "y": y, "theta": theta}, level="tensor")
    assert (
        program.source
        == """from numpy import outer, sum, tanh


def program(x, y, theta):
    [W1, b1, W2, b2, W3, b3] = theta

    # forward
    z1 = W1 @ x + b1
    h1 = tanh(z1)
    z2 = W2 @ h1 + b2
    h2 = tanh(z2)
    z3 = W3 @ h2 + b3
    L = 0.5 * sum((z3 - y) ** 2)

    # backward
    dL_dz3 = z3 - y
    dL_dW3 = outer(dL_dz3, h2)
    dL_db3 = dL_dz3
    dL_dh2 = W3.T @ dL_dz3
    dL_dz2 = dL_dh2 * (1 - h2 * h2)
    dL_dW2 = outer(dL_dz2, h1)
    dL_db2 = dL_dz2
    dL_dh1 = W2.T @ dL_dz2
    dL_dz1 = dL_dh1 * (1 - h1 * h1)
    dL_dW1 = outer(dL_dz1, x)
    dL_db1 = dL_dz1
    return {'L': L, 'gradient': [dL_dW1, dL_db1, dL_dW2, dL_db2, dL_dW3, dL_db3]}
"""
    )
    check(program, L, {"L": L, "gradient": theta}, [x, y, theta])


def numbers(tree):
    if isinstance(tree, dict):
        return {key: numbers(x) for key, x in tree.items()}
    return tree.data if isinstance(tree, Tensor) else [numbers(x) for x in tree]


def leaves(tree):
    if isinstance(tree, (list, tuple, dict)):
        return [x for branch in (tree.values() if isinstance(tree, dict) else tree) for x in leaves(branch)]
    return [tree]


def check(program, L, outputs, inputs, library=np):
    """The result, of which the gradients are in the places of Tensors, is the engine's."""
    order = topological_order(*L.values)
    for v in order:
        v.grad = 0.0
    L.backward()
    scale = 1.0 + max(max(abs(v.data), abs(v.grad or 0.0)) for v in order)
    given = [numbers(entry) for entry in inputs]
    result = program(*given) if library is np else program.bind(library)(*given)
    for found, t in zip(leaves(result), leaves(outputs), strict=True):
        true = np.array(t.data if t is L else t.grad)
        assert np.shape(found) == true.shape
        assert np.all(np.abs(np.asarray(found) - true) <= 1e-12 * scale), f"{t}\n{program.source}"


@pytest.mark.parametrize(("name", "programs"), [*zip(LIBRARIES, [100, 8, 40])], ids=LIBRARIES)
def test_random_programs_compute_what_the_engine_does(name, programs):
    arrays, done = library(name), 0
    for seed in [
        *range(programs),
        315,
        438,
        677,
        2050,
    ]:  # the last have constants, zeros, and a number that is a vector
        L, some = tensor_program(random.Random(seed))
        inputs = [t for t in some if t in topological_order(L)]
        try:
            program = compile_graph({"L": L, "g": grad(L, inputs)}, inputs, level="tensor")
        except TypeError as error:  # a function of single numbers
            assert "level=" in str(error) or "cannot be written" in str(error)
            continue
        check(program, L, {"L": L, "g": inputs}, inputs, arrays)
        done += 1
    assert done >= (0.85 if library is np else 0.6) * programs


X, Y = Tensor.randn(2, 3, seed=1, label="X"), Tensor([[1.0, 0.0], [0.0, 1.0]], label="Y")
W, V = Tensor.randn(2, 3, seed=2, label="W"), Tensor.randn(3, 3, seed=3, label="V")
g = Tensor.randn(3, seed=4, label="g")
MLP_ = MLP([3, 4, 2], activation="relu", seed=3)


def normalised(a):
    return (a - a.mean(axis=-1, keepdims=True)) / (a.var(axis=-1, keepdims=True, correction=0) + 1e-5).sqrt()


OF_EXAMPLES = {
    "a network": lambda X, Y: squared_error(MLP_(X), Y),
    "the mean": lambda X, Y: squared_error(MLP_(X), Y, reduction="mean"),
    "mse": lambda X, Y: mse_loss(MLP_(X), Y),
    "cross-entropy": lambda X, Y: cross_entropy(MLP_(X), Y),
    "logits": lambda X, Y: binary_cross_entropy_with_logits(X @ W.T, Y),
    "layer norm": lambda X, Y: (normalised(X) * g @ W.T * Y).sum(),
    "batch norm": lambda X, Y: (((X - X.mean(axis=0)) / (X.var(axis=0, correction=0) + 0.1).sqrt() @ W.T) * Y).mean(),
    "variance": lambda X, Y: (X @ W.T * Y).var(correction=0.5),
    "two counts": lambda X, Y: (
        (((X @ V - (X @ V).mean(axis=0)) ** 2).sum(axis=0) * X.mean(axis=0)).mean() + (X @ V).mean() ** 2
    ),
    "softmax": lambda X, Y: (((X @ V).tanh() @ W.T).softmax() * Y).mean(axis=0).sum(),
    "a term of 0": lambda X, Y: ((0.0 * X + X * X) @ W.T * Y).sum(),
    "residual": lambda X, Y: ((X + (X @ V).relu()) @ W.T).mean(),
    "a choice": lambda X, Y: (where([1.0, 0.0, 1.0], X, -1.0) @ W.T * Y).sum(),
    "columns": lambda X, Y: (cat([X[:, 1:], X[:, :1]], axis=1) @ W.T * Y).sum(),
    "matrices": lambda X, Y: ((X.reshape(len(X), 3, 1) @ g.reshape(1, 3)).mT.sum(axis=(0, 1)).tanh() @ V).sum(),
    "places": lambda X, Y: (X[0] * g).sum() + X[-1].sum() + (X[-1:] ** 2).sum() + X[[0, -1], [1, 2]].sum(),
    "all at once": lambda X, Y: ((X @ V).softmax(axis=None) ** 2).sum(),
    "all in a row": lambda X, Y: ((X @ V).reshape(-1).softmax() ** 2).sum(),
    "between examples": lambda X, Y: ((X @ X.T).softmax() @ Y).sum(),
    "extremes": lambda X, Y: (X @ W.T * Y).max(axis=1).mean() + (X * 2.0).min(axis=0).sum(),
}


@pytest.mark.parametrize("name", OF_EXAMPLES)
def test_a_program_recorded_with_two_examples_takes_any_number(name):
    f, theta = OF_EXAMPLES[name], [W, V, g, *MLP_.parameters()]
    L = f(X, Y)
    used = [t for t in theta if t in topological_order(L)]
    inputs = {"X": X, "Y": Y, "theta": used}
    program = compile_graph(
        lambda X, Y, theta: {"L": (L := f(X, Y)), "g": grad(L, [X, *used])}, inputs, level="tensor", batch=[X, Y]
    )
    alone = compile_graph({"L": L, "g": grad(L, [X, *used])}, inputs, level="tensor")
    of_both, of_alone = [set(re.findall(r"\bv_\d+", p.source)) for p in (program, alone)]
    assert of_both == of_alone  # v₁, v₂, … are those of the derivation
    rng = np.random.default_rng(0)
    for n in (1, 2, 7, 40):
        A, B = Tensor(rng.normal(size=(n, 3))), Tensor(np.eye(2)[rng.integers(0, 2, n)])
        L = f(A, B)
        check(program, L, {"L": L, "g": [A, *used]}, [A, B, used])


def test_the_program_of_a_batch_reads_like_the_notes():
    theta = MLP_.parameters()

    def recorded(X, Y, theta):
        L = squared_error(MLP_(X), Y, reduction="mean")
        return {"L": L, "g": grad(L, theta)}

    program = compile_graph(recorded, [X, Y, theta], level="tensor", batch=[X, Y])
    for line in (
        "    z1 = X @ W1.T + b1\n    h1 = maximum(z1, 0)\n    z2 = h1 @ W2.T + b2\n    diff_1 = z2 - Y\n",
        "    L = 0.5 * sum(diff_1 ** 2) / len(X)\n\n    # backward\n    dL_dz2 = diff_1 / len(X)\n",
        "    dL_dW2 = dL_dz2.T @ h1\n    dL_db2 = sum(dL_dz2, axis=0)\n    dL_dh1 = dL_dz2 @ W2\n",
    ):
        assert line in program.source
    assert "L = sum(diff_1 ** 2) / (2 * len(X))\n" in of(lambda X, Y: mse_loss(X @ W.T, Y), batch=[X, Y]).source
    assert "[:, None]" in of(OF_EXAMPLES["extremes"], batch=[X, Y]).source


THETA = [W, g]


def of(f, inputs=None, batch=()):
    used = [t for t in THETA if t in topological_order(f(X, Y))]

    def recorded(X, Y, theta):
        L = f(X, Y)
        return {"L": L, "g": grad(L, used)}

    return compile_graph(recorded, inputs or [X, Y, used], level="tensor", batch=batch)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda X, Y: (X @ W.T).sum() / len(X), r"/ 2.* and .*/ 3 were recorded .* write \.mean\(\)"),
        (lambda X, Y: (X @ W.T).reshape(4, 1).sum(), r"reshape: \d+ elements do not fit the shape \(4, 1\)"),
        (lambda X, Y: (X[::-1] * g).sum(), "were recorded with two numbers of examples"),
        (
            lambda X, Y: ((X @ W.T).sum() * W).softmax().log().sum() * Tensor((X @ W.T).sum()[()].exp()),
            "were recorded with two numbers of examples",
        ),
        (lambda X, Y: (X * Tensor([[1.0] * 3] * 2)).sum(), r"shapes .* do not fit"),
    ],
)
def test_what_would_not_be_the_same_for_other_numbers_of_examples_is_refused(f, said):
    with pytest.raises(ValueError, match=f"^compile_graph: .*{said}.*the number of examples is free"):
        of(f, [X, Y, []], batch=[X, Y])


def test_a_batch_needs_a_function():
    with pytest.raises(TypeError, match="with a batch the outputs are a function of the inputs"):
        compile_graph((X * X).sum(), [X], level="tensor", batch=[X])


def test_a_program_recorded_with_one_example_takes_any_number():
    f = lambda X, Y: (((X - X.mean(axis=0)) @ W.T).exp() * Y).mean()  # noqa: E731
    program = compile_graph(f, [X[:1], Y[:1]], level="tensor", batch=[])
    assert "len(" not in program.source
    one, two = X[:1].detach(), Y[:1].detach()
    program = compile_graph(f, [one, two], level="tensor", batch=[one, two])
    for n in (1, 2, 5):
        A, B = np.arange(3.0 * n).reshape(n, 3) / n, np.ones((n, 2))
        assert program(A, B) == pytest.approx(f(Tensor(A), Tensor(B)).item(), rel=1e-13)


def test_the_inputs_may_be_one_tensor_and_the_outputs_a_function():
    assert compile_graph(lambda g: (g * g).sum(), g, level="tensor")([1.0, 2.0, 4.0]) == 21.0
    h = (g * g).exp()  # an input may be computed: the program starts from there
    assert compile_graph({"L": h.sum(), "g": grad(h.sum(), h)}, [h], level="tensor")([1.0, 2.0, 4.0])["L"] == 7.0
    slopes = compile_graph(grad((h * h).sum(), g), {"h": h, "g": g}, level="tensor")
    np.testing.assert_allclose(slopes([1.0, 2.0, 3.0], [0.5, 1.0, 2.0]), [2.0, 16.0, 72.0])


def test_a_batch_that_does_not_fit_is_refused():
    f = lambda X, Y: (X @ W.T * Y).sum()  # noqa: E731
    for batch in ([Tensor(X.data)], [X, g], [Tensor(1.0)]):
        with pytest.raises(ValueError, match=r"^compile_graph: a batch is made of inputs, the very same objects"):
            compile_graph(f, [X, Y, g], level="tensor", batch=batch)
    with pytest.raises(ValueError, match=r"Tensor.* stands 2 times among the inputs"):
        compile_graph(f, [X, X], level="tensor")
    with pytest.raises(ValueError, match="computes with a Tensor of the batch in place of its argument"):
        compile_graph(lambda A, B: f(A, Y), [X, Y], level="tensor", batch=[X, Y])
    program = compile_graph(f, [X, Y], level="tensor", batch=[X, Y])
    with pytest.raises(ValueError, match=r"shapes \(2, 2\) and \(3, 2\) do not fit"):
        program(np.ones((2, 3)), np.ones((3, 2)))


def test_arrays_of_three_axes_need_no_reshape():
    Q, K = Tensor.randn(2, 3, 4, seed=5, label="Q"), Tensor.randn(2, 3, 4, seed=6, label="K")
    S = (Q @ K.mT).softmax()
    source = compile_graph({"S": S, "g": grad((S @ K).sum(), [Q, K])}, [Q, K], level="tensor").source
    assert (
        "    swapaxes_1 = swapaxes(K, -1, -2)\n    v_1 = Q @ swapaxes_1\n" in source
        and "reshape" not in source
        and "flip" not in source
    )
    assert "flip(v[0:4], (0,))" in compile_graph(Tensor(range(9), "v")[3::-1].sum(), [], level="tensor").source


def test_names_may_be_longer_than_a_line():
    X = Tensor([[1.0, 2.0], [3.0, 4.0]], label="a_long_name_" * 8)
    program = compile_graph(lambda X: (X * X).mean(), [X], level="tensor", batch=[X])
    assert program([[1.0, 2.0]]) == 2.5 and f"len({'a_long_name_' * 8})" in program.source


def test_numbers_of_examples_are_divided_by_last():
    half = lambda X, Y: 0.5 * ((X @ W.T - Y) ** 2).mean()  # noqa: E731
    source = of(lambda X, Y: half(X, Y) + half(X, Y).exp(), batch=[X, Y]).source
    assert "    ratio_1 = 0.5 * sum(diff_1 ** 2) / (2 * len(X))\n" in source
    assert "    dL_dW = (diff_1 / (2 * len(X))).T @ X" in source and "flip(" not in source
    assert not re.search(r"\b1 / ", source)


def test_a_function_that_is_recorded_twice_betrays_numbers_that_come_from_a_size():
    for f in (lambda X, Y: (X @ W.T).sum() * (1 / len(X)), lambda X, Y: (X * (1.0 / X.shape[0])).sum()):
        with pytest.raises(ValueError, match="where a number was computed from it"):
            compile_graph(f, [X, Y], level="tensor", batch=[X, Y])
    with pytest.raises(ValueError, match="the steps are not the same"):
        compile_graph(lambda X, Y: stack([x.sum() for x in X]).tanh().sum(), [X, Y], level="tensor", batch=[X, Y])


def test_what_is_put_together_from_single_numbers_is_named():
    w = Tensor([0.5, 1.0], label="w")
    with pytest.raises(TypeError, match=r'put together from single numbers and .*level="value"'):
        compile_graph(w.map(lambda v: v * v).sum(), [w], level="tensor")
    with pytest.raises(TypeError, match=r'v₁ = Tensor\(w\) was put together from single numbers and .*level="value"'):
        compile_graph(Tensor([v * v.exp() for v in [*w.values, *w.values] * 4]).sum() * w, [w], level="tensor")
    with pytest.raises(TypeError, match=r'takes Tensors, not Value .*; level="value" takes Values'):
        compile_graph(Value(1.0), [w], level="tensor")
    with pytest.raises(TypeError, match="derivative of derivatives"):
        first = grad((w * w * w).sum(), w)
        compile_graph(grad(first.sum(), w), [w], level="tensor")


def gate(x, *numbers):
    share = (Tensor([[1.0, -1.0], [0.5, 2.0]]) @ x).softmax()
    return share[0] * (W @ x[[0, 1, 1]]) + share[1] * (W @ x[[1, 0, 0]])


def chosen(x, *numbers):
    return Value.max(numbers) * x + Value.min([*numbers, Value(0.5)]) * x.sum()


def alone(x, a, b, c):
    largest = Value.max([a, b]) * c
    return Tensor([largest]) ** 2 * x + Tensor([largest * 2.0, largest], label="T").relu()


OF_NUMBERS = {
    "a number that is a vector too": alone,
    "a gate between experts": gate,
    "the largest and the smallest": chosen,
    "a Tensor put together": lambda x, a, b, c: Tensor([a, b * 2.0, c]).max() * x,
    "all of them": lambda x, a, b, c: Value.logsumexp([a, b, c]) * x + Value.sum([a, b, a * c]) * x.exp(),
    "of two": lambda x, a, b, c: (a.maximum(b) - c.minimum(b)) * x,
}


@pytest.mark.parametrize("library_name", LIBRARIES)
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_functions_of_several_single_numbers_are_written_and_hold_for_other_numbers(name, library_name):
    arrays, x = library(library_name), Tensor([1.0, -2.0], label="x")
    numbers_ = [Tensor(1.0, label="a"), Tensor(2.0, label="b"), Tensor(-0.5, label="c")]

    def recorded(x, *numbers):
        return (OF_NUMBERS[name](x, *[t.values[0] for t in numbers]) ** 2).sum()

    L = recorded(x, *numbers_)
    used = [t for t in [x, *numbers_] if t.values[0] in topological_order(*L.values)]
    program = compile_graph({"L": L, "g": grad(L, used)}, used, level="tensor")
    for at in ([1.0, 2.0, -0.5], [3.0, -1.0, 0.25], [-1.0, 0.0, 4.0], [2.0, 2.0, 2.0]):  # the last are equal
        moved = [Tensor([at[0], at[1] - 2.5], label="x"), *[Tensor(n, label=t.label) for n, t in zip(at, numbers_)]]
        inputs = [b for a, b in zip([x, *numbers_], moved) if a in used]
        check(program, L := recorded(*moved), {"L": L, "g": inputs}, inputs, arrays)


def test_a_factor_of_zero_is_not_computed():
    x = Tensor([1.0, 2.0], label="x")
    share = (W[:, :2] @ x).softmax()
    y = share[0] * x
    source = compile_graph({"y": y, "g": grad(y.sum(), x)}, [x], level="tensor").source
    assert " = maximum(" in source and "step(" not in source  # no gradient goes through the shift by the largest
    rows = W * 0.0 + g  # which has the shape of W
    program = compile_graph(
        {"rows": rows, "g": grad((rows[0] * 0.0).sum() + g[0] * 0.0 + x.sum(), g)}, [W, g, x], "tensor"
    )
    result = program(W.data, g.data, x.data)
    assert result["rows"].tolist() == rows.data and result["g"].tolist() == [0.0] * 3
    assert program.source.count("ones(") == 1 and "place(" not in program.source


def test_inputs_that_do_not_fit_get_the_engines_own_sentence():
    program = of(lambda X, Y: squared_error(X @ W.T, Y), batch=[X, Y])
    with pytest.raises(ValueError, match=r"squared_error|shapes \(2, 2\) and \(3, 2\) do not fit"):
        program(np.ones((2, 3)), np.ones((3, 2)), [W.data])
    with pytest.raises(ValueError, match=r"@: shapes \(2, 4\) and \(3, 2\) do not fit"):
        program(np.ones((2, 4)), np.ones((2, 2)), [W.data])
    with pytest.raises(ValueError, match=r"^the argument does not fit the inputs, \[W\]: too many values"):
        program(np.ones((2, 3)), np.ones((2, 2)), [W.data, W.data])
    with pytest.raises(TypeError, match=r"program\(\) missing 2 required positional arguments: 'Y' and 'input_3'"):
        program(np.ones((2, 3)))
    x = Tensor([1.0, 2.0], label="x")
    with pytest.raises(ValueError, match=r"^program: x of shape \(\) is not \('n',\)"):
        compile_graph(lambda x: (x * x).sum(), [x], level="tensor", batch=[x])(3.0)


def test_results_that_are_not_finite_get_the_engines_own_sentence():
    a = Tensor([1.0, 2.0], label="a")
    program = compile_graph(a.exp().sum(), [a], level="tensor")
    with pytest.raises(OverflowError, match=r"exp.*a₂ = 1000"):
        program([1.0, 1000.0])
    with pytest.raises(ValueError, match="log"):
        compile_graph(a.log().sum(), [a], level="tensor")([-1.0, 1.0])
    root = (a * a).sqrt().sum()
    with pytest.raises((ValueError, ArithmeticError), match=r"infinite|∞|inf"):
        compile_graph(grad(root, a), [a], level="tensor")([0.0, 1.0])


def test_of_many_examples_the_engine_is_asked_about_those_that_show_what_is_wrong():
    X = Tensor([[1.0, 2.0], [3.0, 4.0]], label="X")
    program = compile_graph(lambda X: (X * X).log().sum(), [X], level="tensor", batch=[X])
    many = np.ones((60_000, 2))
    assert program(many) == 0.0
    many[51_234, 1] = 0.0
    with pytest.raises(ValueError, match=r"log.*: .* 0"):
        program(many)


def test_a_library_without_arrays_is_sent_to_machine_code():
    x = Tensor([1.0], label="x")
    with pytest.raises(ValueError, match=r"^bind: numba has no arrays of its own.*machine_code\(\)"):
        compile_graph(x * x, [x], level="tensor").bind(types.ModuleType("numba"))


def test_large_logits_do_not_overflow():
    z = Tensor([900.0, -900.0, 0.0], label="z")
    for L in (cross_entropy(z, [0.0, 0.0, 1.0]), binary_cross_entropy_with_logits(z, [0.0, 1.0, 1.0])):
        program = compile_graph({"L": L, "g": grad(L, z)}, [z], level="tensor")
        check(program, L, {"L": L, "g": z}, [z])


def test_what_is_differentiated_may_be_another_than_what_is_asked_for():
    theta = MLP_.parameters()

    def updated(X, Y, theta):
        L = squared_error(MLP_(X), Y, reduction="sum")
        return {"L": L, "theta": [p - g for p, g in zip(theta, grad(0.01 * L, theta))]}

    program, L = compile_graph(updated, [X, Y, theta], level="tensor", batch=[X, Y]), squared_error(MLP_(X), Y)
    assert "\n\n    # update\n    return {'L': L, 'theta': [" in program.source
    result = program(X.data, Y.data, numbers(theta))
    for found, p, g in zip(result["theta"], theta, grad(L, theta)):
        np.testing.assert_allclose(found, np.array(p.data) - 0.01 * np.array(g.data), rtol=1e-14)


def test_what_is_differentiated_has_a_line_where_it_is_used_once_beside_other_outputs():
    net = MLP([2, 3, 1], activation="tanh", seed=0)
    x, y, theta = Tensor([[1.0, 0.5], [0.2, 0.1]], label="x"), Tensor([[1.0], [0.0]], label="y"), net.parameters()
    L = squared_error(net(x), y)
    outputs = {"loss": L, "theta": [p - g for p, g in zip(theta, grad(0.01 * L, theta))]}
    result = compile_graph(outputs, [x, y, theta], level="tensor")(x.data, y.data, numbers(theta))
    assert result["loss"] == pytest.approx(L.item())
    for found, p in zip(result["theta"], outputs["theta"]):
        np.testing.assert_allclose(found, p.data, rtol=1e-14)


def test_a_step_that_is_done_twice_is_printed_once_and_one_that_is_not_needed_not_at_all():
    x = Tensor([0.5, 1.0], label="x")
    h, again = x.tanh(), x.tanh()
    source = compile_graph(h @ again + h.sum(), [x], level="tensor").source
    assert source.count("tanh(x)") == 1
    slope = compile_graph(grad((x + Tensor([1.0, 2.0])).sum(), x), [x], level="tensor")
    assert "array(" not in slope.source and slope([3.0, 4.0]).tolist() == [1.0, 1.0]


def test_a_compiled_loss_names_the_step_that_is_not_finite_and_changes_nothing():
    net = MLP([1, 1], init=1.0)
    loss = CompiledLoss(net, lambda z, y: (z.exp() * y).sum(), [1.0], [1.0])
    assert loss([[1.0]], [[1.0]]) == pytest.approx(np.exp(2.0))
    before = [p.grad for p in net.parameters()]
    net.layers[0].W.data = [[1000.0]]  # the engine is asked with the numbers of now
    with pytest.raises(OverflowError, match=r"exp of .*1001\.0 has no finite value"):
        loss([[1.0]], [[1.0]])
    assert [p.grad for p in net.parameters()] == before and net.layers[0].W.data == [[1000.0]]
    program = of(lambda X, Y: ((X @ W.T).exp() * Y).sum(), [X, Y, [W]], batch=[X, Y])
    many = np.ones((40, 3))
    many[17] = 1e5 * np.array(W.data)[0]  # which is found among the examples
    with pytest.raises(OverflowError, match=r"exp of .* has no finite value"):
        program(many, np.ones((40, 2)), [np.array(W.data)])


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_compiled_loss_is_the_same_in_every_library(name):
    rng = np.random.default_rng(0)
    xs, ys = rng.normal(size=(7, 2)), rng.normal(size=(7, 1))
    found = []
    for backend in (None, library(name)):
        net = MLP([2, 3, 1], activation="tanh", seed=0)
        loss = CompiledLoss(net, squared_error, xs[0], ys[0], "mean", backend)
        found.append([loss(xs, ys), *[g for p in net.parameters() for g in np.ravel(p.grad)]])
        L = squared_error(net(Tensor(xs)), ys, "mean")
        assert loss(xs[:2], ys[:2]) == pytest.approx(squared_error(net(Tensor(xs[:2])), ys[:2], "mean").item())
        assert found[-1][0] == pytest.approx(L.item(), rel=1e-12)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-15)


def test_a_program_is_saved_by_pickle_and_takes_names():
    f = lambda X, Y: squared_error(X @ W.T, Y)  # noqa: E731
    program = pickle.loads(pickle.dumps(of(f, {"X": X, "Y": Y, "theta": [W]})))
    assert program(X.data, theta=[W.data], Y=Y.data)["L"] == pytest.approx(f(X, Y).item())
    assert compile_graph(g.sum(), g, level="tensor")([1.0, 2.0, 4.0]) == 7.0


@pytest.mark.parametrize("bits", ["float32", "float64"])
@pytest.mark.parametrize("name", LIBRARIES)
def test_the_types_of_arrays_are_kept_and_jax_can_jit(name, bits):
    arrays_of = library(name)
    program = of(lambda X, Y: cross_entropy((X @ W.T).relu() * g[:2], Y), batch=[X, Y])
    true = program(X.data, Y.data, [W.data, g.data])
    function = program.bind(arrays_of)
    if name == "jax.numpy":
        function = pytest.importorskip("jax").jit(function)
    arrays = [arrays_of.asarray(np.array(t.data, dtype=bits)) for t in (X, Y, W, g)]
    found = function(*arrays[:2], arrays[2:])
    for a, b in zip(leaves(found), leaves(true)):
        assert str(np.asarray(a).dtype) == bits
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-5 if bits == "float32" else 1e-12, atol=1e-6)


def test_the_printed_backward_pass_is_what_jax_makes_of_the_forward_pass():
    jnp, jax = library("jax.numpy"), pytest.importorskip("jax")
    theta = MLP_.parameters()

    def loss(X, Y, theta):
        return cross_entropy(MLP_(X), Y)

    def with_gradient(X, Y, theta):
        L = loss(X, Y, theta)
        return {"L": L, "g": grad(L, theta)}

    both, forward = [
        compile_graph(f, [X, Y, theta], level="tensor", batch=[X, Y]).bind(jnp) for f in (with_gradient, loss)
    ]
    arrays = [jnp.asarray(t.data) for t in theta]
    given = jnp.asarray(X.data), jnp.asarray(Y.data)
    for a, b in zip(jax.grad(forward, argnums=2)(*given, arrays), both(*given, arrays)["g"]):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-14)
