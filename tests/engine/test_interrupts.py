"""An interrupt at any moment, and threads: what is run again, or at the same time, gives the right numbers."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from interrupts import Countdown

from tinygrad_edu import MLP, SGD, Value, explain, grad, squared_error, topological_order

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


# Threads.


def in_threads(work, n=4):
    """What work(0), …, work(n − 1) return when they run at the same time, switched as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(n) as pool:
            return [*pool.map(work, range(n))]
    finally:
        sys.setswitchinterval(interval)


def test_threads_with_graphs_of_their_own_do_not_disturb_each_other():
    def numbers(k):
        net = MLP([2, 3, 1], seed=k)
        sgd = SGD(net.parameters(), lr=0.1)
        found = []
        for i in range(50):
            loss = squared_error(net([1.0, -0.5]), [0.3])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            x = Value(0.1 * k + 0.01 * (i + 1))
            dx = grad((x * x).tanh() ** 2.5 + x**k, x)
            found.append((loss.item(), dx.data, grad(dx, x).data))
        return found

    assert in_threads(numbers) == [numbers(k) for k in range(4)]


def test_threads_over_shared_leaves_find_their_own_gradients():
    leaves = [Value(0.1 * i) for i in range(10)]

    def work(k):
        found = []
        for _ in range(30):
            squares = [x * x for x in leaves]
            y = Value.dot(squares, [float(k)] * 10) + 1
            y.backward()
            found.append([node.grad for node in (*squares, y)])
            assert [dx.data for dx in grad(y, leaves)] == [2 * k * x.data for x in leaves]
        return found

    assert in_threads(work) == [[[float(k)] * 10 + [1.0]] * 30 for k in range(4)]


def test_a_shared_leaf_holds_a_sum_of_whole_gradients():
    # Two calls may read a leaf's sum at the same time, and one addition is then lost; never a part of one.
    leaves = [Value(1.0) for _ in range(100)]
    in_threads(lambda _: [Value.dot(leaves, [4.0] * 100).backward() for _ in range(20)])
    assert {x.grad % 4.0 for x in leaves} == {0.0}
    assert all(4.0 <= x.grad <= 4.0 * 80 for x in leaves)


def test_one_graph_read_by_several_threads():
    y, x, _ = small_graph()
    want = state(y)

    def work(_):
        for _ in range(30):
            y.forward()
            assert state(y) == want
        return grad(grad(y, x), x).data

    assert len({*in_threads(work)}) == 1
