//! The C ABI of mlops: `include/mlops.h` is made from this crate, `include/mlops.hpp` wraps it for C++.
//!
//! Every exported function goes through `export!` (`boundary.rs`), which adds the unwind guard, checks the arguments and
//! reports errors. What a function's body sees are safe Rust values; behaviour is in `mlops-core`.
//!
//! What holds for all of it (the header says so to its readers):
//! - Every pointer argument must be valid; NULL gives `MLOPS_INVALID_ARGUMENT`, except for `err`, for arrays of length
//!   0, and for the functions that free or read one field, which take NULL as nothing.
//! - Handles are shared: any function may be called on one handle from many threads at once. Freeing comes last.
//! - Outputs are written only on success; `*err` is set by every call that gets it, to NULL on success.

#![expect(non_camel_case_types, reason = "types carry their C names")]
#![expect(clippy::missing_safety_doc, reason = "one contract holds for every function: the crate's documentation")]

pub mod alerts;
mod args;
pub mod arrow;
pub mod artifacts;
mod boundary;
pub mod console;
mod detail;
pub mod errors;
pub mod experiments;
pub mod forks;
pub mod gate_columns;
pub mod gate_definitions;
pub mod gate_functions;
pub mod gate_inputs;
pub mod gate_reports;
pub mod gate_runs;
pub mod gate_stats;
pub mod inputs;
mod json;
pub mod logging;
pub mod model_versions;
pub mod models;
pub mod policies;
pub mod promotions;
pub mod registered_models;
pub mod reports;
pub mod run_data;
pub mod runs;
pub mod search;
pub mod series;
mod sized;
pub mod store;
pub mod sweeps;
pub mod system;
pub mod tables;
pub mod text;
pub mod transfer;
pub mod typed;
pub mod version;
pub mod watches;
