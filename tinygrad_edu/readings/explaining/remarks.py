"""What neurons have in common, where that explains a zero or an equality among their gradients.

One sentence for each kind, three at most: a neuron that is dead for all examples of a batch passes nothing on, a
saturated one next to nothing, and neurons that are alike and have the same gradients stay alike.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from ... import ops
from ...value import Value
from ...writing.expression import Name
from ..layers import Neuron
from ..naming import Names
from .rows import Note

#: One neuron, once for each example of the batch.
Examples: TypeAlias = list[Neuron]

_COMMUTATIVE = (ops.ADD, ops.MUL, ops.SUM, ops.MAX, ops.MIN, ops.LSE, ops.MAXIMUM, ops.MINIMUM)
_SATURATED = 1e-3  # the slope of tanh beyond ±4.1, of sigmoid beyond ±6.9


def remarks(names: Names, shown: set[Value]) -> list[Note]:
    """Sentences about the neurons with a gradient in the derivation.

    Args:
        names: of the graph, with its neurons; of a batch each neuron once for each example.
        shown: the Values whose gradients have a line.
    """
    weights_of = {layer.layer: layer.weights[0] for layer in names.layers}
    layers: dict[tuple[int, Any], dict[tuple[Value, ...], Examples]] = {}
    for neuron in names.neurons:  # of networks side by side several layers have one number
        layer = layers.setdefault((neuron.number, neuron.layer), {})
        layer.setdefault(neuron.parameters, []).append(neuron)
    side_by_side = len({number for number, _ in layers}) < len(layers)
    classes = _classes(names.values, [parameters for layer in layers.values() for parameters in layer])
    found: dict[str, list[tuple[Note, list[int]]]] = {}
    for (number, of), layer in layers.items():
        called: Note = [f"layer {number}"]
        if side_by_side and of in weights_of:
            called = ["the layer with ", Name(names(weights_of[of]))]
        groups: dict[tuple[str, Any], list[int]] = {}
        for parameters, examples in sorted(layer.items(), key=lambda item: item[1][0].place or 0):
            if any([not shown.isdisjoint((*neuron.parameters, neuron.z)) for neuron in examples]):
                alike = _ALIKE, tuple([classes.get(v, v) for v in parameters])
                for key in [*[(said, None) for said in _states(examples)], alike]:
                    groups.setdefault(key, []).append(1 + (examples[0].place or 0))
        for (said, _), group in groups.items():
            if said != _ALIKE or len(group) > 1:
                found.setdefault(said, []).append((called, group))
    return [_sentence(found[said], said) for said in sorted(found, key=lambda said: said == _ALIKE)]


def _states(neuron: Examples) -> list[str]:
    """What is so of a neuron in all examples. With a single one its line shows z ≤ 0 already."""
    activations = [n.h for n in neuron if n.h is not None and n.h.op is not None]
    many, found = len(neuron) > 1, []
    if many and all([n.z.data <= 0 for n in neuron]) and {h.op for h in activations} == {ops.RELU}:
        found.append("dead for all examples: z is never above 0, so no gradient passes")
    steep = [h for h in activations if h.op not in (ops.TANH, ops.SIGMOID) or h.partials[0] >= _SATURATED]
    if activations and not steep:
        where = "all examples" if many else "this example"
        found.append(f"saturated in {where}: the slope of the activation is below {_SATURATED:g}")
    return found


_ALIKE = "identical and stay so: the same weights, and the same gradients"


def _classes(order: Sequence[Value], neurons: Sequence[tuple[Value, ...]]) -> dict[Value, Any]:
    """A class for each node: nodes share one if they are computed alike from, and used alike by, the same classes.

    So if the leaves of a class have one number, all its nodes have one number and one gradient, and the leaves have
    one number again after a step. Empty if no two neurons have the same numbers.
    """
    if len({tuple([v.data for v in parameters]) for parameters in neurons}) == len(neurons):
        return {}
    learned = {v for parameters in neurons for v in parameters}
    found: dict[Value, Any] = {v: None if v.op else (v.data, v in learned) for v in order}
    before = 0
    while len(set(found.values())) > before:
        before = len(set(found.values()))
        seen: dict[Any, int] = {}
        below: dict[Value, int] = {}  # by what it is computed from
        for v in order:
            key = found[v], v.op and (v.op.symbol, v.op.exponent), tuple(sorted(_inputs(v, below), key=repr))
            below[v] = seen.setdefault(key, len(seen))
        used: dict[Value, list[Any]] = {v: [] for v in order}
        for b in reversed(order):  # and by what uses it
            found[b] = seen.setdefault((below[b], tuple(sorted(used[b], key=repr))), len(seen))
            for a, (place, _) in zip(b.inputs, _inputs(b, below)):
                used[a].append((found[b], place))
    return found


def _inputs(v: Value, classes: dict[Value, int]) -> list[tuple[Any, int]]:
    """The place and the class of each input. What may change places without a difference has the same place."""
    found = [classes[a] for a in v.inputs]
    places: list[Any] = [0 if v.op in _COMMUTATIVE else k for k in range(len(found))]
    if v.op in (ops.AFFINE, ops.DOT):  # w · x: on which side, and beside what
        n = len(found) // 2
        places[: 2 * n] = [(k // n, found[(k + n) % (2 * n)]) for k in range(2 * n)]
    return list(zip(places, found))


def _sentence(found: Sequence[tuple[Note, list[int]]], words: str) -> Note:
    """Neurons 1 to 4 of layer 1 and neuron 2 of layer 3 are …"""
    several = sum([len(numbers) for _, numbers in found]) > 1
    sentence: Note = []
    for k, (layer, numbers) in enumerate(found):
        if k > 0:
            sentence.append(" and " if k == len(found) - 1 else ", ")
        sentence += [f"neuron{'s' if len(numbers) > 1 else ''} {_listed(numbers)} of ", *layer]
    return [*sentence, f" {'are' if several else 'is'} {words}"]


def _listed(numbers: list[int]) -> str:
    """1 to 4; 1, 3 and 4."""
    if len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]:
        return f"{numbers[0]} to {numbers[-1]}"
    *before, last = [str(number) for number in numbers]
    return f"{', '.join(before)} and {last}" if before else last
