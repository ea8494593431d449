//! Which library this is.

use std::ffi::c_char;

use mlops_core::Result;

use crate::boundary::export;

/// The version of the binary interface, and the number in the soname: it changes when programs must be compiled again.
const ABI_VERSION: u32 = 0;

const VERSION: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version has no NUL"),
    };

export! {
    /// The version of the library that runs, such as `0.1.0`; `MLOPS_VERSION` is the one compiled against.
    ///
    /// The text is static. Threads: any. Since 0.1.
    pub fn mlops_version() -> *const c_char {
        VERSION.as_ptr()
    }

    /// The version of the binary interface of the library that runs: equal to `MLOPS_ABI_VERSION`, or the program must
    /// be compiled again.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_abi_version() -> u32 {
        ABI_VERSION
    }

    /// Panics inside the library, for tests: a host must get `MLOPS_INTERNAL` and live.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops__test_panic() -> mlops_status {
        test_panic()
    }
}

fn test_panic() -> Result<()> {
    panic!("asked for by a test")
}
