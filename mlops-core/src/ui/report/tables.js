// The tables: runs, and what they say, a column a run.

function runName(run, toggles) {
  const content = [swatch(run), el("span", { class: "name" }, runs[run].name)];
  const events = { onpointerenter: () => point(run), onpointerleave: () => point(null) };
  if (!toggles || runs.length === 1) return el("span", { class: "run", "data-run": run, ...events }, content);
  const button = el("button", { type: "button", class: "run", "data-run": run, "aria-pressed": "true", title: "show or hide this run in the charts", ...events, onclick: () => toggle(run) }, content);
  state.listeners.push(() => {
    button.classList.toggle("off", !shown(run));
    button.setAttribute("aria-pressed", String(shown(run)));
  });
  return button;
}

function legend() {
  const all = el("button", { type: "button", class: "link", onclick: () => { state.hidden.clear(); changed(); } }, "all");
  const none = el("button", { type: "button", class: "link", onclick: () => { runs.forEach((_, run) => state.hidden.add(run)); changed(); } }, "none");
  return el("div", { class: "legend", role: "group", "aria-label": "Runs in the charts" }, runs.map((_, run) => runName(run, true)), runs.length > 4 && [all, none]);
}

function scrolled(label, table) {
  return el("div", { class: "scroll", role: "region", "aria-label": label, tabindex: 0 }, table);
}

function runsTable() {
  const commit = (run) => run.commit && [el("code", { title: run.commit }, run.commit.slice(0, 10)), run.dirty && el("span", { class: "soft" }, " + changes")];
  const columns = [
    ["Run", (_, at) => runName(at, true)],
    ["Status", (run) => [el("span", { class: `status ${run.status}` }, run.status.toLowerCase()), run.deleted && el("span", { class: "soft" }, " deleted")]],
    ["Started (UTC)", (run) => el("span", { class: "nowrap" }, formatTime(run.started))],
    ["Duration", (run) => el("span", { class: "nowrap" }, formatSeconds(run.lasted_us / 1e6), !run.ended && el("span", { class: "soft" }, " so far"))],
    ["Experiment", (run) => run.experiment],
    ["User", (run) => [run.user, run.host && el("span", { class: "soft" }, ` on ${run.host}`)]],
    ["Source", (run) => run.source && el("span", { title: run.source }, run.source)],
    ["Commit", commit],
    ["Parent", (run) => run.parent && el("code", {}, run.parent)],
    ["Id", (run) => el("code", {}, run.id)],
  ];
  const used = columns.filter(([name]) => !["Source", "Commit", "Parent"].includes(name) || runs.some((run) => run[name.toLowerCase()]));
  const head = el("tr", {}, used.map(([name]) => el("th", { scope: "col" }, name)));
  const body = runs.map((run, at) => el("tr", { "data-run": at }, used.map(([, cell], place) => el(place ? "td" : "th", place ? {} : { scope: "row" }, cell(run, at) ?? ""))));
  return section("runs", runs.length === 1 ? "Run" : "Runs", scrolled("Runs", el("table", {}, el("thead", {}, head), el("tbody", {}, body))));
}

// Rows of one kind; `cell` writes what stands in them.
function keyTable(id, title, corner, rows, cell, note) {
  if (!rows.length) return null;
  const several = runs.length > 1;
  const differing = rows.filter((row) => row.differs).length;
  const body = rows.map((row) => el("tr", { class: several && row.differs ? "differs" : "same" }, el("th", { scope: "row" }, row.key), row.cells.map((value, run) => el("td", { "data-run": run }, value === null ? el("span", { class: "soft", title: "the run has none" }, "–") : cell(value, row, run)))));
  const head = el("tr", {}, el("th", { scope: "col" }, corner), runs.map((_, run) => el("th", { scope: "col" }, several ? runName(run) : "Value")));
  // Metrics nearly always differ: to mark them says nothing.
  const table = el("table", { class: id === "metrics" ? "keys" : "keys marked" }, el("thead", {}, head), el("tbody", {}, body));
  const box = el("input", { type: "checkbox", onchange: () => table.classList.toggle("only", box.checked) });
  const control = several && el("p", { class: "control" }, el("label", {}, box, " only differences"), el("span", { class: "soft" }, differing ? ` ${differing} of ${rows.length} differ` : " none differ"));
  return section(id, title, control, scrolled(title, table), note);
}

