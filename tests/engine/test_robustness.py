"""A hundred thousand nodes and a million, a thousand training runs, copies."""

import copy
import gc
import pickle
import tracemalloc

import pytest

from tinygrad_edu import MLP, SGD, Adam, Tensor, Value, draw, explain, grad, squared_error, step_through

# Large graphs.


def negated(n):
    """x and −(−(… −x)), so many times."""
    x = y = Value(0.5, label="x")
    for _ in range(n):
        y = -y
    return x, y


@pytest.fixture(scope="module", params=[100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def chain(request):
    return negated(request.param)


def test_a_long_chain_is_differentiated(chain):
    x, y = chain
    y.backward()
    assert (y.data, x.grad, y.inputs[0].grad) == (0.5, 1.0, -1.0)


def test_the_gradient_of_a_long_chain_is_a_graph_too(chain):
    x, y = chain
    assert grad(y, x).data == 1.0


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (explain, r"explain: 1[0,]*001 numbers are too many to read one by one"),
        (draw, r"draw: 1[0,]*001 cards .* are too many to lay out or to read"),
        (step_through, r"step_through: .* steps through 1[0,]*001 cards .* are too many"),
        (copy.deepcopy, "only leaves can be copied"),
        (pickle.dumps, "only leaves can be copied"),
    ],
)
@pytest.mark.parametrize("n", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_what_is_too_large_to_read_or_to_copy_is_refused_in_a_sentence(read, message, n):
    with pytest.raises((ValueError, TypeError), match=message):
        read(negated(n)[1])


def test_a_deep_graph_is_freed_without_recursion():
    gc.collect()
    before = len(gc.get_objects())
    y = Value(1.0)
    for _ in range(250_000):
        y = -y
    assert len(gc.get_objects()) - before > 250_000
    del y  # a recursion in C would end the process here
    # Python keeps up to 2,000 freed tuples of each length, but not among the objects it tracks.
    assert len(gc.get_objects()) - before < 100


@pytest.mark.parametrize("add", [Value.sum, sum, lambda xs: Tensor(xs).sum()[()]], ids=["node", "chain", "Tensor"])
def test_a_wide_sum(add):
    xs = [Value(float(i)) for i in range(100_000)]
    y = add(xs)
    y.backward()
    assert y.data == 99_999 * 50_000
    assert {x.grad for x in xs} == {1.0}


# Memory.


def train(net, sgd):
    loss = squared_error(net([1.0, -0.5]), [0.3])
    sgd.zero_grad()
    loss.backward()
    sgd.step()
    return loss.item()


def test_a_thousand_training_runs_leave_nothing_behind_and_need_no_garbage_collector():
    net = MLP([2, 3, 1], seed=0)
    sgd = SGD(net.parameters(), lr=0.01)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(2000):  # Python keeps up to 2,000 freed tuples of each length for later: let it have them
            train(net, sgd)
        objects, memory = len(gc.get_objects()), tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            train(net, sgd)
        # The smallest object, kept by each of the runs, would be 24 kB.
        assert tracemalloc.get_traced_memory()[0] - memory < 8_000
        assert len(gc.get_objects()) - objects < 100
        loss = squared_error(net([1.0, -0.5]), [0.3])  # nor do gradients as values
        second = grad(sum([(g * g).sum() for g in grad(loss, net.parameters())]), net.parameters())
        assert len(second) == 4
        del loss, second
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()


# Copies.

PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
COPIES = [copy.deepcopy, *[lambda x, p=p: pickle.loads(pickle.dumps(x, protocol=p)) for p in PROTOCOLS]]
every_copy = pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", *[f"pickle {p}" for p in PROTOCOLS]])


def everything(parameters):
    return [(type(p), p.shape, p.data, p.grad, p.label, [v.label for v in p.values]) for p in parameters]


@every_copy
def test_a_leaf_is_copied_with_number_gradient_and_label(copied):
    x = Value(0.1, label="x")
    (x * x).backward()
    c = copied(x)
    assert c is not x and (c.data, c.grad, c.label, c.op) == (0.1, 0.2, "x", None)
    (c * 3).backward()
    assert (x.grad, c.grad) == (0.2, 0.2 + 3.0)


@every_copy
def test_parameters_and_modules_are_copied_whole_and_learn_by_themselves(copied):
    net = MLP([2, 3, 1], seed=0)
    squared_error(net([1.0, -0.5]), [0.3]).backward()
    before = everything(net.parameters())
    assert everything(copied(net.parameters())) == before
    other = copied(net)
    assert everything(other.parameters()) == before and repr(other) == repr(net)
    assert other([0.25, 0.5]).data == net([0.25, 0.5]).data
    train(other, SGD(other.parameters(), lr=0.1))
    assert everything(other.parameters()) != before
    assert everything(net.parameters()) == before


@every_copy
@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.1, momentum=0.9), lambda p: Adam(p, 0.1)], ids=["SGD", "Adam"])
def test_a_module_and_its_optimiser_copied_together_go_on_together(copied, make):
    net = MLP([2, 3, 1], seed=0)
    optimiser = make(net.parameters())
    train(net, optimiser)
    pair = copied((net, optimiser))
    assert [train(*pair) for _ in range(3)] == [train(net, optimiser) for _ in range(3)]


@every_copy
def test_a_view_and_its_tensor_copied_together_share_their_numbers(copied):
    t = Tensor([[1.0, 2.0]], label="t")
    c, view = copied((t, t.T))
    c.data = [[5.0, 6.0]]
    assert (view.data, t.data, c.label) == ([[5.0], [6.0]], [[1.0, 2.0]], "t")


@pytest.mark.parametrize("copied", [copy.copy, *COPIES])
def test_what_was_computed_is_not_copied_and_says_what_to_do(copied):
    x = Value(3.0, label="x")
    y = x * 2
    y.label = "y"
    with pytest.raises(TypeError, match=r"^y = 6\.0 was computed: only leaves can be copied or pickled.*detach\(\)"):
        copied(y)
    assert copied(y.detach()).data == 6.0
    if copied is not copy.copy:
        net = MLP([2, 1], seed=0)
        net.last = net([1.0, 2.0])  # a Module that keeps a result
        with pytest.raises(TypeError, match="only leaves can be copied"):
            copied(net)
        net.last = net.last.detach()
        assert copied(net).last.data == net.last.data
