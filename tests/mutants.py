"""Breaks the package in one place at a time and reports whether a test notices.

    python tests/mutants.py                          # every derivative, and some places of every other file
    python tests/mutants.py TANH chain_rule          # only these rows and functions
    python tests/mutants.py readings/explaining      # only places in these files, or in files of these folders
    python tests/mutants.py readings --places 9 --seed 1   # more places of each file, and other ones
    python tests/mutants.py --list                   # what there is to break

A mutant is the package with one small change: a sign, a factor, a term left out, inputs or arguments
exchanged, a wrong letter, `=` for `+=`, a line left out. They are made from the syntax trees, so that a
new row or file is covered without being named here: every place in the rows of the table and in the
functions of the chain rule, and a few places, drawn at random, in every other file. Each mutant is
written into a temporary copy, where tests run until the first failure. Those of a file outside the
engine meet the tests that call the function which was changed; one run beforehand finds out which.
A mutant that survives is an error that no test would see, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import importlib
import inspect
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads is not to be forked

# Imported once for all the processes that test a mutant; our own package is imported by each of them.
import hypothesis
import numpy.linalg  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tinygrad_edu"
# First the tests are called as functions, with few examples of each property: mostly a tenth of a
# second. What survives that meets pytest, all examples, the tests that are classes, and more tests.
TESTS = ["test_ops", "test_value", "test_autodiff", "test_forward", "test_agreement"]
MORE_TESTS = ["test_numerics", "test_accuracy", "test_interrupts", "test_robustness"]
# The tests of the other files, by the beginning of their path: files of tests/readings, or paths. Their doctests are
# run, too.
OTHER_TESTS = {
    "readings/explaining/wrong_rules.py": "exercising exercising_keys exercising_students comparing explaining",
    "readings/explaining": "explaining naming same_text truth updates modules",
    "readings/drawing": "drawing cards drawing_files modules",
    "readings/stepping": "stepping laboratory notebooks",
    "readings/compiling": "compiling machine matrix_programs matrices",
    "readings/exercising": "exercising exercising_keys exercising_files exercising_students comparing",
    "readings/training": "training",
    "readings/": "naming same_text truth modules matrices explaining drawing",
    "writing": "tests/writing explaining same_text compiling drawing",
    "network": "tests/network",
    "array_ops.py": "matrices truth explaining tests/network/test_reductions.py",
    "cli": "tests/cli exercising_commands",
    "examples": "tests/project/test_examples.py tests/project/test_bug_lab.py",
    "": "tests/network tests/engine/test_value.py tests/project/test_project.py",
}
MOST_SECONDS = 200  # of tests for one mutant of those files, the quickest tests first
MEMORY = 4 << 30  # bytes, for loops that never end and collect something
QUICK, SECONDS = 15, 300  # of computing, called directly and by pytest; then a mutant is one that never ends

# The functions of the chain rule. The partials of every row are broken, too.
FUNCTIONS = {
    "value.py": ["backward", "chain_rule", "record", "forward", "check_current", "all_finite"],
    "graph.py": ["topological_order"],
    "tree.py": ["map_values", "flatten", "paths"],
    "autodiff.py": ["grad", "jvp"],
}

# Mutants that are not errors: where, what they change, and why. They are not tried.
HARMLESS = {
    ("RELU", "(step(y),)"): "relu(a) is above 0 where a is",
    ("SUM", "tuple((1.0,) * len(a))[::-1]"): "the partials are all the same",
    (
        "raised",
        "return -math.inf if a < 0 and n % 2 else math.inf  →  return -math.inf if a <= 0 and n % 2 else math.inf",
    ): "no power of 0 is too large for a float",
    ("topological_order", "if a.inputs:  →  if True:"): "a leaf then waits for no inputs, and the order is the same",
    ("backward", "if not all_finite(totals):  →  if True:"): "then all are looked at, and none is refused",
    ("jvp", "if any([tangent[a] for a in b.inputs]):  →  if True:"): "adding zeros takes time, and that is all",
}

# Mistakes that once lived through every test, as the text of a file and what it became.
NAMED = [
    ("readings/exercising/__init__.py", "tolerance: float = 0.5", "tolerance: float = 1.0"),
    ("readings/exercising/marking.py", "<= half + reading.moved[k]", "<= half"),
    ("readings/exercising/report.py", "[str(counts[word]) for word in words]", "[str(counts.total())] + ['0'] * 5"),
    (
        "readings/exercising/pages.py",
        "numbers[k : k + columns] for k in range(0, n, columns)",
        "numbers[k::columns] for k in range(columns)",
    ),
    ("readings/stepping/slope.js", "slope = run.gradients[n], x", "slope = run.gradients[0], x"),
    ("readings/explaining/values.py", "round(100 * result / number)", "round(abs(100 * result / number))"),
    ("readings/explaining/gradients.py", "_ROUNDING = 1e-13", "_ROUNDING = 1e-7"),
    ("readings/explaining/remarks.py", "if is_shown(n) and is_so(n)", "if is_so(n)"),
    (
        "writing/code.py",
        'ops.STEP: Spelling("1.0 if {a} > 0 else 0.0"',
        'ops.STEP: Spelling("1.0 if {a} >= 0 else 0.0"',
    ),
    ("writing/algebra.py", "float(prod(size) // prod(shape))", "float(prod(size))"),
    ("../examples/bug_lab.py", "for node in reversed(order):", "for node in order:"),
    (
        "../examples/neuron.py",
        "from {L.data:.4f} to {neuron(*updated).data:.4f}",
        "from {neuron(*updated).data:.4f} to {L.data:.4f}",
    ),
]

# What is to be broken: its name, its syntax tree, and letters in it that may be confused.
Target = tuple[str, Any, list[str]]


class Mutant:
    """The source of a file with one change. `where` is a row or function, with its file if that is not the engine's."""

    def __init__(self, file: str, where: str, change: str, source: str) -> None:
        self.file, self.where, self.change, self.source = file, where, change, source
        self.tests: list[str] = []  # what pytest is to run, where this is not the tests of the engine


