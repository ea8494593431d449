//! Promoting a version, going back to the one before, and what stands in the way of either.

use std::cell::Cell;

use super::approvals::ApprovalState;
use super::gate_results::GateResult;
use super::names;
use super::policies::EffectivePolicy;
use super::requirements::{Candidate, Requirement};
use super::stages::{Move, Moved, in_slot, is_there};
use super::store::{LocalRegistry, check_ready};
use super::types::{ModelVersion, Stage};
use crate::error::{Error, Result};

/// How a version is promoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromoteOptions {
    /// Where it goes. Default Production.
    pub to: Stage,
    /// The slot of production. Default the one without a name.
    pub slot: String,
    /// Fails with `Conflict` if the slot has another generation. Default: any will do.
    pub expect: Option<u64>,
    /// Who leaves production for it is archived; false: goes to Staging. For Staging: who is there is archived. Default true.
    pub archive_existing: bool,
    /// Nothing may be left in production, where a policy is strict about it. Default false.
    pub leave_empty: bool,
}

impl Default for PromoteOptions {
    fn default() -> Self {
        Self { to: Stage::Production, slot: String::new(), expect: None, archive_existing: true, leave_empty: false }
    }
}

/// What a promotion or a rollback did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// False if the version was there already: then there is no event.
    pub changed: bool,
    /// The version.
    pub version: ModelVersion,
    /// The version that left production for it.
    pub replaced: Option<u64>,
    /// The slot.
    pub slot: String,
    /// The generation of the slot after it.
    pub generation: u64,
    /// The number of the event.
    pub event: Option<u64>,
}

impl Promotion {
    fn new(version: ModelVersion, slot: String, moved: &Moved) -> Self {
        let Moved { changed, replaced, generation, event } = *moved;
        Self { changed, version, replaced, slot, generation, event }
    }
}

/// How a version stands before it goes to a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStanding {
    /// The version.
    pub version: ModelVersion,
    /// Where it is to go.
    pub target: Stage,
    /// The slot.
    pub slot: String,
    /// What is in production there.
    pub production: Option<u64>,
    /// It is there already.
    pub is_there: bool,
    /// What holds.
    pub policy: EffectivePolicy,
    /// What it asks for, met or not.
    pub requirements: Vec<Requirement>,
    /// What was said of it, in order, and what of it counts.
    pub approvals: Vec<ApprovalState>,
    /// The results of gates for it, in order.
    pub gates: Vec<GateResult>,
}

impl VersionStanding {
    /// True if nothing stands in the way.
    pub fn can_promote(&self) -> bool {
        self.requirements.iter().all(|requirement| requirement.is_met)
    }
}

impl LocalRegistry {
    /// Moves a version to a stage in one commit: by what the policy asks for, against what is in production now. What was in
    /// production there leaves. What is there already is no change and no event.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if `expect` is another generation, with who made it so; `Denied` with what the policy asks for and
    /// what is missing; `Stale` if a gate looked at another state than that of now; `InvalidState`, `ReadOnly`, `Io`.
    pub fn promote(&self, name: &str, number: u64, options: &PromoteOptions) -> Result<Promotion> {
        let slot = slot_of(options.to, &options.slot)?;
        let how = Move {
            stage: options.to,
            slot: &slot,
            expect: options.expect,
            archives_staging: options.to == Stage::Staging && options.archive_existing,
            displaced: if options.archive_existing { Stage::Archived } else { Stage::Staging },
            is_rollback: false,
            leaves_empty: options.leave_empty,
        };
        let (model, moved) = self.change(|change| {
            let mut model = self.record(name)?;
            let moved = self.change_stage(change, &mut model, number, how)?;
            Ok((model, moved))
        })?;
        Ok(Promotion::new(self.version(&model, number)?, slot, &moved))
    }

