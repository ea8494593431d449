//! The table of codes. The C constants, the Python classes and `docs/reference/errors.md` are made from it.

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The stable number: the C status and the key of the table. Numbers are never reused.
    pub number: i32,
    /// The C constant.
    pub c_constant: &'static str,
    /// The Python exception class in `mlops.exceptions`.
    pub python_class: &'static str,
    /// The builtin exception that the Python class also derives from.
    pub python_base: &'static str,
    /// The `error_code` that MLflow's clients expect.
    pub mlflow_code: &'static str,
    /// The exit code of the command line.
    pub exit_code: u8,
    /// Whether the same call may succeed later without any change.
    pub retryable: bool,
    /// One sentence for the reference.
    pub text: &'static str,
}

macro_rules! codes {
    ($($number:literal $name:ident $c:literal $base:literal $mlflow:literal $exit:literal $retry:literal $text:literal;)*) => {
        /// The kind of an [`Error`](super::Error): what a caller acts on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $text] $name = $number,)*
        }

        /// Every row, by number.
        pub const TABLE: &[CodeRow] = &[$(CodeRow {
            number: $number, c_constant: $c, python_class: stringify!($name), python_base: $base,
            mlflow_code: $mlflow, exit_code: $exit, retryable: $retry, text: $text,
        },)*];

        impl Code {
            /// The row of this code.
            pub const fn row(self) -> CodeRow {
                match self {
                    $(Self::$name => CodeRow {
                        number: $number, c_constant: $c, python_class: stringify!($name), python_base: $base,
                        mlflow_code: $mlflow, exit_code: $exit, retryable: $retry, text: $text,
                    },)*
                }
            }
        }
    };
}

codes! {
    1 InvalidArgument "MLOPS_INVALID_ARGUMENT" "ValueError" "INVALID_PARAMETER_VALUE" 2 false "An argument is not what it must be.";
    2 NotFound "MLOPS_NOT_FOUND" "LookupError" "RESOURCE_DOES_NOT_EXIST" 2 false "The named thing does not exist.";
    3 AlreadyExists "MLOPS_ALREADY_EXISTS" "ValueError" "RESOURCE_ALREADY_EXISTS" 3 false "The thing to be created exists.";
    4 Conflict "MLOPS_CONFLICT" "ValueError" "INVALID_PARAMETER_VALUE" 3 false "The call contradicts what is stored.";
    5 InvalidState "MLOPS_INVALID_STATE" "RuntimeError" "INVALID_STATE" 3 false "The thing is in a state that does not allow the call.";
    6 LimitExceeded "MLOPS_LIMIT_EXCEEDED" "ValueError" "INVALID_PARAMETER_VALUE" 2 false "Something is larger than its limit.";
    7 Locked "MLOPS_LOCKED" "OSError" "TEMPORARILY_UNAVAILABLE" 3 true "Another process holds the store and does not answer, or cannot be asked from here.";
    8 Corrupt "MLOPS_CORRUPT" "OSError" "INTERNAL_ERROR" 4 false "Stored bytes do not match their checksum or their form.";
    9 NewerFormat "MLOPS_NEWER_FORMAT" "RuntimeError" "INVALID_STATE" 4 false "The store was written by a newer version.";
    10 Io "MLOPS_IO" "OSError" "IO_ERROR" 7 false "The operating system refused a file operation.";
    11 OutOfSpace "MLOPS_OUT_OF_SPACE" "OSError" "RESOURCE_EXHAUSTED" 7 true "The disk or the quota is full.";
    12 ReadOnly "MLOPS_READ_ONLY" "PermissionError" "PERMISSION_DENIED" 7 false "The store or its folder does not allow writing.";
    13 Untrusted "MLOPS_UNTRUSTED" "PermissionError" "PERMISSION_DENIED" 6 false "Loading would run code that this user has not trusted.";
    14 Unsupported "MLOPS_UNSUPPORTED" "NotImplementedError" "NOT_IMPLEMENTED" 7 false "This build, engine or platform cannot do it.";
    15 Busy "MLOPS_BUSY" "RuntimeError" "TEMPORARILY_UNAVAILABLE" 3 true "The thing is used by another thread or process at this moment.";
    16 Internal "MLOPS_INTERNAL" "RuntimeError" "INTERNAL_ERROR" 7 false "A bug in mlops, or a dependency that failed.";
    17 NoOwner "MLOPS_NO_OWNER" "OSError" "TEMPORARILY_UNAVAILABLE" 3 true "No process owns the store, and this one may not.";
    18 Denied "MLOPS_DENIED" "PermissionError" "PERMISSION_DENIED" 6 false "A policy does not allow it: an approval, a gate or what it asks for is missing, or the actor may not.";
    19 Stale "MLOPS_STALE" "RuntimeError" "INVALID_STATE" 3 false "What it rests on was made of a state that is not the current one any more.";
}
