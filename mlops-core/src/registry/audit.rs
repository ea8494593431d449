//! Asking the log of events: whether it hangs together, what was where at a time, and what to hand on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::log::{Action, Event, Head};
use super::names;
use super::store::LocalRegistry;
use super::types::Stage;
use crate::base::digests::Digest;
use crate::base::text::one_line;
use crate::base::time::Timestamp;
use crate::error::{Error, NO_OFFSET, Result};

/// The end of the log: kept elsewhere, it shows later whether the log up to there is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// The number of the last event; 0 if there is none.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
}

impl LocalRegistry {
    /// The end of the log.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn log_head(&self) -> Result<LogHead> {
        let (Head { seq, hash, .. }, _) = self.head()?;
        Ok(LogHead { seq, hash })
    }

    /// Walks the log, and compares it with an end that was kept elsewhere: how far it goes now. Whoever can write the store can
    /// write a whole log anew; against that only a head helps that is kept where they cannot write.
    ///
    /// # Errors
    /// `Corrupt` with the number of the event that was changed, or that is missing at the end; `Io`.
    pub fn verify_log(&self, kept: Option<LogHead>) -> Result<LogHead> {
        let found = self.walk()?;
        if let Some(kept) = kept {
            let broken = |detail: String| Error::Corrupt {
                path: "the registry's log of events".into(),
                offset: NO_OFFSET,
                detail,
            };
            if found.seq < kept.seq {
                let detail =
                    format!("it ends with event {}, and had event {} once; its end was cut off", found.seq, kept.seq);
                return Err(broken(detail));
            }
            let hash =
                if kept.seq == 0 { Some(Head::start().hash) } else { self.event(kept.seq)?.map(|event| event.hash) };
            if hash != Some(kept.hash) {
                let detail = format!(
                    "event {} has another hash than it had once; it or one before it was written anew",
                    kept.seq
                );
                return Err(broken(detail));
            }
        }
        Ok(found)
    }

    /// The version of a model that was in a stage at a time: of Production that of the slot, of others the one with the highest
    /// number. Names that the model had before count; under a name that it has left nothing is from then on.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have; `Corrupt`, `Io`.
    pub fn version_at(&self, name: &str, stage: Stage, slot: &str, at: Timestamp) -> Result<Option<u64>> {
        let slot = names::slot(slot)?;
        let mut then = Then::default();
        let chain = self.chain(name)?;
        for event in chain.events.iter().take_while(|event| event.at <= at) {
            if chain.is_left_by(event) { then = Then::default() } else { then.take(event) }
        }
        Ok(match stage {
            Stage::Production => then.production.get(&slot).copied(),
            stage => then.stages.iter().rev().find(|(_, in_stage)| **in_stage == stage).map(|(number, _)| *number),
        })
    }
}

/// What was where, as the events say.
#[derive(Debug, Default)]
struct Then {
    production: BTreeMap<String, u64>,
    stages: BTreeMap<u64, Stage>,
}

impl Then {
    fn take(&mut self, event: &Event) {
        let version = event.version.unwrap_or_default();
        match event.action {
            Action::ModelCreated | Action::ModelDeleted => *self = Self::default(),
            Action::VersionCreated => {
                self.stages.insert(version, Stage::None);
            }
            Action::VersionDeleted => {
                self.stages.remove(&version);
                self.production.retain(|_, of| *of != version);
            }
            Action::StageChanged | Action::RolledBack => {
                let to: Stage = event.to.as_deref().and_then(|to| to.parse().ok()).unwrap_or_default();
                self.stages.insert(version, to);
                for archived in &event.archived {
                    self.stages.insert(*archived, Stage::Archived);
                }
                let slot = event.detail.clone().unwrap_or_default();
                if to == Stage::Production {
                    self.production.insert(slot, version);
                } else if event.generation.is_some() && self.production.get(&slot) == Some(&version) {
                    self.production.remove(&slot);
                }
            }
            _ => {}
        }
    }
}

impl Event {
    /// The event as JSON: all that its hash is made of, `prev_hash` and `hash`, digests and times as text.
    pub fn to_json(&self) -> Value {
        json!({
            "seq": self.seq,
            "at": self.at.to_string(),
            "action": self.action.as_str(),
            "model": self.model,
            "version": self.version,
            "detail": self.detail,
            "from": self.from,
            "to": self.to,
            "archived": self.archived,
            "digest": self.digest.map(|digest| digest.to_string()),
            "generation": self.generation,
            "actor": self.actor.name,
            "actor_from": self.actor.name_from,
            "uid": self.actor.uid,
            "user": self.actor.user,
            "host": self.actor.host,
            "pid": self.actor.pid,
            "reason": self.reason,
            "evidence": self.evidence,
            "prev_hash": self.prev_hash.to_string(),
            "hash": self.hash.to_string(),
        })
    }

    /// The event for people, on one line whatever names and reasons have in them.
    pub fn to_line(&self) -> String {
        let version = self.version.map_or_else(String::new, |version| format!(" version {version}"));
        let detail = self.detail.as_ref().map_or_else(String::new, |detail| format!(" `{detail}`"));
        let change = match (&self.from, &self.to) {
            (Some(from), Some(to)) => format!(" {from} -> {to}"),
            (None, Some(to)) => format!(" -> {to}"),
            (Some(from), None) => format!(" was {from}"),
            (None, None) => String::new(),
        };
        let reason = self.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
        let (seq, action) = (self.seq, self.action.as_str());
        let line =
            format!("event {seq}, {}: {action}{version}{detail}{change} by {}{reason}", self.at, self.actor.name);
        one_line(&line)
    }
}
