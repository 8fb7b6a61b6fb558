"""Breaks the package in one place at a time and reports whether a test notices.

    python tests/mutants.py                          # every derivative, and some places of every other function
    python tests/mutants.py TANH chain_rule          # only these rows and functions
    python tests/mutants.py readings/explaining      # only places in these files, or in files of these folders
    python tests/mutants.py readings --places 9 --seed 1   # more places of each file, and other ones
    python tests/mutants.py --list                   # what there is to break

A mutant is the package with one small change: a sign, a factor, a term left out, inputs or arguments
exchanged, a wrong letter, `=` for `+=`, a line left out. They are found in the syntax trees, so that a
new row or file is covered without being named here: every place in the page of calculus and in the
functions of the chain rule, and a few places, drawn at random, in all other functions. Each mutant is
written into a copy of the project. There the tests run that call the function which was changed, until
the first failure; one run beforehand finds out which they are. A mutant that survives is an error that
no test would see, and the exit code is then 1.
"""

import argparse
import ast
import builtins
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tinygrad_edu"
# The tests of a file, by the beginning of its path: folders, files, or those of tests/readings by their names. Its
# doctests are run, too.
TESTS = {
    "readings/explaining/lines.py": "exercising exercising_keys exercising_students comparing explaining",
    "readings/explaining/mistakes.py": "exercising exercising_keys exercising_students comparing explaining",
    "readings/explaining": "explaining naming same_text truth updates modules any_model",
    "readings/drawing": "drawing cards drawing_files modules",
    "readings/stepping": "stepping laboratory notebooks",
    "readings/compiling": "compiling machine matrix_programs matrices",
    "readings/exercising": "exercising exercising_keys exercising_files exercising_students comparing notebooks",
    "readings/training": "training film",
    "readings/": "naming same_text truth modules matrices explaining drawing any_model",
    "writing": "tests/writing explaining same_text compiling drawing",
    "network/members.py": "tests/network naming modules any_model",
    "network/nn.py": "tests/network naming modules training",
    "network": "tests/network",
    "array_ops.py": "matrices truth explaining tests/network/test_reductions.py",
    "cli": "tests/cli exercising_commands",
    "../examples": "tests/project/test_examples.py",
    "shapes.py": "tests/network",
    "": "tests/engine tests/project/test_project.py",
}
MOST_SECONDS = 60  # of tests for one mutant, the quickest tests first
MEMORY, SECONDS = 4 << 30, 600  # of computing in one run, for loops that never end and may collect something

# The functions of the chain rule, in which every place is broken, as in ops.py.
FUNCTIONS = {
    "value.py": {"Value.backward", "chain_rule", "record", "Value.forward", "check_current"},
    "errors.py": {"all_finite"},
    "graph.py": {"topological_order"},
    "tree.py": {"map_values", "flatten", "paths"},
    "autodiff.py": {"grad", "jvp"},
}

# Mutants that are not errors, which are not tried: where, a part of what they change, and why.
HARMLESS = {
    ("RELU", "(step(y),)"): "relu(a) is above 0 where a is",
    ("SUM", "tuple((1.0,) * len(a))[::-1]"): "the partials are all the same",
    ("raised", "if (a <= 0) and n % 2"): "no power of 0 is too large for a float",
    ("topological_order", "if a.inputs:  →  if True:"): "a leaf then waits for no inputs, and the order is the same",
    ("Value.backward", "if not all_finite(totals):  →  if True:"): "then all are looked at, and none is refused",
    (
        "_result",
        "if not any([moved for a in inside for moved in a.moved.numbers]):  →  if False:",
    ): "the bounds are 0 anyway",
    ("library", "*(_processor() if True else ())"): "the name in the cache then tells processors apart needlessly",
    ("jvp", "if any([tangent[a] for a in b.inputs]):  →  if True:"): "adding zeros takes time, and that is all",
}

