"""Standard output that takes mathematics, and a reader of it that stops early."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def unicode_output() -> None:
    """Make standard output accept ∂, ⁽¹⁾ and ✓: in a pipe or a file on Windows it is UTF-8 from here on.

    What is not a text file with an encoding of its own, such as the output of a notebook or of
    IDLE, takes every character already and is left alone.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace")  # errors: half a surrogate pair, from an argument


@contextmanager
def printing() -> Iterator[None]:
    """Unicode output inside; and if its reader stops reading, as `head` does, a quiet exit with status 1."""
    unicode_output()
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at exit, into the pipe that is gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
