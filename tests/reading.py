"""A reader of what is printed, text or LaTeX, that shares nothing with the printer.

Products are read from the left, Σ extends over the product on its right, a vector is a column, an array
meets another element by element as in NumPy, and a number multiplies what is beside it.
"""

import re

import numpy as np

from tinygrad_edu import ops

SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₍₎", "0123456789()")
SUPERSCRIPT = "[" + "".join(SUPERSCRIPTS) + "]+"
NUMBER = re.compile(rf"(\d+(?:\.\d+)?)(?:·10({SUPERSCRIPT}))?|½|∞")


def logsumexp(z, axis=None):
    m = z.max(axis=axis, keepdims=True)
    return (m + np.log(np.exp(z - m).sum(axis=axis, keepdims=True))).sum(axis=axis)


def softmax(z, axis=-1):
    z = np.atleast_1d(z)  # that of a number is 1
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


ONE = {op.symbol: np.vectorize(op.value) for op in ops.TABLE} | {  # a new row is what its value says
    "exp": np.exp, "log": np.log, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt, "abs": np.abs,
    "relu": lambda a: np.maximum(a, 0.0), "step": lambda a: (a > 0) * 1.0, "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "stop_gradient": lambda a: a,
}  # fmt: skip
TWO = {"maximum": np.maximum, "minimum": np.minimum}
REDUCTIONS = {"sum": np.sum, "max": np.max, "min": np.min, "logsumexp": logsumexp}
NAMED = {
    "stack": lambda *a: np.stack(a if np.size(a[0]) > 1 else [np.ravel(x)[0] for x in a]),  # of one number, any shape
    "cat": lambda *a, axis=0: np.concatenate([np.atleast_1d(x) for x in a], axis),  # a number is an array of one
}
SOFTMAX = {"softmax": softmax, "log_softmax": lambda z, axis=-1: np.log(softmax(z, axis))}


def read(text, environment):
    """The number of a formula printed as text, on one line or on several."""
    text, matrices = on_one_line(text)
    return Reader(text, environment | matrices).whole()


def on_one_line(picture):
    """The picture with a sign in the place of each matrix, and the matrices; parentheses may be as tall as those."""
    lines = picture.split("\n")
    lines = [line.ljust(max(map(len, lines))) for line in lines]
    text, matrices, at = "", {}, 0
    while at < len(lines[0]):
        column = [line[at] for line in lines]
        if "⎡" in column:
            top, bottom, end = column.index("⎡"), column.index("⎣"), min(line.find("⎤", at) % 10**9 for line in lines)
            rows = np.array([[number(x) for x in line[at + 1 : end].split()] for line in lines[top : bottom + 1]])
            key = f"【{len(matrices)}】"
            matrices[key] = rows[:, 0] if rows.shape[1] == 1 else rows
            text, at = text + key, end
        else:
            sign = "".join(column).strip()
            tall = {"⎛": "(", "⎞": ")"}.get(sign[:1], "|" if set(sign) == {"|"} else sign)
            assert len(tall) <= 1, picture
            text += tall or " "
        at += 1
    return text.strip(), matrices


def number(text):
    """A number of a matrix."""
    return Reader(text, {}).whole()


