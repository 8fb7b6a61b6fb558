"""Training: the loop as it is written by hand, its record, and interrupts at any moment."""

import io
import math
import random
import sys

import numpy as np
import pytest
from interrupts import Countdown
from scripts import Terminal

from tinygrad_edu import MLP, SGD, Adam, Tensor, Training, cross_entropy, mse_loss, squared_error
from tinygrad_edu.readings import training as module

X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.5, -0.5]]
Y = [[0.0], [1.0], [1.0], [0.0], [0.25]]
OPTIMISERS = {"momentum": lambda p: SGD(p, lr=0.1, momentum=0.9), "Adam": lambda p: Adam(p, lr=0.05)}
every_optimiser = pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)


def training(make=OPTIMISERS["Adam"], loss=squared_error, targets=Y, sizes=(2, 3, 1), **options):
    net = MLP(list(sizes), seed=0)
    return Training(net, loss, X, targets, make(net.parameters()), **options)


@every_optimiser
@pytest.mark.parametrize("batch_size", [None, 2])
def test_it_is_the_loop_written_by_hand(make, batch_size):
    trained = training(make, batch_size=batch_size, seed=1)
    net = MLP([2, 3, 1], seed=0)
    optimiser, losses, numbers = make(net.parameters()), [], [net.state_dict()]
    for step in range(7):
        batch = trained.batch(step)
        loss = squared_error(net([X[i] for i in batch]), [Y[i] for i in batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        numbers.append(net.state_dict())
    record = trained.run(7, progress=False)
    assert record.losses == losses and record.steps == [*range(8)] and record.ended is None
    assert [record.at(step) for step in record.steps] == numbers
    assert trained.net.state_dict() == numbers[-1] and trained.optimizer.state == optimiser.state


def test_a_round_takes_every_example_once_in_an_order_of_its_own():
    trained = training(batch_size=2, seed=7)
    rounds = [[i for step in (3 * k, 3 * k + 1, 3 * k + 2) for i in trained.batch(step)] for k in range(20)]
    assert all(sorted(places) == [*range(5)] for places in rounds) and len({*map(tuple, rounds)}) > 10
    assert [len(trained.batch(step)) for step in range(4)] == [2, 2, 1, 2]
    assert [trained.batch(5), trained.batch(0)] == [training(batch_size=2, seed=7).batch(k) for k in (5, 0)]
    orders = []
    for seed in 3, 3, 4:
        random.seed(seed)
        unseeded = training(batch_size=2)
        orders.append([unseeded.batch(step) for step in range(9)])
    assert orders[0] == orders[1] != orders[2]


def test_it_goes_on_where_it_stopped():
    whole, parts = training(batch_size=2, seed=0), training(batch_size=2, seed=0)
    whole.run(9, progress=False)
    for steps in 4, 3, 2:
        parts.run(steps, progress=False)
    assert parts.record == whole.record


def test_kept_are_the_first_the_last_and_every_so_many():
    trained = training(keep=4, held_out=(X[:2], Y[:2]))
    record = trained.run(10, progress=False)
    assert record.steps == [0, 4, 8, 10] and len(record.losses) == 10
    assert record.held_out[-1] == squared_error(trained.net(X[:2]), Y[:2]).item() and len(record.held_out) == 4
    with pytest.raises(KeyError, match=r"after 5 steps were not kept; kept are those after \[0, 4, 8, 10\]"):
        record.at(5)


@pytest.mark.parametrize("digits", [0, 4, 9])
def test_the_changes_add_up_to_the_rounded_numbers_without_an_error_that_grows(digits):
    record = training().run(50, progress=False)
    sums = record.changes(digits)
    for _ in range(3):
        sums = np.cumsum(sums, axis=1)
    np.testing.assert_array_equal(np.transpose(sums), [[round(x * 10**digits) for x in row] for row in record.numbers])


def test_classes_and_arrays_are_targets_too():
    record = training(loss=cross_entropy, targets=[0, 1, 1, 0, 1], sizes=(2, 3, 2), batch_size=3, seed=0).run(3, False)
    assert record.losses[0] == pytest.approx(math.log(2), abs=0.5)
    net = MLP([2, 1], seed=0)
    again = Training(net, mse_loss, np.array(X), np.array(Y), SGD(net.parameters(), lr=0.1)).run(2, False)
    net = MLP([2, 1], seed=0)
    assert again.losses == Training(net, mse_loss, Tensor(X), Y, SGD(net.parameters(), lr=0.1)).run(2, False).losses


@every_optimiser
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("loss", [squared_error, mse_loss, cross_entropy])
def test_numpy_takes_the_same_steps(make, batch_size, loss):
    how = {"targets": [0, 1, 1, 0, 1], "sizes": (2, 3, 2)} if loss is cross_entropy else {}
    ours, theirs = [training(make, loss, batch_size=batch_size, seed=1, backend=b, **how) for b in (None, np)]
    a, b = ours.run(20, progress=False), theirs.run(20, progress=False)
    assert a.losses == pytest.approx(b.losses, rel=1e-11)  # 1e-12 a step
    np.testing.assert_allclose(a.numbers, b.numbers, rtol=0, atol=1e-11)


def test_a_step_that_numpy_cannot_take_has_the_sentence_of_the_engine():
    with pytest.raises(ValueError, match="Training: the backend is numpy, or None for the engine, not module"):
        training(backend=math)
    trained = training(lambda p: SGD(p, lr=1e200), backend=np)
    with pytest.raises(OverflowError, match=r"^Training: step \d+: "):
        trained.run(20, progress=False)
    assert 0 < len(trained.record.losses) < 20 and all(map(math.isfinite, trained.record.numbers[-1]))


# What ends it.


@every_optimiser
def test_an_interrupt_at_any_moment_leaves_the_last_whole_step_and_it_goes_on_to_the_same_numbers(make):
    def small():
        net = MLP([1, 2, 1], seed=0)
        return Training(net, squared_error, [[1.0], [0.5]], [[1.0], [0.25]], make(net.parameters()), 1, seed=0)

    whole, n, interrupted = small(), 0, True
    whole.run(4, progress=False)
    while interrupted:
        trained, before = small(), sys.gettrace()
        sys.settrace(Countdown(n))
        try:
            trained.run(4, progress=False)
            interrupted = False
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        if len(trained.record.losses) < 4:
            at = len(trained.record.losses)
            assert [value.data for value in trained.values] == [*whole.record.numbers[at]]
            trained.run(4 - at, progress=False)
        assert trained.record == whole.record and trained.optimizer.state == whole.optimizer.state, n
        n += 1 + n // 50
    assert n > 1000


def test_a_step_that_diverges_ends_it_with_the_sentence_of_the_engine_and_the_steps_before_it():
    net = MLP([2, 3, 1], seed=0, activation="relu")
    trained = Training(net, squared_error, X, Y, SGD(net.parameters(), lr=1e60), keep=2)
    with pytest.raises(OverflowError, match=r"^Training: step \d+: .* has no finite value|too large"):
        trained.run(50, progress=False)
    record = trained.record
    assert record.ended.startswith(f"step {len(record.losses) + 1}: ") and 0 < len(record.losses) < 50
    assert all(map(math.isfinite, record.losses)) and record.steps == [*range(0, len(record.losses) + 1, 2)]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"net": 3}, TypeError, "Training: the net is a Module, not int 3"),
        ({"optimizer": 0.1}, TypeError, "Training: the optimizer is an SGD or an Adam, not float 0.1"),
        ({"Y": [[1.0]]}, ValueError, "Training: X and Y: a target for each example is needed, not 1 for 5"),
        ({"X": [], "Y": []}, ValueError, "a target for each example is needed, not 0 for 0"),
        ({"held_out": (X, Y[:1])}, ValueError, "Training: held_out: a target for each example"),
        ({"batch_size": 0}, ValueError, "Training: batch_size is a whole number above 0, not 0"),
        ({"keep": 1.5}, ValueError, "Training: keep is a whole number above 0, not 1.5"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    net = MLP([2, 1], seed=0)
    given = {"net": net, "loss": squared_error, "X": X, "Y": Y, "optimizer": SGD(net.parameters(), lr=0.1)}
    with pytest.raises(error, match=message):
        Training(**given | options)


# How far it is.


def test_a_terminal_has_a_bar_and_a_pipe_lines(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(module, "monotonic", lambda: next(clock) * 0.6)
    for stream in Terminal(), io.StringIO():
        monkeypatch.setattr(sys, "stderr", stream)
        training().run(4)
        said = stream.getvalue()
        if stream.isatty():
            assert (
                said.count("\r") == 4 and said.endswith("\n") and "▕██████████████████████████████▏ step 4 of 4" in said
            )
        else:
            assert [line[:11] for line in said.splitlines()] == ["step 1 of 4", "step 3 of 4", "step 4 of 4"]
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    training().run(4, progress=False)
    assert stream.getvalue() == ""
