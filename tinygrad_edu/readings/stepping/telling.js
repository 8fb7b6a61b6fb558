// The steps told at the numbers of a run: each line as pieces, text or {shape, numbers}. Nothing here touches the page.

const nodesOf = ([, k]) => quantity(k)[2];

function tell(run, asRecorded = false) {
  // For each step its title, its lines, and which gradient each node has once it is done.
  const totals = new Map(); // of each node, what has arrived so far
  return data.steps.map((step) => {
    const lines = step.lines.map((line) => tellLine(line, run, totals, asRecorded));
    const gradients = new Map(lines.flatMap(({ of, arrived }) => (of[0] === "g" ? nodesOf(of).map((n, k) => [n, arrived[k]]) : [])));
    return { ...step, title: fillIn(step.title, run), lines, gradients };
  });
}

function tellLine(line, run, totals, asRecorded) {
  const { of, part } = line;
  const numbers = evaluate(line.result, run), [, shape] = quantity(of[1]);
  const arrived = part ? [arriving(line, run, totals, numbers[0])] : of[0] === "g" ? elementsOf(of, run) : numbers;
  const sides = line.sides.map((side) => fillIn(side, run)).filter((side, k, all) => k === 0 || !same(side, all[k - 1]));
  const notes = asRecorded ? (line.notes ?? []).map((note) => fillIn(note, run)) : [];
  const total = part ? `running total ${short(arrived[0])} (${part[0]} of ${part[1]} contributions)` : "";
  return { ...line, shape, numbers, arrived, sides, total, notes };
}

function arriving({ of, part }, run, totals, term) {
  const [n] = nodesOf(of);
  totals.set(n, part[0] === part[1] ? run.gradients[n] : (totals.get(n) ?? 0) + term);
  return totals.get(n);
}

function fillIn(pieces, run) {
  // Numbers become text; arrays stay.
  return pieces.map((piece) => (typeof piece === "string" ? piece : placed(piece, run)));
}

function placed([tree, flags, shape], run) {
  const numbers = evaluate(tree, run);
  if (shape) return { shape, numbers, enclosed: Boolean(flags & 2) };
  const text = short(numbers[0]);
  return (text.startsWith("−") ? flags & 1 : text.includes("·") && flags & 2) ? `(${text})` : text;
}

function same(a, b) {
  // Whether two sides would look alike.
  const look = (side) => side.map((piece) => piece.numbers?.map((x) => compact(x)).join() ?? piece).join("");
  return look(a) === look(b);
}

// One element of an array, as the sum that is behind it: {text, tight, used}, with the elements that are in it.

const TIGHT = { sum: 1, product: 2, power: 3, atom: 4 };
const WORDS = {
  of: (x, key) => ({ text: compact(x), tight: x < 0 ? TIGHT.sum : TIGHT.atom, used: key ? [key] : [] }),
  apply: ([symbol], args) => written(symbol, args),
  sum: added,
  product: (a, b) => written("×", [a, b]),
  along: (name, parts) => (name === "sum" ? added(parts) : name.endsWith("softmax") ? parts.map(() => called(name, parts)) : called(name, parts)),
};

function behind(tree, at, run) {
  return evaluate(tree, run, WORDS)[at];
}

function closed({ text, tight }, least) {
  return tight < least ? `(${text})` : text;
}

function joined(text, tight, parts) {
  return { text, tight, used: parts.flatMap(({ used }) => used) };
}

function added(parts) {
  if (parts.length === 1) return parts[0];
  const shown = parts.length > 8 ? [...parts.slice(0, 7), { text: "…", tight: TIGHT.atom }, parts.at(-1)] : parts;
  return joined(shown.map((part) => closed(part, TIGHT.product)).join(" + ") || "0", TIGHT.sum, parts);
}

function called(name, parts) {
  return joined(`${name}(${parts.map(({ text }) => text).join(", ")})`, TIGHT.atom, parts);
}

function written(symbol, parts) {
  const [a, b] = parts;
  const infix = { "+": [" + ", TIGHT.sum], "−": [" − ", TIGHT.sum], "×": [" · ", TIGHT.product], "÷": [" / ", TIGHT.product] }[symbol];
  if (infix && b) {
    const [sign, tight] = infix;
    return joined(closed(a, a.text.startsWith("−") ? TIGHT.product : tight) + sign + closed(b, tight + 1), tight, parts);
  }
  if (symbol === "neg") return joined(`−${closed(a, TIGHT.product)}`, TIGHT.sum, parts);
  if (symbol === "^2") return joined(`${closed(a, TIGHT.atom)}²`, TIGHT.power, parts);
  return called(symbol, parts);
}
