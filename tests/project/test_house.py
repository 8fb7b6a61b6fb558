"""Which file may import which: an import goes down, or stays in its folder, and never round in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tinygrad_edu"
#: The engine's files, then the folders: an import goes to the left, or stays in its folder.
PLACES = ["ops", "errors", "graph", "value", "tree", "derivative_name", "autodiff"]
PLACES += ["shapes", "array_ops", "writing", "network", "readings", "cli"]
# What all readings share are the files beside the folders, and those are built on no reading. The page is made of the
# cards of a drawing, its laboratory is printed as programs are, and every reading may say a line as the derivation
# says it.
READINGS = {path.name: {"explaining"} for path in (PACKAGE / "readings").iterdir() if path.is_dir()}
READINGS |= {"explaining": set(), "stepping": {"explaining", "drawing", "compiling"}}
READINGS["training"] = {"drawing", "compiling", "stepping"}


def modules():
    """The file of each module, by its name below the package: `readings.drawing`, `value`."""
    names = {path: path.relative_to(PACKAGE).with_suffix("").parts for path in sorted(PACKAGE.rglob("*.py"))}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in names.items()}


MODULES = modules()
INSIDE = [name for name in MODULES if name.split(".")[0] in PLACES]


def imports(name, in_functions=True):
    """The modules of the package that a module imports when it runs, at the top and perhaps in a function."""
    found = []

    class Imports(ast.NodeVisitor):
        def visit_If(self, node):
            if ast.unparse(node.test) != "TYPE_CHECKING":
                self.generic_visit(node)

        def visit_FunctionDef(self, node):
            if in_functions:
                self.generic_visit(node)

        def visit_ImportFrom(self, node):
            if node.level:
                package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
                above = package[: len(package) - node.level + 1]
                base = [*above, *(node.module or "").split(".")] if node.module else above
                modules = [(".".join([*base, alias.name]), ".".join(base)) for alias in node.names]
                found.extend([module if module in MODULES else base for module, base in modules])

    Imports().visit(ast.parse(MODULES[name].read_text(encoding="utf-8")))
    return [module for module in found if module and module != name]


@pytest.mark.parametrize("name", INSIDE)
def test_an_import_only_points_down(name):
    place = PLACES.index(name.split(".")[0])
    for module in imports(name):
        below = PLACES.index(module.split(".")[0])
        assert below < place or (below == place and place >= PLACES.index("writing")), f"{name} imports {module}"


@pytest.mark.parametrize("name", [name for name in INSIDE if name.startswith("readings.")])
def test_a_reading_is_built_on_no_other_than_these(name):
    own = name.split(".")[1]
    others = {module.split(".")[1] for module in imports(name) if module.startswith("readings.")} & {*READINGS} - {own}
    assert others <= READINGS.get(own, set())


def test_no_imports_go_round_in_a_circle():
    """A package and what it gathers from its own files count as one.

    What a function imports when it is called does not make a circle: `str` of a formula uses the
    language of paper, which is built on formulas.
    """
    below = {name: [m for m in imports(name, in_functions=False) if not name.startswith(f"{m}.")] for name in INSIDE}
    assert {*TopologicalSorter(below).static_order()} == {*INSIDE}  # a circle is an error that names it


def test_every_file_has_its_place():
    assert {name.split(".")[0] for name in MODULES} == {*PLACES, "__init__", "__main__"}
