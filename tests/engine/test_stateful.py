"""The engine under any sequence of calls, beside a model that has no algorithm to get wrong."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tinygrad_edu import SGD, Tensor, Value, grad, jvp
from tinygrad_edu.network.functions import affine

# What a step computes: by the engine; as a number; and, written down once more, its slopes.
STEPS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, lambda a, b: [1.0, 1.0]),
    "subtract": (lambda a, b: a - b, lambda a, b: a - b, lambda a, b: [1.0, -1.0]),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b, lambda a, b: [b, a]),
    "square and double": (lambda a, b: a**2 + b * 2, lambda a, b: a * a + 2 * b, lambda a, b: [2 * a, 2.0]),
    "maximum": (Value.maximum, max, lambda a, b: [(a > b) + (a == b) / 2, (b > a) + (a == b) / 2]),
    "relu": (lambda a, b: a.relu() - b, lambda a, b: max(a, 0.0) - b, lambda a, b: [float(a > 0), -1.0]),
    "sum": (lambda a, b: Value.sum([a, b, a]), lambda a, b: a + b + a, lambda a, b: [2.0, 1.0]),
    "dot": (lambda a, b: Value.dot([a, b], [b, 3.0]), lambda a, b: a * b + 3 * b, lambda a, b: [b, a + 3]),
    "affine": (
        lambda a, b: affine(Tensor([[a, b]]), Tensor([b, 3.0]), Tensor([a]))[0],
        lambda a, b: a * b + 3 * b + a,
        lambda a, b: [b + 1, a + 3],
    ),
}


class Model:
    """A node: its number, its gradient, and its edges as they were when it was made.

    An edge is (a node below, the number it had, the slope).
    """

    def __init__(self, data, edges=(), step=None):
        self.data, self.edges, self.step = data, edges, step
        self.grad = self.size = 0.0  # size: the gradient with all its terms made positive
        self.how_many_paths = 1 + sum([below.how_many_paths for below, _, _ in edges])

    def paths(self):
        """For every path down from here, its end and the product of the slopes along it."""
        yield self, 1.0
        for below, _, slope in self.edges:
            for end, product in below.paths():
                yield end, slope * product

    def backward(self):
        products = {}
        for end, product in self.paths():
            products.setdefault(end, []).append(product)
        for end, its in products.items():
            if end.edges:  # a gradient of this call alone
                end.grad = end.size = 0.0
            end.grad += sum(its)
            end.size += sum(map(abs, its))

    def again(self, data):
        """Into `data`, for every node of this graph, the number and the edges that its leaves give now."""
        if self not in data:
            for below, _, _ in self.edges:
                below.again(data)
            data[self] = self.data, ()
            if self.edges:
                _, number, slopes = STEPS[self.step]
                numbers = [data[below][0] for below, _, _ in self.edges]
                edges = zip([below for below, _, _ in self.edges], numbers, slopes(*numbers))
                data[self] = number(*numbers), list(edges)

    def is_stale(self):
        return any([below.data != number or below.is_stale() for below, number, _ in self.edges])


small_numbers = st.integers(-12, 12).map(lambda k: k / 4)
pairs = Bundle("pairs")  # of a Value and its Model
leaves = Bundle("leaves")
some_leaves = st.lists(leaves, min_size=1, max_size=3)


class Engine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.all = []

    def keep(self, value, model):
        self.all.append((value, model))
        return value, model

    @initialize(targets=(pairs, leaves), numbers=st.tuples(*[small_numbers] * 3))
    def make_three_leaves(self, numbers):
        return multiple(*[self.keep(Value(number), Model(number)) for number in numbers])

    @rule(targets=(pairs, leaves), number=small_numbers)
    def make_a_leaf(self, number):
        return self.keep(Value(number), Model(number))

    @rule(target=pairs, name=st.sampled_from(sorted(STEPS)), a=pairs, b=pairs)
    def make_a_node(self, name, a, b):
        (a, model_a), (b, model_b) = a, b
        by_engine, number, slopes = STEPS[name]
        numbers = model_a.data, model_b.data
        edges = [(below, below.data, slope) for below, slope in zip((model_a, model_b), slopes(*numbers))]
        value = by_engine(a, b)
        assert value.data == pytest.approx(number(*numbers), rel=1e-12, abs=1e-9)
        model = Model(value.data, edges, name)  # to the last bit: which side of a kink it is on must be the same
        if abs(model.data) > 1e4 or model.how_many_paths > 300:
            return multiple()  # too large to list all paths
        return self.keep(value, model)

    @rule(targets=(pairs, leaves), pair=pairs)
    def detach(self, pair):
        value, model = pair
        return self.keep(value.detach(), Model(model.data))

    @rule(pair=pairs)
    def backward(self, pair):
        value, model = pair
        value.backward()
        model.backward()

    @rule(pair=pairs)
    def forward(self, pair):
        value, model = pair
        now = {}
        model.again(now)
        if max([abs(number) for number, _ in now.values()]) > 1e4:
            return
        value.forward()
        for of, node in self.all:
            if node in now:
                number, node.edges = now[node]
                # Sums of products of numbers below 1e4, rounded at each of some twenty nodes.
                assert of.data == pytest.approx(number, rel=1e-9, abs=1e-9)
                node.data = of.data

    @rule(pair=pairs)
    def a_backward_that_overflows_changes_nothing(self, pair):
        steep = pair[0]
        for _ in range(2):
            steep = (steep - steep.data) * 1e200  # 0, with the slope 1e200
        with pytest.raises(OverflowError, match=r"^backward: the gradient of"):
            steep.backward()

    @rule(some=some_leaves)
    def zero_grad(self, some):
        SGD([value for value, _ in some], lr=1.0).zero_grad()
        for _, model in some:
            model.grad = model.size = 0.0

    @rule(some=some_leaves, lr=st.sampled_from([0.5, 0.25]))
    def take_a_step_of_gradient_descent(self, some, lr):
        SGD([value for value, _ in some], lr=lr).step()
        for value, model in dict(some).items():
            assert abs(value.data - (model.data - lr * model.grad)) <= 1e-12 * (abs(model.data) + model.size)
            model.data = value.data
            if abs(model.data) > 100:
                model.data = value.data = 1.0

    @rule(leaf=leaves, number=small_numbers)
    def set_the_data_of_a_leaf(self, leaf, number):
        value, model = leaf
        value.data = model.data = number

    @rule(pair=pairs, some=st.lists(pairs, min_size=1, max_size=3))
    def derivatives_as_values_are_right_or_refused_and_change_nothing(self, pair, some):
        value, model = pair
        paths = list(model.paths())
        try:
            gradient = [dx.data for dx in grad(value, [x for x, _ in some], allow_unused=True)]
            forward = [jvp(value, x, 1.0, allow_unused=True).data for x, _ in some]
        except RuntimeError as error:
            assert "does not follow from" in str(error) and model.is_stale()
            return
        for (_, x), *found in zip(some, gradient, forward):
            products = [product for end, product in paths if end is x]
            for dx in found:
                assert abs(dx - sum(products)) <= 1e-12 * sum(map(abs, products))

    @invariant()
    def every_number_and_every_gradient_is_that_of_the_model(self):
        for value, model in self.all:
            assert value.data == model.data
            # 300 paths of 10 edges at most: 1e4 roundings of 1e-16 at the very most.
            assert abs(value.grad - model.grad) <= 1e-12 * model.size


TestEngine = Engine.TestCase
TestEngine.settings = settings(max_examples=2 * settings.default.max_examples, stateful_step_count=40)
