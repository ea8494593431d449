//! The metrics of a logged model.

use super::keys;
use super::store::LoggedModels;
use super::types::ModelPoint;
use crate::base::stored;
use crate::error::Result;
use crate::runs::for_each_entry;
use crate::storage::KeyRange;

impl LoggedModels {
    /// Gives a model values of metrics. Of one run, metric, step and time it keeps the last.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` or `LimitExceeded` for a bad key, `ReadOnly`, `Io`.
    pub fn log_metrics(&self, id: &str, points: &[ModelPoint]) -> Result<()> {
        self.runs.check_writable()?;
        self.commit(id, Self::point_ops(id, points)?)
    }

    /// The points of a model, ordered by time, step and metric.
    pub(super) fn points(&self, id: &str) -> Result<Vec<ModelPoint>> {
        let mut points: Vec<ModelPoint> = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::points(id)), |_, value| {
            points.push(stored::decode("a metric of a logged model", value)?);
            Ok(())
        })?;
        points.sort_by(|a, b| (a.at, a.step, &a.key, &a.run_id).cmp(&(b.at, b.step, &b.key, &b.run_id)));
        Ok(points)
    }
}
