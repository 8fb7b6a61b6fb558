// The graph of the page, computed again at other numbers. Values and partials come from the rows, which were printed
// from the table of primitives; the chain rule is the loop in `chainRule`. A formula is a tree (see live.py), and what
// it comes to is a flat list of numbers. Nothing here touches the page.

const { nodes, names, digits } = data;
const root = nodes.length - 1; // the numbers after it are the settings and the state of an optimiser, data.given
const L = names[root] ?? "the result";
const isLeaf = (n) => typeof nodes[n] === "number";
const inputs = nodes.map((node, n) => (isLeaf(n) ? [] : node.slice(1)));
const BACK = nodes.map((_, k) => root - k); // the nodes from the root back: each before its inputs
const ROUNDING = 2e-15; // as in Python: that of a term, and of some hundred that are added

function compute(leaves) {
  // All numbers where `leaves` maps some leaves to other numbers. What cannot be computed is undefined,
  // and `problem` is a sentence.
  const run = forward(leaves, []);
  run.values.push(...data.given.map((x, k) => leaves.get(nodes.length + k) ?? x));
  backward(run);
  return run;
}

function forward(leaves, slopes = null) {
  // A node has no value where it is not finite, or, if the slopes are asked for, where one of them is no number.
  const values = [], run = { values, slopes, problem: "" };
  nodes.forEach((node, n) => {
    if (isLeaf(n)) return values.push(leaves.get(n) ?? node), slopes?.push([]);
    const [symbol, value, partials] = rows[node[0]], numbers = inputs[n].map((a) => values[a]);
    const y = numbers.includes(undefined) ? undefined : value(numbers);
    const found = slopes && Number.isFinite(y) ? partials(y, numbers) : [];
    const known = Number.isFinite(y) && !found.some(Number.isNaN);
    if (y !== undefined && !known) run.problem ||= `${symbol} of ${inputsAt(n, values)} has no finite value`;
    values.push(known ? y : undefined);
    slopes?.push(known ? found : []);
  });
  return run;
}

function backward(run) {
  // ∂L/∂a = Σ ∂L/∂b · ∂b/∂a over the nodes b that use a; and how much of it can be rounding: that of its terms,
  // and that of the gradients above, passed on. What is not more than that is 0.
  Object.assign(run, { gradients: [], rounding: nodes.map(() => 0) });
  if (run.values[root] === undefined) return;
  const watch = ({ from, k, to, term }) => {
    run.rounding[to] += ROUNDING * Math.abs(term) + run.rounding[from] * Math.abs(run.slopes[from][k]);
  };
  const gradients = chainRule(run, { watch });
  if (gradients.every(Number.isFinite)) {
    run.gradients = gradients.map((g, n) => (Math.abs(g) <= run.rounding[n] && run.rounding[n] < Infinity ? 0 : g));
    return;
  }
  const steep = BACK.find((b) => gradients[b] && !run.slopes[b].every(Number.isFinite));
  run.problem = steep === undefined ? "a gradient is too large for a float"
    : `${named(steep)} has an infinite derivative at ${inputsAt(steep, run.values)}, and a gradient of ${short(gradients[steep])} arrives there`;
}

function chainRule({ slopes }, { order = BACK, adds = true, start = [], watch } = {}) {
  const gradients = nodes.map((_, n) => (n === root ? 1 : start[n] ?? 0));
  for (const b of order) {
    if (!gradients[b]) continue; // nothing arrives, even where the slope is infinite
    inputs[b].forEach((a, k) => {
      const term = gradients[b] * slopes[b][k];
      gradients[a] = adds ? gradients[a] + term : term;
      watch?.({ from: b, k, to: a, incoming: gradients[b], term, after: gradients[a] });
    });
  }
  return gradients;
}

function tangents(run, start, among = inputs.keys()) {
  // How much the nodes change with some of them, node -> change: from those of `start` on, by their local derivatives.
  const found = new Map(start);
  for (const b of among) if (inputs[b].some((a) => found.has(a)) && !found.has(b)) {
    found.set(b, inputs[b].reduce((sum, a, k) => (found.get(a) ? sum + found.get(a) * run.slopes[b][k] : sum), 0));
  }
  return found;
}

function updated(run) {
  // What the next pass begins with: node -> number, of the leaves that move, and of what the optimiser remembers.
  if (!run.gradients.length) return new Map();
  return new Map(data.update.flatMap(([k, tree]) => {
    const found = evaluate(tree, run);
    return quantity(k)[2].map((n, i) => [n, found[i]]);
  }));
}

// Three engines with a mistake, on the same graph.

