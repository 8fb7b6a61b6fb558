"""Every program, where people run programs: redirected, in narrow encodings, in IDLE, in a notebook."""

import contextlib
import io
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.writing.console import printing, unicode_output

EXAMPLES = Path(__file__).parents[2] / "examples"
ARGUMENTS = {
    "gpt.py": ["1"],
    "train_moons.py": ["--epochs", "2", "--points", "6"],
    "gallery.py": ["pictures", "--suffix", ".dot"],
}
# JAX counts its devices once in a process, which devices.py can only do in one of its own.
ALONE = {"devices.py"}
SCRIPTS = [path.name for path in sorted(EXAMPLES.glob("*.py")) if not path.name.startswith("practical")]
SCRIPTS = [script for script in SCRIPTS if script not in ALONE]
NEEDED = {"train_moons.py": ["tqdm", "matplotlib"], "arrays.py": ["numpy"]}


def run_here(script, monkeypatch, folder):
    """Run the script in this process, as a notebook and IDLE do: beside it are its helpers."""
    for module in NEEDED.get(script, []):
        pytest.importorskip(module)
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [script, *ARGUMENTS.get(script, [])])
    try:
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    except SystemExit as stop:
        assert not stop.code, stop.code


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_prints_into_a_string(script, monkeypatch, tmp_path):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run_here(script, monkeypatch, tmp_path)
    assert len(out.getvalue()) > 100


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


@pytest.mark.parametrize("stream", [Idle, Notebook])
@pytest.mark.parametrize("script", ["by_hand.py", "q1.py"])
def test_a_script_prints_into_a_window_or_a_cell(script, stream, monkeypatch, tmp_path):
    window = stream()
    with contextlib.redirect_stdout(window):
        run_here(script, monkeypatch, tmp_path)
        assert main(["explain", "x*x", "x=3"]) == 0
    assert "∂" in window.text and "∂f/∂x" in window.text


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("script", ["by_hand.py", "gallery.py", "q1.py"])
def test_a_narrow_encoding_stops_no_script(script, encoding, tmp_path):
    """The others run so in test_examples.py."""
    command = [sys.executable, str(EXAMPLES / script), *ARGUMENTS.get(script, [])]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.decode("utf-8")) > 100


@pytest.mark.parametrize("script", ["gallery.py", "neuron.py", "q1.py", "q2.py", "recorded.py", "train_moons.py"])
def test_a_narrow_encoding_stops_no_help(script):
    for module in NEEDED.get(script, []):
        pytest.importorskip(module)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, str(EXAMPLES / script), "--help"]
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 0 and done.stdout.startswith(b"usage: "), done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_narrow_encoding_stops_no_command(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for arguments in (["--help"], ["explain", "x₁²", "x₁=3"], ["check", "θ²", "θ=3"], ["doctor"], ["code", "θ²", "θ"]):
        command = [sys.executable, "-m", "tinygrad_edu", *arguments]
        done = subprocess.run(command, capture_output=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode("utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "tinygrad_edu", "explain", "x₁²", "θ=3"], capture_output=True, env=environment
    )
    assert refused.returncode == 2 and b"has no value" in refused.stderr


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
