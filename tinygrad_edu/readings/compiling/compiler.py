"""C as a library that Python can call: the compiler that is there, and a cache of what it has made."""

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
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
# Nothing is fused, and no function is replaced by another or computed by the compiler: the numbers are those of Python.
# A function is one because a larger one would take too long to compile, so none goes into another.
FLAGS = ["-std=c11", "-shared", "-fPIC", "-pipe", "-ffp-contract=off", "-fno-math-errno", "-fno-inline"]
FLAGS += [f"-fno-builtin-{name}" for name in dir(math) if name[0] != "_" and name not in ("fabs", "sqrt")]
GOES_ON = "the Python program goes on working"


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
        if not cached:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
                return ctypes.CDLL(str(_compiled(command, source, Path(scratch))))
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = [path for path in folder.glob(f"{name}-*{SUFFIX}") if path == _place(folder, name, path)]
        if found:
            return ctypes.CDLL(str(found[0]))
        with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
            made = _compiled(command, source, Path(scratch))
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
