//! What the machine does while a run is under way, as metrics of the run.
//!
//! A thread a run samples and logs. It ends with the run; before a fork it is stopped, as the thread that drains is, and
//! goes on with the next log call. Nothing that it cannot read or log disturbs the run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::Run;
use super::doc::RunDoc;
use super::handle::Handle;
use super::store::{Inner, Runs};
use super::types::{Batch, Lifecycle, MetricPoint};
use crate::base::durability::Durability;
use crate::base::machine::{Machine, Reading};
use crate::base::names;
use crate::base::signal::Signal;
use crate::error::{Error, Result};

/// What the names of the metrics begin with.
const PREFIX: &str = "system/";
/// What is counted, not measured.
const COUNTED: &str = "network_";
/// How long the end of a run waits for its thread.
const END_PATIENCE: Duration = Duration::from_secs(1);
/// How long a fork waits for the threads.
const FORK_PATIENCE: Duration = Duration::from_millis(100);
/// The shortest time between samples.
const SHORTEST: Duration = Duration::from_millis(1);

/// How [`Runs::log_system_metrics`] measures.
#[derive(Clone, Debug)]
pub struct SystemMetricsOptions {
    /// The time between two samples, 1 ms or more; default 10 s.
    pub interval: Duration,
    /// How many samples one point is the mean of, 1 or more; default 1.
    pub samples_before_logging: u32,
    /// What this machine is called between `system/` and the rest of a metric's name, for a run on several machines;
    /// default: nothing.
    pub node_id: Option<String>,
}

impl Default for SystemMetricsOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(10), samples_before_logging: 1, node_id: None }
    }
}

/// The runs whose machine is measured.
#[derive(Debug, Default)]
pub(super) struct Monitors {
    runs: Mutex<BTreeMap<String, Monitor>>,
    /// Some were stopped before a fork.
    paused: AtomicBool,
}

#[derive(Debug)]
struct Monitor {
    options: SystemMetricsOptions,
    runs: Weak<Inner>,
    /// The step of the next point.
    step: Arc<AtomicI64>,
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    stopped: Mutex<bool>,
    /// Without a last point.
    at_once: AtomicBool,
    changed: Signal,
}

