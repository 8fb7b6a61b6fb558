"""One SGD step, timed: tinygrad_edu beside hand-written Python and other libraries.

    python tests/benchmark.py [--cases q1 moons gpt chain import] [--rounds 40] [--picture steps.svg]

q1       the 4-4-3-3 network of the worked practical, squared error
moons    two moons, 100 samples in a batch, 2-16-16-1 with relu, squared error
gpt      the model of examples/gpt.py: on vector rows, on scalar operations, and on those of a small engine
chain    a million operations one after another, forward and backward: time and memory of each
import   what `import tinygrad_edu` adds to the start of Python

Every contestant starts from the same numbers, and before any clock runs, its losses over three
steps are compared with ours. The contestants take turns, round by round, so that a busy
machine is busy for all of them, and the clock counts computing alone; each turn begins with a
step that is not timed, so that nobody pays for what the one before left in the caches; the
tables show medians, and what it takes to start: to make the contestant and to take its first step,
which is when it compiles, as C without the cache. micrograd and PyTorch take part where they are
installed. The picture has the steps on a logarithmic scale.
"""

import argparse
import gc
import math
import os
import platform
import random
import subprocess
import sys
import time
import tracemalloc
from array import array
from functools import reduce
from importlib import import_module, metadata
from math import exp, isclose, log, tanh
from operator import add, mul
from pathlib import Path
from statistics import median
from types import SimpleNamespace

from tinygrad_edu import MLP, SGD, Tensor, Value, compile_graph, grad, squared_error
from tinygrad_edu.tree import flatten


class Task:
    """A network with its starting numbers, its data, and its loss: the sum over the samples."""

    def __init__(self, sizes, activation, xs, ys, lr, init=None):
        self.sizes, self.activation, self.xs, self.ys, self.lr = sizes, activation, xs, ys, lr
        self.net = lambda: MLP(sizes, activation, init=init, seed=0)
        self.layers = [(layer.W.data, layer.b.data) for layer in self.net().layers]


# The rate is small, so that the numbers stay near those of the practical in thousands of steps.
def q1():
    return Task([4, 4, 3, 3], "tanh", [[1.0, 0.0, 1.0, 0.0]], [[0.0, 1.0, 0.0]], 1e-5, init=0.1)


def moons(n=100):
    rng = random.Random(0)
    xs, ys = [], []
    for i in range(n):
        upper, t = i % 2, math.pi * rng.random()
        x = (math.cos(t), math.sin(t)) if upper else (1 - math.cos(t), 0.5 - math.sin(t))
        xs.append([a + rng.gauss(0, 0.1) for a in x])
        ys.append([1.0 if upper else -1.0])
    return Task([2, 16, 16, 1], "relu", xs, ys, 0.001)


# The contestants: each takes a Task and returns a function that takes one step and returns the loss.