# Mistakes that once lived through every test, as the text of a file and what it became.
NAMED = [
    ("readings/exercising/__init__.py", "tolerance: float = 0.5", "tolerance: float = 1.0"),
    ("readings/exercising/report.py", "<= self.half + moved", "<= self.half"),
    ("readings/exercising/report.py", "[str(counts[word]) for word in words]", "[str(counts.total())] + ['0'] * 5"),
    (
        "readings/exercising/pages.py",
        ": k + columns] for k in range(0, n, columns)",
        "::columns] for k in range(columns)",
    ),
    ("readings/stepping/slope.js", "slope = run.gradients[n], x", "slope = run.gradients[0], x"),
    ("readings/explaining/values.py", "round(100 * result / number)", "round(abs(100 * result / number))"),
    ("readings/explaining/values.py", "_ROUNDING = 2e-15", "_ROUNDING = 2e-9"),
    ("readings/explaining/remarks.py", "if any([not shown.isdisjoint(", "if any([True or ("),
    ("readings/exercising/drawing_numbers.py", "bool(prints_as_zero(sheet, digits)) or ", ""),
    ("readings/compiling/lowering.py", "if axes is None and len(a.shape) > 1", "if axes is None and len(a.shape) > 2"),
    ("writing/code.py", 'Spelling("1.0 if {a} > 0 else 0.0"', 'Spelling("1.0 if {a} >= 0 else 0.0"'),
    ("writing/algebra.py", "A.count(a, axes)", "A.count(a, None)"),
    ("../examples/bug_lab.py", "for node in reversed(order):", "for node in order:"),
    ("../examples/neuron.py", "from {L.data:.4f} to {neuron(*updated).data:.4f}", "from {L.data:.4f} to {L.data:.4f}"),
]


@dataclass(eq=False)
class Mutant:
    """The source of a file with one change, and the first line of the function that is changed."""

    file: str
    name: str  # of the row or function, or ""
    change: str
    source: str
    line: int = 0
    tests: list[str] = field(default_factory=list)

    def is_asked_for(self, where: str) -> bool:
        return where in (self.file, self.name, self.name.split(".")[-1]) or self.file.startswith(f"{where}/")


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
#: Functions whose exchanged arguments would be an error at once, or no change at all.
ORDERED = {"isinstance", "getattr", "setattr", "hasattr", "cast", "min", "max", "Op"}
#: What takes the place of an operator or a word in a script of the page.
OTHER_IN_SCRIPT = {
    " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " < ": " >= ", " > ": " <= ", " <= ": " < ", " >= ": " > ",
    " === ": " !== ", " !== ": " === ", " && ": " || ", " || ": " && ", "true": "false", "false": "true",
}  # fmt: skip


