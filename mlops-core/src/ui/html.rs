//! Text in markup.

pub use crate::base::markup::escape;
