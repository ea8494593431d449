//! Measuring the machine while a run is under way.

use std::time::Duration;

use mlops_core::Result;
use mlops_core::runs::SystemMetricsOptions;

use crate::args::{Versioned, refuse};
use crate::boundary::export;
use crate::sized::sized_input;
use crate::store::mlops_store;
use crate::text::mlops_str;

/// How the machine is measured. Begin with `MLOPS_SYSTEM_METRICS_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_system_metrics_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// How many samples one point is the mean of; default 1.
    pub samples_before_logging: u32,
    /// The time between two samples in microseconds, 1,000 or more; default 10,000,000.
    pub interval_us: i64,
    /// What this machine is called between `system/` and the rest of a metric's name; default: nothing.
    pub node_id: mlops_str,
}

impl Versioned for mlops_system_metrics_options {
    const DEFAULT: Self =
        Self { struct_size: 0, samples_before_logging: 1, interval_us: 10_000_000, node_id: mlops_str::EMPTY };
}
sized_input!(mlops_system_metrics_options);

impl mlops_system_metrics_options {
    unsafe fn read(&self) -> Result<SystemMetricsOptions> {
        let interval = u64::try_from(self.interval_us)
            .map_err(|_| refuse("options.interval_us", self.interval_us.to_string(), "1000 or more"))?;
        Ok(SystemMetricsOptions {
            interval: Duration::from_micros(interval),
            samples_before_logging: self.samples_before_logging,
            // SAFETY: as the caller's.
            node_id: unsafe { self.node_id.given("options.node_id") }?,
        })
    }
}

export! {
    /// Measures the machine until the run ends in this process, and logs to the run: `system/cpu_utilization_percentage`
    /// and others, under MLflow's names. What cannot be read is left out. `MLOPS_UNSUPPORTED` in a build that cannot.
    ///
    /// Threads: any; it starts one of its own. Since 0.1.
    pub fn mlops_run_log_system_metrics(
        store: *const mlops_store,
        run_id: mlops_str,
        options: *const mlops_system_metrics_options,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the text lives for this call.
        let options = unsafe { options.read() }?;
        store.store.runs().log_system_metrics(run_id, &options)
    }

    /// Ends what `mlops_run_log_system_metrics` began; fine if nothing did.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_stop_system_metrics(store: *const mlops_store, run_id: mlops_str) -> mlops_status {
        store.store.runs().stop_system_metrics(run_id);
        Ok(())
    }
}
