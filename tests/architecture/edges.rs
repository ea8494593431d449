//! Who may name whom.

use crate::scan;
use crate::tree::File;

/// The modules of the core from the ground up: each may name those of lower levels. `DESIGN.md` has the same line.
const LEVELS: &[&[&str]] = &[
    &["base", "error"],
    &["log", "query", "metrics", "settings"],
    &["storage", "blob", "spool"],
    &["lineage"],
    &["runs", "models", "datasets", "validation", "features", "drift"],
    // A trial of a sweep is a run, and a run makes a logged model: they stand above the pillar of runs, and beside what else
    // builds on pillars.
    &["logged_models"],
    &["registry", "sweeps"],
    &["gates", "monitoring"],
    &["deploy", "pipelines"],
    &["workflows"],
    &["store"],
    &["ui"],
    &["cli"],
];

/// Edges inside one level.
const BESIDE: &[(&str, &str)] = &[("base", "error"), ("error", "base"), ("validation", "datasets")];

/// What the C and the Python binding may name of the core: the store, the pillars and the types these speak in.
const BEHIND_THE_STORE: &[&str] = &["log", "storage", "blob", "spool", "query", "settings"];

/// The level of a module of the core.
pub(crate) fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|modules| modules.contains(&module))
}

/// What a file of the core names and may not.
pub(crate) fn of_the_core(file: &File) -> Vec<String> {
    let Some(inner) = file.path.strip_prefix("mlops-core/src/").filter(|_| file.is(&[".rs"])) else {
        return Vec::new();
    };
    let module = scan::module_of(inner);
    // The root declares all, and the binary is a user of the crate.
    let Some(own) = module.first().filter(|own| *own != "bin") else { return Vec::new() };
    let named = scan::paths_from("crate", &module, &scan::tokens(&file.text));
    named
        .iter()
        .filter_map(|(target, line)| judge(own, target).map(|why| format!("{}:{line}: {why}", file.path)))
        .collect()
}

fn judge(own: &str, target: &str) -> Option<String> {
    if target == own || target == "self" || BESIDE.contains(&(own, target)) {
        return None;
    }
    match (level(own), level(target)) {
        (None, _) => Some(format!("`{own}` has no place in the table of levels")),
        (_, None) => Some(format!("`crate::{target}` is no module: name the module that has it")),
        (Some(here), Some(there)) if there >= here => {
            Some(format!("`{own}` names `{target}`, which is not beneath it"))
        }
        _ => None,
    }
}

/// What a file of a binding names and may not.
pub(crate) fn of_a_binding(file: &File) -> Vec<String> {
    if !file.is(&[".rs"]) {
        return Vec::new();
    }
    let named = scan::paths_from("mlops_core", &[], &scan::tokens(&file.text));
    let behind = named.into_iter().filter(|(target, _)| BEHIND_THE_STORE.contains(&target.as_str()));
    behind.map(|(target, line)| format!("{}:{line}: a binding names `mlops_core::{target}`", file.path)).collect()
}
