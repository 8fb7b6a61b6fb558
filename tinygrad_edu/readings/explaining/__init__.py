"""explain: the derivation of a gradient in words and numbers.

rows.py          Row, Step and Derivation: the derivation as data, and in its formats: text, Markdown and LaTeX
values.py        the derivation number by number, and why a gradient is zero
tensors.py       the derivation in the language of matrices
updates.py       W ← W − η ∂L/∂W, or the lines of an optimiser
lines.py         a line for each quantity, with its whole rule
mistakes.py      the mistakes that learners make in a line, with their wrong formulas, for exercises and the laboratory
remarks.py       neurons that are dead, saturated or alike
"""

from typing import Any

from ...errors import in_short
from ...network.optim import Optimizer
from ...network.tensor import Tensor
from ...value import Value
from ..subject import Subject, subject
from .rows import Derivation
from .tensors import derive_tensors
from .updates import step_by, updates
from .values import derive_values


def explain(
    y: Any,
    wrt: Any = None,
    level: str | None = None,
    digits: int = 4,
    title: str | None = None,
    eta: float | None = None,
    optimizer: Optimizer | None = None,
) -> Derivation:
    """Every line of the chain rule from y down to what it was computed from, with the numbers put in.

    The result prints as text, as Markdown in a notebook, and with `.to("latex")` as a LaTeX
    document. It is also data: `forward` rows, `backward` steps, and a sum over `paths`.

    Args:
        y: a Value, or a Tensor of one element. Labels make it readable; an unlabelled leaf is
            taken for a constant.
        wrt: the Values or Tensors of interest: only what lies between y and them is kept, and what is beside it
            and has no name is a number. For Values the product along each path is listed.
        level: "tensor" for whole matrices, "value" for single numbers; by default "tensor" for a
            Tensor, unless `wrt` holds single Values.
        digits: how many decimals are printed.
        title: a heading over all of it.
        eta: a learning rate η: the derivation ends with W ← W − η ∂y/∂W for `wrt`, or for all parameters.
        optimizer: an SGD or Adam: the derivation ends with its lines for what it learns, with the numbers of its
            state as they are now; nothing is changed.

    Raises:
        TypeError: y is neither a Value nor a Tensor, or `wrt` holds something else.
        ValueError: more than one y, an unknown level, digits out of range, more than 1,000 nodes to print, with
            `eta` or `optimizer` nothing to update, or both of them.
        OverflowError: a gradient, or what `eta` or `optimizer` makes of a leaf, is too large for a float.
        RuntimeError: the data of a Value in the graph was changed after it was recorded.

    >>> from tinygrad_edu import Value
    >>> z = Value(0.5, label="z")
    >>> h = z.tanh(); h.label = "h"
    >>> print(explain(h))
    Forward
    <BLANKLINE>
    z = 0.5
    h = tanh(z) = tanh(0.5) = 0.4621
    <BLANKLINE>
    Backward
    <BLANKLINE>
    ∂h/∂h = 1
    ∂h/∂z = ∂h/∂h · (1 − h²) = 1 · 0.7864 = 0.7864
    """
    read = subject("explain", y, [] if wrt is None else wanted("explain", wrt), title, digits)
    return derivation_of(read, level, digits, title, step_by("explain", eta, optimizer))


def derivation_of(
    read: Subject,
    level: str | None = None,
    digits: int = 4,
    title: str | None = None,
    step: Optimizer | float | None = None,
) -> Derivation:
    """As `explain`, for a Subject, whose `asked` are the Values and Tensors of interest.

    >>> from tinygrad_edu import Value
    >>> len(derivation_of(subject("explain", Value(2.0, label="x") ** 2)))
    4
    """
    tensors = isinstance(read.result, Tensor) and not any([isinstance(x, Value) for x in read.asked])
    if level is None:
        level = "tensor" if tensors else "value"
    if level not in ("tensor", "value"):
        raise ValueError(f'explain: the level is "tensor" or "value", not {level!r}')
    if level == "value":
        derivation = derive_values(read, digits)
    elif tensors:
        derivation = derive_tensors(read, digits)
    else:
        raise ValueError('explain: level="tensor" needs Tensors, y and wrt alike; a Value knows nothing of them')
    derivation.title = title
    if step is not None:
        _, derivation.update = updates("explain", derivation, read, step)
    return derivation


def wanted(reading: str, wrt: Any) -> list[Any]:
    """The Values and Tensors in a nested structure. Raises TypeError, in the name of a reading, for anything else.

    >>> from tinygrad_edu import Value
    >>> [x.data for x in wanted("explain", {"w": [Value(1.0)], "b": Value(2.0)})]
    [1.0, 2.0]
    """
    if isinstance(wrt, dict):
        return wanted(reading, list(wrt.values()))
    if isinstance(wrt, (list, tuple)):
        return [x for part in wrt for x in wanted(reading, part)]
    if isinstance(wrt, (Value, Tensor)):
        return [wrt]
    raise TypeError(f"{reading}: wrt is made of Values and Tensors, not {in_short(wrt)}")
