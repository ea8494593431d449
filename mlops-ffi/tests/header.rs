//! The header is what the sources say, and nothing gets around the macro that makes functions safe.

#![expect(clippy::unwrap_used, reason = "a suite: what cannot be read or written fails it")]

#[path = "support/abi.rs"]
mod abi;
#[path = "support/declarations.rs"]
mod declarations;
#[path = "support/header.rs"]
mod header;

use declarations::{checked_in, package, read};
use mlops_core::error::TABLE;

#[test]
fn the_checked_in_header_is_the_one_that_the_sources_make() {
    let path = package().join("include/mlops.h");
    let made = header::generate();
    if std::env::var_os("MLOPS_REGENERATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = made.lines().zip(kept.lines()).find(|(made, kept)| made != kept);
    assert!(
        made == kept,
        "include/mlops.h is stale, first at {differ:?}; run MLOPS_REGENERATE=1 cargo test -p mlops-ffi --test header"
    );
}

/// The list in `abi.txt` is not made again as the header is: what is gone or changed breaks programs, and is refused.
#[test]
fn programs_that_were_compiled_before_find_all_that_they_use() {
    let path = package().join("abi.txt");
    let now = abi::lines(&header::generate());
    let kept: Vec<_> = std::fs::read_to_string(&path).unwrap_or_default().lines().map(str::to_owned).collect();
    // A new version of the interface begins its own list.
    if kept.first() == now.first() {
        for line in &kept {
            assert!(
                abi::still_there(line, &now),
                "this breaks programs that use `{line}`: put it back, or raise ABI_VERSION in src/version.rs"
            );
        }
    }
    if std::env::var_os("MLOPS_REGENERATE").is_some() {
        std::fs::write(&path, now.join("\n") + "\n").unwrap();
    } else {
        let new: Vec<_> = now.iter().filter(|line| !kept.contains(line)).collect();
        assert!(new.is_empty(), "abi.txt lacks {new:?}; run MLOPS_REGENERATE=1 cargo test -p mlops-ffi --test header");
    }
}

/// What C++ has no use for, and why.
const NOT_IN_CPP: &[(&str, &str)] = &[
    ("mlops__test_panic", "for our tests"),
    ("mlops_error_code", "the status is what the call returned"),
    ("mlops_artifacts_json", "mlops::artifact has all of it"),
    ("mlops_experiment_json", "mlops::experiment has all of it"),
    ("mlops_runs_json", "a page of mlops::run_data, and run_json for the rest"),
];

#[test]
fn cpp_wraps_every_function_of_c() {
    let folder = package().join("include/mlops");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path()));
    let text: String = files.collect();
    let words: std::collections::BTreeSet<_> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.starts_with("mlops_")).collect();
    let header = checked_in();
    let declared: Vec<_> = declarations::declarations(&header).into_iter().map(|(name, _)| name).collect();
    for name in &declared {
        let left_out = NOT_IN_CPP.iter().any(|(other, _)| other == name);
        assert!(words.contains(name.as_str()) != left_out, "{name}: mlops.hpp wraps it, or NOT_IN_CPP says why not");
    }
    for (name, why) in NOT_IN_CPP {
        assert!(declared.iter().any(|other| other == name) && !why.is_empty(), "{name} is no function of mlops.h");
    }
}

#[test]
fn the_constants_are_the_rows_of_the_table() {
    let text = checked_in();
    for row in TABLE {
        let define = format!("/** {} */\n#define {} {}\n", row.text, row.c_constant, row.number);
        assert!(text.contains(&define), "{define}");
        // SAFETY: any number is fine, and the texts are static.
        let (name, sentence) = unsafe {
            (
                std::ffi::CStr::from_ptr(mlops::errors::mlops_status_name(row.number)),
                std::ffi::CStr::from_ptr(mlops::errors::mlops_status_text(row.number)),
            )
        };
        assert_eq!((name.to_str(), sentence.to_str()), (Ok(row.c_constant), Ok(row.text)));
        // SAFETY: any number is fine.
        assert_eq!(unsafe { mlops::errors::mlops_status_is_retryable(row.number) }, row.retryable);
    }
}

#[test]
fn every_exported_function_goes_through_the_macro() {
    for entry in std::fs::read_dir(package().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let text = read(&path);
        if path.ends_with("boundary.rs") {
            continue;
        }
        // A callback is the caller's function, not one of ours.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("Option< unsafe", "Option<unsafe");
        let text = text.replace("Option<unsafe extern \"C\" fn(", "");
        for way_around in ["no_mangle", "export_name", "extern \"C\""] {
            assert!(!text.contains(way_around), "{} has {way_around}: use export!", path.display());
        }
    }
}

#[test]
fn every_function_says_what_holds_for_threads_and_since_when_it_is_there() {
    let text = checked_in();
    let declarations = declarations::declarations(&text);
    assert!(declarations.len() > 60, "{}", declarations.len());
    for (name, declaration) in declarations {
        let (head, _) = declaration.split_once('(').unwrap();
        let (before, _) = text.split_once(&format!("\n{head}(")).unwrap();
        let (_, comment) = before.rsplit_once("/**").unwrap();
        assert!(comment.contains("Since 0.") && comment.contains("Threads: "), "{name} lacks it:{comment}");
    }
}

#[test]
fn the_soname_has_the_version_of_the_interface() {
    let script = read(&package().join("build.rs"));
    // SAFETY: takes nothing.
    let abi = unsafe { mlops::version::mlops_abi_version() };
    assert!(script.contains(&format!("let abi = {abi};")));
}
