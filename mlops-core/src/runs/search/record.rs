//! A run as filters and orders see it.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::points::{Answers, Asked};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::query::{self, Aspect, Entity, Value};
use crate::runs::core::Core;
use crate::runs::doc::{StoredParam, StoredText};
use crate::runs::facts::Facts;
use crate::runs::types::MetricSummary;

/// A run as it is found; long texts and points are read when they are asked for.
pub(super) struct Record<'a> {
    pub(super) run: &'a dyn Facts,
    core: &'a Core,
    asked: &'a Asked,
    answers: RefCell<HashMap<String, Answers>>,
    /// The first error of reading: what could not be read is not what is missing.
    failed: OnceCell<Error>,
}

impl<'a> Record<'a> {
    pub(super) fn new(run: &'a dyn Facts, core: &'a Core, asked: &'a Asked) -> Self {
        Self { run, core, asked, answers: RefCell::default(), failed: OnceCell::new() }
    }

    /// The error if something could not be read.
    pub(super) fn finish(self) -> Result<()> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    /// What was read; None, and an error at the end, if it could not be.
    fn read<T>(&self, result: Result<T>) -> Option<T> {
        result.map_err(|error| drop(self.failed.set(error))).ok()
    }

    fn text(&self, stored: StoredText) -> Option<Value<'_>> {
        self.read(stored.load(&*self.core.blobs)).map(|text| Value::Text(text.into()))
    }

    fn metric(&self, key: &str, aspect: Aspect) -> Option<Value<'_>> {
        if aspect == Aspect::Value {
            // Most of what is asked, and less to read than the summary.
            return self.run.last(key).map(Value::Number);
        }
        let MetricSummary { last, last_step, last_at, min, max, count } = self.run.metric(key)?;
        #[expect(clippy::cast_precision_loss, reason = "search compares in f64")]
        Some(Value::Number(match aspect {
            Aspect::Time => return Some(Value::Time(last_at)),
            Aspect::Value => last,
            Aspect::Step => last_step as f64,
            Aspect::Min => min,
            Aspect::Max => max,
            Aspect::Count => count as f64,
            Aspect::First | Aspect::Mean if count == 1 => last,
            Aspect::At(step) if step == last_step => last,
            Aspect::At(step) if step > last_step => return None,
            Aspect::First | Aspect::Mean | Aspect::At(_) => return self.by_points(key, aspect),
        }))
    }

    /// Reads the metric's points once, for all that is asked of it.
    fn by_points(&self, key: &str, aspect: Aspect) -> Option<Value<'_>> {
        if let Some(answers) = self.answers.borrow().get(key) {
            return answers.get(aspect).map(Value::Number);
        }
        let series = match self.core.points(self.run.run_id(), Some(key)) {
            Ok(mut points) => points.remove(key).unwrap_or_default(),
            // It was removed for good since it was listed.
            Err(Error::NotFound { what: "run", .. }) => return None,
            Err(error) => return self.read(Err(error)),
        };
        let answers = self.asked.answer(key, &series);
        let found = answers.get(aspect);
        self.answers.borrow_mut().insert(key.into(), answers);
        found.map(Value::Number)
    }

    fn attribute(&self, name: &str) -> Option<Value<'_>> {
        let run = self.run;
        Some(match name {
            "run_id" => Value::Text(Cow::Borrowed(run.run_id())),
            "run_name" => Value::Text(Cow::Borrowed(run.run_name())),
            "experiment_id" => Value::Text(run.experiment_id()),
            "status" => Value::Text(Cow::Borrowed(run.status().as_str())),
            "user_id" => Value::Text(Cow::Borrowed(run.user())),
            "artifact_uri" => Value::Text(format!("runs:/{}", run.run_id()).into()),
            "start_time" => Value::Time(run.started_at()),
            "end_time" => Value::Time(run.ended_at()?),
            "duration" => Value::Number(seconds(run.started_at(), run.ended_at()?)),
            _ => return None,
        })
    }
}

impl query::Record for Record<'_> {
    fn get(&self, entity: Entity, key: &str, aspect: Aspect) -> Option<Value<'_>> {
        match entity {
            Entity::Metric => self.metric(key, aspect),
            Entity::Param => match self.run.param(key)? {
                StoredParam::Inline(value) => Some(Value::Param(Cow::Borrowed(value))),
                StoredParam::Blob(digest, size) => self.text(StoredText::Blob(*digest, *size)),
            },
            Entity::Tag => match self.run.tag(key)? {
                StoredText::Inline(text) => Some(Value::Text(Cow::Borrowed(text))),
                blob @ StoredText::Blob(..) => self.text(blob.clone()),
            },
            Entity::Dataset => self.run.input(key),
            Entity::Attribute => self.attribute(key),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations of 285 years are below 2^53 microseconds")]
fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_micros() - from.as_micros()) as f64 / 1e6
}
