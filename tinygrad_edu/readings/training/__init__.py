"""Training: the loop of gradient descent, which records what it did.

film.py     the film of it: a page on which time is a slider, and small multiples on paper
"""

from __future__ import annotations

import random
import sys
from array import array
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from math import prod
from time import monotonic
from typing import Any

from ...errors import in_short
from ...network.nn import Module
from ...network.optim import Optimizer
from ...network.tensor import Tensor
from ...shapes import is_integer, nested
from ...tree import one_value
from ...value import Value, numbers
from ...writing.notation import short
from ..compiling import CompiledLoss

_WIDTH = 30  # of the bar on a terminal


@dataclass
class Record:
    """What a training leaves behind: its losses, and the parameters at the steps that were kept.

    Steps are counted from 1, and a moment by the steps before it: at moment 0 nothing has been learned, and
    `losses[n]` is the loss of the parameters after n steps, which step n + 1 computes before it changes them.

    Attributes:
        parameters: the path and the shape of each parameter, in the order of their numbers.
        losses: the loss of each step's batch.
        steps: the moments that were kept, the first and the last of every run among them.
        numbers: for each of these all numbers of all parameters, one after the other, to the last bit.
        held_out: for each of these the loss of the examples that are held out; empty if there are none.
        ended: why the training could not go on, or None.

    >>> record = Record([("w", ())], [4.0, 1.0], [0, 2], [array("d", [2.0]), array("d", [0.5])])
    >>> record.at(2)
    {'w': 0.5}
    """

    parameters: list[tuple[str, tuple[int, ...]]]
    losses: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    numbers: list[array[float]] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    ended: str | None = None

    def at(self, step: int) -> dict[str, Any]:
        """The parameters after so many steps, as a `state_dict`. Raises KeyError where they were not kept.

        >>> Record([("b", (2,))], [], [0], [array("d", [1.0, 2.0])]).at(0)
        {'b': [1.0, 2.0]}
        """
        if step not in self.steps:
            raise KeyError(f"the parameters after {step} steps were not kept; kept are those after {self.steps[:5]} …")
        flat = iter(self.numbers[self.steps.index(step)])
        return {path: nested([*islice(flat, prod(shape))], shape) for path, shape in self.parameters}

    def changes(self, digits: int) -> list[list[int]]:
        """The course of each number in whole multiples of 10⁻ᵈ, as third differences, which are short.

        Three running sums give it back, each moment rounded to `digits` decimals by itself: no error adds up.

        >>> record = Record([("w", ())], [], [0, 1, 2], [array("d", [x]) for x in (2.0, 0.333, -1.2)])
        >>> record.changes(2)                # 200, 33, −120 change by 200, −167, −153, and these by 200, −367, 14
        [[200, -567, 381]]
        """
        courses = [[round(x * 10**digits) for x in course] for course in zip(*self.numbers)]
        for _ in range(3):
            courses = [[b - a for a, b in pairwise([0, *course])] for course in courses]
        return courses


