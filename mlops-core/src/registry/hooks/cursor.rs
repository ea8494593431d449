//! How far a consumer is in the log: a record of the store, so that it survives whoever was delivering.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::keys;
use super::super::store::LocalRegistry;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::storage::{Op, Outcome};

/// How long a failure is waited after: this, twice as long after the next, and so on.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// And at most.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// So much is kept of what a failure says, in bytes.
const WHY_BYTES: usize = 1 << 10;

/// How far a consumer is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorState {
    /// All events up to this number are done.
    pub seq: u64,
    /// How often the next one failed.
    pub failures: u32,
    /// It is tried again then.
    pub retry_at: Option<Timestamp>,
    /// What the last failure said.
    pub why: Option<String>,
    /// When an event was last handed over.
    pub delivered_at: Option<Timestamp>,
}

impl CursorState {
    /// The state as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "seq": self.seq,
            "failures": self.failures,
            "retry_at": self.retry_at.map(|at| at.to_string()),
            "why": self.why,
            "delivered_at": self.delivered_at.map(|at| at.to_string()),
        })
    }

    pub(super) fn done(&mut self, seq: u64, now: Timestamp) {
        *self = Self { seq: seq.max(self.seq), delivered_at: Some(now), ..Self::default() };
    }

    pub(super) fn failed(&mut self, why: &str, now: Timestamp) {
        let wait =
            FIRST_WAIT.saturating_mul(1_u32.checked_shl(self.failures.min(31)).unwrap_or(u32::MAX)).min(LONGEST_WAIT);
        self.failures = self.failures.saturating_add(1);
        let wait = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        self.retry_at = Some(Timestamp::from_micros(now.as_micros().saturating_add(wait)));
        let end = (0..=WHY_BYTES.min(why.len())).rev().find(|end| why.is_char_boundary(*end)).unwrap_or_default();
        self.why = why.get(..end).map(str::to_owned);
    }
}

/// A cursor as it was read, and the bytes that stood for it.
pub(super) type Read = (CursorState, Option<Vec<u8>>);

impl LocalRegistry {
    pub(super) fn read_cursor(&self, consumer: &str) -> Result<Option<Read>> {
        let Some(bytes) = self.storage.get(&keys::cursor(consumer))? else { return Ok(None) };
        Ok(Some((stored::decode("the cursor of a consumer of events", &bytes)?, Some(bytes))))
    }

    /// Stores a cursor if it is still what was read. False if another was faster.
    pub(super) fn write_cursor(&self, consumer: &str, state: &CursorState, was: Option<&[u8]>) -> Result<bool> {
        self.runs.check_writable()?;
        let key = keys::cursor(consumer);
        let ops = [Op::check(&*key, was.map(<[u8]>::to_vec)), Op::put(&*key, stored::encode(state)?)];
        Ok(self.storage.apply(&ops, self.runs.durability())? == Outcome::Applied)
    }

    /// The cursor of a consumer. One that is new begins behind `after`, or with what happens from now on.
    pub(super) fn cursor(&self, consumer: &str, after: Option<u64>) -> Result<Read> {
        loop {
            if let Some(found) = self.read_cursor(consumer)? {
                return Ok(found);
            }
            let seq = after.map_or_else(|| self.head().map(|(head, _)| head.seq), Ok)?;
            self.write_cursor(consumer, &CursorState { seq, ..CursorState::default() }, None)?;
        }
    }

    /// Has a consumer go on behind an event, whatever became of it.
    pub(super) fn move_cursor(&self, consumer: &str, seq: u64) -> Result<CursorState> {
        loop {
            let Some((_, bytes)) = self.read_cursor(consumer)? else {
                return Err(Error::NotFound {
                    what: "consumer of events",
                    id: consumer.into(),
                    hint: "; nothing was handed to it yet".into(),
                });
            };
            let state = CursorState { seq, ..CursorState::default() };
            if self.write_cursor(consumer, &state, bytes.as_deref())? {
                return Ok(state);
            }
        }
    }
}
