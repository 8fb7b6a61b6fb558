"""A printed program as machine code: Numba compiles the same steps, for numbers in flat arrays."""

from __future__ import annotations

import inspect
import math
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ...network.tensor import Tensor
from ...tree import flatten, values_in
from ...value import Value
from ...writing.code import MACHINE
from .errors import run
from .statements import print_program
from .structures import print_reader, print_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from . import Program
    from .statements import Plan

    Array: TypeAlias = Any  #: of NumPy, with elements of the type float64

_REFUSED = (OverflowError, ZeroDivisionError)


class MachineCode:
    """What `Program.machine_code` makes: call it as the program, with lists or arrays, for the same numbers.

    It refuses what the program refuses, in the same words. Most of the time of a call goes into lists;
    `function` takes none, and `repeat` stays in machine code for many steps.

    Attributes:
        source: the Python text that was compiled: the steps, of one example where there is a batch.
        function: the compiled function of flat float64 arrays. An argument is an array of all its numbers, in
            the order in which they are written, and of a batch one row for each example. The results go into
            the last argument, as in `function(x, y, parameters, result)`. It can be called from functions that
            Numba compiles. It raises OverflowError or ZeroDivisionError where a number is not finite, also an argument.
        size: how many numbers the result has.
    """

    def __init__(self, program: Program, plan: Plan) -> None:
        self._numba, self._numpy = _library("numba"), _library("numpy")
        self._program, self._plan = program, plan
        self._signature = inspect.signature(program.function)
        self._entries = [entry for _, entry in plan.entries]
        self._is_batch = [any([entry is x for x in plan.batches]) for entry in self._entries]
        self._sizes = [len(values_in(entry)) for entry in self._entries]
        self._numbers = [run(print_reader({"argument": entry}))["numbers"] for entry in self._entries]
        writers = [run(print_writer(tree))["arranged"] for tree in (*self._entries, plan.outputs)]
        *self._arranged_inputs, self._arranged = writers
        self._loops: dict[str, Callable[..., None]] = {}
        self.size = len(flatten(plan.outputs))
        self.source, functions = print_program(plan._replace(batches=[]), MACHINE, flat=True)
        steps = run(self.source, {name: _function(name) for name in functions if name != "abs"})["program"]
        # Pointers, because LLVM needs many seconds for hundreds of elements of arrays.
        pointer = self._numba.types.CPointer(self._numba.float64)
        signature = self._numba.void(*[pointer] * (len(self._entries) + 1))
        compiler = self._numba.njit(signature, error_model="python", no_cpython_wrapper=True, no_cfunc_wrapper=True)
        self.function = self._of_arrays(compiler(steps))

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        arrays = self._arrays(arguments, keywords)
        result = self._numpy.empty(self.size)
        try:
            self.function(*arrays, result)
        except _REFUSED:
            return self._arranged(self._plainly(arrays, ""))
        return self._arranged(result.tolist())

    def repeat(self, n: int, /, *arguments: Any, **keywords: Any) -> dict[Any, Any]:
        """n steps, in each of which an output is the next value of the input of the same name.

        Outputs and inputs have to be dicts, as in `{"loss": …, "w": w - 0.1 * dw}` of `{"x": x, "w": w}`. In the
        result `w` is that after the last step, and each other number the list of what it was in every step.

        Raises:
            ValueError: no output has the name of an input, or one has not as many numbers as that; n < 1.
        """
        if n < 1:
            raise ValueError(f"repeat: the number of steps is at least 1, not {n!r}")
        carried, kept = self._carried()
        arrays = self._arrays(arguments, keywords)
        for k, _ in carried:
            arrays[k] = arrays[k].copy()
        result, done = self._numpy.empty(self.size), self._numpy.zeros(1, dtype="int64")
        history = self._numpy.empty((n, len(kept)))
        loop = self._loop(carried, kept)
        while done[0] < n:
            try:
                loop(n, *arrays, result, history, done)
            except _REFUSED:  # once more with words; if only a number on the way was too large, go on
                step = int(done[0])
                result[:] = self._plainly(arrays, f"step {step + 1} of {n}: ")
                history[step] = result[kept]
                for k, start in carried:
                    arrays[k][:] = result[start : start + len(arrays[k])]
                done[0] = step + 1
        last, column = result.tolist(), {at: history[:, i].tolist() for i, at in enumerate(kept)}
        found: dict[Any, Any] = self._arranged([column.get(at, y) for at, y in enumerate(last)])
        return found

    def __repr__(self) -> str:
        return f"<MachineCode of {len(self.source.splitlines())} lines>"

    def _of_arrays(self, steps: Any) -> Any:
        """The function of arrays: the steps, or of a batch their results for each row, added up."""
        names = [f"a{k}" for k in range(len(self._entries))]
        rows = [f"{name}[i]" if batch else name for name, batch in zip(names, self._is_batch)]
        if self._plan.batches:
            body = f"""\
    part = empty(len(result))
    result[:] = 0.0
    for i in range(len({names[self._is_batch.index(True)]})):
        steps({_pointers([*rows, "part"])})
        for k in range(len(result)):
            result[k] += part[k]
"""
        else:
            body = f"    steps({_pointers([*rows, 'result'])})\n"
        # A comparison would take an argument that is inf or nan for a number.
        checks = [f"    check_finite({name})\n" for name in names]
        source = f"def program({', '.join([*names, 'result'])}):\n{''.join(checks)}{body}    check_finite(result)\n"
        given = {"steps": steps, "empty": self._numpy.empty, "check_finite": _function("check_finite")}
        number = self._numba.float64
        types = [number[:, ::1] if batch else number[::1] for batch in [*self._is_batch, False]]
        return self._numba.njit(self._numba.void(*types))(run(source, given)["program"])

    def _loop(self, carried: list[tuple[int, int]], kept: list[int]) -> Any:
        """n steps in a compiled loop. `done` counts them, also for whoever catches the error of one."""
        names = [f"a{k}" for k in range(len(self._entries))]
        copies = "".join(
            [
                f"        for k in range(len({names[k]})):\n            {names[k]}[k] = result[{at} + k]\n"
                for k, at in carried
            ]
        )
        source = f"""\
def program(n, {", ".join([*names, "result"])}, history, done):
    for i in range(done[0], n):
        step({", ".join([*names, "result"])})
        for k in range(len(kept)):
            history[i, k] = result[kept[k]]
{copies}        done[0] = i + 1
"""
        if source not in self._loops:
            kept_places = self._numpy.array(kept, dtype="int64")
            steps = run(source, {"step": self.function, "kept": kept_places})["program"]
            self._loops[source] = self._numba.njit(steps)
        return self._loops[source]

    def _carried(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Which arguments are outputs of the step before, from where in the result on; the places of the rest."""
        names = [name for name, _ in self._plan.entries]
        outputs = self._plan.outputs if isinstance(self._plan.outputs, dict) else {}
        carried, kept, at = [], list[int](), 0
        for key, branch in outputs.items():
            places = range(at, at := at + len(flatten(branch)))
            if key not in names:
                kept += places
                continue
            k = names.index(key)
            if self._is_batch[k] or self._sizes[k] != len(places):
                raise ValueError(f"repeat: the output {key!r} has not as many numbers as the input of this name")
            carried.append((k, places.start))
        if not carried:
            raise ValueError("repeat: no output has the name of an input; outputs and inputs are dicts with names")
        return carried, kept

    def _arrays(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[Array]:
        """The arguments as flat arrays."""
        given = self._signature.bind(*arguments, **keywords).args
        arrays = []
        for k, (name, argument) in enumerate(zip(self._signature.parameters, given)):
            try:
                arrays.append(self._rows(k, argument) if self._is_batch[k] else self._flat(k, argument))
            except (TypeError, ValueError, LookupError) as error:
                raise type(error)(f"the argument {name} does not fit the inputs: {error}") from None
        lengths = {len(array) for array, batch in zip(arrays, self._is_batch) if batch}
        if len(lengths) > 1:
            raise ValueError(f"the batches have different numbers of examples: {sorted(lengths)}")
        return arrays

    def _flat(self, k: int, numbers: Any) -> Array:
        """The numbers of an argument, in the structure of the input or flat already, as one array."""
        if hasattr(numbers, "shape") and numbers.shape in ((self._sizes[k],), _shape(self._entries[k])):
            return self._numpy.ascontiguousarray(numbers, dtype="float64").reshape(-1)
        return self._array([self._numbers[k](numbers)], (1, self._sizes[k]))[0]

    def _rows(self, k: int, examples: Any) -> Array:
        """A row for each example."""
        if hasattr(examples, "shape") and examples.shape[1:] == _shape(self._entries[k]):
            return self._numpy.ascontiguousarray(examples, dtype="float64").reshape(len(examples), -1)
        return self._array([self._numbers[k](one) for one in examples], (len(examples), self._sizes[k]))

    def _array(self, rows: list[list[float]], shape: tuple[int, int]) -> Array:
        array = self._numpy.array(rows, dtype="float64") if rows else self._numpy.empty(shape)
        if array.shape != shape:
            raise ValueError("in the place of a number is a sequence")
        return array

    def _plainly(self, arrays: list[Array], place: str) -> list[float]:
        """The results by the plain program, whose errors have words.

        It may have a result where machine code has none: of a decision Python computes one side only.
        """
        arguments = [
            [*map(arranged, array.tolist())] if batch else arranged(array.tolist())
            for arranged, batch, array in zip(self._arranged_inputs, self._is_batch, arrays)
        ]
        try:
            numbers: list[float] = flatten(self._program(*arguments))
            return numbers
        except (ArithmeticError, ValueError) as error:
            raise type(error)(f"{place}{error}") from None


def _pointers(arrays: Sequence[str]) -> str:
    return ", ".join([f"{array}.ctypes" for array in arrays])


def _shape(tree: Any) -> tuple[int, ...] | None:
    """The shape of a Value or a Tensor."""
    return () if isinstance(tree, Value) else tree.shape if isinstance(tree, Tensor) else None


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError('machine code needs Numba: pip install "tinygrad-edu[fast]"') from None


@cache
def _function(name: str) -> Any:
    """What a program calls, compiled. Those of `math` raise where they do in Python, which C's do not."""
    isfinite, power = math.isfinite, math.pow
    function: Any = getattr(math, name, None)

    def check_finite(array):  # type: ignore[no-untyped-def]
        for y in array.flat:
            if not isfinite(y):
                raise OverflowError

    def where(condition, a, b):  # type: ignore[no-untyped-def]
        return a if condition else b

    def pow(a, n):  # type: ignore[no-untyped-def]
        y = power(a, float(n))
        if not isfinite(y):
            raise OverflowError
        return y

    def checked(a):  # type: ignore[no-untyped-def]
        y = function(a)
        if not isfinite(y):
            raise OverflowError
        return y

    return _library("numba").njit({"check_finite": check_finite, "where": where, "pow": pow}.get(name, checked))
