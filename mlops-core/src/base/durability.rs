//! What an acknowledgement promises.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The environment variable that gives the default.
const VARIABLE: &str = "MLOPS_DURABILITY";

/// When what is logged or committed is acknowledged. `docs/guide/durability.md` says what each costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Durability {
    /// In the page cache: survives the death of the process at once, power loss after at most a second.
    #[default]
    Fast,
    /// On the disk (fdatasync): survives power loss.
    Full,
}

impl Durability {
    /// The name in options and in `MLOPS_DURABILITY`: `fast` or `full`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }

    /// What `MLOPS_DURABILITY` says; [`Fast`](Self::Fast) without it.
    ///
    /// # Errors
    /// `InvalidArgument` for another value than `fast` and `full`.
    pub(crate) fn from_environment() -> Result<Self> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::default()),
            Some(value) if value.is_empty() => Ok(Self::default()),
            Some(value) => parse(&value.to_string_lossy(), &format!("environment variable {VARIABLE}")),
        }
    }
}

impl FromStr for Durability {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text, "durability")
    }
}

fn parse(text: &str, what: &str) -> Result<Durability> {
    [Durability::Fast, Durability::Full].into_iter().find(|durability| durability.as_str() == text).ok_or_else(|| {
        Error::InvalidArgument { what: what.into(), value: text.into(), expected: "`fast` or `full`".into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_by_name_and_others_are_refused_with_the_names() {
        assert_eq!("full".parse::<Durability>().unwrap(), Durability::Full);
        assert_eq!(Durability::Fast.as_str().parse::<Durability>().unwrap(), Durability::Fast);
        let error = parse("FULL", "environment variable MLOPS_DURABILITY").unwrap_err().to_string();
        assert_eq!(error, "environment variable MLOPS_DURABILITY `FULL` is not valid: expected `fast` or `full`");
    }
}
