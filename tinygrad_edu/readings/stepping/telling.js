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
  const { of, part } = line;
  const numbers = evaluate(line.result, run), [, shape] = quantity(of[1]);
  const arrived = part ? [arriving(line, run, totals, numbers[0])] : of[0] === "g" ? elementsOf(of, run) : numbers;
  const sides = line.sides.map((side) => fillIn(side, run));
  const notes = asRecorded ? (line.notes ?? []).map((note) => fillIn(note, run)) : [];
  if (part) notes.unshift([`running total ${short(arrived[0])} (${part[0]} of ${part[1]} contributions)`]);
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

function placed([tree, flags, shape], run) {
  const numbers = evaluate(tree, run);
  if (shape) return { shape, numbers, enclosed: Boolean(flags & 2) };
  const text = short(numbers[0]);
  return (text.startsWith("−") ? flags & 1 : text.includes("·") && flags & 2) ? `(${text})` : text;
}

function same(a, b) {
  // Whether two sides would look alike.
  const look = (side) => JSON.stringify(side.map((piece) => piece.numbers?.map((x) => compact(x)) ?? piece));
  return look(a) === look(b);
}

// One element of an array, as the sum that is behind it.

const TIGHT = { sum: 1, product: 2, power: 3, atom: 4 };

function behind(tree, at, run) {
  // {text, tight, used}: the formula of the element `at`, counted row by row, with numbers; and the elements in it.
  const x = evaluate(tree, run)[at], atom = { text: compact(x), tight: x < 0 ? TIGHT.sum : TIGHT.atom, used: [] };
  if (typeof tree === "number") return atom;
  const [kind, ...rest] = tree, lengthOf = (k) => evaluate(rest[k], run).length;
  const part = (k, offset) => behind(rest[k], offset, run);
  if (typeof kind === "number") return written(rows[kind][0], rest.map((_, k) => part(k, lengthOf(k) > 1 ? at : 0)));
  switch (kind) {
    case "v":
    case "g": return { ...atom, used: [`${kind}${nodesOf(tree)[at]}`] };
    case "take": {
      let k = 1, offset = rest[0][at];
      while (offset >= lengthOf(k)) offset -= lengthOf(k++);
      return part(k, offset);
    }
    case "placed": return added(rest[1].flatMap((o, k) => (o === at ? [part(2, k)] : [])));
    case "@": return added(factorsOf(...rest.slice(0, 3), at).map(([i, j]) => written("×", [part(3, i), part(4, j)])));
    case "along": {
      const [name, inner, outer] = rest;
      const start = outer.find((o, k) => (name.endsWith("softmax") ? inner.some((i) => o + i === at) : k === at));
      const parts = inner.map((i) => part(3, start + i));
      return name === "sum" ? added(parts) : called(name, parts);
    }
  }
  return atom;
}

function closed({ text, tight }, least) {
  return tight < least ? `(${text})` : text;
}

function added(parts) {
  const shown = parts.length > 8 ? [...parts.slice(0, 7), { text: "…", tight: TIGHT.atom }, parts.at(-1)] : parts;
  const text = shown.map((part) => closed(part, TIGHT.product)).join(" + ") || "0";
  return { text, tight: parts.length > 1 ? TIGHT.sum : parts[0]?.tight ?? TIGHT.atom, used: parts.flatMap(({ used }) => used) };
}

function called(name, parts) {
  return { text: `${name}(${parts.map(({ text }) => text).join(", ")})`, tight: TIGHT.atom, used: parts.flatMap(({ used }) => used) };
}

function written(symbol, parts) {
  const [a, b] = parts, used = parts.flatMap((part) => part.used);
  const infix = { "+": [" + ", TIGHT.sum], "−": [" − ", TIGHT.sum], "×": [" · ", TIGHT.product], "÷": [" / ", TIGHT.product] }[symbol];
  if (infix && b) {
    const [sign, tight] = infix;
    return { text: closed(a, a.text.startsWith("−") ? TIGHT.product : tight) + sign + closed(b, tight + 1), tight, used };
  }
  if (symbol === "neg") return { text: `−${closed(a, TIGHT.product)}`, tight: TIGHT.sum, used };
  if (symbol === "^2") return { text: `${closed(a, TIGHT.atom)}²`, tight: TIGHT.power, used };
  return called(symbol, parts);
}
