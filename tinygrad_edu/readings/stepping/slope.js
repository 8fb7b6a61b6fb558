// Two parts of the laboratory: the result over one leaf or two, with its tangent or its contours; and gradient descent.

const POINTS = 121, CELLS = 24; // of a curve, and along each side of a contour map
const LEFT = 70, WIDTH = 310, TOP = 14, HEIGHT = 240; // where the picture of the curve stands in its 400 × 300

function resultAt(...pairs) {
  return forward(new Map([...changed, ...pairs])).values[root];
}

function window_(n) {
  // The curve keeps its place while the point moves along it.
  const middle = nodes[n], far = Math.max(...[...path, changed].map((numbers) => Math.abs(numberIn(numbers, n) - middle)));
  const half = Math.max(2, Math.abs(middle), 1.25 * far);
  return [middle - half, middle + half];
}

const segment = (x1, y1, x2, y2, name) => make("svg:line", { class: name, x1, y1, x2, y2 });
const label = (x, y, anchor, text, name = "") => make("svg:text", { x, y, "text-anchor": anchor, class: name }, text);
const dot = (cx, cy, name = "point", r = 5) => make("svg:circle", { class: name, cx, cy, r });

function frameOf([low, high], [bottom, top], height = HEIGHT) {
  // Where numbers stand in a picture.
  const across = (x) => LEFT + (WIDTH * (x - low)) / (high - low), end = TOP + height;
  return { low, high, bottom, top, end, across, up: (y) => (top > bottom ? end - (height * (y - bottom)) / (top - bottom) : end - height / 2) };
}

function axes({ low, high, bottom, top, end, across, up }, below, beside, marks = ticks(low, high)) {
  return [
    segment(LEFT, end, LEFT + WIDTH, end, "axis"), segment(LEFT, TOP, LEFT, end, "axis"),
    ...marks.flatMap((x) => [segment(across(x), end, across(x), end + 4, "axis"), label(across(x), end + 17, "middle", short(x))]),
    ...ticks(bottom, top).flatMap((y) => [segment(LEFT - 4, up(y), LEFT, up(y), "axis"), label(LEFT - 7, up(y) + 4, "end", short(y))]),
    label(LEFT + WIDTH, end + 34, "end", below, "name"), label(LEFT + 6, TOP - 4, "start", beside, "name"),
  ];
}

function secondLeaf() {
  const n = second.value === "" ? null : Number(second.value);
  return n === Number(leaf.value) ? null : n;
}

function drawCurve(n) {
  if (secondLeaf() !== null) return drawContours(n, secondLeaf());
  const [low, high] = window_(n), name = names[n], y = run.values[root], slope = run.gradients[n], x = now(n);
  reading.textContent = y === undefined ? "" : `${L} = ${short(y)}, slope ∂${L}/∂${name} = ${short(slope)} at ${name} = ${short(x)}`;
  const xs = Array.from({ length: POINTS }, (_, k) => low + ((high - low) * k) / (POINTS - 1));
  const points = xs.map((x) => [x, resultAt([n, x])]), before = resultAt([n, nodes[n]]);
  const ys = [...points.map(([, v]) => v), y, before].filter(Number.isFinite);
  const frame = frameOf([low, high], [Math.min(...ys), Math.max(...ys)]), { across, up } = frame;
  const d = points.map(([x, v], k) => { // a gap in the domain is a gap in the curve
    return v === undefined ? "" : `${points[k - 1]?.[1] === undefined ? "M" : "L"}${across(x).toFixed(2)} ${up(v).toFixed(2)}`;
  });
  const inside = make("svg:svg", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT, viewBox: `${LEFT} ${TOP} ${WIDTH} ${HEIGHT}` });
  inside.append(make("svg:path", { class: "root", d: d.join("") }));
  const drawn = [...axes(frame, name, L), inside]; // where the tangent leaves it, it is cut
  if (Number.isFinite(slope)) {
    const [a, b] = [low, high].map((at) => up(y + slope * (at - x)));
    inside.append(segment(across(low), a, across(high), b, "tangent"));
    drawn.push(...triangle(x, y, slope, frame));
  }
  if (changed.has(n) && before !== undefined) drawn.push(dot(across(nodes[n]), up(before), "ghost"));
  if (y !== undefined) drawn.push(dot(across(x), up(y)));
  curve.replaceChildren(...drawn);
}

