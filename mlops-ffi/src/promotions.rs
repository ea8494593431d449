//! Bringing versions to production: promotions, rollbacks, approvals, results of gates, and how it came to that.

use mlops_core::registry::{
    GateOptions, LocalRegistry, PendingApproval, PromoteOptions, Promotion, Said, Stage, Verdict,
};
use mlops_core::{Error, Result};

use crate::args::{Versioned, slice};
use crate::boundary::export;
use crate::json;
use crate::logging::mlops_metric;
use crate::registered_models::{MLOPS_GENERATION_ANY, expected, list, number, signed, stage};
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str};

/// How a version is promoted. Begin with `MLOPS_PROMOTE_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_promote_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0: who leaves production goes to Staging. Default 0: it is archived.
    pub keep_existing: i32,
    /// Not 0: nothing may be left in production, where a policy is strict about it. Default 0.
    pub leave_empty: i32,
    /// Must be 0.
    pub reserved: i32,
    /// Where it goes; empty: Production.
    pub to: mlops_str,
    /// The slot of production, such as `eu`; empty: the one that every model has.
    pub slot: mlops_str,
    /// The generation that the slot must have; `MLOPS_GENERATION_ANY` (default): any. Else it is `MLOPS_CONFLICT`, which says
    /// who was faster.
    pub expect: i64,
}

impl Versioned for mlops_promote_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        keep_existing: 0,
        leave_empty: 0,
        reserved: 0,
        to: mlops_str::EMPTY,
        slot: mlops_str::EMPTY,
        expect: MLOPS_GENERATION_ANY,
    };
}

/// What a gate said of a version. Begin with `MLOPS_GATE_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_gate {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The name of the gate, as a policy's field `gate` has it.
    pub name: mlops_str,
    /// `pass`, `fail`, `error`, `inconclusive` or `ask`. A verdict on a metric that is NaN is noted as an error, and promotes nothing.
    pub verdict: mlops_str,
    /// The version that it was held against; `MLOPS_VERSION_NONE` (default): nothing was in production.
    pub baseline: i64,
    /// The candidate's metrics; of each the key and the value count.
    pub metrics: *const mlops_metric,
    /// How many metrics.
    pub metrics_count: usize,
    /// What it found, as JSON; empty: not told.
    pub report: mlops_str,
    /// The digest of the data that it looked at; empty: not told.
    pub data: mlops_str,
    /// The digest of what the gate itself asks for; empty: not told.
    pub rules: mlops_str,
}

impl Versioned for mlops_gate {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        name: mlops_str::EMPTY,
        verdict: mlops_str::EMPTY,
        baseline: 0,
        metrics: std::ptr::null(),
        metrics_count: 0,
        report: mlops_str::EMPTY,
        data: mlops_str::EMPTY,
        rules: mlops_str::EMPTY,
    };
}
sized_input!(mlops_promote_options mlops_gate);

impl mlops_gate {
    unsafe fn read(&self) -> Result<GateOptions> {
        check_reserved("gate", self.reserved)?;
        let baseline = if self.baseline == 0 { None } else { Some(number(self.baseline)?) };
        // SAFETY: as the caller's.
        unsafe {
            let metrics = slice(self.metrics, self.metrics_count, "gate.metrics")?;
            let metric = |metric: &mlops_metric| Ok((metric.key.text("key of gate.metrics")?.to_owned(), metric.value));
            Ok(GateOptions {
                metrics: metrics.iter().map(metric).collect::<Result<_>>()?,
                report: self.report.given("gate.report")?,
                data: self.data.given("gate.data")?,
                rules: self.rules.given("gate.rules")?,
                ..GateOptions::new(
                    self.name.text("gate.name")?,
                    baseline,
                    self.verdict.text("gate.verdict")?.parse::<Verdict>()?,
                )
            })
        }
    }
}

fn told(done: &Promotion) -> Result<mlops_buf> {
    Ok(json::text(&done.to_json())?.into())
}

/// What somebody says of a version, and what is told of it.
fn say(
    registry: &LocalRegistry,
    (name, version, to): (&str, i64, &str),
    say: impl FnOnce(&LocalRegistry, &str, u64, Stage) -> Result<Said, Error>,
) -> Result<mlops_buf> {
    Ok(json::text(&say(registry, name, number(version)?, stage(to)?)?.to_json())?.into())
}

