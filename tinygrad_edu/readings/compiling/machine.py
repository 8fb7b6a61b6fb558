"""A printed program as machine code: the C compiler compiles the same steps, and ctypes calls them.

What it has made is kept in a cache.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tree import flatten
from ...writing.code import C
from .flat import Flat
from .statements import Plan

if TYPE_CHECKING:
    from . import Program

SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
# Nothing is fused, and no function is replaced by another or computed by the compiler: the numbers are those of Python.
# A function is one because a larger one would take too long to compile, so none goes into another.
FLAGS = ["-std=c11", "-shared", "-fPIC", "-pipe", "-ffp-contract=off", "-fno-math-errno", "-fno-inline"]
FLAGS += [f"-fno-builtin-{name}" for name in dir(math) if name[0] != "_" and name not in ("fabs", "sqrt")]
GOES_ON = "the Python program goes on working"
_SLICE = 100_000  # steps of a loop after which Python looks whether it is interrupted


class MachineCode:
    """What `Program.machine_code` makes: call it as the program, for the same numbers.

    It refuses what the program refuses, in the same words, since it then calls the program. Most of the time of a
    call goes into lists; `prepare` makes a function that takes none, and `repeat` stays in machine code for many steps.

    Attributes:
        source: the C text of the program.
        size: how many numbers the result has.
    """

    def __init__(self, program: Program, plan: Plan, optimize: int | None, cache: bool) -> None:
        flat = Flat(plan, C)
        self.source, self.size = flat.source, flat.size
        self._program, self._plan = program, plan
        self._starts = [0, *accumulate(flat.sizes.values())]
        places = ", ".join([f"inputs + {start}" for start in self._starts])
        arguments = [*[f"at[{k}]" for k in range(len(flat.sizes))], "result", *["room"] * (flat.room > 0)]
        macros = {"COUNT": self._starts[-1], "SIZE": self.size, "PLACES": places}
        macros |= {"PROGRAM": f"program({', '.join(arguments)})"} | ({"ROOM": flat.room} if flat.room else {})
        defined = [f"#define {name} {meaning}" for name, meaning in macros.items()]
        around = Path(__file__).with_name("library.c").read_text(encoding="utf-8")
        made = library("\n".join([self.source, *defined, around]), optimize, cache)
        number, pointer = ctypes.c_size_t, ctypes.c_void_p
        self._call, self._loop = made.call, made.loop
        self._call.argtypes = [pointer, pointer]
        self._loop.argtypes = [pointer, pointer, number, pointer, number, pointer, number, pointer]
        self._loop.restype = number
        structures = program._structures
        self._numbers, self._arguments, self._arranged = [structures[f] for f in ("program", "arguments", "result")]
        self._zeros = array("d", bytes(8 * self.size))

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        try:
            inputs, result = array("d", self._numbers(*arguments, **keywords)), self._zeros[:]
        except (TypeError, ValueError, LookupError):
            return self._program(*arguments, **keywords)  # which says what does not fit
        if self._call(inputs.buffer_info()[0], result.buffer_info()[0]):
            return self._arranged(result.tolist())
        return self._program(*arguments, **keywords)  # which says where a number is not finite

    def prepare(self, inputs: Any, result: Any) -> Callable[[], None]:
        """A function that reads one buffer and writes another, as often as it is called, without a copy.

        Args:
            inputs, result: flat buffers of float64, such as an `array.array` or an array of NumPy. The numbers of
                the arguments stand one after the other, in the order in which they are written, and so do those of
                the result.

        Raises:
            TypeError, ValueError: a buffer is not writable, or has not as many numbers as it should have.

        >>> from array import array
        >>> from tinygrad_edu import Value, compile_graph
        >>> x = Value(3.0, label="x")
        >>> machine = compile_graph(x * x, [x]).machine_code()  # doctest: +SKIP
        >>> x, y = array("d", [5.0]), array("d", [0.0])
        >>> square = machine.prepare(x, y); square(); y  # doctest: +SKIP
        array('d', [25.0])
        """
        views, sizes = [memoryview(inputs), memoryview(result)], [self._starts[-1], self.size]
        if [(view.format, view.shape, view.contiguous) for view in views] != [("d", (size,), True) for size in sizes]:
            raise ValueError("prepare: flat buffers of {} and {} numbers in float64 are needed".format(*sizes))
        source, target = [ctypes.addressof((ctypes.c_char * view.nbytes).from_buffer(view)) for view in views]

        def prepared(call: Any = self._call) -> None:
            if not call(source, target):
                views[1][:] = array("d", flatten(self._program(*self._arguments(views[0]))))

        return prepared

    def repeat(self, n: int, /, *arguments: Any, **keywords: Any) -> dict[Any, Any]:
        """n steps, in each of which an output is the next value of the input of the same name.

        Outputs and inputs have to be dicts, as in `{"loss": …, "w": w - 0.1 * dw}` of `{"x": x, "w": w}`. In the
        result `w` is that after the last step, and each other number the list of what it was in every step.

        Raises:
            ValueError: no output has the name of an input, or one has not as many numbers as that; or n < 1.
        """
        if n < 1:
            raise ValueError(f"repeat: the number of steps is at least 1, not {n!r}")
        moves, kept = self._moves()
        try:
            inputs = array("d", self._numbers(*arguments, **keywords))
        except (TypeError, ValueError, LookupError):
            self._program(*arguments, **keywords)  # which says what does not fit
            raise
        latest, history, row = self._zeros[:], array("d", bytes(8 * n * len(kept))), len(kept)
        lists = [(ctypes.c_size_t * len(of))(*of) for of in ([x for move in moves for x in move], kept)]
        at, to, rows = [numbers.buffer_info()[0] for numbers in (inputs, latest, history)]
        done = 0
        while done < n:
            steps = min(n - done, _SLICE)
            found = self._loop(at, to, steps, lists[0], len(lists[0]), lists[1], row, rows + 8 * row * done)
            done += found
            if found < steps:  # once more with words; if only a number on the way was too large, go on
                try:
                    latest[:] = array("d", flatten(self._program(*self._arguments(inputs.tolist()))))
                except (ArithmeticError, ValueError) as error:
                    raise type(error)(f"step {done + 1} of {n}: {error}") from None
                history[row * done : row * (done + 1)] = array("d", [latest[k] for k in kept])
                for place, start, size in moves:
                    inputs[start : start + size] = latest[place : place + size]
                done += 1
        columns = {place: history[k::row].tolist() for k, place in enumerate(kept)}
        last: dict[Any, Any] = self._arranged([columns.get(k, y) for k, y in enumerate(latest)])
        return last

    def __repr__(self) -> str:
        return f"<MachineCode of {len(self.source.splitlines())} lines>"

    def _moves(self) -> tuple[list[tuple[int, int, int]], list[int]]:
        """For each result that is an argument of the next step its place, where it goes, and its size; other places."""
        spans = zip(self._starts, self._starts[1:])
        arguments = {name: range(*span) for (name, _), span in zip(self._plan.entries, spans)}
        outputs = self._plan.outputs if isinstance(self._plan.outputs, dict) else {}
        moves, kept, place = [], list[int](), 0
        for key, branch in outputs.items():
            size = len(flatten(branch))
            if key not in arguments:
                kept += range(place, place + size)
            elif size != len(arguments[key]):
                raise ValueError(f"repeat: the output {key!r} has not as many numbers as the input of this name")
            else:
                moves.append((place, arguments[key].start, size))
            place += size
        if not moves:
            raise ValueError("repeat: no output has the name of an input; outputs and inputs are dicts with names")
        return moves, kept


# The compiler that is there, and the cache.


def library(source: str, optimize: int | None, cached: bool) -> ctypes.CDLL:
    """The library that the C compiler makes of the source, or made of it before.

    Raises:
        RuntimeError: there is no compiler, it fails, or the library cannot be stored or loaded.
    """
    command = _compiler()
    version = _version(tuple(command))
    command += [*FLAGS, f"-O{'g' if optimize is None else optimize}"]  # -Og starts soonest, and runs about as fast
    if "clang" in version:  # or it divides by what may be 0, and looks afterwards whether that was asked for
        command.append("-ffp-exception-behavior=maytrap")
    key = [source, version, platform.platform(), *command, *(_processor() if "native" in " ".join(command) else ())]
    name = _checksum("\0".join(key).encode())
    try:
        folder = cache_folder() if cached else None
        if folder:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in folder.glob(f"{name}-*{SUFFIX}"):
                if path == _place(folder, name, path):
                    return ctypes.CDLL(str(path))
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
            made = _compiled(command, source, Path(scratch))
            if not folder:
                return ctypes.CDLL(str(made))
            path = _place(folder, name, made)  # known by its contents, so that two processes may make it at once
            try:
                os.replace(made, path)
            except PermissionError:  # on Windows, where another process has loaded it
                if not path.exists() or path != _place(folder, name, path):
                    raise
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise RuntimeError(
            f"machine_code: the compiled program cannot be kept or loaded ({error}). XDG_CACHE_HOME names another "
            f"folder, machine_code(cache=False) needs none, and {GOES_ON}"
        ) from None


def cache_folder() -> Path:
    """Where compiled programs are kept; it may be deleted."""
    usual = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": "~/Library/Caches"}.get(sys.platform) or "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser() / "tinygrad_edu"


def _compiler() -> list[str]:
    """The command of the C compiler: that in CC, or the first one that is there."""
    if command := shlex.split(os.environ.get("CC", ""), posix=os.name == "posix"):
        return command
    for name in ("cc", "gcc", "clang"):
        if path := shutil.which(name):
            return [path]
    if find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-fno-sanitize=undefined"]
    raise RuntimeError('machine code needs a C compiler: install gcc or clang, or pip install -e ".[fast]"; ' + GOES_ON)


@cache
def _version(command: tuple[str, ...]) -> str:
    try:
        return subprocess.run([*command, "--version"], capture_output=True, text=True, errors="replace").stdout
    except OSError as error:
        raise RuntimeError(
            f"machine_code: the C compiler {command[0]} cannot be run ({error.strerror}); CC names another one, and "
            f"{GOES_ON}"
        ) from None


def _processor() -> list[str]:
    """What tells processors apart, for which the same command makes other code."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return [platform.processor(), platform.node()]
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})


def _checksum(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()[:32]


def _place(folder: Path, name: str, library: Path) -> Path:
    """Where a library is kept. A damaged one is at another place: to load it would end Python."""
    return folder / f"{name}-{_checksum(library.read_bytes())}{SUFFIX}"


def _compiled(command: list[str], source: str, folder: Path) -> Path:
    (folder / "program.c").write_text(source, encoding="utf-8")
    made = folder / f"program{SUFFIX}"
    called = [*command, "program.c", "-o", made.name, "-lm"]
    with subprocess.Popen(called, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            output, _ = process.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            print(f"machine_code: compiling {source.count(chr(10)):,} lines of C …", file=sys.stderr, flush=True)
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode or not made.exists():
        lines = output.decode(errors="replace").strip().splitlines() or ["without a word"]
        said = next((line for line in lines if "error" in line), lines[-1])
        raise RuntimeError(f"machine_code: the C compiler {command[0]} failed ({said.strip()}); {GOES_ON}")
    return made
