//! Which runs used and made a logged model.

use super::keys;
use super::store::LoggedModels;
use super::types::ModelLinks;
use crate::base::names;
use crate::base::stored;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::runs::{Lifecycle, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome};

impl LoggedModels {
    /// Says that a run uses and makes logged models, all or none of it. What is said already stays where it is in the
    /// order.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `InvalidState` for a deleted one, `InvalidArgument` for a bad id, `ReadOnly`, `Io`.
    pub fn link(&self, run_id: &str, links: &ModelLinks) -> Result<()> {
        self.runs.check_writable()?;
        if self.runs.info(run_id)?.lifecycle == Lifecycle::Deleted {
            return Err(Error::InvalidState { detail: format!("the run `{run_id}` is deleted; restore it first") });
        }
        let ops = self.link_ops(run_id, &links.inputs, &links.outputs)?;
        if !ops.is_empty() {
            let _: Outcome = self.storage.apply(&ops, self.runs.durability())?;
        }
        Ok(())
    }

    /// The operations that say so, of what was not said before.
    pub(super) fn link_ops(&self, run_id: &str, inputs: &[String], outputs: &[(String, i64)]) -> Result<Vec<Op>> {
        let mut wanted = Vec::new();
        for id in inputs {
            names::check_run_id(id)?;
            wanted.push(keys::input(run_id, id));
        }
        for (id, step) in outputs {
            names::check_run_id(id)?;
            wanted.push(keys::output(run_id, id, *step));
        }
        let now = self.runs.clock().now();
        let mut ops = Vec::new();
        for (number, key) in (0_i64..).zip(wanted) {
            if self.storage.get(&key)?.is_none() {
                let at = Timestamp::from_micros(now.as_micros().saturating_add(number));
                ops.push(Op::put(key, stored::encode(&at)?));
            }
        }
        Ok(ops)
    }

    /// The logged models that a run used and made; none for a run that does not exist.
    ///
    /// # Errors
    /// What reading the store gives: `Corrupt`, `Io`.
    pub fn links(&self, run_id: &str) -> Result<ModelLinks> {
        let text = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
        let inputs = self.linked(&keys::inputs(run_id), |rest| Some(text(rest)))?;
        let outputs = self.linked(&keys::outputs(run_id), |rest| {
            let (rest, step) = rest.split_last_chunk::<8>()?;
            Some((text(rest.strip_suffix(b"\0")?), i64::from_be_bytes(*step)))
        })?;
        Ok(ModelLinks { inputs, outputs })
    }

    fn linked<T>(&self, prefix: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>> {
        let mut found: Vec<(Timestamp, T)> = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
            let at: Timestamp = stored::decode("a link of a run", value)?;
            found.extend(key.strip_prefix(prefix).and_then(&read).map(|one| (at, one)));
            Ok(())
        })?;
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, one)| one).collect())
    }
}
