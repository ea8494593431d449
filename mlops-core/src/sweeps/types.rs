//! What goes in and out of the pillar.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::space::Space;
use super::stopping::EarlyStopping;
use crate::base::text::ParamValue;
use crate::base::time::Timestamp;
use crate::runs::RunStatus;

/// Where the params of the trials come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every combination once: by name, that of the last name changes fastest.
    Grid,
    /// Drawn from the space; a function of the seed, the trial's number and the param's name alone.
    #[default]
    Random,
    /// From the caller, with [`Sweep::take_given`](super::Sweep::take_given).
    Given,
}

/// Which values of the metric are better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// Smaller ones.
    #[default]
    Minimize,
    /// Larger ones.
    Maximize,
}

impl Goal {
    /// True if `value` is strictly better than `other`; NaN is never better, and everything else is better than it.
    pub fn is_better(self, value: f64, other: f64) -> bool {
        match self {
            Self::Minimize => value < other || (other.is_nan() && !value.is_nan()),
            Self::Maximize => value > other || (other.is_nan() && !value.is_nan()),
        }
    }
}

/// A sweep as it was defined. It does not change any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepInfo {
    /// The name, unique in the store.
    pub name: String,
    /// Where params come from.
    pub method: Method,
    /// Who suggests params, if they are given.
    pub suggested_by: Option<String>,
    /// The params to try.
    pub space: Space,
    /// The metric that counts.
    pub metric: String,
    /// Which values of it are better.
    pub goal: Goal,
    /// How many trials there are.
    pub max_trials: u64,
    /// What random params are drawn with.
    pub seed: u64,
    /// When a trial is not worth going on with.
    pub early_stopping: EarlyStopping,
    /// How often a trial is begun whose process was killed.
    pub max_attempts: u32,
    /// The experiment of the trials.
    pub experiment_id: String,
    /// The run that the trials are nested under.
    pub parent_run_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    /// Its run is under way.
    Running,
    /// It ended well.
    Finished,
    /// It ended well, because early stopping said so.
    Stopped,
    /// It ended with an error.
    Failed,
    /// Its process was killed; it waits to be taken again.
    Killed,
    /// Its process was killed as often as it may be.
    Lost,
}

/// What is known of a trial that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialData {
    /// Its number, from 0.
    pub number: u64,
    /// How often it was begun.
    pub attempt: u32,
    /// The run of the last attempt.
    pub run_id: String,
    /// Its params.
    pub params: BTreeMap<String, ParamValue>,
    /// How it stands.
    pub state: TrialState,
    /// The last value of the sweep's metric, as everywhere that of the largest step; None if there is none.
    pub value: Option<f64>,
    /// The step of the value.
    pub step: Option<i64>,
    /// When its run began; None if that is not in the store yet.
    pub started_at: Option<Timestamp>,
    /// When its run ended.
    pub ended_at: Option<Timestamp>,
}

/// How many trials stand how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepStatus {
    /// How many trials there are in all.
    pub max_trials: u64,
    /// Taken and under way.
    pub running: u64,
    /// Ended well, those that were stopped early not among them.
    pub finished: u64,
    /// Stopped early.
    pub stopped: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Killed, and waiting to be taken again.
    pub killed: u64,
    /// Killed as often as they may be.
    pub lost: u64,
    /// Not taken yet.
    pub left: u64,
}

/// A trial as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredTrial {
    pub(super) attempt: u32,
    pub(super) run: String,
    pub(super) params: BTreeMap<String, ParamValue>,
}

impl TrialState {
    /// The state of a trial whose run has this status.
    pub(super) fn of(status: RunStatus, stopped_early: bool, may_be_taken_again: bool) -> Self {
        match status {
            RunStatus::Running | RunStatus::Scheduled => Self::Running,
            RunStatus::Finished if stopped_early => Self::Stopped,
            RunStatus::Finished => Self::Finished,
            RunStatus::Failed => Self::Failed,
            RunStatus::Killed if may_be_taken_again => Self::Killed,
            RunStatus::Killed => Self::Lost,
        }
    }

    /// True if the trial has ended well, early or not: its value counts.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Finished | Self::Stopped)
    }
}
