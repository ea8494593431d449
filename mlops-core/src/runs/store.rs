//! The way in.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::base::paging::Page;

/// Experiments and runs of a store.
#[derive(Debug)]
pub struct Runs;

impl Runs {
    /// Makes an experiment.
    pub fn create_experiment(&self, _name: &str, _tags: &[(String, String)]) -> Result<Experiment> {
        todo!()
    }
    /// The experiment of this name, made if absent.
    pub fn ensure_experiment(&self, _name: &str) -> Result<Experiment> {
        todo!()
    }
    /// By id.
    pub fn get_experiment(&self, _id: &str) -> Result<Experiment> {
        todo!()
    }
    /// By name.
    pub fn find_experiment(&self, _name: &str) -> Result<Option<Experiment>> {
        todo!()
    }
    /// All, by id; `max_results` 0 means 1,000.
    pub fn list_experiments(
        &self,
        _view: View,
        _max_results: usize,
        _page_token: Option<&str>,
    ) -> Result<Page<Experiment>> {
        todo!()
    }
    /// Starts a run.
    pub fn start(&self, _options: RunOptions) -> Result<Arc<dyn Run>> {
        todo!()
    }
    /// Goes on with a run: its status is RUNNING again, its start time kept.
    pub fn resume(&self, _run_id: &str) -> Result<Arc<dyn Run>> {
        todo!()
    }
    /// A handle to log to an existing run without changing its status.
    pub fn open(&self, _run_id: &str) -> Result<Arc<dyn Run>> {
        todo!()
    }
    /// Everything about a run but points and files.
    pub fn get(&self, _run_id: &str) -> Result<RunData> {
        todo!()
    }
    /// Runs that match a query.
    pub fn search(&self, _query: &RunQuery) -> Result<Page<RunData>> {
        todo!()
    }
    /// The points of one metric; empty if the run has no such metric.
    pub fn metric_history(&self, _run_id: &str, _key: &str) -> Result<Series> {
        todo!()
    }
    /// The files and folders directly in the artifact folder `path` (None: the top); a file's path gives that file.
    pub fn list_artifacts(&self, _run_id: &str, _path: Option<&str>) -> Result<Vec<ArtifactInfo>> {
        todo!()
    }
    /// The bytes of one artifact.
    pub fn read_artifact(&self, _run_id: &str, _path: &str) -> Result<Vec<u8>> {
        todo!()
    }
    /// Copies an artifact file or folder (None: all) beneath `dest` at its own path; returns where it is.
    pub fn download_artifacts(&self, _run_id: &str, _path: Option<&str>, _dest: &Path) -> Result<PathBuf> {
        todo!()
    }
    /// Hides a run.
    pub fn delete(&self, _run_id: &str) -> Result<()> {
        todo!()
    }
    /// Shows a deleted run again.
    pub fn restore(&self, _run_id: &str) -> Result<()> {
        todo!()
    }
}
