"""The promises about the project itself: what it imports, and what the README says."""

import ast
import doctest
import inspect
import pydoc
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cached_property
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.network import gradcheck as check
from tinygrad_edu.network import optim
from tinygrad_edu.readings.explaining import rows
from tinygrad_edu.readings.stepping import Page

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tinygrad_edu"
README = (ROOT / "README.md").read_text(encoding="utf-8")

FLOORS = [
    {"ops", "graph", "notation"},
    {"value"},
    {"nested"},
    {"autodiff", "tensor"},
    {"nn", "losses", "optim", "check"},
    {"saving"},
    {"derivation", "drawing", "simplify"},
    {"doctor", "explain", "formula", "guarded", "printer", "stepping"},
    {"compile"},
    {"__init__"},
    {"__main__"},
]


def floor(module):
    return next(i for i, modules in enumerate(FLOORS) if module in modules)


def place(path):
    """The file's name in the package, or that of the folder it stands in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of_other_places(path):
    depth = len(path.relative_to(PACKAGE).parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            yield from [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_import_only_points_down(path):
    for module in imports_of_other_places(path):
        assert floor(module) < floor(place(path)), f"{path.name} imports {module}"


def test_the_bare_import_is_the_standard_library_alone_and_leaves_out_what_is_slow():
    code = "import sys; before = set(sys.modules); import tinygrad_edu; print(*set(sys.modules) - before)"
    names = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    outside = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert outside == {"tinygrad_edu"}
    assert not {"typing", "dataclasses", "inspect", "random", "graphviz"} & set(names)


def table_of_contents():
    """The package's docstring as (name, what it is)."""
    return re.findall(r"^    ([\w.]+) {2,}(\S.*)$", tinygrad_edu.__doc__, flags=re.MULTILINE)


def test_the_package_lists_every_public_name_once_with_a_line():
    names = [name for name, _ in table_of_contents()]
    assert sorted(names) == sorted([*tinygrad_edu.__all__, "Value.backward"])
    assert len(set(tinygrad_edu.__all__)) == len(tinygrad_edu.__all__)


def test_what_is_imported_later_is_found_before_it_is_used():
    code = "import sys, tinygrad_edu; print(*dir(tinygrad_edu)); print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    found, loaded = [set(line.split()) for line in output.splitlines()]
    assert found >= set(tinygrad_edu.__all__)
    assert (
        not {"tinygrad_edu.readings.drawing", "tinygrad_edu.network.saving", "tinygrad_edu.readings.compiling"} & loaded
    )
    text = pydoc.render_doc(tinygrad_edu, renderer=pydoc.plaintext)
    for name in tinygrad_edu.__all__:
        assert re.search(rf"^    (class )?{name}\(", text, flags=re.MULTILINE), name
    with pytest.raises(AttributeError, match="module 'tinygrad_edu' has no attribute 'sav'"):
        tinygrad_edu.sav  # noqa: B018


def public():
    """Every public name with its object, those of the classes that they return or build upon, and their members."""
    named = {name: getattr(tinygrad_edu, name) for name in tinygrad_edu.__all__}
    for of in (optim.Optimizer, check.GradcheckReport, check.Coordinate, rows.Derivation, rows.Row, rows.Step, Page):
        named[of.__name__] = of
    for name, of in list(named.items()):
        if inspect.isclass(of):
            members = [member for member in vars(of) if not member.startswith("_")]
            named |= {f"{name}.{member}": inspect.getattr_static(of, member) for member in members}
    descriptors = (property, cached_property, staticmethod, classmethod)
    return {name: of for name, of in named.items() if callable(of) or isinstance(of, descriptors)}


def documentation(name):
    """The docstring of a public name: a method of a subclass may leave it to the class above."""
    of, _, member = name.partition(".")
    if not member:
        return public()[of].__doc__
    return next(filter(None, [vars(base)[member].__doc__ for base in public()[of].__mro__ if member in vars(base)]))


def has_doctest(name):
    return bool(doctest.DocTestParser().get_examples(documentation(name)))


@pytest.mark.parametrize("name", public())
def test_a_public_name_has_a_sentence_and_an_example(name):
    text = documentation(name)
    assert text.split("\n\n")[0].strip().endswith((".", ":")), text
    twin = re.search(r"`([A-Z]\w*\.\w+)`", text)  # as in "`Value.exp` of every element."
    assert has_doctest(name) or ("." in name and twin and has_doctest(twin[1]))


def python_blocks():
    return re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_example_of_the_readme_prints_the_numbers_in_its_comments(capsys):
    block = python_blocks()[0]
    assert len(block.splitlines()) <= 10
    exec(block, {})
    printed = capsys.readouterr().out.splitlines()
    promised = re.findall(r"print\(.*\) +# (.*)", block)
    assert printed == promised
    assert len(promised) == 2


