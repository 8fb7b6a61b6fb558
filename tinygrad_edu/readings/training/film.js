// The film: what is shown follows from the step and the chosen run, and is made from them again whatever changes.
// Numbers are those of the record; outputs, losses and gradients are computed by the printed programs.

let data = null; // once it is unpacked
const [time, play, speed, plots, cards] = ["time", "play", "speed", "plots", "cards"].map(byId);
const LEFT = 56, RIGHT = 12, TOP = 10, BOTTOM = 22, HEIGHT = 170; // of the curve
const CELLS = 44, MANY = 90; // squares along a plane; numbers of a matrix above which it is shown as an image
const work = [], scratch = []; // grow as a program needs
const state = { step: 0, run: 0, tried: null }; // how many steps were taken, which run is chosen, a point that was clicked
let playing = null;

// The record.

async function unpacked(text) {
  const packed = new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
  return JSON.parse(await new Response(packed.stream().pipeThrough(new DecompressionStream("deflate"))).text());
}

function rowsOf({ kept, changes, scale }) {
  // The numbers at each kept moment, from their third differences, which are whole.
  const rows = kept.map(() => new Float64Array(changes.length));
  changes.forEach((course, i) => {
    let number = 0, change = 0, bend = 0;
    course.forEach((d, k) => (rows[k][i] = (number += change += bend += d) / scale));
  });
  return rows;
}

const keptAt = (run, step) => run.kept.findLastIndex((kept) => kept <= step);
const hasGaps = (run) => run.kept[1] > 1; // not every step was kept
const lossNow = (run) => run.losses[run.ended ? state.step : Math.min(state.step, run.kept.at(-1))]; // of every step
const sizeOf = (run) => run.Y[0].length;
const isPlane = (run) => run.domain && run.X[0].length === 2;

// The programs. Of an example they say what the network makes of it, its hidden layers, the loss and the gradient.

function outputs(run, x, k, y = run.Y[0], parameters = run.rows[k], result = []) {
  programs[run.program](y, x, parameters, result, work);
  return result;
}

function saysOf(run, x, k) {
  return outputs(run, x, k, run.Y[0], run.rows[k], scratch).slice(0, sizeOf(run));
}

function passes(run, k) {
  // What a kept moment makes of every example.
  if (run.made?.k !== k) run.made = { k, all: run.program === undefined ? [] : run.X.map((x, i) => outputs(run, x, k, run.Y[i])) };
  return run.made.all;
}

function examplesAt(run, k) {
  return run.batch?.[k] ?? [...run.X.keys()];
}

function lossAndGradient(run, k, all = passes(run, k)) {
  // The loss of the next step's examples, and its gradient; null where the page has none.
  if (typeof run.mean !== "boolean") return null;
  const some = examplesAt(run, k), total = new Float64Array(run.names.length + 1), first = all[0].length - total.length;
  for (const i of some) for (let j = 0; j < total.length; j++) total[j] += all[i][first + j];
  return run.mean ? total.map((x) => x / some.length) : total;
}

function classOf(run, y) {
  const numbers = y.slice(0, sizeOf(run));
  return numbers.length > 1 ? numbers.indexOf(Math.max(...numbers)) : y[0] > run.threshold ? 0 : 1;
}

// Colours.

function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
}

function mixed(one, two, share) {
  return one.map((x, i) => x + (two[i] - x) * share);
}

