//! Whether a version may go to a stage: what its policy asks for, and what is there.

use super::approvals::{ApprovalState, Standing};
use super::change::Change;
use super::gate_results::Verdict;
use super::keys;
use super::log::{Action, Event};
use super::policies::EffectivePolicy;
use super::policy::{Policy, Provenance};
use super::slots::{SlotState, Slots};
use super::stages::{Move, in_slot};
use super::store::LocalRegistry;
use super::types::{ModelRecord, Stage, VersionInfo};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The tag of a version or a model that says what it is to be used for.
pub const INTENDED_USE: &str = "mlops.intendedUse";

/// Something that a policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// What: `status`, `transition`, `reason`, `provenance`, `intended_use`, `gate`, `approvals`.
    pub name: &'static str,
    /// It is there.
    pub is_met: bool,
    /// What is there, or what is missing and what to do.
    pub detail: String,
    /// It was there, and what it rests on is not the current state any more.
    pub is_stale: bool,
    /// What meets it: `gate:<event>`, `approval:<event>`.
    pub evidence: Vec<String>,
}

impl Requirement {
    fn met(name: &'static str, detail: impl Into<String>, evidence: Vec<String>) -> Self {
        Self { name, is_met: true, detail: detail.into(), is_stale: false, evidence }
    }

    pub(super) fn missing(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, is_met: false, detail: detail.into(), is_stale: false, evidence: Vec::new() }
    }

    fn stale(name: &'static str, detail: impl Into<String>) -> Self {
        Self { is_stale: true, ..Self::missing(name, detail) }
    }
}

/// The version that is asked about, and where it is to go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) model: &'a ModelRecord,
    pub(super) number: u64,
    pub(super) info: &'a VersionInfo,
    pub(super) to: Stage,
    pub(super) slot: &'a SlotState,
    pub(super) rules: &'a EffectivePolicy,
    pub(super) now: Timestamp,
}

impl LocalRegistry {
    /// Refuses a move that the policy does not allow, or says what the move rests on. `slots` are those that are there after
    /// who leaves has left.
    pub(super) fn check_move(
        &self,
        change: &Change,
        model: &ModelRecord,
        number: u64,
        info: &VersionInfo,
        slots: &Slots,
        how: Move<'_>,
    ) -> Result<Vec<String>> {
        let rules = self.policy(&model.name, how.stage)?;
        let slot = slots.get(how.slot).cloned().unwrap_or_default();
        let of = Candidate { model, number, info, to: how.stage, slot: &slot, rules: &rules, now: change.at };
        let asked = self.requirements(of, slots, how, Some(change.reason().is_some()))?;
        let refused = format!("version {number} of `{}` may not go to {}", model.name, how.stage.as_str());
        let mut evidence = self::evidence(asked, &refused)?;
        if is_guarded(how.stage) && rules.policy != Policy::default() {
            evidence.push(format!("policy:{}", rules.digest));
        }
        Ok(evidence)
    }

    /// All that a move is asked for, met or not. `has_reason`: None before it is known whether one is given.
    pub(super) fn requirements(
        &self,
        of: Candidate<'_>,
        slots: &Slots,
        how: Move<'_>,
        has_reason: Option<bool>,
    ) -> Result<Vec<Requirement>> {
        let policy = &of.rules.policy;
        let mut asked = Vec::new();
        asked.extend(self.leaving(of, slots, how, has_reason)?);
        if !is_guarded(of.to) {
            return Ok(asked);
        }
        if policy.require_reason {
            asked.push(match has_reason {
                Some(false) => Requirement::missing("reason", "the policy asks for a reason; give one"),
                Some(true) => Requirement::met("reason", "it is given", Vec::new()),
                None => Requirement::met("reason", "who moves it has to give one", Vec::new()),
            });
        }
        if how.is_rollback {
            if policy.rollback_needs_approval {
                asked.push(self.approvals_needed(of)?);
            }
            return Ok(asked);
        }
        if of.to == Stage::Production {
            asked.extend(self.transition_needed(of)?);
        }
        if !policy.require.is_empty() {
            asked.push(self.provenance_needed(of)?);
        }
        if policy.require_intended_use {
            asked.push(self.intended_use_needed(of)?);
        }
        match (&policy.gate, &policy.gate_rules) {
            (Some(gate), _) => asked.push(self.gate_needed(of, gate, how.slot)?),
            (None, Some(_)) => {
                let detail =
                    "the policy has gate_rules and names no gate, so that no result can be theirs; set gate too";
                asked.push(Requirement::missing("gate", detail));
            }
            (None, None) => {}
        }
        let approvals = self.approvals_needed(of)?;
        if policy.approvals > 0 || !approvals.is_met {
            asked.push(approvals);
        }
        Ok(asked)
    }

