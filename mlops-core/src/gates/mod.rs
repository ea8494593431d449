//! A candidate against the baseline: may it be promoted?
//!
//! - [`stats`]: what the difference of two models is and how sure that is, as pure functions over arrays.

pub mod stats;
