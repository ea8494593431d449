//! C and C++ programs, run as they are and under valgrind.

#![expect(clippy::unwrap_used, reason = "a suite: what cannot be read or written fails it")]

#[path = "support/build.rs"]
mod build;
#[path = "support/declarations.rs"]
mod declarations;
#[path = "support/nulls.rs"]
mod nulls;
#[path = "support/tools.rs"]
mod tools;
#[path = "support/valgrind.rs"]
mod valgrind;

use std::path::{Path, PathBuf};
use std::process::Command;

use build::{compile, package, prefix, run, scratch};
use tempfile::TempDir;
use tools::{has_cpp, left_out};
use valgrind::run_checked;

/// Builds a program of ours beside an empty folder.
fn build(names: &[&str], options: &[&str]) -> (TempDir, PathBuf) {
    let folder = scratch();
    let program = folder.path().join("program");
    let sources: Vec<_> = names.iter().map(|name| package().join("tests").join(name)).collect();
    compile(&program, prefix(), &sources, options);
    (folder, program)
}

/// Builds a program of ours and runs it with an empty folder; then again under valgrind, where there is one.
fn build_and_run(names: &[&str], options: &[&str]) {
    let (folder, program) = build(names, options);
    run_both(&program, folder.path(), true);
}

/// Runs a program as it is and under valgrind, each time with a new empty folder.
fn run_both(program: &Path, folder: &Path, leaks: bool) {
    let (plain, checked) = (folder.join("plain"), folder.join("checked"));
    std::fs::create_dir(&plain).unwrap();
    std::fs::create_dir(&checked).unwrap();
    run(Command::new(program).arg(&plain));
    run_checked(Command::new(program).arg(&checked), leaks);
}

#[test]
fn no_pointer_that_is_null_or_text_that_is_not_utf8_gets_through() {
    let text = declarations::checked_in();
    let (program, calls) = nulls::program(&declarations::declarations(&text));
    assert!(calls > 300, "{calls}");
    let folder = scratch();
    let source = folder.path().join("nulls.c");
    std::fs::write(&source, program).unwrap();
    let binary = folder.path().join("program");
    let include = format!("-I{}", package().join("tests/c").display());
    compile(&binary, prefix(), &[source], &[&include]);
    run_both(&binary, folder.path(), true);
}

#[test]
fn what_c_logs_comes_back_whole() {
    build_and_run(&["c/whole.c"], &[]);
}

#[test]
fn bad_input_from_c_is_a_clear_error_and_leaves_nothing() {
    build_and_run(&["c/bad.c"], &[]);
}

#[test]
fn structs_of_older_and_newer_callers_are_understood() {
    build_and_run(&["c/sizes.c"], &[]);
}

#[test]
fn series_have_contexts_kinds_forks_and_alerts() {
    build_and_run(&["c/series.c"], &[]);
}

#[test]
fn a_model_of_bytes_and_files_is_logged_and_read_from_c() {
    build_and_run(&["c/model.c"], &[]);
}

#[test]
fn a_sweep_is_taken_reported_and_read_from_c() {
    build_and_run(&["c/sweep.c"], &[]);
}

#[test]
fn a_search_is_the_same_cell_by_cell_and_as_arrow_and_its_errors_have_a_place() {
    build_and_run(&["c/table.c"], &[]);
}

#[test]
fn consoles_reports_curves_exports_and_lists_of_sweeps_work_from_c() {
    build_and_run(&["c/beside.c"], &[]);
}

#[test]
fn versions_are_registered_approved_promoted_watched_and_rolled_back_from_c() {
    build_and_run(&["c/registry.c"], &[]);
}

#[test]
fn a_gate_says_pass_fail_inconclusive_or_error_from_c() {
    build_and_run(&["c/gate.c"], &[]);
}

#[test]
fn statistics_alone_give_c_the_numbers_that_they_give_rust() {
    build_and_run(&["c/stats.c"], &[]);
}

#[test]
fn a_gate_takes_labels_of_all_types_and_what_else_a_host_knows() {
    build_and_run(&["c/gate_inputs.c"], &[]);
}

