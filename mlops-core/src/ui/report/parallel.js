// Parallel coordinates: an axis a param or metric, a line a run.

const PARALLEL = { height: 320, top: 46, bottom: 30, side: 70 };
// Axes that are shown until somebody chooses others, and those there are to choose from.
const FIRST_AXES = 9;
const MOST_AXES = 60;

// A param or metric as an axis: numbers, on a log scale where they span much, else names in the order of their first run.
function dimension(kind, row) {
  const cells = row.cells.map((cell) => (cell === null ? null : kind === "metric" ? number(cell.last) : cell));
  const parsed = cells.map((cell) => (cell === null ? null : typeof cell === "number" ? cell : cell.trim() === "" ? NaN : Number(cell)));
  const numeric = kind === "metric" || cells.every((cell, run) => cell === null || Number.isFinite(parsed[run]) || ["nan", "inf", "-inf"].includes(cell));
  const found = { kind, key: row.key, differs: row.differs, cells, numeric };
  if (!numeric) {
    found.names = [...new Set(cells.filter((cell) => cell !== null))];
    found.values = cells.map((cell) => (cell === null ? NaN : found.names.indexOf(cell)));
    found.usable = found.names.length <= 30;
    return found;
  }
  found.values = parsed.map((value) => (value === null ? NaN : value));
  const range = extent(found.values);
  found.usable = range !== null;
  found.log = range !== null && range[0] > 0 && range[1] / range[0] >= 50;
  return found;
}

function ramp(share) {
  // From blue over green to yellow: lighter is larger, also for the colour-blind.
  const stops = [[68, 57, 154], [49, 104, 172], [38, 145, 140], [88, 186, 95], [222, 190, 44]];
  const place = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const at = Math.min(Math.floor(place), stops.length - 2);
  return `rgb(${stops[at].map((value, channel) => Math.round(value + (stops[at + 1][channel] - value) * (place - at))).join(" ")})`;
}

class Parallel {
  constructor(dimensions) {
    this.all = dimensions;
    const params = dimensions.filter((one) => one.kind === "param" && one.differs).slice(0, FIRST_AXES - 3);
    const metrics = dimensions.filter((one) => one.kind === "metric" && one.differs).slice(0, FIRST_AXES - params.length);
    this.chosen = new Set([...params, ...metrics]);
    this.ranges = new Map();
    this.picture = svg("svg", { class: "plot parallel", role: "img", "aria-label": "Parallel coordinates: a line a run over params and last values of metrics. The tables hold the same values." });
    this.colour = el("select", { onchange: () => this.draw() }, el("option", { value: "" }, "run"), dimensions.map((one, at) => one.numeric && el("option", { value: at }, `${one.kind} ${one.key}`)));
    this.said = el("p", { class: "soft small live", role: "status" });
    state.listeners.push(() => this.draw());
  }

  node() {
    const box = (one) => {
      const input = el("input", { type: "checkbox", checked: this.chosen.has(one), onchange: () => { if (input.checked) this.chosen.add(one); else { this.chosen.delete(one); this.ranges.delete(one); } this.draw(); } });
      return el("label", {}, input, ` ${one.key}`, el("span", { class: "soft" }, one.kind === "metric" ? " (metric)" : ""));
    };
    return section("parallel", "Parallel coordinates",
      el("div", { class: "tools" }, el("label", {}, "colour by ", this.colour), el("button", { type: "button", class: "link", onclick: () => { this.ranges.clear(); this.draw(); } }, "clear selection"), el("span", { class: "soft hint" }, "drag along an axis to select runs")),
      el("div", { class: "card" }, el("div", { class: "stage" }, this.picture), this.said),
      el("details", { class: "axes" }, el("summary", {}, "Choose axes"), el("div", { class: "choices" }, this.all.map(box))));
  }

