"""Numbers as students write them: 0,5 and −0.5, 1/3, 1.2e-3 and 1,2·10⁻³."""

from __future__ import annotations

import math
import re
from typing import NamedTuple
from unicodedata import normalize


class Given(NamedTuple):
    """A number and how many decimals it was given with; None of a fraction, which is exact."""

    number: float
    decimals: int | None


_POWER = re.compile(r"(?P<mantissa>[+-]?[\d.]+)(?:[e]|[*·×x]10(?:\^|\*\*)?)(?P<power>[+-]?\d+)", re.IGNORECASE)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def read_number(written: object) -> Given | None:
    """A number from what was written; None where nothing was.

    Raises ValueError where it is not a number.

    >>> read_number("−0,50"), read_number("1,2·10⁻³"), read_number("1/4"), read_number(" ")
    (Given(number=-0.5, decimals=2), Given(number=0.0012, decimals=4), Given(number=0.25, decimals=None), None)
    """
    text = re.sub(r"\s", "", re.sub("⁻", "-", "" if written is None else str(written)))
    text = normalize("NFKC", re.sub(r"10(?=-?[⁰¹²³⁴-⁹])", "10^", text)).replace("−", "-").replace("–", "-")
    text = text.strip("()").replace(",", ".")
    if not text or set(text) <= {"_", "?"} or text in ("-", "nan"):
        return None
    top, slash, below = text.partition("/")
    if slash:
        parts = [_plain(part, written) for part in (top, below)]
        if parts[1].number == 0:
            raise ValueError(f"{written!s} divides by 0")
        return Given(parts[0].number / parts[1].number, None)
    return _plain(text, written)


def _plain(text: str, written: object) -> Given:
    """The number of a text without spaces. Raises ValueError, which quotes what was written."""
    match = _POWER.fullmatch(text)
    mantissa, power = (match["mantissa"], int(match["power"])) if match else (text, 0)
    if not _DECIMAL.fullmatch(mantissa) or abs(power) > 300:
        raise ValueError(f"{written!r} is not a number")
    number = float(f"{mantissa}e{power}")
    if not math.isfinite(number):
        raise ValueError(f"{written!r} is not a finite number")
    return Given(number, max(len(mantissa.partition(".")[2]) - power, 0))
