"""README's recipe for a new operation, followed to the letter on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project with a row, a method and a line put below those of cos, and the row's name in TABLE."""
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    part = README[README.index("## Adding an operation") : README.index("## Beside others")]
    prose, files = re.split(r"```python\n(.*?)```", part, flags=re.DOTALL), []
    for before, block in zip(prose[::2], prose[1::2]):
        files += re.findall(r"`([\w/]+\.py)`", before)[-1:]  # the file that README names last
        text = (copy / files[-1]).read_text(encoding="utf-8")
        below = r"^(    def cos\(self\).*?\n\n(?=    \S)|COS +=.*?\n|    ops\.COS:.*?\n)"
        end = re.search(below, text, flags=re.MULTILINE | re.DOTALL).end()
        text = text[:end] + block + "\n" * ("def " in block) + text[end:]
        (copy / files[-1]).write_text(text.replace("SIN, COS,", "SIN, COS, ARCTAN,"), encoding="utf-8")
    assert files == ["tinygrad_edu/ops.py", "tinygrad_edu/value.py", "tests/domains.py"]
    return copy


def run(copy, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, encoding="utf-8", timeout=900)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return done.stdout


@pytest.mark.long
def test_the_tests_are_green_and_try_the_new_row(copy):
    said = run(
        copy, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--hypothesis-profile=mutants",
        "tests/engine", "tests/network", "tests/writing", "tests/cli", "tests/project/test_project.py", "tinygrad_edu",
        "-k", "not wheel and not mutants",
    )  # fmt: skip
    assert len(re.findall(r"PASSED .*\[arctan", said)) >= 5


READINGS = """
import math
from tinygrad_edu import Tensor, Value, compile_graph, draw, explain, grad, gradcheck, jvp, step_through
from tinygrad_edu.cli import main

x = Value(0.5, label="x")
y = (2 * x).arctan()
y.label = "y"
y.backward()
assert x.grad == 1.0 and grad(grad(y, x), x).data == -2.0  # 2/(1 + 4x²), −16x/(1 + 4x²)²
assert jvp(y, x, 1.0).data == 1.0
gradcheck(lambda x: x.arctan().sum(), [[0.5, -2.0]])

for form in ("text", "markdown", "latex"):
    assert "arctan" in explain(y).to(form)
assert "arctan(v₁) = arctan(1) = 0.7854" in str(explain(y))
t = Tensor([[0.5, -2.0]], label="t")
loss = (t.arctan() * 3).sum()
loss.backward()
assert "arctan(t)" in str(explain(loss))
for level in ("value", "tensor"):
    assert "arctan" in draw(loss, level).source
assert "arctan" in step_through(loss).html and "arctan" in step_through(y).html

program = compile_graph({"y": y, "dy": grad(y, x)}, inputs=[x])
assert program(1.0) == {"y": math.atan(2.0), "dy": 0.4}, program(1.0)
import numpy
on_arrays = compile_graph({"L": loss, "dt": grad(loss, t)}, [t], level="tensor")([[1.0, 2.0]])
numpy.testing.assert_allclose(on_arrays["L"], 3 * (math.atan(1.0) + math.atan(2.0)), rtol=1e-15)
numpy.testing.assert_allclose(on_arrays["dt"], [[1.5, 0.6]], rtol=1e-15)
assert main(["explain", "arctan(x)", "x=2"]) == 0
"""


def test_every_reading_has_the_new_operation(copy):
    pytest.importorskip("numpy")
    assert "∂f/∂x = ∂f/∂f" in run(copy, "-c", READINGS)
