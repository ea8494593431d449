//! One run as its row tells it.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::doc::{StoredParam, StoredText};
use super::super::facts::Facts;
use super::super::types::{MetricSummary, RunStatus};
use super::build::{NAME, USER};
use super::layout::Of;
use super::table::{Column, Segment};
use crate::base::time::Timestamp;
use crate::query::Value;

/// The columns of a segment that a search looks at.
pub(in crate::runs) type Chosen = Vec<(Of, String, Option<Arc<Column>>)>;

/// A row of a segment.
#[derive(Debug)]
pub(in crate::runs) struct Row<'a> {
    pub(super) segment: &'a Segment,
    /// Which one that is.
    pub(in crate::runs) at_segment: usize,
    pub(super) columns: &'a Chosen,
    /// Which of them.
    pub(in crate::runs) number: u32,
}

impl<'a> Row<'a> {
    /// A row of a segment, whichever that is.
    pub(in crate::runs) fn of(segment: &'a Segment, columns: &'a Chosen, number: u32) -> Self {
        Self { segment, at_segment: 0, columns, number }
    }

    fn column(&self, of: Of, key: &str) -> Option<&Column> {
        let chosen = self.columns.iter().find(|(found, name, _)| *found == of && name == key);
        chosen.and_then(|(_, _, column)| column.as_deref())
    }

    fn info(&self, key: &str) -> &str {
        match self.column(Of::Info, key) {
            Some(Column::Info(texts)) => texts.get(self.number).map_or("", String::as_str),
            _ => "",
        }
    }

    fn head<T: Copy>(&self, of: &[T]) -> Option<T> {
        of.get(self.number as usize).copied()
    }
}

impl Facts for Row<'_> {
    fn run_id(&self) -> &str {
        self.segment.heads.ids.get(self.number as usize).map_or("", String::as_str)
    }

    fn run_name(&self) -> &str {
        self.info(NAME)
    }

    fn experiment_id(&self) -> Cow<'_, str> {
        self.head(&self.segment.heads.experiments).unwrap_or_default().to_string().into()
    }

    fn status(&self) -> RunStatus {
        self.head(&self.segment.heads.states).flatten().unwrap_or(RunStatus::Killed)
    }

    fn user(&self) -> &str {
        self.info(USER)
    }

    fn started_at(&self) -> Timestamp {
        Timestamp::from_micros(self.head(&self.segment.heads.started).unwrap_or_default())
    }

    fn ended_at(&self) -> Option<Timestamp> {
        self.head(&self.segment.heads.ended).flatten().map(Timestamp::from_micros)
    }

    fn metric(&self, key: &str) -> Option<MetricSummary> {
        match self.column(Of::Metric, key)? {
            Column::Metric(summaries) => summaries.get(self.number),
            _ => None,
        }
    }

    fn last(&self, key: &str) -> Option<f64> {
        match self.column(Of::Metric, key)? {
            Column::Metric(summaries) => summaries.last(self.number),
            _ => None,
        }
    }

    fn param(&self, key: &str) -> Option<&StoredParam> {
        match self.column(Of::Param, key)? {
            Column::Param(params) => params.get(self.number),
            _ => None,
        }
    }

    fn tag(&self, key: &str) -> Option<&StoredText> {
        match self.column(Of::Tag, key)? {
            Column::Tag(tags) => tags.get(self.number),
            _ => None,
        }
    }

    fn input(&self, key: &str) -> Option<Value<'_>> {
        let Column::Input(inputs) = self.column(Of::Input, key)? else { return None };
        let values = inputs.get(self.number)?.iter().map(|text| Value::Text(text.into()));
        Some(Value::Many(values.collect()))
    }
}
