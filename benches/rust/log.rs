//! The hot path: single calls, and points in batches.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use mlops_benches::{end, start, store};
use mlops_core::runs::{Batch, MetricPoint};
use mlops_core::{Durability, ParamValue, Result, Store};

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");
/// Params of one run.
const PARAMS: u64 = 1_000;
/// Points of one batch.
const BATCH: i32 = 1_000;
const LOGS: &str = "a run of a store on the disk takes what is logged";

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(3));
    let (_folder, store) = store(TARGET)?;
    log_metric(&mut criterion, &store)?;
    log_metric_full(&mut criterion, &store)?;
    log_param(&mut criterion, &store);
    log_batch(&mut criterion, &store)?;
    criterion.final_summary();
    Ok(())
}

fn log_metric(criterion: &mut Criterion, store: &Store) -> Result<()> {
    let run = start(store)?;
    let mut step = 0;
    criterion.bench_function("log_metric", |bench| {
        bench.iter(|| {
            step += 1;
            run.log_metric("loss", black_box(0.5), step, None).expect(LOGS);
        });
    });
    end(&*run)
}

/// What is on the disk when the call returns, from one thread and from some that share the fdatasync.
fn log_metric_full(criterion: &mut Criterion, store: &Store) -> Result<()> {
    let run = start(store)?.with_durability(Durability::Full);
    let mut group = criterion.benchmark_group("log_metric_full");
    for threads in [1, 8] {
        group.bench_function(format!("{threads}_threads"), |bench| {
            bench.iter_custom(|calls| {
                let share = i64::try_from(calls.div_ceil(threads)).unwrap_or(i64::MAX);
                let started = Instant::now();
                std::thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| {
                            for step in 0..share {
                                run.log_metric("loss", black_box(0.5), step, None).expect(LOGS);
                            }
                        });
                    }
                });
                started.elapsed()
            });
        });
    }
    group.finish();
    end(&*run)
}

/// Each call logs a new param; only the calls are timed, not the runs that they are spread over.
fn log_param(criterion: &mut Criterion, store: &Store) {
    let keys: Vec<_> = (0..PARAMS).map(|number| format!("param_{number}")).collect();
    let log = |count: u64| -> Result<Duration> {
        let run = start(store)?;
        let started = Instant::now();
        for key in keys.iter().take(usize::try_from(count).unwrap_or(usize::MAX)) {
            run.log_param(key, ParamValue::Float(black_box(0.001)))?;
        }
        let taken = started.elapsed();
        end(&*run)?;
        Ok(taken)
    };
    criterion.bench_function("log_param", |bench| {
        bench.iter_custom(|calls| {
            let runs = (0..calls.div_ceil(PARAMS)).map(|run| PARAMS.min(calls - run * PARAMS));
            runs.map(|count| log(count).expect(LOGS)).sum()
        });
    });
}

fn log_batch(criterion: &mut Criterion, store: &Store) -> Result<()> {
    let run = start(store)?;
    let point = |number: i32| MetricPoint {
        key: format!("metric_{}", number % 10),
        value: f64::from(number),
        step: i64::from(number / 10),
        at: None,
    };
    let batch = Batch { metrics: (0..BATCH).map(point).collect(), ..Batch::default() };
    let mut group = criterion.benchmark_group("log_batch");
    group.throughput(Throughput::Elements(batch.metrics.len() as u64));
    group.bench_function("1000_points", |bench| bench.iter(|| run.log_batch(black_box(&batch)).expect(LOGS)));
    group.finish();
    end(&*run)
}
