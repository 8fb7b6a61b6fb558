"use strict";
// The graph of the page, computed again at other numbers. Values and partials come from the rows,
// which were printed from the table of primitives; the chain rule is the loop in `backward`.

function forward(leaves) {
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

function backward(values) {
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

// Numbers as the lines of the derivation write them.

function rounded(x, digits, method) {
  // toFixed and toExponential take a tie away from zero; Python takes it to the even digit.
  const [text, exponent] = x[method](digits).split("e");
  const longer = x[method](digits + 30).split("e")[0];
  const cut = longer.length - 30 - (digits ? 0 : 1);
  const tie = /^\.?50*$/.test(longer.slice(cut)) && "02468".includes(longer[cut - 1]);
  return [tie ? longer.slice(0, cut) : text, exponent];
}

function stripped(text, x) {
  const exact = Math.abs(Number(text) - x) <= 1e-12 * Math.abs(x);
  return exact && text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

function short(x) {
  const digits = graph.digits;
  if (x === 0) return "0";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (Math.abs(x) >= 10 ** Math.min(1 - digits, 0) && Math.abs(x) < 10 ** Math.max(6, digits)) {
    const [text] = rounded(x, digits, "toFixed");
    return Number(text) === 0 ? (0).toFixed(digits) : stripped(text, x).replace("-", "−");
  }
  const [text, exponent] = rounded(x, Math.max(digits - 1, 0), "toExponential");
  const mantissa = stripped(text, Number(x.toExponential(16).split("e")[0]));
  const raised = [...String(Number(exponent))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
  return `${mantissa}·10`.replace("-", "−") + raised;
}
