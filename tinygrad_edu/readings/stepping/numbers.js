// Numbers as Python writes them: short(x) in lines and on cards, compact(x) in matrices.

function rounded(x, places, method) {
  // toFixed and toExponential take a tie away from zero; Python takes it to the even digit.
  const [text, exponent] = x[method](places).split("e");
  if (exponent === undefined && !Number.isInteger(2 * x * 10 ** places)) return [text]; // no tie
  const longer = x[method](places + 30).split("e")[0];
  const cut = longer.length - 30 - (places ? 0 : 1);
  const tie = /^\.?50*$/.test(longer.slice(cut)) && "02468".includes(longer[cut - 1]);
  return [tie ? longer.slice(0, cut) : text, exponent];
}

function stripped(text, x) {
  const same = Math.abs(Number(text) - x) <= 1e-12 * Math.abs(x);
  return same && text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

function special(x) {
  return x === 0 ? "0" : x > 0 ? "∞" : x < 0 ? "−∞" : "?"; // and what cannot be computed
}

function raisedTen(exponent) {
  if (Number(exponent) === 0) return "";
  return "·10" + [...String(Number(exponent))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
}

function scientific(x, places) {
  const [text, exponent] = rounded(x, places, "toExponential");
  return stripped(text, Number(x.toExponential(16).split("e")[0])).replace("-", "−") + raisedTen(exponent);
}

function short(x, places = digits) {
  if (!x || !Number.isFinite(x)) return special(x);
  if (Math.abs(x) >= 10 ** Math.min(1 - places, 0) && Math.abs(x) < 10 ** Math.max(6, digits)) {
    const [text] = rounded(x, places, "toFixed");
    return Number(text) === 0 ? (0).toFixed(places) : stripped(text, x).replace("-", "−");
  }
  return scientific(x, Math.max(places - 1, 0));
}

function compact(x, places = digits) {
  // One digit less, counted from the first that is not 0.
  if (!x || !Number.isFinite(x)) return special(x);
  const power = Math.floor(Math.log10(Math.abs(x))), figures = Math.max(places - 1, 1);
  if (power < -3 || power > 4) return scientific(x, Math.max(figures - 2, 0));
  const [text] = rounded(x, Math.max(0, Math.min(figures - 1 - power, places)), "toFixed");
  return stripped(text, x).replace("-", "−");
}

function widthOf(text) {
  const widths = { "−": 0.838, "+": 0.838, ".": 0.318, "·": 0.318, "⁻": 0.53 };
  return [...text].reduce((sum, c) => sum + (widths[c] ?? ("⁰¹²³⁴⁵⁶⁷⁸⁹".includes(c) ? 0.4 : 0.636)), 0);
}

const [ROOM, NARROW] = ["−00.", "−0."].map((text) => widthOf(text + "0".repeat(Math.max(digits, 1)))); // as in stage.py

function fitting(x, write = short, room = ROOM) {
  // On a card: as in the lines, or where its place is too narrow for that, with fewer digits.
  if (x === undefined) return "";
  let places = digits, text = write(x);
  while (widthOf(text) > room && places > 0) text = write(x, --places);
  return text;
}
