//! Series of texts, images, tables and histograms: artifacts that carry a key and a step in their path.
//!
//! `value.rs` has what a value is and its bytes, `path.rs` where it is kept.

mod path;
mod value;

use serde::Serialize;

pub(super) use path::{new_path, step_of};
pub use value::{Histogram, ImageFormat, MediaKind, MediaValue, Table};

use super::store::Runs;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// One value of a series that is no number, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaPoint {
    /// The series.
    pub key: String,
    /// The step.
    pub step: i64,
    /// What it is.
    pub kind: MediaKind,
    /// The artifact that has the content; [`Runs::read_media`] reads it.
    pub path: String,
    /// The size of the content in bytes.
    pub size_bytes: u64,
    /// When it was logged.
    pub at: Timestamp,
}

/// Series, step and kind of a value by the path of its artifact; None for other artifacts.
#[cfg(feature = "files")]
pub(crate) fn media_at(path: &str) -> Option<(String, i64, MediaKind)> {
    path::read(path)
}

impl Runs {
    /// The values of a series of texts, images, tables or histograms, by step and then as they were logged; empty if
    /// the run has none. `kind` leaves out the others.
    ///
    /// # Errors
    /// `NotFound` for an unknown run.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::runs::{Histogram, MediaValue, RunOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// # let store = mlops_core::Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let histogram = Histogram::new(vec![0.0, 0.5, 1.0], vec![3.0, 7.0])?;
    /// run.log_media("weights", &MediaValue::Histogram(histogram), 100)?;
    /// let found = store.runs().media_history(run.id(), "weights", None)?;
    /// assert_eq!(found[0].step, 100);
    /// let MediaValue::Histogram(again) = store.runs().read_media(run.id(), &found[0].path)? else { panic!() };
    /// assert_eq!(again.counts(), [3.0, 7.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn media_history(&self, run_id: &str, key: &str, kind: Option<MediaKind>) -> Result<Vec<MediaPoint>> {
        let mut found = self.media(run_id)?;
        found.retain(|point| point.key == key && kind.is_none_or(|kind| kind == point.kind));
        Ok(found)
    }

    /// Every value of every series of a run that is no number, by key, by step and then as they were logged.
    ///
    /// # Errors
    /// `NotFound` for an unknown run.
    pub fn media(&self, run_id: &str) -> Result<Vec<MediaPoint>> {
        let artifacts = self.core.for_reading()?.view(run_id)?.artifacts;
        let mut found: Vec<_> = artifacts
            .into_iter()
            .filter_map(|(path, artifact)| {
                let (key, step, kind) = path::read(&path)?;
                Some(MediaPoint { key, step, kind, path, size_bytes: artifact.size_bytes, at: artifact.at })
            })
            .collect();
        // What is of one step is in the order of the ids in the paths: that of logging.
        found.sort_by(|a, b| (&a.key, a.step, &a.path).cmp(&(&b.key, b.step, &b.path)));
        Ok(found)
    }

    /// The value that an artifact of [`media_history`](Self::media_history) holds.
    ///
    /// # Errors
    /// `NotFound` for an unknown run or path; `InvalidArgument` for an artifact that is no such value or that somebody
    /// changed; `Corrupt` if its bytes are damaged.
    pub fn read_media(&self, run_id: &str, path: &str) -> Result<MediaValue> {
        let (.., kind) = path::read(path).ok_or_else(|| Error::InvalidArgument {
            what: "artifact".into(),
            value: path.chars().take(300).collect(),
            expected: "the path of a value that was logged with log_media".into(),
        })?;
        MediaValue::decode(kind, self.read_artifact(run_id, path)?)
    }
}
