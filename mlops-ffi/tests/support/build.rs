//! Builds and runs C and C++ programs against an installed library, as a user does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What our programs are compiled with: all warnings are errors.
const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];

/// The folder of this package.
pub(crate) fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder where cargo put the library that this test was built with.
pub(crate) fn library_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_path_buf()
}

/// A prefix with the library installed by `install.sh`, made once a process.
pub(crate) fn prefix() -> &'static Path {
    static PREFIX: OnceLock<TempDir> = OnceLock::new();
    let folder = PREFIX.get_or_init(|| {
        let folder = scratch();
        let mut install = Command::new(package().join("install.sh"));
        run(install.arg(folder.path()).arg("--lib-dir").arg(library_dir()));
        folder
    });
    folder.path()
}

/// A copy of the prefix without the shared library, so that `-lmlops` is the static one.
pub(crate) fn static_prefix() -> &'static Path {
    static PREFIX: OnceLock<TempDir> = OnceLock::new();
    let folder = PREFIX.get_or_init(|| {
        let folder = scratch();
        let mut install = Command::new(package().join("install.sh"));
        run(install.arg(folder.path()).arg("--lib-dir").arg(library_dir()));
        for entry in std::fs::read_dir(folder.path().join("lib")).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_dir() && path.extension() != Some(OsStr::new("a")) {
                std::fs::remove_file(path).unwrap();
            }
        }
        folder
    });
    folder.path()
}

/// An empty folder on the target's disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Compiles and links sources with the flags of pkg-config. A source that ends with `pp` makes it C++.
pub(crate) fn compile(output: &Path, prefix: &Path, sources: &[PathBuf], options: &[&str]) {
    let cpp = sources.iter().any(|source| source.extension() == Some(OsStr::new("cpp")));
    let mut compiler = if cpp {
        let mut compiler = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
        compiler.arg("-std=c++17");
        compiler
    } else {
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-std=c11", "-D_GNU_SOURCE"]);
        compiler
    };
    compiler.args(WARNINGS).args(options).args(sources).arg("-o").arg(output);
    compiler.args(pkg_config(prefix)).args(["-lm", "-pthread"]);
    compiler.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    run(&mut compiler);
}

/// The flags that pkg-config gives; static ones where the prefix has no shared library.
fn pkg_config(prefix: &Path) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(["--cflags", "--libs", "mlops"]);
    if !prefix.join("lib/libmlops.so").exists() && !prefix.join("lib/libmlops.dylib").exists() {
        command.arg("--static");
    }
    run(&mut command).split_whitespace().map(str::to_owned).collect()
}

/// Runs a command that must succeed and gives what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.env("RUST_BACKTRACE", "0").output().unwrap_or_else(|error| panic!("{command:?} cannot run: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// A program that may be missing on a developer's machine, never in CI: None says, in words, what was skipped.
pub(crate) fn tool(variable: &str, name: &str, skipped: &str) -> Option<PathBuf> {
    let program = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    if Command::new(&program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    assert!(std::env::var_os("CI").is_none(), "CI needs {name} (or {variable}) for: {skipped}");
    announce(&format!("skipped: {skipped}: there is no {name}; install it or set {variable}"));
    None
}

/// Prints past the capture of the test harness.
pub(crate) fn announce(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
