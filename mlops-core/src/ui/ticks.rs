//! Axes: where the marks stand and what they say.

use crate::base::text::float_repr;

/// The smallest and the largest finite number; None if there is none.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |found, value| {
        let (low, high) = found.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// A range that is not empty and whose width is a finite number: what holds still gets some room around it.
pub(super) fn widened((low, high): (f64, f64)) -> (f64, f64) {
    // Halves, so that the width of the widest range is finite.
    let (low, high) = (low.clamp(-f64::MAX / 4.0, f64::MAX / 4.0), high.clamp(-f64::MAX / 4.0, f64::MAX / 4.0));
    if high > low {
        return (low, high);
    }
    let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
    (low - room, high + room)
}

/// Marks at 1, 2 or 5 times a power of ten inside a range, about `count` of them.
pub(super) fn ticks((low, high): (f64, f64), count: u32) -> Vec<f64> {
    let raw = (high - low) / f64::from(count.max(1));
    if !(raw.is_finite() && raw > 0.0) {
        return vec![low];
    }
    let power = 10_f64.powf(raw.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= raw * 0.999).unwrap_or(10.0);
    let step = nice * power;
    let first = (low / step).ceil();
    let places = (0..=2 * count.max(1)).map(|at| (first + f64::from(at)) * step);
    places.take_while(|at| *at <= high + step * 1e-9).collect()
}

/// What stands at a mark: as few digits as tell it from its neighbours, at most six.
pub(super) fn label(value: f64) -> String {
    let text = float_repr(format!("{value:.5e}").parse().unwrap_or(value));
    text.strip_suffix(".0").map_or(text.clone(), ToOwned::to_owned)
}
