//! The examples are the programs in `rust/`; cargo wants a library beside them.
