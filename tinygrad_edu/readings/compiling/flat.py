"""A program of flat arrays, in C or JavaScript: it stands alone, and its names are those of the Python program."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...tree import flatten, values_in
from ...writing.code import Code, identifier
from .source import INDENT, unpacked
from .statements import Plan, Statement, printer
from .terms import Term

PART = 100  # statements of one function: compilers need more than twice the time for a function of twice the length


@dataclass
class Flat:
    """The source of a program of flat arrays.

    Each argument is an array of all its numbers. The results are written into an array that is a further argument. A
    program of many statements is cut into functions, and one more array holds what they leave for each other.

    Attributes:
        sizes: the arguments, and how many numbers each holds.
        size, room: how many numbers there are in the result, and in the array for the work.
    """

    plan: Plan
    language: Code
    room: int = 0

    def __post_init__(self) -> None:
        plan = self.plan
        self._printed = printed = printer(plan, self.language, self.language.words)
        self.sizes = {printed.names.new(name): len(values_in(entry)) for name, entry in plan.entries}
        self._result, self._work = map(printed.names.new, ("result", "work"))
        self._places: dict[Term | None, tuple[str, int]] = {}  # of what a function does not compute itself
        for argument, (_, entry) in zip(self.sizes, plan.entries):
            for k, (x, name) in enumerate(unpacked(entry, argument, printed.names, lambda _: None, plan.called)):
                term = plan.variables[x]
                printed.call(term, printed.names.new(name) if name == argument else name)
                self._places[term] = argument, k
        printed.steps(plan)
        printed.heading = printed.heading or "results"
        self.size = len(plan.results)
        for k, y in enumerate(plan.results):
            printed.statement(f"{self._result}[{k}] = {printed.text(y)};", of=[y])
        self.source = "\n".join([*self.language.includes, *self._lines()])

    def _lines(self) -> Iterator[str]:
        language, statements, unused = self.language, self._printed.statements, self.language.unused
        parts = [statements[k : k + PART] for k in range(0, len(statements), PART)]
        self._find_places(parts)
        parameters = dict.fromkeys(self.sizes, language.source) | {self._result: language.target}
        parameters |= {self._work: language.target} if self.room else {}
        body, needed = list[str](), set[str]()
        for number, part in enumerate(parts, start=1):
            lines, used = self._function(part, at_once=len(parts) == 1)
            needed |= used
            if len(parts) == 1:
                body = lines
                break
            name, arrays = self._printed.names.new(f"part_{number}"), [array for array in parameters if array in used]
            typed = ", ".join([parameters[array].format(array) for array in arrays])
            yield from [language.local + language.head.format(name, typed), *lines, "}", ""]
            body.append(f"{INDENT}{name}({', '.join(arrays)});")
        yield from [f"{language.comment} {line}" for line in self._legend()]
        yield language.head.format("program", ", ".join([kind.format(name) for name, kind in parameters.items()]))
        yield from [INDENT + unused.format(name) for name in parameters if unused and name not in needed]
        yield from [*body, "}", ""]

    def _find_places(self, parts: list[list[Statement]]) -> None:
        """A place in the array for the work for each number that a later function uses; places are used again."""
        of = {s.defines: k for k, part in enumerate(parts) for s in part}
        last = {x: k for k, part in enumerate(parts) for s in part for x in s.uses if of.get(x, k) < k}
        free = list[int]()
        for k, part in enumerate(parts):
            for s in part:
                if s.defines in last:
                    if not free:
                        free, self.room = [self.room], self.room + 1
                    self._places[s.defines] = self._work, free.pop()
            over = {x for s in part for x in s.uses if last.get(x) == k}
            free += sorted([self._places[x][1] for x in over])

    def _function(self, part: list[Statement], at_once: bool) -> tuple[list[str], set[str]]:
        """The lines of a function between its braces, and the arrays that it uses.

        It fetches what it does not compute all at once, or just before its use, where a compiler needs less time
        for it, and leaves in the array for the work what is needed later.
        """
        printed, places = self._printed, self._places
        own = {s.defines for s in part}
        fetched = dict.fromkeys([x for s in part for x in s.uses if x not in own])
        used = {places[x][0] for x in [*fetched, *own] if x in places} | ({self._result} if None in own else set())
        fetches = {
            x: INDENT + self.language.definition.format(printed.text(x), "{}[{}]".format(*places[x])) for x in fetched
        }
        lines = [fetches.pop(x) for x in places if x in fetched] if at_once else []
        for s in part:
            lines += s.comment(self.language)
            lines += [fetches.pop(x) for x in s.uses if x in fetches]
            lines.append(s.text)
            if s.defines is not None and s.defines in places:
                lines.append(f"{INDENT}{self._work}[{places[s.defines][1]}] = {printed.text(s.defines)};")
        return lines[not lines[0] :], used

    def _legend(self) -> Iterator[str]:
        """What stands in which array, in letters that cannot end a comment."""
        for name, size in self.sizes.items():
            yield f"{name}: {size}"
        branches = self.plan.outputs.items() if isinstance(self.plan.outputs, dict) else ()
        of_each = [f"{identifier(str(key))} {len(flatten(branch))}" for key, branch in branches]
        yield f"{self._result}: {', '.join(of_each) or self.size}"
        if self.room:
            yield f"{self._work}: room for {self.room}"
