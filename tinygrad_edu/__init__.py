"""A minimal scalar autograd engine to learn from.

The numbers        Value, Tensor, stack
Derivatives        Value.backward, grad, jvp, jacobian, hessian
Networks           Module, Parameter, Linear, Tanh, ReLU, Sigmoid, Softmax, Sequential, MLP
Losses             squared_error, mse_loss, cross_entropy
Optimisers         SGD, Adam
Saving             save, load
Checks             central_difference, gradcheck
Programs           compile_graph, Program, CompiledLoss
Pictures           draw, Drawing
Explanations       explain
Step by step       step_through

`help(tinygrad_edu.Value)`, and so on, tells more of each. To read the code, begin with
`ops.py`, the page of calculus, then `value.py`.
"""

from __future__ import annotations

from .autodiff import grad, hessian, jacobian, jvp
from .check import GradcheckError, central_difference, gradcheck
from .explain import explain
from .graph import topological_order
from .losses import cross_entropy, mse_loss, squared_error
from .nn import MLP, Linear, Module, Parameter, ReLU, Sequential, Sigmoid, Softmax, Tanh
from .optim import SGD, Adam
from .tensor import Tensor, stack
from .value import Value

TYPE_CHECKING = False  # at run time, `import typing` would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from .compile import CompiledLoss, Program, compile_graph
    from .drawing import Drawing, draw
    from .saving import load, save
    from .stepping import step_through

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "CompiledLoss",
    "Drawing",
    "GradcheckError",
    "Linear",
    "Module",
    "Parameter",
    "Program",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Tensor",
    "Value",
    "central_difference",
    "compile_graph",
    "cross_entropy",
    "draw",
    "explain",
    "grad",
    "gradcheck",
    "hessian",
    "jacobian",
    "jvp",
    "load",
    "mse_loss",
    "save",
    "squared_error",
    "stack",
    "step_through",
    "topological_order",
]


# Files, pictures and programs are imported when they are first asked for: the numbers do without.
_LATER = {
    "CompiledLoss": "compile",
    "Drawing": "drawing",
    "Program": "compile",
    "compile_graph": "compile",
    "draw": "drawing",
    "load": "saving",
    "save": "saving",
    "step_through": "stepping",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LATER[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
