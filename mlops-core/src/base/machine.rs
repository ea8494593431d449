//! What the machine does: processors, memory, disk, network, and graphics cards where `nvidia-smi` answers.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// How long `nvidia-smi` may take.
const GPU_PATIENCE: Duration = Duration::from_secs(5);
/// After so many answers that did not come it is not asked again.
const GPU_FAILURES: u32 = 3;
/// What `nvidia-smi` is asked for.
const GPU_QUERY: &str = "index,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit";
/// `nvidia-smi` counts memory in MiB.
const MEGABYTES_OF_MIB: f64 = 1.048_576;

/// One reading: MLflow's name of it without the prefix, and the value. Bytes are megabytes of a million.
pub(crate) type Reading = (String, f64);

/// The machine that the process runs on, as far as it can be read. What cannot be is left out.
#[derive(Debug)]
pub(crate) struct Machine {
    #[cfg(feature = "system")]
    system: Option<sysinfo::System>,
    #[cfg(feature = "system")]
    networks: Option<sysinfo::Networks>,
    #[cfg(feature = "system")]
    before: (u64, u64),
    gpu_failures: u32,
}

#[cfg(feature = "system")]
impl Machine {
    /// Begins to measure: processors and network count from here.
    #[expect(clippy::unnecessary_wraps, reason = "a build without the feature cannot")]
    pub(crate) fn new() -> Result<Self> {
        let mut system = sysinfo::System::new().ok();
        if let Some(system) = &mut system {
            system.refresh_cpu_usage();
        }
        let networks = sysinfo::Networks::new_with_refreshed_list().ok();
        let before = networks.as_ref().map_or((0, 0), traffic);
        Ok(Self { system, networks, before, gpu_failures: 0 })
    }

    /// The readings but those of graphics cards, which take long.
    pub(crate) fn read(&mut self) -> Vec<Reading> {
        let mut found = Vec::new();
        let mut add = |name: &str, value: f64| {
            if value.is_finite() {
                found.push((name.to_owned(), value));
            }
        };
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            add("cpu_utilization_percentage", f64::from(system.global_cpu_usage()));
            system.refresh_memory();
            let (used, total) = (system.used_memory(), system.total_memory());
            if total > 0 {
                add("system_memory_usage_megabytes", megabytes(used));
                add("system_memory_usage_percentage", percentage(used, total));
            }
        }
        if let Some(Disk { used, available }) = disk() {
            add("disk_usage_megabytes", megabytes(used));
            add("disk_usage_percentage", percentage(used, used + available));
            add("disk_available_megabytes", megabytes(available));
        }
        if let Some(networks) = &mut self.networks {
            networks.refresh(true);
            let (received, transmitted) = traffic(networks);
            // An interface that went away takes its count with it.
            add("network_receive_megabytes", megabytes(received.saturating_sub(self.before.0)));
            add("network_transmit_megabytes", megabytes(transmitted.saturating_sub(self.before.1)));
        }
        found
    }
}

#[cfg(not(feature = "system"))]
impl Machine {
    /// This build cannot measure.
    pub(crate) fn new() -> Result<Self> {
        Err(Error::Unsupported {
            detail: "this build cannot measure the machine: it lacks the feature `system`".into(),
        })
    }

    pub(crate) fn read(&mut self) -> Vec<Reading> {
        Vec::new()
    }
}

impl Machine {
    /// The readings of graphics cards; none where `nvidia-smi` does not answer, or `given_up` says true meanwhile.
    pub(crate) fn read_gpus(&mut self, given_up: &dyn Fn() -> bool) -> Vec<Reading> {
        if self.gpu_failures >= GPU_FAILURES {
            return Vec::new();
        }
        match ask_gpus(given_up) {
            Ok(Some(answer)) => {
                self.gpu_failures = 0;
                gpu_readings(&answer)
            }
            Ok(None) => Vec::new(),
            Err(Error::NotFound { .. }) => {
                self.gpu_failures = GPU_FAILURES;
                Vec::new()
            }
            Err(_) => {
                self.gpu_failures += 1;
                Vec::new()
            }
        }
    }
}

#[cfg(feature = "system")]
fn traffic(networks: &sysinfo::Networks) -> (u64, u64) {
    networks.iter().fold((0, 0), |(received, transmitted), (_, network)| {
        (received + network.total_received(), transmitted + network.total_transmitted())
    })
}

/// The root's disk, in bytes. What only the system may use is neither used nor available.
#[cfg(feature = "system")]
struct Disk {
    used: u64,
    available: u64,
}

#[cfg(all(feature = "system", unix))]
fn disk() -> Option<Disk> {
    let found = rustix::fs::statvfs("/").ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Disk { used: bytes(found.f_blocks.saturating_sub(found.f_bfree)), available: bytes(found.f_bavail) })
}

