"use strict";
// The graph of the page, computed again at other numbers. Values and partials come from the rows,
// which were printed from the table of primitives; the chain rule is the loop in `backward`.

const { nodes, names, digits } = graph;
const root = nodes.length - 1;
const L = names[root] ?? "the result";
const isLeaf = (n) => typeof nodes[n] === "number";

function compute(leaves) {
  // All numbers where `leaves` maps some leaves to other numbers. What cannot be computed is undefined,
  // and `problem` is a sentence.
  const slopes = [];
  const run = { ...forward(leaves, slopes), slopes, gradients: [] };
  backward(run);
  return run;
}

function rowOf(n) {
  return graph.rows[nodes[n][0]];
}

function inputsOf(n, values) {
  const inputs = nodes[n].slice(1);
  return [inputs, inputs.map((a) => values[a])];
}

function forward(leaves, slopes = null) {
  // A node has no value where it is not finite, or, if the slopes are asked for, where one of them is no number.
  const run = { values: [], problem: "" };
  nodes.forEach((node, n) => {
    if (isLeaf(n)) return run.values.push(leaves.get(n) ?? node), slopes?.push([]);
    const [inputs, numbers] = inputsOf(n, run.values);
    const [symbol, value, partials] = rowOf(n);
    const y = numbers.includes(undefined) ? undefined : value(numbers);
    const found = slopes && Number.isFinite(y) ? partials(y, numbers) : [];
    const known = Number.isFinite(y) && !found.some(Number.isNaN);
    run.values.push(known ? y : undefined);
    slopes?.push(known ? found : []);
    if (y !== undefined && !known) run.problem ||= `${symbol} of ${listed(inputs, numbers)} has no finite value`;
  });
  return run;
}

function backward(run) {
  // ∂L/∂a = Σ ∂L/∂b · ∂b/∂a over the nodes b that use a. `sizes` is the same sum with every term positive:
  // a gradient that is tiny beside it is 0 but for rounding.
  if (run.values[root] === undefined) return;
  const gradients = chainRule(order(), (b) => run.slopes[b]);
  const sizes = chainRule(order(), (b) => run.slopes[b].map(Math.abs));
  if (gradients.every(Number.isFinite)) {
    run.gradients = gradients.map((g, n) => (Math.abs(g) <= 1e-13 * sizes[n] && sizes[n] < Infinity ? 0 : g));
    return;
  }
  const steep = order().find((b) => gradients[b] && !run.slopes[b].every(Number.isFinite));
  const where = steep && `${named(steep)} has an infinite derivative at ${listed(...inputsOf(steep, run.values))}`;
  run.problem = where ? `${where}, and a gradient of ${short(gradients[steep])} arrives there` : "a gradient is too large for a float";
}

function order() {
  // The nodes from the root back: each before its inputs.
  return nodes.map((_, k) => root - k);
}

function chainRule(order, slopes, into = (gradients, a, term) => (gradients[a] += term), start = nodes.map(() => 0)) {
  const gradients = [...start];
  gradients[root] = 1;
  for (const b of order) {
    if (!gradients[b] || isLeaf(b)) continue; // 0: nothing arrives, be the slope infinite
    const [, ...inputs] = nodes[b];
    const partials = slopes(b);
    inputs.forEach((a, k) => into(gradients, a, gradients[b] * partials[k]));
  }
  return gradients;
}

// Three engines with a mistake, on the same graph.

const WRONG = {
  overwrite: (slopes) => chainRule(order(), slopes, (gradients, a, term) => (gradients[a] = term)),
  order: (slopes) => chainRule(breadthFirst(), slopes),
  uncleared: (slopes) => chainRule(order(), slopes, undefined, chainRule(order(), slopes)),
};

function breadthFirst() {
  // The order in which a search from the root meets the nodes: some before all of their gradient has arrived.
  const met = new Set([root]);
  for (const b of met) if (!isLeaf(b)) nodes[b].slice(1).forEach((a) => met.add(a));
  return [...met];
}

// Words.

function named(n) {
  return names[n] ?? (isLeaf(n) ? "a constant" : rowOf(n)[0]);
}

function listed(inputs, numbers) {
  const pairs = inputs.map((a, k) => [a, numbers[k]]);
  if (pairs.length > 4) pairs.sort(([, x], [, y]) => Math.abs(y) - Math.abs(x));
  const words = pairs.slice(0, 4).map(([a, x]) => (names[a] || !isLeaf(a) ? `${named(a)} = ` : "") + short(x));
  return words.join(", ") + (pairs.length > 4 ? ", …" : "");
}

// The steps told again at the numbers of a run.

