// Curves of one metric: all runs over one pair of axes.

const MARGIN = { left: 58, top: 10, right: 14, bottom: 40 };
const HEIGHT = 250;
// How many values are said beside the pointer.
const SAID = 12;
// Raw curves stand behind the smoothed ones of up to so many runs; of more they would hide them.
const BEHIND = 10;
// What all charts share.
const view = { axis: "step", smoothing: 0 };
const charts = [];

// An exponential moving average that begins at the first value instead of at zero.
function smoothed(values, weight) {
  if (weight <= 0) return values;
  let [sum, seen] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    sum = sum * weight + (1 - weight) * value;
    seen += 1;
    return sum / (1 - weight ** seen);
  });
}

class Chart {
  constructor(key, curves) {
    this.key = key;
    this.curves = curves.map((curve) => ({ ...curve, values: curve.values.map(number) }));
    this.log = false;
    this.zoom = null;
    this.cursor = null;
    this.id = `chart-${charts.length}`;
    const box = el("input", { type: "checkbox", onchange: () => this.setLog(box.checked) });
    this.box = box;
    this.reset = el("button", { type: "button", class: "link", hidden: true, onclick: () => this.zoomTo(null) }, "reset zoom");
    this.picture = svg("svg", { class: "plot", tabindex: 0, role: "img", "aria-label": this.describe() });
    this.said = el("div", { class: "said", hidden: true, role: "status" });
    this.note = el("p", { class: "soft small" });
    this.node = el("figure", { class: "card chart", "data-key": key },
      el("figcaption", {}, el("h3", {}, key), this.reset, el("label", { class: "small" }, box, " log")),
      el("div", { class: "stage" }, this.picture, this.said), this.note);
    this.listen();
  }

  describe() {
    const words = this.curves.slice(0, 20).map((curve) => `${runs[curve.run].name}: ${format(number(this.cell(curve).last))}`);
    return `Curves of ${this.key}, last values: ${words.join(", ")}. Arrow keys move along the curves, plus and minus zoom, Escape resets.`;
  }

  cell(curve) {
    return data.metrics.find((row) => row.key === this.key).cells[curve.run];
  }

  setLog(log) {
    this.log = log;
    this.box.checked = log;
    this.zoom = null;
    this.draw();
  }

  zoomTo(zoom) {
    this.zoom = zoom;
    this.cursor = null;
    this.draw();
  }

  // Points of the runs that are shown, in the order of the axis, raw and smoothed.
  prepare() {
    const place = AXES[view.axis].place;
    return this.curves.filter((curve) => shown(curve.run)).map((curve) => {
      const places = curve.values.map((_, at) => place(curve, at));
      const order = places.map((_, at) => at);
      if (places.some((x, at) => at && x < places[at - 1])) order.sort((a, b) => places[a] - places[b] || a - b);
      const raw = order.map((at) => curve.values[at]);
      return { run: curve.run, xs: order.map((at) => places[at]), raw, ys: smoothed(raw, view.smoothing) };
    });
  }