  draw() {
    const width = Math.max(this.picture.parentNode.clientWidth, 300);
    const { height, top, bottom, side } = PARALLEL;
    this.width = width;
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.picture.setAttribute("width", width);
    this.picture.setAttribute("height", height);
    const axes = this.all.filter((one) => this.chosen.has(one));
    if (axes.length < 2) {
      this.picture.replaceChildren(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle", class: "soft" }, "choose two axes or more"));
      return;
    }
    const gap = (width - 2 * side) / (axes.length - 1);
    // What a run lacks stands beneath the axis.
    const floor = height - bottom;
    const foot = floor - 24;
    axes.forEach((one, at) => {
      one.x = side + at * gap;
      const range = one.numeric ? extent(one.values) : [0, one.names.length - 1];
      one.lacks = one.values.some((value) => !Number.isFinite(value));
      const end = one.lacks ? foot : floor;
      const padded = one.numeric ? (range[0] === range[1] ? roomy(range, one.log) : range) : range[1] === 0 ? [-1, 1] : range;
      one.scale = scale(padded, [end, top], one.log);
      one.range = padded;
      one.place = (run) => (Number.isFinite(one.values[run]) ? one.scale(one.values[run]) : floor);
    });
    const by = this.colour.value === "" ? null : this.all[Number(this.colour.value)];
    const lines = svg("g", {});
    const inside = (run) => [...this.ranges].every(([one, [low, high]]) => !axes.includes(one) || (one.place(run) >= low && one.place(run) <= high));
    let selected = 0;
    runs.forEach((_, run) => {
      if (!shown(run)) return;
      const into = inside(run);
      selected += into ? 1 : 0;
      const path = axes.map((one, at) => `${at ? "L" : "M"}${one.x.toFixed(1)} ${one.place(run).toFixed(1)}`).join("");
      const line = svg("path", { d: path, class: `stroke thread ${colour(run)}`, "stroke-dasharray": by ? "" : dash(run) });
      if (by) {
        const whole = extent(by.log ? by.values.map(Math.log10) : by.values);
        const value = by.log ? Math.log10(by.values[run]) : by.values[run];
        line.style.setProperty("stroke", Number.isFinite(value) ? ramp(whole[1] > whole[0] ? (value - whole[0]) / (whole[1] - whole[0]) : 0.5) : "currentColor");
      }
      const events = { onpointerenter: () => { point(run); this.say(run, axes); }, onpointerleave: () => { point(null); this.say(null, axes, selected); } };
      lines.append(svg("g", { "data-run": run, class: into ? "trace" : "trace out", ...events }, svg("title", {}, runs[run].name), line, svg("path", { d: path, class: "grip" })));
    });
    this.selected = selected;
    this.say(null, axes);
    this.picture.replaceChildren(lines, ...axes.map((one) => this.axis(one, gap)));
  }

  say(run, axes) {
    const visible = runs.filter((_, at) => shown(at)).length;
    const all = [...this.ranges.keys()].some((one) => axes.includes(one)) ? `${this.selected} of ${plural(visible, "run", "runs")} selected` : "";
    this.said.textContent = run === null ? all || "point at a line to read it" : `${runs[run].name}: ${axes.map((one) => `${one.key} ${one.cells[run] === null ? "–" : typeof one.cells[run] === "number" ? format(one.cells[run]) : one.cells[run]}`).join(", ")}`;
  }

  axis(one, gap) {
    const { top, height, bottom } = PARALLEL;
    const floor = height - bottom;
    const most = Math.max(6, Math.floor(gap / 7));
    const short = (text, length = most) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
    const marks = svg("g", { class: "axis" });
    marks.append(svg("line", { x1: one.x, x2: one.x, y1: top, y2: one.lacks ? floor - 24 : floor, class: "tick" }));
    marks.append(svg("text", { x: one.x, y: 16, "text-anchor": "middle", class: "title" }, svg("title", {}, one.key), short(one.key)));
    marks.append(svg("text", { x: one.x, y: 31, "text-anchor": "middle", class: "soft" }, one.kind === "metric" ? "metric" : one.log ? "log" : ""));
    const labels = one.numeric ? (one.log ? logTicks(one.range[0], one.range[1], 5) : linearTicks(one.range[0], one.range[1], 5).at).map((value) => [value, format(Number(value.toPrecision(4)))]) : one.names.map((name, at) => [at, name]);
    for (const [value, text] of labels) {
      const y = one.scale(value);
      marks.append(svg("line", { x1: one.x - 3, x2: one.x + 3, y1: y, y2: y, class: "tick" }));
      marks.append(svg("text", { x: one.x + 7, y: y + 4, class: "halo" }, svg("title", {}, text), short(text, one.numeric ? 12 : most)));
    }
    if (one.lacks) marks.append(svg("text", { x: one.x + 7, y: floor + 4, class: "soft halo" }, "none"));
    const band = svg("rect", { class: "brush", x: one.x - 9, width: 18 });
    const show = () => {
      const range = this.ranges.get(one);
      band.setAttribute("y", range ? range[0] : 0);
      band.setAttribute("height", range ? range[1] - range[0] : 0);
    };
    show();
    const handle = svg("rect", { class: "handle", x: one.x - 11, width: 22, y: top - 6, height: floor - top + 12 });
    const at = (event) => Math.min(Math.max(event.clientY - this.picture.getBoundingClientRect().top, top - 6), floor + 6);
    let start = null;
    handle.addEventListener("pointerdown", (event) => { start = at(event); handle.setPointerCapture(event.pointerId); });
    handle.addEventListener("pointermove", (event) => {
      if (start === null) return;
      this.ranges.set(one, [Math.min(start, at(event)), Math.max(start, at(event))]);
      show();
    });
    handle.addEventListener("pointerup", (event) => {
      if (start !== null && Math.abs(at(event) - start) < 4) this.ranges.delete(one);
      start = null;
      this.draw();
    });
    return svg("g", {}, marks, band, handle);
  }
}

function parallel() {
  if (runs.length < 2) return null;
  const all = [...data.params.map((row) => dimension("param", row)), ...data.metrics.map((row) => dimension("metric", row))].filter((one) => one.usable);
  all.sort((a, b) => Number(b.differs) - Number(a.differs));
  const kept = all.slice(0, MOST_AXES).sort((a, b) => Number(a.kind === "metric") - Number(b.kind === "metric"));
  if (kept.filter((one) => one.differs).length < 2) return null;
  const made = new Parallel(kept);
  new ResizeObserver(() => { if (made.picture.parentNode.clientWidth !== made.width) requestAnimationFrame(() => made.draw()); }).observe(document.body);
  return made;
}
