//! What a random trial gets: a function of the seed, the trial's number and the param's name, so that every process and
//! every later version draws the same, and one more param changes no other.
//!
//! The random bits are those of BLAKE3 over these three. Its output is fixed by its specification and as good as random,
//! and it is what the library names content by, so that no generator has to be depended on whose stream might change.

use std::collections::BTreeMap;

use super::space::{Dimension, Space, grid_float, steps};
use crate::base::digests::DigestHasher;
use crate::base::text::ParamValue;

/// What the bits are for: other uses of the same numbers draw others.
const PURPOSE: &[u8] = b"mlops sweep, random params, 1\0";

/// The params of a random trial.
pub(super) fn random_point(space: &Space, seed: u64, number: u64) -> BTreeMap<String, ParamValue> {
    space.iter().map(|(name, dimension)| (name.clone(), draw(dimension, bits(seed, number, name)))).collect()
}

/// 64 random bits.
fn bits(seed: u64, number: u64, name: &str) -> u64 {
    let mut hasher = DigestHasher::new();
    hasher.update(PURPOSE);
    hasher.update(&seed.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.finish().as_bytes().first_chunk::<8>().map_or(0, |first| u64::from_le_bytes(*first))
}

/// A number from 0 to below 1: the upper 53 bits, all that a float has.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number below `count`, each as likely but for one part in 2^64.
fn below(bits: u64, count: u64) -> u64 {
    let wide = u128::from(bits) * u128::from(count);
    u64::try_from(wide >> 64).unwrap_or(0)
}

fn draw(dimension: &Dimension, bits: u64) -> ParamValue {
    match dimension {
        Dimension::Int { min, max, step, log: true } => ParamValue::Int(log_int(*min, *max, *step, unit(bits))),
        Dimension::Float { min, max, step, log } => ParamValue::Float(float(*min, *max, *step, *log, unit(bits))),
        counted => counted.value(below(bits, counted.count().unwrap_or(1))),
    }
}

/// The logarithm evenly between those of `min - 1/2` and `max + 1/2`, then the nearest value: so the bounds are as likely
/// as their neighbours.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "bounds are within 2^53, where floats are exact; the index is not negative"
)]
fn log_int(min: i64, max: i64, step: i64, unit: f64) -> i64 {
    let (low, high) = ((min as f64 - 0.5).ln(), (max as f64 + 0.5).ln());
    let drawn = (low + (high - low) * unit).exp();
    let index = ((drawn - min as f64) / step as f64).round().max(0.0) as i64;
    let last = (max - min) / step;
    min + index.min(last) * step
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
fn float(min: f64, max: f64, step: Option<f64>, log: bool, unit: f64) -> f64 {
    // As likely in the logarithm, or in the number itself; kept in the range that rounding may leave by the last bit.
    let between = |low: f64, high: f64| {
        if log { (low.ln() + (high.ln() - low.ln()) * unit).exp() } else { low + (high - low) * unit }
    };
    match step {
        None => between(min, max).clamp(min, max),
        Some(step) => {
            let last = steps(min, max, step);
            let index = if log {
                // From half a step below: the first value is as likely as the range around it.
                let low = (min - step / 2.0).max(min / 2.0);
                ((between(low, min + step * (last as f64 + 0.5)) - min) / step).round().max(0.0) as u64
            } else {
                ((last as f64 + 1.0) * unit).floor() as u64
            };
            grid_float(min, max, step, index.min(last))
        }
    }
}
