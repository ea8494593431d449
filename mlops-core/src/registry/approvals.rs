//! Approvals: what people say of a version that is to go to a stage, and what of it still counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::by::Actor;
use super::change::{Change, What};
use super::keys;
use super::log::{Action, Event};
use super::merge::MADE_BY;
use super::requirements::Candidate;
use super::store::{LocalRegistry, check_ready};
use super::types::{ModelRecord, Stage, VersionInfo};
use crate::base::digests::Digest;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::for_each_entry;
use crate::storage::{KeyRange, Op};

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Please approve.
    Requested,
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// What I said before does not count any more.
    Withdrawn,
}

impl Decision {
    /// `requested`, `approved`, `rejected`, `withdrawn`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Requested => Action::ApprovalRequested,
            Self::Approved => Action::Approved,
            Self::Rejected => Action::Rejected,
            Self::Withdrawn => Action::ApprovalWithdrawn,
        }
    }
}

/// What somebody said of a version that is to go to a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The number of its event.
    pub id: u64,
    /// The version.
    pub version: u64,
    /// The stage.
    pub target: Stage,
    /// What was said.
    pub decision: Decision,
    /// Who said it.
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// What the version was, by the digest of its manifest.
    pub subject: Digest,
    /// The newest result of a gate for the version then.
    pub gate: Option<u64>,
    /// The digest of the policy that held then.
    pub policy: Digest,
    /// When.
    pub at: Timestamp,
    /// Until when it is good; None: for ever.
    pub expires_at: Option<Timestamp>,
}

/// What was said, and whether it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalState {
    /// What was said.
    pub approval: Approval,
    /// Why it does not count; None: it does.
    pub void: Option<String>,
}

impl ApprovalState {
    /// What a message says of an approval that does not count.
    pub(super) fn void_text(&self) -> Option<String> {
        let void = self.void.as_ref().filter(|_| self.approval.decision == Decision::Approved)?;
        Some(format!("that of {}, event {}, is void: {void}", self.approval.actor.name, self.approval.id))
    }
}

/// What a call of the registry said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What stands now.
    pub approval: Approval,
    /// False if it stood before.
    pub changed: bool,
}

/// What was said of a version, and what counts of it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) states: Vec<ApprovalState>,
    /// The approvals that count, one an actor.
    pub(super) valid: Vec<u64>,
    pub(super) rejected_by: Vec<String>,
    pub(super) requested: Vec<Approval>,
}

fn is_same(one: &Actor, other: &Actor) -> bool {
    one.name.trim().eq_ignore_ascii_case(other.name.trim())
}

impl LocalRegistry {
    /// Asks for approval of a version for a stage.
    ///
    /// # Errors
    /// `NotFound`; `InvalidState` for a version that is not ready; `InvalidArgument` for a stage that nobody approves;
    /// `ReadOnly`, `Io`.
    pub fn request_approval(&self, name: &str, number: u64, target: Stage) -> Result<Said> {
        self.say(name, number, target, Decision::Requested)
    }

    /// Approves a version for a stage: what it is, with the newest result of a gate, under the policy that holds now.
    ///
    /// # Errors
    /// As [`request_approval`](Self::request_approval); `Denied`, which is an event too, for who made the version or asked for
    /// approval, if the policy does not let them.
    pub fn approve(&self, name: &str, number: u64, target: Stage) -> Result<Said> {
        self.say(name, number, target, Decision::Approved)
    }

    /// Rejects a version for a stage: it cannot go there until the same actor approves or withdraws.
    ///
    /// # Errors
    /// As [`request_approval`](Self::request_approval); `InvalidArgument` without a reason; `Conflict` for a version that is
    /// in production: roll back.
    pub fn reject(&self, name: &str, number: u64, target: Stage) -> Result<Said> {
        self.say(name, number, target, Decision::Rejected)
    }

    /// Takes back what the same actor said of a version for a stage.
    ///
    /// # Errors
    /// As [`request_approval`](Self::request_approval); `NotFound` if the actor said nothing.
    pub fn withdraw(&self, name: &str, number: u64, target: Stage) -> Result<Said> {
        self.say(name, number, target, Decision::Withdrawn)
    }