function triangle(x, y, slope, { low, high, across, up }) {
  // The slope as a triangle: a step Δx to the side that has room, and what the tangent says of the result.
  const inside = (v) => v >= TOP && v <= TOP + HEIGHT, side = x < (low + high) / 2 ? 1 : -1;
  const step = [0.2, -0.2, 0.1, -0.1, 0.05, -0.05].map((k) => k * side * (high - low)).find((dx) => inside(up(y + slope * dx)));
  if (step === undefined || Math.abs(up(y + slope * step) - up(y)) < 14) return [];
  const [x1, x2, y1, y2] = [across(x), across(x + step), up(y), up(y + slope * step)];
  const [away, anchor] = step > 0 ? [1, "start"] : [-1, "end"]; // from the point, so that no text is on the curve
  return [
    segment(x1, y1, x2, y1, "triangle"), segment(x2, y1, x2, y2, "triangle"),
    label(x1 + 7 * away, y1 + (y2 < y1 && y1 < TOP + HEIGHT - 16 ? 14 : -5), anchor, `Δ${names[Number(leaf.value)]} = ${short(rounded12(step))}`),
    label(x2 + 5 * away, (y1 + y2) / 2 + 4, anchor, `Δ${L} = ${short(slope * step)}`),
  ];
}

function mapOf(n, m) {
  // The result on a grid over two leaves.
  const [x, y] = [window_(n), window_(m)], cells = nodes.length > 1500 ? CELLS / 2 : CELLS;
  const at = (k, [low, high]) => low + ((high - low) * k) / cells;
  const row = (_, j) => Array.from({ length: cells + 1 }, (_, i) => resultAt([n, at(i, x)], [m, at(j, y)]));
  return { cells, x, y, at, numbers: Array.from({ length: cells + 1 }, row) };
}

function drawContours(n, m) {
  const map = mapOf(n, m), frame = frameOf(map.x, map.y), { across, up } = frame;
  const known = map.numbers.flat().filter(Number.isFinite).toSorted((a, b) => a - b);
  const levels = [...new Set(Array.from({ length: 9 }, (_, k) => known[Math.floor(((k + 0.5) / 9) * known.length)]))];
  const place = (i, j) => [across(map.at(i, map.x)), up(map.at(j, map.y))];
  const drawn = axes(frame, names[n], names[m]);
  drawn.push(...levels.map((level, k) => make("svg:path", {
    class: "contour", d: contour(map.numbers, level, place), opacity: (0.35 + (0.65 * (k + 1)) / levels.length).toFixed(2),
  })));
  const points = [...path, changed].map((numbers) => [across(numberIn(numbers, n)), up(numberIn(numbers, m))]);
  if (points.length > 1) drawn.push(make("svg:polyline", { class: "tangent", points: points.join(" ") }));
  curve.replaceChildren(...drawn, ...points.slice(0, -1).map(([cx, cy]) => dot(cx, cy, "ghost", 3)), dot(...points.at(-1)));
  const said = levels.slice(0, 3).map((x) => short(x)).join(", ");
  reading.textContent = `Along a line ${L} is the same: ${said}, … ${short(levels.at(-1))}. The point is at ${L} = ${short(run.values[root])}.`;
}

function pointed(event) {
  if (!event.buttons) return;
  event.preventDefault(); // no text is selected
  const n = Number(leaf.value), m = secondLeaf(), box = curve.getBoundingClientRect();
  const from = ([low, high], share) => Math.max(low, Math.min(high, Number((low + (high - low) * share).toPrecision(3))));
  const x = from(window_(n), (((event.clientX - box.left) / box.width) * 400 - LEFT) / WIDTH);
  if (event.type === "pointerdown") gesture = {};
  if (m === null) return change(n, x);
  hold(n);
  setTo([[n, x], [m, from(window_(m), (TOP + HEIGHT - ((event.clientY - box.top) / box.height) * 300) / HEIGHT)]], "map");
}

// Descend.

function descend(times) {
  // Stops at the last good step, and returns why. All its steps are one change.
  const way = [];
  let numbers = changed, here = run;
  while (way.length < times && here.gradients.length) {
    const after = new Map([...numbers, ...updated(here)]);
    here = compute(after);
    if (here.problem) break; // it leaves the domain
    way.push(numbers);
    numbers = after;
  }
  if (way.length) setTo(numbers, {}, [...path, ...way]);
  const stopped = here.problem;
  if (stopped) descended.textContent = `Stopped at the last good step: ${stopped}.`;
  return stopped;
}

function drawLosses() {
  const ys = [...path, changed].map(result), n = path.length, steps_ = n === 1 ? "one step" : `${n} steps`;
  losses.toggleAttribute("hidden", !n);
  const rule = data.given.length > 1 ? "Each step is the update with which the film ends." : `Each number x that moves becomes x − η · ∂${L}/∂x.`;
  descended.textContent = n ? `${L} after ${steps_}: ${short(ys.at(-1))}, from ${short(ys[0])}` : rule;
  if (!n) return;
  const frame = frameOf([0, n], [Math.min(...ys), Math.max(...ys)], 90), points = ys.map((y, k) => [frame.across(k), frame.up(y)]);
  const line = make("svg:polyline", { class: "root", points: points.join(" ") });
  losses.replaceChildren(...axes(frame, steps_, L, [0, n]), line, ...points.map(([cx, cy]) => dot(cx, cy, "point", 3)));
}
