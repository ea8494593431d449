//! Fewer points that show the same curve.

use crate::runs::Series;

/// Points that one bucket may keep: its smallest, its largest and one that is not finite.
const OF_A_BUCKET: usize = 3;

/// The places of at most `most` points among `values` that keep its shape: the first, the last, and of every bucket of
/// neighbours the smallest, the largest and the first that is NaN or infinite. All, if there are no more.
pub(super) fn places(values: &[f64], most: usize) -> Vec<usize> {
    if values.len() <= most {
        return (0..values.len()).collect();
    }
    let buckets = (most.saturating_sub(2) / OF_A_BUCKET).max(1);
    let size = values.len().div_ceil(buckets);
    let mut kept = vec![0, values.len() - 1];
    for (bucket, chunk) in values.chunks(size).enumerate() {
        let finite = || chunk.iter().enumerate().filter(|(_, value)| value.is_finite());
        let smallest = finite().min_by(|a, b| a.1.total_cmp(b.1));
        let largest = finite().max_by(|a, b| a.1.total_cmp(b.1));
        let gap = chunk.iter().enumerate().find(|(_, value)| !value.is_finite());
        kept.extend([smallest, largest, gap].into_iter().flatten().map(|(at, _)| bucket * size + at));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// [`places`] of a series.
pub(super) fn thin(series: &Series, most: usize) -> Series {
    let kept = places(&series.values, most);
    Series { steps: pick(&series.steps, &kept), times: pick(&series.times, &kept), values: pick(&series.values, &kept) }
}

fn pick<T: Copy>(column: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().filter_map(|at| column.get(*at).copied()).collect()
}