def mutants(package: Path, count: int, seed: int) -> list[Mutant]:
    """All of the page of calculus and of FUNCTIONS; `count` of each file besides, and one more for every 50 lines."""
    found = []
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.js")]):
        file, source = path.relative_to(package).as_posix(), path.read_text(encoding="utf-8")
        rng, most = random.Random(f"{seed} {file}"), max(1, count + len(source.splitlines()) // 50)
        if path.suffix == ".js":
            found += of_script(file, source, most, rng)
            continue
        every = [(name, *place) for name, node in targets(ast.parse(source)) for place in places(node)]
        names = {name for name, *_ in every}
        wholes = names if file == "ops.py" else FUNCTIONS.get(file, set())
        if wholes - names:
            raise SystemExit(f"there is no {wholes - names} in {file} any more: what is to be broken instead?")
        rng.shuffle(every)
        found += of_module(file, source, [place for place in every if place[0] in wholes], len(every))
        found += of_module(file, source, [place for place in every if place[0] not in wholes], most)
    return [m for m in found if not any([m.name == name and part in m.change for name, part in HARMLESS])]


def named(package: Path) -> list[Mutant]:
    """The mutants of NAMED."""
    found = []
    for file, old, new in NAMED:
        source = (package / file).read_text(encoding="utf-8")
        if old in source:
            found.append(Mutant(file, "", f"{old}  →  {new}", source.replace(old, new)))
        else:
            print(f"named, but no longer there: {old!r} in {file}", file=sys.stderr)
    return found


def targets(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions, methods, tables and their rows, and numbers with a name."""
    for top in tree.body:
        for node in top.body if isinstance(top, ast.ClassDef) else [top]:
            match node:
                case ast.FunctionDef(name=name):
                    yield f"{top.name}.{name}" if isinstance(top, ast.ClassDef) else name, node
                case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                    yield name, node


def places(parent: ast.AST, letters: Sequence[str] = (), line: int = 0) -> Iterator[tuple[ast.AST, str, int]]:
    """Each node that may be replaced, a replacement, and the first line of the function around it."""
    if isinstance(parent, (ast.FunctionDef, ast.Lambda)):
        line = line or min([node.lineno for node in [parent, *getattr(parent, "decorator_list", [])]])
        a = parent.args
        letters = [arg.arg for arg in [*a.posonlyargs, *a.args, a.vararg] if arg and arg.arg != "self"]
    for name, value in ast.iter_fields(parent):
        if name in ("annotation", "returns", "args") and not isinstance(value, list):
            continue
        for node in value if isinstance(value, list) else [value]:
            texts = replacements(parent, node, letters)
            if isinstance(parent, ast.Lambda) and "y" in letters[:1]:
                texts += of_partials(node)
            yield from [(node, text, line) for text in texts]
            if isinstance(node, ast.AST) and not isinstance(node, (ast.Raise, ast.JoinedStr)):  # texts
                yield from places(node, letters, line)


def replacements(parent: ast.AST, node: Any, letters: Sequence[str]) -> list[str]:
    """What a node may be by mistake: a condition also the other way round, or as if it always or never held."""
    if isinstance(parent, (ast.If, ast.IfExp)) and node is parent.test:
        return [*instead_of(node, letters), f"not ({ast.unparse(node)})", "True", "False"]
    match parent, node:
        case ast.Compare() | ast.Call(func=ast.Attribute(attr="startswith" | "endswith")), ast.Tuple():
            return []  # any of these
    return instead_of(node, letters)


def in_parentheses(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+|\([^()]*\)", text) else f"({text})"


def term(node: ast.AST) -> str:
    return in_parentheses(ast.unparse(node))


def instead_of(node: ast.AST, letters: Sequence[str]) -> list[str]:
    match node:
        case ast.BinOp(left=left, right=right) if type(node.op) in OTHER_OPERATOR:
            return [f"{term(left)} {OTHER_OPERATOR[type(node.op)]} {term(right)}", term(left), term(right)]
        case ast.UnaryOp(operand=operand):
            return [ast.unparse(operand)]
        case ast.IfExp():
            return [ast.unparse(node.body), ast.unparse(node.orelse)]
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return [f"{term(left)} {other} {term(right)}" for other in OTHER_COMPARISON[type(op)]]
        case ast.Constant(value=float() | int()) if not isinstance(node.value, bool):
            return [repr(node.value + 1)]
        case ast.Name(ctx=ast.Load(), id=name):
            return [other for other in letters if other != name and name in letters] or [OTHER_FUNCTION.get(name, name)]
        case ast.Call(func=ast.Name(id="reversed" | "exp" | "sin" | "cos" | "step"), args=[argument]):
            return [ast.unparse(argument)]
        case ast.Call(args=[first, second, *_]) if ast.dump(first) == ast.dump(second):
            return []
        case ast.Call(func=function, args=[first, second, *rest]) if ast.unparse(function) not in ORDERED:
            arguments = [ast.unparse(x) for x in (second, first, *rest, *node.keywords)]
            return [] if isinstance(second, ast.Starred) else [f"{ast.unparse(function)}({', '.join(arguments)})"]
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
            swapped = ":".join([ast.unparse(x) if x else "" for x in (upper, lower)])
            return [ast.unparse(value)] + ([] if step else [f"{ast.unparse(value)}[{swapped}]"])
        case ast.Tuple(elts=elements, ctx=ast.Load()) if len(elements) > 1:
            classes = any([hasattr(builtins, ast.unparse(x)) for x in elements])  # as in `isinstance(x, (list, tuple))`
            slices = any([isinstance(x, ast.Slice) for x in elements])
            return [] if classes or slices else [", ".join([ast.unparse(x) for x in elements[::-1]])]
        case ast.AugAssign(target=target, value=value):
            return [f"{ast.unparse(target)} {sign} {ast.unparse(value)}" for sign in ("=", "-=")] + ["pass"]
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Expr(value=ast.Call()) | ast.Raise():
            return ["pass"]
    return []


def of_partials(node: ast.AST) -> list[str]:
    """One partial of a row, or all of them, with another sign, a factor, or nothing."""
    wrong, text = ["-({})", "2 * ({})", "0.0"], ast.unparse(node)
    if not isinstance(node, ast.Tuple):
        several = [f"tuple([{w.format('p')} for p in {text}])" for w in wrong]
        return [*several, f"tuple({text})[::-1]", f"tuple({text})[:-1] + (0.0,)"]

    def broken(x: ast.expr, w: str) -> str:
        is_several = isinstance(x, ast.Starred)
        return f"*[{w.format('p')} for p in {ast.unparse(x.value)}]" if is_several else w.format(ast.unparse(x))

    right = [ast.unparse(x) for x in node.elts]
    ways = [[*right[:k], broken(x, w), *right[k + 1 :]] for k, x in enumerate(node.elts) for w in wrong]
    return [f"{', '.join(way)}," for way in ways]


def of_module(file: str, source: str, every: list[tuple[str, ast.AST, str, int]], most: int) -> list[Mutant]:
    """The first mutants of these places, at most so many, each different from the source and from the others."""
    lines = source.encode().splitlines(keepends=True)  # the columns of syntax trees count bytes
    found, seen = [], {source}
    for name, node, text, line in every:
        if len(found) == most:
            break
        text = text if isinstance(node, ast.stmt) else in_parentheses(text)
        before = [*lines[: node.lineno - 1], lines[node.lineno - 1][: node.col_offset]]
        after = [lines[node.end_lineno - 1][node.end_col_offset :], *lines[node.end_lineno :]]
        mutated = b"".join([*before, text.encode(), *after]).decode()
        if mutated not in seen:
            seen.add(mutated)
            found.append(Mutant(file, name, difference(source, mutated), mutated, line))
    return found


def difference(old: str, new: str) -> str:
    before, after = next((a, b) for a, b in zip(old.splitlines(), new.splitlines()) if a != b)
    return f"{' '.join(before.split())}  →  {' '.join(after.split())}"


def of_script(file: str, source: str, count: int, rng: random.Random) -> list[Mutant]:
    """Mutants of a JavaScript file, outside its comments and texts."""
    quiet = r"//[^\n]*|/\*.*?\*/|'[^'\n]*'|\"[^\"\n]*\"|`[^`]*`"
    wanted = "|".join([*map(re.escape, OTHER_IN_SCRIPT), r"\b\d+\b"])
    every = [match for match in re.finditer(f"{quiet}|({wanted})", source, flags=re.DOTALL) if match[1]]
    found = []
    for match in rng.sample(every, min(count, len(every))):
        other = OTHER_IN_SCRIPT.get(match[1]) or str(int(match[1]) + 1)
        mutated = source[: match.start()] + other + source[match.end() :]
        found.append(Mutant(file, "", difference(source, mutated), mutated))
    return found


# Trying them.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """As a plugin of pytest: what of the package a test calls, by file and first line, and how long it takes."""
    codes, start = {}, time.process_time()

    def keep(frame: Any, event: str, argument: Any) -> None:
        codes[id(frame.f_code)] = frame.f_code

    sys.settrace(keep)
    try:
        yield  # a test that fails is left out
    finally:
        sys.settrace(None)
    calls = set()
    for code in codes.values():
        path = Path(code.co_filename)
        if path.is_relative_to(PACKAGE):
            file = path.relative_to(PACKAGE).as_posix()
            calls |= {file, f"{file}:{code.co_firstlineno}"}
        elif path.parent == ROOT / "examples":
            calls.add(f"../examples/{path.name}")
    with open(os.environ["CALLS"], "a", encoding="utf-8") as file_of_calls:
        print(json.dumps([time.process_time() - start, item.nodeid, sorted(calls)]), file=file_of_calls)


def run(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a copy of the project."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
    command += ["--ignore=tests/engine/test_mutants.py"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, f"{folder}/tests"]), "CALLS": f"{folder}/calls"}
    return subprocess.run([*command, *arguments], cwd=folder, env=environment, capture_output=True, encoding="utf-8")


def copy_project(folder: str) -> None:
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)


def choose_tests(every: list[Mutant]) -> None:
    """The tests that call what is changed, from one run of those that may. A script meets those of its page."""
    tests: dict[str, None] = {}
    for file in {mutant.file for mutant in every}:
        names = next(names for start, names in TESTS.items() if file.startswith(start))
        tests |= {name if "/" in name else f"tests/readings/test_{name}.py": None for name in names.split()}
        tests |= {} if file.startswith("..") or file.endswith(".js") else {f"tinygrad_edu/{file}": None}
    with tempfile.TemporaryDirectory() as folder:
        copy_project(folder)
        done = run(folder, "-p", "mutants", *tests)
        if done.returncode not in (0, pytest.ExitCode.TESTS_FAILED):
            raise SystemExit(done.stdout + done.stderr)
        for failed in re.findall(r"^FAILED .*", done.stdout, flags=re.MULTILINE):
            print(f"without any mutant, and left out: {failed}")
        calls = sorted(map(json.loads, Path(folder, "calls").read_text(encoding="utf-8").splitlines()))
    for mutant in every:
        page = "film.py" if "training" in mutant.file else "__init__.py"
        file = re.sub(r"[\w.]+\.js$", page, mutant.file)
        where = f"{file}:{mutant.line}" if mutant.line else file
        spent = 0.0
        for seconds, test, called in calls:
            if where in called and (spent + seconds < MOST_SECONDS or not mutant.tests):
                mutant.tests.append(test)
                spent += seconds


def survives(mutant: Mutant) -> bool:
    """Whether all its tests pass."""
    with tempfile.TemporaryDirectory() as folder:
        copy_project(folder)
        Path(folder, "tinygrad_edu", mutant.file).write_text(mutant.source, encoding="utf-8")
        quickest, others = mutant.tests[:20], mutant.tests[20:]
        lives = all([run(folder, "-x", *tests).returncode == 0 for tests in (quickest, others) if tests])
    if lives:
        nobody = "" if mutant.tests else " (no test goes there)"
        print(f"survived: {mutant.file}: {mutant.name}: {mutant.change}{nobody}", flush=True)
    return lives


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("where", nargs="*", help="rows, functions, files or folders; without any, all")
    parser.add_argument("--places", type=int, default=2, help="at least so many of each file (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="for other places of the same files")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    options = parser.parse_args()
    every = [*named(PACKAGE), *mutants(PACKAGE, options.places, options.seed)]
    for where in options.where:
        if not any([mutant.is_asked_for(where) for mutant in every]):
            parser.error(f"there is nothing to break in {where}")
    every = [m for m in every if not options.where or any([m.is_asked_for(where) for where in options.where])]
    if options.list:
        for mutant in every:
            print(f"{mutant.file}: {mutant.name}: {mutant.change}")
        return 0
    import resource  # of POSIX

    start = time.perf_counter()
    choose_tests(every)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))  # of each run
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with ThreadPoolExecutor(options.jobs) as pool:
        alive = [*pool.map(survives, every)]
    print(f"{len(every)} mutants in {time.perf_counter() - start:.0f} seconds: {sum(alive)} survived")
    return 1 if any(alive) else 0


if __name__ == "__main__":
    sys.exit(main())
