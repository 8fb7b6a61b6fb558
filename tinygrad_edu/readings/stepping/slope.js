// Two parts of the laboratory: the result over one leaf or two, with its tangent or its contours; and gradient descent.

const POINTS = 121, CELLS = 24; // of a curve, and along each side of a contour map
const LEFT = 70, WIDTH = 310, TOP = 14, HEIGHT = 240; // where the picture of the curve stands in its 400 × 300

function resultAt(...pairs) {
  return forward(new Map([...changed, ...pairs])).values[root];
}

function window_(n) {
  // The curve keeps its place while the point moves along it.
  const middle = nodes[n];
  const far = Math.max(...[...path, changed].map((numbers) => Math.abs((numbers.get(n) ?? middle) - middle)));
  const half = Math.max(2, Math.abs(middle), 1.25 * far);
  return [middle - half, middle + half];
}

function ticks(low, high) {
  // Round numbers between two, three to six of them.
  if (!(high > low)) return [low];
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => rounded12((first + k) * step));
}

function segment(x1, y1, x2, y2, name) {
  return svgElement("line", { class: name, x1, y1, x2, y2 });
}

function axes(low, high, bottom, top, below, beside, across, up) {
  const found = [segment(LEFT, TOP + HEIGHT, LEFT + WIDTH, TOP + HEIGHT, "axis"), segment(LEFT, TOP, LEFT, TOP + HEIGHT, "axis")];
  for (const x of ticks(low, high)) {
    found.push(segment(across(x), TOP + HEIGHT, across(x), TOP + HEIGHT + 4, "axis"), svgElement("text", { x: across(x), y: TOP + HEIGHT + 17, "text-anchor": "middle" }, short(x)));
  }
  for (const y of ticks(bottom, top)) {
    found.push(segment(LEFT - 4, up(y), LEFT, up(y), "axis"), svgElement("text", { x: LEFT - 7, y: up(y) + 4, "text-anchor": "end" }, short(y)));
  }
  found.push(svgElement("text", { x: LEFT + WIDTH, y: TOP + HEIGHT + 34, "text-anchor": "end", class: "name" }, below));
  found.push(svgElement("text", { x: LEFT + 6, y: TOP + 4, class: "name" }, beside));
  return found;
}

function drawCurve(n) {
  const other = second.value === "" ? null : Number(second.value);
  if (other !== null && other !== n) return drawContours(n, other);
  const [low, high] = window_(n), name = names[n];
  const y = run.values[root], slope = run.gradients[n], x = now(n);
  reading.textContent = y === undefined ? "" : `${L} = ${short(y)}, slope ∂${L}/∂${name} = ${short(slope)} at ${name} = ${short(x)}`;
  const xs = Array.from({ length: POINTS }, (_, k) => low + ((high - low) * k) / (POINTS - 1));
  const points = xs.map((x) => [x, resultAt([n, x])]);
  const before = resultAt([n, nodes[n]]);
  const ys = [...points.map(([, v]) => v), y, before].filter(Number.isFinite);
  const bottom = Math.min(...ys), top = Math.max(...ys);
  const across = (x) => LEFT + (WIDTH * (x - low)) / (high - low);
  const up = (v) => (top > bottom ? TOP + HEIGHT - (HEIGHT * (v - bottom)) / (top - bottom) : TOP + HEIGHT / 2);
  const d = points.map(([x, v], k) => {
    if (v === undefined) return ""; // a gap in the domain is a gap in the curve
    return `${points[k - 1]?.[1] === undefined ? "M" : "L"}${across(x).toFixed(2)} ${up(v).toFixed(2)}`;
  });
  const inside = svgElement("svg", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT, viewBox: `${LEFT} ${TOP} ${WIDTH} ${HEIGHT}` });
  inside.append(svgElement("path", { class: "root", d: d.join("") }));
  const drawn = [...axes(low, high, bottom, top, name, L, across, up), inside]; // where the tangent leaves it, it is cut
  if (Number.isFinite(slope)) {
    const [a, b] = [low, high].map((at) => y + slope * (at - x));
    inside.append(segment(across(low), up(a), across(high), up(b), "tangent"));
    drawn.push(...triangle(x, y, slope, low, high, across, up));
  }
  if (changed.has(n) && before !== undefined) drawn.push(svgElement("circle", { class: "ghost", cx: across(nodes[n]), cy: up(before), r: 5 }));
  if (y !== undefined) drawn.push(svgElement("circle", { class: "point", cx: across(x), cy: up(y), r: 5 }));
  curve.replaceChildren(...drawn);
}

