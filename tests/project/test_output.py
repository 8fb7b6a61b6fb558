"""Every program, where people run programs: redirected, in narrow encodings, in IDLE, in a notebook."""

import contextlib
import io
import os
import subprocess
import sys

import pytest
from scripts import EXAMPLES, Narrow, run, status_of

from tinygrad_edu.cli import main
from tinygrad_edu.writing.console import printing, unicode_output

ARGUMENTS = {
    "gpt.py": ["1"],
    "train_moons.py": ["--epochs", "2", "--points", "6"],
    "gallery.py": ["pictures", "--suffix", ".dot"],
}
# JAX counts its devices once in a process, which devices.py can only do in one of its own.
ALONE = {"devices.py"}
SCRIPTS = [path.name for path in sorted(EXAMPLES.glob("*.py")) if not path.name.startswith("practical")]
SCRIPTS = [script for script in SCRIPTS if script not in ALONE]
TIMED = {"compiled.py", "arrays.py"}  # they print times
NEEDED = {"train_moons.py": ["tqdm", "matplotlib"], "arrays.py": ["numpy"]}


class Idle(io.TextIOBase):
    """IDLE's standard output: it writes through to a window, and has an encoding but no reconfigure."""

    encoding, errors = "utf-8", "strict"

    def __init__(self):
        self.text = ""

    def writable(self):
        return True

    def write(self, text):
        self.text += text
        return len(text)


class Notebook:
    """As far as `print` needs it, that of a notebook's kernel, which is not a file of Python's."""

    encoding = "UTF-8"

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def need(script):
    for module in NEEDED.get(script, []):
        pytest.importorskip(module)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_into_a_string_and_a_narrow_encoding(script, monkeypatch, tmp_path):
    need(script)
    monkeypatch.chdir(tmp_path)
    texts = []
    for stream in (io.StringIO(), Narrow("cp1252"), Narrow("ascii")):
        with contextlib.redirect_stdout(stream):
            assert status_of(script, *ARGUMENTS.get(script, [])) == 0
        texts.append(stream.text if isinstance(stream, Narrow) else stream.getvalue())
    assert min(map(len, texts)) > 100
    if script not in TIMED:
        assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize("stream", [Idle, Notebook])
@pytest.mark.parametrize("script", ["by_hand.py", "q1.py"])
def test_a_script_prints_into_a_window_or_a_cell(script, stream):
    window = stream()
    with contextlib.redirect_stdout(window):
        assert status_of(script) == 0
        assert main(["explain", "x*x", "x=3"]) == 0
    assert "∂" in window.text and "∂f/∂x" in window.text


WITH_OPTIONS = [
    f"{name}.py" for name in ("bug_lab", "gallery", "laboratory", "neuron", "q1", "q2", "recorded", "train_moons")
]


@pytest.mark.parametrize("script", WITH_OPTIONS)
def test_a_narrow_encoding_stops_no_help(script):
    need(script)
    assert run(script, "--help").startswith("usage: ")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_narrow_encoding_stops_no_command(encoding):
    for arguments in (["explain", "x₁²", "x₁=3"], ["check", "θ²", "θ=3"], ["doctor"], ["code", "θ²", "θ"]):
        with contextlib.redirect_stdout(Narrow(encoding)) as out:
            assert main(arguments) == 0
        assert out.text
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for arguments, status in ((["--help"], 0), (["explain", "x₁²", "θ=3"], 2)):
        command = [sys.executable, "-m", "tinygrad_edu", *arguments]
        done = subprocess.run(command, capture_output=True, env=environment)
        assert done.returncode == status, done.stderr
        assert b"has no value" in done.stderr if status else done.stdout.decode("utf-8").startswith("usage: ")


def test_unicode_output_leaves_alone_what_it_cannot_change(monkeypatch):
    for stream in (None, io.StringIO(), Idle()):
        monkeypatch.setattr(sys, "stdout", stream)
        unicode_output()
        assert sys.stdout is stream
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    with printing():
        print("∂ \ud800")
    assert narrow.buffer.getvalue().rstrip() == "∂ \\ud800".encode()
