//! The rules that are not about edges.

use crate::scan::{self, Kind, Token};
use crate::tree::File;

/// The longest file of code, in lines.
const WALL: usize = 800;
/// Modules of mlops-core that may hold unsafe code.
const AUDITED: &[&str] = &["mlops-core/src/base/os.rs", "mlops-core/src/base/map.rs"];
/// What may stand at the top level beside dot-files.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "Makefile",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "rust-toolchain.toml",
    "mlops-core",
    "mlops-py",
    "mlops-ffi",
    "examples",
    "benches",
    "tests",
    "docs",
];
/// Modules of mlops-core that are no pillars: their keys are not entries of a store, or they have none.
const NO_PILLARS: &[&str] =
    &["base", "error", "log", "query", "metrics", "storage", "blob", "spool", "store", "cli", "ui", "bin"];
/// Hosts that a text may name: where licences and papers stand, the name space of SVG, and names that are reserved for
/// examples.
const HOSTS: &[&str] =
    &["www.w3.org", "www.apache.org", "creativecommons.org", "doi.org", "localhost", "127.0.0.1", "example.com"];

/// Files of code up to 800 lines; tests and what is generated may be longer.
pub(crate) fn length(file: &File) -> Vec<String> {
    let code = file.is(&[".rs", ".py", ".pyi", ".c", ".h", ".hpp", ".cpp"]);
    let lines = file.text.lines().count();
    if !code || is_test(&file.path) || file.is(&["include/mlops.h"]) || lines <= WALL {
        return Vec::new();
    }
    vec![format!("{}: {lines} lines, {WALL} is the wall", file.path)]
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Code outside `storage/sled/` names the crate nowhere; the module `storage::sled` may be declared beside it and
/// named with its path, since somebody has to put the layers together. Manifests of other packages have no such
/// dependency. Comments and texts may speak of it.
pub(crate) fn engine(file: &File) -> Vec<String> {
    if file.path.ends_with("/Cargo.toml") && !file.path.starts_with("mlops-core/") {
        let lines = file.text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("sled"));
        return lines.map(|(at, _)| format!("{}:{}: only mlops-core depends on sled", file.path, at + 1)).collect();
    }
    if !file.is(&[".rs"]) || file.path.starts_with("mlops-core/src/storage/sled/") {
        return Vec::new();
    }
    let beside = file.path == "mlops-core/src/storage/mod.rs";
    let tokens = scan::tokens(&file.text);
    let named = tokens.iter().enumerate().filter(|(i, token)| {
        let before = |back: usize| i.checked_sub(back).and_then(|at| tokens.get(at));
        let group = scan::group_start(&tokens, *i);
        let is_module = [Some(*i), group].into_iter().flatten().any(|at| scan::is_inside(&tokens, at, "storage"));
        let is_declared = beside && before(1).is_some_and(|token| token.is_word("mod"));
        token.is_word("sled") && !is_module && !is_declared
    });
    named.map(|(_, token)| format!("{}:{}: names sled", file.path, token.line)).collect()
}

/// `unsafe` outside the audited modules.
pub(crate) fn unsafe_code(file: &File) -> Vec<String> {
    if !file.is(&[".rs"]) || AUDITED.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let tokens = scan::tokens(&file.text);
    tokens.iter().filter(|t| t.is_word("unsafe")).map(|t| format!("{}:{}: unsafe", file.path, t.line)).collect()
}

/// Byte strings that are, or begin, a key of storage, in a pillar but not in its `keys.rs`.
pub(crate) fn keys(file: &File) -> Vec<String> {
    let Some(inner) = file.path.strip_prefix("mlops-core/src/") else { return Vec::new() };
    let pillar = inner.split_once('/').is_some_and(|(module, _)| !NO_PILLARS.contains(&module));
    if !pillar || !file.is(&[".rs"]) || file.is(&["/keys.rs"]) || is_test(&file.path) {
        return Vec::new();
    }
    let tokens = scan::tokens(&file.text);
    let keys = tokens.iter().enumerate().filter(|(i, token)| match &token.kind {
        Kind::Bytes(content) => content.ends_with('/') || is_key_argument(&tokens, *i),
        _ => false,
    });
    keys.map(|(_, token)| format!("{}:{}: a key of storage outside keys.rs", file.path, token.line)).collect()
}

/// True if what stands at `i` is the key of an operation, a range or a read.
fn is_key_argument(tokens: &[Token], i: usize) -> bool {
    let before: Vec<&Token> = tokens.iter().take(i).rev().filter(|token| !token.is_sign('&')).take(4).collect();
    let word = |at: usize, words: &[&str]| before.get(at).is_some_and(|token| words.iter().any(|w| token.is_word(w)));
    let sign = |at: usize, sign| before.get(at).is_some_and(|token| token.is_sign(sign));
    let called = sign(0, '(') && word(1, &["put", "check", "check_absent", "delete", "prefix", "get"]);
    let operation = called && before.get(2).is_some_and(|t| t.kind == Kind::Path) && word(3, &["Op", "KeyRange"]);
    let read = called && word(3, &["storage"]);
    let field = sign(0, ':') && word(1, &["key"]);
    operation || read || field
}

/// Marks of unfinished work, paths of one machine, and hosts.
pub(crate) fn words(file: &File) -> Vec<String> {
    // Lock files name where packages come from; the rule and its samples have to name what they look for.
    if file.is(&["Cargo.lock", "LICENSE-APACHE"]) || file.path.starts_with("tests/architecture") {
        return Vec::new();
    }
    let marks = ["todo!(", "unimplemented!(", "FIXME", "XXX", "/work/", "/root/"];
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let mut say = |what: &str| found.push(format!("{}:{}: {what}", file.path, at + 1));
        marks.iter().filter(|mark| line.contains(**mark)).for_each(|mark| say(mark));
        for scheme in ["http://", "https://"] {
            for rest in line.split(scheme).skip(1) {
                let host: String = rest.chars().take_while(|c| c.is_alphanumeric() || ".-_".contains(*c)).collect();
                if !host.is_empty() && !HOSTS.contains(&host.as_str()) {
                    say(&format!("the host {host}"));
                }
            }
        }
    }
    found
}

/// What does not belong at the top level.
pub(crate) fn top_level(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str())).cloned().collect()
}