    fn say(&self, name: &str, number: u64, target: Stage, decision: Decision) -> Result<Said> {
        if !matches!(target, Stage::Staging | Stage::Production) {
            return Err(Error::InvalidArgument {
                what: "stage to approve for".into(),
                value: target.as_str().into(),
                expected: "staging or production".into(),
            });
        }
        let said = self.change(|change| {
            let model = self.record(name)?;
            let info = self.version_record(&model, number)?;
            check_ready(&model, number, &info)?;
            let (slot, rules) = (self.slot(&model, "")?, self.policy(name, target)?);
            let of = Candidate {
                model: &model,
                number,
                info: &info,
                to: target,
                slot: &slot,
                rules: &rules,
                now: change.at,
            };
            let standing = self.standing(of)?;
            match decision {
                Decision::Rejected => Self::check_rejection(change, of)?,
                Decision::Approved => {
                    if let Some(why) = self.denial(change, of, &standing)? {
                        let (to, detail) = (Some(target.as_str()), Some(why.as_str()));
                        let what = What { version: Some(number), to, detail, digest: info.digest, ..What::default() };
                        change.event(Action::ApprovalDenied, &model.name, what)?;
                        return Ok(Err(why));
                    }
                }
                Decision::Requested | Decision::Withdrawn => {}
            }
            let own = standing.states.iter().rev().find(|state| is_same(&state.approval.actor, change.actor()));
            let own = own.filter(|state| state.approval.decision != Decision::Withdrawn);
            if decision == Decision::Withdrawn && own.is_none() {
                let id = change.actor().name.clone();
                let hint = format!(" for version {number} of `{}` and {}", model.name, target.as_str());
                return Err(Error::NotFound { what: "request or approval of", id, hint });
            }
            if let Some(state) = own.filter(|own| own.approval.decision == decision && own.void.is_none()) {
                return Ok(Ok(Said { approval: state.approval.clone(), changed: false }));
            }
            self.put_said(change, of, decision).map(|approval| Ok(Said { approval, changed: true }))
        })?;
        said.map_err(|why| Error::Denied { detail: format!("version {number} of `{name}` is not approved: {why}") })
    }

    fn put_said(&self, change: &mut Change, of: Candidate<'_>, decision: Decision) -> Result<Approval> {
        let Candidate { model, number, info, to: target, rules, .. } = of;
        let lives = rules.policy.approval_ttl.filter(|_| decision == Decision::Approved);
        let micros = |ttl: std::time::Duration| i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        let approval = Approval {
            id: change.seq() + 1,
            version: number,
            target,
            decision,
            actor: change.actor().clone(),
            reason: change.reason().map(str::to_owned),
            subject: info.subject(model.number, number),
            gate: self.newest_gate(model, number, None)?.map(|gate| gate.id),
            policy: rules.digest,
            at: change.at,
            expires_at: lives.map(|ttl| Timestamp::from_micros(change.at.as_micros().saturating_add(micros(ttl)))),
        };
        let mut evidence = vec![format!("version:{}", approval.subject), format!("policy:{}", rules.digest)];
        evidence.extend(approval.gate.map(|id| format!("gate:{id}")));
        let to = Some(target.as_str());
        let what = What { version: Some(number), to, digest: info.digest, evidence, ..What::default() };
        change.event(decision.action(), &model.name, what)?;
        let key = keys::said(keys::APPROVALS, model.number, number, approval.id);
        change.push(Op::put(key, stored::encode(&approval)?));
        if decision == Decision::Requested {
            change.push(Op::put(keys::request(model.number, number, target), stored::PRESENT));
        }
        Ok(approval)
    }

    /// Refuses to reject without a reason, or what is in production already.
    fn check_rejection(change: &Change, of: Candidate<'_>) -> Result<()> {
        if change.reason().is_none() {
            return Err(Error::InvalidArgument {
                what: "reason".into(),
                value: String::new(),
                expected: "why the version is rejected".into(),
            });
        }
        let live = of.to == Stage::Production && of.info.stage == Stage::Production;
        if live {
            let (name, number) = (&of.model.name, of.number);
            let detail = format!(
                "version {number} of `{name}` is in production: a rejection would not take it away; roll back instead"
            );
            return Err(Error::Conflict { detail });
        }
        Ok(())
    }

    /// Why an actor may not approve.
    fn denial(&self, change: &Change, of: Candidate<'_>, standing: &Standing) -> Result<Option<String>> {
        let policy = &of.rules.policy;
        let actor = change.actor();
        let creators = self.creators(of.model, of.number, of.info)?;
        let others = creators.iter().map(|creator| ("made the version", creator));
        let others = others.chain(standing.requested.iter().map(|request| ("asked for approval", &request.actor)));
        for (what, other) in others {
            if !policy.self_approval && is_same(actor, other) {
                let name = &actor.name;
                return Ok(Some(format!("{name} {what}, and the policy asks for another (self_approval = false)")));
            }
            if policy.require_distinct_uid && actor.uid == other.uid {
                let uid = actor.uid.map_or_else(|| "unknown".to_owned(), |uid| uid.to_string());
                return Ok(Some(format!(
                    "the user {uid} {what}, and the policy asks for another user (require_distinct_uid)"
                )));
            }
        }
        Ok(None)
    }

    /// Who made a version, as its event says, here and in the stores that it came by.
    fn creators(&self, model: &ModelRecord, number: u64, info: &VersionInfo) -> Result<Vec<Actor>> {
        let Some(event) = self.made_by(model, number, info)? else { return Ok(Vec::new()) };
        let elsewhere = event.evidence.iter().filter_map(|said| said.strip_prefix(MADE_BY));
        let mut creators: Vec<_> = elsewhere.map(Actor::elsewhere).collect();
        creators.push(event.actor);
        Ok(creators)
    }

