"""Where a Parameter stands in a network, and what it is called there: W_query⁽²⁾."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from ..shapes import Shape
from ..writing.notation import of_member

KeyPath = tuple[str | int, ...]


class LayerNumber(int):
    """In a path the number of a layer that holds Parameters; any other int is a position in a list."""


@dataclass(eq=False)
class Member:
    """A Parameter or a Module as a member of a network: the Module that held it first, and the keys that lead to it.

    Members know each other, but neither Modules nor Parameters: a name outlives the network, and a graph that
    holds one Parameter does not hold the others.

    Attributes:
        counts: whether the `layers` of the Module are counted, those that hold Parameters (MLP, Sequential).
        shape: that of a Parameter; None for a Module.
        owner: the Module that held it first, as a member; None where there is none.
        path: the attribute, and the keys and positions in it.
        held: the members that have it as their owner.
    """

    counts: bool = False
    shape: Shape | None = None
    owner: Member | None = None
    path: KeyPath = ()
    held: list[Member] = field(default_factory=list)

    def adopt(self, child: Member, path: KeyPath) -> bool:
        """Be the owner of the child, unless it has another; the path may have changed since. Whether that is new."""
        new = child.owner is None and child is not self.outermost  # which may know what is inside it
        if new:
            child.owner = self
            self.held.append(child)
        if child.owner is self:
            child.path = path
        return new

    @property
    def outermost(self) -> Member:
        """The whole network."""
        member = self
        while member.owner is not None:
            member = member.owner
        return member

    def parameters(self, before: KeyPath = (), count: list[int] | None = None) -> Iterator[tuple[Member, KeyPath]]:
        """Every Parameter in it with its whole path; positions are counted from 1.

        Args:
            before: the path to this member.
            count: how many layers there are before it, where it is one of those that are counted.
        """
        count = [0] if count is None else count
        if self.shape is not None:
            yield self, before
        layers = [m for m in self.held if self.counts and m.path[:1] == ("layers",) and len(m.path) == 2]
        for child in sorted(layers, key=lambda m: m.path[1]):
            if child.counts:
                yield from child.parameters(before, count)
            elif inside := list(child.parameters()):
                count[0] += 1
                yield from [(member, (*before, LayerNumber(count[0]), *rest)) for member, rest in inside]
        for child in self.held:
            if child not in layers:
                path = [key + 1 if isinstance(key, int) else key for key in child.path]
                yield from child.parameters((*before, *path))


@dataclass(eq=False)
class Whole:
    """A Tensor with a label, as its elements know it; and its place, if it is a Parameter."""

    label: str
    shape: Shape
    member: Member | None = None


class Placed(str):
    """The label of an element, which knows where that is.

    Attributes:
        whole: the Tensor; None in the label of a Tensor itself.
        offset: which element, counted row by row.
    """

    whole: Whole | None
    offset: int

    def __new__(cls, text: str, whole: Whole | None = None, offset: int = 0) -> Self:
        self = super().__new__(cls, text)
        self.whole, self.offset = whole, offset
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[str, Whole | None, int]]:
        return type(self), (str(self), self.whole, self.offset)


class Suggested(Placed):
    """A label that a Module or a loss gives, not a user. Readings take a better name where they know one."""

    is_suggested = True


def parameter_names(network: Member) -> dict[Member, str]:
    """What every Parameter of a network is called.

    That is its own letter; as subscript the shortest words that make it unique; as superscript its positions.
    A single letter takes the attribute beside it in any case: W_query of `self.query = Linear(…)`.

    >>> from tinygrad_edu import MLP, Linear, Module
    >>> from tinygrad_edu.network.nn import member_of
    >>> class Head(Module):
    ...     def __init__(self):
    ...         self.query, self.W_k = Linear(1, 1, bias=False), Linear(1, 1, bias=False)
    >>> class Heads(Module):
    ...     def __init__(self):
    ...         self.heads, self.feed = [Head(), Head()], MLP([1, 1])
    >>> print(*parameter_names(member_of(Heads())).values())
    W_query⁽¹⁾ W_k⁽¹⁾ W_query⁽²⁾ W_k⁽²⁾ W⁽¹⁾ b⁽¹⁾
    """
    paths = dict(network.parameters())
    needed: dict[Member, set[int]] = {member: set() for member in paths}
    for k in range(max(map(len, paths.values()), default=0)):  # the nearest word in which names differ comes first
        alike: dict[str, list[Member]] = {}
        for member, path in paths.items():
            alike.setdefault(_name(path, needed[member]), []).append(member)
        for group in alike.values():
            if len({tuple(_words(paths[member])[k : k + 1]) for member in group}) > 1:
                for member in group:
                    needed[member].add(k)
    return {member: _name(path, needed[member]) for member, path in paths.items()}


def layer_numbers(network: Member) -> dict[Member, int]:
    """The number of its layer, of every Parameter that is called by its letter and that number."""
    return {
        member: int(path[-2])
        for member, path in network.parameters()
        if len(path) > 1 and isinstance(path[-2], LayerNumber) and len([n for n in path if isinstance(n, int)]) == 1
    }


def _name(path: KeyPath, needed: set[int]) -> str:
    """What the Parameter at a path is called, with those of its `_words` that it needs.

    >>> _name(("heads", 2, "query", "W_0"), {0, 1})             # of self.heads[1].query.W_0
    'W_heads_query_0⁽²⁾'
    """
    last = max([k for k, key in enumerate(path) if isinstance(key, str)])
    letter, _, own = str(path[last]).partition("_")
    if len(letter) != 1:
        letter, own = str(path[last]), ""
    elif last > 0 and isinstance(path[last - 1], str) and not own:
        needed = needed | {0}
    words = [word for k, word in enumerate(_words(path)) if k in needed]
    return of_member(letter, [*reversed(words), own], [key for key in path if isinstance(key, int)])


def _words(path: KeyPath) -> list[str]:
    """The attributes on the way to a Parameter, from the nearest on."""
    *words, _ = [_word(key) for key in path if isinstance(key, str)]
    return words[::-1]


def _word(word: str) -> str:
    """A word as a subscript: q, of `W_q`.

    >>> _word("W_q"), _word("query"), _word("_inner")
    ('q', 'query', 'inner')
    """
    first, _, rest = word.partition("_")
    return rest if len(first) < 2 and rest else word
