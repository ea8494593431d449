//! What models and aliases may be called.

use crate::base::limits;
use crate::error::{Error, Result};

/// Checks the name of a model and returns what it is compared by: names that differ in ASCII case only are the same.
pub(super) fn model(name: &str) -> Result<String> {
    let forbidden = |c: char| matches!(c, '/' | ':' | '@') || c.is_control();
    if name.trim().is_empty() || matches!(name, "." | "..") || name.contains(forbidden) {
        return Err(Error::InvalidArgument {
            what: "name of a registered model".into(),
            value: name.escape_debug().take(300).collect(),
            expected: "text without `/`, `:`, `@` and control characters, not blank, not `.` or `..`".into(),
        });
    }
    limits::check(|| "the name of a registered model".into(), name.len(), limits::MODEL_NAME_BYTES, "bytes")?;
    Ok(name.to_ascii_lowercase())
}

/// The alias that the registry itself keeps: what was in production before.
pub(super) const PREVIOUS: &str = "previous";

/// The alias of the version with the highest number, which nobody sets.
pub(super) const LATEST: &str = "latest";

/// Checks an alias that somebody looks for, which may be [`PREVIOUS`] or [`LATEST`], and returns what it is compared by.
pub(super) fn found_alias(alias: &str) -> Result<String> {
    let kept = [PREVIOUS, LATEST].into_iter().find(|kept| alias.eq_ignore_ascii_case(kept));
    kept.map_or_else(|| self::alias(alias), |kept| Ok(kept.into()))
}

/// Checks an alias and returns what it is compared by.
pub(super) fn alias(alias: &str) -> Result<String> {
    let refuse = |expected: &str| {
        let value = alias.escape_debug().take(300).collect();
        Err(Error::InvalidArgument { what: "alias".into(), value, expected: expected.into() })
    };
    if alias.is_empty() || !alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return refuse("letters, digits, `_` and `-`");
    }
    limits::check(|| "an alias".into(), alias.len(), limits::ALIAS_BYTES, "bytes")?;
    let lower = alias.to_ascii_lowercase();
    let digits = lower.strip_prefix('v').unwrap_or(&lower);
    if matches!(lower.as_str(), LATEST | PREVIOUS)
        || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return refuse("another word: `latest`, `previous`, numbers, and `v` before a number are reserved");
    }
    Ok(lower)
}

/// Checks the name of a slot and returns what it is compared by; the empty one is the slot that every model has.
pub(super) fn slot(slot: &str) -> Result<String> {
    if !slot.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        let value = slot.escape_debug().take(300).collect();
        return Err(Error::InvalidArgument {
            what: "slot".into(),
            value,
            expected: "letters, digits, `_` and `-`".into(),
        });
    }
    limits::check(|| "the name of a slot".into(), slot.len(), limits::ALIAS_BYTES, "bytes")?;
    Ok(slot.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn names_that_a_uri_could_not_say_are_refused() {
        for bad in ["", "  ", ".", "..", "a/b", "a:b", "a@b", "a\nb", "a\0b"] {
            assert_eq!(model(bad).unwrap_err().code(), Code::InvalidArgument, "{bad:?}");
        }
        assert_eq!(model(&"x".repeat(251)).unwrap_err().code(), Code::LimitExceeded);
        assert_eq!(model("Fräud Model.").unwrap(), "fräud model.");
    }

    #[test]
    fn reserved_aliases_are_refused_in_any_case() {
        for bad in ["", "latest", "Latest", "previous", "v1", "V20", "3", "a b", "a.b"] {
            assert_eq!(alias(bad).unwrap_err().code(), Code::InvalidArgument, "{bad:?}");
        }
        assert_eq!(alias(&"x".repeat(256)).unwrap_err().code(), Code::LimitExceeded);
        assert_eq!(alias("Champion-v1").unwrap(), "champion-v1");
        assert_eq!(alias("v").unwrap(), "v");
    }
}
