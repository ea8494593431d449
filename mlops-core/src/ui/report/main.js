// Puts the page together.

function summary() {
  const experiments = [...new Set(runs.map((run) => run.experiment))];
  const counts = new Map();
  runs.forEach((run) => counts.set(run.status, (counts.get(run.status) ?? 0) + 1));
  const statuses = [...counts].map(([status, count]) => (runs.length === 1 ? status.toLowerCase() : `${count} ${status.toLowerCase()}`)).join(", ");
  const starts = runs.map((run) => run.started).sort();
  const [first, last] = [formatTime(starts[0]).slice(0, 16), formatTime(starts[starts.length - 1]).slice(0, 16)];
  const users = [...new Set(runs.map((run) => run.user))].filter(Boolean);
  const parts = [
    `${plural(runs.length, "run", "runs")} of ${experiments.length === 1 ? `experiment ${experiments[0]}` : `${experiments.length} experiments`}`,
    statuses,
    `started ${first === last ? first : `${first} to ${last}`} UTC`,
    users.length && `by ${users.length > 3 ? `${users.length} people` : users.join(", ")}`,
  ];
  return el("p", { class: "summary" }, parts.filter(Boolean).join(" · "));
}

function tagsTable() {
  const table = keyTable("tags", "Tags", "Tag", data.tags, longText);
  return table && el("details", { class: "fold" }, el("summary", {}, `Tags (${data.tags.length})`), ...[...table.childNodes].slice(1));
}

function leftOut() {
  if (!data.left_out.length) return null;
  const rows = data.left_out.slice(0, 200).map((one) => el("li", {}, `${one.what}: ${one.why}`));
  const more = data.left_out.length - rows.length;
  return section("left-out", "Left out of this report", el("ul", { class: "text" }, rows, more > 0 && el("li", {}, `and ${more} more`)));
}

const threads = parallel();
const sections = [
  runsTable(), notes(), curves(), metricsTable(), keyTable("params", "Params", "Param", data.params, longText),
  threads && threads.node(), gallery(), artifacts(), tagsTable(), leftOut(),
].filter(Boolean);
const links = sections.filter((one) => one.id).map((one) => el("a", { href: `#${one.id}` }, one.querySelector("h2").textContent));
document.getElementById("head").append(summary(), el("nav", { "aria-label": "Sections" }, links));
document.getElementById("report").append(...sections);
document.body.append(el("footer", { class: "soft" }, `Made ${formatTime(data.made_at)} UTC by mlops ${data.version}. All of it is in this file; nothing is loaded.`));
changed();
// Folded parts are part of what is printed.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
