"""Parameters in a file: `save` and `load`."""

import json
import os
from pathlib import Path
from typing import Any

from ..writing.files import write_whole
from .nn import Module

FORMAT = "tinygrad_edu parameters, version 1"


def save(module: Module, path: str | os.PathLike[str]) -> Path:
    """Write the numbers of every parameter to a JSON file, for `load`; each float exactly.

    The file has the `state_dict` alone: a nested list for each name. What the module computes is not in it, nor
    what an optimiser remembers (its momentum, Adam's t, m and v). It appears whole or not at all: a failure leaves
    an older file as it was.

    Raises:
        TypeError: `module` is not a Module.
        OSError: the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from tinygrad_edu import Linear
    >>> with TemporaryDirectory() as folder:
    ...     print(save(Linear(2, 1, init=0.1), f"{folder}/linear.json").read_text(), end="")
    {"format": "tinygrad_edu parameters, version 1", "parameters": {
    "W": [[0.1, 0.1]],
    "b": [0.1]
    }}
    """
    _check_module("save", module)
    lines = [f"{json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in module.state_dict().items()]
    text = f'{{"format": {json.dumps(FORMAT)}, "parameters": {{\n' + ",\n".join(lines) + "\n}}\n"
    write_whole(Path(path), text.encode())
    return Path(path)


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
        whole = json.loads(content, parse_int=float)  # a whole number of a thousand digits is infinite, and refused
        if not isinstance(whole, dict) or whole.get("format") != FORMAT or "parameters" not in whole:
            raise ValueError(f'it does not begin with "format": "{FORMAT}" and "parameters"')
        module.load_state_dict(whole["parameters"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        reason = error.args[0] if isinstance(error, KeyError) else error  # str(KeyError) has quotes
        raise ValueError(f"load: {path} is not loaded: {reason}") from None


def _check_module(name: str, module: Any) -> None:
    if not isinstance(module, Module):
        raise TypeError(f"{name}: a Module is needed first and then the file, not {type(module).__name__}")
