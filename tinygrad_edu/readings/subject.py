"""The result that is read, with what all readings need of its graph: checked once, computed once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import in_short
from ..network.tensor import Tensor
from ..tree import one_value, values_in
from ..value import Value, check_current
from ..writing.notation import check_digits
from .naming import Names
from .quantities import Quantities


@dataclass(frozen=True)
class Subject:
    """A result, and what the readings find in its graph. `subject` makes one.

    Attributes:
        result: the Value or Tensor that is read.
        asked: further nodes that the reader asked for, such as `wrt`, in the graph or not.

    >>> from tinygrad_edu import Value
    >>> x = Value(3.0, label="x")
    >>> read = subject("explain", x * x)
    >>> read.names(read.result), [read.names(v) for v in read.names.values]
    ('f', ['x', 'f'])
    """

    result: Value | Tensor
    asked: tuple[Value | Tensor, ...] = ()

    @cached_property
    def names(self) -> Names:
        """The graph, what every node of it is called, and the layers and neurons in it."""
        return Names(self.result, [*self.asked, *values_in(self.asked)])

    @cached_property
    def quantities(self) -> Quantities:
        """The Tensors that have a name in a formula. The result must be a Tensor."""
        assert isinstance(self.result, Tensor)
        tensors = [t for t in self.asked if isinstance(t, Tensor)]
        return Quantities(self.result, self.names, tensors)


def subject(
    reading: str, y: Any, asked: Iterable[Any] = (), title: Any = None, digits: Any = 4, one_number: bool = True
) -> Subject:
    """The result y as a Subject, after the checks that all readings make.

    Args:
        reading: the name of the public function, for messages.
        y: the result that it was given.
        asked: further Values and Tensors that the reader asked for.
        title, digits: checked here, for the reading to use.
        one_number: whether y must be one number.

    Raises:
        TypeError: y is neither a Value nor a Tensor, or the title is not text.
        ValueError: y has several elements, or digits are out of range.
        RuntimeError: the data of a Value in the graph was changed after it was recorded.

    >>> subject("draw", Tensor.sum)
    Traceback (most recent call last):
    TypeError: draw: a Value or a Tensor is needed, not function: what it computes is read, as in draw(net(x))
    """
    if not isinstance(y, (Value, Tensor)):
        said = f"{type(y).__name__}: what it computes is read, as in {reading}(net(x))" if callable(y) else in_short(y)
        raise TypeError(f"{reading}: a Value or a Tensor is needed, not {said}")
    if one_number:
        one_value(y)
    check_digits(reading, digits)
    if title is not None and not isinstance(title, str):
        raise TypeError(f"{reading}: a title is text, not {title!r}")
    found = Subject(y, tuple(asked))
    check_current(reading, found.names.values)
    return found
