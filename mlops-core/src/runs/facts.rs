//! What searches ask of a run, wherever it stands: in its record, or in columns.

use std::borrow::Cow;

use super::doc::{StoredParam, StoredText};
use super::inputs;
use super::read::View;
use super::types::{MetricSummary, RunStatus};
use crate::base::time::Timestamp;
use crate::query::Value;

/// One run, as far as searches look at it.
pub(super) trait Facts {
    fn run_id(&self) -> &str;
    fn run_name(&self) -> &str;
    fn experiment_id(&self) -> Cow<'_, str>;
    fn status(&self) -> RunStatus;
    fn user(&self) -> &str;
    fn started_at(&self) -> Timestamp;
    fn ended_at(&self) -> Option<Timestamp>;
    fn metric(&self, key: &str) -> Option<MetricSummary>;
    /// The last value of a metric.
    fn last(&self, key: &str) -> Option<f64>;
    fn param(&self, key: &str) -> Option<&StoredParam>;
    fn tag(&self, key: &str) -> Option<&StoredText>;
    /// The names, digests or contexts of its inputs, in their order.
    fn input(&self, key: &str) -> Option<Value<'_>>;
}

impl Facts for View {
    fn run_id(&self) -> &str {
        &self.info.run_id
    }

    fn run_name(&self) -> &str {
        &self.info.run_name
    }

    fn experiment_id(&self) -> Cow<'_, str> {
        (&self.info.experiment_id).into()
    }

    fn status(&self) -> RunStatus {
        self.info.status
    }

    fn user(&self) -> &str {
        &self.info.user
    }

    fn started_at(&self) -> Timestamp {
        self.info.started_at
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.info.ended_at
    }

    fn metric(&self, key: &str) -> Option<MetricSummary> {
        self.metrics.get(key).copied()
    }

    fn last(&self, key: &str) -> Option<f64> {
        self.metrics.get(key).map(|summary| summary.last)
    }

    fn param(&self, key: &str) -> Option<&StoredParam> {
        self.params.get(key)
    }

    fn tag(&self, key: &str) -> Option<&StoredText> {
        self.tags.get(key)
    }

    fn input(&self, key: &str) -> Option<Value<'_>> {
        inputs::values(&self.inputs, key)
    }
}
