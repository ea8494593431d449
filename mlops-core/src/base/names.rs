//! Keys, ids and names: what is allowed, and the names that runs get when nobody gives one.

use super::limits;
use crate::error::{Error, Result};

/// Checks a key (of a param, tag or metric) or a name: 1 to 500 bytes without control characters.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is empty or has a control character, [`Error::LimitExceeded`] if it is too long.
pub fn check_key(what: &str, key: &str) -> Result<()> {
    if key.trim().is_empty() {
        return Err(Error::InvalidArgument {
            what: what.into(),
            value: key.into(),
            expected: format!("1 to {} bytes of text, not blank", limits::KEY_BYTES),
        });
    }
    let shown = || format!("{what} `{}...`", key.chars().take(40).collect::<String>());
    limits::check(shown, key.len(), limits::KEY_BYTES, "bytes")?;
    if key.chars().any(char::is_control) {
        return Err(Error::InvalidArgument {
            what: what.into(),
            value: key.escape_debug().to_string(),
            expected: "text without control characters".into(),
        });
    }
    Ok(())
}

/// Checks a run id: 1 to 256 of `[A-Za-z0-9_-]`, the first a letter or digit.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is not that.
pub fn check_run_id(id: &str) -> Result<()> {
    let first = id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if first && rest && id.len() <= limits::RUN_ID_CHARS {
        return Ok(());
    }
    Err(Error::InvalidArgument {
        what: "run id".into(),
        value: id.escape_debug().take(300).collect(),
        expected: "1 to 256 letters, digits, `_` or `-`, the first a letter or digit".into(),
    })
}

/// Checks a path inside a run's artifacts and returns it normalised: parts joined by `/`, no empty part.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is empty, absolute, has a part `.` or `..`, a backslash or a control character.
pub fn check_artifact_path(path: &str) -> Result<String> {
    let refuse = |expected: &str| {
        Err(Error::InvalidArgument {
            what: "artifact path".into(),
            value: path.escape_debug().take(300).collect(),
            expected: expected.into(),
        })
    };
    limits::check(|| "artifact path".into(), path.len(), limits::PATH_BYTES, "bytes")?;
    if path.starts_with('/') || path.contains('\\') || path.as_bytes().get(1) == Some(&b':') {
        return refuse("a path relative to the run's artifacts, with `/` between its parts");
    }
    if path.chars().any(char::is_control) {
        return refuse("a path without control characters");
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| *part == "." || *part == "..") {
        return refuse("a path without `.` and `..`, so that it stays inside the run's artifacts");
    }
    if parts.is_empty() {
        return refuse("a path that is not empty");
    }
    Ok(parts.join("/"))
}

const ADJECTIVES: &[&str] = &[
    "amber", "bold", "brisk", "calm", "clever", "crisp", "curious", "daring", "eager", "fair", "fleet", "gentle",
    "glad", "golden", "grand", "handy", "happy", "keen", "kind", "lively", "lucid", "merry", "mild", "nimble", "noble",
    "patient", "placid", "polite", "proud", "quick", "quiet", "rapid", "ready", "robust", "serene", "sharp", "silver",
    "smart", "smooth", "solid", "steady", "subtle", "sunny", "swift", "tidy", "trusty", "vivid", "warm", "wise",
    "witty",
];
const NOUNS: &[&str] = &[
    "auk", "badger", "bear", "bison", "crane", "deer", "dove", "duck", "eagle", "elk", "falcon", "finch", "fox",
    "gull", "hare", "hawk", "heron", "ibis", "jay", "kite", "koala", "lark", "lemur", "lion", "lynx", "marten", "mole",
    "moose", "newt", "otter", "owl", "panda", "pike", "plover", "puffin", "quail", "raven", "robin", "seal", "shrew",
    "sparrow", "stork", "swan", "tern", "toad", "trout", "vole", "whale", "wren", "yak",
];

/// A run name like `swift-otter-412`, made from the bits of an id.
pub fn run_name(id: uuid::Uuid) -> String {
    let mut bits = u64::from_le_bytes(*id.as_bytes().last_chunk::<8>().expect("a uuid has 16 bytes"));
    let mut pick = |from: u64| {
        let chosen = bits % from;
        bits /= from;
        usize::try_from(chosen).unwrap_or(0)
    };
    let (adjective, noun, number) = (pick(ADJECTIVES.len() as u64), pick(NOUNS.len() as u64), pick(1000));
    format!("{}-{}-{number}", ADJECTIVES.get(adjective).unwrap_or(&"swift"), NOUNS.get(noun).unwrap_or(&"otter"))
}