# Making them.

OTHER_OPERATOR = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*",
    ast.Pow: "*", ast.FloorDiv: "+", ast.Mod: "*", ast.BitXor: "&", ast.BitOr: "&", ast.BitAnd: "|", ast.MatMult: "*",
}  # fmt: skip
OTHER_COMPARISON = {
    ast.Gt: (">=", "<"), ast.Lt: ("<=", ">"), ast.GtE: (">",), ast.LtE: ("<",), ast.Eq: ("!=",), ast.NotEq: ("==",),
    ast.In: ("not in",), ast.NotIn: ("in",), ast.Is: ("is not",), ast.IsNot: ("is",),
}  # fmt: skip
OTHER_FUNCTION = {"sin": "cos", "cos": "sin", "any": "all", "all": "any"}


def mutants(package: Path) -> list[Mutant]:
    """Every mutant of the package, each different from the package and from the others."""
    found = []
    for file in ("ops.py", *FUNCTIONS):
        tree = ast.parse((package / file).read_text(encoding="utf-8"))
        parts = [ast.unparse(top) for top in tree.body]
        seen = {"\n".join(parts)}
        targets = partials_of_rows(tree) if file == "ops.py" else functions(tree, file)
        for where, target, letters in targets:
            k = next(k for k, top in enumerate(tree.body) if any(node is target for node in ast.walk(top)))
            for change in changes(target, letters):
                source = "\n".join([*parts[:k], ast.unparse(tree.body[k]), *parts[k + 1 :]])  # with the change made
                if source not in seen:
                    seen.add(source)
                    found.append(Mutant(file, where, change, source))
    return found


def functions(tree: ast.Module, file: str) -> Iterator[Target]:
    """The functions and methods of FUNCTIONS."""
    for name in FUNCTIONS[file]:
        defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
        if not defined:
            raise SystemExit(f"there is no {name} in {file} any more: what is to be broken instead?")
        for function in defined:
            yield name, function, []


