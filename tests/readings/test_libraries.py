"""One program, every engine: the numbers of random graphs under NumPy, JAX and PyTorch."""

import random
import types

import pytest
from arrays import library
from graphs import recipes
from hypothesis import given, settings

from tinygrad_edu import MLP, Tensor, Value, compile_graph, grad, squared_error, topological_order
from tinygrad_edu.tree import flatten

np = pytest.importorskip("numpy")

graphs = pytest.mark.parametrize("graphs", [20, pytest.param(200, marks=pytest.mark.long)])


def compiled(recipe):
    """The program of the loss and its gradient, the engine's numbers, and how far others may be off.

    Each of the few dozen roundings on the way to a number is one of the last bits of a number there,
    so 10⁻¹² of the largest of them, or of 1, is enough.
    """
    leaves = recipe.leaves()
    y = recipe(*leaves)
    outputs = [y, *grad(y, leaves)]
    largest = [max([1.0, *[abs(node.data) for node in topological_order(output)]]) for output in outputs]
    return compile_graph(outputs, leaves), [output.data for output in outputs], 1e-12 * np.array(largest)


@graphs
@pytest.mark.parametrize("name", ["numpy", "jax.numpy", "torch"])
def test_arrays_have_the_engines_numbers(name, graphs):
    module = library(name)

    @settings(max_examples=graphs)
    @given(recipes())
    def check(recipe):
        program, expected, tolerances = compiled(recipe)
        batch = [module.asarray([x, x], dtype=module.float64) for x in recipe.start]
        results = program.bind(module)(*batch)
        assert all([tuple(result.shape) == (2,) and result.dtype == module.float64 for result in results])
        for k in range(2):
            assert (np.abs([float(y[k]) - e for y, e in zip(results, expected, strict=True)]) <= tolerances).all()

    check()


@pytest.mark.parametrize("name", ["numpy", "jax.numpy", "torch"])
def test_decisions_have_the_type_of_the_arrays(name):
    module = library(name)
    x = Value(1.0, label="x")
    bound = compile_graph([0.1 * x.step(), (1 - x.step()) / 3], [x]).bind(module)
    for dtype in (module.float64, module.float32):
        gate, share = bound(module.asarray([-1.0, 2.0], dtype=dtype))
        assert gate.dtype == share.dtype == dtype
        expected = [[0.0, 0.1], [1 / 3, 0.0]] if dtype == module.float64 else np.float32([[0, 0.1], [1 / 3, 0]])
        assert np.array([gate.tolist(), share.tolist()]).tolist() == np.array(expected).tolist()


def test_numba_is_sent_to_machine_code():
    with pytest.raises(ValueError, match=r"Numba has no functions of arrays; machine_code\(\) compiles the program"):
        compile_graph(Value(1.0), []).bind(types.ModuleType("numba"))


@pytest.mark.parametrize("name", ["numpy", "jax.numpy", "torch"])
def test_the_gradient_of_a_network_over_a_batch(name):
    module = library(name)
    net = MLP([2, 3, 1], activation="relu", seed=0)
    x, y = Tensor([0.0, 0.0], label="x"), Tensor([0.0], label="y")
    loss = squared_error(net(x), y)
    parameters = net.parameters()
    program = compile_graph([loss, grad(loss, parameters)], [x, y, parameters])
    rng = random.Random(0)
    xs, ys = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(7)], [[rng.gauss(0, 1)] for _ in range(7)]
    numbers = [p.data for p in parameters]
    X, Y, *theta = [module.asarray(np.array(a), dtype=module.float64) for a in (xs, ys, *numbers)]
    losses, gradients = program.bind(module)(X.T, Y.T, theta)
    columns = [
        losses,
        *[column for rows in gradients for row in rows for column in (row if type(row) is list else [row])],
    ]
    found = np.array([np.asarray(column) for column in columns])
    expected = np.array([flatten(program(x, y, numbers)) for x, y in zip(xs, ys)]).T
    assert found.shape == expected.shape == (1 + 13, 7)
    assert np.abs(found - expected).max() < 1e-13


def test_jax_compiles_a_bound_program():
    jax_numpy = library("jax.numpy")
    import jax

    x = Value(0.5, label="x")
    y = (x.tanh() * x).relu() + x.sigmoid()
    bound = jax.jit(compile_graph([y, grad(y, x)], [x]).bind(jax_numpy))
    points = np.array([-1.0, 0.5, 2.0])
    program = compile_graph([y, grad(y, x)], [x])
    assert np.allclose(np.array(bound(points)).T, [program(point) for point in points.tolist()], rtol=1e-14)
