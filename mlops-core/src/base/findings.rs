//! What a check of the store finds.

use std::path::PathBuf;

use serde::Serialize;

/// One damaged or missing place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// Where in the file, in bytes.
    pub offset: u64,
    /// What is wrong, and what it means for the data.
    pub problem: String,
    /// What a repair did; None if none was asked for or none is possible.
    pub repair: Option<String>,
}
