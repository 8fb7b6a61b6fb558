"""A printed program as machine code: the C compiler compiles the same steps, and ctypes calls them."""

from __future__ import annotations

import ctypes
import inspect
import struct
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...tree import flatten
from ...writing.code import C
from .compiler import library
from .errors import run
from .flat import Flat
from .statements import Plan
from .structures import print_reader, print_writer

if TYPE_CHECKING:
    from . import Program

_SLICE = 100_000  # steps of a loop after which Python looks whether it is interrupted


class MachineCode:
    """What `Program.machine_code` makes: call it as the program, with lists or arrays, for the same numbers.

    It refuses what the program refuses, in the same words. Most of the time of a call goes into lists;
    `function` takes none, and `repeat` stays in machine code for many steps.

    Attributes:
        source: the C text of the program.
        size: how many numbers the result has.
    """

    def __init__(self, program: Program, plan: Plan, optimize: int | None, cache: bool) -> None:
        flat = Flat(plan, C)
        self.source, self.size = flat.source, flat.size
        self._program, self._plan = program, plan
        self._signature = inspect.signature(program.function)
        self._is_batch = [name in flat.batches for name in flat.sizes]
        self._sizes = list(flat.sizes.values())
        entries = [entry for _, entry in plan.entries]
        self._numbers = [run(print_reader({"argument": entry}))["numbers"] for entry in entries]
        self._all_numbers = run(print_reader(dict(zip(flat.sizes, entries))))["numbers"]
        trees = (*entries, plan.outputs)
        *self._arranged_inputs, self._arranged = [run(print_writer(tree))["arranged"] for tree in trees]
        self._zeros = array("d", bytes(8 * self.size))
        places, each, once = [], 0, 0
        for size, batch in zip(self._sizes, self._is_batch):
            places.append(f"inputs + {each} * n + {once}")
            each, once = each + size * batch, once + size * (not batch)
        self._one, self._fixed = each, once
        self._pack = struct.Struct(f"{once}d").pack
        arguments = [*(["n"] if flat.batches else []), *[f"at[{k}]" for k in range(len(places))], "result"]
        call = f"program({', '.join(arguments + ['room'] * (flat.room > 0))})"
        macros = {"ONE": each, "FIXED": once, "SIZE": self.size, "PLACES": ", ".join([*places, "0"]), "PROGRAM": call}
        macros |= {"ROOM": flat.room} if flat.room else {}
        defined = [f"#define {name} {meaning}" for name, meaning in macros.items()]
        around = Path(__file__).with_name("library.c").read_text(encoding="utf-8")
        made = library("\n".join([self.source, *defined, around]), optimize, cache)
        number, pointer = ctypes.c_size_t, ctypes.c_void_p
        self._call, self._loop = made.call, made.loop
        self._call.argtypes = [pointer, number, pointer]
        self._loop.argtypes = [pointer, number, pointer, number, pointer, number, pointer, number, pointer]
        self._loop.restype = number

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        if self._one or keywords:
            inputs, n = self._packed(arguments, keywords)
        else:
            try:
                inputs, n = self._pack(*self._all_numbers(*arguments)), 1
            except (TypeError, ValueError, LookupError, struct.error):  # arrays, or a mistake
                inputs, n = self._packed(arguments, keywords)
        result = self._zeros[:]
        if self._call(inputs, n, result.buffer_info()[0]):
            return self._arranged(result.tolist())
        return self._arranged(self._plainly(inputs, n))

    def prepare(self, inputs: Any, result: Any) -> Callable[[], None]:
        """A function that reads one buffer and writes another, as often as it is called, without a copy.

        Args:
            inputs, result: flat buffers of float64, such as an `array.array` or an array of NumPy. The numbers of
                the arguments stand one after the other, in the order in which they are written, and of a batch one
                example after the other; so do those of the result.

        Raises:
            TypeError, ValueError: a buffer is not writable, or has not as many numbers as it should have.

        >>> from array import array
        >>> from tinygrad_edu import Value, compile_graph
        >>> x = Value(3.0, label="x")
        >>> machine = compile_graph(x * x, [x]).machine_code()  # doctest: +SKIP
        >>> x, y = array("d", [5.0]), array("d", [0.0])
        >>> square = machine.prepare(x, y); square(); y  # doctest: +SKIP
        array('d', [25.0])
        """
        numbers, results = memoryview(inputs), memoryview(result)
        n, rest = divmod(len(numbers) - self._fixed, self._one) if self._one else (1, len(numbers) - self._fixed)
        fits = [view.format == "d" and view.ndim == 1 and view.contiguous for view in (numbers, results)]
        if not all(fits) or rest or n < 0 or len(results) != self.size:
            each = f"{self._one} for each example and " if self._one else ""
            raise ValueError(
                f"prepare: the inputs are a flat buffer of float64 with {each}{self._fixed} numbers, the result one of "
                f"{self.size}"
            )
        held = [ctypes.c_char.from_buffer(view) for view in (numbers, results)]
        call, source, target = self._call, ctypes.addressof(held[0]), ctypes.addressof(held[1])

        def prepared() -> None:
            if not call(source, n, target):
                results[:] = array("d", self._plainly(numbers, n))

        return prepared

    def repeat(self, n: int, /, *arguments: Any, **keywords: Any) -> dict[Any, Any]:
        """n steps, in each of which an output is the next value of the input of the same name.

        Outputs and inputs have to be dicts, as in `{"loss": …, "w": w - 0.1 * dw}` of `{"x": x, "w": w}`. In the
        result `w` is that after the last step, and each other number the list of what it was in every step.

        Raises:
            ValueError: no output has the name of an input, or one has not as many numbers as that; n < 1.
        """
        if n < 1:
            raise ValueError(f"repeat: the number of steps is at least 1, not {n!r}")
        given, examples = self._packed(arguments, keywords)
        inputs, results = array("d", given), self._zeros * 2
        carried, kept = self._carried(examples)
        moves = [x for argument, _, start, _ in carried for x in (argument, start)]
        pairs, places = [(ctypes.c_size_t * len(of))(*of) for of in (moves, kept)]
        history = array("d", bytes(8 * n * len(kept)))
        at, to, where = [numbers.buffer_info()[0] for numbers in (inputs, results, history)]
        done = 0
        while done < n:
            steps = min(n - done, _SLICE)
            row = where + 8 * done * len(kept)
            found = self._loop(at, examples, to, steps, pairs, len(carried), places, len(kept), row)
            done += found
            result = results[self.size * (found % 2 == 0) :][: self.size]  # of the last step
            for _, into, start, size in carried if found else ():
                inputs[into : into + size] = result[start : start + size]
            if found < steps:  # once more with words; if only a number on the way was too large, go on
                result = array("d", self._plainly(inputs, examples, f"step {done + 1} of {n}: "))
                history[done * len(kept) : (done + 1) * len(kept)] = array("d", [result[k] for k in kept])
                for _, into, start, size in carried:
                    inputs[into : into + size] = result[start : start + size]
                done += 1
        columns = {place: history[k :: len(kept)].tolist() for k, place in enumerate(kept)}
        last: dict[Any, Any] = self._arranged([columns.get(k, y) for k, y in enumerate(result)])
        return last

    def __repr__(self) -> str:
        return f"<MachineCode of {len(self.source.splitlines())} lines>"

    def _carried(self, n: int) -> tuple[list[tuple[int, int, int, int]], list[int]]:
        """The arguments that are results of the step before, and the places of the other results.

        Each is its number, where it begins in the inputs and in the result, and how many numbers it has.
        """
        starts, at = {}, 0
        for k, ((name, _), size, batch) in enumerate(zip(self._plan.entries, self._sizes, self._is_batch)):
            starts[name] = k, at, -1 if batch else size
            at += size * (n if batch else 1)
        outputs = self._plan.outputs if isinstance(self._plan.outputs, dict) else {}
        carried, kept, at = [], list[int](), 0
        for key, branch in outputs.items():
            places = range(at, at := at + len(flatten(branch)))
            if key not in starts:
                kept += places
                continue
            k, into, size = starts[key]
            if size != len(places):
                raise ValueError(f"repeat: the output {key!r} has not as many numbers as the input of this name")
            carried.append((k, into, places.start, size))
        if not carried:
            raise ValueError("repeat: no output has the name of an input; outputs and inputs are dicts with names")
        return carried, kept

    def _packed(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[bytes, int]:
        """The numbers of the arguments one after the other, and how many examples there are."""
        given = self._signature.bind(*arguments, **keywords).args
        packed, lengths = b"", set()
        for k, (name, argument) in enumerate(zip(self._signature.parameters, given)):
            try:
                if self._is_batch[k]:
                    rows = [self._pack_one(k, one) for one in _plain(argument)]
                    lengths.add(len(rows))
                    packed += b"".join(rows)
                else:
                    packed += self._pack_one(k, argument)
            except struct.error as error:
                raise TypeError(f"the argument {name} does not fit the inputs: {error}") from None
            except (TypeError, ValueError, LookupError) as error:
                raise type(error)(f"the argument {name} does not fit the inputs: {error}") from None
        if len(lengths) > 1:
            raise ValueError(f"the batches have different numbers of examples: {sorted(lengths)}")
        return packed, lengths.pop() if lengths else 1

    def _pack_one(self, k: int, argument: Any) -> bytes:
        """An argument, or one example of it: in the structure of the input, or a flat array."""
        numbers, size = _plain(argument), self._sizes[k]
        is_flat = numbers is not argument and isinstance(numbers, list) and len(numbers) == size
        if not is_flat or any([isinstance(x, list) for x in numbers]):
            numbers = self._numbers[k](numbers)
        return struct.pack(f"{size}d", *numbers)

    def _plainly(self, inputs: Any, n: int, place: str = "") -> list[float]:
        """The results by the Python program, whose errors have words.

        It may have a result where machine code has none: of a decision Python computes one side only.
        """
        numbers, at, arguments = memoryview(inputs).cast("B").cast("d").tolist(), 0, []
        for arranged, size, batch in zip(self._arranged_inputs, self._sizes, self._is_batch):
            starts = range(at, at + size * n, size) if batch and size else [at]
            rows = [arranged(numbers[k : k + size]) for k in starts]
            arguments.append(rows if batch else rows[0])
            at += size * (n if batch else 1)
        try:
            found: list[float] = flatten(self._program(*arguments))
            return found
        except (ArithmeticError, ValueError) as error:
            raise type(error)(f"{place}{error}") from None


def _plain(argument: Any) -> Any:
    """An array as lists."""
    return argument.tolist() if hasattr(argument, "tolist") else argument