function triangle(x, y, slope, low, high, across, up) {
  // The slope as a triangle: a step Δx to the side that has room, and what the tangent says of the result.
  const inside = (v) => v >= TOP && v <= TOP + HEIGHT, side = x < (low + high) / 2 ? 1 : -1;
  const step = [0.2, -0.2, 0.1, -0.1, 0.05, -0.05].map((k) => k * side * (high - low)).find((dx) => inside(up(y + slope * dx)));
  if (step === undefined || Math.abs(up(y + slope * step) - up(y)) < 14) return [];
  const rise = slope * step;
  const [x1, x2, y1, y2] = [across(x), across(x + step), up(y), up(y + rise)];
  return [
    segment(x1, y1, x2, y1, "triangle"), segment(x2, y1, x2, y2, "triangle"),
    svgElement("text", { x: (x1 + x2) / 2, y: y1 + (y2 < y1 ? 14 : -5), "text-anchor": "middle" }, `Δ${names[Number(leaf.value)]} = ${short(rounded12(step))}`),
    svgElement("text", { x: x2 + (step > 0 ? 5 : -5), y: (y1 + y2) / 2 + 4, "text-anchor": step > 0 ? "start" : "end" }, `Δ${L} = ${short(rise)}`),
  ];
}

function mapOf(n, m) {
  // The result on a grid over two leaves.
  const [[low, high], [bottom, top]] = [window_(n), window_(m)];
  const cells = nodes.length > 1500 ? CELLS / 2 : CELLS;
  const at = (k, [a, b]) => a + ((b - a) * k) / cells;
  const row = (j) => Array.from({ length: cells + 1 }, (_, i) => resultAt([n, at(i, [low, high])], [m, at(j, [bottom, top])]));
  return { cells, x: [low, high], y: [bottom, top], at, numbers: Array.from({ length: cells + 1 }, (_, j) => row(j)) };
}

function drawContours(n, m) {
  const map = mapOf(n, m), { cells, x: [low, high], y: [bottom, top], at, numbers } = map;
  const across = (x) => LEFT + (WIDTH * (x - low)) / (high - low), up = (y) => TOP + HEIGHT - (HEIGHT * (y - bottom)) / (top - bottom);
  const known = numbers.flat().filter(Number.isFinite).toSorted((a, b) => a - b);
  const levels = [...new Set(Array.from({ length: 9 }, (_, k) => known[Math.floor(((k + 0.5) / 9) * known.length)]))];
  const drawn = axes(low, high, bottom, top, names[n], names[m], across, up);
  levels.forEach((level, k) => {
    const d = [];
    for (let j = 0; j < cells; j++) for (let i = 0; i < cells; i++) d.push(...crossing(map, i, j, level, across, up));
    drawn.push(svgElement("path", { class: "contour", d: d.join(""), opacity: (0.35 + (0.65 * (k + 1)) / levels.length).toFixed(2) }));
  });
  const points = [...path, changed].map((at_) => [across(at_.get(n) ?? nodes[n]), up(at_.get(m) ?? nodes[m])]);
  if (points.length > 1) drawn.push(svgElement("polyline", { class: "tangent", points: points.map((p) => p.join(",")).join(" ") }));
  for (const [cx, cy] of points.slice(0, -1)) drawn.push(svgElement("circle", { class: "ghost", cx, cy, r: 3 }));
  drawn.push(svgElement("circle", { class: "point", cx: points.at(-1)[0], cy: points.at(-1)[1], r: 5 }));
  curve.replaceChildren(...drawn);
  reading.textContent = `Along a line ${L} is the same: ${levels.map(short).slice(0, 3).join(", ")}, … ${short(levels.at(-1))}. The point is at ${L} = ${short(run.values[root])}.`;
}

