//! The values of an error as JSON, for hosts that act on them instead of showing the message.

use mlops_core::Error;
use mlops_core::error::NO_OFFSET;
use serde_json::{Value, json};

/// The fields of an error, named as in Rust; texts that only a person reads are in the message.
pub(crate) fn fields(error: &Error) -> Value {
    match error {
        Error::InvalidArgument { what, value, expected } => json!({"what": what, "value": value, "expected": expected}),
        Error::InvalidQuery { what, text, offset, length, .. } => {
            json!({"what": what, "value": text, "offset": offset, "length": length})
        }
        Error::NotFound { what, id, .. } | Error::AlreadyExists { what, id, .. } => json!({"what": what, "id": id}),
        Error::LimitExceeded { what, size, limit, unit } => {
            json!({"what": what, "size": size, "limit": limit, "unit": unit})
        }
        Error::Locked { path, pid, host, .. } | Error::Unanswered { path, pid, host, .. } => {
            json!({"path": path.to_string_lossy(), "pid": pid, "host": host})
        }
        Error::Corrupt { path, offset, .. } => {
            json!({"path": path.to_string_lossy(), "offset": Some(*offset).filter(|at| *at != NO_OFFSET)})
        }
        Error::NewerFormat { path, found, known } => {
            json!({"path": path.to_string_lossy(), "found": found, "known": known})
        }
        Error::Io { action, path, source } => {
            json!({"action": action, "path": path.to_string_lossy(), "os_error": source.raw_os_error()})
        }
        Error::Dropped { run, count, ended } => json!({"run": run, "dropped": count, "ended": ended}),
        Error::ReadOnly { what, .. } => json!({"what": what}),
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_utf8_does_not_lose_the_rest() {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::OsStr::from_bytes(b"a\xff").into();
        let error = Error::Locked { path, pid: 7, host: "there".into(), hint: String::new() };
        assert_eq!(fields(&error), json!({"path": "a\u{fffd}", "pid": 7, "host": "there"}));
        let source = std::io::Error::from_raw_os_error(28);
        let error = Error::Io { action: "write", path: "x".into(), source };
        assert_eq!(fields(&error), json!({"action": "write", "path": "x", "os_error": 28}));
    }
}
