"""A minimal scalar autograd engine to learn from.

Numbers
    Value               one number that remembers how it was computed
    Tensor              a shaped array of Values
    stack               Tensors of one shape as the rows of a new one
    where               elements of one Tensor or of another, as a mask says
    cat                 Tensors one after another along an axis
    topological_order   every node of a graph after all of its inputs

Derivatives
    Value.backward      the chain rule, from a result back to everything it was computed from
    grad                derivatives as Values, which can be differentiated again
    jvp                 the derivative along a direction, by forward mode
    jacobian            the derivatives of several results
    hessian             the second derivatives

Networks
    Module              a function with parameters
    Parameter           a Tensor that a Module is to learn
    Linear              W h + b
    Tanh                tanh z
    ReLU                max(z, 0)
    Sigmoid             1 / (1 + e⁻ᶻ)
    Softmax             exp(zᵢ) / Σⱼ exp(zⱼ)
    Sequential          Modules one after another
    MLP                 Linear layers with an activation between them
    save                writes the parameters of a Module to a file
    load                reads them back

Losses
    squared_error       ½ Σ (ŷ − y)²
    mse_loss            the mean of (ŷ − y)²
    cross_entropy       of softmax(z) and a class or probabilities
    binary_cross_entropy_with_logits  of σ(z) and 0 or 1

Optimisers
    SGD                 gradient descent, with momentum if asked
    Adam                steps scaled by running means of the gradient and its square

Training
    Training            the loop of gradient descent, which records what it did
    film                a page on which that is a film, with what the network says of its data

Checks
    central_difference  derivatives by differences
    gradcheck           backward beside differences, for every number
    GradcheckError      what it raises where they differ

Readings of a graph
    explain             every line of the chain rule, with its numbers
    draw                a picture
    Drawing             what draw returns: saved or shown
    step_through        a page of the forward and backward pass, alive
    Task                an experiment on it
    compile_graph       the same computation as a Python function of numbers
    Program             what compile_graph returns
    CompiledLoss        a Module's loss over a batch and its gradient, compiled
    worksheet           an exercise, its key, and its marks
    Worksheet           what worksheet returns
    Marks               what its method mark returns for one student
    ClassMarks          and for several
    compare_gradients   one's own backward pass, as arrays, beside the right one

`help(tinygrad_edu.Value)`, and so on, tells more of each. To read the code, begin with
`ops.py`, the page of calculus, then `graph.py`, `value.py`, `tree.py` and `autodiff.py`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .autodiff import grad, hessian, jacobian, jvp
from .graph import topological_order
from .network.functions import (
    binary_cross_entropy_with_logits,
    cat,
    cross_entropy,
    mse_loss,
    squared_error,
    stack,
    where,
)
from .network.nn import MLP, Linear, Module, Parameter, ReLU, Sequential, Sigmoid, Softmax, Tanh
from .network.optim import SGD, Adam
from .network.tensor import Tensor
from .value import Value

if TYPE_CHECKING:
    from .network.gradcheck import GradcheckError, central_difference, gradcheck
    from .network.saving import load, save
    from .readings.compiling import CompiledLoss, Program, compile_graph
    from .readings.drawing import Drawing, draw
    from .readings.exercising import ClassMarks, Marks, Worksheet, compare_gradients, worksheet
    from .readings.explaining import explain
    from .readings.stepping import Task, step_through
    from .readings.training import Training
    from .readings.training.film import film

__version__ = "0.1.0"

__all__ = [
    "MLP", "SGD", "Adam", "ClassMarks", "CompiledLoss", "Drawing", "GradcheckError", "Linear", "Marks", "Module",
    "Parameter", "Program", "ReLU", "Sequential", "Sigmoid", "Softmax", "Tanh", "Task", "Tensor", "Training", "Value",
    "Worksheet", "binary_cross_entropy_with_logits", "cat", "central_difference", "compare_gradients", "compile_graph",
    "cross_entropy", "draw", "explain", "film", "grad", "gradcheck", "hessian", "jacobian", "jvp", "load", "mse_loss",
    "save", "squared_error", "stack", "step_through", "topological_order", "where", "worksheet",
]  # fmt: skip

# Checks, files and readings are imported when they are first asked for: the numbers do without.
_LATER = {
    "network.gradcheck": ["GradcheckError", "central_difference", "gradcheck"],
    "network.saving": ["load", "save"],
    "readings.compiling": ["CompiledLoss", "Program", "compile_graph"],
    "readings.drawing": ["Drawing", "draw"],
    "readings.exercising": ["ClassMarks", "Marks", "Worksheet", "compare_gradients", "worksheet"],
    "readings.explaining": ["explain"],
    "readings.stepping": ["Task", "step_through"],
    "readings.training": ["Training"],
    "readings.training.film": ["film"],
}


if not TYPE_CHECKING:  # a type checker knows the names above, and no others

    def __getattr__(name: str) -> Any:
        for module, names in _LATER.items():
            if name in names:
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
