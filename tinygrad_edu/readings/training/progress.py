"""How far a training is: a bar that is drawn again on a terminal and in a notebook, elsewhere a line a second."""

from __future__ import annotations

import sys
from time import monotonic

_WIDTH = 30
_BLOCKS = " ▏▎▍▌▋▊▉█"


class Progress:
    """Shows steps and losses on the error stream.

    Args:
        first, last: the step that it starts from, and the one that it goes to.
        shown: whether anything is to be seen.
    """

    def __init__(self, first: int, last: int, shown: bool) -> None:
        self.first, self.last, self.shown = first, last, shown
        self.redraws = sys.stderr.isatty() or "ipykernel" in sys.modules
        self.every = 0.1 if self.redraws else 1.0
        self.began = self.next = monotonic()
        self.line = ""

    def show(self, step: int, loss: float) -> None:
        """The state after a step, if it is time to show it."""
        now = monotonic()
        if not self.shown or (now < self.next and step < self.last):
            return
        self.next = now + self.every
        rate = (step - self.first) / max(now - self.began, 1e-9)
        said = f"step {step:>{len(str(self.last))}} of {self.last}  loss {loss:.4g}  {rate:.3g} steps/s"
        if not self.redraws:
            print(said, file=sys.stderr, flush=True)
            return
        eighths = round(8 * _WIDTH * step / self.last)
        bar = (_BLOCKS[8] * (eighths // 8) + _BLOCKS[eighths % 8]).ljust(_WIDTH)[:_WIDTH]
        line = f"▕{bar}▏ {said}"
        print("\r" + line.ljust(len(self.line)), end="", file=sys.stderr, flush=True)
        self.line = line

    def end(self) -> None:
        """The line below the bar."""
        if self.line:
            print(file=sys.stderr, flush=True)
