//! Suites across crates: each is a test target of its own, beside this file.
