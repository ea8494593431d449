//! Gates that are held: over arrays, and for versions of the registry.

use mlops_core::Result;
use mlops_core::gates::{GateInputs, Gates, RecordOptions, RunOptions, evaluate};

use crate::args::{Versioned, refuse};
use crate::boundary::export;
use crate::gate_definitions::mlops_gate_definition;
use crate::gate_inputs::mlops_gate_inputs;
use crate::gate_reports::mlops_gate_report;
use crate::json;
use crate::registered_models::{MLOPS_VERSION_NONE, number, signed};
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str};

/// What a report says of the models, and what is known of the data. Begin with `MLOPS_GATE_EVALUATE_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_evaluate_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// What the candidate is called, such as `fraud@5`; empty: nothing.
    pub candidate: mlops_str,
    /// What the baseline is called; empty: nothing.
    pub baseline: mlops_str,
    /// Which use this is of the data, from 1, as `mlops_gate_count_use` says; 0 (default): not counted.
    pub holdout_use: i64,
}

impl Versioned for mlops_gate_evaluate_options {
    const DEFAULT: Self =
        Self { struct_size: 0, reserved: 0, candidate: mlops_str::EMPTY, baseline: mlops_str::EMPTY, holdout_use: 0 };
}

/// What a version is held against, and what is kept. Begin with `MLOPS_GATE_RUN_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate_run_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0: the result is noted in the registry, so that a policy may ask for it. Default 0.
    pub record: i32,
    /// Not 0: the use of the data is counted, where they have a name or their rows ids. Default 0.
    pub count: i32,
    /// Must be 0.
    pub reserved: i32,
    /// The number or alias of the version that the candidate is held against; empty or `production`: what is there in the slot.
    pub against: mlops_str,
    /// The slot of production; empty: the one that every model has.
    pub slot: mlops_str,
}

impl Versioned for mlops_gate_run_options {
    const DEFAULT: Self =
        Self { struct_size: 0, record: 0, count: 0, reserved: 0, against: mlops_str::EMPTY, slot: mlops_str::EMPTY };
}

sized_input!(mlops_gate_evaluate_options mlops_gate_run_options);

impl mlops_gate_evaluate_options {
    unsafe fn read(&self) -> Result<RunOptions> {
        check_reserved("options", self.reserved)?;
        let number = u64::try_from(self.holdout_use).map_err(|_| {
            let expected = "the number of a use, from 1, or 0 if it was not counted";
            refuse("options.holdout_use", self.holdout_use.to_string(), expected)
        })?;
        // SAFETY: as the caller's.
        let (candidate, baseline) =
            unsafe { (self.candidate.given("options.candidate")?, self.baseline.given("options.baseline")?) };
        Ok(RunOptions { candidate, baseline, holdout_use: Some(number).filter(|number| *number > 0) })
    }
}

impl mlops_gate_run_options {
    unsafe fn read(&self) -> Result<RecordOptions> {
        check_reserved("options", self.reserved)?;
        // SAFETY: as the caller's.
        let (against, slot) = unsafe { (self.against.given("options.against")?, self.slot.text("options.slot")?) };
        Ok(RecordOptions { against, slot: slot.into(), record: self.record != 0, count: self.count != 0 })
    }
}

impl mlops_store {
    /// The gates, whose results somebody notes for a reason.
    fn gates_by(&self, actor: &str, reason: &str) -> Gates {
        self.store.gates().with_registry(self.registry_by(actor, reason))
    }
}

export! {
    /// Holds a candidate against a baseline. The same inputs give the same report, whatever the order of the rows and the number
    /// of threads. What cannot be judged (NaN, infinite, missing, mismatched rows) is `MLOPS_OK` with a report whose verdict is
    /// an error.
    ///
    /// Nothing is counted or kept. `*out` is freed with `mlops_gate_report_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_evaluate(
        definition: *const mlops_gate_definition,
        inputs: *const mlops_gate_inputs,
        options: *const mlops_gate_evaluate_options,
        out: *mut *mut mlops_gate_report,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts live for this call.
        let options = unsafe { options.read() }?;
        out.give(evaluate(&definition.definition, &inputs.get(), &options)?.into());
        Ok(())
    }

    /// The same for a candidate that is no version of a registered model, with the use of the data counted in the store, if they
    /// have a name or their rows ids.
    ///
    /// `*out` is freed with `mlops_gate_report_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_run_unregistered(
        store: *const mlops_store,
        definition: *const mlops_gate_definition,
        inputs: *const mlops_gate_inputs,
        options: *const mlops_gate_evaluate_options,
        out: *mut *mut mlops_gate_report,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts live for this call.
        let options = unsafe { options.read() }?;
        let report = store.store.gates().run_unregistered(&definition.definition, &inputs.get(), &options)?;
        out.give(report.into());
        Ok(())
    }

    /// Holds a version of a model against the one in production, or against another, and notes what came out if `options` say
    /// so. The digests are those of both versions. If nothing is in production there is no baseline, whatever the inputs have.
    ///
    /// `MLOPS_STALE` if production has changed until the result is noted: then nothing is. `*out` is freed with
    /// `mlops_gate_report_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_run(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        definition: *const mlops_gate_definition,
        inputs: *const mlops_gate_inputs,
        options: *const mlops_gate_run_options,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut *mut mlops_gate_report,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts live for this call.
        let options = unsafe { options.read() }?;
        let given = GateInputs::clone(&inputs.get());
        let gates = store.gates_by(actor, reason);
        out.give(gates.run(name, number(version)?, &definition.definition, given, &options)?.into());
        Ok(())
    }

    /// Notes a report of `mlops_gate_run` that was not noted yet, with the options that it ran with; `*out` becomes what is
    /// noted, as JSON. `MLOPS_INVALID_ARGUMENT` for a report of another candidate, `MLOPS_STALE` if production has changed since:
    /// then nothing is.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_gate_report_record(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        report: *const mlops_gate_report,
        options: *const mlops_gate_run_options,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts live for this call.
        let options = unsafe { options.read() }?;
        let noted = store.gates_by(actor, reason).record(name, number(version)?, &report.report, &options)?;
        out.set(json::text(&noted.to_json())?.into());
        Ok(())
    }

    /// The version that a candidate of a model would be held against, to predict with it; `MLOPS_VERSION_NONE`: nothing is in
    /// production.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_baseline_version(
        store: *const mlops_store,
        name: mlops_str,
        options: *const mlops_gate_run_options,
        version: *mut i64,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts live for this call.
        let options = unsafe { options.read() }?;
        let found = store.store.gates().baseline(name, &options)?;
        version.set(found.map_or(MLOPS_VERSION_NONE, |version| signed(version.version)));
        Ok(())
    }

    /// Counts a use of data by a candidate, which its digest names, at a gate; `*out` becomes which use it is, from 1. The same
    /// candidate, gate and data are counted once.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_count_use(
        store: *const mlops_store,
        data: mlops_str,
        candidate: mlops_str,
        gate: mlops_str,
        out: *mut i64,
    ) -> mlops_status {
        out.set(signed(store.store.gates().count_use(data, candidate, gate)?));
        Ok(())
    }

    /// How often data were used.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_gate_uses(store: *const mlops_store, data: mlops_str, out: *mut i64) -> mlops_status {
        out.set(signed(store.store.gates().uses(data)?));
        Ok(())
    }
}