function paint(canvas, columns, rows, colourAt) {
  Object.assign(canvas, { width: columns, height: rows });
  const image = new ImageData(columns, rows);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++) image.data.set([...colourAt(i, j), 255], 4 * (j * columns + i));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function saying(run, palette) {
  // The colour of an output: which side or class, and how far.
  const size = sizeOf(run), targets = run.Y.map((y) => y[0]);
  const reach = (Math.max(...targets) - Math.min(...targets)) / 2 || 1;
  return (y) => {
    if (size === 1) {
      const share = (y[0] - run.threshold) / reach;
      return mixed(palette.paper, share > 0 ? palette.marks[0] : palette.marks[1], 0.6 * Math.min(Math.abs(share), 1));
    }
    const e = y.slice(0, size).map((z) => Math.exp(z - Math.max(...y.slice(0, size))));
    const best = Math.max(...e), share = (best / e.reduce((a, b) => a + b) - 1 / size) / (1 - 1 / size);
    return mixed(palette.paper, palette.marks[e.indexOf(best) % 4], 0.15 + 0.45 * share);
  };
}

// The curve, once.

function drawCurve() {
  const svg = byId("losses"), width = svg.clientWidth || 800;
  const found = data.runs.flatMap((run) => [...run.losses, ...run.held]);
  const positive = found.filter((y) => y > 0), least = Math.min(...positive);
  const most = Math.min(Math.max(...found), 1000 * Math.max(...data.runs.map((run) => run.losses[0]))); // what diverges leaves
  const isLog = Math.min(...found) >= 0 && most > 200 * least;
  const scaled = (y) => (isLog ? Math.log10(Math.max(y, least)) : y);
  const low = isLog ? scaled(least) : Math.min(0, ...found), high = scaled(most) > low ? scaled(most) : low + 1;
  const across = (step) => LEFT + ((width - LEFT - RIGHT) * step) / data.steps;
  const down = (y) => TOP + ((HEIGHT - TOP - BOTTOM) * Math.max(high - scaled(y), -0.05)) / (high - low);
  const line = (points, name) => make("svg:path", { class: `line ${name}`,
    d: `M${points.map(([step, y]) => `${across(step).toFixed(1)} ${down(y).toFixed(1)}`).join("L")}` });
  const words = ["L", isLog && "on a logarithmic scale", most < Math.max(...found) && `cut off at ${compact(most)}`, data.runs.some((run) => run.held.length) && "thin: of points not learned from"];
  const marks = ticks(low, high).filter((t) => !isLog || Number.isInteger(t)).map((t) => (isLog ? 10 ** t : t));
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(
    make("svg:text", { x: LEFT, y: HEIGHT - 6 }, words.filter(Boolean).join(", ")),
    ...marks.flatMap((y) => [make("svg:path", { class: "grid", d: `M${LEFT} ${down(y)}H${width - RIGHT}` }),
      make("svg:text", { x: LEFT - 6, y: down(y) + 4, "text-anchor": "end" }, short(y))]),
    ...data.runs.flatMap((run, k) => [line([...run.losses.entries()], `run${k % 4}`),
      ...(run.held.length ? [line(run.held.map((y, n) => [run.kept[n], y]), `held run${k % 4}`)] : [])]),
    make("svg:text", { x: width - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, width > 500 ? `${data.steps} steps` : ""),
    make("svg:path", { class: "now", d: `M0 ${TOP - 6}V${HEIGHT - BOTTOM + 6}` }),
  );
  time.style.width = `${width - LEFT - RIGHT + 16}px`;
  time.style.marginLeft = `${LEFT - 8}px`;
  drawCurve.at = across;
}

// The plots.

function ground([[x0, x1], [y0, y1]]) {
  // From the numbers of a plot to its square of 100 and back, and from a cell of its grid to its middle.
  const from = (i, j) => [x0 + ((x1 - x0) * i) / 100, y1 - ((y1 - y0) * j) / 100];
  const middle = (k) => (100 * (k + 0.5)) / CELLS;
  return {
    to: (x, y) => [(100 * (x - x0)) / (x1 - x0), (100 * (y1 - y)) / (y1 - y0)].map((at) => Math.max(-1e4, Math.min(1e4, at))),
    from, middle, grid: (f) => Array.from({ length: CELLS }, (_, j) => Array.from({ length: CELLS }, (_, i) => f(from(middle(i), middle(j))))),
  };
}

function path(name, points, more = "") {
  return make("svg:path", { class: name, "vector-effect": "non-scaling-stroke", d: points.length ? `M${points.map((p) => p.join(" ")).join("L")}${more}` : more });
}

function shape([i, j], kind, name) {
  const r = 1.5;
  return path(name, [], [
    `M${i - r} ${j}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    `M${i - r} ${j - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    `M${i} ${j - 1.3 * r}L${i + 1.2 * r} ${j + r}H${i - 1.2 * r}z`,
    `M${i} ${j - 1.4 * r}L${i + 1.4 * r} ${j}L${i} ${j + 1.4 * r}L${i - 1.4 * r} ${j}z`,
  ][kind % 4]);
}

function setUpPlots() {
  for (const run of data.runs) {
    run.box = plots.appendChild(make("section", { class: "plot", "aria-label": run.name }));
    run.head = run.box.appendChild(make("h2"));
    run.fields = run.box.appendChild(make("div", { class: "fields" }));
    run.said = run.box.appendChild(make("p", { class: typeof run.mean !== "boolean" || run.batch || hasGaps(run) ? "" : "said" }));
    run.end = run.box.appendChild(make("p", { class: "ended", role: "status" }));
    if (run.domain && run.program !== undefined) run.field = field(run, run.domain, "data and network");
    if (run.names.length === 2 && typeof run.mean === "boolean") setUpPlane(run);
    if (run.field && isPlane(run)) run.field.svg.addEventListener("click", (event) => {
      const box = run.field.svg.getBoundingClientRect();
      state.tried = run.field.from((100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height);
      draw();
    });
  }
}

function field(run, domain, what, ...caption) {
  const svg = make("svg:svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": `${what}, ${run.name}` });
  const canvas = make("canvas", { "aria-hidden": "true" }), below = make("figcaption", {}, ...caption);
  run.fields.append(make("figure", {}, make("div", { class: "field" }, canvas, svg), below));
  return { svg, canvas, caption: below, domain, ...ground(domain) };
}

function setUpPlane(run) {
  // The loss over the plane of two parameters, in bands, and the way through it.
  const range = [0, 1].map((i) => {
    const xs = data.runs.flatMap(({ rows, losses, kept }) => // one scale for all runs, without what diverges
      rows.filter((row, k) => row.length === 2 && (losses[kept[k]] ?? Infinity) <= 3 * losses[0]).map((row) => row[i]));
    const low = Math.min(...xs), high = Math.max(...xs), margin = 0.25 * (high - low) || 1;
    return [low - margin, high + margin];
  });
  const [first, second] = run.names, last = run.kept.length - 1;
  run.plane = field(run, range, "loss over parameters", `${first} (→) and ${second} (↑); shade: L`);
  const lossAt = (parameters) => lossAndGradient(run, last, run.X.map((x, i) => outputs(run, x, last, run.Y[i], parameters)))[0];
  const values = run.plane.grid((parameters) => Math.log(lossAt(parameters) + 1e-3));
  const low = Math.min(...values.flat()), high = Math.max(...values.flat());
  run.plane.share = (i, j) => Math.round(9 * ((values[j][i] - low) / (high - low || 1))) / 9;
}

function drawPlots() {
  const palette = { paper: colour("--paper"), ink: colour("--frame"), marks: ["--a", "--b", "--c", "--d"].map(colour) };
  data.runs.forEach((run, number) => {
    const k = keptAt(run, state.step), all = passes(run, k);
    const right = run.classes && all.length > 1 ? all.filter((y, i) => classOf(run, y) === classOf(run, run.Y[i])).length : null;
    const others = [run.held.length && `held out ${short(run.held[k])}`, right !== null && `${right} of ${all.length} right`].filter(Boolean).join(", ");
    const between = state.step < run.kept[k + 1] && state.step > run.kept[k] ? `; ${moment(run.kept[k])}: ` : ", ";
    run.head.replaceChildren(`${run.name} `, make("small", {}, `L = ${short(lossNow(run))}${others && between + others}`));
    run.said.textContent = theLoss(run, k);
    const beyond = state.step > run.kept.at(-1) ? `Parameters of more than 10⁶ after ${run.kept.at(-1)} steps. ` : "";
    run.end.textContent = run.ended && state.step >= run.losses.length ? beyond + run.ended : run.ended ? beyond : "";
    if (run.field) drawField(run, k, all, palette);
    if (!run.plane) return;
    const { svg, canvas, share, to } = run.plane, way = run.rows.slice(0, k + 1).map((row) => to(...row));
    paint(canvas, CELLS, CELLS, (i, j) => mixed(palette.paper, palette.ink, share(i, j)));
    svg.replaceChildren(path(`line run${number % 4}`, way), shape(way.at(-1), 0, "mark mark0"));
  });
}

function drawField(run, k, all, palette) {
  const { svg, canvas, caption, to, from, middle, grid } = run.field, parts = [path("frame", [], "M0 0H100V100H0Z")];
  const words = hasGaps(run) ? [moment(run.kept[k])] : [];
  if (isPlane(run)) {
    const say = saying(run, palette), said = grid((x) => saysOf(run, x, k)), heights = said.map((row) => row.map(([y]) => y));
    paint(canvas, CELLS, CELLS, (i, j) => say(said[j][i]));
    if (sizeOf(run) === 1) {
      const low = Math.min(...heights.flat()), isFlat = Math.max(...heights.flat()) - low < 1e-3;
      if (isFlat) words.push(`ŷ is ${compact(low)} everywhere here: there is no boundary`);
      else parts.push(path("boundary", [], contour(heights, run.threshold, (i, j) => [i, j].map(middle))));
    }
    run.X.forEach((x, i) => {
      const kind = classOf(run, run.Y[i]), wrong = run.classes && classOf(run, all[i]) !== kind;
      parts.push(shape(to(...x), kind, `mark mark${kind % 4}${wrong ? " wrong" : ""}`));
    });
    if (state.tried) {
      const y = saysOf(run, state.tried, k);
      parts.push(shape(to(...state.tried), 3, "tried"));
      run.head.lastChild.append(`; at (${state.tried.map((x) => short(x)).join(", ")}) ŷ = ${y.map((z) => short(z)).join(", ")}`);
    }
  } else {
    const xs = Array.from({ length: 101 }, (_, i) => from(i, 0)[0]);
    parts.push(path("fit", xs.map((x) => to(x, saysOf(run, [x], k)[0]))));
    run.X.forEach((x, i) => parts.push(shape(to(x[0], run.Y[i][0]), 0, "mark mark0")));
  }
  for (const [x, y] of run.held_out) { // hollow
    const kind = x.length === 1 ? 0 : classOf(run, y);
    parts.push(shape(to(x[0], x[1] ?? y[0]), kind, `held-out run${kind % 4}`));
  }
  svg.replaceChildren(...parts);
  caption.textContent = words.join(" ");
}

// The parameters of the chosen run.

function setUpCards() {
  const run = data.runs[state.run];
  let at = 0;
  run.shown = run.cards.map(([name, rows, columns], number) => {
    const start = at, count = rows * columns, caption = make("figcaption", {}, name, make("i", {}, columns > 1 ? `${rows} × ${columns}` : rows > 1 ? rows : ""));
    at += count;
    if (count > MANY) {
      const both = [make("canvas"), make("canvas")];
      const style = [columns, rows].map((n) => `${Math.min(n * 9, 230)}px`);
      both.forEach((canvas) => ([canvas.style.width, canvas.style.height] = style));
      const sides = make("small"), marked = make("small");
      return { start, rows, columns, canvases: both, sides, marked, box: make("figure", { class: "card" }, caption, ...both, sides, marked) };
    }
    const row = (kind) => Array.from({ length: columns }, () => make("td", { class: kind }));
    const cells = Array.from({ length: rows }, () => [row("value"), row("gradient")]);
    const marks = cells.map(() => make("td", { class: "idle" })).filter(() => run.hidden.some(([, , card]) => card === number));
    const heads = ["value", typeof run.mean === "boolean" ? "gradient" : "update"].map((text, which) => make("th", { colspan: columns + 1, class: which ? "gradient" : "" }, text));
    const both = ([values, slopes], j) => make("tr", {}, ...values, make("td", { class: "gap" }), ...slopes, marks[j] ?? "");
    const each = (which) => [make("tr", {}, heads[which]), ...cells.map((row, j) => make("tr", {}, ...row[which], which ? "" : marks[j] ?? ""))];
    const isWide = columns > 8; // then gradients stand below
    const table = make("table", {}, ...(isWide ? [...each(0), ...each(1)] : [make("tr", {}, ...heads), ...cells.map(both)]));
    return { start, rows, columns, cells, marks, box: make("figure", { class: "card" }, caption, table) };
  });
  cards.replaceChildren(...run.shown.map(({ box }) => box));
}

function drawCards() {
  const run = data.runs[state.run], k = keptAt(run, state.step), values = run.rows[k];
  const gradient = lossAndGradient(run, k)?.slice(1);
  const second = gradient ?? run.rows[k + 1]?.map((x, i) => x - values[i]); // without a gradient, what the step changes
  const many = run.kept[k + 1] - run.kept[k], right = gradient ? "gradient" : many > 1 ? `update of ${many} steps` : second ? "update" : "no update, at the end";
  byId("whose").textContent = `${data.runs.length > 1 ? `${run.name}, ` : ""}${moment(run.kept[k])}`;
  const idle = idleNeurons(run);
  run.shown.forEach(({ start, rows, columns, cells, canvases, marks, sides, marked }, number) => {
    const own = idle.filter(({ card }) => card === number);
    const rowsSaid = own.length ? `${own[0].word}: row ${own.map(({ row }) => row + 1).join(", ")}` : "";
    if (canvases) [sides.textContent, marked.textContent] = [`left: value, right: ${right}`, rowsSaid];
    marks?.forEach((mark, j) => (mark.textContent = own.find(({ row }) => row === j)?.word ?? ""));
    [values, second].forEach((numbers, which) => {
      const own = numbers?.slice(start, start + rows * columns), scale = own && Math.max(...own.map(Math.abs));
      if (canvases) {
        const [paper, up, down] = ["--operation", "--up6", "--down6"].map(colour);
        return paint(canvases[which], columns, rows, (i, j) => {
          const share = own ? own[j * columns + i] / (scale || 1) : 0;
          return mixed(paper, share > 0 ? up : down, Math.abs(share));
        });
      }
      cells.forEach((row, j) => row[which].forEach((cell, i) => {
        const x = own?.[j * columns + i], text = x === undefined ? "" : compact(x), name = `${which ? "gradient" : "value"} ${own ? heat(x, scale) : ""}`;
        if (cell.textContent !== text) cell.textContent = text; // what stays needs no new layout
        if (cell.className !== name) cell.className = name;
      }));
    });
  });
  byId("said").setAttribute("aria-live", playing === null ? "polite" : "off");
  byId("said").replaceChildren(...[...theUpdate(run, k, gradient), ...equalRows(run, k, gradient), ...inWords(idle)].map((text) => make("li", {}, text)));
}

function theUpdate(run, k, gradient) {
  // What the next step, or the steps to the next kept moment, do to the number that they move most.
  const first = run.kept[k] + 1, last = run.kept[k + 1];
  if (last === undefined) return ["The last moment that is kept: no update follows"];
  const [before, after] = [run.rows[k], run.rows[k + 1]], moved = after.map((x, i) => x - before[i]);
  const most = moved.reduce((found, x, i) => (Math.abs(x) > Math.abs(moved[found]) ? i : found), 0);
  const [old, now] = [before, after].map((numbers) => short(numbers[most]));
  const how = !run.plain || !gradient || last > first ? `${old} → ${now}` : `${old} − ${short(run.rate)} · (${short(gradient[most])}) = ${now}`;
  return [`${last > first ? `Steps ${first} to ${last} move` : `Step ${last} moves`} ${run.names[most]} most: ${how}`];
}

function theLoss(run, k) {
  // What the next step does to the loss, beside what its slope had said.
  const [L, then] = run.losses.slice(run.kept[k]), found = then === undefined || run.batch ? null : lossAndGradient(run, k);
  if (!found || run.kept[k + 1] !== run.kept[k] + 1 || state.step > run.kept[k]) return "";
  const along = found.slice(1).reduce((sum, g, i) => sum + g * (run.rows[k + 1][i] - run.rows[k][i]), 0);
  const why = along < 0 && then > L ? " The step is too long: on the way the slope turns." : "";
  return `Step ${run.kept[k] + 1} moves L by ${short(then - L)}; the gradient alone says ${short(along)}.${why}`;
}

function equalRows(run, k, gradient) {
  // Of which matrices all rows are equal, and their gradients too.
  if (!gradient) return [];
  const same = ({ start, rows, columns }, numbers) =>
    Array.from({ length: (rows - 1) * columns }, (_, i) => Math.abs(numbers[start + i] - numbers[start + i + columns]) < 1e-7).every(Boolean);
  const found = run.shown.flatMap((card, n) => (card.rows > 1 && same(card, run.rows[k]) && same(card, gradient) ? [run.cards[n][0]] : []));
  return found.length ? [`All rows of ${found.join(", ")} are equal, and so are their gradients: the step moves them alike, and they stay equal`] : [];
}

function idleNeurons(run) {
  // The neurons that pass little or no gradient on, in these examples.
  let at = run.Y && sizeOf(run);
  return run.hidden.flatMap(([names, kind, card]) => {
    const start = at, all = passes(run, keptAt(run, state.step)), n = all.length;
    at += names.length;
    return names.flatMap((name, row) => {
      const idle = all.map((y) => y[start + row]).filter((x) => (kind === "relu" ? x === 0 : kind === "tanh" ? 1 - x * x < 0.05 : x * (1 - x) < 0.0125)).length;
      const word = kind !== "relu" && idle > n / 2 ? "saturated" : kind === "relu" && n && idle === n ? "dead" : "";
      return word ? [{ name, row, card, word, said: word === "dead" ? `0 in all ${n} examples, and no gradient passes` : `in ${idle} of ${n} examples, where little gradient passes` }] : [];
    });
  });
}

function inWords(idle) {
  const said = idle.map(({ name, word, said }) => `${name} is ${word}: ${said}`);
  return said.length > 3 ? [...said.slice(0, 3), `and ${said.length - 3} more`] : said;
}

// Time.

function moment(n) {
  return n === 1 ? "after 1 step" : `after ${n} steps`;
}

function draw() {
  time.value = state.step;
  const losses = data.runs.map((run) => `${run.name}: L = ${short(lossNow(run))}`);
  time.setAttribute("aria-valuetext", [moment(state.step), ...losses].join("; "));
  byId("position").textContent = `after ${state.step} of ${data.steps} steps`;
  const x = drawCurve.at(state.step);
  byId("losses").lastChild.setAttribute("transform", `translate(${x} 0)`);
  drawPlots();
  drawCards();
}

function go(step) {
  state.step = Math.max(0, Math.min(data.steps, step));
  draw();
}

function beside(way) {
  // The nearest moment before (−1) or after (1) this one that some run kept, so that the picture changes.
  let step = state.step + way, last = Math.max(...data.runs.map((run) => run.kept.at(-1)));
  while (step > 0 && step < last && !data.runs.some((run) => run.kept.includes(step))) step += way;
  return step;
}

function pause() {
  cancelAnimationFrame(playing);
  playing = null;
  play.textContent = "play";
  play.setAttribute("aria-pressed", "false");
}

function playOrPause() {
  if (playing !== null) return pause();
  if (state.step >= data.steps) state.step = 0;
  play.textContent = "pause";
  play.setAttribute("aria-pressed", "true");
  let exact = state.step, before = performance.now();
  const frame = (now) => {
    exact += ((now - before) / 1000) * (calm.matches ? 1 : Number(speed.value));
    before = now;
    if (Math.floor(exact) !== state.step) go(Math.floor(exact));
    if (state.step >= data.steps) return pause();
    playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

function openPass() {
  // The page of one pass, with the numbers of this moment in its address.
  const run = data.runs[state.run], k = keptAt(run, state.step), i = examplesAt(run, k)[0];
  const names = ["η", ...run.names, ...run.given.flat()], numbers = [run.rate, ...run.rows[k], ...run.X[i], ...run.Y[i]];
  const address = names.map((name, n) => `${encodeURIComponent(name)}=${numbers[n]}`).join("&");
  window.open(`${URL.createObjectURL(new Blob([data.pages[run.page]], { type: "text/html" }))}#${address}`);
}

function choose(number) {
  state.run = number;
  byId("pass").hidden = data.runs[number].page === undefined || window.parent !== window;
  [...byId("runs").children].forEach((button, k) => button.setAttribute("aria-pressed", k === number));
  setUpCards();
  draw();
}

function listen() {
  const buttons = { first: () => 0, previous: () => beside(-1), next: () => beside(1) };
  for (const [id, step] of Object.entries(buttons)) byId(id).addEventListener("click", () => (pause(), go(step())));
  play.addEventListener("click", playOrPause);
  byId("pass").addEventListener("click", openPass);
  time.addEventListener("input", () => (pause(), go(time.valueAsNumber)));
  window.addEventListener("resize", () => (drawCurve(), draw()));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("button, select")) return;
    const moves = { ArrowLeft: buttons.previous, ArrowRight: buttons.next, Home: buttons.first, End: () => data.steps };
    if (event.key === " ") playOrPause();
    else if (event.key in moves) (pause(), go(moves[event.key]()));
    else return;
    event.preventDefault();
  });
}

unpacked(byId("data").textContent).then((found) => {
  data = found;
  const asked = Number(addressed().get("step"));
  time.max = data.steps;
  for (const s of [1, 3, 10, 30, 100]) speed.append(make("option", { value: s, ...(s === 10 ? { selected: "" } : {}) }, `${s} ×`));
  if (data.runs.length > 1)
    byId("runs").append(...data.runs.map((run, k) => {
      const line = make("svg:svg", { viewBox: "0 0 26 8", "aria-hidden": "true" }, make("svg:path", { class: `line run${k % 4}`, d: "M0 4H26" }));
      const button = make("button", { title: "Show its parameters" }, line, run.name);
      button.addEventListener("click", () => choose(k));
      return button;
    }));
  const planar = data.runs.some(isPlane), held = data.runs.some((run) => run.held_out?.length);
  const words = [planar && "● ■ ▲ ◆ targets · shade: ŷ · line: the boundary · outlined: on the wrong side", held && "hollow: held out",
    "blue: above 0, orange: below 0; slanted: a gradient, or an update"];
  byId("legend").textContent = words.filter(Boolean).join(" · ");
  byId("notes").hidden = !data.notes.length;
  byId("notes").lastElementChild.append(...data.notes.map((note) => make("li", {}, note)));
  for (const run of data.runs) run.rows = rowsOf(run);
  setUpPlots();
  plots.classList.toggle("small", plots.querySelectorAll("figure").length > 2);
  drawCurve();
  if (Number.isInteger(asked)) state.step = Math.max(0, Math.min(asked, data.steps));
  choose(0);
  listen();
});
