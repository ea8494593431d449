//! Builds and runs C and C++ programs against an installed library, as a user does.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// What our programs are compiled with: all warnings are errors.
const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"];

/// The folder of the package `mlops-ffi`; suites of other packages use this too.
pub(crate) fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("mlops-ffi")
}

/// The folder where cargo put the library that this test was built with.
pub(crate) fn library_dir() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().to_path_buf()
}

/// A prefix with the library installed by `install.sh`, made once for each build of it: every process of tests uses it.
pub(crate) fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = std::fs::File::create(tmp.join("installed.lock")).unwrap();
        lock.lock().unwrap();
        let library = library_dir().join("libmlops.a");
        let stamp = format!("{} {:?}", library.display(), library.metadata().unwrap().modified().unwrap());
        let prefix = tmp.join("installed");
        if std::fs::read_to_string(prefix.join("stamp")).is_ok_and(|made| made == stamp) {
            return prefix;
        }
        if prefix.exists() {
            std::fs::remove_dir_all(&prefix).unwrap();
        }
        install_in(&prefix);
        std::fs::write(prefix.join("stamp"), stamp).unwrap();
        prefix
    })
}

/// Installs the library into a new folder whose name begins with `name`.
#[allow(dead_code, reason = "not every suite that shares this file installs more than once")]
pub(crate) fn install(name: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix(name).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    install_in(folder.path());
    folder
}

fn install_in(folder: &Path) {
    let mut install = Command::new(package().join("install.sh"));
    run(install.arg(folder).arg("--lib-dir").arg(library_dir()));
}

/// An empty folder on the target's disk.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// Compiles and links sources with the flags of pkg-config. A source that ends with `cpp` makes it C++.
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
    compiler.args(flags(prefix)).args(["-lm", "-pthread"]);
    compiler.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    run(&mut compiler);
}

/// The flags that pkg-config gives; static ones where the prefix has no shared library.
fn flags(prefix: &Path) -> Vec<String> {
    let is_static = !prefix.join("lib/libmlops.so").exists() && !prefix.join("lib/libmlops.dylib").exists();
    let mut command = Command::new(std::env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into()));
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(["--cflags", "--libs", "mlops"]);
    if is_static {
        command.arg("--static");
    }
    if command.output().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return flags_by_hand(prefix, is_static);
    }
    words(&run(&mut command))
}

/// The same flags on a machine without pkg-config.
fn flags_by_hand(prefix: &Path, is_static: bool) -> Vec<String> {
    let mut flags = vec![format!("-I{}/include", prefix.display()), format!("-L{}/lib", prefix.display())];
    flags.push("-lmlops".into());
    if is_static {
        let text = std::fs::read_to_string(prefix.join("lib/pkgconfig/mlops.pc")).unwrap();
        let private = text.lines().find_map(|line| line.strip_prefix("Libs.private: ")).unwrap();
        flags.extend(words(private));
    }
    flags
}

/// Words with a space inside have a backslash before it, as pkg-config writes them for a shell.
fn words(text: &str) -> Vec<String> {
    let words = text.trim().replace("\\ ", "\0");
    words.split_whitespace().map(|word| word.replace('\0', " ")).collect()
}

/// Runs a command that must succeed and gives what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.env("RUST_BACKTRACE", "0").output().unwrap_or_else(|error| panic!("{command:?} cannot run: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}
