"""More than one machine: devices.py runs in its own process, which starts two more."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "devices.py"


@pytest.mark.long
def test_eight_devices_and_two_processes_have_the_numbers_of_one_device():
    pytest.importorskip("jax", reason="JAX is the optional extra `jax`")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, encoding="utf-8", timeout=180, env=environment)
    assert done.returncode == 0, done.stderr
    assert "eight devices: 50 of 400 examples on each device" in done.stdout
    assert "two processes with four devices each: 50 of 400 examples on each device" in done.stdout
    differences = re.findall(r"largest difference from one device in 60 steps: (\S+)", done.stdout)
    assert len(differences) == 2 and max(map(float, differences)) < 1e-12
    losses = [float(L) for L in re.findall(r"^ +\d+ +([\d.]+)$", done.stdout, flags=re.MULTILINE)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0] / 2
