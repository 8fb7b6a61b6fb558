"""A hundred thousand nodes and a million, a thousand training runs, copies."""

import copy
import gc
import pickle
import tracemalloc

import pytest

from tinygrad_edu import MLP, SGD, Value, draw, explain, grad, squared_error, step_through

# Large graphs.


@pytest.fixture(scope="module", params=[100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def chain(request):
    """x and −(−(… −x)), so many times."""
    x = y = Value(0.5, label="x")
    for _ in range(request.param):
        y = -y
    return x, y


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
def test_what_is_too_large_to_read_or_to_copy_is_refused_in_a_sentence(chain, read, message):
    with pytest.raises((ValueError, TypeError), match=message):
        read(chain[1])


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
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()


# Copies.

COPIES = [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
every_copy = pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "pickle"])


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


@pytest.mark.parametrize("copied", [copy.copy, *COPIES])
def test_what_was_computed_is_not_copied_and_says_what_to_do(copied):
    x = Value(3.0, label="x")
    y = x * 2
    y.label = "y"
    with pytest.raises(TypeError, match=r"^y = 6\.0 was computed: only leaves can be copied or pickled.*detach\(\)"):
        copied(y)
    assert copied(y.detach()).data == 6.0
