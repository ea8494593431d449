// Images among the artifacts: those of one path side by side.

function gallery() {
  const byPath = new Map();
  runs.forEach((run, at) => run.artifacts.filter((file) => file.shown).forEach((file) => byPath.set(file.path, [...(byPath.get(file.path) ?? []), [at, file]])));
  if (!byPath.size) return null;
  const large = el("img", { alt: "" });
  const words = el("p", {});
  const dialog = el("dialog", { "aria-label": "Image", onclick: () => dialog.close() }, large, words);
  const figure = ([run, file]) => {
    const text = `${file.path} of run ${runs[run].name}`;
    const open = () => {
      large.src = data.images[file.digest];
      large.alt = text;
      words.textContent = `${text}, ${formatBytes(file.bytes)}`;
      dialog.showModal();
    };
    const image = el("img", { src: data.images[file.digest], alt: text });
    return el("figure", { class: "card image", "data-run": run }, el("button", { type: "button", class: "plain", title: "show larger", onclick: open }, image), el("figcaption", { class: "small" }, runs.length > 1 ? runName(run) : file.path));
  };
  const group = ([path, found]) => [runs.length > 1 && el("h3", {}, path), el("div", { class: "images" }, found.map(figure))];
  const groups = runs.length > 1 ? [...byPath].map(group) : el("div", { class: "images" }, [...byPath.values()].flat().map(figure));
  return section("images", "Images", groups, dialog);
}
