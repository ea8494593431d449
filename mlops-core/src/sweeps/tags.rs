//! The tags that trials have.

/// The name of the sweep that a run is a trial of.
pub const SWEEP: &str = "mlops.sweep";
/// The number of the trial.
pub const TRIAL: &str = "mlops.trial";
/// Which attempt at the trial the run is; absent for the first.
pub const ATTEMPT: &str = "mlops.trial_attempt";
/// The step at which early stopping said to stop; absent if it did not.
pub const STOPPED_EARLY: &str = "mlops.stopped_early";
