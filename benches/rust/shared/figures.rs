//! What was found.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use serde_json::json;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Figures by name, one a repetition: seconds, bytes, or a number a second.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<String, Figure>);

#[derive(Debug, Default)]
struct Figure {
    values: Vec<f64>,
    /// How much was done for all of them.
    counted: usize,
}

impl Figures {
    /// One repetition, for which `counted` calls were made.
    pub(crate) fn add(&mut self, name: &str, value: f64, counted: usize) {
        let figure = self.0.entry(name.into()).or_default();
        figure.values.push(value);
        figure.counted += counted;
    }

    /// One repetition of single calls, in nanoseconds each: their median, and what one in a thousand takes longer than.
    pub(crate) fn add_calls(&mut self, name: &str, mut nanos: Vec<u64>) {
        nanos.sort_unstable();
        let at = |part: usize| nanos.get(nanos.len() * part / 1_000).copied().unwrap_or_default();
        self.add(name, seconds(at(500)), nanos.len());
        self.add(&format!("{name}, p99.9"), seconds(at(999)), nanos.len());
    }

    pub(crate) fn json(&self) -> String {
        let one = |figure: &Figure| json!({"values": figure.values, "counted": figure.counted});
        let all: serde_json::Map<_, _> = self.0.iter().map(|(name, figure)| (name.clone(), one(figure))).collect();
        format!("{:#}\n", serde_json::Value::Object(all))
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, Figure { values, counted }) in &self.0 {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
            let _ = writeln!(text, "{name:<40} {median:>14.9} of {} ({counted} in all)", values.len());
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of a benchmark are far below 2^53 nanoseconds")]
pub(crate) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Does something `count` times; nanoseconds each.
pub(crate) fn time_each(count: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<u64>> {
    let mut nanos = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        work()?;
        nanos.push(u64::try_from(started.elapsed().as_nanos())?);
    }
    Ok(nanos)
}

/// Fails unless something is as it has to be.
pub(crate) fn check(is_so: bool, what: &str) -> Result<()> {
    if is_so { Ok(()) } else { Err(format!("not as it should be: {what}").into()) }
}