function crossing({ at, x, y, numbers }, i, j, level, across, up) {
  // Where a level crosses one cell of the grid, as a piece of a path.
  const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
  const heights = corners.map(([a, b]) => numbers[b][a]);
  if (heights.some((h) => !Number.isFinite(h))) return [];
  const points = corners.flatMap(([a, b], k) => {
    const [c, d] = corners[(k + 1) % 4], [h, g] = [heights[k], heights[(k + 1) % 4]];
    if (h < level === g < level) return [];
    const t = (level - h) / (g - h);
    return [[across(at(a + t * (c - a), x)), up(at(b + t * (d - b), y))]];
  });
  return points.flatMap((p, k) => (k % 2 ? [] : [`M${points[k].map((v) => v.toFixed(1))}L${points[k + 1].map((v) => v.toFixed(1))}`]));
}

function pointed(event) {
  if (!event.buttons) return;
  event.preventDefault(); // no text is selected
  const n = Number(leaf.value), m = second.value === "" ? null : Number(second.value);
  const box = curve.getBoundingClientRect();
  const from = (low, high, share) => Math.max(low, Math.min(high, Number((low + (high - low) * share).toPrecision(3))));
  const x = from(...window_(n), (((event.clientX - box.left) / box.width) * 400 - LEFT) / WIDTH);
  if (event.type === "pointerdown") gesture = null;
  if (m === null || m === n) return change(n, x);
  hold(n);
  setTo([[n, x], [m, from(...window_(m), (TOP + HEIGHT - ((event.clientY - box.top) / box.height) * 300) / HEIGHT)]], "map");
}

// Descend.

function descend(times) {
  let stopped = "";
  for (let k = 0; k < times && run.gradients.length; k++) {
    const next = new Map([...changed, ...updated(run, moving)]);
    const there = compute(next);
    if (there.problem) { // a step out of the domain is not taken
      stopped = there.problem;
      break;
    }
    path = [...path, changed];
    setTo([...next], null, true);
  }
  if (stopped) descended.textContent = `Stopped at the last good step: ${stopped}.`;
  return stopped;
}

function drawLosses() {
  const ys = [...path, changed].map(result);
  losses.toggleAttribute("hidden", !path.length);
  const steps_ = path.length === 1 ? "one step" : `${path.length} steps`;
  descended.textContent = path.length ? `${L} after ${steps_}: ${short(ys.at(-1))}, from ${short(ys[0])}` : `Each number x that moves becomes x − η · ∂${L}/∂x.`;
  if (!path.length) return;
  const bottom = Math.min(...ys), top = Math.max(...ys);
  const at_ = (y, k) => [LEFT + (WIDTH * k) / path.length, top > bottom ? 106 - (90 * (y - bottom)) / (top - bottom) : 60];
  losses.replaceChildren(
    segment(LEFT, 112, LEFT + WIDTH, 112, "axis"), segment(LEFT, 10, LEFT, 112, "axis"),
    svgElement("polyline", { class: "root", points: ys.map(at_).join(" ") }),
    ...ys.map(at_).map(([cx, cy]) => svgElement("circle", { class: "point", cx, cy, r: 3 })),
    ...ticks(bottom, top).map((y) => svgElement("text", { x: LEFT - 6, y: at_(y, 0)[1] + 4, "text-anchor": "end" }, short(y))),
    svgElement("text", { x: LEFT, y: 128 }, "0"),
    svgElement("text", { x: LEFT + WIDTH, y: 128, "text-anchor": "end" }, steps_),
    svgElement("text", { x: LEFT + 6, y: 14, class: "name" }, L),
  );
}

function offerMoving() {
  // Parameters move; where there are none, the leaves that the reader ticks.
  if (data.parameters.length || data.leaves.length > 40) {
    byId("moving").textContent = `What moves: ${data.parameters.length ? "the" : "all"} ${moving.size} ${data.parameters.length ? "parameters" : "numbers"}.`;
    return;
  }
  byId("moving").append("What moves: ");
  for (const n of data.leaves) {
    const box = filled("input");
    box.type = "checkbox";
    box.checked = moving.has(n);
    box.addEventListener("change", () => (box.checked ? moving.add(n) : moving.delete(n)));
    byId("moving").append(filled("label", box, ` ${names[n]} `));
  }
}
