"""Optimisers: they change the data of parameters by their gradients.

What a step does is a table of lines, each the next quantity from those before it. Like the rows of `ops.py` they take
floats, Values or symbols, so that `step` computes them and `explain(…, optimizer=…)` writes them.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from math import inf, isfinite
from typing import Any, NamedTuple, NoReturn, TypeAlias

from .. import errors
from ..tree import values_in
from ..value import Value, numbers
from .tensor import Tensor

Parameters: TypeAlias = Iterable[Value | Tensor | Iterable[Any]] | Mapping[Any, Any]


class Line(NamedTuple):
    """One line of an update: `quantity` ← value(*uses). θ is the parameter, g its gradient, η the learning rate.

    >>> DESCENT.value(1.0, 0.1, 2.0)                            # θ = 1, η = 0.1, g = 2
    0.8
    """

    quantity: str
    uses: tuple[str, ...]
    value: Callable[..., Any]


def sqrt(a: Any) -> Any:
    return math.sqrt(a) if isinstance(a, float) else a.sqrt()


# fmt: off
DESCENT  = Line("θ",  ("θ", "η", "g"),            lambda theta, lr, g: theta - lr * g)

VELOCITY = Line("v",  ("μ", "v", "g"),            lambda mu, v, g: mu * v + g)
MOMENTUM = Line("θ",  ("θ", "η", "v"),            lambda theta, lr, v: theta - lr * v)

MEAN     = Line("m",  ("β₁", "m", "g"),           lambda beta, m, g: beta * m + (1 - beta) * g)
SQUARES  = Line("v",  ("β₂", "v", "g"),           lambda beta, v, g: beta * v + (1 - beta) * (g * g))
UNBIASED = Line("m̂",  ("m", "β₁", "t"),           lambda m, beta, t: m / (1 - beta**t))
SCALE    = Line("v̂",  ("v", "β₂", "t"),           lambda v, beta, t: v / (1 - beta**t))
ADAM     = Line("θ",  ("θ", "η", "m̂", "v̂", "ε"),  lambda theta, lr, m, v, eps: theta - lr * m / (sqrt(v) + eps))
# fmt: on


class Optimizer:
    """What SGD and Adam share: the parameters, the learning rate, and a step that is all or none.

    Attributes:
        values: the numbers that are learned.
        t: how many steps were taken.
        state: what a step remembers for the next, m and v of the lines: a number for each of the values.

    Args:
        params: Values and Tensors, such as `module.parameters()`, or a dict or nested lists of them.
        lr: the learning rate η, above 0; it may be changed between steps, and is then checked by `step`.

    Raises:
        ValueError: no parameters, one that was computed, or a setting out of its range.
        TypeError: a parameter is not a Value.

    >>> Optimizer([Value(2.0)], lr=0)
    Traceback (most recent call last):
    ValueError: lr must be above 0, not 0.0
    """

    __slots__ = ("values", "lr", "t", "state")  # a misspelt setting is refused
    settings: tuple[str, ...] = ("lr",)  # what the repr shows

    def __init__(self, params: Parameters, lr: float) -> None:
        tree = list(params) if isinstance(params, Iterator) else params
        self.values: list[Value] = list(dict.fromkeys(values_in(tree)))
        if not self.values or any([value.op for value in self.values]):
            raise ValueError(f"{type(self).__name__}: parameters are leaves, at least one, and none was computed")
        self.lr = lr
        self.t = 0
        self.state = {letter: [0.0] * len(self.values) for letter in "mv"}
        self.numbers()  # refuses what is out of its range

    def __repr__(self) -> str:
        settings = [f"{name}={getattr(self, name)}" for name in self.settings]
        return f"{type(self).__name__}({len(self.values)} numbers, {', '.join(settings)})"

    def lines(self) -> tuple[Line, ...]:
        """What the next step does, line by line.

        >>> [line.quantity for line in SGD([Value(2.0)], lr=0.1, momentum=0.9).lines()]
        ['v', 'θ']
        """
        raise NotImplementedError

    def numbers(self) -> dict[str, float]:
        """The settings that the next step uses, by their letters. Raises ValueError for one that is out of its range.

        >>> Adam([Value(2.0)], lr=0.1).numbers()
        {'η': 0.1, 'β₁': 0.9, 'β₂': 0.999, 'ε': 1e-08, 't': 1.0}
        """
        return {"η": _in_range("lr", self.lr, 0.0, exclusive=True)}

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0; without it gradients add up.

        >>> w = Value(2.0); w.grad = 3.0
        >>> SGD([w], lr=0.1).zero_grad(); w.grad
        0.0
        """
        for value in self.values:
            value.grad = 0.0

    def step(self) -> None:
        """Take one step. Raises OverflowError, and changes nothing, if a number would be too large.

        >>> w, u = Value(2.0), Value(2.0); w.grad = u.grad = 3.0
        >>> SGD([w], lr=0.5).step(); w.data                     # 2 − 0.5·3
        0.5
        >>> Adam([u], lr=0.5).step(); round(u.data, 6)          # 2 − 0.5·3/√3²
        1.5
        """
        known: dict[str, Iterable[float]] = {letter: repeat(number) for letter, number in self.numbers().items()}
        known |= {"θ": numbers(self.values), "g": [value.grad or 0.0 for value in self.values], **self.state}
        now: dict[str, list[float]] = {}
        for line in self.lines():
            now[line.quantity] = known[line.quantity] = list(map(line.value, *[known[letter] for letter in line.uses]))
            if not errors.all_finite(now[line.quantity]):
                self._refuse(line.quantity, now[line.quantity])
        for value, number in zip(self.values, now["θ"]):
            value._data = number
        self.t += 1
        self.state = {letter: now.get(letter, column) for letter, column in self.state.items()}

    def _refuse(self, letter: str, column: list[float]) -> NoReturn:
        """Raise OverflowError for the first number of a line that is not finite."""
        value, new = next((value, new) for value, new in zip(self.values, column) if not isfinite(new))
        raise OverflowError(
            f"{type(self).__name__}: {letter} of {value.label or 'a parameter'} would be {new}; it is {value.data}, "
            f"its gradient {value.grad}, and the learning rate {self.lr} may be too large"
        )


