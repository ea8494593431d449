//! Makes `include/mlops.h` from the sources.

use std::fmt::Write as _;

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};
use mlops_core::error::TABLE;

use crate::declarations::{package, read};

/// The sources with exported items, in the order of the header.
const SOURCES: &[&str] = &[
    "text",
    "errors",
    "version",
    "store",
    "experiments",
    "runs",
    "system",
    "console",
    "logging",
    "inputs",
    "models",
    "series",
    "run_data",
    "search",
    "tables",
    "artifacts",
    "forks",
    "typed",
    "alerts",
    "transfer",
    "sweeps",
    "reports",
    "registered_models",
    "model_versions",
    "promotions",
    "policies",
    "watches",
    "gate_definitions",
    "gate_columns",
    "gate_inputs",
    "gate_functions",
    "gate_reports",
    "gate_runs",
    "gate_stats",
];

/// The text of the header.
pub(crate) fn generate() -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut builder = Builder::new().with_config(config());
    for source in SOURCES {
        let text = read(&package().join(format!("src/{source}.rs")));
        let expanded = folder.path().join(format!("{source}.rs"));
        std::fs::write(&expanded, expand(&text)).unwrap();
        builder = builder.with_src(expanded);
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    let header = String::from_utf8(bytes).unwrap();
    let (body, end) = header.rsplit_once("#endif").unwrap();
    format!("{body}{}\n#endif{end}", read(&package().join("header/helpers.h")))
}

fn config() -> Config {
    let mut config = Config {
        language: Language::C,
        header: Some(read(&package().join("header/preamble.h"))),
        include_guard: Some("MLOPS_H".into()),
        no_includes: true,
        after_includes: Some(preface()),
        cpp_compat: true,
        style: Style::Both,
        line_length: 120,
        tab_width: 2,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::Doxy,
        ..Config::default()
    };
    config.function.args = cbindgen::Layout::Auto;
    // The structs that other libraries declare too, by their standard names.
    for name in ["ArrowArray", "ArrowArrayStream", "ArrowSchema"] {
        config.export.rename.insert(format!("FFI_{name}"), format!("struct {name}"));
    }
    config
}

/// Includes, the version and the constants that come from the table of errors.
fn preface() -> String {
    let part = |text: &str| text.parse::<u32>().unwrap();
    let (major, minor, patch) = (
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    );
    let mut text = String::from("\n");
    for include in ["stdbool.h", "stddef.h", "stdint.h", "string.h"] {
        writeln!(text, "#include <{include}>").unwrap();
    }
    writeln!(text, "\n/** The version of this header; mlops_version() is that of the library. */").unwrap();
    writeln!(text, "#define MLOPS_VERSION \"{}\"", env!("CARGO_PKG_VERSION")).unwrap();
    writeln!(text, "#define MLOPS_VERSION_MAJOR {major}").unwrap();
    writeln!(text, "#define MLOPS_VERSION_MINOR {minor}").unwrap();
    writeln!(text, "#define MLOPS_VERSION_PATCH {patch}").unwrap();
    writeln!(text, "#define MLOPS_VERSION_NUMBER {}", major * 1_000_000 + minor * 1_000 + patch).unwrap();
    writeln!(text, "/** The version of the binary interface, and the number in the soname. */").unwrap();
    // SAFETY: takes nothing.
    writeln!(text, "#define MLOPS_ABI_VERSION {}", unsafe { mlops::version::mlops_abi_version() }).unwrap();
    writeln!(text, "\n/** The call succeeded. */\n#define MLOPS_OK 0").unwrap();
    for row in TABLE {
        writeln!(text, "/** {} */\n#define {} {}", row.text, row.c_constant, row.number).unwrap();
    }
    text.push('\n');
    text + &read(&package().join("header/arrow.h"))
}

/// Writes every `export!` block as the functions that the macro makes of it, for cbindgen, which expands no macros.
pub(crate) fn expand(source: &str) -> String {
    let mut text = String::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("\nexport! {\n") {
        let (block, behind) = after.split_once("\n}\n").expect("an export! block ends with } at the start of a line");
        text += before;
        text.push('\n');
        let block = block.replace("    pub fn ", "    #[unsafe(no_mangle)]\n    pub extern \"C\" fn ");
        text += &with_err(&block);
        text.push('\n');
        rest = behind;
    }
    text + rest
}

/// Adds the parameter that the macro adds.
fn with_err(block: &str) -> String {
    let mut text = String::new();
    let mut parts = block.split(") -> mlops_status {").peekable();
    while let Some(part) = parts.next() {
        text += part;
        if parts.peek().is_some() {
            let separator = match part.trim_end().chars().last() {
                Some('(' | ',') => "",
                _ => ", ",
            };
            write!(text, "{separator}err: *mut *mut mlops_error) -> mlops_status {{").unwrap();
        }
    }
    text
}
