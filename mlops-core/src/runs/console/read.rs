//! Reading back what was said.

use super::FOLDER;
use crate::error::Result;
use crate::runs::store::Runs;

impl Runs {
    /// What the process of a run said while it was captured, the newest state of progress bars. It is what was said, which
    /// may be no UTF-8, and steer a terminal. Empty if nothing was captured.
    ///
    /// # Errors
    /// `NotFound` for an unknown run, `Corrupt` if an artifact is damaged.
    pub fn console(&self, run_id: &str) -> Result<Vec<u8>> {
        let mut text = Vec::new();
        for (_, path) in self.console_parts(run_id)? {
            text.extend(self.read_artifact(run_id, &path)?);
        }
        Ok(text)
    }

    /// Number and path of each artifact that has a part of it, in order.
    pub(crate) fn console_parts(&self, run_id: &str) -> Result<Vec<(u32, String)>> {
        let number = |path: &str| path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".log")?.parse().ok();
        let found = self.list_artifacts(run_id, Some(FOLDER))?;
        let mut parts: Vec<(u32, String)> =
            found.into_iter().filter_map(|file| Some((number(&file.path)?, file.path))).collect();
        parts.sort();
        Ok(parts)
    }
}
