"""All ways to a derivative agree on random graphs.

`backward` is compared with `grad`, with forward mode, with the compiled program, with the sum over
all paths, with the solution of a system of linear equations, and with central differences; second
derivatives with the differences of first ones. What is common to the comparisons stands first.
"""

import math
import sys
from collections import defaultdict

import numpy as np
import pytest
from domains import DOMAINS
from graphs import STEPS, TENSOR_STEPS, Recipe, decisions, recipes, single_steps, tensor_recipes
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, central_difference, compile_graph, grad, hessian, jvp, topological_order
from tinygrad_edu.tree import flatten

EPSILON = sys.float_info.epsilon
KINDS = {"Values": recipes(), "Tensors": tensor_recipes()}
SMALL = {"Values": recipes(most=5), "Tensors": tensor_recipes(most=3)}


def of_either_kind(kinds):
    """A test of random graphs of Values, and one of those of Tensors: it takes the recipe, its leaves and y."""

    def decorate(test):
        def of_one_kind(kind, data):
            recipe = data.draw(kinds[kind])
            leaves = recipe.leaves()
            test(recipe, leaves, recipe(*leaves))

        of_one_kind.__name__ = of_one_kind.__qualname__ = test.__name__
        return pytest.mark.parametrize("kind", kinds)(given(st.data())(of_one_kind))

    return decorate


def by_backward(y, leaves):
    """∂y/∂x for every number of the leaves."""
    y.backward()
    return [x.grad for x in flatten(leaves)]


def over_all_paths(y, partials=lambda node: node.partials, most=20_000):
    """Σ over all paths of the product of the partials along it, for every node: calculus, not an algorithm."""
    totals, stack, paths = defaultdict(float), [(y, 1.0)], 0
    while stack:
        node, product = stack.pop()
        totals[node] += product
        stack += [(a, product * p) for a, p in zip(node.inputs, partials(node))]
        paths += 1
        assume(paths <= most)
    return totals


def by_linear_equations(y, size=lambda p: p):
    """The same sums as one row of (1 − P)⁻¹ = 1 + P + P² + …, where P holds the partial of every edge."""
    order = topological_order(y)
    at = {node: i for i, node in enumerate(order)}
    matrix = np.eye(len(order))
    for b in order:
        for a, p in zip(b.inputs, b.partials):
            matrix[at[a], at[b]] -= size(p)
    return dict(zip(order, np.linalg.solve(matrix, np.eye(len(order))[-1])))


def slack(y, leaves):
    """How far two of these sums may be apart, for every number of the leaves.

    A path of d edges is a product with d roundings, and of e edges in the graph no more than e are
    added into a total: an error of at most 2 e ε Σ |product of a path|, and twice that for two ways.
    """
    edges = sum([len(node.inputs) for node in topological_order(y)])
    sizes = by_linear_equations(y, size=abs)
    return [4 * edges * EPSILON * sizes.get(x, 0.0) for x in flatten(leaves)]


def assert_close(mine, others, tolerances):
    for a, b, tolerance in zip(mine, others, tolerances, strict=True):
        assert abs(a - b) <= tolerance


def test_random_graphs_contain_every_row_of_the_table():
    results = [step(Value(0.5), Value(-0.25), Value(0.75)) for step in STEPS.values()]
    assert set(DOMAINS) <= {node.op for node in topological_order(*results)}


@of_either_kind(KINDS)
def test_grad_and_forward_mode_give_the_gradient_of_backward(recipe, leaves, y):
    gradient, tolerances = by_backward(y, leaves), slack(y, leaves)
    assert_close(gradient, [dx.data for dx in flatten(grad(y, leaves))], tolerances)
    assert_close(gradient, [jvp(y, x, 1.0).data for x in flatten(leaves)], tolerances)