  draw() {
    const width = Math.max(this.picture.parentNode.clientWidth, 240);
    this.width = width;
    this.lines = this.prepare();
    const usable = (value) => Number.isFinite(value) && (!this.log || value > 0);
    const xRange = this.zoom ? this.zoom.x : extent(this.lines.flatMap((line) => line.xs.filter((_, at) => usable(line.raw[at]))));
    const inside = (x) => !this.zoom || (x >= xRange[0] && x <= xRange[1]);
    let yRange = this.zoom && this.zoom.y;
    if (!yRange) {
      const values = this.lines.flatMap((line) => [...line.raw, ...line.ys].filter((value, at) => usable(value) && inside(line.xs[at % line.xs.length])));
      yRange = extent(values);
      if (yRange) yRange = roomy(yRange, this.log);
    }
    this.reset.hidden = !this.zoom;
    this.said.hidden = true;
    this.picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.picture.setAttribute("height", HEIGHT);
    this.picture.setAttribute("width", width);
    this.tell();
    if (!xRange || !yRange) {
      const why = !this.lines.length ? "no run with this metric is shown" : this.log ? "no value above zero" : "no finite value";
      this.picture.replaceChildren(svg("text", { x: width / 2, y: HEIGHT / 2, "text-anchor": "middle", class: "soft" }, why));
      this.x = this.y = null;
      return;
    }
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
    this.x = scale(this.zoom ? xRange : roomy(xRange, false, xRange[0] === xRange[1] ? 0.05 : 0), [left, right], false);
    this.y = scale(yRange, [bottom, top], this.log);
    const clip = svg("clipPath", { id: this.id }, svg("rect", { x: left, y: top - 2, width: right - left, height: bottom - top + 4 }));
    const area = svg("g", { "clip-path": `url(#${this.id})` });
    const behind = view.smoothing > 0 && this.lines.length <= BEHIND ? this.lines : [];
    for (const line of behind) area.append(this.trace(line, line.raw, usable, "faint"));
    for (const line of this.lines) area.append(this.trace(line, line.ys, usable, "bold"));
    this.over = svg("g", { class: "over" });
    this.picture.replaceChildren(svg("defs", {}, clip), this.grid(left, right, top, bottom, yRange), area, this.over);
  }

  tell() {
    const thinned = this.lines.filter((line) => this.curves.find((curve) => curve.run === line.run).count > line.xs.length).length;
    const gaps = this.lines.reduce((sum, line) => sum + line.raw.filter((value) => !Number.isFinite(value)).length, 0);
    const below = this.log ? this.lines.reduce((sum, line) => sum + line.raw.filter((value) => value <= 0).length, 0) : 0;
    const largest = Math.max(...this.curves.map((curve) => curve.count));
    this.note.textContent = [
      thinned && `Thinned from up to ${largest.toLocaleString("en")} points; the smallest and the largest of every stretch are kept.`,
      gaps && `${plural(gaps, "point is", "points are")} NaN or infinite: gaps.`,
      below && `${plural(below, "point is", "points are")} not above zero, which a log scale does not have.`,
    ].filter(Boolean).join(" ");
  }

