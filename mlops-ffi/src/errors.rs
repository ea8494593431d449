//! Status numbers and error objects; both come from the one table of `mlops-core`.

use std::ffi::c_char;
use std::sync::LazyLock;

use mlops_core::Error;
use mlops_core::error::{CodeRow, TABLE};

use crate::args::Handle;
use crate::boundary::export;
use crate::text::Text;

/// How a call went: `MLOPS_OK` or the number of an error. Numbers never change; new ones may come.
pub type mlops_status = i32;

/// What went wrong in one call. Freed with `mlops_error_free`.
#[derive(Debug)]
pub struct mlops_error {
    pub(crate) status: mlops_status,
    message: Text,
    detail: Text,
}

impl Handle for mlops_error {}

/// The status of a call that did what it was asked; the constant of the header.
pub(crate) const OK: mlops_status = 0;

impl mlops_error {
    /// Puts an error into words.
    pub(crate) fn new(error: &Error) -> Self {
        // C reads the message up to its NUL.
        let message = error.to_string().replace('\0', "\\0");
        let detail = crate::detail::fields(error).to_string();
        Self { status: error.code().row().number, message: Text::new(message), detail: Text::new(detail) }
    }
}

/// A row of the table as C reads it.
struct Row {
    status: mlops_status,
    name: Text,
    text: Text,
    retryable: bool,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let row = |row: &CodeRow| Row {
        status: row.number,
        name: Text::new(row.c_constant),
        text: Text::new(row.text),
        retryable: row.retryable,
    };
    let ok = Row { status: OK, name: Text::new("MLOPS_OK"), text: Text::new("The call succeeded."), retryable: false };
    std::iter::once(ok).chain(TABLE.iter().map(row)).collect()
});

fn row(status: mlops_status) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.status == status)
}

export! {
    /// The constant's name of a status, such as `MLOPS_NOT_FOUND`; `MLOPS_UNKNOWN` if it is none.
    ///
    /// The text is static. Threads: any. Since 0.1.
    pub fn mlops_status_name(status: i32) -> *const c_char {
        row(status).map_or(c"MLOPS_UNKNOWN".as_ptr(), |row| row.name.as_c())
    }

    /// One sentence about a status.
    ///
    /// The text is static. Threads: any. Since 0.1.
    pub fn mlops_status_text(status: i32) -> *const c_char {
        row(status).map_or(c"This version of libmlops does not know the status.".as_ptr(), |row| row.text.as_c())
    }

    /// Whether the same call may succeed later without any change.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_status_is_retryable(status: i32) -> bool {
        row(status).is_some_and(|row| row.retryable)
    }

    /// The status that came with an error; `MLOPS_OK` for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_error_code(error: *const mlops_error) -> i32 {
        error.map_or(OK, |error| error.status)
    }

    /// What was wrong, with the value, and what to do; empty for NULL. UTF-8 with a NUL at its end.
    ///
    /// The text lives until the error is freed. Threads: any. Since 0.1.
    pub fn mlops_error_message(error: *const mlops_error) -> *const c_char {
        error.map_or(c"".as_ptr(), |error| error.message.as_c())
    }

    /// The values in the message as a JSON object, to act on: `{"path": "...", "pid": 42, "host": "..."}` of
    /// `MLOPS_LOCKED`, `what`, `value` and `expected` of `MLOPS_INVALID_ARGUMENT`...; `{}` if there are none or for NULL.
    /// Of a filter, order or column that cannot be read it has the place: `{"what": "filter", "value": "...", "offset":
    /// 13, "length": 2}` in bytes, where the length is 0 if something is missing at the end.
    ///
    /// The text lives until the error is freed. Threads: any. Since 0.1.
    pub fn mlops_error_detail_json(error: *const mlops_error) -> *const c_char {
        error.map_or(c"{}".as_ptr(), |error| error.detail.as_c())
    }

    /// Frees an error. NULL is fine.
    ///
    /// Threads: any, but nobody may use the error any more. Since 0.1.
    pub fn mlops_error_free(error: *mut mlops_error) {
        drop(error);
    }
}
