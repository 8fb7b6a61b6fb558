"""An interrupt at any moment: what is run again gives the right numbers."""

import sys

import pytest
from interrupts import Countdown

from tinygrad_edu import Value, explain, grad, topological_order

# Interrupts. A trace function raises before the k-th bytecode, for every k, as Python's own handler of
# Ctrl-C does: it runs between two bytecodes of the main thread.


def interrupted(n, run, *arguments):
    """Whether `run` was interrupted before its n-th bytecode; else it came to its end."""
    before = sys.gettrace()
    sys.settrace(Countdown(n))
    try:
        run(*arguments)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def small_graph():
    """Two leaves, a shared node, a vector; one backward pass has been run."""
    x, w = Value(0.5, label="x"), Value(-1.5, label="w")
    s = x * w
    s.label = "s"
    y = Value.sum([s.tanh(), s * x, w])
    y.backward()
    return y, x, w


def state(y):
    return [(node.data, node.grad, node.partials) for node in topological_order(y)]


def zero_grad(y):
    for node in topological_order(y):
        node.grad = 0.0


@pytest.mark.parametrize("run", [Value.backward, Value.forward])
def test_an_interrupted_pass_is_whole_when_it_is_run_again(run):
    def graph():
        y, x, _ = small_graph()
        x.data = 0.75  # so that forward has something to do
        if run == Value.backward:
            zero_grad(y)
        return y

    y = graph()
    before = state(y)
    run(y)
    after = state(y)
    assert before != after
    y, n = graph(), 0
    while interrupted(n, run, y):
        if run == Value.backward:
            zero_grad(y)
        run(y)
        assert state(y) == after, n
        y, n = graph(), n + 1
    assert n > 100


@pytest.mark.parametrize("run", [lambda y, x: grad(grad(y, x), x), lambda y, x: explain(y)], ids=["grad", "explain"])
def test_an_interrupted_reading_has_changed_nothing(run):
    y, x, _ = small_graph()
    before, n = state(y), 0
    while interrupted(n, run, y, x):
        assert state(y) == before
        n += 1 + n // 20  # up to some hundred moments, also of a long reading
    assert n > 100 and state(y) == before