@of_either_kind(KINDS)
def test_a_direction_in_forward_mode_is_the_gradient_times_the_direction(recipe, leaves, y):
    tangents = [(-1.0) ** i * (i + 1) for i in range(len(flatten(leaves)))]
    products = [g * t for g, t in zip(by_backward(y, leaves), tangents)]
    # As far as each derivative may be off, times its tangent.
    tolerance = sum([s * abs(t) for s, t in zip(slack(y, leaves), tangents)])
    assert abs(jvp(y, flatten(leaves), tangents).data - sum(products)) <= tolerance


@given(recipes(most=6))
def test_the_gradient_is_the_sum_over_all_paths(recipe):
    leaves = recipe.leaves()
    y = recipe(*leaves)
    totals = over_all_paths(y)
    assert_close(by_backward(y, leaves), [totals[x] for x in leaves], slack(y, leaves))


@of_either_kind(KINDS)
def test_the_gradient_of_every_node_solves_the_linear_equations_of_the_graph(recipe, leaves, y):
    y.backward()
    nodes = topological_order(y)
    solution = by_linear_equations(y)
    assert_close([node.grad for node in nodes], [solution[node] for node in nodes], slack(y, nodes))


# Python 3.12 sums floats with a compensation that the + of a program does not have.
NAIVE_SUM = sys.version_info < (3, 12)


@of_either_kind(KINDS)
def test_a_compiled_program_gives_the_numbers_of_the_engine_also_for_other_inputs(recipe, leaves, y):
    program = compile_graph([y, grad(y, leaves)], [leaves])
    for start in (recipe.start, elsewhere(recipe.start)):
        leaves = Recipe({}, start).leaves()
        try:
            y = recipe(*leaves)
        except OverflowError:  # only the numbers that were drawn are sure to stay moderate
            continue
        engines = [v.data for v in flatten([y, grad(y, leaves)])]
        if start is recipe.start and NAIVE_SUM:
            assert flatten(program(start)) == engines  # to the last bit: operations stand in the engine's order
        # Elsewhere softmax keeps the shift that it was compiled with, which cancels but for rounding.
        scale = max(1.0, *map(abs, engines))
        assert flatten(program(start)) == pytest.approx(engines, abs=1e-10 * scale)


def elsewhere(start):
    """Other numbers of the same shapes, on the other side of many a kink."""
    return [elsewhere(x) if isinstance(x, list) else 0.3 - x for x in start]


# Differences. Their error is not guessed but measured and bounded, at each point anew.


def rounding(y):
    """To first order, how far the rounding of every node moves y.

    A node of k inputs is rounded some k + 2 times by ε of what it adds up, which is no more than
    |node| + Σ |∂node/∂a · a|, and y moves by ∂y/∂node times that.
    """
    total = 0.0
    for node, slope in by_linear_equations(y).items():
        terms = [p * a.data for a, p in zip(node.inputs, node.partials)]
        total += abs(slope) * (len(terms) + 2) * EPSILON * sum(map(abs, [node.data, *terms]))
    return total


H = EPSILON ** (1 / 3)


def assert_slopes(f, start, slopes):
    """That f has these slopes at `start`, as far as central differences can tell.

    With a step of h they are off by h² f‴/6, so those of h and 2h differ by three times that: the
    difference bounds it. Rounding adds its effect on f, divided by h, and on the steps themselves.
    """
    around = set()

    def recorded(*xs):
        y = f(*xs)
        around.add(decisions(y))
        return y

    fine, coarse = [flatten(central_difference(recorded, start, step=step)) for step in (H, 2 * H)]
    leaves = Recipe({}, start).leaves()
    y = f(*leaves)
    assume(around == {decisions(y)})
    noise = rounding(y) / H
    tolerances = [abs(a - b) + noise + own for a, b, own in zip(fine, coarse, slack(y, leaves))]
    scale = max(1.0, *map(abs, slopes))
    assert max(tolerances) < 1e-5 * scale  # so that a wrong slope is seen
    assert_close(slopes, fine, tolerances)


@of_either_kind(KINDS)
def test_backward_agrees_with_central_differences(recipe, leaves, y):
    assert_slopes(recipe, recipe.start, by_backward(y, leaves))


