//! Suites across crates; each is a test target of this package.
