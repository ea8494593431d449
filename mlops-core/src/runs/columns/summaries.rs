//! A column of metrics.

use std::sync::OnceLock;

use serde_bytes::ByteBuf;

use super::super::series::{pack_integers, pack_values, unpack_integers, unpack_values};
use super::super::types::MetricSummary;
use super::layout::{Present, decode, encode};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The summaries of a metric, a column for each of their parts. Most searches look at the last values only: the other parts
/// stay packed until somebody asks for them.
#[derive(Debug)]
pub(in crate::runs) struct Summaries {
    present: Present,
    last: Vec<f64>,
    packed: [ByteBuf; 5],
    /// None: they cannot be unpacked.
    others: OnceLock<Option<Others>>,
}

/// What a summary has beside the last value.
#[derive(Debug)]
struct Others {
    last_step: Vec<i64>,
    last_at: Vec<i64>,
    min: Vec<f64>,
    max: Vec<f64>,
    count: Vec<i64>,
}

impl Summaries {
    pub(super) fn encode(present: &Present, of: &[&MetricSummary]) -> Result<Vec<u8>> {
        let values = |part: fn(&MetricSummary) -> f64| -> Result<Vec<u8>> {
            pack_values(&of.iter().map(|summary| part(summary)).collect::<Vec<_>>())
        };
        let integers = |part: fn(&MetricSummary) -> i64| -> Result<Vec<u8>> {
            pack_integers(&of.iter().map(|summary| part(summary)).collect::<Vec<_>>())
        };
        let parts = [
            values(|summary| summary.last)?,
            integers(|summary| summary.last_step)?,
            integers(|summary| summary.last_at.as_micros())?,
            values(|summary| summary.min)?,
            values(|summary| summary.max)?,
            integers(|summary| i64::try_from(summary.count).unwrap_or(i64::MAX))?,
        ];
        encode(&(present, parts))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let (present, [last, packed @ ..]): (Present, [ByteBuf; 6]) = decode("a column of metrics", bytes)?;
        let last = unpack_values(&last).ok_or_else(unreadable)?;
        Ok(Self { present, last, packed, others: OnceLock::new() })
    }

    /// Unpacks all parts.
    ///
    /// # Errors
    /// `Internal` if they cannot be.
    pub(super) fn unpack(&self) -> Result<()> {
        self.others().map(drop).ok_or_else(unreadable)
    }

    fn others(&self) -> Option<&Others> {
        self.others.get_or_init(|| Others::unpack(&self.packed)).as_ref()
    }

    /// A row's summary.
    pub(super) fn get(&self, row: u32) -> Option<MetricSummary> {
        let at = self.present.position(row)?;
        let others = self.others()?;
        Some(MetricSummary {
            last: *self.last.get(at)?,
            last_step: *others.last_step.get(at)?,
            last_at: Timestamp::from_micros(*others.last_at.get(at)?),
            min: *others.min.get(at)?,
            max: *others.max.get(at)?,
            count: u64::try_from(*others.count.get(at)?).ok()?,
        })
    }

    pub(in crate::runs) fn last(&self, row: u32) -> Option<f64> {
        self.last.get(self.present.position(row)?).copied()
    }

    pub(super) fn size(&self) -> usize {
        self.present.0.len() * 4 + self.last.len() * 48
    }
}

impl Others {
    fn unpack([last_step, last_at, min, max, count]: &[ByteBuf; 5]) -> Option<Self> {
        Some(Self {
            last_step: unpack_integers(last_step)?,
            last_at: unpack_integers(last_at)?,
            min: unpack_values(min)?,
            max: unpack_values(max)?,
            count: unpack_integers(count)?,
        })
    }
}

fn unreadable() -> Error {
    Error::internal("a column of metrics cannot be read")
}
