"""Programs where people run them: redirected, in narrow encodings, in IDLE, in a notebook."""

import contextlib
import io
import os
import subprocess
import sys

import pytest
from scripts import EXAMPLES, Narrow, run, status_of

from tinygrad_edu.cli import main
from tinygrad_edu.writing.console import printing, unicode_output


class Idle(io.StringIO):
    """IDLE's standard output has an encoding but no `reconfigure`."""

    encoding, errors = "utf-8", "strict"


class Notebook:
    """The standard output of a notebook's kernel, as far as `print` needs it. It is not a file of Python's."""

    encoding = "UTF-8"

    def __init__(self):
        self.texts = []
        self.write, self.flush = self.texts.append, lambda: None

    def getvalue(self):
        return "".join(self.texts)


def test_a_program_prints_the_same_text_into_a_file_a_string_a_window_and_a_cell():
    texts = []
    for stream in (io.StringIO(), Narrow("cp1252"), Narrow("ascii"), Idle(), Notebook()):
        with contextlib.redirect_stdout(stream):
            assert status_of("q1.py") == status_of("by_hand.py") == main(["explain", "x₁²", "x₁=3"]) == 0
        texts.append(stream.text if isinstance(stream, Narrow) else stream.getvalue())
    assert "∂f/∂x₁" in texts[0] and texts == texts[:1] * 5


def test_what_is_written_is_the_same_under_every_hash_seed():
    program = (
        "from tinygrad_edu import *; net = MLP([2, 3, 2], activation='relu', seed=1)\n"
        "L = cross_entropy(net(Tensor([1.0, -0.5], label='x')), 1)\n"
        "for level in ('value', 'neuron', 'tensor'):\n"
        "    print(ascii([draw(L, level).source, step_through(L, level).html]))\n"
        "print(explain(L), compile_graph(grad(L, net.parameters()), net.parameters()).source, worksheet(L, 'all'))"
    )
    runs = []
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
        runs.append(subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True).stdout)
    assert runs == runs[:1] * 3 and runs[0].count(b"digraph") == 3 and b"def program" in runs[0]


def test_unicode_output_leaves_alone_what_it_cannot_change(monkeypatch):
    for stream in (None, io.StringIO(), Idle()):
        monkeypatch.setattr(sys, "stdout", stream)
        unicode_output()
        assert sys.stdout is stream
    monkeypatch.setattr(sys, "stdout", narrow := Narrow("ascii"))
    with printing():
        print("∂ \ud800")
    assert narrow.text.rstrip() == "∂ \\ud800"


SOURCES = {path.name: path.read_text("utf-8") for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("script", ["q1.py", *[name for name in SOURCES if "\nimport argparse" in SOURCES[name]]])
def test_a_narrow_encoding_stops_no_help(script):
    for module in {"train_moons.py": ["tqdm"], "digits.py": ["sklearn", "tqdm"]}.get(script, []):
        pytest.importorskip(module)
    if script != "practical.py":
        assert run(script, "--help").startswith("usage: ")


@pytest.mark.parametrize(("arguments", "status"), [(["--help"], 0), (["explain", "x₁²", "θ=3"], 2)])
def test_a_narrow_encoding_stops_no_command(arguments, status):
    command = [sys.executable, "-m", "tinygrad_edu", *arguments]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == status, done.stderr
    assert b"has no value" in done.stderr if status else done.stdout.decode("utf-8").startswith("usage: ")