def partials_of_rows(tree: ast.Module) -> Iterator[Target]:
    """The partials of every row, and of every function in the file that they call."""
    defined = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    wanted: list[tuple[str, Any]] = []
    for top in tree.body:
        for node in [node for node in ast.walk(top) if makes_a_row(node)]:
            partials = {k.arg: k.value for k in node.keywords}.get("partials") or node.args[2]
            name = top.name if isinstance(top, ast.FunctionDef) else ast.unparse(top.targets[0])
            if isinstance(partials, ast.Name):
                wanted.append((name, defined[partials.id]))
            wanted += [(name, part) for part in ast.walk(partials) if isinstance(part, ast.Lambda)]
    for _, target in wanted:  # grows while it is gone through
        for name in [node.id for node in ast.walk(target) if isinstance(node, ast.Name) and node.id in defined]:
            helper = defined[name]
            if helper not in [known for _, known in wanted] and not any(map(makes_a_row, ast.walk(helper))):
                wanted.append((name, helper))
    for name, target in wanted:
        arguments = target.args.posonlyargs + target.args.args + [target.args.vararg]
        yield name, target, [a.arg for a in arguments if a] + ["n"] * (name == "power")


def makes_a_row(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Op"


def changes(target: Any, letters: list[str]) -> Iterator[str]:
    """Makes one change after another in the syntax tree, says which, and undoes it."""
    for place in candidates(target, letters):
        with changed(target, *place) as change:
            yield change


Place = tuple[Any, str, int | None, Any, Any, str]


def candidates(target: Any, letters: list[str]) -> Iterator[Place]:
    """Each node that may be replaced, with its place in the tree, and a replacement."""
    for parent, field, index, node, statement in list(places(target, target)):
        whole = isinstance(target, ast.Lambda) and parent is target
        choices = isinstance(parent, ast.Compare) and isinstance(node, ast.Tuple)  # as in `x in (1, 2)`
        ways = ([] if choices else replacements(node, letters)) + truths(parent, field, node)
        for text in ways + (of_a_tuple(node, ast.unparse(node)) if whole else []):
            yield parent, field, index, node, statement, text


@contextlib.contextmanager
def changed(
    target: Any, parent: Any, field: str, index: int | None, node: Any, statement: Any, text: str
) -> Iterator[str]:
    """The syntax tree with the text in place of the node; and what this changes, in words."""
    line = first_line(statement)
    new = ast.parse(text).body[0]
    put(parent, field, index, new if isinstance(node, ast.stmt) else new.value)
    after = first_line(new if statement is node else statement)
    yield ast.unparse(target.body) if isinstance(target, ast.Lambda) else f"{line}  →  {after}"
    put(parent, field, index, node)


def places(tree: Any, statement: ast.AST) -> Iterator[tuple[Any, str, int | None, Any, ast.AST]]:
    """Every statement and expression below, with its place in the tree, except texts of errors and types."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns") or isinstance(value, ast.arguments):
            continue
        several = isinstance(value, list)
        for index, node in enumerate(value if several else [value]):
            around = node if isinstance(node, ast.stmt) else statement
            if isinstance(node, (ast.stmt, ast.expr)):
                yield tree, field, index if several else None, node, around
            if isinstance(node, ast.AST) and not isinstance(node, (ast.Raise, ast.JoinedStr)):
                yield from places(node, around)


def put(parent: Any, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def replacements(node: ast.AST, letters: list[str]) -> list[str]:
    """What a node may be by mistake."""
    match node:
        case ast.BinOp(left=left, right=right) if type(node.op) in OTHER_OPERATOR:
            left, right = f"({ast.unparse(left)})", f"({ast.unparse(right)})"
            return [f"{left} {OTHER_OPERATOR[type(node.op)]} {right}", left, right]
        case ast.UnaryOp(operand=operand):
            return [f"({ast.unparse(operand)})"]
        case ast.IfExp():
            return [f"({ast.unparse(node.body)})", f"({ast.unparse(node.orelse)})"]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return [f"({ast.unparse(left)}) {other} ({ast.unparse(right)})" for other in OTHER_COMPARISON[type(op)]]
        case ast.Constant(value=float() | int()) if not isinstance(node.value, bool):
            return [repr(node.value + 1)]
        case ast.Name(ctx=ast.Load(), id=name) if name in letters:
            return [other for other in letters if other != name]
        case ast.Name(id=name) if name in OTHER_FUNCTION:
            return [OTHER_FUNCTION[name]]
        case ast.Call(func=ast.Name(id="reversed" | "exp" | "sin" | "cos" | "step"), args=[argument]):
            return [f"({ast.unparse(argument)})"]
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
            swapped = ":".join([ast.unparse(x) if x else "" for x in (upper, lower)])
            return [f"({ast.unparse(value)})"] + ([] if step else [f"{ast.unparse(value)}[{swapped}]"])
        case ast.Tuple(elts=[ast.Slice(), *_] | [_, ast.Slice(), *_]):
            return []  # t[:, 1] outside its brackets cannot be read
        case ast.Tuple(elts=elements, ctx=ast.Load()) if len(elements) > 1 and not all(map(names_a_class, elements)):
            return [f"({', '.join([ast.unparse(x) for x in elements[::-1]])})"]
        case ast.AugAssign(target=target, value=value):
            return [f"{ast.unparse(target)} {sign} {ast.unparse(value)}" for sign in ("=", "-=")] + ["pass"]
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Expr(value=ast.Call()) | ast.Raise():
            return ["pass"]
    return []


def names_a_class(node: ast.AST) -> bool:
    """As in `except (ValueError, OverflowError)` and `isinstance(x, (list, tuple))`, where the order says nothing."""
    return isinstance(node, ast.Name) and isinstance(getattr(builtins, node.id, None), type)


def truths(parent: ast.AST, field: str, node: Any) -> list[str]:
    """A condition the other way round, or as if it were always or never so."""
    if isinstance(parent, (ast.If, ast.IfExp)) and field == "test":
        return [f"not ({ast.unparse(node)})", "True", "False"]
    return []


def of_a_tuple(node: ast.AST, text: str) -> list[str]:
    """One partial, or all of them, with another sign, a factor, or nothing."""
    wrong = ["-({})", "2 * ({})", "0.0"]
    if text.startswith("(0.0,)"):
        return []  # nothing but zeros, which these would leave
    if not isinstance(node, ast.Tuple):
        several = [f"tuple([{w.format('p')} for p in {text}])" for w in wrong]
        return [*several, f"tuple({text})[::-1]", f"tuple({text})[:-1] + (0.0,)"]
    right = [ast.unparse(x) for x in node.elts]
    places = [k for k in range(len(right)) if right[k] != "0.0"]
    ways = [[*right[:k], broken(node.elts[k], w), *right[k + 1 :]] for k in places for w in wrong]
    return [f"({', '.join(way)},)" for way in ways]


def broken(partial: ast.expr, wrong: str) -> str:
    """The partial, or each partial after a star."""
    if isinstance(partial, ast.Starred):
        return f"*[{wrong.format('p')} for p in {ast.unparse(partial.value)}]"
    return wrong.format(ast.unparse(partial))


def first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


# A few places of every other file.

#: What takes the place of an operator or a word in a script of the page.
OTHER_IN_SCRIPT = {
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " < ": " >= ", " > ": " <= ", " <= ": " < ", " >= ": " > ",
    " === ": " !== ", " !== ": " === ", " && ": " || ", " || ": " && ", "true": "false", "false": "true",
}  # fmt: skip


def samples(package: Path, count: int, seed: int) -> list[Mutant]:
    """`count` mutants of each file that is not the engine's, and one more for every fifty of its lines."""
    found = []
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.js")]):
        file = path.relative_to(package).as_posix()
        if file not in ("ops.py", *FUNCTIONS):
            source = path.read_text(encoding="utf-8")
            rng = random.Random(f"{seed} {file}")
            most = max(1, count + len(source.splitlines()) // 50)
            found += (of_script if path.suffix == ".js" else of_module)(file, source, most, rng)
    return found


def named(package: Path) -> list[Mutant]:
    """The mutants of NAMED."""
    found = []
    for file, old, new in NAMED:
        source = (package / file).read_text(encoding="utf-8")
        if old not in source:
            print(f"named, but no longer there: {old!r} in {file}")
            continue
        found.append(Mutant(file, file, f"{old}  →  {new}", source.replace(old, new)))
    return found


def of_module(file: str, source: str, count: int, rng: random.Random) -> list[Mutant]:
    """Mutants of the file's functions and methods, and of the numbers that it names."""
    tree = ast.parse(source)
    targets: list[tuple[str, Any]] = []
    for top in tree.body:
        inside = top.body if isinstance(top, ast.ClassDef) else [top]
        prefix = f"{top.name}." if isinstance(top, ast.ClassDef) else ""
        targets += [(prefix + node.name, node) for node in inside if isinstance(node, ast.FunctionDef)]
        targets += [("", node) for node in inside if names_a_number(node)]
    every = [(name, target, place) for name, target in targets for place in [*candidates(target, []), *swaps(target)]]
    found, before = [], ast.unparse(tree)
    for name, target, place in rng.sample(every, len(every)):
        with changed(target, *place) as change:
            mutated = ast.unparse(tree)
        if mutated != before:
            found.append(Mutant(file, f"{file}: {name}".removesuffix(": "), change, mutated))
        if len(found) == count:
            break
    return found


def names_a_number(node: Any) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant | ast.UnaryOp)


def swaps(target: Any) -> Iterator[Place]:
    """The first two arguments of a call, exchanged."""
    for parent, field, index, node, statement in list(places(target, target)):
        if isinstance(node, ast.Call) and len(node.args) > 1 and not has_its_order(node):
            first, second, *others = map(ast.unparse, node.args)
            keywords = [ast.unparse(keyword) for keyword in node.keywords]
            arguments = ", ".join([second, first, *others, *keywords])
            if first != second and "*" not in (first[0], second[0]):
                yield parent, field, index, node, statement, f"{ast.unparse(node.func)}({arguments})"


def has_its_order(call: ast.Call) -> bool:
    """Whether exchanged arguments would be an error at once, or no change at all."""
    names = ("isinstance", "getattr", "setattr", "hasattr", "cast", "min", "max")
    return isinstance(call.func, ast.Name) and call.func.id in names


def of_script(file: str, source: str, count: int, rng: random.Random) -> list[Mutant]:
    """Mutants of a JavaScript file, outside its comments and texts."""
    quiet = r"//[^\n]*|/\*.*?\*/|'[^'\n]*'|\"[^\"\n]*\"|`[^`]*`"
    wanted = "|".join([*map(re.escape, OTHER_IN_SCRIPT), r"\b\d+\b"])
    every = [match for match in re.finditer(f"{quiet}|({wanted})", source, flags=re.DOTALL) if match[1]]
    found = []
    for match in rng.sample(every, min(count, len(every))):
        other = OTHER_IN_SCRIPT.get(match[1]) or str(int(match[1]) + 1)
        mutated = source[: match.start()] + other + source[match.end() :]
        number = source[: match.start()].count("\n")
        change = "  →  ".join([text.splitlines()[number].strip() for text in (source, mutated)])
        found.append(Mutant(file, file, change, mutated))
    return found


class Recorder:
    """A plugin of pytest: which functions of the package each test calls, and how long it takes."""

    def __init__(self, package: Path) -> None:
        self.package = f"{package}{os.sep}"
        self.calls: dict[str, tuple[float, list[str]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        codes = {}

        def keep(frame: Any, event: str, argument: Any) -> None:
            codes[id(frame.f_code)] = frame.f_code

        start = time.perf_counter()
        sys.setprofile(keep)
        try:
            yield  # a test that fails is left out
        finally:
            sys.setprofile(None)
        names = set()
        for code in codes.values():
            if code.co_filename.startswith(self.package):
                file = Path(code.co_filename.removeprefix(self.package)).as_posix()
                names |= {file, f"{file}: {code.co_qualname.split('.<locals>')[0]}"}
        self.calls[item.nodeid] = (time.perf_counter() - start, sorted(names))


def recorded(desk: Desk, mutants: list[Mutant]) -> dict[str, tuple[float, list[str]]]:
    """What each test calls, from one run of those that may concern the mutants."""
    tests: dict[str, None] = {}
    for file in {mutant.file.removeprefix("../") for mutant in mutants}:
        names = next(names for start, names in OTHER_TESTS.items() if file.startswith(start))
        tests |= {name if "/" in name else f"tests/readings/test_{name}.py": None for name in names.split()}
        tests |= {} if file.startswith("examples") or file.endswith(".js") else {f"tinygrad_edu/{file}": None}

    def record(mutant: Mutant | None) -> int:
        recorder = Recorder(desk.folder / "tinygrad_edu")
        options = [option for option in PYTEST if option != "-x"]
        code = int(pytest.main([*options, "--hypothesis-profile=mutants-quick", *tests], plugins=[recorder]))
        (desk.folder / "calls.json").write_text(json.dumps(recorder.calls), encoding="utf-8")
        return code

    if survivors([None], [desk], record) != [None]:
        output = (desk.folder / "output.txt").read_text(encoding="utf-8")
        print("These tests fail without any mutant, and are left out:")
        print("\n".join([line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]))
    calls: dict[str, tuple[float, list[str]]] = json.loads((desk.folder / "calls.json").read_text(encoding="utf-8"))
    return calls


def choose_tests(mutant: Mutant, calls: dict[str, tuple[float, list[str]]]) -> None:
    """The tests that call what was changed, the quickest first. A script of the page meets those of its folder."""
    where = f"{Path(mutant.file).parent.as_posix()}/page.py" if mutant.file.endswith(".js") else mutant.where
    spent = 0.0
    for seconds, test in sorted([(seconds, test) for test, (seconds, names) in calls.items() if where in names]):
        if not mutant.tests or spent + seconds < MOST_SECONDS:
            mutant.tests.append(test)
            spent += seconds


def with_its_tests(mutant: Mutant | None) -> int:
    options = [*PYTEST, "--hypothesis-profile=mutants-quick"]
    return int(pytest.main([*options, *mutant.tests])) if mutant and mutant.tests else 0


# Trying them.


#: The tests of a mutant, or of the package as it is: 0 if they pass.
Run = Callable[[Mutant | None], int]


class Desk:
    """A copy of the package and the tests, in which one mutant at a time is tried, each in its own process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("tinygrad_edu", "tests", "examples"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "README.md"):
            shutil.copy2(ROOT / file, folder)
        self.mutant: Mutant | None = None

    def start(self, mutant: Mutant | None, run: Run) -> int:
        """The id of a process that tests the mutant, or if there is none the package as it is."""
        self.mutant = mutant
        if mutant:
            path = self.folder / "tinygrad_edu" / mutant.file
            path.rename(path.with_suffix(".kept"))
            path.write_text(mutant.source, encoding="utf-8")
        process = os.fork()
        if not process:
            code = 99
            try:
                import resource  # where there is fork, there is this

                resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))  # a browser reserves more addresses
                signal.setitimer(signal.ITIMER_VIRTUAL, QUICK if run is called_directly else SECONDS)
                os.chdir(self.folder)
                output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(output, 1)
                os.dup2(output, 2)
                sys.dont_write_bytecode = mutant is not None  # two mutants of one second would share theirs
                sys.path[:0] = [str(self.folder / part) for part in ("", "tests", "tests/engine")]
                code = run(mutant)
            finally:
                sys.stdout.flush()
                os._exit(code)
        return process

    def tidy(self) -> None:
        if self.mutant:
            path = self.folder / "tinygrad_edu" / self.mutant.file
            path.with_suffix(".kept").replace(path)


def called_directly(mutant: Mutant | None, names: Sequence[str] = TESTS) -> int:
    """Calls the tests as functions, which is what pytest does, without its reports."""
    importlib.import_module("conftest")
    hypothesis.settings.load_profile("mutants-quick")
    for name in names:
        module = importlib.import_module(name)
        for test in [f for name, f in vars(module).items() if name.startswith("test_")]:
            for arguments in cases(test):
                try:
                    test(**arguments)
                except Exception:
                    traceback.print_exc()
                    return 1
    return 0


def cases(test: Any) -> list[dict[str, Any]]:
    """The arguments with which pytest calls a test; none if it asks for more than one list of them or a fixture."""
    names: list[str] = []
    values: list[Any] = [()]
    for mark in getattr(test, "pytestmark", []):
        names, values = mark.args[0], list(mark.args[1])
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        values = values if len(names) > 1 else [[value] for value in values]
    wanted = set(inspect.signature(test).parameters)
    return [dict(zip(names, value)) for value in values] if wanted == set(names) else []


# Hypothesis has been imported for all mutants, which pytest would warn of.
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]


def with_pytest(mutant: Mutant | None) -> int:
    tests = [f"tests/engine/{name}.py" for name in MORE_TESTS + TESTS]
    return int(pytest.main([*PYTEST, "--hypothesis-profile=mutants", *tests]))


def survivors(every: list[Mutant | None], desks: list[Desk], run: Run) -> list[Mutant | None]:
    """Those with which all tests succeed."""
    alive, waiting, busy = [], list(every), {}
    while waiting or busy:
        while waiting and len(busy) < len(desks):
            desk = next(desk for desk in desks if desk not in busy.values())
            busy[desk.start(waiting.pop(0), run)] = desk
        process, code = os.wait()
        desk = busy.pop(process)
        desk.tidy()
        if os.waitstatus_to_exitcode(code) == pytest.ExitCode.USAGE_ERROR:  # a test that is not there kills nobody
            raise SystemExit((desk.folder / "output.txt").read_text(encoding="utf-8"))
        if code == 0:
            alive.append(desk.mutant)
            if desk.mutant and run is with_its_tests:
                print(f"lives: {desk.mutant.where}: {desk.mutant.change}", flush=True)  # such runs are long
        if sys.stderr.isatty():
            print(f"\r{len(waiting)} to go ", end="", file=sys.stderr, flush=True)
    return alive


def tried(every: list[Mutant], *runs: Run) -> list[Mutant]:
    """The mutants that no test of these runs, each more thorough than the last, has noticed."""
    with tempfile.TemporaryDirectory() as folder:
        desks = [Desk(Path(folder) / name) for name in ("a", "b")]
        alive: list[Mutant | None] = list(every)
        if alive and with_its_tests in runs:
            calls = recorded(desks[0], every)
            for mutant in every:
                choose_tests(mutant, calls)
        for run in runs:
            if alive and survivors([None], desks, run) != [None]:
                print((desks[0].folder / "output.txt").read_text(encoding="utf-8"))
                raise SystemExit("there are tests that fail without any mutant")
            alive = survivors(alive, desks, run)
        return [mutant for mutant in every if mutant in alive]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("where", nargs="*", help="rows, functions, files or folders; without any, all")
    parser.add_argument("--places", type=int, default=2, help="at least so many of each file (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="for other places of the same files")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    options = parser.parse_args()
    engine, others = mutants(PACKAGE), [*named(PACKAGE), *samples(PACKAGE, options.places, options.seed)]

    def asked(mutant: Mutant, where: str) -> bool:
        return where in (mutant.where, mutant.file) or mutant.where.startswith(f"{where}/")

    for where in options.where:
        if not any(asked(mutant, where) for mutant in engine + others):
            parser.error(f"there is nothing to break in {where}")
    every = [
        [m for m in some if not options.where or any(asked(m, w) for w in options.where)] for some in (engine, others)
    ]
    if options.list:
        for mutant in every[0] + every[1]:
            print(f"{mutant.where:<20} {mutant.change}")
        return 0
    start = time.perf_counter()
    harmless = {mutant for some in every for mutant in some if (mutant.where, mutant.change) in HARMLESS}
    missed = tried([mutant for mutant in every[0] if mutant not in harmless], called_directly, with_pytest)
    missed += tried([mutant for mutant in every[1] if mutant not in harmless], with_its_tests)
    print(f"{'where':<40} {'mutants':>8} {'killed':>8} {'harmless':>8} {'survived':>8}")
    counts = [Counter([m.where.split(":")[0] for m in some]) for some in (every[0] + every[1], harmless, missed)]
    for where in [*counts[0], "total"]:
        total, no_error, alive = [count[where] if where != "total" else count.total() for count in counts]
        print(f"{where:<40} {total:>8} {total - no_error - alive:>8} {no_error:>8} {alive:>8}")
    for where, change in HARMLESS.keys() - {(mutant.where, mutant.change) for mutant in engine}:
        if ":" not in where:
            print(f"listed as harmless, but no longer there: {where}: {change}")
    for mutant in missed:
        nobody = "" if mutant.tests or mutant in every[0] else " (no test goes there)"
        print(f"survived: {mutant.where}: {mutant.change}{nobody}")
    print(f"{time.perf_counter() - start:.0f} seconds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