    /// The event that made a version.
    fn made_by(&self, model: &ModelRecord, number: u64, info: &VersionInfo) -> Result<Option<Event>> {
        if info.event > 0 {
            return self.event(info.event);
        }
        let made = |event: &Event| event.action == Action::VersionCreated && event.version == Some(number);
        Ok(self.chain(&model.name)?.own().iter().rfind(|event| made(event)).cloned())
    }

    /// What was said of a version for a stage, and what counts of it now.
    pub(super) fn standing(&self, of: Candidate<'_>) -> Result<Standing> {
        let mut all: Vec<Approval> = Vec::new();
        let prefix = keys::of_version(keys::APPROVALS, of.model.number, of.number);
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |_, value| {
            let approval: Approval = stored::decode("an approval", value)?;
            all.extend(Some(approval).filter(|approval| approval.target == of.to));
            Ok(())
        })?;
        if all.is_empty() {
            return Ok(Standing::default());
        }
        let gate = self.newest_gate(of.model, of.number, None)?.map(|gate| gate.id);
        let subject = of.info.subject(of.model.number, of.number);
        // Who asks for approval has not changed their mind about a rejection, but about an approval: now others are to say.
        let (mut last, mut last_decided) = (BTreeMap::new(), BTreeMap::new());
        for (place, approval) in all.iter().enumerate() {
            let name = approval.actor.name.trim().to_ascii_lowercase();
            if approval.decision != Decision::Requested {
                last_decided.insert(name.clone(), place);
            }
            last.insert(name, place);
        }
        let mut standing = Standing::default();
        let mut users = BTreeSet::new();
        for (place, approval) in all.into_iter().enumerate() {
            let last = if approval.decision == Decision::Rejected { &last_decided } else { &last };
            let is_last = last.get(&approval.actor.name.trim().to_ascii_lowercase()) == Some(&place);
            let void = why_void(&approval, of, gate, subject, is_last);
            match (approval.decision, &void) {
                // Of one user of the system one approval counts, where the policy asks for different ones.
                (Decision::Approved, None)
                    if !of.rules.policy.require_distinct_uid || users.insert(approval.actor.uid) =>
                {
                    standing.valid.push(approval.id);
                }
                (Decision::Rejected, None) => standing.rejected_by.push(approval.actor.name.clone()),
                (Decision::Requested, _) => standing.requested.push(approval.clone()),
                (Decision::Withdrawn, _) => {
                    standing.requested.retain(|request| !is_same(&request.actor, &approval.actor));
                }
                _ => {}
            }
            standing.states.push(ApprovalState { approval, void });
        }
        Ok(standing)
    }

    /// The versions that somebody wants approved and that are not where they are to go, with what was said of each.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn pending(&self) -> Result<Vec<PendingApproval>> {
        let mut asked = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::REQUESTS), |key, _| {
            let stage = if key.last() == Some(&Stage::Staging.byte()) { Stage::Staging } else { Stage::Production };
            asked.extend(keys::owner(key).zip(keys::version_in(key)).map(|(model, version)| (model, version, stage)));
            Ok(())
        })?;
        let mut pending = Vec::new();
        for (model, number, target) in asked {
            let Some(bytes) = self.storage.get(&keys::model(model))? else { continue };
            let model: ModelRecord = stored::decode("a registered model", &bytes)?;
            let Some(info) = self.find_version_record(&model, number)?.filter(|info| info.stage != target) else {
                continue;
            };
            let (slot, rules) = (self.slot(&model, "")?, self.policy(&model.name, target)?);
            let now = self.runs.clock().now();
            let of = Candidate { model: &model, number, info: &info, to: target, slot: &slot, rules: &rules, now };
            let standing = self.standing(of)?;
            if let Some(request) = standing.requested.last() {
                pending.push(PendingApproval {
                    model: model.name.clone(),
                    version: number,
                    target,
                    request: request.clone(),
                    approvals: standing.valid.len() as u64,
                    needed: u64::from(rules.policy.approvals),
                    rejected_by: standing.rejected_by.clone(),
                });
            }
        }
        Ok(pending)
    }
}

/// A version that somebody wants approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingApproval {
    /// The model.
    pub model: String,
    /// The version.
    pub version: u64,
    /// Where it is to go.
    pub target: Stage,
    /// The newest request.
    pub request: Approval,
    /// How many approvals count.
    pub approvals: u64,
    /// How many the policy asks for.
    pub needed: u64,
    /// Who has rejected it.
    pub rejected_by: Vec<String>,
}

fn why_void(
    approval: &Approval,
    of: Candidate<'_>,
    gate: Option<u64>,
    subject: Digest,
    is_last: bool,
) -> Option<String> {
    if !is_last {
        return Some("the same actor said something else later".into());
    }
    if approval.decision != Decision::Approved {
        return None;
    }
    if approval.subject != subject {
        return Some("the version is another".into());
    }
    if approval.policy != of.rules.digest {
        return Some("the policy has changed since".into());
    }
    if let Some(gate) = gate.filter(|gate| approval.gate != Some(*gate)) {
        return Some(format!("a gate has a new result, event {gate}"));
    }
    let expired = approval.expires_at.filter(|until| of.now >= *until);
    expired.map(|until| format!("it was good until {until}"))
}
