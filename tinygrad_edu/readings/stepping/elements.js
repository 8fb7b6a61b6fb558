// What pages are made of: elements, axes and lines of a picture. Text is inserted as text, and never read as HTML.

const byId = (id) => document.getElementById(id);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function make(name, attributes = {}, ...children) {
  // An element of HTML, or with a name such as svg:path of SVG.
  const [, svg, tag] = name.match(/^(svg:)?(.*)$/);
  const made = svg ? document.createElementNS(document.querySelector("svg").namespaceURI, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // what stays needs no new layout
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function heat(x, most) {
  // The class that shades a number of a matrix whose largest size is `most`.
  const level = most ? Math.round((Math.abs(x) / most) * 6) : 0;
  return level ? `${x > 0 ? "up" : "down"}${level}` : "";
}

function addressed() {
  // What the address says; a theme is taken from it.
  const said = new URLSearchParams(location.hash.slice(1));
  if (["light", "dark"].includes(said.get("theme"))) document.documentElement.dataset.theme = said.get("theme");
  return said;
}

function ticks(low, high) {
  // Round numbers between two, three to six of them.
  if (!(high > low)) return [low];
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => rounded12((first + k) * step));
}

function rounded12(x) {
  return Number(x.toPrecision(12)); // 0.1 + 0.2 is 0.3
}

function contour(numbers, level, place) {
  // The path along which the rows of a grid come to a level; `place` tells where in the picture a column and a row is.
  const cell = (i, j) => {
    const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], heights = corners.map(([a, b]) => numbers[b][a]);
    if (!heights.every(Number.isFinite)) return [];
    const points = corners.flatMap(([a, b], k) => {
      const [c, d] = corners[(k + 1) % 4], [h, g] = [heights[k], heights[(k + 1) % 4]], t = (level - h) / (g - h);
      return h < level === g < level ? [] : [place(a + t * (c - a), b + t * (d - b)).map((x) => x.toFixed(2)).join()];
    });
    return points.map((point, k) => (k % 2 ? "L" : "M") + point);
  };
  return numbers.slice(1).flatMap((row, j) => row.slice(1).flatMap((_, i) => cell(i, j))).join("");
}
