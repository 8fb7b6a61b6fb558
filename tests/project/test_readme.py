"""What README.md and examples/README.md say: code and output, commands, links, the ladder."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from scripts import run

from tinygrad_edu.cli import main

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tinygrad_edu"
README = (ROOT / "README.md").read_text(encoding="utf-8")
LADDER = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_is_short():
    assert len(README.split()) <= 1200


@pytest.mark.parametrize(("number", "lines", "prints"), [(0, 10, 2), (1, 15, 1)])
def test_the_first_examples_print_the_numbers_in_their_comments(number, lines, prints, capsys, monkeypatch, tmp_path):
    pytest.importorskip("pygraphviz", reason="pictures need Graphviz, which pygraphviz brings")
    monkeypatch.chdir(tmp_path)
    block = blocks("python")[number]
    assert len(block.splitlines()) <= lines
    exec(block, {})
    promised = re.findall(r"print\(.*\) +# (.*)", block)
    assert capsys.readouterr().out.splitlines() == promised and len(promised) == prints
    for file in re.findall(r'save\("(.*)"\)', block):
        assert (tmp_path / file).read_text(encoding="utf-8").count("<svg") == 1


def test_the_lines_of_the_practical_are_lines_of_its_page():
    lines = blocks("text")[0].splitlines()
    assert len(lines) == 5 and {*lines} <= {*run("q1.py").splitlines()}


def test_the_readings_print_what_stands_below_them(capsys):
    exec(blocks("python")[2], {})
    _, backward, program = blocks("text")
    forward, printed = capsys.readouterr().out.split("Backward\n")
    assert forward.startswith("Forward\n") and f"Backward\n{printed}" == f"{backward}{program}\n"


def test_the_commands_on_formulas_succeed(capsys):
    commands = re.findall(r"^tinygrad-edu (.*)$", README, flags=re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        assert main(shlex.split(command)) == 0, command
        assert capsys.readouterr().out


@pytest.mark.long
def test_the_benchmark_compares_the_losses_and_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "benchmark.py", "--cases", "q1", "--rounds", "1"],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "| ours, eager |" in done.stdout


QUICKER = {
    "train_moons.py": ["--epochs", "1"],
    "digits.py": ["--epochs", "3"],
    "gpt.py": ["2"],
    "gpt_of_tensors.py": ["20"],
}
NEEDED = {
    "svg": "pygraphviz",
    "gallery.py": "pygraphviz",
    "train_moons.py": "matplotlib",
    "digits.py": "sklearn",
    "gpt_of_tensors.py": "numpy",
    "arrays.py": "numpy",
    "names_": "numpy",
}
COMMANDS = dict.fromkeys(re.findall(r"python examples/(\w+\.py[^`\n]*)(?=[`\n])", README + LADDER))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all commands: one marks the answers that another has written."""
    return tmp_path_factory.mktemp("commands")


ELSEWHERE = {"devices.py", "films.py films"}  # these have tests of their own


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ELSEWHERE])
def test_the_scripts_run_as_it_says(command, folder, monkeypatch):
    for part, module in NEEDED.items():
        if part in command:
            pytest.importorskip(module)
    monkeypatch.chdir(folder)
    script, *arguments = shlex.split(command)
    assert run(script, *arguments, *QUICKER.get(script, []))
    for argument in arguments:
        if re.fullmatch(r"\w+\.(svg|png|html|csv)", argument):
            assert (folder / argument).stat().st_size > 500


HELPERS = {"gallery.py", "names.py", "practical.py", "practical_page.py"}


def test_the_ladder_is_the_examples_and_each_head_says_what_is_new():
    tables = "".join(re.findall(r"what is new \|.*?\n\n", LADDER, flags=re.DOTALL))
    rungs = re.findall(r"^\| `python examples/(\w+\.py)", tables, flags=re.MULTILINE)
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == {*rungs, *HELPERS}
    assert len({*rungs}) == len(rungs)
    for script in rungs:
        head = ast.get_docstring(ast.parse((ROOT / "examples" / script).read_text(encoding="utf-8"))).splitlines()
        assert re.search(r". New: ", head[0]), head
        assert f"    python examples/{script}" in "\n".join(head)
    shown = re.findall(r"^- `python examples/(\w+\.py)", README, flags=re.MULTILINE)
    assert len(re.findall(r"what is new \|", LADDER)) == 3
    assert len(shown) == 5 and shown == [script for script in rungs if script in shown]


def test_no_example_hides_a_module():
    """The folder of a script stands first on the path: its neighbours must not be taken for Python's own modules."""
    names = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert not names & {*sys.stdlib_module_names, "numpy", "matplotlib", "tqdm", "graphviz", "pygraphviz"}


def test_the_lines_of_code_are_about_as_many_as_the_readme_says():
    def lines(*names):
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for name in names for path in PACKAGE.glob(name))

    said = re.search(r"([\d ]+) for the engine, ([\d ]+) with all readings", README).groups()
    engine, package = [int(number.replace(" ", "")) for number in said]
    assert lines("ops.py", "graph.py", "value.py", "tree.py", "autodiff.py") == pytest.approx(engine, rel=0.05)
    assert lines("**/*.py") == pytest.approx(package, rel=0.05)


@pytest.mark.parametrize("text", [README, LADDER], ids=["README", "ladder"])
def test_links_lead_somewhere(text):
    base = ROOT if text is README else ROOT / "examples"
    links = [link for link in re.findall(r"\]\((.*?)\)", text) if "://" not in link]
    assert links
    for link in links:
        assert (base / link).exists(), link


def test_reading_the_code_names_every_file_and_folder_in_order():
    part = README[README.index("## Reading the code") : README.index("## Adding an operation")]
    links = re.findall(r"\]\(tinygrad_edu/([\w.]+)/?\)", part)
    files = {path.name for path in PACKAGE.iterdir() if path.name not in ("__init__.py", "__main__.py", "py.typed")}
    engine = ["ops.py", "graph.py", "value.py", "tree.py", "autodiff.py", "errors.py", "derivative_name.py"]
    assert links == [*engine, "shapes.py", "array_ops.py", "writing", "network", "readings", "cli"]
    assert {*links} == files - {"__pycache__"}


def test_every_picture_is_made_by_a_script():
    scripts = [ROOT / "examples" / "gallery.py", ROOT / "tests" / "screenshot.py", ROOT / "tests" / "benchmark.py"]
    makers = "".join([script.read_text(encoding="utf-8") for script in scripts])
    pictures = {Path(picture) for picture in re.findall(r"!\[[^]]+\]\((.*?)\)", README + LADDER)}
    for picture in pictures:
        assert f'"{picture.stem}"' in makers or picture.name in makers
    assert {path.name for path in (ROOT / "examples" / "pictures").iterdir()} == {path.name for path in pictures}


def test_what_it_installs_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = re.findall(r'pip install -e "\.\[(\w+)\]"', README + LADDER)
    assert {"draw", "test", "examples"} <= {*extras}
    assert {*extras} <= {*project["optional-dependencies"]}