#[test]
fn a_policy_takes_a_version_that_its_gate_was_recorded_of_from_c() {
    build_and_run(&["c/gate_registry.c"], &[]);
}

#[test]
fn calls_in_odd_orders_have_an_answer() {
    build_and_run(&["c/odd.c"], &[]);
}

#[test]
fn forked_children_get_errors_and_stores_of_their_own() {
    let (folder, program) = build(&["c/fork.c"], &[]);
    // What belongs to threads that only the parent has is lost in the child, as after any fork.
    run_both(&program, folder.path(), false);
}

#[test]
fn many_runs_and_a_million_points_take_bounded_memory() {
    let (folder, program) = build(&["c/many.c"], &[]);
    run(Command::new(&program).arg(folder.path().join("plain")).arg("3000"));
    run_checked(Command::new(&program).arg(folder.path().join("checked")).arg("150"), true);
}

#[test]
fn eight_threads_share_one_store() {
    build_and_run(&["c/hammer.c"], &[]);
}

#[test]
fn processes_of_eight_threads_share_one_store() {
    build_and_run(&["c/crowd.c"], &[]);
}

#[test]
fn cpp_works_with_results() {
    if has_cpp() {
        build_and_run(&["cpp/whole.cpp", "cpp/second.cpp"], &["-fno-exceptions"]);
    }
}

#[test]
fn cpp_works_with_exceptions() {
    if has_cpp() {
        build_and_run(&["cpp/whole.cpp", "cpp/second.cpp"], &["-DMLOPS_CPP_EXCEPTIONS"]);
    }
}

#[test]
fn cpp_has_tables_series_alerts_consoles_and_sweeps() {
    if has_cpp() {
        build_and_run(&["cpp/more.cpp"], &["-fno-exceptions"]);
    }
}

#[test]
fn cpp_has_the_registry_and_watches() {
    if has_cpp() {
        build_and_run(&["cpp/registry.cpp"], &["-fno-exceptions"]);
    }
}

#[test]
fn cpp_has_the_gate_with_results_and_with_exceptions() {
    if has_cpp() {
        build_and_run(&["cpp/gate.cpp"], &["-fno-exceptions"]);
        build_and_run(&["cpp/gate.cpp"], &["-DMLOPS_CPP_EXCEPTIONS"]);
    }
}

#[test]
fn cpp_has_statistics_alone_with_results_and_with_exceptions() {
    if has_cpp() {
        build_and_run(&["cpp/stats.cpp"], &["-fno-exceptions"]);
        build_and_run(&["cpp/stats.cpp"], &["-DMLOPS_CPP_EXCEPTIONS"]);
    }
}

#[test]
fn a_store_of_a_newer_version_and_a_limit_on_files_are_said_so() {
    let (folder, program) = build(&["c/disk.c"], &[]);
    for what in ["newer", "limit"] {
        let place = folder.path().join(what);
        std::fs::create_dir(&place).unwrap();
        run(Command::new(&program).arg(what).arg(place));
    }
}

/// A full disk and a read-only one are made as mounts of our own, which not every machine allows.
#[test]
fn a_full_disk_and_a_read_only_one_are_said_so_and_take_nothing_half() {
    let mount = "mount -t tmpfs -o size=12m mlops \"$1\"";
    let inside = |script: &str, program: &Path, folder: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-ec", script]).arg(program).arg(folder);
        command
    };
    let (folder, program) = build(&["c/disk.c"], &[]);
    let place = folder.path().join("disk");
    std::fs::create_dir(&place).unwrap();
    if !inside(mount, &program, &place).output().is_ok_and(|output| output.status.success()) {
        left_out("a full and a read-only disk from C", "this machine lets nobody mount a tmpfs");
        return;
    }
    run(&mut inside(&format!("{mount}; \"$0\" full \"$1\""), &program, &place));
    let remount = "mount -o remount,ro mlops \"$1\"";
    run(&mut inside(&format!("{mount}; \"$0\" make \"$1\"; {remount}; \"$0\" read-only \"$1\""), &program, &place));
}