    /// Brings a version back that was in production in a slot before: `to`, or the one before the last promotion. Its files are
    /// verified first. What it replaces is archived, and nothing is gone back to by itself after that.
    ///
    /// # Errors
    /// `NotFound` if nothing was in production before, or `to` never was; `InvalidArgument` without a reason; `Corrupt` if a file
    /// of it is damaged, and production stays; `Denied` if the policy asks for approvals; `ReadOnly`, `Io`.
    pub fn rollback(&self, name: &str, slot: &str, to: Option<u64>) -> Result<Promotion> {
        let slot = names::slot(slot)?;
        let verified = Cell::new(None);
        let (model, number, moved) = self.change(|change| {
            if change.reason().is_none() {
                return Err(Error::InvalidArgument {
                    what: "reason".into(),
                    value: String::new(),
                    expected: "why production goes back".into(),
                });
            }
            let mut model = self.record(name)?;
            let state = self.slot(&model, &slot)?;
            let number = to.or(state.previous).ok_or_else(|| nothing_before(&model.name, &slot))?;
            let info = self.version_record(&model, number)?;
            if !self.was_in_production(&model, &slot, number)? {
                let id = format!("{}/{number}", model.name);
                let hint = format!("{}; promote it instead", in_slot(&slot));
                return Err(Error::NotFound { what: "earlier production by", id, hint });
            }
            if state.production != Some(number) && verified.get() != Some(number) {
                self.verify_files(&model.name, number, &info)?;
                verified.set(Some(number));
            }
            let how = Move { slot: &slot, is_rollback: true, ..Move::to(Stage::Production) };
            let moved = self.change_stage(change, &mut model, number, how)?;
            Ok((model, number, moved))
        })?;
        Ok(Promotion::new(self.version(&model, number)?, slot, &moved))
    }

    /// How a version stands before it goes to a stage: what [`promote`](Self::promote) asks for, what is there, and why what was
    /// there does not count. What is there already is asked for nothing; a reason is given with the move.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a slot where the stage is not Production; `Corrupt`, `Io`.
    pub fn status(&self, name: &str, number: u64, target: Stage, slot: &str) -> Result<VersionStanding> {
        let slot = slot_of(target, slot)?;
        let model = self.record(name)?;
        let info = self.version_record(&model, number)?;
        let (slots, policy) = (self.slots(&model)?, self.policy(name, target)?);
        let state = slots.get(&slot).cloned().unwrap_or_default();
        let now = self.runs.clock().now().max(self.head()?.0.at);
        let of = Candidate { model: &model, number, info: &info, to: target, slot: &state, rules: &policy, now };
        let how = Move { slot: &slot, archives_staging: target == Stage::Staging, ..Move::to(target) };
        let is_there = is_there(number, &info, &state, how);
        let mut requirements = Vec::new();
        if let Err(unready) = check_ready(&model, number, &info) {
            requirements.push(Requirement::missing("status", unready.to_string()));
        } else if !is_there || !self.leave_staging(&model, number, how)?.is_empty() {
            requirements = self.requirements(of, &slots, how, None)?;
        }
        let approvals = self.standing(of)?.states;
        let (version, gates) = (self.version(&model, number)?, self.gate_results(name, number)?);
        Ok(VersionStanding {
            version,
            target,
            slot,
            production: state.production,
            is_there,
            policy,
            requirements,
            approvals,
            gates,
        })
    }
}

/// The slot that a version goes to, in lower case.
fn slot_of(to: Stage, slot: &str) -> Result<String> {
    let slot = names::slot(slot)?;
    if to == Stage::Production || slot.is_empty() {
        return Ok(slot);
    }
    Err(Error::InvalidArgument {
        what: "slot".into(),
        value: slot,
        expected: "none where the stage is not Production: slots are places of production".into(),
    })
}

fn nothing_before(name: &str, slot: &str) -> Error {
    let hint = format!("{}: nothing is behind what is in production; name the version to go back to", in_slot(slot));
    Error::NotFound { what: "previous version of", id: name.into(), hint }
}