def test_the_four_readings_of_the_readme_print_what_stands_below_them(capsys, monkeypatch, tmp_path):
    pytest.importorskip("pygraphviz", reason="pictures need Graphviz, which pygraphviz brings")
    monkeypatch.chdir(tmp_path)
    exec(python_blocks()[1], {})
    derivation, program = re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)
    assert capsys.readouterr().out == f"{derivation}{program}\n"
    assert (tmp_path / "neuron.svg").read_text(encoding="utf-8").count("<svg") == 1


def test_the_commands_of_the_readme_succeed(capsys):
    from tinygrad_edu.cli import main

    commands = re.findall(r"^tinygrad-edu (.*)$", README, flags=re.MULTILINE)
    assert len(commands) >= 2
    for command in commands:
        assert main(shlex.split(command)) == 0, command
        assert capsys.readouterr().out


QUICKER = {"train_moons.py": ["--epochs", "3"], "benchmark.py": ["--rounds", "1"]}
NEEDED = {".svg": "pygraphviz", "gallery.py": "pygraphviz", "train_moons.py": "matplotlib", "12_numpy.py": "numpy"}


@pytest.mark.parametrize("command", dict.fromkeys(re.findall(r"python (examples/\w+\.py[^`\n]*)", README)))
def test_the_scripts_run_as_the_readme_says(command, tmp_path):
    for part, module in NEEDED.items():
        if part in command:
            pytest.importorskip(module)
    script, *arguments = shlex.split(command)
    more = QUICKER.get(Path(script).name, [])
    result = subprocess.run(
        [sys.executable, ROOT / script, *arguments, *more], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout
    for argument in arguments:
        if re.fullmatch(r"\w+\.(svg|png|html)", argument):
            assert (tmp_path / argument).stat().st_size > 1000


def test_the_ladder_of_the_readme_is_the_examples_in_order():
    rungs = re.findall(r"^\| (\d+) \| `python examples/(\w+\.py)", README, flags=re.MULTILINE)
    assert [int(n) for n, _ in rungs] == list(range(1, 13))
    for n, script in rungs:
        title = ast.get_docstring(ast.parse((ROOT / "examples" / script).read_text(encoding="utf-8"))).splitlines()[0]
        assert re.match(rf"Rung {n}: .*\bNew: ", title), title
    for path in (ROOT / "examples").glob("[0-9]*.py"):
        assert (str(int(path.name[:2])), path.name) in rungs


def test_the_lines_of_code_are_about_as_many_as_the_readme_says():
    def lines(*names):
        return sum(
            [len(path.read_text(encoding="utf-8").splitlines()) for name in names for path in PACKAGE.glob(name)]
        )

    said = re.search(r"([\d ]+) for the engine, ([\d ]+) with all readings", README).groups()
    engine, package = [int(number.replace(" ", "")) for number in said]
    assert lines("ops.py", "graph.py", "value.py", "autodiff.py") == pytest.approx(engine, rel=0.15)
    assert lines("**/*.py") == pytest.approx(package, rel=0.15)


def test_every_picture_of_the_readme_is_drawn_by_the_gallery():
    pictures = re.findall(r"!\[[^]]+\]\((.*?)\)", README)
    gallery = (ROOT / "examples" / "gallery.py").read_text(encoding="utf-8")
    assert len(pictures) >= 2
    for picture in pictures:
        assert (ROOT / picture).is_file()
        assert f'"{Path(picture).stem}"' in gallery


def test_the_training_example_of_the_readme_prints_the_losses_below_it(capsys):
    block = python_blocks()[2]
    exec(block, {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.*)$", block, flags=re.MULTILINE)


def test_the_operation_that_the_readme_adds_works(monkeypatch):
    from tinygrad_edu import Value, compile_graph, grad, ops

    row, method = python_blocks()[3:]
    names = vars(ops).copy()
    exec(row, names)
    monkeypatch.setattr(ops, "SOFTPLUS", names["SOFTPLUS"], raising=False)
    scope = vars(sys.modules["tinygrad_edu.value"]).copy()
    exec(method, scope)
    x = Value(0.0)
    y = scope["softplus"](x)
    y.backward()
    assert x.grad == 0.5
    assert grad(grad(y, x), x).data == 0.25  # sigmoid′(0)
    assert compile_graph(grad(y, x), x)(0.0) == 0.5
    assert compile_graph(y, x)(0.0) == y.data


def test_every_script_and_file_that_the_readme_names_exists():
    for path in re.findall(r"(?:examples|tinygrad_edu|tests)/\w+\.py", README):
        assert (ROOT / path).is_file(), path
    for path in [path for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()]:
        if path.name not in ("__pycache__", "__init__.py"):
            assert path.name in README, f"{path.name} is not in the order of reading"


def test_the_readme_is_not_contradicted_by_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["name"], project["version"]) == ("tinygrad-edu", tinygrad_edu.__version__)
    assert [re.match(r"[\w-]+", d)[0] for d in project["dependencies"]] == ["graphviz"]
    for extra in re.findall(r'pip install -e "\.\[(\w+)\]"', README):
        assert extra in project["optional-dependencies"]


def test_doctests_are_run():
    assert doctest.DocTestFinder().find(sys.modules["tinygrad_edu.value"])
    assert "--doctest-modules" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
