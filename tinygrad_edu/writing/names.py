"""How names are written, in every reading of a graph: W⁽²⁾₁₃."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

from .numbers import SUPERSCRIPT

SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


@lru_cache(maxsize=64)
def of_layer(letter: str, layer: int) -> str:
    """A quantity of one layer: `W⁽²⁾`.

    >>> of_layer("W", 2)
    'W⁽²⁾'
    """
    return f"{letter}⁽{str(layer).translate(SUPERSCRIPT)}⁾"


def in_place(letter: str, words: Sequence[str], positions: Sequence[int]) -> str:
    """A quantity that belongs to a part of a network: `W_query⁽²⁾`.

    >>> in_place("W", ["query"], [2]), in_place("b", [""], []), in_place("W", ["self", "key"], [1, 2])
    ('W_query⁽²⁾', 'b', 'W_self_key⁽¹⁾⁽²⁾')
    """
    name = "_".join([letter, *filter(None, words)])
    for n in positions:
        name = of_layer(name, n)
    return name


def without_time(name: str) -> tuple[str, str]:
    """A name and the time in it, where the weights of a layer are used again and again.

    >>> without_time("z⁽¹⁾[2]₃"), without_time("x[2]")
    (('z⁽¹⁾₃', '[2]'), ('x[2]', ''))
    """
    if not (found := re.search(r"(?<=⁾)\[\d+\]", name)):
        return name, ""
    return name[: found.start()] + name[found.end() :], found[0]


def element(name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """One element of a named array, counted from 1 as in the notes.

    A comma separates the indices where one of them may have two digits, or the name ends in one.

    >>> element("W⁽¹⁾", (0, 3), (4, 4)), element("x", (9,), (12,)), element("W", (0, 10), (4, 12))
    ('W⁽¹⁾₁₄', 'x₁₀', 'W₁,₁₁')
    >>> element("x₁", (1,), (3,))
    'x₁,₂'
    """
    separator = "," if len(shape) > 1 and max(shape) > 9 else ""
    if index and name[-1:] in [*"₀₁₂₃₄₅₆₇₈₉"]:
        name += ","
    return name + separator.join([str(i + 1).translate(SUBSCRIPT) for i in index])


@lru_cache(maxsize=64)  # "x" and "y" are named again in every step of a training
def elements(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Every element of a named array, row by row.

    >>> elements("W", (2, 2))
    ('W₁₁', 'W₁₂', 'W₂₁', 'W₂₂')
    """
    return tuple([element(name, index, shape) for index in product(*map(range, shape))])


def array_name(name: str) -> str:
    """What an element is called after: `element` read backwards, and any other name as it is.

    >>> array_name("W⁽¹⁾₁₂"), array_name("x₁,₂"), array_name("b")
    ('W⁽¹⁾', 'x', 'b')
    """
    return name.rstrip("₀₁₂₃₄₅₆₇₈₉,")
