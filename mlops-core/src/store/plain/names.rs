//! What files are called in an export: paths as they are where a file system can hold them, else escaped. The tables say
//! which file has which path.

use std::collections::HashSet;

use crate::base::digests::Digest;
use crate::base::text::hex;

/// A longer name is cut, in bytes: room for what is added to tell two apart.
const NAME_BYTES: usize = 200;
/// Names that mean a device on Windows, whatever their ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A part of a path as a name that every file system can hold: `%` and two hex digits stand for each byte of what cannot be
/// in one, and `%~` with a digest for the rest of what is too long.
pub(super) fn part(part: &str) -> String {
    let only_dots = part.chars().all(|c| c == '.');
    let last = part.chars().count().saturating_sub(1);
    let device = is_device(part);
    let mut name = String::with_capacity(part.len());
    for (at, c) in part.chars().enumerate() {
        let ends_badly = at == last && matches!(c, '.' | ' ');
        let forbidden = c.is_control() || matches!(c, '%' | '/' | '\\' | '"' | ':' | '*' | '?' | '<' | '>' | '|');
        if only_dots || ends_badly || forbidden || (device && at == 0) {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                name.push('%');
                name.push_str(&hex(&[byte]));
            }
        } else {
            name.push(c);
        }
    }
    if name.is_empty() {
        return "%-".into();
    }
    if name.len() <= NAME_BYTES {
        return name;
    }
    let end = (0..=NAME_BYTES - 24).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    name.truncate(end);
    name + &distinct(part)
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// What tells names apart that would be one.
pub(super) fn distinct(path: &str) -> String {
    format!("%~{}", Digest::of(path.as_bytes()).to_hex().get(..16).unwrap_or_default())
}

/// Gives the files of one folder their names: no two are the same, also where case does not count, and none is a folder of
/// another.
#[derive(Debug, Default)]
pub(super) struct Namer {
    folders: HashSet<String>,
    used: HashSet<String>,
}

impl Namer {
    pub(super) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut folders = HashSet::new();
        for path in paths {
            let name = escaped(path).to_lowercase();
            folders.extend(name.match_indices('/').filter_map(|(at, _)| name.get(..at).map(str::to_owned)));
        }
        Self { folders, used: HashSet::new() }
    }

    /// The file of a path.
    pub(super) fn name(&mut self, path: &str) -> String {
        let name = escaped(path);
        let lower = name.to_lowercase();
        if !self.folders.contains(&lower) && self.used.insert(lower) {
            return name;
        }
        // Names have no such ending by themselves.
        let name = name + &distinct(path);
        self.used.insert(name.to_lowercase());
        name
    }
}

fn escaped(path: &str) -> String {
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_file_system_can_hold_stays_as_it_is() {
        for name in ["notes.txt", "größe 1.png", ".hidden", "a.b.c", "模型", "console", "x{fold=1}"] {
            assert_eq!(part(name), name);
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_escaped() {
        for (path, name) in [
            ("..", "%2e%2e"),
            ("a:b", "a%3ab"),
            ("50%", "50%25"),
            ("end.", "end%2e"),
            ("end ", "end%20"),
            ("NUL.txt", "%4eUL.txt"),
            ("com1", "%63om1"),
            ("", "%-"),
            ("a\u{1}", "a%01"),
        ] {
            assert_eq!(part(path), name);
        }
        let long = "ä".repeat(300);
        assert!(part(&long).len() <= NAME_BYTES && part(&long).contains("%~"));
        assert_ne!(part(&long), part(&("ä".repeat(299) + "b")));
    }

    #[test]
    fn no_two_files_of_a_folder_have_one_name() {
        let paths = ["a", "a/b", "A", "a/B", "x", "X/y", "x/y"];
        let mut namer = Namer::new(paths.into_iter());
        let mut names: Vec<String> = paths.iter().map(|path| namer.name(path).to_lowercase()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
        for name in &names {
            let inside = format!("{name}/");
            assert!(!names.iter().any(|other| other.starts_with(&inside)), "{name} is a folder too: {names:?}");
        }
    }
}
