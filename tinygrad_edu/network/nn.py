"""Modules: functions with parameters, built from Tensors.

Weights have the shape (out_features, in_features), so that z = W h + b reads as on paper.
A batch holds one example a row, as in PyTorch: z = h Wᵀ + b.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from math import sqrt
from numbers import Real
from typing import Any, NoReturn, Self

from .. import errors, shapes
from ..value import Value
from ..writing.notation import of_layer
from .functions import affine
from .members import KeyPath, Member, Suggested
from .tensor import Seed, Tensor, as_tensor, assign, random_source

ALONE = "θ"  # a Parameter that no Module holds


class Parameter(Tensor):
    """A Tensor that a Module learns. Its elements are leaves.

    Of elements that were computed it takes the numbers alone, as new leaves, as PyTorch's does.

    >>> Parameter(Tensor.ones(1, 2) * 0.5)
    Parameter([[0.5, 0.5]])
    """

    __slots__ = ("_member",)
    _member: Member

    def __init__(self, data: Any, label: str | None = None) -> None:
        leaves = Tensor(data).map(lambda v: v.detach() if v.op else v)
        self._member = Member(shape=leaves.shape)
        super().__init__(leaves, label)
        if not label:
            self._name_elements(Suggested(ALONE))


class Module:
    """A function with parameters, which it finds among its attributes.

    Subclasses set Parameters, Modules, or lists, tuples and dicts of them, nested, as attributes
    and define `forward`.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.k = Parameter([3.0])
    ...     def forward(self, x):
    ...         return self.k * x
    >>> scale = Scale()
    >>> scale([2.0]).data, scale.state_dict()
    ([6.0], {'k': [3.0]})
    """

    _member: Member

    def __new__(cls, *_: Any, **__: Any) -> Self:
        self = super().__new__(cls)
        vars(self)["_member"] = Member(counts=issubclass(cls, (MLP, Sequential)))
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        # `net.W = [[…]]` or `net.W -= …` would take W out of what is learned, without a word.
        if isinstance(vars(self).get(name), Parameter) and not (value is None or isinstance(value, Parameter)):
            kind = type(value).__name__
            raise TypeError(f"{name} is a Parameter, not a {kind}; to set its numbers, write {name}.data = …")
        super().__setattr__(name, value)
        for path, child in _held((name,), value):
            self._adopt(path, child)

    def _adopt(self, path: KeyPath, child: Parameter | Module) -> None:
        """Tell a Parameter or a Module among the attributes where it stands."""
        if self._member.adopt(child._member, path) and isinstance(child, Parameter):
            child._name_elements(Suggested(next(key for key in reversed(path) if isinstance(key, str))))

    def _no_forward(self, *_: Any, **__: Any) -> NoReturn:
        """The output for the inputs. Every subclass defines it, with the inputs and options that it takes.

        >>> Tanh().forward(Tensor([0.0])).data                      # Tanh()([0.0]) is the same
        [0.0]
        """
        raise TypeError(f"{type(self).__name__} does not define forward(self, x)")

    forward: Callable[..., Any] = _no_forward

    def __call__(self, *inputs: Any, **options: Any) -> Tensor:
        """`forward` of the inputs; numbers, lists and arrays become Tensors, options stay as they are.

        A Tensor that is made here is labelled x, or with several inputs by the name of its parameter in `forward`.
        """
        if not all([isinstance(x, Tensor) for x in inputs]):
            names = ("x",)
            if len(inputs) > 1 and (code := getattr(self.forward, "__code__", None)):
                names = code.co_varnames[1 : code.co_argcount]
            inputs = tuple(map(_as_input, inputs, chain(names, repeat("x"))))
        output: Tensor = self.forward(*inputs, **options)
        if output is None:
            raise TypeError(f"{type(self).__name__}: forward returned None; is there a return in it?")
        return output

    def children(self) -> Iterator[tuple[str, Parameter | Module]]:
        """The Parameters and Modules among the attributes and in the lists, tuples and dicts there, with their names.

        >>> [name for name, _ in MLP([4, 3, 2]).children()]
        ['layers.0', 'layers.1']
        """
        for path, child in _held((), dict(vars(self))):
            self._adopt(path, child)  # for what was appended to a list since
            yield ".".join(map(str, path)), child

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every Parameter with its path, such as `layers.0.W`.

        >>> [path for path, _ in MLP([3, 2]).named_parameters()]
        ['layers.0.W', 'layers.0.b']
        """
        for name, child in self.children():
            if isinstance(child, Parameter):
                yield name, child
            else:
                for path, parameter in child.named_parameters():
                    yield f"{name}.{path}", parameter

    def parameters(self) -> list[Parameter]:
        """Every Parameter once, in the order in which they were set.

        >>> [parameter.shape for parameter in Linear(3, 2).parameters()]
        [(2, 3), (2,)]
        """
        return list(dict.fromkeys(parameter for _, parameter in self.named_parameters()))

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.

        >>> linear = Linear(1, 1, init=1.0)
        >>> linear([3.0]).backward(); linear.zero_grad(); linear.W.grad
        [[0.0]]
        """
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """The numbers of every parameter as nested lists, by path.

        >>> Linear(2, 1, init=0.5).state_dict()
        {'W': [[0.5, 0.5]], 'b': [0.5]}
        """
        return {path: parameter.tolist() for path, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set every parameter from nested lists, by path; all of them or none.

        Raises:
            TypeError: it is not a dict, or holds something that is not a number.
            KeyError: a path is missing or unknown.
            ValueError: a shape differs, a number is not finite, or a parameter that has two paths has
                two different numbers.

        >>> linear = Linear(1, 1)
        >>> linear.load_state_dict({"W": [[2.0]], "b": [1.0]}); linear([3.0]).data
        [7.0]
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"load_state_dict: a dict from paths to numbers is needed, not {type(state).__name__}")
        parameters = dict(self.named_parameters())
        missing, unknown = parameters.keys() - state.keys(), state.keys() - parameters.keys()
        if missing or unknown:
            raise KeyError(f"load_state_dict: missing {sorted(missing)}, unknown {sorted(unknown)}")
        assign(parameters, state)

    def __repr__(self) -> str:
        modules = [f"({name}): {child!r}" for name, child in self.children() if isinstance(child, Module)]
        inside = ", ".join([f"{name}: {parameter.shape}" for name, parameter in self.named_parameters()])
        if modules:
            inside = "\n".join(["", *modules]).replace("\n", "\n  ") + "\n"
        return f"{type(self).__name__}({inside})"


def _as_input(x: Any, name: str) -> Any:
    """A Tensor, if numbers are in it; anything else as it is."""
    numeric = isinstance(x, (list, tuple, Real, Value)) or (hasattr(x, "tolist") and not isinstance(x, Tensor))
    return Tensor(x, label=Suggested(name)) if numeric and not isinstance(x, bool) else x


def member_of(module: Parameter | Module) -> Member:
    """Where a Parameter or a Module stands in a network.

    >>> net = MLP([1, 2, 1])
    >>> member_of(net.layers[1].b).path, member_of(net.layers[1]).path
    (('b',), ('layers', 1))
    """
    return module._member


def _held(path: KeyPath, attribute: Any) -> Iterator[tuple[KeyPath, Parameter | Module]]:
    """The Parameters and Modules in an attribute, each with the attributes, positions and keys that lead to it."""
    if isinstance(attribute, (Parameter, Module)):
        yield path, attribute
    elif isinstance(attribute, dict):
        for key, item in attribute.items():
            yield from _held((*path, str(key)), item)
    elif isinstance(attribute, (list, tuple)):
        for k, item in enumerate(attribute):
            yield from _held((*path, k), item)


class Linear(Module):
    """z = W h + b, for one example h or, row by row, for a batch of them.

    `W` has the shape (out_features, in_features) and `b` (out_features,). An h of shape (in_features,) gives a z of
    shape (out_features,); a batch of shape (N, in_features) gives (N, out_features).

    Args:
        in_features: how many numbers h has.
        out_features: how many numbers z has.
        bias: whether there is a b.
        init: the value of every weight and bias; by default they are drawn uniformly between
            −1/√in_features and 1/√in_features, as PyTorch does.
        seed: an int or a `random.Random`, for the drawing; without it `random.seed` decides what
            is drawn.

    Raises:
        ValueError: a size below 1, or an input of another width.

    >>> linear = Linear(2, 3, init=0.1)
    >>> linear.W.shape, [round(z, 4) for z in linear([1.0, 2.0]).data]     # 0.1 + 0.2 + 0.1
    ((3, 2), [0.4, 0.4, 0.4])
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, init: float | None = None, seed: Seed = None
    ) -> None:
        out_features, in_features = shapes.as_shape((out_features, in_features))
        rng = random_source(seed)
        bound = 1 / sqrt(in_features)
        low, high = (-bound, bound) if init is None else (init, init)
        self.W = Parameter.uniform((out_features, in_features), low, high, seed=rng)
        self.b = Parameter.uniform((out_features,), low, high, seed=rng) if bias else None

    def forward(self, h: Tensor) -> Tensor:
        h = as_tensor(h)
        if self.b is None:
            return self.W @ h if h.ndim == 1 else h @ self.W.T
        return affine(self.W, h, as_tensor(self.b))


