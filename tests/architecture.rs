//! Holds the shape of the house: who may see whom, how large files are, who names sled, where unsafe code and storage
//! keys stand, what is at the top level. Each rule is proved on small samples too, so that it cannot pass by seeing
//! nothing.

#[path = "architecture/edges.rs"]
mod edges;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/samples.rs"]
mod samples;
#[path = "architecture/scan.rs"]
mod scan;
#[path = "architecture/tree.rs"]
mod tree;

use tree::{File, root};

/// Fails with every violation that a rule finds in the files of a folder.
fn hold(folder: &str, rule: impl Fn(&File) -> Vec<String>) {
    let files = tree::files(folder);
    assert!(!files.is_empty(), "no files in {folder}");
    let found: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

#[test]
fn modules_name_only_what_stands_beneath_them() {
    hold("mlops-core/src", edges::of_the_core);
}

#[test]
fn every_module_of_the_core_has_a_level() {
    let mut modules: Vec<String> = std::fs::read_dir(root().join("mlops-core/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["lib", "bin"].contains(&name.as_str()))
        .collect();
    modules.sort();
    modules.dedup();
    let missing: Vec<_> = modules.iter().filter(|name| edges::level(name).is_none()).collect();
    assert!(missing.is_empty(), "give these a place in the table of levels: {missing:?}");
}

#[test]
fn bindings_see_the_store_and_the_traits_only() {
    hold("mlops-ffi/src", edges::of_a_binding);
    hold("mlops-py/src", edges::of_a_binding);
}

#[test]
fn no_file_of_code_is_longer_than_the_wall() {
    hold("", rules::length);
}

#[test]
fn only_the_engine_names_sled() {
    hold("", rules::engine);
}

#[test]
fn unsafe_code_stands_in_audited_modules_only() {
    hold("mlops-core/src", rules::unsafe_code);
}

#[test]
fn keys_of_storage_are_written_in_keys_rs_only() {
    hold("mlops-core/src", rules::keys);
}

#[test]
fn nothing_is_unfinished_and_nothing_names_a_machine_or_a_host() {
    hold("", rules::words);
}

#[test]
fn nothing_else_stands_at_the_top_level() {
    let found = rules::top_level(&tree::top_level());
    assert!(found.is_empty(), "not part of the layout: {found:?}");
}
