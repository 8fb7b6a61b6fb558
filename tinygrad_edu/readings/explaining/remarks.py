"""What neurons have in common, where that explains a zero or an equality among their gradients.

One sentence for each kind, three at most: a neuron that is dead for all examples of a batch passes nothing on, a
saturated one next to nothing, and neurons that are alike and have the same gradients stay alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ... import ops
from ...network.tensor import Tensor
from ...value import Value
from ...writing.expression import Name
from ..layers import Neuron
from ..naming import Names
from .gradients import Gradients, Words

#: One neuron, once for each example of the batch.
Examples: TypeAlias = list[Neuron]
#: A layer: its number, and its weights where they are a Tensor. Networks side by side have several of one number.
Place: TypeAlias = tuple[int, Tensor | None]
#: What is in it: the examples of each neuron, by its parameters.
Layer: TypeAlias = dict[tuple[Value, ...], Examples]

_COMMUTATIVE = (ops.ADD, ops.MUL, ops.SUM, ops.MAX, ops.LSE, ops.MAXIMUM, ops.MINIMUM)
_SATURATED = 1e-3  # the slope of tanh beyond ±4.1, of sigmoid beyond ±6.9


def remarks(names: Names, gradients: Gradients, shown: set[Value]) -> list[Words]:
    """Sentences about the neurons with a gradient in the derivation.

    Args:
        names: of the graph, with its neurons; of a batch each neuron once for each example.
        gradients: of every Value.
        shown: the Values whose gradients have a line.
    """
    weights_of = {z: layer.weights[0] for layer in names.layers for z in layer.z.values}
    layers: dict[Place, Layer] = {}
    for neuron in names.neurons:
        place = neuron.number, weights_of.get(neuron.z)
        layers.setdefault(place, {}).setdefault(neuron.parameters, []).append(neuron)
    side_by_side = len({depth for depth, _ in layers}) < len(layers)

    def called(place: Place) -> Words:
        depth, W = place
        return ["the layer with ", Name(names(W))] if side_by_side and W is not None else [f"layer {depth}"]

    def is_shown(examples: Examples) -> bool:
        return any([not shown.isdisjoint((*n.parameters, n.z)) for n in examples])

    def those(is_so: Callable[[Examples], bool]) -> list[tuple[Words, list[int]]]:
        found = [
            (called(place), [j for j, n in enumerate(layer.values(), 1) if is_shown(n) and is_so(n)])
            for place, layer in layers.items()
        ]
        return [(layer, numbers) for layer, numbers in found if numbers]

    alike = [
        (called(place), group)
        for place, groups in _alike(layers, gradients).items()
        for group in groups
        if all([is_shown([*layers[place].values()][j - 1]) for j in group])
    ]
    slope = f"the slope of the activation is below {_SATURATED:g}"
    return [
        *_sentence(those(_is_dead), "dead for all examples: z is never above 0, so no gradient passes"),
        *_sentence(those(lambda n: _is_saturated(n) and len(n) == 1), f"saturated in this example: {slope}"),
        *_sentence(those(lambda n: _is_saturated(n) and len(n) > 1), f"saturated in all examples: {slope}"),
        *_sentence(alike, "identical and stay so: the same weights, and the same gradients"),
    ]


def _is_dead(neuron: Examples) -> bool:
    """Whether it is dead in every example of a batch. With a single example its line shows z ≤ 0 already."""
    return len(neuron) > 1 and all([n.h is not None and n.h.op is ops.RELU and n.z.data <= 0 for n in neuron])


def _is_saturated(neuron: Examples) -> bool:
    return all([n.h is not None and n.h.op in (ops.TANH, ops.SIGMOID) and n.h.partials[0] < _SATURATED for n in neuron])


def _alike(layers: Mapping[Place, Layer], gradients: Gradients) -> dict[Place, list[list[int]]]:
    """Groups of neurons, by number in their layer, that are equal now and after every step of gradient descent."""

    def groups(layer: Layer, key: Callable[[Value], Any]) -> list[list[int]]:
        found: dict[tuple[Any, ...], list[int]] = {}
        for j, parameters in enumerate(layer, start=1):
            found.setdefault(tuple(map(key, parameters)), []).append(j)
        return [group for group in found.values() if len(group) > 1]

    if not any([groups(layer, lambda v: v.data) for layer in layers.values()]):
        return {}
    learned = {v for layer in layers.values() for parameters in layer for v in parameters}
    classes = _classes(gradients.order, learned)
    return {place: groups(layer, classes.__getitem__) for place, layer in layers.items()}


def _classes(order: Sequence[Value], learned: set[Value]) -> dict[Value, int]:
    """A class for each node: those of one class are computed from the same classes, and used by the same ones alike.

    So if the leaves of a class have one number, all its nodes have one number and one gradient, and the leaves have
    one number again after a step.
    """
    found: dict[Value, Any] = {v: None if v.op else (v.data, v in learned) for v in order}
    before = 0
    while len(set(found.values())) > before:
        before = len(set(found.values()))
        seen: dict[Any, int] = {}
        below: dict[Value, int] = {}  # by what it is computed from
        for v in order:
            inputs = _sorted_inputs(v, tuple([below[a] for a in v.inputs]))
            below[v] = seen.setdefault((found[v], v.op and (v.op.symbol, v.op.exponent), inputs), len(seen))
        used: dict[Value, list[tuple[int, Any]]] = {v: [] for v in order}
        for b in reversed(order):  # and by what uses it
            found[b] = seen.setdefault((below[b], tuple(sorted(used[b], key=repr))), len(seen))
            n = len(b.inputs) // 2
            for k, a in enumerate(b.inputs):
                place: Any = 0 if b.op in _COMMUTATIVE else k
                if b.op in (ops.AFFINE, ops.DOT) and k < 2 * n:  # w · x: on which side, and beside what
                    place = k // n, below[b.inputs[(k + n) % (2 * n)]]
                used[a].append((found[b], place))
    return found


def _sorted_inputs(v: Value, inputs: tuple[int, ...]) -> Any:
    """The classes of the inputs, in an order that does not tell apart what the operation does not."""
    if v.op in (ops.AFFINE, ops.DOT):
        n = len(inputs) // 2
        return tuple(sorted(zip(inputs[:n], inputs[n : 2 * n]))), inputs[2 * n :]
    return tuple(sorted(inputs)) if v.op in _COMMUTATIVE else inputs


def _sentence(found: Sequence[tuple[Words, list[int]]], words: str) -> list[Words]:
    """Neurons 1 to 4 of layer 1 and neuron 2 of layer 3 are …"""
    if not found:
        return []
    several = sum([len(numbers) for _, numbers in found]) > 1
    sentence: Words = []
    for k, (layer, numbers) in enumerate(found):
        if k > 0:
            sentence.append(" and " if k == len(found) - 1 else ", ")
        sentence += [f"neuron{'s' if len(numbers) > 1 else ''} {_listed(numbers)} of ", *layer]
    return [[*sentence, f" {'are' if several else 'is'} {words}"]]


def _listed(numbers: list[int]) -> str:
    """1 to 4; 1, 3 and 4."""
    if len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]:
        return f"{numbers[0]} to {numbers[-1]}"
    *before, last = [str(number) for number in numbers]
    return f"{', '.join(before)} and {last}" if before else last
