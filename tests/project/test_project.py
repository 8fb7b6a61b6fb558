"""The promises about the project itself: what is imported when, what is documented, what is installed."""

import doctest
import inspect
import os
import pydoc
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cached_property
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.network import optim
from tinygrad_edu.readings.explaining import rows
from tinygrad_edu.readings.stepping import Page

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tinygrad_edu"

# Imports.


def test_the_bare_import_is_the_standard_library_alone_and_finds_the_rest_when_it_is_used():
    code = (
        "import sys; before = {*sys.modules}; import tinygrad_edu as t; print(*{*sys.modules} - before); print(*dir(t))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded, found = [set(line.split()) for line in done.stdout.splitlines()]
    assert {name.split(".")[0] for name in loaded} - sys.stdlib_module_names == {"tinygrad_edu"}
    late = {"cli", "readings.drawing", "readings.stepping", "readings.compiling", "network.saving"}
    assert not {"argparse", "json", *[f"tinygrad_edu.{name}" for name in late]} & loaded
    assert found >= {*tinygrad_edu.__all__}
    text = pydoc.render_doc(tinygrad_edu, renderer=pydoc.plaintext)
    for name in tinygrad_edu.__all__:
        assert re.search(rf"^    (class )?{name}\(", text, flags=re.MULTILINE), name
    with pytest.raises(AttributeError, match="module 'tinygrad_edu' has no attribute 'sav'"):
        tinygrad_edu.sav  # noqa: B018


# Documentation.


def test_the_package_lists_every_public_name_once_with_a_line():
    names = re.findall(r"^    ([\w.]+) {2,}\S", tinygrad_edu.__doc__, flags=re.MULTILINE)
    assert sorted(names) == sorted([*tinygrad_edu.__all__, "Value.backward"])


def public():
    """Every public name with its object, those of the classes that they return or build upon, and their members."""
    named = {name: getattr(tinygrad_edu, name) for name in tinygrad_edu.__all__}
    for of in (optim.Optimizer, rows.Derivation, rows.Row, Page):
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


def test_doctests_are_run():
    assert "--doctest-modules" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


# What is installed.


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what a built wheel holds, far from this repository."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the wheel cannot be built without its backend, hatchling: {done.stderr.strip()[-200:]}")
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "site")
    return folder / "site"


def installed(site, folder, *arguments):
    """What Python prints in that folder with the wheel on its path."""
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_package_with_its_data_types_and_licence(site):
    kinds = (".py", ".html", ".css", ".js", ".c")
    files = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.suffix in kinds}
    files |= {Path("py.typed")}
    found = {path.relative_to(site / "tinygrad_edu") for path in (site / "tinygrad_edu").rglob("*") if path.is_file()}
    assert found == files
    [metadata] = site.glob("*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    assert "License-Expression: MIT" in text and "# tinygrad_edu" in text
    assert "the tinygrad_edu authors" in next(site.glob("*.dist-info/licenses/LICENSE")).read_text(encoding="utf-8")
    assert {path.name.split("-")[0] for path in site.iterdir()} == {"tinygrad_edu"}


def test_the_wheel_runs_the_command_line_draw_and_step_through_from_another_folder(site, tmp_path):
    pytest.importorskip("pygraphviz", reason="pictures need Graphviz, which pygraphviz brings")
    assert "∂f/∂x = ∂f/∂f · 2 = 1 · 2 = 2" in installed(site, tmp_path, "-m", "tinygrad_edu", "explain", "2*x", "x=3")
    code = """
import tinygrad_edu
x = tinygrad_edu.Value(3.0, label="x")
tinygrad_edu.draw(x * x).save("x.svg")
tinygrad_edu.step_through(x * x).save("x.html")
print(tinygrad_edu.__file__)
"""
    assert Path(installed(site, tmp_path, "-c", code).strip()).is_relative_to(site)
    assert (tmp_path / "x.svg").stat().st_size > 1000 and (tmp_path / "x.html").stat().st_size > 10_000


def test_pyproject_names_the_package_and_its_one_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (project["name"], project["version"]) == ("tinygrad-edu", tinygrad_edu.__version__)
    assert [re.match(r"[\w-]+", d)[0] for d in project["dependencies"]] == ["graphviz"]
