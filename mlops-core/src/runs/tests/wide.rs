//! Runs with very many metrics, and runs that change without an end, beside the columns.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::limits::SERIES_PER_RUN;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

/// Counts how often somebody looks at which runs changed.
#[derive(Debug, Default)]
struct Looks {
    under: Arc<MemoryStorage>,
    looks: AtomicUsize,
}

impl Storage for Looks {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.under.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        if range.start == keys::UNFOLDED {
            self.looks.fetch_add(1, Ordering::SeqCst);
        }
        self.under.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        self.under.apply(ops, durability)
    }

    fn flush(&self) -> crate::error::Result<()> {
        self.under.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.under.capabilities()
    }
}

fn found(runs: &Runs, filter: &str) -> usize {
    runs.search(&RunQuery { filter: filter.into(), ..RunQuery::default() }).unwrap().items.len()
}

fn segments(runs: &Runs) -> usize {
    let range = KeyRange::prefix(keys::SEGMENTS);
    runs.core.storage.scan(&range, &ScanOptions::default()).unwrap().entries.len()
}

fn log(run: &dyn Run, metrics: usize) {
    let point = |number: usize| MetricPoint { key: format!("m{number}"), value: 1.0, step: 0, at: None };
    run.log_batch(&Batch { metrics: (0..metrics).map(point).collect(), ..Batch::default() }).unwrap();
}

#[test]
fn searches_try_once_to_fold_runs_that_have_not_ended() {
    let parts = Parts::new();
    let looks = Arc::new(Looks { under: parts.storage.clone(), ..Looks::default() });
    let runs = parts.open();
    let open: Vec<_> = (0..20).map(|_| runs.start(RunOptions::default()).unwrap()).collect();
    runs.drain().unwrap();
    let spool = Spool::memory(&parts.ids);
    let options = RunsOptions { blobs: parts.blobs.clone(), spool, ..in_memory(looks.clone()) };
    let reader = Runs::new(options).unwrap();
    let look = |times: &[usize]| {
        for expected in times {
            let before = looks.looks.swap(0, Ordering::SeqCst);
            assert_eq!(before, 0);
            assert_eq!(found(&reader, "status = 'RUNNING' or status = 'FINISHED'"), 20);
            assert_eq!(looks.looks.swap(0, Ordering::SeqCst), *expected);
        }
    };
    look(&[2, 1, 1]);
    // The runs go on, which changes nothing.
    open.iter().for_each(|run| run.log_metric("loss", 1.0, 0, None).unwrap());
    runs.drain().unwrap();
    look(&[1, 1]);
    assert_eq!(segments(&reader), 0);
    // Another process ends some: a search notices, and the next folds them.
    open.iter().take(9).for_each(|run| run.end(RunStatus::Finished).unwrap());
    runs.drain().unwrap();
    look(&[1]);
    assert_eq!(found(&reader, ""), 20);
    assert_eq!(segments(&reader), 1);
    looks.looks.store(0, Ordering::SeqCst);
    look(&[1, 1]);
}

#[test]
fn runs_with_very_many_metrics_are_left_out_of_the_columns_and_found() {
    let parts = Parts::new();
    let runs = parts.open();
    for number in 0..60 {
        let run = runs.start(RunOptions::default()).unwrap();
        // 40 entries are the widest here.
        log(&*run, if number % 3 == 0 { 90 } else { 5 });
        run.end(RunStatus::Finished).unwrap();
    }
    runs.drain().unwrap();
    runs.core.fold().unwrap();
    assert!(segments(&runs) > 0);
    let range = KeyRange::prefix(keys::UNFOLDED);
    let left = runs.core.storage.scan(&range, &ScanOptions::default()).unwrap().entries.len();
    assert!((20..60).contains(&left), "{left}");
    assert_eq!([found(&runs, "metrics.m3 = 1"), found(&runs, "metrics.m80 = 1")], [60, 20]);
    let table = runs.search_table(&RunQuery::default(), &["metrics.m80".into()]).unwrap();
    let ColumnData::Number(values) = &table.columns[0].data else { panic!("{table:?}") };
    assert_eq!(values.iter().flatten().count(), 20);
}

#[test]
fn one_series_too_many_is_refused_and_nothing_is_lost() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_metric("first", 1.0, 0, None).unwrap();
    // As if a million were logged; that takes its time, and is done by hand.
    runs.core.known.lock()[run.id()].state.lock().series.extend((1..SERIES_PER_RUN).map(|n| format!("s{n}")));
    let too_many = [
        run.log_metric("last", 1.0, 0, None),
        run.log_series("last", &[], &[], &[1.0]),
        run.log_batch(&Batch {
            metrics: vec![MetricPoint { key: "last".into(), value: 1.0, step: 0, at: None }],
            params: vec![("lr".into(), "1".into())],
            ..Batch::default()
        }),
    ];
    for refused in too_many {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded);
        let text = error.to_string();
        assert!(text.contains("1000001 series, over the limit of 1000000"), "{text}");
        assert!(text.contains(run.id()) && text.contains("`last`"), "{text}");
    }
    // Those that are there go on.
    run.log_metric("first", 2.0, 1, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!((data.metrics.len(), data.metrics["first"].count, data.params.len()), (1, 2, 0));
}

/// Counts the bytes that are written.
#[derive(Debug, Default)]
struct Written {
    under: Arc<MemoryStorage>,
    bytes: AtomicUsize,
}

impl Storage for Written {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.under.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        self.under.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        self.bytes.fetch_add(ops.iter().map(Op::size).sum(), Ordering::SeqCst);
        self.under.apply(ops, durability)
    }

    fn flush(&self) -> crate::error::Result<()> {
        self.under.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.under.capabilities()
    }
}

#[test]
fn series_in_any_order_are_kept_without_writing_every_page_for_each() {
    let parts = Parts::new();
    let storage = Arc::new(Written::default());
    let runs = parts.open_over(storage.clone(), parts.spool());
    let run = runs.start(RunOptions::default()).unwrap();
    let key = |number: u32| crate::base::digests::Digest::of(&number.to_le_bytes()).to_hex();
    let held = runs.hold_drain();
    let count = 20_000_u32;
    for number in 0..count {
        run.log_metric(&key(number), f64::from(number), 0, None).unwrap();
    }
    // Some again, and one that is logged many times between the others.
    for number in (0..count).step_by(10) {
        run.log_metric(&key(number), -1.0, 1, None).unwrap();
        run.log_metric("loss", f64::from(number), i64::from(number), None).unwrap();
    }
    run.log_param("lr", "1".into()).unwrap();
    drop(held);
    run.end(RunStatus::Finished).unwrap();
    let data = runs.get(run.id()).unwrap();
    assert_eq!((data.metrics.len(), data.params.len(), data.info.status), (20_001, 1, RunStatus::Finished));
    for number in [0, 1, 10, 4_999, count - 1] {
        let again = number.is_multiple_of(10);
        let found = &data.metrics[&key(number)];
        assert_eq!((found.count, found.max), (if again { 2 } else { 1 }, f64::from(number)), "{number}");
        let history = runs.metric_history(run.id(), &key(number)).unwrap().values;
        assert_eq!(history, if again { vec![f64::from(number), -1.0] } else { vec![f64::from(number)] });
    }
    assert_eq!(runs.metric_history(run.id(), "loss").unwrap().len(), 2_000);
    let written = storage.bytes.load(Ordering::SeqCst);
    assert!(written < 40 << 20, "{written} bytes");
}
