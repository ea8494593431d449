//! Pages that are made from the code are what the code says. `MLOPS_REGENERATE=1 cargo test -p mlops-tests --test docs`
//! writes them again.

use std::fmt::Write;
use std::path::Path;

use mlops_core::base::limits;
use mlops_core::error::TABLE;

/// Compares a page with what it should be.
fn hold(page: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference").join(page);
    if std::env::var_os("MLOPS_REGENERATE").is_some() {
        std::fs::write(&path, expected).expect("the folder is writable");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is old; set MLOPS_REGENERATE=1 to write it again", path.display());
}

#[test]
fn the_page_of_errors_is_the_table() {
    let mut page = "# Errors\n\n\
        One table for every language, made from `mlops-core/src/error/code.rs` by a test. Numbers never change and are \
        never used again. Python's classes stand in `mlops.exceptions` and derive from `mlops.MlopsError` and from the \
        builtin named here; `mlops.MlflowException` is a base of all. C functions return the number.\n\n\
        | number | Python class | also a | C | MLflow's code | exit code | worth retrying | meaning |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for row in TABLE {
        let retry = if row.retryable { "yes" } else { "no" };
        writeln!(
            page,
            "| {} | `{}` | `{}` | `{}` | `{}` | {} | {retry} | {} |",
            row.number, row.python_class, row.python_base, row.c_constant, row.mlflow_code, row.exit_code, row.text
        )
        .expect("a String takes all");
    }
    hold("errors.md", &page);
}

#[test]
fn the_page_of_limits_is_the_table() {
    let rows = [
        ("KEY_BYTES", limits::KEY_BYTES),
        ("VALUE_BYTES", limits::VALUE_BYTES),
        ("INLINE_VALUE_BYTES", limits::INLINE_VALUE_BYTES),
        ("EXPERIMENT_TAGS_BYTES", limits::EXPERIMENT_TAGS_BYTES),
        ("PATH_BYTES", limits::PATH_BYTES),
        ("RUN_ID_CHARS", limits::RUN_ID_CHARS),
        ("MODEL_NAME_BYTES", limits::MODEL_NAME_BYTES),
        ("ALIAS_BYTES", limits::ALIAS_BYTES),
        ("PATH_PART_BYTES", limits::PATH_PART_BYTES),
        ("DESCRIPTION_BYTES", limits::DESCRIPTION_BYTES),
        ("SOURCE_BYTES", limits::SOURCE_BYTES),
        ("GATE_DEFINITION_BYTES", limits::GATE_DEFINITION_BYTES),
        ("GATE_ROWS", limits::GATE_ROWS),
        ("GATE_LATENCIES", limits::GATE_LATENCIES),
        ("SERIES_PER_RUN", limits::SERIES_PER_RUN),
        ("FILTER_BYTES", limits::FILTER_BYTES),
        ("FILTER_DEPTH", limits::FILTER_DEPTH),
        ("PATTERNS_PER_FILTER", limits::PATTERNS_PER_FILTER),
        ("PATTERN_BYTES", limits::PATTERN_BYTES),
        ("COMPILED_PATTERN_BYTES", limits::COMPILED_PATTERN_BYTES),
        ("PAGE_ITEMS", limits::PAGE_ITEMS),
        ("STORAGE_KEY_BYTES", limits::STORAGE_KEY_BYTES),
        ("STORAGE_VALUE_BYTES", limits::STORAGE_VALUE_BYTES),
        ("STORAGE_BATCH_BYTES", limits::STORAGE_BATCH_BYTES),
        ("FRAME_BYTES", limits::FRAME_BYTES),
    ];
    let mut page = "# Limits\n\n\
        Above a limit is an error (`LimitExceeded`), never a cut. Made from `mlops-core/src/base/limits.rs` by a \
        test.\n\n| limit | name in the code | what |\n| --- | --- | --- |\n"
        .to_owned();
    let source = include_str!("../mlops-core/src/base/limits.rs");
    let mut meaning = String::new();
    let mut listed = Vec::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            meaning = format!("{meaning} {text}");
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let name = rest.split(':').next().expect("a constant has a type");
            let (_, value) = rows.iter().find(|(row, _)| *row == name).expect("every limit is in the list above");
            // A link of rustdoc leads nowhere here.
            let text = meaning.trim().replace("[`", "`").replace("`](crate::storage::Storage)", "`");
            writeln!(page, "| {} | `{name}` | {text} |", grouped(*value)).expect("a String takes all");
            listed.push(name);
            meaning.clear();
        }
    }
    assert_eq!(listed.len(), rows.len());
    hold("limits.md", &page);
}

/// A number with a comma between groups of three digits.
fn grouped(value: usize) -> String {
    let digits = value.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[test]
fn the_rust_of_the_readme_is_an_example_that_runs() {
    let (readme, example) = (include_str!("../README.md"), include_str!("../examples/rust/readme.rs"));
    let code = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("README has Rust");
    assert!(example.ends_with(code), "copy the snippet into examples/rust/readme.rs");
}

#[test]
fn numbers_are_grouped() {
    assert_eq!([1, 999, 1_000, 1_048_576].map(grouped), ["1", "999", "1,000", "1,048,576"]);
}
