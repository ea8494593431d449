//! A million points of one metric, in and out as arrays.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, SamplingMode, Throughput};
use mlops_benches::{end, size, start, store};
use mlops_core::Result;

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let (_folder, store) = store(env!("CARGO_TARGET_TMPDIR"))?;
    let points = size(1_000_000, 10_000);
    let (steps, values) = curve(points);

    let mut group = criterion.benchmark_group("million_points");
    group.throughput(Throughput::Elements(points as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("log_series", |bench| {
        bench.iter_batched(
            || start(&store).expect("a store on the disk starts runs"),
            |run| {
                run.log_series("loss", &steps, &[], black_box(&values)).expect("a run takes a million points");
                end(&*run).expect("a run ends");
            },
            BatchSize::PerIteration,
        );
    });

    let run = start(&store)?;
    run.log_series("loss", &steps, &[], &values)?;
    end(&*run)?;
    assert_eq!(store.runs().metric_history(run.id(), "loss")?.values, values, "every point comes back");
    group.bench_function("metric_history", |bench| {
        bench.iter(|| store.runs().metric_history(black_box(run.id()), "loss").expect("the points come back"));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// A falling curve with noise of all 52 bits.
fn curve(points: usize) -> (Vec<i64>, Vec<f64>) {
    let steps: Vec<i64> = (0_i64..).take(points).collect();
    let mut state = 1_u64;
    let values = (1_u32..).take(points).map(|step| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let noise = f64::from(u32::try_from(state >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        1.0 / (1.0 + f64::from(step) / 1_000.0) + 0.01 * noise
    });
    let values = values.collect();
    (steps, values)
}