@settings(max_examples=settings.default.max_examples // 2)
@of_either_kind(SMALL)
def test_second_derivatives_are_the_slopes_of_first_ones(recipe, leaves, y):
    second = [[d.data for d in row] for row in hessian(y, leaves)]
    for i, row in enumerate(second[:3]):
        assert_slopes(lambda *xs, i=i: flatten(grad(recipe(*xs), list(xs)))[i], recipe.start, row)


@pytest.mark.parametrize("name", sorted({*STEPS, *TENSOR_STEPS}))
@settings(max_examples=5)
@given(st.data())
def test_every_step_alone_has_the_slopes_of_differences(name, data):
    for table in [table for table in (STEPS, TENSOR_STEPS) if name in table]:
        recipe = data.draw(single_steps(table, name))
        leaves = recipe.leaves()
        assert_slopes(recipe, recipe.start, by_backward(recipe(*leaves), leaves))


@settings(max_examples=settings.default.max_examples // 2)
@of_either_kind(SMALL)
def test_mixed_second_derivatives_do_not_depend_on_the_order(recipe, leaves, y):
    second = np.array([[d.data for d in row] for row in hessian(y, leaves)])
    # Slopes below a hundred along some twenty nodes, each off by ε where it is rounded.
    tolerance = 1e-11 * max(1.0, np.abs(second).max())
    np.testing.assert_allclose(second, second.T, rtol=0, atol=tolerance)
    # Forward over reverse mode, and reverse over forward mode: other graphs for the same derivatives.
    numbers = flatten(leaves)
    over_reverse = [[jvp(dx, x, 1.0).data for x in numbers] for dx in flatten(grad(y, leaves))]
    over_forward = [[d.data for d in grad(jvp(y, x, 1.0), numbers)] for x in numbers]
    np.testing.assert_allclose(second, over_reverse, rtol=0, atol=tolerance)
    np.testing.assert_allclose(second, over_forward, rtol=0, atol=tolerance)


@of_either_kind(KINDS)
def test_the_two_modes_are_transposes_of_each_other(recipe, leaves, y):
    """⟨v, J u⟩ by forward mode is ⟨Jᵀ v, u⟩ by reverse mode, for several results of one graph."""
    results = [node for node in topological_order(y) if node.op][-3:]
    v, u = [1.0, -2.0, 0.5][: len(results)], [(-1.0) ** i * (i + 1) for i in range(len(flatten(leaves)))]
    pushed = sum([vi * jvp(b, flatten(leaves), u).data for vi, b in zip(v, results)])
    pulled = sum([g.data * ui for g, ui in zip(flatten(grad(Value.dot(results, v), leaves)), u)])
    slacks = [abs(vi * ui) * s for vi, b in zip(v, results) for ui, s in zip(u, slack(b, leaves))]
    assert abs(pushed - pulled) <= 2 * sum(slacks)


def test_the_remainder_of_taylors_series_has_its_order():
    """f(x + h u) − Σₖ hᵏ f⁽ᵏ⁾ / k! up to k = n is O(hⁿ⁺¹): half the h divides it by 2ⁿ⁺¹."""

    def f(h):
        x, y = xs = [Value(0.3 + h), Value(-0.7 + 2 * h)]
        return (x * y + x).tanh() * y.exp(), xs

    derivative, xs = f(0.0)
    terms, remainders = [], []
    for k in range(5):
        terms.append(derivative.data / math.factorial(k))
        derivative = jvp(derivative, xs, [1.0, 2.0])
        series = [sum([t * h**k for k, t in enumerate(terms)]) for h in (1 / 64, 1 / 128)]
        remainders.append([f(h)[0].data - at for h, at in zip((1 / 64, 1 / 128), series)])
    # The next term is smaller by some h; the last remainder, 3e-9, is rounded by 1e-16.
    assert [large / small for large, small in remainders] == pytest.approx([2.0, 4.0, 8.0, 16.0, 32.0], rel=0.05)
