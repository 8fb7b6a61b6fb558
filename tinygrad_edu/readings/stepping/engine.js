"use strict";
// The graph of the page, computed again at other numbers. Values and partials come from the rows,
// which were printed from the table of primitives; the chain rule is the loop in `differentiate`.

function evaluate(leaves) {
  // `leaves` maps nodes to numbers; a leaf that is not in it keeps its recorded one.
  const values = [];
  graph.nodes.forEach((node, n) => {
    if (typeof node === "number") return values.push(leaves.get(n) ?? node);
    const [symbol, value] = graph.rows[node[0]];
    const inputs = node.slice(1).map((a) => values[a]);
    const y = value(inputs);
    if (!Number.isFinite(y)) throw new RangeError(`${symbol} of ${inputs.map(short).join(", ")} has no finite value`);
    values.push(y);
  });
  return values;
}

function differentiate(values) {
  // ∂L/∂a = Σ ∂L/∂b · ∂b/∂a over the nodes b that use a
  const gradients = values.map(() => 0);
  gradients[gradients.length - 1] = 1;
  for (let b = values.length - 1; b >= 0; b--) {
    if (!gradients[b] || typeof graph.nodes[b] === "number") continue;
    const [row, ...inputs] = graph.nodes[b];
    const partials = graph.rows[row][2](values[b], inputs.map((a) => values[a]));
    inputs.forEach((a, k) => (gradients[a] += partials[k] ? gradients[b] * partials[k] : 0));
  }
  return gradients;
}

function short(x) {
  // Four decimals or the fewer that are exact, with a true minus sign.
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "undefined";
  const large = Math.abs(x) >= 1e6 || (x !== 0 && Math.abs(x) < 10 ** Math.min(1 - graph.digits, 0));
  const text = large ? x.toExponential(Math.max(graph.digits - 1, 0)) : x.toFixed(graph.digits);
  return (Math.abs(Number(text) - x) <= 1e-12 * Math.abs(x) ? String(Number(text)) : text).replaceAll("-", "−");
}
