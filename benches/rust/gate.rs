//! A million rows compared: by the default methods, and by 2,000 resamples.

use std::hint::black_box;

use criterion::{Criterion, SamplingMode};
use mlops_benches::size;
use mlops_core::gates::stats::{CompareOptions, Method, compare_all};
use mlops_core::metrics::{Metric, Predictions, Targets};

/// Rows of two classes and what two models say of them, from a seed.
struct Rows {
    targets: Vec<u32>,
    candidate: Vec<f64>,
    baseline: Vec<f64>,
}

fn rows(n: usize) -> Rows {
    // Xorshift is good enough for data.
    let mut state = 88_172_645_463_325_252_u64;
    let mut unit = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        f64::from(u32::try_from(state >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    };
    let targets: Vec<u32> = (0..n).map(|_| u32::from(unit() > 0.6)).collect();
    let mut model = |weight: f64| -> Vec<f64> {
        targets.iter().map(|class| weight * f64::from(*class) + (1.0 - weight) * unit()).collect()
    };
    let (candidate, baseline) = (model(0.32), model(0.3));
    Rows { targets, candidate, baseline }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let rows = rows(size(1_000_000, 10_000));
    let compared = |metrics: &[Metric], options: &CompareOptions<'_>| {
        let models = [Predictions::Values(&rows.candidate), Predictions::Values(&rows.baseline)];
        let found = compare_all(metrics, &Targets::Classes(&rows.targets), &models[0], &models[1], options);
        found.expect("probabilities of two classes are compared")
    };
    let mut group = criterion.benchmark_group("gate");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let three = [Metric::accuracy(), Metric::roc_auc(), Metric::log_loss()];
    group.bench_function("accuracy_auc_log_loss", |bench| {
        bench.iter(|| compared(black_box(&three), &CompareOptions::default()));
    });
    let two = [Metric::accuracy(), Metric::log_loss()];
    let resampled = CompareOptions { method: Method::Percentile, ..CompareOptions::default() };
    group.bench_function("accuracy_log_loss_2000_resamples", |bench| {
        bench.iter(|| compared(black_box(&two), &resampled));
    });
    group.finish();
    criterion.final_summary();
}