class SGD(Optimizer):
    """Gradient descent, θ ← θ − η g, with g = ∂L/∂θ, or with momentum μ: v ← μv + g and θ ← θ − η v.

    Args:
        params, lr: see `Optimizer`.
        momentum: μ, from 0 to below 1.

    Source: the notes, W ← W − η ∂L/∂W; momentum as in PyTorch.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], lr=0.1)
    >>> (w * w).backward(); sgd.step(); w.data                  # 1 − 0.1·2
    0.8
    """

    __slots__ = ("momentum",)
    settings = ("lr", "momentum")

    def __init__(self, params: Parameters, lr: float, momentum: float = 0.0) -> None:
        self.momentum = momentum
        super().__init__(params, lr)

    def lines(self) -> tuple[Line, ...]:
        return (VELOCITY, MOMENTUM) if self.momentum else (DESCENT,)

    def numbers(self) -> dict[str, float]:
        return {**super().numbers(), "μ": _in_range("momentum", self.momentum, 0.0, 1.0)}


class Adam(Optimizer):
    """Adam: each parameter's step is scaled by running means of its gradient g and of g².

    m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  and in step t
    θ ← θ − η m̂ / (√v̂ + ε)  with  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ).

    Args:
        params, lr: see `Optimizer`.
        betas: β₁ and β₂, from 0 to below 1.
        eps: ε, above 0.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

    >>> w = Value(1.0)
    >>> adam = Adam([w], lr=0.1)
    >>> (w * w).backward(); adam.step(); round(w.data, 6)       # the first step is η long
    0.9
    """

    __slots__ = ("betas", "eps")
    settings = ("lr", "betas", "eps")

    def __init__(
        self, params: Parameters, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        self.betas = betas
        self.eps = eps
        super().__init__(params, lr)

    def lines(self) -> tuple[Line, ...]:
        return MEAN, SQUARES, UNBIASED, SCALE, ADAM

    def numbers(self) -> dict[str, float]:
        beta1, beta2 = [_in_range(f"beta {k}", beta, 0.0, 1.0) for k, beta in enumerate(self.betas, start=1)]
        eps = _in_range("eps", self.eps, 0.0, exclusive=True)
        return {**super().numbers(), "β₁": beta1, "β₂": beta2, "ε": eps, "t": self.t + 1.0}


def _in_range(name: str, x: float, low: float, high: float = inf, exclusive: bool = False) -> float:
    """`x` as a finite float, if low ≤ x < high, or low < x where `exclusive`."""
    x = errors.real_number(x)
    if not (low < x if exclusive else low <= x) or x >= high:
        bounds = f"{'above' if exclusive else 'at least'} {low:g}" + (f" and below {high:g}" if high < inf else "")
        raise ValueError(f"{name} must be {bounds}, not {x}")
    return x
