"""The scripts of examples/, run in the process of the tests, which is quick, and as a notebook and IDLE run them."""

import contextlib
import io
import runpy
import sys
from functools import cache
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


class Narrow(io.TextIOWrapper):
    """Standard output or error output with PYTHONIOENCODING set. What a script writes is UTF-8 all the same."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding)

    @property
    def text(self):
        self.flush()
        return self.buffer.getvalue().decode("utf-8")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def status_of(script, *arguments):
    """The exit status of the script. Its folder is first on the path, as in Python."""
    argv, path = sys.argv, sys.path
    sys.argv, sys.path = [script, *arguments], [str(EXAMPLES), *path]
    try:
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
            return 1
        return stop.code or 0
    finally:
        sys.argv, sys.path = argv, path
    return 0


@cache
def run(script, *arguments, status=0):
    """What the script prints: standard output, or the error output of a script that must fail. It runs once."""
    out, errors = Narrow("ascii"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        found = status_of(script, *arguments)
    assert found == status, errors.getvalue()
    return errors.getvalue() if status else out.text
