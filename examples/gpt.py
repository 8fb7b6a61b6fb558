"""A tiny GPT. New: attention, on lists of Values, and a model that writes: names, letter by letter.

    python examples/gpt.py [steps, by default 200]

A token is a letter or the mark that begins and ends a name. From the tokens so far the model gives a number z for
each token that may come next, and learns by cross-entropy, −log softmax(z) of the one that came. Attention is where
tokens meet: each has a query q, a key k and a value v, and takes Σₜ aₜ vₜ with a = softmax(q · kₜ / √n) over itself
and those before. The result is added to the token's vector x, and so is the output of two layers of neurons.
"""

import random
import sys

from tinygrad_edu import Adam, Value
from tinygrad_edu.writing.console import unicode_output

unicode_output()
NAMES = """
ada adele agnes alan albert alice alma amelia anna anton arno astrid ava bella benno bertha bruno carl carla cara
clara daniel dario diana dora edgar elena elias elisa ella emil emma erik ernst eva felix fiona flora frida gerda
greta hanna hans helena ida ilse ines irma iris jana jonas josef julia karin karl katja klara lara laura lea otto
leon lena leo lina linus liv lotte luca lucia luis maja mara maria marta mila milan mira moritz nina nora oliver
""".split()  # noqa: SIM905
LETTERS, MARK, TOKENS = "abcdefghijklmnopqrstuvwxyz", 26, 27
N, HEADS, LONGEST = 16, 4, 16  # the length of x, of which each head has its quarter; the most tokens
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 200

rng = random.Random(42)
shapes = {"token": (TOKENS, N), "place": (LONGEST, N), "q": (N, N), "k": (N, N), "v": (N, N), "o": (N, N)}
shapes |= {"up": (4 * N, N), "down": (N, 4 * N), "out": (TOKENS, N)}
W = {name: [[Value(rng.gauss(0, 0.08)) for _ in range(n)] for _ in range(m)] for name, (m, n) in shapes.items()}


def linear(rows, x):
    return [Value.dot(row, x) for row in rows]


def normalized(x):
    scale = (Value.dot(x, x) / N + 1e-5) ** -0.5  # the mean of the squares becomes 1
    return [xi * scale for xi in x]


def model(token, place, keys, values):
    """The numbers z of the next token. `keys` and `values` hold those of the tokens before and get this one's."""
    x = normalized([a + b for a, b in zip(W["token"][token], W["place"][place])])
    h = normalized(x)
    q, found = linear(W["q"], h), []
    keys.append(linear(W["k"], h))
    values.append(linear(W["v"], h))
    for head in range(0, N, N // HEADS):
        part = slice(head, head + N // HEADS)
        a = Value.softmax([Value.dot(q[part], k[part]) / (N // HEADS) ** 0.5 for k in keys])
        found += [Value.dot(a, v) for v in zip(*[v[part] for v in values])]
    x = [a + b for a, b in zip(x, linear(W["o"], found))]
    h = [u.relu() for u in linear(W["up"], normalized(x))]
    x = [a + b for a, b in zip(x, linear(W["down"], h))]
    return linear(W["out"], x)


adam, losses = Adam(W, lr=0.01, betas=(0.85, 0.99)), []
for step in range(STEPS):
    tokens = [MARK, *map(LETTERS.index, rng.choice(NAMES)), MARK]
    keys, values, terms = [], [], []
    for place, (token, after) in enumerate(zip(tokens, tokens[1:])):
        z = model(token, place, keys, values)
        terms.append(Value.logsumexp(z) - z[after])  # −log softmax(z) of the token that came
    loss = Value.sum(terms) / len(terms)
    adam.zero_grad()
    loss.backward()
    adam.step()
    losses.append(loss.data)
    print(f"\rstep {step + 1}/{STEPS}  mean of the latest L {sum(losses[-50:]) / len(losses[-50:]):.3f}", end="")

print("\nIt writes:")
for _ in range(12):
    tokens, keys, values = [MARK], [], []
    while len(tokens) == 1 or (tokens[-1] != MARK and len(tokens) < LONGEST):
        y = Value.softmax(model(tokens[-1], len(tokens) - 1, keys, values))
        tokens += rng.choices(range(TOKENS), [yi.data for yi in y])
    print("  " + "".join(LETTERS[token] for token in tokens if token != MARK))