const WRONG = {
  overwrite: (run, watch) => chainRule(run, { adds: false, watch }),
  order: (run, watch) => chainRule(run, { order: breadthFirst(), watch }),
  uncleared: (run, watch) => chainRule(run, { start: chainRule(run), watch }),
};

function breadthFirst() {
  // The order in which a search from the root meets the nodes: some before all of their gradient has arrived.
  const met = new Set([root]);
  for (const b of met) inputs[b].forEach((a) => met.add(a));
  return [...met];
}

// Words.

function named(n) {
  return names[n] ?? (isLeaf(n) ? "a constant" : rows[nodes[n][0]][0]);
}

function inputsAt(n, values) {
  // What a node is computed from; of many the largest.
  const size = (a) => (inputs[n].length > 4 ? Math.abs(values[a]) : 0);
  const shown = inputs[n].toSorted((a, b) => size(b) - size(a)).slice(0, 4);
  const words = shown.map((a) => (names[a] || !isLeaf(a) ? `${named(a)} = ` : "") + short(values[a]));
  return words.join(", ") + (inputs[n].length > 4 ? ", …" : "");
}

// Formulas.

function quantity(k) {
  return data.quantities[k] ?? [names[k], [], [k]];
}

function elementsOf([what, k], run) {
  // The numbers of a quantity's values, or of its gradients; an element may be the slope of a node.
  const refs = quantity(k)[2];
  if (what === "g") return refs.map((n) => run.gradients[n]);
  return refs.map((n) => (typeof n === "number" ? run.values[n] : run.slopes[n[0]][n[1]]));
}

// What the elements of a formula are put together with: here numbers, in telling.js words.
const NUMBERS = {
  of: (x) => x,
  apply: (row, args) => (row[0] === "×" ? times(args) : row[1](args)),
  sum: (terms) => terms.reduce((a, b) => a + b, 0),
  product: (a, b) => times([a, b]),
  along: (name, elements) => ALONG[name](elements),
};

function evaluate(tree, run, kit = NUMBERS) {
  if (typeof tree === "number") return [kit.of(tree)];
  const [kind, ...rest] = tree, of = (part) => evaluate(part, run, kit);
  if (typeof kind === "number") return elementwise((args) => kit.apply(rows[kind], args), rest.map(of));
  switch (kind) {
    case "v":
    case "g": return elementsOf(tree, run).map((x, at) => kit.of(x, kind + quantity(rest[0])[2][at]));
    case "p": return [kit.of(run.slopes[rest[0]][rest[1]])];
    case "a": return rest[0].map((x) => kit.of(x));
    case "take": { const all = rest.slice(1).flatMap(of); return rest[0].map((o) => all[o]); }
    case "placed": {
      const placed = Array.from({ length: rest[0] }, () => []);
      of(rest[2]).forEach((x, k) => placed[rest[1][k]].push(x));
      return placed.map(kit.sum);
    }
    case "along": return along(rest, of(rest[3]), kit);
    case "@": return matmul(rest, ...rest.slice(3).map(of), kit);
  }
  throw new Error(kind);
}

function elementwise(f, arrays) {
  const length = Math.max(...arrays.map((a) => a.length));
  return Array.from({ length }, (_, k) => f(arrays.map((a) => a[a.length > 1 ? k : 0])));
}

function times([a, b]) {
  return a && b ? a * b : 0; // nothing is passed on, even where the slope is infinite
}

function matmul([m, n, p], a, b, kit) {
  // An element is the sum over a row of one array and a column of the other; one matrix after another.
  return Array.from({ length: (a.length / n) * p }, (_, at) => {
    const row = Math.floor(at / p), matrix = Math.floor(row / m);
    return kit.sum(Array.from({ length: n }, (_, k) => kit.product(a[row * n + k], b[(matrix * n + k) * p + (at % p)])));
  });
}

function along([name, inner, outer], a, kit) {
  // A softmax keeps the places of the elements; of the others one number is left.
  const found = [];
  outer.forEach((o, k) => {
    const y = kit.along(name, inner.map((i) => a[o + i]));
    if (Array.isArray(y)) inner.forEach((i, j) => (found[o + i] = y[j]));
    else found[k] = y;
  });
  return found;
}

function logsumexp(z) {
  const top = Math.max(...z);
  return top + Math.log(z.reduce((sum, x) => sum + Math.exp(x - top), 0));
}

const ALONG = {
  sum: (z) => z.reduce((a, b) => a + b, 0),
  max: (z) => Math.max(...z),
  min: (z) => Math.min(...z),
  logsumexp,
  softmax: (z) => z.map((x) => Math.exp(x - logsumexp(z))),
  log_softmax: (z) => z.map((x) => x - logsumexp(z)),
};
