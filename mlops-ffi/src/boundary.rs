//! The border between C and Rust: the macro that every exported function goes through.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mlops_core::{Error, Result};

use crate::errors::{mlops_error, mlops_status};

/// Exports functions to C.
///
/// A function `-> mlops_status` gets a last parameter `err: *mut *mut mlops_error`; its arguments become safe values
/// through [`Argument`](crate::args::Argument), which refuses NULL, and its body gives a `Result<()>`. Any other
/// function takes NULL as nothing, through [`Lenient`](crate::args::Lenient), and gives its value. No panic leaves.
///
/// The test that makes the header reads these blocks too: a block begins with `export! {` and ends with `}`, both at
/// the start of a line.
macro_rules! export {
    () => {};
    (
        $(#[$meta:meta])*
        pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> mlops_status $body:block
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            $($arg: $type,)*
            err: *mut *mut $crate::errors::mlops_error,
        ) -> $crate::errors::mlops_status {
            let outcome = $crate::boundary::guarded(|| {
                $(
                    // SAFETY: the caller keeps the contract of the crate's documentation.
                    let $arg = unsafe { $crate::args::Argument::take($arg, stringify!($arg)) }?;
                )*
                $body
            });
            // SAFETY: the caller keeps the contract: `err` is NULL or points to a place for a pointer.
            unsafe { $crate::boundary::report(outcome, err) }
        }
        export! { $($rest)* }
    };
    (
        $(#[$meta:meta])*
        pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $output:ty)? $body:block
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($arg: $type),*) $(-> $output)? {
            $crate::boundary::value(|| {
                $(
                    // SAFETY: the caller keeps the contract of the crate's documentation.
                    let $arg = unsafe { $crate::args::Lenient::receive($arg) };
                )*
                $body
            })
        }
        export! { $($rest)* }
    };
}
pub(crate) use export;

/// Runs a call; a panic becomes an internal error. The error is put into words in here, since that too may panic.
pub(crate) fn guarded(call: impl FnOnce() -> Result<()>) -> Result<(), mlops_error> {
    catch_unwind(AssertUnwindSafe(|| call().map_err(|error| mlops_error::new(&error))))
        .unwrap_or_else(|panic| Err(mlops_error::new(&Error::Internal { detail: panic_text(panic) })))
}

/// Runs a call that cannot fail; a panic gives the type's default.
pub(crate) fn value<T: Default>(call: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        drop(panic_text(panic));
        T::default()
    })
}

/// Gives the status of an outcome and, if it is wanted, the error object.
pub(crate) unsafe fn report(outcome: Result<(), mlops_error>, err: *mut *mut mlops_error) -> mlops_status {
    let (status, error) = match outcome {
        Ok(()) => (crate::errors::OK, None),
        Err(error) => (error.status, Some(error)),
    };
    if !err.is_null() {
        let error = error.map_or_else(std::ptr::null_mut, |error| Box::into_raw(Box::new(error)));
        // SAFETY: not NULL, and by contract a place for a pointer.
        unsafe { err.write(error) };
    }
    status
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(panic) => {
                // Dropping an unknown payload may run code that panics again.
                std::mem::forget(panic);
                "a panic without text".to_owned()
            }
        },
    };
    format!("panic: {text}")
}
