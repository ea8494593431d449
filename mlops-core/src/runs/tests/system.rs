use std::time::{Duration, Instant};

use super::*;

fn fast() -> SystemMetricsOptions {
    SystemMetricsOptions { interval: Duration::from_millis(5), ..SystemMetricsOptions::default() }
}

/// Looks again until what is looked for is there.
fn eventually(mut is_there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_there() {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not come");
        std::thread::yield_now();
    }
}

fn points(runs: &Runs, run: &str, name: &str) -> u64 {
    runs.get(run).unwrap().metrics.get(&format!("system/{name}")).map_or(0, |metric| metric.count)
}

#[test]
fn the_machine_is_measured_until_the_run_ends() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    runs.log_system_metrics(run.id(), &fast()).unwrap();
    eventually(|| points(&runs, run.id(), "disk_available_megabytes") > 2);
    run.end(RunStatus::Finished).unwrap();
    assert_eq!(runs.core.monitors.count(), 0);
    let data = runs.get(run.id()).unwrap();
    for name in [
        "cpu_utilization_percentage",
        "system_memory_usage_megabytes",
        "system_memory_usage_percentage",
        "disk_usage_megabytes",
        "disk_usage_percentage",
        "disk_available_megabytes",
        "network_receive_megabytes",
        "network_transmit_megabytes",
    ] {
        assert!(data.metrics.contains_key(&format!("system/{name}")), "{name}");
    }
    let history = runs.metric_history(run.id(), "system/disk_usage_percentage").unwrap();
    assert_eq!(history.steps, (0..).take(history.steps.len()).collect::<Vec<_>>());
    assert!(history.values.iter().all(|value| (0.0..=100.0).contains(value)), "{:?}", history.values);

    // A run that goes on counts on.
    let again = runs.resume(run.id()).unwrap();
    runs.log_system_metrics(again.id(), &SystemMetricsOptions::default()).unwrap();
    again.end(RunStatus::Finished).unwrap();
    let steps = runs.metric_history(run.id(), "system/disk_usage_percentage").unwrap().steps;
    assert_eq!(steps.len(), history.steps.len() + 1);
    assert_eq!(steps.last(), history.steps.last().map(|last| last + 1).as_ref());
}

#[test]
fn a_short_run_has_one_point_and_a_machine_a_name() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let options = SystemMetricsOptions { node_id: Some("node-1".into()), ..SystemMetricsOptions::default() };
    runs.log_system_metrics(run.id(), &options).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let metrics = runs.get(run.id()).unwrap().metrics;
    assert_eq!(metrics["system/node-1/disk_usage_percentage"].count, 1);
    assert!(metrics.keys().all(|key| key.starts_with("system/node-1/")));
}

#[test]
fn a_point_is_the_mean_of_its_samples() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let options = SystemMetricsOptions { samples_before_logging: 3, ..fast() };
    runs.log_system_metrics(run.id(), &options).unwrap();
    eventually(|| points(&runs, run.id(), "cpu_utilization_percentage") > 1);
    runs.stop_system_metrics(run.id());
    runs.stop_system_metrics(run.id());
    let before = points(&runs, run.id(), "cpu_utilization_percentage");
    run.log_metric("loss", 0.5, 0, None).unwrap();
    assert_eq!(points(&runs, run.id(), "cpu_utilization_percentage"), before);
    run.end(RunStatus::Finished).unwrap();
}

#[test]
fn a_fork_finds_no_thread_and_the_next_log_call_goes_on() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    runs.log_system_metrics(run.id(), &fast()).unwrap();
    eventually(|| points(&runs, run.id(), "disk_usage_percentage") > 0);
    runs.before_fork();
    assert_eq!(runs.core.monitors.count(), 0);
    let before = points(&runs, run.id(), "disk_usage_percentage");
    run.log_metric("loss", 0.5, 0, None).unwrap();
    assert_eq!(runs.core.monitors.count(), 1);
    eventually(|| points(&runs, run.id(), "disk_usage_percentage") > before);
    run.end(RunStatus::Finished).unwrap();
}

#[test]
fn what_cannot_be_logged_to_is_not_measured_and_a_store_closes_all_the_same() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    for bad in [
        SystemMetricsOptions { interval: Duration::ZERO, ..SystemMetricsOptions::default() },
        SystemMetricsOptions { samples_before_logging: 0, ..SystemMetricsOptions::default() },
        SystemMetricsOptions { node_id: Some(" ".into()), ..SystemMetricsOptions::default() },
    ] {
        assert_eq!(runs.log_system_metrics(run.id(), &bad).unwrap_err().code(), Code::InvalidArgument);
    }
    let unknown = runs.log_system_metrics("nobody", &SystemMetricsOptions::default());
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    runs.log_system_metrics(run.id(), &fast()).unwrap();
    runs.delete(run.id()).unwrap();
    let id = run.id().to_owned();
    // The thread does not keep the store open.
    let weak = Arc::downgrade(&runs.inner);
    drop((run, runs));
    eventually(|| weak.upgrade().is_none());
    assert_eq!(parts.open().get(&id).unwrap().info.lifecycle, Lifecycle::Deleted);
}