    /// What a strict policy has against leaving where a version is.
    fn leaving(
        &self,
        of: Candidate<'_>,
        slots: &Slots,
        how: Move<'_>,
        has_reason: Option<bool>,
    ) -> Result<Option<Requirement>> {
        let is_live = of.to != Stage::Production && slots.values().any(|slot| slot.production == Some(of.number));
        let is_revived = of.to == Stage::None && of.info.stage == Stage::Archived;
        if !(is_live || is_revived) || !self.policy(&of.model.name, Stage::Production)?.policy.strict_transitions {
            return Ok(None);
        }
        let what = if is_revived {
            "it is archived; roll back to it, or move it to staging"
        } else if how.leaves_empty && has_reason != Some(false) {
            return Ok(None);
        } else {
            "it is in production; promote another or roll back, or leave production empty with leave_empty and a reason"
        };
        Ok(Some(Requirement::missing("transition", what)))
    }

    /// Whether a version may come to production from where it is.
    fn transition_needed(&self, of: Candidate<'_>) -> Result<Option<Requirement>> {
        let (policy, stage) = (&of.rules.policy, of.info.stage);
        let what = match stage {
            Stage::Archived if policy.strict_transitions => {
                "it is archived; roll back to it, or move it to staging first"
            }
            Stage::None if !policy.skip_staging => NOT_STAGED,
            Stage::Archived if !policy.skip_staging && !self.was_in_staging(of)? => NOT_STAGED,
            _ => {
                let is_asked = policy.strict_transitions || !policy.skip_staging;
                let met = || Requirement::met("transition", format!("from {}", stage.as_str()), Vec::new());
                return Ok(is_asked.then(met));
            }
        };
        Ok(Some(Requirement::missing("transition", what)))
    }

    fn was_in_staging(&self, of: Candidate<'_>) -> Result<bool> {
        let staged = |event: &Event| {
            let is_move = matches!(event.action, Action::StageChanged | Action::RolledBack);
            is_move && event.version == Some(of.number) && event.to.as_deref() == Some(Stage::Staging.as_str())
        };
        Ok(self.chain(&of.model.name)?.own().iter().rev().any(staged))
    }

    fn provenance_needed(&self, of: Candidate<'_>) -> Result<Requirement> {
        let manifest = self.manifest(of.info)?;
        let lacks =
            |part: &Provenance| !manifest.as_ref().is_some_and(|manifest| super::provenance::has(manifest, *part));
        let missing: Vec<_> =
            of.rules.policy.require.iter().filter(|part| lacks(part)).map(|part| part.as_str()).collect();
        Ok(if missing.is_empty() {
            Requirement::met("provenance", "all that is asked for is known", Vec::new())
        } else {
            let what = "register a version of a run that has it";
            Requirement::missing("provenance", format!("its provenance lacks {}; {what}", missing.join(", ")))
        })
    }

    fn intended_use_needed(&self, of: Candidate<'_>) -> Result<Requirement> {
        Ok(match self.intended_use(of.model, of.number)? {
            Some(text) => Requirement::met("intended_use", text, Vec::new()),
            None => {
                let what = "the intended use is not said; set the tag";
                Requirement::missing("intended_use", format!("{what} `{INTENDED_USE}` of the version or the model"))
            }
        })
    }

