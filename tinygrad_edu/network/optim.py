"""Optimisers: they change the data of parameters by their gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, isfinite, sqrt
from typing import Any, TypeAlias

from ..tree import values_in
from ..value import Value, all_finite, numbers, real_number
from .tensor import Tensor

Parameters: TypeAlias = Iterable[Value | Tensor | Iterable[Any]] | Mapping[Any, Any]


class Optimizer:
    """What SGD and Adam share: the parameters, the learning rate, and a step that is all or none.

    Args:
        params: Values and Tensors, such as `module.parameters()`, or a dict or nested lists of them.
        lr: the learning rate η, above 0; it may be changed between steps.
        weight_decay: λ ≥ 0; λθ is added to the gradient, as for a loss with ½ λ Σ θ².

    Raises:
        ValueError: no parameters, one that was computed, or a setting out of its range.
        TypeError: a parameter is no Value.

    >>> Optimizer([Value(2.0)], lr=0)
    Traceback (most recent call last):
    ValueError: lr must be above 0, not 0.0
    """

    __slots__ = ("values", "lr", "weight_decay")  # a misspelt setting is refused
    settings: tuple[str, ...] = ("lr", "weight_decay")  # what the repr shows

    def __init__(self, params: Parameters, lr: float, weight_decay: float = 0.0) -> None:
        if hasattr(params, "parameters"):
            raise TypeError(f"{type(self).__name__}: a Module gives its parameters as net.parameters()")
        tree = params if isinstance(params, Mapping) else list(params)
        self.values: list[Value] = list(dict.fromkeys(values_in(tree)))
        if not self.values:
            raise ValueError(f"{type(self).__name__}: there are no parameters to learn")
        if any(value.op for value in self.values):
            raise ValueError(f"{type(self).__name__}: parameters are leaves, but one of these was computed")
        self.lr = _in_range("lr", lr, 0.0, exclusive=True)
        self.weight_decay = _in_range("weight_decay", weight_decay, 0.0)

    def __repr__(self) -> str:
        settings = [f"{name}={getattr(self, name)}" for name in self.settings]
        return f"{type(self).__name__}({len(self.values)} numbers, {', '.join(settings)})"

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0; without it gradients add up.

        >>> w = Value(2.0); w.grad = 3.0
        >>> SGD([w], lr=0.1).zero_grad(); w.grad
        0.0
        """
        for value in self.values:
            value.grad = 0.0

    def gradients(self) -> list[float]:
        """∂L/∂θ + λθ for every parameter.

        >>> w = Value(2.0); w.grad = 3.0
        >>> SGD([w], lr=0.1, weight_decay=0.5).gradients()      # 3 + 0.5·2
        [4.0]
        """
        if not self.weight_decay:
            return [value.grad or 0.0 for value in self.values]
        return [(value.grad or 0.0) + self.weight_decay * value.data for value in self.values]

    def update(self, data: list[float]) -> None:
        """Give every parameter its new number, or raise OverflowError and change none.

        >>> w = Value(2.0)
        >>> SGD([w], lr=0.1).update([5.0]); w.data
        5.0
        """
        if not all_finite(data):
            value, new = next((value, new) for value, new in zip(self.values, data) if not isfinite(new))
            raise OverflowError(
                f"{type(self).__name__}: the step takes {value.label or 'a parameter'} from {value.data} to {new}; "
                f"its gradient is {value.grad}, and the learning rate {self.lr} may be too large"
            )
        for value, number in zip(self.values, data):
            value._data = number


class SGD(Optimizer):
    """Gradient descent, θ ← θ − η v, with v = ∂L/∂θ, or with momentum μ: v ← μv + ∂L/∂θ.

    Args:
        params, lr, weight_decay: see `Optimizer`.
        momentum: μ, from 0 to below 1.

    Source: the notes, W ← W − η ∂L/∂W; momentum as in PyTorch.

    >>> w = Value(1.0)
    >>> sgd = SGD([w], lr=0.1)
    >>> (w * w).backward(); sgd.step(); w.data                  # 1 − 0.1·2
    0.8
    """

    __slots__ = ("momentum", "velocity")
    settings = ("lr", "momentum", "weight_decay")

    def __init__(self, params: Parameters, lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        super().__init__(params, lr, weight_decay)
        self.momentum = _in_range("momentum", momentum, 0.0, 1.0)
        self.velocity = [0.0] * len(self.values)

    def step(self) -> None:
        """Take one step. Raises OverflowError, and changes nothing, if a number would be too large.

        >>> w = Value(2.0); w.grad = 3.0
        >>> SGD([w], lr=0.5).step(); w.data                     # 2 − 0.5·3
        0.5
        """
        velocity = self.gradients()
        if self.momentum:
            velocity = [self.momentum * v + g for v, g in zip(self.velocity, velocity)]
        self.update([x - self.lr * v for x, v in zip(numbers(self.values), velocity)])
        self.velocity = velocity


class Adam(Optimizer):
    """Adam: each parameter's step is scaled by running means of its gradient g and of g².

    m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  and after t steps
    θ ← θ − η m̂ / (√v̂ + ε)  with  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ).

    Args:
        params, lr, weight_decay: see `Optimizer`.
        betas: β₁ and β₂, from 0 to below 1.
        eps: ε, above 0.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.

    >>> w = Value(1.0)
    >>> adam = Adam([w], lr=0.1)
    >>> (w * w).backward(); adam.step(); round(w.data, 6)       # the first step is η long
    0.9
    """

    __slots__ = ("betas", "eps", "t", "m", "v")
    settings = ("lr", "betas", "eps", "weight_decay")

    def __init__(
        self,
        params: Parameters,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        if not isinstance(betas, (list, tuple)) or len(betas) != 2:
            raise ValueError(f"Adam: betas are two numbers, (β₁, β₂), not {betas!r}")
        self.betas = (_in_range("beta 1", betas[0], 0.0, 1.0), _in_range("beta 2", betas[1], 0.0, 1.0))
        self.eps = _in_range("eps", eps, 0.0, exclusive=True)
        self.t = 0
        self.m = [0.0] * len(self.values)
        self.v = [0.0] * len(self.values)

    def step(self) -> None:
        """Take one step. Raises OverflowError, and changes nothing, if a number would be too large.

        >>> w = Value(2.0); w.grad = 3.0
        >>> Adam([w], lr=0.5).step(); round(w.data, 6)          # 2 − 0.5·3/√3²
        1.5
        """
        (beta1, beta2), t = self.betas, self.t + 1
        gradients = self.gradients()
        m = [beta1 * m + (1 - beta1) * g for m, g in zip(self.m, gradients)]
        v = [beta2 * v + (1 - beta2) * g * g for v, g in zip(self.v, gradients)]
        if not all_finite(v):
            raise OverflowError("Adam: the square of a gradient is too large for a float")
        rate, scale = self.lr / (1 - beta1**t), 1 / sqrt(1 - beta2**t)
        self.update([x - rate * mi / (scale * sqrt(vi) + self.eps) for x, mi, vi in zip(numbers(self.values), m, v)])
        self.t, self.m, self.v = t, m, v


def _in_range(name: str, x: float, low: float, high: float = inf, exclusive: bool = False) -> float:
    """`x` as a finite float, if low ≤ x < high, or low < x where `exclusive`."""
    x = real_number(x)
    if not (low < x if exclusive else low <= x) or x >= high:
        bounds = f"{'above' if exclusive else 'at least'} {low:g}" + (f" and below {high:g}" if high < inf else "")
        raise ValueError(f"{name} must be {bounds}, not {x}")
    return x