class Training:
    """A network that learns from examples.

    Each step is loss(net(x), y) over a batch, its gradient, and a step of the optimiser. `record` holds what happened.

    Args:
        net: a Module.
        loss: a function of a prediction and a target, such as `squared_error`.
        X, Y: examples and targets, one for each, as lists or arrays; classes are targets as `cross_entropy` has them.
            They may differ in shape, such as words, if a batch is a single one.
        optimizer: an SGD or an Adam of the network's parameters.
        batch_size: how many examples a step takes, by default all. A round goes through all of them, each once, in an
            order of its own; what is left at its end is a smaller batch.
        seed: decides the order; without it `random.seed` does.
        held_out: (X, Y) that are not learned from; their loss is recorded at the steps that are kept.
        keep: how many steps there are from one moment that is kept to the next.
        backend: the module `numpy` computes losses and gradients by the program of arrays that `compile_graph` prints,
            equal to the engine's but for rounding and many times as fast; without it the engine does.

    Raises:
        TypeError: `net` is not a Module, or `optimizer` not an Optimizer.
        ValueError: no examples, another number of targets, a size below 1, another backend, or with one what
            `compile_graph` refuses.

    >>> from tinygrad_edu import MLP, SGD, squared_error
    >>> net = MLP([1, 1], init=0.0)
    >>> training = Training(net, squared_error, [[1.0], [2.0]], [[1.0], [2.0]], SGD(net.parameters(), lr=0.1))
    >>> [round(loss, 3) for loss in training.run(2, progress=False).losses]         # ½ (1² + 2²), then of 0.5 x + 0.3
    [2.5, 0.265]
    """

    def __init__(
        self,
        net: Module,
        loss: Callable[..., Any],
        X: Any,
        Y: Any,
        optimizer: Optimizer,
        batch_size: int | None = None,
        seed: int | None = None,
        held_out: tuple[Any, Any] | None = None,
        keep: int = 1,
        backend: Any = None,
    ) -> None:
        if not isinstance(net, Module):
            raise TypeError(f"Training: the net is a Module, not {in_short(net)}")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"Training: the optimizer is an SGD or an Adam, not {in_short(optimizer)}")
        self.net, self.loss, self.optimizer = net, loss, optimizer
        self.X, self.Y = _examples("X and Y", X, Y)
        self.batch_size = len(self.X) if batch_size is None else _above_0("batch_size", batch_size)
        self.keep = _above_0("keep", keep)
        self.seed = random.getrandbits(32) if seed is None else seed
        self.held_out = None if held_out is None else _examples("held_out", *held_out)
        self.values = [value for parameter in net.parameters() for value in parameter.values]
        self.record = Record([(path, parameter.shape) for path, parameter in net.named_parameters()])
        self._gradients = self._by_engine if backend is None else self._by_program(backend)
        self._before: tuple[Any, ...] | None = None  # what a step that is not whole began with

    def batch(self, step: int) -> list[int]:
        """Which examples the step after so many takes, by their places.

        >>> from tinygrad_edu import MLP, SGD, squared_error
        >>> net = MLP([1, 1], init=0.0)
        >>> X = [[1.0], [2.0], [3.0]]
        >>> training = Training(net, squared_error, X, X, SGD(net.parameters(), lr=0.1), batch_size=2, seed=0)
        >>> sorted(training.batch(0) + training.batch(1))
        [0, 1, 2]
        """
        places = list(range(len(self.X)))
        if self.batch_size >= len(places):
            return places
        round_, k = divmod(step, -(-len(places) // self.batch_size))
        random.Random(f"{self.seed} {round_}").shuffle(places)
        return places[k * self.batch_size :][: self.batch_size]

    def run(self, steps: int, progress: bool = True) -> Record:
        """Take so many steps more, and return the record.

        An interrupt, such as Ctrl-C, leaves the network, the optimiser and the record as they were after the last
        whole step; another `run` goes on from there to the same numbers.

        Raises ArithmeticError or ValueError where a step cannot be computed or diverges; the steps before it are kept.

        >>> from tinygrad_edu import MLP, SGD, squared_error
        >>> net = MLP([1, 1], init=0.0)
        >>> training = Training(net, squared_error, [[1.0]], [[1.0]], SGD(net.parameters(), lr=0.5))
        >>> training.run(1, progress=False).at(1)
        {'layers.0.W': [[0.5]], 'layers.0.b': [0.5]}
        """
        self._restore()  # where an interrupt came while another was handled
        first = len(self.record.losses)
        last = first + _above_0("steps", steps)
        counted = _counted(first, last, self.record.losses, progress)
        self.record.ended = None
        try:
            for step in counted:
                self._before = self._state()
                if not self.record.steps:
                    self._keep()
                loss = self._gradients(step)
                self.optimizer.step()
                self.record.losses.append(loss)
                if (step + 1) % self.keep == 0 or step + 1 == last:
                    self._keep()
                self._before = None
        except BaseException as error:
            self._restore()
            if isinstance(error, (ArithmeticError, ValueError)):
                self.record.ended = f"step {len(self.record.losses) + 1}: {error}"
                raise type(error)(f"Training: {self.record.ended}") from None
            raise
        finally:
            counted.close()
        return self.record

    def loss_at(self, step: int) -> Value:
        """The loss of the batch of the step after so many, with the parameters as they are now.

        >>> from tinygrad_edu import MLP, SGD, squared_error
        >>> net = MLP([1, 1], init=0.0)
        >>> Training(net, squared_error, [[1.0]], [[3.0]], SGD(net.parameters(), lr=0.5)).loss_at(0).data
        4.5
        """
        x, y = _batch(*[[part[i] for i in self.batch(step)] for part in (self.X, self.Y)])
        return one_value(self.loss(self.net(x), y))

    def _by_engine(self, step: int) -> float:
        """The loss of a step's batch; its gradient is left in the parameters."""
        loss = self.loss_at(step)
        self.optimizer.zero_grad()
        loss.backward()
        return loss.data

    def _by_program(self, numpy: Any) -> Callable[[int], float]:
        """As `_by_engine`, by a program that is compiled here."""
        if getattr(numpy, "__name__", None) != "numpy":
            raise ValueError(f"Training: the backend is numpy, or None for the engine, not {in_short(numpy)}")
        x, y = _batch(self.X[:2], self.Y[:2])
        targets = self.Y
        if isinstance(y, list):  # classes, which cannot be inputs of a program
            classes = range(self.net(x).shape[-1])
            targets = [[float(j == k) for j in classes] for k in targets]
            y = Tensor(targets[:2], label="y")
        # Through a function that takes no `reduction`, so that the loss has its own.
        program = CompiledLoss(self.net, lambda z, y: self.loss(z, y), x.tolist()[0], y.tolist()[0])
        X, Y = numpy.array(self.X, dtype=float), numpy.array(targets, dtype=float)

        def gradients(step: int) -> float:
            chosen = self.batch(step)
            self.optimizer.zero_grad()
            return program(X[chosen], Y[chosen])

        return gradients

    def _keep(self) -> None:
        """Record the parameters as they are now."""
        self.record.steps.append(len(self.record.losses))
        self.record.numbers.append(array("d", numbers(self.values)))
        if self.held_out:
            x, y = _batch(*self.held_out)
            self.record.held_out.append(one_value(self.loss(self.net(x), y)).data)

    def _state(self) -> tuple[Any, ...]:
        """All that a step changes."""
        optimizer, record = self.optimizer, self.record
        return numbers(self.values), optimizer.t, optimizer.state, len(record.losses), len(record.steps)

    def _restore(self) -> None:
        """Take a step back that is not whole."""
        if self._before is None:
            return
        data, self.optimizer.t, self.optimizer.state, losses, kept = self._before
        put(self.values, data)
        self.optimizer.zero_grad()
        record = self.record
        del record.losses[losses:]
        for column in record.steps, record.numbers, record.held_out:
            del column[kept:]
        self._before = None


def put(values: Sequence[Value], data: Sequence[float]) -> None:
    """Give each Value a number.

    >>> w = Value(1.0); put([w], [2.0]); w.data
    2.0
    """
    for value, number in zip(values, data):
        value.data = number


def _examples(name: str, X: Any, Y: Any) -> tuple[list[Any], list[Any]]:
    """Examples and targets as lists of one length."""
    X, Y = [list(part.tolist() if hasattr(part, "tolist") else part) for part in (X, Y)]
    if not X or len(X) != len(Y):
        raise ValueError(f"Training: {name}: a target for each example is needed, not {len(Y)} for {len(X)}")
    return X, Y


def _batch(X: Sequence[Any], Y: Sequence[Any]) -> tuple[Tensor, Any]:
    """Examples as the rows of a Tensor, and their targets; classes stay a list of whole numbers."""
    return Tensor(X, label="x"), [*Y] if all(map(is_integer, Y)) else Tensor(Y, label="y")


def _above_0(name: str, n: Any) -> int:
    if not is_integer(n) or n < 1:
        raise ValueError(f"Training: {name} is a whole number above 0, not {n!r}")
    return int(n)


def _counted(first: int, last: int, losses: list[float], shown: bool) -> Generator[int, None, None]:
    """The steps from `first` to `last`. What is done is shown on the error stream: on a terminal and in a notebook as
    a bar that is drawn again, elsewhere as a line a second."""
    redraws = sys.stderr.isatty() or "ipykernel" in sys.modules
    began = due = monotonic()
    line = ""
    try:
        for done in range(first + 1, last + 1):
            yield done - 1
            now = monotonic()
            if shown and (now >= due or done == last):
                due = now + (0.1 if redraws else 1.0)
                rate = (done - first) / max(now - began, 1e-9)
                said = f"step {done:>{len(str(last))}} of {last}  loss {short(losses[-1])}  {rate:.3g} steps/s"
                bar = f"\r▕{'█' * round(_WIDTH * done / last):{_WIDTH}}▏ " if redraws else ""
                line = f"{bar}{said}".ljust(len(line))  # over all of the line before
                print(line, end="" if redraws else "\n", file=sys.stderr, flush=True)
    finally:
        if line and redraws:
            print(file=sys.stderr, flush=True)