function tell(run) {
  const totals = new Map(); // of each node, what has arrived so far
  return steps.map((step) => {
    const told = step.forms.map((form) => tellLine(form, run, totals));
    const gradients = new Map(step.forms.map((form, k) => [form.node, told[k].gradient]));
    const [before, , after] = step.title;
    return {
      ...step,
      title: step.incoming === undefined ? step.title : [before, short(run.gradients[step.incoming]), after],
      lines: told.map(({ line }) => line),
      gradients: step.gradients && [...gradients],
    };
  });
}

function tellLine(form, run, totals) {
  // Its three parts, and the gradient that its card shows from now on.
  const { quantity, relation, node, edge, part } = form;
  const result = at(form.sides.at(-1)[0], run);
  if (part) totals.set(node, part[0] === part[1] ? run.gradients[node] : (totals.get(node) ?? 0) + result);
  const filled = (pieces) => pieces.map((piece) => (typeof piece === "string" ? piece : placed(piece, run, totals))).join("");
  const sides = form.sides.map(filled).filter((side, k, all) => k === 0 || side !== all[k - 1]);
  const last = sides.pop();
  const left = `${quantity} ${relation} `, below = " ".repeat(length(quantity)) + " = ";
  let before = left + sides.map((side) => side + " = ").join("");
  if (sides.length && length(before + last) > 110) {
    before = [left + sides[0], ...sides.slice(1).map((side) => below + side), below].join("\n");
  }
  let after = part ? "  → " + filled(form.total) : "";
  if (form.zero && run.gradients[node] === 0) after += "\n    " + form.zero[run.gradients[edge[0]] === 0 ? 0 : 1];
  return { line: [before, last, after], gradient: fitting(part ? totals.get(node) : result) };
}

function at([kind, node, input], run, totals) {
  const g = run.gradients[node], p = run.slopes[node][input];
  return { value: run.values[node], gradient: g, partial: p, exact: p, product: g && g * p, total: totals?.get(node) }[kind];
}

function placed(place, run, totals) {
  const [kind, , , signed, raised] = place;
  const text = (kind === "exact" ? exact : short)(at(place, run, totals));
  return (text.startsWith("−") ? signed : text.includes("·") && raised) ? `(${text})` : text;
}

function length(text) {
  return [...text].length;
}

// Numbers as Python writes them: short(x) in lines, number(x) on cards, exact(x) in rules.

function rounded(x, places, method) {
  // toFixed and toExponential take a tie away from zero; Python takes it to the even digit.
  const [text, exponent] = x[method](places).split("e");
  const longer = x[method](places + 30).split("e")[0];
  const cut = longer.length - 30 - (places ? 0 : 1);
  const tie = /^\.?50*$/.test(longer.slice(cut)) && "02468".includes(longer[cut - 1]);
  return [tie ? longer.slice(0, cut) : text, exponent];
}

function stripped(text, x) {
  const same = Math.abs(Number(text) - x) <= 1e-12 * Math.abs(x);
  return same && text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

function infinite(x) {
  // What cannot be computed is blank.
  return x > 0 ? "∞" : x < 0 ? "−∞" : "";
}

function raisedTen(exponent) {
  if (Number(exponent) === 0) return "";
  return "·10" + [...String(Number(exponent))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
}

function short(x) {
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return infinite(x) || "?";
  if (Math.abs(x) >= 10 ** Math.min(1 - digits, 0) && Math.abs(x) < 10 ** Math.max(6, digits)) {
    const [text] = rounded(x, digits, "toFixed");
    return Number(text) === 0 ? (0).toFixed(digits) : stripped(text, x).replace("-", "−");
  }
  const [text, exponent] = rounded(x, Math.max(digits - 1, 0), "toExponential");
  const mantissa = stripped(text, Number(x.toExponential(16).split("e")[0]));
  return mantissa.replace("-", "−") + raisedTen(exponent);
}

function number(x) {
  if (!Number.isFinite(x)) return infinite(x);
  let [text, exponent] = rounded(x, digits, Math.abs(x) < 1e7 ? "toFixed" : "toExponential");
  if (exponent) text += `e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  return Number(text) === 0 ? text.replace("-", "") : text.replaceAll("-", "−");
}

function fitting(x) {
  // On a card: as a number, or where its place is too short for that, with fewer digits.
  const text = number(x);
  const shorter = [2, 1, 0].map((places) => x?.toExponential(places).replaceAll("-", "−"));
  return [text, ...shorter].find((t) => !t || length(t) <= graph.room) ?? shorter.at(-1);
}

function exact(x) {
  if (!Number.isFinite(x)) return infinite(x) || "?";
  const [mantissa, exponent] = x.toExponential(14).split("e");
  const plain = exponent >= -4 && exponent < 15;
  const text = plain ? String(Number(x.toPrecision(15))) : String(Number(mantissa)) + raisedTen(exponent);
  return text.replace("-", "−");
}
