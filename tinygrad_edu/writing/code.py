"""How names are written in code."""

from __future__ import annotations

from .names import SUBSCRIPT
from .numbers import SUPERSCRIPT

_UPRIGHT = {code: chr(digit) for digit, code in SUPERSCRIPT.items()} | {ord(c): "" for c in "⁽⁾"}
_LOWERED = {code: chr(digit) for digit, code in SUBSCRIPT.items()}


def identifier(label: str) -> str:
    """A label as a name that Python accepts, read aloud the same way.

    >>> identifier("W⁽¹⁾₁₂"), identifier("∂b⁽²⁾₃"), identifier("W₁,₁₁"), identifier("2nd try")
    ('W1_12', 'db2_3', 'W_1_11', '_2nd_try')
    """
    from unicodedata import normalize  # only those who print programs need to wait for it

    name, before = "", 0
    for code in map(ord, label):
        if code in _LOWERED and before not in _LOWERED:
            name += "_"
        name += _LOWERED.get(code) or _UPRIGHT.get(code, "d" if chr(code) == "∂" else chr(code))
        before = code
    name = "".join([c if ("_" + c).isidentifier() else "_" for c in normalize("NFKC", name)])
    while "__" in name:
        name = name.replace("__", "_")
    return name if name.isidentifier() else "_" + name
