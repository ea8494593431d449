// Elements, numbers and times. Text that was stored becomes text nodes and attribute values, never markup.

const data = JSON.parse(document.getElementById("data").textContent);
const runs = data.runs;
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = 10;
const DASHES = ["", "6 3", "2 3", "9 3 2 3", "12 4"];

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// What the page shows of the runs: which are hidden, which one is pointed at.
const state = { hidden: new Set(), listeners: [] };
const shown = (run) => !state.hidden.has(run);
const changed = () => state.listeners.forEach((listener) => listener());

function toggle(run) {
  if (shown(run)) state.hidden.add(run);
  else state.hidden.delete(run);
  changed();
}

function point(run) {
  for (const node of document.querySelectorAll("[data-run]")) {
    node.classList.toggle("hot", run !== null && Number(node.dataset.run) === run);
    node.classList.toggle("dim", run !== null && Number(node.dataset.run) !== run);
  }
}

const colour = (run) => `k${run % COLOURS}`;
const dash = (run) => DASHES[Math.floor(run / COLOURS) % DASHES.length];

function swatch(run) {
  const line = svg("line", { x1: 1, x2: 21, y1: 5, y2: 5, class: `stroke ${colour(run)}`, "stroke-width": 3, "stroke-dasharray": dash(run) });
  return svg("svg", { class: "swatch", width: 22, height: 10, "aria-hidden": "true" }, line);
}

// A number that JSON may hold as text.
const number = (value) => (typeof value === "number" ? value : { Infinity: Infinity, "-Infinity": -Infinity }[value] ?? NaN);

function format(value) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text;
  if (value === 0 || (Number.isInteger(value) && size < 1e9)) text = String(value);
  else if (size >= 1e9 || size < 1e-4) text = value.toExponential(4).replace(/\.?0+e/, "e").replace("e+", "e");
  else text = String(Number(value.toPrecision(6)));
  return text.startsWith("-") ? `−${text.slice(1)}` : text;
}

function formatBytes(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}

// Seconds in the two largest units.
function formatSeconds(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.abs(seconds);
  if (whole < 1e-3 && whole > 0) return `${sign}${Number((whole * 1e6).toPrecision(3))} µs`;
  if (whole < 1 && whole > 0) return `${sign}${Number((whole * 1e3).toPrecision(3))} ms`;
  if (whole < 60) return `${sign}${Number(whole.toPrecision(3))} s`;
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  let rest = Math.round(whole);
  const text = [];
  for (const [name, size] of parts) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count || text.length) text.push(`${count} ${name}`);
    if (text.length === 2) break;
  }
  return sign + text.filter((part) => !part.startsWith("0 ")).join(" ");
}

// A time in UTC, to the second; the text of the store for years that no browser knows.
function formatTime(text) {
  return /^\d{4}-\d\d-\d\dT/.test(text) ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text;
}

const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);
}
