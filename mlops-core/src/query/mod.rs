//! Filter language.
