// Scales and the marks on them.

// Marks at 1, 2 or 5 times a power of ten.
function linearTicks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  if (!(raw > 0) || !Number.isFinite(raw)) return { step: 1, at: [low] };
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((nice) => nice * power >= raw * 0.999);
  const at = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9 && at.length < 50; place += 1) at.push(place * step);
  return { step, at };
}

function linearLabel(value, step) {
  const size = Math.max(Math.abs(value), step);
  if (Math.abs(value) < step * 1e-6) return "0";
  if (size >= 1e6 || size < 1e-4) return format(Number(value.toPrecision(6)));
  return value.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))).replace("-", "−");
}

function logTicks(low, high, count) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  if (last - first < 2 && high / low < 5) return linearTicks(low, high, count).at.filter((value) => value > 0);
  const every = Math.max(1, Math.ceil((last - first) / count));
  const factors = last - first <= 2 ? [1, 2, 5] : [1];
  const at = [];
  for (let power = first; power <= last; power += every) for (const factor of factors) at.push(factor * 10 ** power);
  return at.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

// Steps of time that people count in, in seconds.
const SPANS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];

function timeTicks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  if (raw < 1 || raw > SPANS[SPANS.length - 1]) return linearTicks(low, high, count);
  const step = SPANS.find((span) => span >= raw);
  const at = [];
  for (let place = Math.ceil(low / step); place * step <= high && at.length < 50; place += 1) at.push(place * step);
  return { step, at };
}

// Seconds since 1970 as a clock or a date, whichever tells the marks apart.
function wallLabel(seconds, step) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return format(seconds);
  const text = date.toISOString();
  if (step >= 86400) return text.slice(0, 10);
  if (seconds % 86400 === 0) return text.slice(5, 10);
  return step >= 60 ? text.slice(11, 16) : step >= 1 ? text.slice(11, 19) : text.slice(14, 23);
}

// The horizontal axes of charts: where a point stands, and how that is said.
const AXES = {
  step: { name: "Step", title: "step", place: (curve, at) => curve.steps[at], ticks: linearTicks, label: linearLabel, say: (x) => `step ${format(x)}` },
  relative: {
    name: "Time since the start", title: "time since the run began", place: (curve, at) => curve.times[at] / 1e6,
    ticks: timeTicks, label: (x) => (x === 0 ? "0" : formatSeconds(x)), say: formatSeconds,
  },
  wall: {
    name: "Time of day (UTC)", title: "time (UTC)", place: (curve, at) => (runs[curve.run].started_us + curve.times[at]) / 1e6,
    ticks: timeTicks, label: wallLabel, say: (x) => { const date = new Date(x * 1000); return Number.isNaN(date.getTime()) ? format(x) : `${date.toISOString().slice(0, 23).replace("T", " ")} UTC`; },
  },
};

// A scale from values to pixels, and back.
function scale([low, high], [from, to], log) {
  const [a, b] = log ? [Math.log10(low), Math.log10(high)] : [low, high];
  const width = b - a || 1;
  const place = (given) => {
    const value = log ? Math.log10(given) : Math.min(Math.max(given, -2 * WIDEST), 2 * WIDEST);
    return Math.min(Math.max(from + ((value - a) / width) * (to - from), -FARTHEST), FARTHEST);
  };
  place.back = (pixel) => {
    const value = a + ((pixel - from) / (to - from)) * width;
    return log ? 10 ** value : value;
  };
  return place;
}

// The widest range of an axis: its width, with room around it, is still a number.
const WIDEST = 1e307;
const SMALLEST_LOG = 1e-300;
// Farther outside, in pixels, nothing is drawn differently.
const FARTHEST = 1e7;

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const given of values) {
    if (!Number.isFinite(given)) continue;
    const value = Math.min(Math.max(given, -WIDEST), WIDEST);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : null;
}

// Room around a range, so that no curve lies on the frame.
function roomy([low, high], log, share = 0.05) {
  if (log) {
    const least = Math.max(low, SMALLEST_LOG);
    const most = Math.max(high, least);
    const factor = most > least ? 10 ** ((Math.log10(most) - Math.log10(least)) * share) : 2;
    return [Math.max(least / factor, SMALLEST_LOG / 10), Math.min(most * factor, WIDEST * 10)];
  }
  if (high > low) return [low - (high - low) * share, high + (high - low) * share];
  const room = low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - room, high + room];
}