export! {
    /// Moves a version to a stage, in one commit, by what the policy asks for; who was in production there is archived. What
    /// is there already stays, without an event.
    ///
    /// `*generation` becomes that of the slot after it, `*out` JSON: `{"changed", "version", "replaced", "slot",
    /// "generation", "event"}`. `MLOPS_DENIED` says what the policy asks for and what is missing, `MLOPS_STALE` that a gate
    /// looked at another production than that of now. `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_promote(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        options: *const mlops_promote_options,
        actor: mlops_str,
        reason: mlops_str,
        generation: *mut i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        check_reserved("options", options.reserved)?;
        // SAFETY: the caller keeps the contract: texts live for this call.
        let (to, slot) = unsafe { (options.to.text("options.to")?, options.slot.text("options.slot")?) };
        let how = PromoteOptions {
            to: stage(to)?,
            slot: slot.into(),
            expect: expected(options.expect)?,
            archive_existing: options.keep_existing == 0,
            leave_empty: options.leave_empty != 0,
        };
        let done = store.registry_by(actor, reason).promote(name, number(version)?, &how)?;
        out.set(told(&done)?);
        generation.set(signed(done.generation));
        Ok(())
    }

    /// Goes back to what was in production in a slot before, or to the version `to` that once was (`MLOPS_VERSION_NONE`: the
    /// one before), when its files are verified. Needs a reason; a second time it needs `to`.
    ///
    /// `*version` becomes what is in production now, `*out` JSON as in `mlops_model_version_promote`; it is freed with
    /// `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registered_model_rollback(
        store: *const mlops_store,
        name: mlops_str,
        slot: mlops_str,
        to: i64,
        actor: mlops_str,
        reason: mlops_str,
        version: *mut i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let to = if to == 0 { None } else { Some(number(to)?) };
        let done = store.registry_by(actor, reason).rollback(name, slot, to)?;
        out.set(told(&done)?);
        version.set(signed(done.version.version));
        Ok(())
    }

    /// Asks for approval of a version for a stage (empty: Production); `mlops_registry_pending_json` lists it.
    ///
    /// `*out` becomes JSON: what was said, and `"changed"`; it is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_request_approval(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let registry = store.registry_by(actor, reason);
        out.set(say(&registry, (name, version, to), LocalRegistry::request_approval)?);
        Ok(())
    }

    /// Approves a version for a stage (empty: Production): as it is, with the newest result of a gate, under the policy that
    /// holds now. `MLOPS_DENIED`, which is an event too, for who may not.
    ///
    /// `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
    pub fn mlops_model_version_approve(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(say(&store.registry_by(actor, reason), (name, version, to), LocalRegistry::approve)?);
        Ok(())
    }

    /// Rejects a version for a stage (empty: Production); needs a reason, and stands until the same actor approves or
    /// withdraws.
    ///
    /// `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
    pub fn mlops_model_version_reject(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(say(&store.registry_by(actor, reason), (name, version, to), LocalRegistry::reject)?);
        Ok(())
    }

    /// Takes back what the actor said of a version for a stage (empty: Production).
    ///
    /// `*out` is as in `mlops_model_version_request_approval`. Threads: any. Since 0.1.
    pub fn mlops_model_version_withdraw(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(say(&store.registry_by(actor, reason), (name, version, to), LocalRegistry::withdraw)?);
        Ok(())
    }

    /// The versions that somebody wants approved and that are not there yet, as a JSON list.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registry_pending_json(store: *const mlops_store, out: *mut mlops_buf) -> mlops_status {
        out.set(list(&store.store.registry().pending()?, PendingApproval::to_json)?);
        Ok(())
    }

    /// What the policy asks for before a version goes to a stage (empty: Production) and what is there, as JSON:
    /// `"can_promote"`, `"requirements"`, `"approvals"`, `"gates"`, `"policy"` and more.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_status_json(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        slot: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let standing = store.store.registry().status(name, number(version)?, stage(to)?, slot)?;
        out.set(json::text(&standing.to_json())?.into());
        Ok(())
    }

    /// Notes what a gate said of a version; `*out` becomes what is noted, as JSON.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_record_gate(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        gate: *const mlops_gate,
        actor: mlops_str,
        reason: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: metrics and texts live for this call.
        let gate = unsafe { gate.read() }?;
        let noted = store.registry_by(actor, reason).record_gate_result(name, number(version)?, &gate)?;
        out.set(json::text(&noted.to_json())?.into());
        Ok(())
    }

    /// Why a version is where it is, as JSON: event, gate, approvals, run, commit, data sets.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_why_json(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(json::text(&store.store.registry().why(name, number(version)?)?.to_json())?.into());
        Ok(())
    }

    /// The same for people, a line each.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_why_text(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(store.store.registry().why(name, number(version)?)?.to_text().into());
        Ok(())
    }

    /// The card of a version as JSON, whose keys are always the same.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_card_json(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(json::text(store.store.registry().card(name, number(version)?)?.to_json())?.into());
        Ok(())
    }

    /// The card of a version as Markdown.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_card_markdown(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(store.store.registry().card(name, number(version)?)?.to_markdown().into());
        Ok(())
    }
}
