"""The card of a Tensor: its numbers and its gradients as small matrices, coloured by size and sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...network.tensor import Tensor
from ...writing.expression import Derivative
from ...writing.numbers import exact, number
from . import look

if TYPE_CHECKING:
    from .scene import Scene

MOST = 8  # rows and columns of a matrix that are shown
NARROW = 4  # columns of a matrix that leave room for the gradients beside it
DIGIT_SIZE = 11


def tensor_card(scene: Scene, t: Tensor, formula: str | None) -> str:
    """One number in words, or a matrix beside its gradients (above them, if it is wide).

    `formula` says how it was computed.
    """
    kind = scene.kind(t)
    if not scene.numbers:
        name = scene.name(t) or ("" if formula else exact(t.item()))
        rows = [_centred(_name_and_role(scene, t, name))] if name else []
        rows += [_centred(look.styled(look.shortened(said, 60), "muted")) for said in (formula, _shape(t)) if said]
        return look.card(rows, kind, rounded=formula is not None, thick=kind == "loss", padding=5)
    if len(t.values) == 1:
        rows = [_centred(text) for text in _sentences(scene, t, formula)]
        return look.card(rows, kind, rounded=formula is not None, thick=kind == "loss", padding=5)
    parts = [_matrix(scene, t, _name_and_role(scene, t, _heading(scene, t, formula)))]
    if scene.has_gradient(t):
        parts.append(_gradient(scene, t))
    wide = t.ndim > 1 and t.shape[-1] > NARROW
    rows = [_centred(part) for part in parts] if wide else [_centred(*parts)]
    return look.card(rows, kind, rounded=formula is not None, thick=kind == "loss")


def parameter_card(scene: Scene, tensors: list[Tensor]) -> str:
    """[W | b] over [∂L/∂W | ∂L/∂b]; without numbers their shapes."""
    if not scene.numbers:
        said = [[_bold(scene.name(t) or ""), look.styled(_shape(t), "muted")] for t in tensors]
        return look.card([_centred(*texts) for texts in zip(*said)], "parameter", rounded=False, padding=5)
    rows = [_centred(*[_matrix(scene, t, _bold(scene.name(t) or "")) for t in tensors])]
    if scene.gradients:
        rows.append(_centred(*[_gradient(scene, t) for t in tensors]))
    return look.card(rows, "parameter", rounded=False)


def _sentences(scene: Scene, t: Tensor, formula: str | None) -> list[str]:
    """L = 2.0102, ∂L/∂L = 1.0000, and how it was computed."""
    v, name = t.values[0], scene.name(t)
    said = f"{name} = {scene.value(v)}" if name else scene.value(v)
    sentences = [_name_and_role(scene, t, said)]
    if scene.has_gradient(t) and not scene.blank:
        sentences.append(look.gradient_text(f"{_gradient_name(scene, t)} = {scene.gradient(v)}"))
    if formula:
        said = look.shortened(formula, 60)
        sentences.append(look.styled(f" {said} ", "muted", look.SMALL))  # air: fonts differ in width
    return sentences


def _heading(scene: Scene, t: Tensor, formula: str | None) -> str:
    """The name of a Tensor and how it was computed, unless the frame of its layer says that."""
    name = scene.name(t)
    framed = any([t is layer.z or t is layer.h for layer in scene.layers])
    if not formula or (name and framed):
        return name or "constant"
    return f"{name} = {formula}" if name else formula


def _name_and_role(scene: Scene, t: Tensor, name: str) -> str:
    role = scene.role(t)
    return _bold(name) + (look.styled(f"  {role}", "muted", look.SMALL) if role else "")


def _bold(name: str) -> str:
    return look.styled(look.shortened(name), bold=True)


def _shape(t: Tensor) -> str:
    """(4, 3); nothing for a number."""
    return str(t.shape) if t.shape else ""


def _gradient_name(scene: Scene, t: Tensor) -> str:
    name = scene.name(t)
    return str(Derivative(scene.loss, name)) if name else "gradient"


def _matrix(scene: Scene, t: Tensor, heading: str) -> str:
    data = [v.data for v in t.values]
    digits = max(scene.digits - 1, 0)
    scale = _scale(data, digits)
    cells = [look.cell(look.styled(number(x, digits), size=DIGIT_SIZE), fill=look.heat(x, scale)) for x in data]
    return _headed(heading, _grid(cells, t))


def _gradient(scene: Scene, t: Tensor) -> str:
    grad = [v.grad or 0.0 for v in t.values]
    digits = max(scene.digits - 1, 0)
    scale = _scale(grad, digits)
    if scene.blank:
        cells = [look.cell(" " * (digits + 3), fill="operation")] * len(grad)
    else:
        texts = [look.styled(number(x, digits), size=DIGIT_SIZE, italic=True) for x in grad]
        cells = [look.cell(text, fill=look.heat(x, scale)) for text, x in zip(texts, grad)]
    return _headed(look.styled(look.shortened(_gradient_name(scene, t)), "gradient", bold=True), _grid(cells, t))


def _scale(numbers: list[float], digits: int) -> float:
    """What gets the full colour: the largest magnitude, unless even that is written as zero."""
    largest = max([abs(x) for x in numbers])
    return largest if round(largest, digits) else 0.0


def _grid(cells: list[str], t: Tensor) -> str:
    """The cells as a table: a vector is a column, of more axes the last one runs along the rows."""
    width = t.shape[-1] if t.ndim > 1 else 1
    dots = look.cell(look.styled("⋯", "muted"), "CENTER", "operation")
    rows = [look.row(*_beginning(cells[i : i + width], dots)) for i in range(0, len(cells), width)]
    height = look.styled(f"⋮ {len(rows)} rows", "muted", look.SMALL)
    rows = _beginning(rows, look.row(look.cell(height, "CENTER", "operation", min(width, MOST))))
    frame = f'BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="3" COLOR="{look.colour("frame")}"'
    return f"<TABLE {frame}>{''.join(rows)}</TABLE>"


def _headed(heading: str, grid: str) -> str:
    frame = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1"'
    return f"<TABLE {frame}>{_centred(heading)}{_centred(grid)}</TABLE>"


def _beginning(parts: list[str], ellipsis: str) -> list[str]:
    """All of a few parts; of many the first ones and the ellipsis."""
    return parts if len(parts) <= MOST else [*parts[: MOST - 1], ellipsis]


def _centred(*contents: str) -> str:
    return look.row(*[look.cell(content, "CENTER") for content in contents])