  grid(left, right, top, bottom, yRange) {
    const marks = svg("g", { class: "axis" });
    const wanted = Math.floor((bottom - top) / 32);
    const linear = linearTicks(yRange[0], yRange[1], wanted);
    const ys = this.log ? logTicks(yRange[0], yRange[1], wanted) : linear.at;
    for (const value of ys) {
      const y = this.y(value);
      if (y < top - 1 || y > bottom + 1) continue;
      marks.append(svg("line", { x1: left, x2: right, y1: y, y2: y, class: "rule" }));
      marks.append(svg("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, this.log ? format(Number(value.toPrecision(4))) : linearLabel(value, linear.step)));
    }
    const axis = AXES[view.axis];
    const across = axis.ticks(this.x.back(left), this.x.back(right), Math.max(2, Math.floor((right - left) / 95)));
    for (const value of across.at) {
      const x = this.x(value);
      marks.append(svg("line", { x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "tick" }));
      marks.append(svg("text", { x: Math.min(x, right - 8), y: bottom + 17, "text-anchor": "middle" }, axis.label(value, across.step)));
    }
    marks.append(svg("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "tick" }));
    marks.append(svg("text", { x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle", class: "title" }, axis.title));
    return marks;
  }

  // One curve; points that cannot be drawn leave gaps, and points alone between gaps are dots.
  trace(line, values, usable, kind) {
    let path = "";
    let pen = false;
    const alone = svg("g", {});
    values.forEach((value, at) => {
      if (!usable(value)) {
        pen = false;
        return;
      }
      const [x, y] = [this.x(line.xs[at]).toFixed(1), this.y(value).toFixed(1)];
      path += `${pen ? "L" : "M"}${x} ${y}`;
      if (!pen && !usable(values[at + 1])) alone.append(svg("circle", { cx: x, cy: y, r: 2.5, class: `dot ${colour(line.run)}` }));
      pen = true;
    });
    const stroke = svg("path", { d: path, class: `stroke ${kind} ${colour(line.run)}`, "stroke-dasharray": dash(line.run) });
    return svg("g", { "data-run": line.run, class: `trace ${kind}` }, svg("title", {}, runs[line.run].name), stroke, alone);
  }

  // Shows the values nearest to a place on the axis; `y` is where the pointer is, in pixels.
  hover(pixel, y) {
    if (!this.x) return;
    this.cursor = this.x.back(pixel);
    const [top, bottom] = [MARGIN.top, HEIGHT - MARGIN.bottom];
    const near = [];
    for (const line of this.lines) {
      const at = nearest(line.xs, this.cursor);
      if (at < 0 || Math.abs(this.x(line.xs[at]) - pixel) > 40) continue;
      near.push({ run: line.run, x: line.xs[at], value: line.ys[at], raw: line.raw[at] });
    }
    const drawn = (one) => Number.isFinite(one.value) && (!this.log || one.value > 0);
    const away = (one) => (drawn(one) ? Math.abs(this.y(one.value) - (y ?? 0)) : Infinity);
    near.sort((a, b) => away(a) - away(b));
    const closest = y !== null && near.length && away(near[0]) < 30 ? near[0].run : null;
    const said = near.slice(0, SAID).sort((a, b) => (Number.isNaN(a.value) ? 1 : Number.isNaN(b.value) ? -1 : b.value - a.value));
    this.over.replaceChildren(svg("line", { x1: pixel, x2: pixel, y1: top, y2: bottom, class: "cursor" }));
    for (const one of said.filter(drawn)) this.over.append(svg("circle", { cx: this.x(one.x), cy: this.y(one.value), r: 3.5, class: `dot ${colour(one.run)}` }));
    const rows = said.map((one) => el("tr", { class: one.run === closest ? "closest" : "" }, el("td", {}, swatch(one.run)), el("td", { class: "name" }, runs[one.run].name), el("td", { class: "value" }, format(one.value)), view.smoothing > 0 && el("td", { class: "soft" }, `raw ${format(one.raw)}`)));
    const more = near.length - said.length;
    this.said.replaceChildren(el("div", { class: "soft" }, said.length ? AXES[view.axis].say(said[0].x) : "no point here"), el("table", {}, rows), more > 0 ? el("div", { class: "soft" }, `and ${plural(more, "run", "runs")} further away`) : "");
    this.said.hidden = false;
    const left = pixel > this.width / 2;
    this.said.style.setProperty("left", left ? "auto" : `${pixel + 14}px`);
    this.said.style.setProperty("right", left ? `${this.width - pixel + 14}px` : "auto");
    if (y !== null) point(closest);
  }

  leave() {
    this.said.hidden = true;
    if (this.over) this.over.replaceChildren();
    point(null);
  }

  listen() {
    let start = null;
    const at = (event) => {
      const box = this.picture.getBoundingClientRect();
      const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
      return [clamp(event.clientX - box.left, MARGIN.left, this.width - MARGIN.right), clamp(event.clientY - box.top, MARGIN.top, HEIGHT - MARGIN.bottom)];
    };
    // Along the axis only, unless the pointer goes clearly up or down too.
    const both = ([, y0], [, y1]) => Math.abs(y1 - y0) > 24;
    const corners = (from, to) => {
      const tall = both(from, to);
      const ys = tall ? [from[1], to[1]].sort((a, b) => a - b) : [MARGIN.top, HEIGHT - MARGIN.bottom];
      return { xs: [from[0], to[0]].sort((a, b) => a - b), ys, tall };
    };
    this.picture.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.x) return;
      start = at(event);
      this.picture.setPointerCapture(event.pointerId);
    });
    this.picture.addEventListener("pointermove", (event) => {
      if (!this.x) return;
      const here = at(event);
      if (!start) {
        this.hover(...here);
        return;
      }
      const { xs, ys } = corners(start, here);
      this.said.hidden = true;
      this.over.replaceChildren(svg("rect", { x: xs[0], y: ys[0], width: xs[1] - xs[0], height: ys[1] - ys[0], class: "brush" }));
    });
    const end = (event) => {
      if (!start) return;
      const { xs, ys, tall } = corners(start, at(event));
      start = null;
      this.over.replaceChildren();
      if (event.type === "pointerup" && xs[1] - xs[0] > 5) this.zoomTo({ x: xs.map(this.x.back), y: tall ? [ys[1], ys[0]].map(this.y.back) : this.zoom && this.zoom.y });
    };
    this.picture.addEventListener("pointerup", end);
    this.picture.addEventListener("pointercancel", end);
    this.picture.addEventListener("pointerleave", () => start || this.leave());
    this.picture.addEventListener("dblclick", () => this.zoomTo(null));
    this.picture.addEventListener("blur", () => this.leave());
    this.picture.addEventListener("keydown", (event) => this.key_(event));
  }

  key_(event) {
    if (!this.x) return;
    const [left, right] = [MARGIN.left, this.width - MARGIN.right];
    const middle = this.cursor === null ? (left + right) / 2 : Math.min(Math.max(this.x(this.cursor), left), right);
    const moves = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key in moves) this.hover(Math.min(Math.max(middle + moves[event.key] * (event.shiftKey ? 60 : 12), left), right), null);
    else if (event.key === "+" || event.key === "-") {
      const half = ((right - left) / 2) * (event.key === "+" ? 0.5 : 2);
      const around = this.x.back(middle);
      this.zoomTo({ x: [this.x.back(middle - half), this.x.back(middle + half)], y: this.zoom && this.zoom.y });
      this.cursor = around;
    } else if (event.key === "Escape") this.zoomTo(null);
    else return;
    event.preventDefault();
  }
}

// The place of the number that is closest, in ascending numbers.
function nearest(xs, x) {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && Math.abs(xs[low - 1] - x) <= Math.abs(xs[low] - x) ? low - 1 : low < xs.length ? low : -1;
}

function curves() {
  const byKey = new Map();
  for (const curve of data.curves) byKey.set(curve.key, [...(byKey.get(curve.key) ?? []), curve]);
  if (!byKey.size) return null;
  for (const [key, found] of byKey) charts.push(new Chart(key, found));
  let asked = 0;
  // Once a frame, however fast the slider moves.
  const redraw = () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => charts.forEach((chart) => chart.draw()));
  };
  state.listeners.push(redraw);
  const axis = el("select", { onchange: () => { view.axis = axis.value; charts.forEach((chart) => { chart.zoom = null; }); redraw(); } }, Object.entries(AXES).map(([name, { name: text }]) => el("option", { value: name }, text)));
  const log = el("input", { type: "checkbox", onchange: () => charts.forEach((chart) => chart.setLog(log.checked)) });
  const amount = el("output", {}, "0");
  const slider = el("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: 0, oninput: () => { view.smoothing = Number(slider.value); amount.textContent = slider.value; redraw(); } });
  const search = el("input", { type: "search", placeholder: "name of a metric", oninput: () => charts.forEach((chart) => { chart.node.hidden = !chart.key.toLowerCase().includes(search.value.toLowerCase()); }) });
  const tools = el("div", { class: "tools", role: "toolbar", "aria-label": "Charts" },
    el("label", {}, "x axis ", axis), el("label", {}, log, " log scale"), el("label", { title: "exponential moving average; of up to 10 runs the raw curves stay visible behind it" }, "smoothing ", slider, " ", amount),
    charts.length > 4 && el("label", {}, "find ", search),
    el("button", { type: "button", class: "link", onclick: () => charts.forEach((chart) => chart.zoomTo(null)) }, "reset all zooms"),
    el("span", { class: "soft hint" }, "drag to zoom, double click to reset"));
  new ResizeObserver(() => { if (charts.some((chart) => !chart.node.hidden && chart.picture.parentNode.clientWidth !== chart.width)) redraw(); }).observe(document.body);
  const grid = el("div", { class: charts.length === 1 ? "charts one" : "charts" }, charts.map((chart) => chart.node));
  return section("curves", "Curves", el("div", { class: "sticky" }, tools, runs.length > 1 && legend()), grid);
}