impl Runs {
    /// Measures the machine until the run ends in this process, and logs to the run, under MLflow's names:
    /// `system/cpu_utilization_percentage`, `system_memory_usage_megabytes` and `_percentage`, `disk_usage_megabytes`,
    /// `_percentage` and `disk_available_megabytes` (of the root's disk), `network_receive_megabytes` and
    /// `network_transmit_megabytes` (since this call), and for each graphics card that `nvidia-smi` tells of
    /// `gpu_<i>_utilization_percentage`, `gpu_<i>_memory_usage_megabytes` and `_percentage`,
    /// `gpu_<i>_power_usage_watts` and `_percentage`. Megabytes are a million bytes; steps count the points. A run that
    /// ends before the first point gets one at its end, without graphics cards. What cannot be read or logged is left
    /// out. A second call for the same run begins anew with other options.
    ///
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::runs::{RunOptions, RunStatus, SystemMetricsOptions};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// # #[cfg(feature = "system")] {
    /// store.runs().log_system_metrics(run.id(), &SystemMetricsOptions::default())?;
    /// run.end(RunStatus::Finished)?;
    /// assert!(store.runs().get(run.id())?.metrics.contains_key("system/system_memory_usage_megabytes"));
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` for options out of range, those of [`open`](Self::open); `Unsupported` in a build without the
    /// feature `system`.
    pub fn log_system_metrics(&self, run_id: &str, options: &SystemMetricsOptions) -> Result<()> {
        let refuse = |what: &str, value: String, expected: &str| {
            Err(Error::InvalidArgument { what: what.into(), value, expected: expected.into() })
        };
        if options.interval < SHORTEST {
            return refuse("interval", format!("{:?}", options.interval), "1 ms or more");
        }
        if options.samples_before_logging == 0 {
            return refuse("samples_before_logging", "0".into(), "1 or more");
        }
        if let Some(node) = &options.node_id {
            names::check_key("node id", node)?;
        }
        let machine = Machine::new()?;
        self.open(run_id)?;
        self.core.monitors.stop(run_id, true);
        let stored = self.core.for_reading().and_then(|core| core.view(run_id));
        let before = stored.map(|view| {
            let of_machine = view.metrics.iter().filter(|(key, _)| key.starts_with(PREFIX));
            of_machine.map(|(_, metric)| metric.last_step).max()
        });
        // Where the run cannot be read at this moment, steps begin anew.
        let first = before.ok().flatten().map_or(0, |last| last.saturating_add(1));
        let mut monitor = Monitor {
            options: options.clone(),
            runs: Arc::downgrade(&self.inner),
            step: Arc::new(first.into()),
            stop: Arc::default(),
            thread: None,
        };
        monitor.start(run_id, Some(machine));
        let other = self.core.monitors.runs.lock().insert(run_id.into(), monitor);
        if let Some(other) = other {
            // Another thread began at the same time.
            other.stop.tell(true);
        }
        Ok(())
    }

    /// Ends what [`log_system_metrics`](Self::log_system_metrics) began; fine if nothing did.
    pub fn stop_system_metrics(&self, run_id: &str) {
        self.core.monitors.stop(run_id, false);
    }
}

impl Monitors {
    /// Ends the measuring for a run that ends, with a last point if it has none; or at once.
    pub(super) fn stop(&self, run: &str, at_once: bool) {
        // Most runs have none.
        let Some(monitor) = self.runs.lock().remove(run) else { return };
        monitor.stop.tell(at_once);
        wait(monitor.thread, END_PATIENCE);
    }

    /// Ends all of them: the process ends, or closes the store.
    pub(super) fn stop_all(&self, at_once: bool) {
        let all = std::mem::take(&mut *self.runs.lock());
        all.values().for_each(|monitor| monitor.stop.tell(at_once));
        let began = Instant::now();
        for (_, monitor) in all {
            wait(monitor.thread, END_PATIENCE.saturating_sub(began.elapsed()));
        }
    }

    /// Stops the threads before a fork.
    pub(super) fn before_fork(&self) {
        let Some(mut runs) = self.runs.try_lock_for(FORK_PATIENCE) else { return };
        let mut threads = Vec::new();
        for monitor in runs.values_mut() {
            monitor.stop.tell(true);
            threads.extend(monitor.thread.take());
        }
        self.paused.store(!threads.is_empty() || self.paused.load(Ordering::Acquire), Ordering::Release);
        drop(runs);
        let began = Instant::now();
        for thread in threads {
            wait(Some(thread), FORK_PATIENCE.saturating_sub(began.elapsed()));
        }
    }

    /// Goes on after a fork, in the process that forked.
    pub(super) fn go_on(&self) {
        if self.paused.swap(false, Ordering::AcqRel) {
            for (run, monitor) in self.runs.lock().iter_mut().filter(|(_, monitor)| monitor.thread.is_none()) {
                monitor.stop = Arc::default();
                monitor.start(run, None);
            }
        }
    }

    /// How many runs are measured.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.runs.lock().values().filter(|monitor| monitor.thread.is_some()).count()
    }
}

/// Waits for a thread that was told to stop, but not for itself.
fn wait(thread: Option<JoinHandle<()>>, patience: Duration) {
    let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) else { return };
    let began = Instant::now();
    while !thread.is_finished() && began.elapsed() < patience {
        std::thread::sleep(Duration::from_micros(200));
    }
    if thread.is_finished() {
        // A panic of the thread was its own end.
        let _ = thread.join();
    }
}

impl Monitor {
    fn start(&mut self, run: &str, machine: Option<Machine>) {
        let (run, options, runs) = (run.to_owned(), self.options.clone(), self.runs.clone());
        let (step, stop) = (self.step.clone(), self.stop.clone());
        let name = "mlops-system".to_owned();
        let watched = std::thread::Builder::new().name(name).spawn(move || {
            if let Some(machine) = machine.or_else(|| Machine::new().ok()) {
                Watch { run, options, runs, step, stop }.watch(machine);
            }
        });
        // Without a thread to be had the run is not measured.
        self.thread = watched.ok();
    }
}

impl Stop {
    fn tell(&self, at_once: bool) {
        self.at_once.fetch_or(at_once, Ordering::AcqRel);
        *self.stopped.lock() = true;
        self.changed.notify_all();
    }

    fn is_told(&self) -> bool {
        *self.stopped.lock()
    }

    /// Waits for a time; true if it is to stop.
    fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut stopped = self.stopped.lock();
        while !*stopped {
            if self.changed.wait_until(&mut stopped, until) && Instant::now() >= until {
                return *stopped;
            }
        }
        true
    }
}

/// What the thread of one run does.
struct Watch {
    run: String,
    options: SystemMetricsOptions,
    /// Not held: whoever lets go of the store last closes it.
    runs: Weak<Inner>,
    step: Arc<AtomicI64>,
    stop: Arc<Stop>,
}

impl Watch {
    fn watch(&self, mut machine: Machine) {
        let mut logged = false;
        let mut means = Means::default();
        loop {
            for _ in 0..self.options.samples_before_logging {
                if self.stop.wait(self.options.interval) {
                    if !logged && !self.stop.at_once.load(Ordering::Acquire) {
                        means.add(machine.read());
                        self.log(&mut means);
                    }
                    return;
                }
                means.add(machine.read());
                means.add(machine.read_gpus(&|| self.stop.is_told()));
            }
            if !self.log(&mut means) {
                return;
            }
            logged = true;
        }
    }

    /// Logs a point of each metric; false if the run is not to be measured any more.
    fn log(&self, means: &mut Means) -> bool {
        let Some(runs) = self.runs.upgrade() else { return false };
        let known = runs.core.known.lock().get(&self.run).cloned();
        let Some(known) = known else { return false };
        let ended = |doc: RunDoc| doc.info.status.is_end() || doc.info.lifecycle == Lifecycle::Deleted;
        if runs.core.existing(&self.run).is_ok_and(ended) {
            return false;
        }
        let step = self.step.fetch_add(1, Ordering::Relaxed);
        let node = self.options.node_id.as_ref().map(|node| format!("{node}/")).unwrap_or_default();
        let point = |(name, value)| MetricPoint { key: format!("{PREFIX}{node}{name}"), value, step, at: None };
        let batch = Batch { metrics: means.take().map(point).collect(), ..Batch::default() };
        let logged = Handle::new(&runs, known, Durability::Fast).log_batch(&batch);
        !matches!(logged, Err(Error::InvalidState { .. } | Error::ReadOnly { .. }))
    }
}

/// Samples that become one point.
#[derive(Debug, Default)]
struct Means(BTreeMap<String, (f64, f64)>);

impl Means {
    fn add(&mut self, readings: Vec<Reading>) {
        for (name, value) in readings {
            let is_counted = name.starts_with(COUNTED);
            let (sum, count) = self.0.entry(name).or_default();
            // What is counted since the beginning is as it is now.
            (*sum, *count) = if is_counted { (value, 1.0) } else { (*sum + value, *count + 1.0) };
        }
    }

    /// The means, with as many digits as they are worth: the bytes of the network to the kilobyte.
    fn take(&mut self) -> impl Iterator<Item = Reading> + use<> {
        std::mem::take(&mut self.0).into_iter().map(|(name, (sum, count))| {
            let digits = if name.starts_with(COUNTED) { 1e3 } else { 10.0 };
            (name, (sum / count * digits).round() / digits)
        })
    }
}
