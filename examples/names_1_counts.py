"""Names, 1: counting. New: a model that writes: a table of which letter follows which, without a library.

    python examples/names_1_counts.py

How good is it? Each letter that came had some probability p. The loss is the mean of −log p over all letters: 0 for
someone who always knows, log 27 = 3.2958 for someone who guesses.
"""

import random
from math import log

from names import LETTERS, pairs

xs, ys = pairs(1)
counts = [[1] * 27 for _ in LETTERS]  # starts from 1, so that nothing is impossible
for [x], y in zip(xs, ys):
    counts[x][y] += 1
P = [[count / sum(row) for count in row] for row in counts]

print(f"guessing        {log(27):.4f}")
print(f"counted pairs   {sum(-log(P[x][y]) for [x], y in zip(xs, ys)) / len(ys):.4f}")

rng = random.Random(1)
for _ in range(5):
    name, letter = "", 0
    while not name.endswith("."):
        [letter] = rng.choices(range(27), P[letter])
        name += LETTERS[letter]
    print("  " + name[:-1])
