//! What an acknowledgement promises.

use serde::{Deserialize, Serialize};

/// When a commit is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Durability {
    /// In the page cache: survives the death of the process at once, power loss after at most a second.
    #[default]
    Fast,
    /// On the disk (fdatasync): survives power loss.
    Full,
}