#[cfg(all(feature = "system", not(unix)))]
fn disk() -> Option<Disk> {
    let disks = sysinfo::Disks::new_with_refreshed_list().ok()?;
    let root = disks.iter().min_by_key(|disk| disk.mount_point().as_os_str().len())?;
    let available = root.available_space();
    Some(Disk { used: root.total_space().saturating_sub(available), available })
}

#[cfg(feature = "system")]
#[expect(clippy::cast_precision_loss, reason = "sizes of machines are below 2^53 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(feature = "system")]
#[expect(clippy::cast_precision_loss, reason = "sizes of machines are below 2^53 bytes")]
fn percentage(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64 * 100.0
}

/// Runs `nvidia-smi`; None if it was given up.
fn ask_gpus(given_up: &dyn Fn() -> bool) -> Result<Option<String>> {
    let failed = |e: std::io::Error| {
        if e.kind() == std::io::ErrorKind::NotFound {
            Error::not_found("program", "nvidia-smi")
        } else {
            Error::internal(format!("nvidia-smi failed: {e}"))
        }
    };
    let mut command = Command::new("nvidia-smi");
    command.arg(format!("--query-gpu={GPU_QUERY}")).arg("--format=csv,noheader,nounits");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let began = Instant::now();
    loop {
        match child.try_wait().map_err(failed)? {
            Some(status) if status.success() => break,
            Some(status) => return Err(Error::internal(format!("nvidia-smi ended with {status}"))),
            None if given_up() => {
                end(&mut child);
                return Ok(None);
            }
            None if began.elapsed() >= GPU_PATIENCE => {
                end(&mut child);
                return Err(Error::internal("nvidia-smi does not answer"));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    let mut answer = String::new();
    if let Some(out) = child.stdout.take() {
        out.take(64 << 10).read_to_string(&mut answer).map_err(failed)?;
    }
    Ok(Some(answer))
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads what `nvidia-smi` prints: a line a card. A value that a card has not, such as `[N/A]`, is left out.
fn gpu_readings(answer: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    for line in answer.lines() {
        let mut words = line.split(',').map(str::trim);
        let Some(index) = words.next().and_then(|word| word.parse::<u32>().ok()) else { continue };
        let mut number = || words.next().and_then(|word| word.parse::<f64>().ok()).filter(|value| value.is_finite());
        let (utilization, used, total, power, limit) = (number(), number(), number(), number(), number());
        let mut add = |name: &str, value: Option<f64>| {
            found.extend(value.map(|value| (format!("gpu_{index}_{name}"), value)));
        };
        let share = |part: Option<f64>, whole: Option<f64>| Some(part? / whole.filter(|whole| *whole > 0.0)? * 100.0);
        add("utilization_percentage", utilization);
        add("memory_usage_megabytes", used.map(|used| used * MEGABYTES_OF_MIB));
        add("memory_usage_percentage", share(used, total));
        add("power_usage_watts", power);
        add("power_usage_percentage", share(power, limit));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nvidia_smi_prints_is_read_card_by_card() {
        let answer = "0, 37, 1024, 4096, 75.50, 300.00\n1, [N/A], 0, 0, [Not Supported], 250\nbroken\n, 1, 2\n";
        let found = gpu_readings(answer);
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "gpu_0_utilization_percentage",
                "gpu_0_memory_usage_megabytes",
                "gpu_0_memory_usage_percentage",
                "gpu_0_power_usage_watts",
                "gpu_0_power_usage_percentage",
                "gpu_1_memory_usage_megabytes",
            ]
        );
        assert!((found[1].1 - 1_073.741_824).abs() < 1e-9 && (found[2].1 - 25.0).abs() < 1e-9, "{found:?}");
        assert!(gpu_readings("").is_empty() && gpu_readings("No devices were found").is_empty());
    }

    #[cfg(feature = "system")]
    #[test]
    fn this_machine_has_processors_memory_a_disk_and_a_network() {
        let mut machine = Machine::new().unwrap();
        let found: std::collections::BTreeMap<_, _> = machine.read().into_iter().collect();
        for name in ["cpu_utilization_percentage", "system_memory_usage_percentage", "disk_usage_percentage"] {
            assert!((0.0..=100.0).contains(&found[name]), "{found:?}");
        }
        assert!(found["system_memory_usage_megabytes"] > 0.0 && found["disk_usage_megabytes"] > 0.0, "{found:?}");
        assert!(found["disk_available_megabytes"] >= 0.0, "{found:?}");
        assert!(found["network_receive_megabytes"] >= 0.0 && found["network_transmit_megabytes"] >= 0.0, "{found:?}");
    }
}