class Tanh(Module):
    """h = tanh z, element by element.

    >>> Tanh()([0.0]).data
    [0.0]
    """

    def forward(self, z: Tensor) -> Tensor:
        return as_tensor(z).tanh()


class ReLU(Module):
    """h = max(z, 0), element by element.

    >>> ReLU()([-2.0, 3.0]).data
    [0.0, 3.0]
    """

    def forward(self, z: Tensor) -> Tensor:
        return as_tensor(z).relu()


class Sigmoid(Module):
    """h = 1 / (1 + e⁻ᶻ), element by element.

    >>> Sigmoid()([0.0]).data
    [0.5]
    """

    def forward(self, z: Tensor) -> Tensor:
        return as_tensor(z).sigmoid()


class Softmax(Module):
    """ŷᵢ = exp(zᵢ) / Σⱼ exp(zⱼ) along an axis, by default the last.

    >>> Softmax()([1000.0, 1000.0]).data
    [0.5, 0.5]
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, z: Tensor) -> Tensor:
        return as_tensor(z).softmax(self.axis)


class Sequential(Module):
    """Modules and functions, one after another.

    >>> Sequential(Linear(2, 1, init=1.0), Tanh())
    Sequential(
      (layers.0): Linear(W: (1, 2), b: (1,))
      (layers.1): Tanh()
    )
    """

    def __init__(self, *layers: Callable[[Tensor], Any]) -> None:
        for layer in layers:
            if not callable(layer):
                raise TypeError(f"Sequential: each argument is a Module or a function, not {errors.in_short(layer)}")
        self.layers = list(layers)

    def forward(self, h: Tensor) -> Tensor:
        for layer in self.layers:
            h = layer(h)
        return h


ACTIVATIONS = ("tanh", "relu", "sigmoid")


class MLP(Module):
    """A multilayer perceptron: Linear layers with an activation between them, none at the end.

    Layer l computes z⁽ˡ⁾ = W⁽ˡ⁾ h⁽ˡ⁻¹⁾ + b⁽ˡ⁾ and h⁽ˡ⁾ = g(z⁽ˡ⁾), with h⁽⁰⁾ = x; the output is the
    last z. Parameters and results carry these names.

    Args:
        sizes: the width of the input, of each hidden layer, and of the output; x is of shape
            (sizes[0],) or (N, sizes[0]), the output of (sizes[-1],) or (N, sizes[-1]).
        activation: "tanh", "relu" or "sigmoid".
        init, seed: as in `Linear`.

    Raises:
        ValueError: fewer than two sizes, a size below 1, or an unknown activation.

    >>> net = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
    >>> [round(z, 4) for z in net([1.0, 0.0, 1.0, 0.0]).data]
    [0.164, 0.164, 0.164]
    """

    def __init__(
        self, sizes: Sequence[int], activation: str = "tanh", init: float | None = None, seed: Seed = None
    ) -> None:
        widths = shapes.as_shape(sizes)
        if len(widths) < 2:
            raise ValueError(
                f"MLP: the sizes of at least an input and an output are needed, in one list, not {sizes!r}"
            )
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"MLP: the activation is one of {', '.join(ACTIVATIONS)}, not {activation!r}; a Sequential takes "
                "any function f, as in Sequential(Linear(2, 3), f, Linear(3, 1))"
            )
        rng = random_source(seed)
        self.activation = activation
        self.layers = [Linear(m, n, init=init, seed=rng) for m, n in zip(widths, widths[1:])]
        for l, layer in enumerate(self.layers, start=1):
            for name, parameter in layer.named_parameters():
                parameter.label = Suggested(of_layer(name, l))

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            x = getattr(layer(x), self.activation)()
        return last(x)