def ours_eager(task):
    net = task.net()
    optimizer = SGD(net.parameters(), lr=task.lr)
    x, y = [Tensor(of[0] if len(of) == 1 else of) for of in (task.xs, task.ys)]

    def step():
        loss = squared_error(net(x), y, reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def ours_compiled(task):
    """The whole step is one program: of numbers for one sample, of arrays for a batch."""
    program, numbers = program_of_a_step(task)
    xs, ys = task.xs[0], task.ys[0]
    if len(task.xs) > 1:
        import numpy

        xs, ys, numbers = numpy.array(task.xs), numpy.array(task.ys), [numpy.array(p) for p in numbers]

    def step():
        nonlocal numbers
        loss, numbers = program(xs, ys, numbers).values()
        return loss

    return step


def program_of_a_step(task):
    """The loss and the parameters after a step, compiled; and the parameters before it."""
    net = task.net()
    parameters = net.parameters()
    batch = len(task.xs) > 1
    x, y = [Tensor(of[:2] if batch else of[0], label=label) for of, label in ((task.xs, "x"), (task.ys, "y"))]

    def step(x, y, _):
        loss = squared_error(net(x), y, reduction="sum")
        # ∂(ηL)/∂p = η ∂L/∂p, with η multiplied in where there are fewest numbers
        updated = [p - g for p, g in zip(parameters, grad(task.lr * loss, parameters))]
        return {"loss": loss, "parameters": updated}

    inputs = {"x": x, "y": y, "parameters": parameters}
    if batch:
        program = compile_graph(step, inputs, level="tensor", batch=[x, y])
    else:
        program = compile_graph(step(*inputs.values()), inputs)
    return program, [p.data for p in parameters]


def machine_code(task):
    """A step as machine code, compiled anew, and the parameters before it."""
    program, numbers = program_of_a_step(task)
    return program.machine_code(cache=False), numbers


def c_called(task):
    """A call from Python for every step, with flat buffers; the new parameters are copied."""
    machine, numbers = machine_code(task)
    inputs, result = array("d", [*task.xs[0], *task.ys[0], *flatten(numbers)]), array("d", bytes(8 * machine.size))
    run, start = machine.prepare(inputs, result), len(task.xs[0]) + len(task.ys[0])

    def step():
        run()
        inputs[start:] = result[1:]
        return result[0]

    return step


def c_looped(task):
    """All steps of a turn in one loop of C."""
    machine, numbers = machine_code(task)

    def loop(n):
        nonlocal numbers
        result = machine.repeat(n, task.xs[0], task.ys[0], numbers)
        numbers = result["parameters"]
        return result["loss"]

    def step():
        return loop(1)[0]

    step.loop = loop
    return step


def c_from_lists(task):
    """As `ours_compiled`, in machine code: numbers of Python in and out."""
    machine, numbers = machine_code(task)

    def step():
        nonlocal numbers
        loss, numbers = machine(task.xs[0], task.ys[0], numbers).values()
        return loss

    return step


def straight_line(task):
    """As a patient person would type it for one sample, and as fast as CPython can: every number a local variable.

    The text is put together from the sizes. η is multiplied in early: r = η ∂L/∂z, so that an
    update costs one product and one difference.
    """
    sizes, last = task.sizes, len(task.sizes) - 1
    layers = [(l, range(sizes[l]), range(sizes[l - 1])) for l in range(1, last + 1)]
    h = [[f"h{l}_{i}" for i in range(size)] for l, size in enumerate(sizes)]
    y, z = [f"y{i}" for i in range(sizes[-1])], [f"z{last}_{i}" for i in range(sizes[-1])]

    def listed(texts):
        return f"[{', '.join(texts)}]"

    def weights(W, b):
        """The structure of the parameters, with what W(l, i, j) and b(l, i) say in their places."""
        matrices = [listed([listed([W(l, i, j) for j in cols]) for i in rows]) for l, rows, cols in layers]
        vectors = [listed([b(l, i) for i in rows]) for l, rows, _ in layers]
        return listed([f"({matrix}, {vector})" for matrix, vector in zip(matrices, vectors)])

    before = weights(lambda l, i, j: f"W{l}_{i}_{j}", lambda l, i: f"b{l}_{i}")
    lines = [f"[{listed(h[0])}], [{listed(y)}] = xs, ys", f"{before} = weights"]
    for l, rows, cols in layers:
        for i in rows:
            sum_ = " + ".join([*[f"W{l}_{i}_{j} * {h[l - 1][j]}" for j in cols], f"b{l}_{i}"])
            if l == last:
                lines.append(f"{z[i]} = {sum_}")
            elif task.activation == "tanh":
                lines.append(f"{h[l][i]} = tanh({sum_})")
            else:
                lines += [f"z = {sum_}", f"{h[l][i]} = z if z > 0.0 else 0.0"]
    lines += [f"d{i} = {z[i]} - {y[i]}" for i in range(sizes[-1])]
    lines.append(f"loss = 0.5 * ({' + '.join([f'd{i} * d{i}' for i in range(sizes[-1])])})")
    lines += [f"r{last}_{i} = {task.lr} * d{i}" for i in range(sizes[-1])]
    for l, rows, cols in layers[:0:-1]:
        for j in cols:
            back, a = " + ".join([f"W{l}_{i}_{j} * r{l}_{i}" for i in rows]), h[l - 1][j]
            gate = f"({back}) * (1.0 - {a} * {a})" if task.activation == "tanh" else f"{back} if {a} > 0.0 else 0.0"
            lines.append(f"r{l - 1}_{j} = {gate}")
    after = weights(lambda l, i, j: f"W{l}_{i}_{j} - r{l}_{i} * {h[l - 1][j]}", lambda l, i: f"b{l}_{i} - r{l}_{i}")
    names = {"tanh": tanh, "exp": exp, "log": log}
    exec("\n    ".join(["def step(xs, ys, weights):", *lines, f"return loss, {after}"]), names)
    one_step, numbers = names["step"], task.layers

    def step():
        nonlocal numbers
        loss, numbers = one_step(task.xs, task.ys, numbers)
        return loss

    return step


def micrograd(task):
    from micrograd.engine import Value as Number

    def function(x, y, slope, name):  # micrograd has relu, but no tanh, exp, log
        out = Number(y, (x,), name)

        def backward():
            x.grad += slope * out.grad

        out._backward = backward
        return out

    layers = [([[Number(w) for w in row] for row in W], [Number(b) for b in b_]) for W, b_ in task.layers]
    parameters = [p for W, b in layers for row in [*W, b] for p in row]

    def step():
        loss = Number(0.0)
        for x, y in zip(task.xs, task.ys):
            h = x
            for l, (W, b) in enumerate(layers, start=1):
                h = [sum((w * hj for w, hj in zip(row, h)), bi) for row, bi in zip(W, b)]
                if l < len(layers) and task.activation == "relu":
                    h = [z.relu() for z in h]
                elif l < len(layers):
                    h = [function(z, t, 1 - t * t, "tanh") for z in h for t in [tanh(z.data)]]
            loss = loss + sum((zi - yi) ** 2 for zi, yi in zip(h, y)) * 0.5
        for p in parameters:
            p.grad = 0
        loss.backward()
        for p in parameters:
            p.data -= task.lr * p.grad
        return loss.data

    return step


def torch_nn(task):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    xs, ys = torch.tensor(task.xs, dtype=torch.float64), torch.tensor(task.ys, dtype=torch.float64)
    parts = []
    for (W, b), m, n in zip(task.layers, task.sizes, task.sizes[1:]):
        linear = nn.Linear(m, n, dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(W, dtype=torch.float64))
            linear.bias.copy_(torch.tensor(b, dtype=torch.float64))
        parts += [linear, nn.Tanh() if task.activation == "tanh" else nn.ReLU()]
    net = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.SGD(net.parameters(), lr=task.lr)

    def step():
        z = net(xs)
        loss = 0.5 * ((z - ys) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


CONTESTANTS = {
    "C, looped": c_looped,
    "C, called": c_called,
    "C, from lists": c_from_lists,
    "straight-line Python": straight_line,
    "ours, compiled": ours_compiled,
    "ours, eager": ours_eager,
    "micrograd": micrograd,
    "PyTorch": torch_nn,
}
LIBRARIES = {"micrograd": "micrograd", "PyTorch": "torch"}
CASES = {"q1": q1, "moons": moons}
ROOT = Path(__file__).resolve().parents[1]


def race(task, rounds):
    """Seconds a step of every contestant, round by round, after all have shown the same losses; and to start."""
    steps, starts, first = {}, {}, {}
    for name, make in CONTESTANTS.items():
        library = next((module for key, module in LIBRARIES.items() if name.startswith(key)), None)
        if library and not installed(library):
            continue
        if len(task.xs) > 1 and name.startswith(("C,", "straight-line")):
            continue  # nobody types the steps of a batch
        begin = computed()
        steps[name] = make(task)
        first[name] = steps[name]()
        starts[name] = computed() - begin
    reference = None
    for name, step in steps.items():
        losses = [first[name], step(), step()]
        reference = reference or losses
        if not all([isclose(a, b, rel_tol=1e-9) for a, b in zip(losses, reference)]):
            raise SystemExit(f"{name} computes other losses: {losses}, not {reference}")

    repeats = {}
    for name, step in steps.items():  # short turns, about 5 ms each, and many of them
        start = time.process_time()
        n = 1000 if hasattr(step, "loop") else 3
        many(step, n)
        repeats[name] = max(1, round(0.005 * n / (time.process_time() - start)))
    gc.collect()
    gc.freeze()  # the collector is not to go through the objects of the other libraries
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            step()
            start = time.process_time()
            many(step, repeats[name])
            times[name].append((time.process_time() - start) / repeats[name])
    gc.unfreeze()
    return times, starts


def computed():
    """Seconds that Python and the programs that it has started, such as compilers, have computed."""
    return sum(os.times()[:4])


def many(step, n):
    """n steps, in the loop of the contestant if it has one of its own."""
    if hasattr(step, "loop"):
        step.loop(n)
    else:
        for _ in range(n):
            step()


def show(title, times, starts):
    """A table of median times, and of the medians of the ratios within a round."""
    references = [name for name in ("straight-line Python", "ours, compiled", "ours, eager") if name in times]
    unit, scale = ("ms", 1e3) if median(times["ours, eager"]) > 1e-3 else ("µs", 1e6)
    print(f"\n{title}\n\n| one SGD step | {unit} | {' | '.join([f'÷ {name}' for name in references])} | s to start |")
    print("|---|---:" + "|---:" * len(references) + "|---:|")
    for name, seconds in sorted(times.items(), key=lambda item: median(item[1])):
        ratios = [median([t / r for t, r in zip(seconds, times[reference])]) for reference in references]
        shown = " | ".join([f"{number:.3g}" for number in (median(seconds) * scale, *ratios)])
        print(f"| {name} | {shown} | {starts[name]:.2g} |")


def picture(path, cases):
    """Bars of the medians, on a logarithmic scale."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # The same numbers make the same file, and its text stays text.
    matplotlib.rcParams.update({"svg.hashsalt": "benchmark", "svg.fonttype": "none"})
    rows = max(map(len, cases.values()))
    figure, axes = pyplot.subplots(1, len(cases), figsize=(5.5 * len(cases), 0.34 * rows + 1.4), squeeze=False)
    for axis, (title, times) in zip(axes[0], cases.items()):
        medians = sorted([(median(seconds) * 1e6, name) for name, seconds in times.items()], reverse=True)
        numbers, names = [number for number, _ in medians], [name for _, name in medians]
        colours = ["#2f6db5" if name.startswith(("ours", "C,")) else "#b9c0c8" for name in names]
        bars = axis.barh(names, numbers, color=colours)
        texts = [f"{number:.3g}" if number < 1000 else f"{number:,.0f}" for number in numbers]
        axis.bar_label(bars, texts, padding=3, fontsize=8)
        axis.set_xscale("log")
        axis.set_xlim(min(numbers) / 2, max(numbers) * 5)
        axis.set_title(f"{title}: µs a step of SGD", fontsize=11)
        axis.spines[["top", "right"]].set_visible(False)
    figure.text(0.01, 0.01, machine(), fontsize=7, color="#666666")
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def chain():
    """y ← w y + x, again and again: how the time and memory of an operation grow with the graph.

    A full collection of Python's garbage goes through the whole graph, and there are the more of them the
    larger it grows, so the time is also taken without the collector, which a graph does not need.
    """
    print("\nchain: y ← w y + x, forward and backward\n")
    print("| operations | µs an operation | with gc.disable() | bytes an operation |\n|---:|---:|---:|---:|")
    for n in (1_000, 10_000, 100_000, 1_000_000):

        def run(n=n):
            y = x = Value(1.0)
            w = Value(0.999999)  # near 1, so that no gradient vanishes
            for _ in range(n // 2):
                y = w * y + x
            return y

        gc.collect()
        gc.freeze()  # the collector is not to go through the objects of PyTorch and JAX too
        times = {gc.enable: [], gc.disable: []}
        for _ in range(3 if n > 100_000 else 7):
            for mode, seconds in times.items():
                mode()
                start = time.process_time()
                y = run()
                y.backward()
                seconds.append(time.process_time() - start)
                del y
        gc.enable()
        gc.unfreeze()
        tracemalloc.start()
        y = run()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        del y
        enabled, disabled = [median(seconds) / n * 1e6 for seconds in times.values()]
        print(f"| {n:,} | {enabled:.2f} | {disabled:.2f} | {size / n:.0f} |")


class Scalar:
    """A scalar engine as small as microgpt's: numbers with their inputs and slopes, and a recursive walk."""

    __slots__ = ("data", "grad", "inputs", "slopes")

    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.grad, self.inputs, self.slopes = data, 0, inputs, slopes

    def __add__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n):
        return Scalar(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self):
        return Scalar(exp(self.data), (self,), (exp(self.data),))

    def log(self):
        return Scalar(log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Scalar(max(0, self.data), (self,), (float(self.data > 0),))

    def __sub__(self, other):
        return self + other * -1

    def __truediv__(self, other):
        return self * other**-1

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for a in node.inputs:
                    visit(a)
                order.append(node)

        visit(self)
        self.grad = 1
        for node in reversed(order):
            for a, slope in zip(node.inputs, node.slopes):
                a.grad += slope * node.grad


def exponentials(z):
    top = max([zi.data for zi in z])
    return [(zi - top).exp() for zi in z], top


def softmax(z):
    e, _ = exponentials(z)
    total = reduce(add, e)
    return [ei / total for ei in e]


def logsumexp(z):
    e, top = exponentials(z)
    return reduce(add, e).log() + top


SCALAR_OPERATIONS = SimpleNamespace(
    dot=lambda a, b: reduce(add, map(mul, a, b)), sum=lambda a: reduce(add, a), softmax=softmax, logsumexp=logsumexp
)


def gpt():
    """A step of SGD on one name."""
    sys.argv = sys.argv[:1]  # where the example would look for a number of steps
    definitions, _, _ = (ROOT / "examples" / "gpt.py").read_text(encoding="utf-8").partition("\nadam, losses = ")

    def contestant(number, functions):
        names = {}
        exec(definitions, names)
        W = {name: [[number(w.data) for w in row] for row in rows] for name, rows in names["W"].items()}
        names.update(W=W, Value=functions)
        parameters = [w for rows in W.values() for row in rows for w in row]
        tokens = [names["MARK"], *map(names["LETTERS"].index, "amelia"), names["MARK"]]

        def step():
            keys, values, terms = [], [], []
            for place, (token, after) in enumerate(zip(tokens, tokens[1:])):
                z = names["model"](token, place, keys, values)
                terms.append(functions.logsumexp(z) - z[after])
            loss = functions.sum(terms) * (1 / len(terms))
            for p in parameters:
                p.grad = 0
            loss.backward()
            for p in parameters:
                p.data -= 0.01 * p.grad
            return loss.data

        return step

    steps = {
        "ours, vector rows": contestant(Value, Value),
        "ours, scalar operations": contestant(Value, SCALAR_OPERATIONS),
        "scalar engine": contestant(Scalar, SCALAR_OPERATIONS),
    }
    losses = [[step() for _ in range(3)] for step in steps.values()]
    if not all([isclose(a, b, rel_tol=1e-9) for found in losses for a, b in zip(found, losses[0])]):
        raise SystemExit(f"the models compute different losses: {losses}")
    times = {name: [] for name in steps}
    for _ in range(9):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            times[name].append(time.process_time() - begin)
    print("\ngpt: one SGD step on a name of six letters\n")
    print("| | ms | times as fast as the scalar engine |\n|---|---:|---:|")
    for name, seconds in times.items():
        ratio = median([other / own for other, own in zip(times["scalar engine"], seconds)])
        print(f"| {name} | {median(seconds) * 1e3:.3g} | {ratio:.3g} |")


def start():
    """How long Python computes until it has started and imported the package; and without it, in turns."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the first run compiles the package, the others do not
    times = {"import tinygrad_edu": [], "pass": []}
    for _ in range(21):
        for statement, seconds in times.items():
            code = f"{statement}; import time; print(time.process_time())"
            run = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
            seconds.append(float(run.stdout))
    with_us, bare = [median(seconds) * 1e3 for seconds in times.values()]
    print(f"\nimport: {with_us - bare:.1f} ms over the {bare:.1f} ms of a bare Python")


def installed(module):
    try:
        import_module(module)
    except ImportError:
        return False
    return True


OTHERS = {"gpt": gpt, "chain": chain, "import": start}


def machine():
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = [f"{key} {metadata.version(m)}" for key, m in LIBRARIES.items() if installed(m)]
    return f"{name}; {', '.join([f'CPython {platform.python_version()}', *versions])}"


def main():
    sys.stdout.reconfigure(encoding="utf-8")  # for µ and ÷ in a file or a pipe on Windows
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", nargs="+", choices=[*CASES, *OTHERS], default=[*CASES, *OTHERS])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--picture", help="a file for the picture of the steps, .svg or .png; needs matplotlib")
    options = parser.parse_args()
    print(machine())
    shown = {}
    for case in options.cases:
        if case in OTHERS:
            OTHERS[case]()
        else:
            shown[case], starts = race(CASES[case](), options.rounds)
            show(case, shown[case], starts)
    if options.picture:
        picture(options.picture, shown)


if __name__ == "__main__":
    main()
