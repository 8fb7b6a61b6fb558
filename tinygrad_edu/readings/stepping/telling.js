// The steps told at the numbers of a run: each line as pieces, text or {shape, numbers}. Nothing here touches the page.

function tell(run, asRecorded = false) {
  // For each step its title, its lines, and which gradient each node has once it is done.
  const totals = new Map(); // of each node, what has arrived so far
  return data.steps.map((step) => {
    const lines = step.lines.map((line) => tellLine(line, run, totals, asRecorded));
    const gradients = new Map(lines.flatMap(({ of, arrived }) => (of[0] === "g" ? nodesOf(of).map((n, k) => [n, arrived[k]]) : [])));
    return { ...step, title: fillIn(step.title, run), lines, gradients };
  });
}

function nodesOf([, k]) {
  return quantity(k)[2];
}

function tellLine(line, run, totals, asRecorded) {
  const { of, part, edge } = line;
  const { shape, numbers } = evaluate(line.result, run);
  const arrived = part ? [arriving(line, run, totals, numbers[0])] : of[0] === "g" ? elementsOf(of, run) : numbers;
  const sides = line.sides.map((side) => fillIn(side, run));
  const notes = asRecorded ? (line.notes ?? []).map((note) => fillIn(note, run)) : [];
  if (part) notes.unshift([`running total ${short(arrived[0])} (${part[0]} of ${part[1]} paths in)`]);
  if (!asRecorded && line.zero && arrived[0] === 0) notes.push([line.zero[run.gradients[edge[0]] === 0 ? 0 : 1]]);
  return { ...line, shape, numbers, arrived, sides: sides.filter((side, k) => k === 0 || !same(side, sides[k - 1])), notes };
}

function arriving({ of, part }, run, totals, term) {
  const [n] = nodesOf(of);
  totals.set(n, part[0] === part[1] ? run.gradients[n] : (totals.get(n) ?? 0) + term);
  return totals.get(n);
}

function fillIn(pieces, run) {
  // Numbers become text, beside each other one text; arrays stay.
  const found = [];
  for (const piece of pieces) {
    const next = typeof piece === "string" ? piece : placed(piece, run);
    if (typeof next === "string" && typeof found.at(-1) === "string") found[found.length - 1] += next;
    else found.push(next);
  }
  return found;
}

function placed([tree, flags], run) {
  const found = evaluate(tree, run);
  if (product(found.shape) !== 1 || found.shape.length) return { ...found, tree, enclosed: Boolean(flags & 2) };
  const text = (flags & 4 ? exact : short)(found.numbers[0]);
  return (text.startsWith("−") ? flags & 1 : text.includes("·") && flags & 2) ? `(${text})` : text;
}

function same(a, b) {
  // Whether two sides would look alike.
  const look = (side) => JSON.stringify(side.map((piece) => (typeof piece === "string" ? piece : [piece.shape, piece.numbers.map(compact)])));
  return look(a) === look(b);
}

function asText({ quantity, relation, sides, notes, part }) {
  // The line as `explain` prints it on one line.
  const written = (pieces) => pieces.map((piece) => (typeof piece === "string" ? piece : `[${piece.numbers.map(compact).join("  ")}]`)).join("");
  const [total, ...others] = part ? notes : [null, ...notes];
  return `${quantity} ${relation} ${sides.map(written).join(" = ")}${total ? `  → ${written(total)}` : ""}`
    + others.map((note) => `\n    ${written(note)}`).join("");
}

// One element of an array, as the sum that is behind it.

const TIGHT = { sum: 1, product: 2, power: 3, atom: 4 };

function behind(tree, at, run) {
  // {text, tight, used}: the formula of the element `at`, counted row by row, with numbers; and the elements in it.
  const atom = (x, used = []) => ({ text: compact(x), tight: x < 0 ? TIGHT.sum : TIGHT.atom, used });
  if (typeof tree === "number") return atom(tree);
  const [kind, ...rest] = tree;
  const { numbers, shape } = evaluate(tree, run);
  const inner = (k = rest.length - 1) => evaluate(rest[k], run);
  const part = (k, offset) => behind(rest[k], offset, run);
  if (typeof kind === "number") {
    const parts = rest.map((_, k) => part(k, broadcastOffsets(inner(k).shape, shape)[at]));
    return written(rows[kind][0], parts, numbers[at]);
  }
  switch (kind) {
    case "v":
    case "g": return atom(numbers[at], [`${kind}${nodesOf(tree)[at]}`]);
    case "T": return part(1, transposed({ ...inner(), numbers: inner().numbers.map((_, o) => o) }, rest[0]).numbers[at]);
    case "join": return atom(numbers[at]);
    case "reshape": return part(1, at);
    case "part": return part(2, rest[0][at]);
    case "placed": return added(rest[0].flatMap((o, k) => (o === at ? [part(2, k)] : [])));
    case "along": {
      const [f, axes] = rest;
      if (f === "sum") return added(groups(inner().shape, axes)[at].map((o) => part(3, o)));
      const own = groups(inner().shape, axes).find((places, k) => (f.endsWith("softmax") ? places.includes(at) : k === at));
      const parts = own.map((o) => part(3, o));
      return { text: `${f} of ${parts.map(({ text }) => text).join(", ")}`, tight: TIGHT.sum, used: parts.flatMap(({ used }) => used) };
    }
    case "@": if (rest.length === 2 && shape.length < 3) {
      const sizes = sizesOf(inner(0), inner(1));
      if (!sizes) return written("×", [0, 1].map((k) => part(k, broadcastOffsets(inner(k).shape, shape)[at])), numbers[at]);
      const [, n, p] = sizes, i = Math.floor(at / p), j = at % p;
      return added(Array.from({ length: n }, (_, k) => written("×", [part(0, i * n + k), part(1, k * p + j)])));
    }
  }
  return atom(numbers[at]);
}

function closed({ text, tight }, least) {
  return tight < least ? `(${text})` : text;
}

function added(parts) {
  const shown = parts.length > 8 ? [...parts.slice(0, 7), { text: "…", tight: TIGHT.atom }, parts.at(-1)] : parts;
  const text = shown.map((part) => closed(part, TIGHT.product)).join(" + ") || "0";
  return { text, tight: parts.length > 1 ? TIGHT.sum : parts[0]?.tight ?? TIGHT.atom, used: parts.flatMap(({ used }) => used) };
}

function written(symbol, parts, value) {
  const [a, b] = parts, used = parts.flatMap((part) => part.used);
  const infix = { "+": [" + ", TIGHT.sum, 1, 2], "−": [" − ", TIGHT.sum, 1, 2], "×": [" · ", TIGHT.product, 2, 3], "÷": [" / ", TIGHT.product, 2, 3] }[symbol];
  if (infix && b) {
    const [sign, tight, left, right] = infix;
    return { text: closed(a, a.text.startsWith("−") ? TIGHT.product : left) + sign + closed(b, right), tight, used };
  }
  if (symbol === "neg") return { text: `−${closed(a, TIGHT.product)}`, tight: TIGHT.sum, used };
  if (symbol === "^2") return { text: `${closed(a, TIGHT.atom)}²`, tight: TIGHT.power, used };
  return { text: `${symbol}(${parts.map(({ text }) => text).join(", ")})`, tight: TIGHT.atom, used };
}
