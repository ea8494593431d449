//! Each rule on small samples: what it must find, and what it must leave alone.

use crate::tree::File;
use crate::{edges, rules};

/// How many violations a rule finds in a file.
fn count(rule: impl Fn(&File) -> Vec<String>, path: &str, text: &str) -> usize {
    rule(&File::sample(path, text)).len()
}

#[test]
fn an_edge_upwards_or_sideways_is_found_however_it_is_written() {
    let core = |path: &str, text: &str| count(edges::of_the_core, &format!("mlops-core/src/{path}"), text);
    let upwards = [
        "use crate::store::Store;",
        "pub use crate :: store :: Store ;",
        "use crate::{error::Error, store::{Store, OpenOptions}};",
        "fn f() -> crate::store::Store {}",
        "use super::super::store::Store;",
        "/* comment */ use crate::/* why */store::Store; // crate::base",
        "const X: &[u8] = br#\"\"#; use crate::store::Store;",
        "fn f<'a>(x: &'a str) { '\"'; crate::store::f('\\'') }",
        "use crate::models::Model;",
        "use crate::Store;",
        "use crate::*;",
        "mod inner { use super::super::super::store::Store; }",
    ];
    for text in upwards {
        assert_eq!(core("runs/search.rs", text), 1, "{text}");
    }
    assert_eq!(core("storage/mod.rs", "use super::runs::Runs;"), 1);
    assert_eq!(core("storage/mod.rs", "mod tests { use super::super::runs::Runs; }"), 1);
    assert_eq!(core("store.rs", "use super::cli;"), 1);
    assert_eq!(core("nobody/mod.rs", "use crate::base::time::Timestamp;"), 1);
    assert_eq!(core("runs/a.rs", "use crate::{cli, ui::x, base::ids};"), 2);
}

#[test]
fn edges_downwards_and_texts_are_left_alone() {
    let fine = [
        "use crate::{base::{ids, time::Timestamp}, error::Result, storage::Op};",
        "use super::{keys, store::Runs};",
        "use super::store::Runs;",
        "mod tests { use super::store::Runs; use super::super::store; }",
        "// use crate::store::Store;\n/* crate::cli /* nested */ crate::cli */",
        "const A: &str = \"crate::store::Store\"; const B: &str = r#\"crate::cli\"#;",
        "use crate::runs::types::Run; use self::store::Runs; other::crate_::store();",
    ];
    for text in fine {
        assert_eq!(count(edges::of_the_core, "mlops-core/src/runs/search.rs", text), 0, "{text}");
    }
    assert_eq!(count(edges::of_the_core, "mlops-core/src/lib.rs", "pub use crate::cli::run;"), 0);
    assert_eq!(count(edges::of_the_core, "mlops-core/src/validation/mod.rs", "use crate::datasets::Dataset;"), 0);
}

#[test]
fn a_binding_that_reaches_behind_the_store_is_found() {
    let binding = |text: &str| count(edges::of_a_binding, "mlops-ffi/src/store.rs", text);
    assert_eq!(binding("use mlops_core::{Store, storage::Storage};"), 1);
    assert_eq!(binding("fn f(b: mlops_core::blob::X) {}"), 1);
    assert_eq!(binding("use mlops_core::{Store, runs::{Run, storage}};"), 0);
}

#[test]
fn naming_sled_is_found_but_not_speaking_of_it() {
    let names = |path: &str, text: &str| count(rules::engine, path, text);
    assert_eq!(names("mlops-core/src/runs/store.rs", "use sled::Db;"), 1);
    assert_eq!(names("mlops-core/src/storage/journal/mod.rs", "let db: ::sled::Db = sled::open(x);"), 2);
    assert_eq!(names("mlops-core/src/store/local.rs", "mod sled {}"), 1);
    assert_eq!(names("mlops-py/Cargo.toml", "[dependencies]\nsled.workspace = true"), 1);
    assert_eq!(names("mlops-core/src/storage/mod.rs", "#[cfg(feature = \"sled\")] pub mod sled;"), 0);
    assert_eq!(names("mlops-core/src/store/local.rs", "// sled\nuse crate::storage::sled::Index;"), 0);
    assert_eq!(names("tests/conformance/main.rs", "use mlops_core::storage::{fault, sled::Index};"), 0);
    assert_eq!(names("tests/conformance/main.rs", "use mlops_core::{storage::fault, x::{sled::Index}};"), 1);
    assert_eq!(names("mlops-core/src/storage/sled/mod.rs", "use sled::Db;"), 0);
    assert_eq!(names("mlops-core/Cargo.toml", "sled = { workspace = true }"), 0);
}

#[test]
fn unsafe_code_is_found_outside_the_audited_modules() {
    let code = "// unsafe\nfn f() { unsafe { g() } }";
    assert_eq!(count(rules::unsafe_code, "mlops-core/src/log/frame.rs", code), 1);
    assert_eq!(count(rules::unsafe_code, "mlops-core/src/base/os.rs", code), 0);
    assert_eq!(count(rules::unsafe_code, "mlops-core/src/lib.rs", "#![deny(unsafe_code)]"), 0);
}

#[test]
fn a_key_outside_keys_rs_is_found() {
    let keys = |path: &str, text: &str| count(rules::keys, &format!("mlops-core/src/{path}"), text);
    let written = [
        "storage.get(b\"counter\")",
        "self.core.storage.get(&b\"counter\"[..])",
        "Op::put(b\"x\", value)",
        "Op::Put { key: b\"x\".to_vec(), value }",
        "KeyRange::prefix(b\"r\")",
        "let prefix = b\"runs/\";",
    ];
    for text in written {
        assert_eq!(keys("runs/read.rs", text), 1, "{text}");
    }
    assert_eq!(keys("runs/read.rs", "storage.get(&keys::run(id)); out.write_all(b\"text\")"), 0);
    assert_eq!(keys("runs/keys.rs", "const RUNS: &[u8] = b\"r/\";"), 0);
    assert_eq!(keys("runs/tests.rs", "storage.get(b\"r/x\")"), 0);
    assert_eq!(keys("storage/conformance.rs", "storage.get(b\"r/x\")"), 0);
}

#[test]
fn a_file_over_the_wall_is_found() {
    let long = "x\n".repeat(801);
    assert_eq!(count(rules::length, "mlops-py/python/mlops/fluent.py", &long), 1);
    assert_eq!(count(rules::length, "mlops-core/src/runs/tests.rs", &long), 0);
    assert_eq!(count(rules::length, "docs/FORMAT.md", &long), 0);
    assert_eq!(count(rules::length, "mlops-core/src/a.rs", &"x\n".repeat(800)), 0);
}

#[test]
fn marks_machines_and_hosts_are_found() {
    let words = |text: &str| count(rules::words, "docs/guide/tracking.md", text);
    for text in ["todo!()", "// FIXME later", "see /root/x", "/work/x", "from https://somewhere.net/x and more"] {
        assert_eq!(words(text), 1, "{text}");
    }
    assert_eq!(words("https://doi.org/10.1 and http://localhost:5000, `https://`"), 0);
}

#[test]
fn a_stray_folder_at_the_top_is_found() {
    let names = ["mlops-core", "utils", ".ci", "notes.txt"].map(str::to_owned);
    assert_eq!(rules::top_level(&names), ["utils", "notes.txt"]);
}
