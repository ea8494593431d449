//! Metrics of the caller's own that are functions of rows.

use std::ffi::c_void;

use mlops_core::gates::{OwnFunction, OwnScores};
use mlops_core::{Error, Result};

use crate::args::{Input, check_pointer, refuse};
use crate::boundary::export;
use crate::gate_inputs::mlops_gate_inputs;
use crate::text::mlops_str;

/// A metric of the caller's own that is no mean of values of rows. `callback` is called with `user_data` and places of rows, from
/// 0, in the order of the targets, where a row may stand more than once. It writes the candidate's value, and the baseline's
/// where there is one, and returns 0; any other number is an error of the check.
///
/// It is called once for all rows and once for each resample, from several threads at once; the same rows must give the same
/// values. It must not unwind.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_function {
    /// What is called.
    pub callback: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            rows: *const u32,
            rows_count: usize,
            candidate: *mut f64,
            baseline: *mut f64,
        ) -> i32,
    >,
    /// What it is given; it lives until the inputs are freed.
    pub user_data: *mut c_void,
}

/// A function that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Function(mlops_gate_function);

// SAFETY: the caller says that the callback may be called from threads of the library with its data.
unsafe impl Send for Function {}
// SAFETY: as above, also from several at once.
unsafe impl Sync for Function {}

impl Function {
    fn values(self, rows: &[u32], has_baseline: bool) -> Result<OwnScores> {
        let mlops_gate_function { callback, user_data } = self.0;
        let (mut candidate, mut baseline) = (f64::NAN, f64::NAN);
        let Some(callback) = callback else { return Ok((candidate, None)) };
        // SAFETY: the caller's own function, its data, and places that live for the call.
        let answer = unsafe { callback(user_data, rows.as_ptr(), rows.len(), &raw mut candidate, &raw mut baseline) };
        match answer {
            0 => Ok((candidate, has_baseline.then_some(baseline))),
            other => Err(Error::InvalidState { detail: format!("the function of the metric returned {other}") }),
        }
    }
}

impl Input for mlops_gate_function {
    type Value<'a> = Function;

    unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> Result<Self::Value<'a>> {
        check_pointer(pointer, name)?;
        // SAFETY: not NULL, and by contract one of our structs.
        let function = unsafe { *pointer };
        function
            .callback
            .map_or_else(|| Err(refuse("function.callback", "NULL", "a function")), |_| Ok(Function(function)))
    }
}

export! {
    /// A metric `own:<name>` or `own_loss:<name>` that is a function of rows. With `has_baseline` 0 it gives no value of a
    /// baseline.
    ///
    /// The function and its data live until the inputs are freed. Threads: any. Since 0.1.
    pub fn mlops_gate_inputs_set_own_function(
        inputs: *const mlops_gate_inputs,
        name: mlops_str,
        function: *const mlops_gate_function,
        has_baseline: i32,
    ) -> mlops_status {
        let called = OwnFunction::new(move |rows| function.values(rows, has_baseline != 0));
        inputs.change(|inputs| drop(inputs.own_functions.insert(name.into(), called)));
        Ok(())
    }
}
