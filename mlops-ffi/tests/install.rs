//! The library as users get it: headers, exported names, pkg-config, `CMake`, and the examples built through them.

#![expect(clippy::unwrap_used, reason = "a suite: what cannot be read or written fails it")]

#[path = "support/build.rs"]
mod build;
#[path = "support/declarations.rs"]
mod declarations;
#[path = "support/tools.rs"]
mod tools;
#[path = "support/valgrind.rs"]
mod valgrind;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use build::{compile, package, prefix, run, scratch};
use tools::{has_cpp, left_out, tool};
use valgrind::run_checked;

fn examples() -> PathBuf {
    package().parent().unwrap().join("examples")
}

#[test]
fn the_headers_compile_twice_in_one_unit_and_in_two_units_of_one_program() {
    let folder = scratch();
    let first = package().join("tests/c/units.c");
    for (language, standard, variable, compiler) in [("c", "-std=c11", "CC", "cc"), ("c++", "-std=c++17", "CXX", "c++")]
    {
        if language == "c++" && !has_cpp() {
            continue;
        }
        let compiler = std::env::var_os(variable).unwrap_or_else(|| compiler.into());
        let unit = |name: &str, options: &[&str]| {
            let object = folder.path().join(name);
            let mut command = Command::new(&compiler);
            command.args(["-x", language, standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
            run(command.arg(prefix().join("include")).args(options).arg("-c").arg(&first).arg("-o").arg(&object));
            object
        };
        let objects = [unit("first.o", &[]), unit("second.o", &["-DSECOND_UNIT"])];
        let program = folder.path().join("program");
        compile(&program, prefix(), &objects, if language == "c++" { &["-lstdc++"] } else { &[] });
        run(&mut Command::new(&program));
    }
}

#[test]
fn the_library_exports_what_the_header_declares_and_nothing_else() {
    let library = prefix().join("lib/libmlops.so");
    if !library.exists() {
        left_out("the list of exported names", "nm has other options here, and the linker's list is the same");
        return;
    }
    let symbols = run(Command::new("nm").args(["-D", "--defined-only"]).arg(&library));
    let exported: BTreeSet<_> = symbols.lines().filter_map(|line| line.rsplit(' ').next()).map(str::to_owned).collect();
    let text = declarations::checked_in();
    let declared: BTreeSet<_> = declarations::declarations(&text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(exported, declared);
    let dynamic = run(Command::new("readelf").arg("-d").arg(&library));
    assert!(dynamic.contains("Library soname: [libmlops.so.0]"), "{dynamic}");
}

#[test]
fn the_snippet_of_the_readme_logs_a_run() {
    let readme = declarations::read(&package().join("../README.md"));
    let code = readme.split("```c\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = scratch();
    let (source, program) = (folder.path().join("readme.c"), folder.path().join("readme"));
    std::fs::write(&source, code).unwrap();
    compile(&program, prefix(), &[source], &[]);
    let path = folder.path().join("store");
    run(Command::new(program).env("MLOPS_STORE", &path));
    let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
    let runs = store.runs().search(&mlops_core::runs::RunQuery::default()).unwrap().items;
    assert!((runs[0].metrics["accuracy"].last - 0.94).abs() < 1e-12, "{runs:?}");
}

/// What both quickstarts print.
const QUICKSTART: &str = "runs with a final loss below 10, best first:
  learning_rate = 0.1
  learning_rate = 0.01
loss of the best: 100 points, from 25 at step 0 to 1.62e-18 at step 99
weight of the best: 1.02e-09
";

/// Runs a quickstart from an empty folder, with a path and, as its page says, without.
fn check_quickstart(program: &Path) {
    let folder = scratch();
    let mut command = Command::new(program);
    command.current_dir(folder.path()).env_remove("MLOPS_STORE");
    assert_eq!(run(command.arg("given")), QUICKSTART, "{}", program.display());
    let mut command = Command::new(program);
    command.current_dir(folder.path()).env("MLOPS_STORE", folder.path().join("found"));
    assert_eq!(run(&mut command), QUICKSTART, "{}", program.display());
    assert!(folder.path().join("given/format").exists() && folder.path().join("found/format").exists());
}

#[test]
fn the_quickstarts_build_through_pkg_config_shared_and_static_and_run_clean_under_valgrind() {
    if tool("PKG_CONFIG", "pkg-config", "building through pkg-config").is_none() {
        return;
    }
    // A space in the path, as on many a user's disk.
    let shared = build::install("with space ");
    let only_static = build::install("static");
    for entry in std::fs::read_dir(only_static.path().join("lib")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() && path.extension() != Some(OsStr::new("a")) {
            std::fs::remove_file(path).unwrap();
        }
    }
    let folder = scratch();
    for source in ["c/quickstart.c", "cpp/quickstart.cpp"] {
        if source.starts_with("cpp") && !has_cpp() {
            continue;
        }
        // From a copy in a folder of its own: nothing of our tree may be needed.
        let copy = folder.path().join(Path::new(source).file_name().unwrap());
        std::fs::copy(examples().join(source), &copy).unwrap();
        for prefix in [shared.path(), only_static.path()] {
            let program = folder.path().join("quickstart");
            compile(&program, prefix, std::slice::from_ref(&copy), &[]);
            check_quickstart(&program);
        }
        // The last one was static: it needs no library of ours to run.
        let program = folder.path().join("quickstart");
        let needed = run(Command::new("readelf").arg("-d").arg(&program));
        assert!(!needed.contains("libmlops"), "{needed}");
        compile(&program, shared.path(), &[copy], &[]);
        run_checked(Command::new(&program).arg(folder.path().join(format!("store-{}", source.len()))), true);
    }
}

#[test]
fn the_quickstarts_build_through_cmake_shared_and_static() {
    let Some(cmake) = tool("CMAKE", "cmake", "building through CMake") else { return };
    if !has_cpp() {
        return;
    }
    let folder = scratch();
    let (built, installed) = (folder.path().join("built"), folder.path().join("installed"));
    let define = |name: &str, value: &Path| format!("-D{name}={}", value.display());

    // The package's own CMakeLists.txt installs...
    let mut configure = Command::new(&cmake);
    configure.arg("-S").arg(package()).arg("-B").arg(&built);
    run(configure.arg(define("MLOPS_LIBRARY_DIR", &build::library_dir())));
    run(Command::new(&cmake).arg("--build").arg(&built));
    run(Command::new(&cmake).arg("--install").arg(&built).arg("--prefix").arg(&installed));

    // ...what a project finds with find_package, or has as a folder of its own.
    for (name, how) in [("found", define("CMAKE_PREFIX_PATH", &installed)), ("inside", define("MLOPS", &package()))] {
        let consumer = folder.path().join(name);
        let mut configure = Command::new(&cmake);
        configure.arg("-S").arg(package().join("tests/consumer")).arg("-B").arg(&consumer).arg(how);
        configure.arg(define("EXAMPLES", &examples())).arg(define("MLOPS_LIBRARY_DIR", &build::library_dir()));
        run(&mut configure);
        run(Command::new(&cmake).arg("--build").arg(&consumer));
        for program in ["c", "cpp", "c_static", "cpp_static"] {
            check_quickstart(&consumer.join(program));
        }
    }
}

/// The first block of a language on a page of the guide.
fn block(page: &str, language: &str) -> String {
    let text = declarations::read(&package().join("../docs/guide").join(page));
    let opening = format!("```{language}\n");
    text.split(&opening).nth(1).and_then(|rest| rest.split("```").next()).unwrap().to_owned()
}

#[test]
fn the_programs_of_the_guide_work() {
    let folder = scratch();
    let path = folder.path().join("store");
    let build = |name: &str, code: String| {
        let (source, program) = (folder.path().join(name), folder.path().join(format!("{name}.out")));
        std::fs::write(&source, code).unwrap();
        compile(&program, prefix(), &[source], &[]);
        let mut command = Command::new(program);
        command.env("MLOPS_STORE", &path);
        command
    };
    if has_cpp() {
        assert_eq!(run(&mut build("guide.cpp", block("c.md", "cpp"))), "0.333333\n");
        let page = declarations::read(&package().join("../docs/guide/c.md"));
        let second = page.split("```cpp\n").nth(2).and_then(|rest| rest.split("```").next()).unwrap().to_owned();
        assert_eq!(run(&mut build("registry.cpp", second)), "models:/fraud/1: 0.5 1.5\n");
    }
    {
        let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
        for (name, depth) in [("deep", 3), ("deeper", 4), ("flat", 1)] {
            let options = mlops_core::runs::RunOptions { run_name: Some(name.into()), ..Default::default() };
            let run = store.runs().start(options).unwrap();
            run.log_param("depth", depth.into()).unwrap();
            run.log_metric("loss", 1.0 / f64::from(depth), 0, None).unwrap();
            run.end(mlops_core::runs::RunStatus::Finished).unwrap();
        }
    }
    assert_eq!(run(&mut build("guide.c", block("c.md", "c"))), "deeper 0.25\ndeep 0.333333\n");
    let said = run(&mut build("gate.c", block("gate.md", "c")));
    assert_eq!(said, "accuracy 0.95 against 0.9: exit code 0\n");
    assert!(
        declarations::read(&package().join("../docs/guide/gate.md")).contains(&format!("prints `{}`", said.trim()))
    );
    if has_cpp() {
        let said = run(&mut build("gate.cpp", block("gate.md", "cpp")));
        assert!(said.starts_with("churn-gate, churn@2 against churn@1: pass\n"), "{said}");
        let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
        let production = store.registry().slot_state("churn", "").unwrap().production;
        assert_eq!((production, store.gates().uses("clients@7").unwrap()), (Some(2), 1));
    }
}

#[test]
fn the_sweep_in_cpp_builds_and_its_processes_share_the_trials() {
    if !has_cpp() {
        return;
    }
    let folder = scratch();
    let (program, store) = (folder.path().join("sweep"), folder.path().join("store"));
    compile(&program, prefix(), &[examples().join("cpp/sweep.cpp")], &[]);
    let first = run(Command::new(&program).arg(&store));
    let lines: Vec<_> = first.lines().collect();
    assert_eq!((lines[0], lines.len()), ("8 trials, best first:", 9), "{first}");
    assert_eq!(lines[1], "  rate 0.45: loss 2.5e-53 in 27 epochs");
    // Who comes later finds no trial left.
    assert_eq!(run(Command::new(&program).arg(&store)), first);
}

/// Makes a version whose weights say `benign` by a bias, and nothing else.
fn linear_version(store: &mlops_core::Store, bias: &str) {
    use mlops_core::registry::{ModelRegistry, VersionOptions};
    let run = store.runs().start(mlops_core::runs::RunOptions::default()).unwrap();
    let weights = format!("{bias}\n0.0\n0.0\n");
    let model = mlops_core::models::SavedModel::builder().flavor("linear", serde_json::json!({}));
    let model = model.file("weights.txt", weights.into_bytes()).build().unwrap();
    mlops_core::workflows::log_model(&*run, "model", &model).unwrap();
    let source = format!("runs:/{}/model", run.id());
    store.registry().register("breast-cancer", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
}

#[test]
fn the_host_in_cpp_serves_what_another_process_promotes_within_a_second_and_none_of_its_requests_waits() {
    use std::io::{BufRead, BufReader, Write};
    use std::time::{Duration, Instant};

    use mlops_core::registry::{By, PromoteOptions};
    if !has_cpp() {
        return;
    }
    let folder = scratch();
    let (program, path) = (folder.path().join("serve"), folder.path().join("store"));
    compile(&program, prefix(), &[examples().join("cpp/serve.cpp")], &[]);
    let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
    linear_version(&store, "3.0");
    linear_version(&store, "-3.0");

    let mut host = Command::new(&program);
    host.arg(&path).arg("breast-cancer").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut host = host.spawn().unwrap();
    let (mut requests, answers) = (host.stdin.take().unwrap(), BufReader::new(host.stdout.take().unwrap()));
    let mut answers = answers.lines();
    let mut ask = |features: &str| {
        writeln!(requests, "{features}").unwrap();
        answers.next().unwrap().unwrap()
    };
    assert_eq!(ask("1,2"), "nothing is in production");
    let served = |expected: &str, ask: &mut dyn FnMut(&str) -> String| {
        let began = Instant::now();
        while ask("1,2") != expected {
            assert!(began.elapsed() < Duration::from_secs(20), "{expected} was never served");
        }
        began.elapsed()
    };
    let mut took = Vec::new();
    for (number, answer) in [(1, "version 1: benign, 0.953"), (2, "version 2: malignant, 0.047")] {
        store.registry().promote("breast-cancer", number, &PromoteOptions::default()).unwrap();
        took.push(served(answer, &mut ask));
    }
    let by = By { reason: Some("wrong".into()), ..By::default() };
    store.registry().by(by).rollback("breast-cancer", "", None).unwrap();
    took.push(served("version 1: benign, 0.953", &mut ask));
    // A busy machine may be slow once; three times it is not.
    assert!(took.iter().min().is_some_and(|time| *time < Duration::from_secs(1)), "{took:?}");
    assert_eq!(ask("1"), "expected 2 numbers, not 1");
    // The owner of the store goes away; the host takes over and goes on.
    drop(store);
    assert_eq!(ask("1,2"), "version 1: benign, 0.953");
    let store = mlops_core::Store::open(path.to_str().unwrap()).unwrap();
    store.registry().promote("breast-cancer", 2, &PromoteOptions::default()).unwrap();
    served("version 2: malignant, 0.047", &mut ask);
    drop(requests);
    assert!(host.wait().unwrap().success());
}
