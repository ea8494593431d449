//! Writes what holds in the registry of an export and what was said in it.

use super::export::Exporter;
use super::tables;
use crate::base::digests::Digest;
use crate::error::Result;
use crate::registry::{Actor, Approval, GateRecord, ModelRecord, PolicyRecord, Tombstone};

impl Exporter<'_> {
    /// What is in production, and what was.
    pub(super) fn places(&mut self, model: &ModelRecord) -> Result<()> {
        let registry = self.store.registry();
        let number = model.number;
        for (slot, state) in registry.slot_records(number)? {
            let cells = [
                number.into(),
                (&model.name).into(),
                (&slot).into(),
                state.generation.into(),
                state.production.into(),
                state.previous.into(),
                state.event.into(),
            ];
            self.row(tables::SLOTS, &cells)?;
        }
        for (slot, version, event) in registry.production_records(number)? {
            self.row(tables::PRODUCTIONS, &[number.into(), (&slot).into(), version.into(), event.into()])?;
        }
        for (alias, (version, event)) in registry.removed_aliases(number)? {
            self.row(tables::REMOVED_ALIASES, &[number.into(), (&alias).into(), version.into(), event.into()])?;
        }
        for (gate, (data, event)) in registry.gate_data_records(number)? {
            self.row(tables::GATE_DATA, &[number.into(), (&gate).into(), (&data).into(), event.into()])?;
        }
        Ok(())
    }

    /// What people and gates said of a version.
    pub(super) fn said(&mut self, number: u64, version: u64) -> Result<()> {
        let registry = self.store.registry();
        for approval in registry.approval_records(number, version)? {
            self.approval(number, &approval)?;
        }
        for target in registry.requested_stages(number, version)? {
            self.row(tables::REQUESTS, &[number.into(), version.into(), target.as_str().into()])?;
        }
        for (record, report) in registry.gate_records(number, version)? {
            self.gate(number, &record, report.as_deref())?;
        }
        Ok(())
    }

    fn approval(&mut self, number: u64, approval: &Approval) -> Result<()> {
        let Approval { id, version, target, decision, actor, reason, subject, gate, policy, at, expires_at } = approval;
        let Actor { name, name_from, uid, user, host, pid } = actor;
        let (subject, policy) = (subject.to_hex(), policy.to_hex());
        self.row(
            tables::APPROVALS,
            &[
                number.into(),
                (*version).into(),
                (*id).into(),
                target.as_str().into(),
                decision.as_str().into(),
                name.into(),
                name_from.into(),
                uid.map(u64::from).into(),
                user.into(),
                host.into(),
                u64::from(*pid).into(),
                reason.into(),
                (&subject).into(),
                (*gate).into(),
                (&policy).into(),
                (*at).into(),
                (*expires_at).into(),
            ],
        )
    }

    fn gate(&mut self, number: u64, record: &GateRecord, report: Option<&str>) -> Result<()> {
        let GateRecord { id, version, gate, baseline, subjects, verdict, why, data, rules, .. } = record;
        let Actor { name, name_from, uid, user, host, pid } = &record.actor;
        let (subject, baseline_subject) = (subjects.0.to_hex(), subjects.1.map(Digest::to_hex));
        let (policy, staging_policy) = (record.policy.to_hex(), record.staging_policy.to_hex());
        self.row(
            tables::GATES,
            &[
                number.into(),
                (*version).into(),
                (*id).into(),
                gate.into(),
                (*baseline).into(),
                verdict.as_str().into(),
                why.into(),
                data.into(),
                rules.into(),
                (&subject).into(),
                (&baseline_subject).into(),
                (&policy).into(),
                (&staging_policy).into(),
                name.into(),
                name_from.into(),
                uid.map(u64::from).into(),
                user.into(),
                host.into(),
                u64::from(*pid).into(),
                record.at.into(),
                report.into(),
            ],
        )
    }

    /// The policies, and what is left of versions that were deleted.
    pub(super) fn rules(&mut self) -> Result<()> {
        let registry = self.store.registry();
        for (stage, PolicyRecord { model, fields, version, event, at }) in registry.policy_records()? {
            let cells =
                [(&model).into(), stage.as_str().into(), (&fields).into(), version.into(), event.into(), at.into()];
            self.row(tables::POLICIES, &cells)?;
        }
        for (model, left) in registry.tombstone_records()? {
            let Tombstone { version, digest, manifest, stage, actor, reason, at, event } = &left;
            let (digest, manifest) = (digest.map(Digest::to_hex), manifest.map(Digest::to_hex));
            self.row(
                tables::TOMBSTONES,
                &[
                    (&model).into(),
                    (*version).into(),
                    (&digest).into(),
                    (&manifest).into(),
                    stage.as_str().into(),
                    actor.into(),
                    reason.into(),
                    (*at).into(),
                    (*event).into(),
                ],
            )?;
        }
        Ok(())
    }
}