    /// What a version is to be used for: its tag, else the model's.
    pub(super) fn intended_use(&self, model: &ModelRecord, number: u64) -> Result<Option<String>> {
        for key in [keys::version_tag(model.number, number, INTENDED_USE), keys::model_tag(model.number, INTENDED_USE)]
        {
            if let Some(text) = self.tag_text(&key)?.filter(|text| !text.trim().is_empty()) {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The gate against what is in production now.
    fn gate_needed(&self, of: Candidate<'_>, gate: &str, slot: &str) -> Result<Requirement> {
        let Some(found) = self.newest_gate(of.model, of.number, Some(gate))? else {
            return Ok(Requirement::missing("gate", format!("the gate `{gate}` has no result for it; run the gate")));
        };
        let id = found.id;
        let passed = match found.verdict {
            Verdict::Pass => "passed".to_owned(),
            // Approvals that were given before the result are void, so these are of people who could see it.
            Verdict::Ask => match self.standing(of)?.valid.as_slice() {
                [] => {
                    let what = "the data cannot decide; request and approve it";
                    return Ok(Requirement::missing("gate", format!("the gate `{gate}` says ask, event {id}: {what}")));
                }
                given => {
                    let ids: Vec<_> = given.iter().map(u64::to_string).collect();
                    format!("asked, and approval {} answers", ids.join(", "))
                }
            },
            _ => String::new(),
        };
        if passed.is_empty() {
            let verdict = found.verdict.as_str();
            let why = found.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            return Ok(Requirement::missing("gate", format!("the gate `{gate}` says {verdict}{why}, event {id}")));
        }
        let name = |number: Option<u64>| number.map_or_else(|| "nothing".to_owned(), |number| format!("v{number}"));
        if found.baseline != of.slot.production {
            let (was, is) = (name(found.baseline), name(of.slot.production));
            let place = in_slot(slot);
            let detail = format!(
                "the gate `{gate}` passed against another baseline: gate baseline {was}, production {is}{place}; run the gate again"
            );
            return Ok(Requirement::stale("gate", detail));
        }
        let policy = if of.to == Stage::Staging { found.staging_policy } else { found.policy };
        if policy != of.rules.digest {
            let detail =
                format!("the policy has changed since the gate `{gate}` passed, event {id}; run the gate again");
            return Ok(Requirement::stale("gate", detail));
        }
        if of.now.since(found.at) >= of.rules.policy.gate_ttl {
            let detail = format!("the result of the gate `{gate}` is of {}, too old; run the gate again", found.at);
            return Ok(Requirement::stale("gate", detail));
        }
        if let Some((data, event)) =
            self.gate_data(of.model, gate)?.filter(|(data, event)| *event > id && *data != found.data)
        {
            let data = data.unwrap_or_else(|| "none".into());
            let detail =
                format!("the gate `{gate}` looks at other data since event {event} ({data}); run the gate again");
            return Ok(Requirement::stale("gate", detail));
        }
        if let Some(asked) = of.rules.policy.gate_rules.as_ref().filter(|asked| found.rules.as_ref() != Some(*asked)) {
            let ran = found.rules.unwrap_or_else(|| "none".into());
            let detail = format!(
                "the gate `{gate}` ran by other rules than the policy asks for: gate {ran}, policy {asked}; run the gate again"
            );
            return Ok(Requirement::stale("gate", detail));
        }
        Ok(Requirement::met("gate", format!("`{gate}` {passed}, event {id}"), vec![format!("gate:{id}")]))
    }

    fn approvals_needed(&self, of: Candidate<'_>) -> Result<Requirement> {
        let Standing { valid, rejected_by, states, .. } = self.standing(of)?;
        let needed = of.rules.policy.approvals;
        if let Some(by) = rejected_by.first() {
            return Ok(Requirement::missing(
                "approvals",
                format!("{by} has rejected it; who did has to approve or withdraw"),
            ));
        }
        let has = u32::try_from(valid.len()).unwrap_or(u32::MAX);
        if has >= needed {
            let evidence = valid.iter().map(|id| format!("approval:{id}")).collect();
            return Ok(Requirement::met("approvals", format!("{has} of {needed}"), evidence));
        }
        let void: Vec<_> = states.iter().filter_map(ApprovalState::void_text).collect();
        let void = if void.is_empty() { String::new() } else { format!(" ({})", void.join("; ")) };
        Ok(Requirement::missing(
            "approvals",
            format!("it has {has} of {needed} approvals{void}; request and approve it"),
        ))
    }
}

const NOT_STAGED: &str = "it was not in staging; move it there first";

/// True for the stages that policies are for.
fn is_guarded(stage: Stage) -> bool {
    matches!(stage, Stage::Staging | Stage::Production)
}

/// What requirements that are met rest on; the first that is not is the error.
pub(super) fn evidence(asked: Vec<Requirement>, refused: &str) -> Result<Vec<String>> {
    let mut evidence = Vec::new();
    for requirement in asked {
        if !requirement.is_met {
            let detail = format!("{refused}: {}", requirement.detail);
            return Err(if requirement.is_stale { Error::Stale { detail } } else { Error::Denied { detail } });
        }
        evidence.extend(requirement.evidence);
    }
    Ok(evidence)
}
