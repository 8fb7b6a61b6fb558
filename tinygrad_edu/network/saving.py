"""Parameters in a file: `save` and `load`."""

from __future__ import annotations

import json
import os
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any

from ..writing.files import write_whole
from .nn import Module

FORMAT = "tinygrad_edu parameters, version 1"
_OTHER_FORMATS = {".npy", ".npz", ".pt", ".pth", ".pkl", ".safetensors"}


def save(module: Module, path: str | os.PathLike[str]) -> Path:
    """Write the numbers of every parameter to a JSON file, for `load`; each float exactly.

    The file has the `state_dict` alone: a nested list for each name, a row of a matrix on a line.
    What the module computes is not in it, nor what an optimiser remembers (its momentum, Adam's
    t, m and v). It appears whole or not at all: a failure leaves an older file as it was.

    Raises:
        TypeError: `module` is not a Module.
        ValueError: two parameters have one name; or the suffix is one of NumPy's, PyTorch's or pickle's.
        OSError: the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from tinygrad_edu import Linear
    >>> with TemporaryDirectory() as folder:
    ...     print(save(Linear(2, 1, init=0.1), f"{folder}/linear.json").read_text())
    {
      "format": "tinygrad_edu parameters, version 1",
      "parameters": {
        "W": [
          [0.1, 0.1]
        ],
        "b": [0.1]
      }
    }
    <BLANKLINE>
    """
    _check_module("save", module)
    path = Path(path)
    if path.suffix in _OTHER_FORMATS:
        raise ValueError(f"save: the file is JSON: call it {path.with_suffix('.json').name}, not {path.name}")
    try:
        state = module.state_dict()
    except ValueError as error:
        raise ValueError(f"save: {path} is not written: {error}") from None
    lines = ",".join([f"\n    {json.dumps(name, ensure_ascii=False)}: {_text(x)}" for name, x in state.items()])
    text = f'{{\n  "format": {json.dumps(FORMAT)},\n  "parameters": {{{lines}\n  }}\n}}\n'
    write_whole(path, text.encode())
    return path


def load(module: Module, path: str | os.PathLike[str]) -> None:
    """Set every parameter of the module from a file that `save` wrote; all of them or none.

    The module is made as the saved one was: names and shapes must be the same.

    Raises:
        TypeError: `module` is not a Module.
        ValueError: the file was not written by `save`, is damaged, or does not fit the module;
            the message names the file and what is wrong.
        OSError: the file cannot be read.

    >>> from tempfile import TemporaryDirectory
    >>> from tinygrad_edu import Linear
    >>> linear, other = Linear(2, 1, seed=0), Linear(2, 1, seed=1)
    >>> with TemporaryDirectory() as folder:
    ...     load(other, save(linear, f"{folder}/linear.json"))
    >>> other.W.data == linear.W.data
    True
    """
    _check_module("load", module)
    content = Path(path).read_bytes()
    try:
        module.load_state_dict(_state(content))
    except (KeyError, ValueError, RecursionError) as error:
        reason = error.args[0] if isinstance(error, KeyError) else error  # str(KeyError) has quotes
        raise ValueError(f"load: {path} is not loaded: {reason}") from None


def _check_module(name: str, module: Any) -> None:
    if not isinstance(module, Module):
        raise TypeError(f"{name}: a Module is needed first and then the file, not {type(module).__name__}")


def _numbers(name: str, nested: Any) -> Any:
    """The nested lists of floats, checked."""
    if isinstance(nested, list):
        return [_numbers(name, part) for part in nested]
    if isinstance(nested, bool) or not isinstance(nested, Real) or not isfinite(nested):
        raise ValueError(f"{name} holds {nested!r:.60}, which is not a finite number")
    return float(nested)


def _text(nested: Any, indent: str = "    ") -> str:
    """JSON with the innermost lists on one line each."""
    if isinstance(nested, list) and isinstance(nested[0], list):
        rows = ",".join([f"\n{indent}  {_text(row, indent + '  ')}" for row in nested])
        return f"[{rows}\n{indent}]"
    return json.dumps(nested)


def _state(content: bytes) -> dict[str, Any]:
    """The `state_dict` in a file's bytes, or a ValueError that says what is wrong with them."""
    # Whole numbers are floats too: 1 is 1.0, and one of a thousand digits is infinite, and refused.
    try:
        whole = json.loads(content.decode(), parse_int=float)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON, or not all of it: {error}") from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise ValueError(f'it does not begin with "format": "{FORMAT}"')
    if whole.keys() != {"format", "parameters"} or not isinstance(whole["parameters"], dict):
        raise ValueError('beside "format" there must be "parameters", names with their numbers, and nothing else')
    return {name: _numbers(name, nested) for name, nested in whole["parameters"].items()}