def read_latex(text, environment):
    """The number of a formula printed as LaTeX; the names are those of `latex_name`."""
    matrices = {}

    def matrix(match):
        rows = np.array([[float(x) for x in row.split("&")] for row in plain(match[1]).split(r" \\ ")])
        key = f"【{len(matrices)}】"
        matrices[key] = rows[:, 0] if rows.shape[1] == 1 else rows
        return key

    def plain(text):
        return re.sub(r" \\cdot 10\^\{(-?\d+)\}", r"e\1", text).replace(r"\infty", "inf")

    text = re.sub(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", matrix, text)
    if names := {latex_name(name): f"«{k}»" for k, name in enumerate(environment)}:
        for name, key in list(names.items()):  # W^{(1)\top}, where W^{(1)} alone would be {W}^\top
            names |= {re.sub(r"\^\{(.*?)\}", r"^{\1\\top}", name): rf"{{{key}}}^\top"} if "^{" in name else {}
        longest_first = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        text = re.sub(rf"(?<![A-Za-z\\])(?:{longest_first})(?![A-Za-z])", lambda m: names[m[0]], text)
    return Reader(as_text(text), {f"«{k}»": x for k, x in enumerate(environment.values())} | matrices).whole()


def latex_name(name):
    """The names that the tests use: letters, then raised and lowered digits."""
    if name.startswith("∂"):
        above, below = name[1:].split("/∂")
        return rf"\frac{{\partial {latex_name(above)}}}{{\partial {latex_name(below)}}}"
    parts = re.fullmatch(r"([A-Za-zŷ]+\d*)((?:⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]*⁾)?)((?:\[\d+\])?)(′*)([₀₁₂₃₄₅₆₇₈₉₍₎,]*)", name)
    base, above, time, primes, below = parts.groups()
    several, base = len(base) > 1, base + "'" * len(primes)
    text = base.replace("ŷ", r"\hat{y}") if base[0] == "ŷ" else rf"\mathrm{{{base}}}" if several else base
    text += "^{(" + "".join(SUPERSCRIPTS.get(c, "") for c in above) + ")}" if above else ""
    return text + ("_{" + below.translate(LOWERED) + "}" if below else "") + time


def as_text(latex):
    """LaTeX as the text that would be printed."""
    raised = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
    latex = re.sub(r"(\d) \\cdot 10\^\{(-?\d+)\}", lambda m: f"{m[1]}·10{m[2].translate(raised)}", latex)
    for command, sign in {
        r" \, ": " ",
        r"\left(": "(", r"\right)": ")", r"\left|": "|", r"\right|": "|", r"\langle ": "⟨", r" \rangle": "⟩",
        r"\infty": "∞", r"\cdot": "·", r"\circ": "∘", r"\times": "×", r"\sum_n": "Σₙ", r"\sum_k": "Σₖ", r"\sum": "Σ",
    }.items():  # fmt: skip
        latex = latex.replace(command, sign)
    latex = re.sub(r"\\operatorname\{(\w+)\}_n", r"\1ₙ", latex)
    latex = re.sub(r"\\operatorname\{(\w+)\}_k", r"\1ₖ", latex)
    latex = re.sub(r"\\operatorname\{(\w+)\}", r"\1", latex)
    latex = re.sub(r"\\text\{([^}]*)\}", r"\1", latex)
    return braces(latex).replace("-", "−")


def braces(latex):
    """The groups in braces, written with parentheses."""
    done = ""
    while (start := latex.find("{")) >= 0:
        before, inside, after = latex[:start], *group(latex[start:])
        if before.endswith(r"\frac"):
            denominator, after = group(after)
            done += before.removesuffix(r"\frac") + f"(({braces(inside)})/({braces(denominator)}))"
        elif before.endswith(r"\sqrt"):
            done += before.removesuffix(r"\sqrt") + f"sqrt({braces(inside)})"
        elif after.startswith(r"^\top"):
            done, after = done + before + f"({braces(inside)})ᵀ", after.removeprefix(r"^\top")
        else:
            assert after.startswith("^{"), latex
            exponent, after = group(after[1:])
            done += before + f"({braces(inside)})^({braces(exponent)})"
        latex = after
    return done + latex


def group(text):
    """The text between the first brace and its partner, and the rest."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == "{") - (c == "}")
        if depth == 0:
            return text[1:i], text[i + 1 :]
    raise AssertionError(text)


class Reader:
    def __init__(self, text, environment):
        self.text = text
        self.at = 0
        self.environment = environment
        self.lengths = sorted({*map(len, environment)}, reverse=True)  # of the names
        self.bars = 0

    def whole(self):
        value = self.sum()
        assert self.at == len(self.text), f"{self.text!r} ends at {self.text[self.at :]!r}"
        return value

    def takes(self, *signs):
        for sign in signs:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return ""

    def needs(self, sign):
        assert self.takes(sign), f"{sign!r} expected in {self.text!r} at {self.text[self.at :]!r}"

    def sum(self):
        value = -self.product() if self.takes("−") else self.product()
        while sign := self.takes(" + ", " − "):
            value = value + self.product() if sign == " + " else value - self.product()
        return value

    def product(self):
        if sigma := self.takes("Σₙ ", "Σₖ ", "Σ "):
            value = self.product()
            return value.sum(axis="ₙₖ".index(sigma[1]), keepdims=True) if len(sigma) > 2 else np.sum(value)
        value = self.factor()
        while not self.text.startswith("  ", self.at) and (sign := self.takes(" · ", " ∘ ", " / ", "/", " ")):
            if sign == " " and self.text[self.at] in "+−":
                self.at -= 1
                return value
            right = self.product() if self.text.startswith("Σ", self.at) else self.factor()
            value = (
                matmul(value, right) if sign == " " else divided(value, right) if "/" in sign else times(value, right)
            )
        return value

    def factor(self):
        value = self.atom()
        while True:
            if match := re.match(SUPERSCRIPT, self.text[self.at :]):
                self.at += len(match[0])
                value = value ** float("".join(map(SUPERSCRIPTS.get, match[0])))
            elif self.takes("ᵀ"):
                value = value[None, :] if np.ndim(value) == 1 else np.swapaxes(value, -1, -2)
            elif self.takes("^"):
                value = value ** self.parts(self.atom())
            elif self.text.startswith("[", self.at):
                value = self.parts(value)
            else:
                return value

    def parts(self, value):
        """Brackets hold tighter than a power: a^b[0] is a^(b[0])."""
        while self.text.startswith("[", self.at):
            value = part(value, self.index())
        return value

    def index(self):
        start = self.at
        depth = 1
        while depth:
            self.at += 1
            depth += (self.text[self.at] == "[") - (self.text[self.at] == "]")
        self.at += 1
        return self.text[start + 1 : self.at - 1].replace("−", "-")

    def atom(self):
        if self.takes("("):
            value = self.sum()
            self.needs(")")
            return value
        if self.takes("|"):
            value = np.abs(self.sum())
            self.needs("|")
            return value
        if self.takes("⟨"):
            G = self.sum()
            self.needs(", ")
            jacobian = self.atom()
            self.needs("⟩")
            return np.tensordot(G, jacobian, np.ndim(G))
        if match := re.match(r"([a-z_]+)([ₙₖ]?)\(", self.text[self.at :]):
            self.at += len(match[0])
            return self.call(match[1], match[2])
        if match := re.match(r"√(\d+)", self.text[self.at :]):
            self.at += len(match[0])
            return int(match[1]) ** 0.5
        for n in self.lengths:
            if (name := self.text[self.at : self.at + n]) in self.environment:
                self.at += len(name)
                return self.environment[name]
        if match := NUMBER.match(self.text, self.at):
            self.at = match.end()
            if match[0] in "½∞":
                return 0.5 if match[0] == "½" else np.inf
            return float(match[1]) * 10.0 ** int("".join(map(SUPERSCRIPTS.get, match[2] or "⁰")))
        if self.takes("["):
            numbers = [self.sum()]
            while self.takes("  "):
                numbers.append(self.sum())
            self.needs("]")
            return np.array(numbers) if self.takes("ᵀ") or len(numbers) == 1 else np.array([numbers])
        raise AssertionError(f"{self.text!r} is not read from {self.text[self.at :]!r} on")

    def size(self):
        match = re.match(r"\d+(?: × \d+)*", self.text[self.at :])
        self.at += len(match[0])
        return tuple(map(int, match[0].split(" × ")))

    def call(self, name, axis):
        axes = {"": None, "ₙ": 0, "ₖ": 1}[axis]
        if name == "ones":
            value = np.ones(self.size())
            self.needs(")")
            return value
        args, options = [self.sum()], {}
        while self.takes(", "):
            if self.takes("axis="):
                found = re.match(r"\d+|\([\d, ]+\)", self.text[self.at :])[0]
                self.at += len(found)
                options["axis"] = eval(found)
            elif self.takes("keepdims"):
                options["keepdims"] = True
            elif name == "place":
                options["index"] = self.index()
                self.needs(", ")
                args.append(self.size())
            elif name == "reshape":
                args.append(self.size())
            else:
                args.append(self.sum())
        self.needs(")")
        if name == "reshape":
            return np.reshape(*args)
        if name == "permute":
            return np.transpose(args[0], [int(k) for k in args[1:]])
        if name == "place":
            whole = np.zeros(args[1])
            spots = part(np.arange(whole.size).reshape(whole.shape), options["index"])
            np.add.at(whole.reshape(-1), np.ravel(spots), np.ravel(args[0]))
            return whole
        if name in SOFTMAX:
            return SOFTMAX[name](args[0], options.get("axis", -1 if axes is None else axes))
        if name in TWO | NAMED:
            return (TWO | NAMED)[name](*args, **options)
        if name in REDUCTIONS:
            z = np.array(args) if len(args) > 1 else np.asarray(args[0])
            axes = options.get("axis", axes)
            value = REDUCTIONS[name](z, axis=axes)
            keeps = "keepdims" in options or (axes is not None and z.ndim == 2)
            return np.expand_dims(value, axes) if keeps else value
        return ONE[name](*args)


def times(a, b):
    """Element by element; nothing times an infinite slope is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((np.asarray(a) == 0) | (np.asarray(b) == 0), 0.0, np.asarray(a) * b)


def divided(a, b):
    with np.errstate(divide="ignore"):
        return a / b


def part(value, index):
    if ";" in index:
        return np.array([value[tuple(map(int, one.split(",")))] for one in index.split(";")])
    return value[eval(f"np.s_[{index}]", {"np": np})]


def matmul(a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    left = a[:, None] if a.ndim == 1 else a
    if max(a.ndim, b.ndim) > 2:
        return a @ b
    return left @ b if left.shape[1] == b.shape[0] else a * b
