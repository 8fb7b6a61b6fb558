"""An interrupt and a second thread at any moment: a graph is as it was or as it will be."""

import sys
import threading

import pytest

from tinygrad_edu import (
    MLP,
    SGD,
    Adam,
    CompiledLoss,
    Tensor,
    Value,
    explain,
    grad,
    jvp,
    squared_error,
    topological_order,
)

# Interrupts. A trace function raises before the k-th bytecode, for every k, as Python's own handler of
# Ctrl-C does: it runs between two bytecodes of the main thread.


class Countdown:
    """Lets n bytecodes of the package run, and then raises KeyboardInterrupt."""

    def __init__(self, n):
        self.left = n

    def __call__(self, frame, event, _):
        if "tinygrad_edu" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return self


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


@pytest.mark.parametrize("run", [Value.backward, Value.forward])
def test_an_interrupted_pass_has_changed_all_or_nothing(run):
    def graph():
        y, x, _ = small_graph()
        x.data = 0.75  # so that forward has something to do
        return y

    y = graph()
    before = state(y)
    run(y)
    after = state(y)
    assert before != after
    y, n = graph(), 0
    while interrupted(n, run, y):
        assert state(y) in (before, after), n
        y, n = graph(), n + 1
    assert n > 100 and state(y) == after


READINGS = {
    "grad": lambda y, x, w: grad(grad(y, x), [x, w]),
    "jvp": lambda y, x, w: jvp(y, [x, w], [1.0, 2.0]),
    "explain": lambda y, x, w: explain(y),
}


@pytest.mark.parametrize("run", READINGS.values(), ids=READINGS)
def test_an_interrupted_reading_has_changed_nothing(run):
    y, x, w = small_graph()
    before, n = state(y), 0
    while interrupted(n, run, y, x, w):
        assert state(y) == before
        n += 1 + n // 20  # up to some hundred moments, also of a long reading
    assert n > 100 and state(y) == before


def test_an_interrupted_tensor_is_backward_of_all_or_of_nothing():
    def graph():
        t = Tensor([[1.0, 2.0], [3.0, 4.0]])
        return (t @ t).sum()[()], t

    y, t = graph()
    y.backward()
    after, n = t.grad, 0
    while interrupted(n, y.backward):
        assert t.grad in ([[0.0, 0.0], [0.0, 0.0]], after), n
        y, t = graph()
        n += 1 + n // 50
    assert n > 100 and after == [[7.0, 11.0], [9.0, 13.0]]  # row sums of t plus column sums: Σⱼ tₖⱼ + Σᵢ tᵢₗ


@pytest.mark.parametrize("make", [SGD, Adam])
def test_an_interrupted_step_moves_all_parameters_or_none(make):
    def ready():
        net = MLP([2, 2, 1], seed=0)
        squared_error(net([1.0, -0.5]), [0.3]).backward()
        return net, make(net.parameters(), lr=0.1)

    net, optimiser = ready()
    before = net.state_dict()
    optimiser.step()
    after = net.state_dict()
    (net, optimiser), n = ready(), 0
    while interrupted(n, optimiser.step):
        assert net.state_dict() in (before, after), n
        (net, optimiser), n = ready(), n + 1
    assert n > 100 and net.state_dict() == after


def test_an_interrupted_compiled_loss_adds_all_of_its_gradient_or_nothing():
    net = MLP([2, 2, 1], seed=0)
    loss = CompiledLoss(net, squared_error, [1.0, 2.0], [0.5])
    batch = [[0.5, -1.0], [0.25, 2.0]], [[1.0], [0.0]]

    def gradients():
        return [p.grad for p in net.parameters()]

    before = gradients()
    loss(*batch)
    after, n = gradients(), 0
    net.zero_grad()
    while interrupted(n, loss, *batch):
        assert gradients() in (before, after), n
        net.zero_grad()
        n += 1
    assert n > 100 and gradients() == after


# Threads.


def in_threads(work, n=4):
    """What work(0), …, work(n − 1) return when they run at the same time, switched as often as possible."""
    results = [None] * n
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, work(i))) for i in range(n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return results


def test_threads_with_graphs_of_their_own_do_not_disturb_each_other():
    def losses(seed):
        net = MLP([2, 3, 1], seed=seed)
        sgd = SGD(net.parameters(), lr=0.1)
        found = []
        for _ in range(50):
            loss = squared_error(net([1.0, -0.5]), [0.3])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            found.append(loss.item())
        return found

    assert in_threads(losses) == [losses(seed) for seed in range(4)]


def test_threads_may_differentiate_graphs_of_their_own_as_values():
    def slopes(k):
        found = []
        for i in range(50):
            x = Value(0.1 * k + 0.01 * (i + 1))
            dx = grad((x * x).tanh() ** 2.5 + x**k, x)
            found.append((dx.data, grad(dx, x).data))
        return found

    assert in_threads(slopes) == [slopes(k) for k in range(4)]


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

    def work(_):
        for _ in range(20):
            Value.dot(leaves, [4.0] * 100).backward()

    in_threads(work)
    assert {x.grad % 4.0 for x in leaves} == {0.0}
    assert all(4.0 <= x.grad <= 4.0 * 80 for x in leaves)


def test_one_graph_read_by_several_threads():
    x = Value(0.5)
    y = (x * x).tanh()
    y.backward()
    want = state(y)

    def work(_):
        for _ in range(30):
            y.forward()
            assert state(y) == want
        return grad(grad(y, x), x).data

    assert len(set(in_threads(work))) == 1
