//! The artifact path of a value: `media/<key>/<step>-<id>.<ending>`.

use super::value::{MediaKind, MediaValue};
use crate::base::{names, text};
use crate::error::Result;

const FOLDER: &str = "media/";
/// Steps up to this many digits sort as paths do.
const DIGITS: usize = 12;

/// A new path; `id` sorts by time.
pub(in crate::runs) fn new_path(key: &str, step: i64, id: &str, value: &MediaValue) -> Result<String> {
    names::check_key("media", key)?;
    names::check_artifact_path(&format!("{FOLDER}{}/{step:0DIGITS$}-{id}.{}", encode(key), value.ending()))
}

/// The step of a value by its path; None for other artifacts.
pub(in crate::runs) fn step_of(path: &str) -> Option<i64> {
    read(path).map(|(_, step, _)| step)
}

/// Key, step and kind of a value by its path; None for other artifacts.
pub(super) fn read(path: &str) -> Option<(String, i64, MediaKind)> {
    let (key, file) = path.strip_prefix(FOLDER)?.rsplit_once('/')?;
    let (name, ending) = file.split_once('.')?;
    let (step, _) = name.rsplit_once('-')?;
    Some((decode(key)?, step.parse().ok()?, MediaKind::of_ending(ending)?))
}

/// A key as a folder: what a path or a file system cannot hold is written as `%` and two hex digits for each byte.
fn encode(key: &str) -> String {
    let mut path = String::new();
    let parts = key.split('/').collect::<Vec<_>>();
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            path.push('/');
        }
        if part.is_empty() {
            // Two slashes in a row, or one at an end, would be one.
            path.push_str("%-");
        }
        for c in part.chars() {
            let dots = part.chars().all(|c| c == '.');
            if dots || matches!(c, '%' | '\\' | '"' | ':' | '*' | '?' | '<' | '>' | '|') {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    path.push('%');
                    path.push_str(&text::hex(&[byte]));
                }
            } else {
                path.push(c);
            }
        }
    }
    path
}

fn decode(path: &str) -> Option<String> {
    let mut key = Vec::new();
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            key.push(byte);
            continue;
        }
        let first = bytes.next()?;
        if first != b'-' {
            let digits = [first, bytes.next()?];
            key.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        }
    }
    String::from_utf8(key).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> MediaValue {
        MediaValue::Text("x".into())
    }

    #[test]
    fn a_path_sorts_by_step_and_can_be_read_by_people() {
        let path = new_path("val/samples{subset=\"a\"}", 7, "0199", &value()).unwrap();
        assert_eq!(path, "media/val/samples{subset=%22a%22}/000000000007-0199.txt");
        assert!(new_path("k", 9, "b", &value()).unwrap() < new_path("k", 10, "a", &value()).unwrap());
        for other in ["media/a.txt", "notes/k/1-a.txt", "media/k/x-a.txt", "media/k/1-a.exe", "media/k/1a.txt"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_path_says_key_and_step(key in "[a-zé ./%:\"{}=-]{1,20}", step in any::<i64>()) {
            let path = new_path(&key, step, "0199ab", &value());
            if names::check_key("media", &key).is_ok() {
                prop_assert_eq!(read(&path.unwrap()), Some((key, step, MediaKind::Text)));
            }
        }
    }
}