const longText = (text) => el("div", { class: "long" }, text);

function metricCell(metric, row) {
  const [last, min, max] = [metric.last, metric.min, metric.max].map(number);
  const others = row.cells.filter((cell) => cell !== null).map((cell) => number(cell.last)).filter(Number.isFinite);
  const ends = others.length > 1 && Math.min(...others) < Math.max(...others);
  const mark = ends && last === Math.max(...others) ? "▲" : ends && last === Math.min(...others) ? "▼" : "";
  const strange = Number.isFinite(last) ? "" : " strange";
  const range = metric.count > 1 && el("div", { class: "soft nowrap" }, `${format(min)} … ${format(max)}`);
  const where = el("div", { class: "soft nowrap" }, `step ${stepText(metric.step)} · ${plural(metric.count, "point", "points")}`);
  const gaps = metric.gaps ? el("div", { class: "strange nowrap" }, `${metric.gaps.toLocaleString("en")} NaN or ∞`) : null;
  return [el("div", { class: `value nowrap${strange}` }, el("span", { title: metric.last }, format(last)), mark && el("span", { class: "mark", title: mark === "▲" ? "the largest" : "the smallest" }, ` ${mark}`)), range, where, gaps];
}

const stepText = (step) => (Number.isSafeInteger(Number(step)) ? Number(step).toLocaleString("en") : step);

// Of one run: a column for each thing that a run says of a metric.
function metricsOfOne() {
  if (!data.metrics.length) return null;
  const shownNumber = (given) => el("td", { class: Number.isFinite(number(given)) ? "nowrap" : "nowrap strange", title: given }, format(number(given)));
  const body = data.metrics.map((row) => {
    const metric = row.cells[0];
    const count = [metric.count.toLocaleString("en"), metric.gaps > 0 && el("span", { class: "strange" }, `, ${metric.gaps.toLocaleString("en")} NaN or ∞`)];
    return el("tr", {}, el("th", { scope: "row" }, row.key), shownNumber(metric.last), el("td", {}, stepText(metric.step)), shownNumber(metric.min), shownNumber(metric.max), el("td", { class: "nowrap" }, count));
  });
  const head = el("tr", {}, ["Metric", "Last", "Step", "Smallest", "Largest", "Points"].map((name) => el("th", { scope: "col" }, name)));
  return section("metrics", "Metrics", scrolled("Metrics", el("table", {}, el("thead", {}, head), el("tbody", {}, body))));
}

function metricsTable() {
  if (runs.length === 1) return metricsOfOne();
  const note = el("p", { class: "soft" }, "The last value, then the smallest and the largest, the step of the last, and how many points there are. ▲ and ▼ mark the largest and the smallest last value.");
  return keyTable("metrics", "Metrics", "Metric", data.metrics, metricCell, note);
}

function notes() {
  const found = runs.map((run, at) => [run, at]).filter(([run]) => run.note);
  if (!found.length) return null;
  return section("notes", "Notes", found.map(([run, at]) => el("div", { class: "card note" }, runs.length > 1 && el("h3", {}, runName(at)), el("p", { class: "text" }, run.note))));
}

function artifacts() {
  const found = runs.map((run, at) => [run, at]).filter(([run]) => run.files);
  if (!found.length) return null;
  const list = ([run, at]) => {
    const rows = run.artifacts.map((file) => el("tr", {}, el("th", { scope: "row" }, file.path, file.shown && el("a", { href: "#images", class: "soft" }, " shown above")), el("td", { class: "nowrap" }, formatBytes(file.bytes)), el("td", {}, el("code", { class: "digest" }, file.digest))));
    const total = run.artifacts.reduce((sum, file) => sum + file.bytes, 0);
    const more = run.files - run.artifacts.length;
    const summary = el("summary", {}, runName(at), el("span", { class: "soft" }, ` ${plural(run.files, "file", "files")}, ${more ? "of those listed " : ""}${formatBytes(total)}`));
    const head = el("tr", {}, ["Path", "Size", "Digest"].map((name) => el("th", { scope: "col" }, name)));
    return el("details", { open: found.length <= 3 }, summary, scrolled(`Artifacts of ${run.name}`, el("table", {}, el("thead", {}, head), el("tbody", {}, rows))), more > 0 && el("p", { class: "soft" }, `${plural(more, "more file is", "more files are")} not listed here.`));
  };
  return section("artifacts", "Artifacts", found.map(list));
}
