//! Reads what holds in the registry of an export and what was said in it.

use super::import::Reading;
use super::import_registry::in_row;
use super::read::{Cursor, Row};
use super::tables;
use crate::error::Result;
use crate::registry::{
    Actor, Approval, Decision, GateRecord, PolicyRecord, RegistryBuilder, SlotState, Stage, Tombstone,
};

/// The tables of what stands of a registered model beside its versions, in the order of the models.
pub(super) struct Said {
    slots: Cursor,
    productions: Cursor,
    removed_aliases: Cursor,
    gate_data: Cursor,
    approvals: Cursor,
    requests: Cursor,
    gates: Cursor,
}

impl Said {
    pub(super) fn open(of: &Reading<'_>) -> Result<Self> {
        Ok(Self {
            slots: of.table(tables::SLOTS)?,
            productions: of.table(tables::PRODUCTIONS)?,
            removed_aliases: of.table(tables::REMOVED_ALIASES)?,
            gate_data: of.table(tables::GATE_DATA)?,
            approvals: of.table(tables::APPROVALS)?,
            requests: of.table(tables::REQUESTS)?,
            gates: of.table(tables::GATES)?,
        })
    }

    /// Refuses rows that belong to nothing.
    pub(super) fn finish(self) -> Result<()> {
        let Self { slots, productions, removed_aliases, gate_data, approvals, requests, gates } = self;
        for cursor in [slots, productions, removed_aliases, gate_data] {
            cursor.finish("registered model")?;
        }
        [approvals, requests, gates].into_iter().try_for_each(|cursor| cursor.finish("model version"))
    }

    /// What is in production of a model, and what was.
    pub(super) fn places(&mut self, number: u64, builder: &mut RegistryBuilder<'_>) -> Result<()> {
        let is_of = |row: &Row<'_>| Ok(row.count("number")? == number);
        self.slots.each(is_of, |row| {
            let state = SlotState {
                generation: row.count("generation")?,
                production: row.find_count("production")?,
                previous: row.find_count("previous")?,
                event: row.count("event")?,
            };
            builder.slot(number, row.text("slot")?, &state).map_err(|e| in_row(row, e))
        })?;
        self.productions.each(is_of, |row| {
            let (version, event) = (row.count("version")?, row.count("event")?);
            builder.was_in_production(number, row.text("slot")?, version, event).map_err(|e| in_row(row, e))
        })?;
        self.removed_aliases.each(is_of, |row| {
            let removed = (row.count("version")?, row.count("event")?);
            builder.removed_alias(number, row.text("alias")?, removed).map_err(|e| in_row(row, e))
        })?;
        self.gate_data.each(is_of, |row| {
            let data = (row.find_owned("data")?, row.count("event")?);
            builder.gate_data(number, row.text("gate")?, &data).map_err(|e| in_row(row, e))
        })
    }

    /// What people and gates said of a version.
    pub(super) fn of_version(&mut self, number: u64, version: u64, builder: &mut RegistryBuilder<'_>) -> Result<()> {
        let is_of = |row: &Row<'_>| Ok(row.count("number")? == number && row.count("version")? == version);
        self.approvals.each(is_of, |row| builder.approval(number, &approval(row)?).map_err(|e| in_row(row, e)))?;
        self.requests
            .each(is_of, |row| builder.request(number, version, stage(row, "target")?).map_err(|e| in_row(row, e)))?;
        self.gates
            .each(is_of, |row| builder.gate(number, gate(row)?, row.find_text("report")?).map_err(|e| in_row(row, e)))
    }
}

impl Reading<'_> {
    /// The policies, and what is left of versions that were deleted.
    pub(super) fn rules(&self, builder: &mut RegistryBuilder<'_>) -> Result<()> {
        self.table(tables::POLICIES)?.each(
            |_| Ok(true),
            |row| {
                let record = PolicyRecord {
                    model: row.owned("model")?,
                    fields: row.owned("fields")?,
                    version: row.count("version")?,
                    event: row.count("event")?,
                    at: row.time("set_at")?,
                };
                builder.policy(stage(row, "stage")?, &record).map_err(|e| in_row(row, e))
            },
        )?;
        self.table(tables::TOMBSTONES)?.each(
            |_| Ok(true),
            |row| {
                let left = Tombstone {
                    version: row.count("version")?,
                    digest: row.find_digest("digest")?,
                    manifest: row.find_digest("manifest")?,
                    stage: stage(row, "stage")?,
                    actor: row.owned("actor")?,
                    reason: row.find_owned("reason")?,
                    at: row.time("at")?,
                    event: row.count("event")?,
                };
                builder.tombstone(row.text("name")?, &left).map_err(|e| in_row(row, e))
            },
        )
    }
}

fn stage(row: &Row<'_>, column: &str) -> Result<Stage> {
    row.parsed(column, |text| text.parse().ok())
}

fn actor(row: &Row<'_>) -> Result<Actor> {
    let small =
        |number: u64| u32::try_from(number).map_err(|_| row.broken("a number of a user or process is too large"));
    Ok(Actor {
        name: row.owned("actor")?,
        name_from: row.owned("actor_from")?,
        uid: row.find_count("uid")?.map(small).transpose()?,
        user: row.owned("user")?,
        host: row.owned("host")?,
        pid: small(row.count("pid")?)?,
    })
}

fn approval(row: &Row<'_>) -> Result<Approval> {
    let known = [Decision::Requested, Decision::Approved, Decision::Rejected, Decision::Withdrawn];
    Ok(Approval {
        id: row.count("event")?,
        version: row.count("version")?,
        target: stage(row, "target")?,
        decision: row.parsed("decision", |text| known.into_iter().find(|decision| decision.as_str() == text))?,
        actor: actor(row)?,
        reason: row.find_owned("reason")?,
        subject: row.digest("subject")?,
        gate: row.find_count("gate")?,
        policy: row.digest("policy")?,
        at: row.time("at")?,
        expires_at: row.find_time("expires_at")?,
    })
}

fn gate(row: &Row<'_>) -> Result<GateRecord> {
    Ok(GateRecord {
        id: row.count("event")?,
        version: row.count("version")?,
        gate: row.owned("gate")?,
        baseline: row.find_count("baseline")?,
        subjects: (row.digest("subject")?, row.find_digest("baseline_subject")?),
        verdict: row.parsed("verdict", |text| text.parse().ok())?,
        why: row.find_owned("why")?,
        data: row.find_owned("data")?,
        rules: row.find_owned("rules")?,
        policy: row.digest("policy")?,
        staging_policy: row.digest("staging_policy")?,
        report: None,
        actor: actor(row)?,
        at: row.time("at")?,
    })
}
