use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::base::clock::ManualClock;
use crate::base::digests::Digest;
use crate::base::ids::{CountingIds, IdSource};
use crate::base::time::Timestamp;
use crate::blob::memory::MemoryBlobs;
use crate::blob::{BlobStats, BlobStore, Leases, Sweep, Swept};
use crate::error::{Code, Error, Result};
use crate::runs::{Batch, MetricPoint, Run, RunExt, RunOptions, RunQuery, RunStatus, Runs, RunsOptions};
use crate::spool::Spool;
use crate::storage::memory::MemoryStorage;

/// Counts what is read, and cannot read while it is told so.
#[derive(Debug, Default)]
struct Blobs {
    inner: MemoryBlobs,
    reads: AtomicUsize,
    broken: AtomicBool,
}

impl BlobStore for Blobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        self.inner.put(bytes)
    }

    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        self.inner.put_reader(reader)
    }

    fn keep(&self, digest: &Digest) -> Result<bool> {
        self.inner.keep(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::not_found("blob", digest.to_string()));
        }
        self.inner.get(digest)
    }

    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
        self.inner.read_to(digest, out)
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.inner.size(digest)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn verify(&self, report: &mut dyn FnMut(Error)) -> Result<BlobStats> {
        self.inner.verify(report)
    }

    fn leases(&self) -> &Arc<Leases> {
        self.inner.leases()
    }

    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept> {
        self.inner.sweep(sweep)
    }
}

struct Store {
    runs: Runs,
    blobs: Arc<Blobs>,
    clock: Arc<ManualClock>,
}

impl Store {
    fn new() -> Self {
        let blobs = Arc::new(Blobs::default());
        // 2026-11-01T12:00:00Z
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_793_534_400_000)));
        let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
        let runs = Runs::new(RunsOptions {
            storage: Arc::new(MemoryStorage::default()),
            blobs: blobs.clone(),
            spool: Spool::memory(&ids),
            clock: clock.clone(),
            ids,
            read_only: false,
            unowned: None,
        })
        .unwrap();
        Self { runs, blobs, clock }
    }

    fn start(&self, id: &str) -> Arc<dyn Run> {
        self.runs.start(RunOptions { run_id: Some(id.into()), ..RunOptions::default() }).unwrap()
    }

    /// A run that logged the points (step, value) of `loss`, a second apart, and ended a minute later.
    fn run(&self, id: &str, points: &[(i64, f64)]) {
        let run = self.start(id);
        let started = 1_793_534_400_000;
        for (second, (step, value)) in (0..).zip(points) {
            let at = Some(Timestamp::from_millis(started + second * 1_000));
            let point = MetricPoint { key: "loss".into(), value: *value, step: *step, at };
            run.log_batch(&Batch { metrics: vec![point], ..Batch::default() }).unwrap();
        }
        self.clock.advance(60_000_000);
        run.end(RunStatus::Finished).unwrap();
    }

    fn search(&self, filter: &str, order: &[&str]) -> Result<Vec<String>> {
        let order_by = order.iter().map(ToString::to_string).collect();
        let page = self.runs.search(&RunQuery { filter: filter.into(), order_by, ..RunQuery::default() })?;
        Ok(page.items.into_iter().map(|run| run.info.run_id).collect())
    }

    #[track_caller]
    fn finds(&self, filter: &str, ids: &[&str]) {
        let mut found = self.search(filter, &["run_id"]).unwrap_or_else(|e| panic!("{filter}: {e}"));
        found.sort();
        assert_eq!(found, ids, "{filter}");
    }

    fn reads(&self) -> usize {
        self.blobs.reads.swap(0, Ordering::SeqCst)
    }
}

/// Three runs with points, and one without.
fn filled() -> Store {
    let store = Store::new();
    store.run("down", &[(0, 4.0), (100, 2.0), (200, 1.0)]);
    store.run("up", &[(-5, 0.5), (100, 3.0), (200, f64::NAN)]);
    store.run("same", &[(100, 1.0), (100, 2.0), (50, 2.0)]);
    store.run("none", &[]);
    store
}

#[test]
fn aspects_of_metrics_are_what_was_logged() {
    let store = filled();
    for (filter, ids) in [
        ("metrics.loss.min < 1", &["up"][..]),
        ("metrics.loss.max = 4", &["down"]),
        ("metrics.loss.count = 3", &["down", "same", "up"]),
        ("metrics.loss.step = 100", &["same"]),
        ("metrics.loss.last = 1", &["down"]),
        ("metrics.loss.first >= 2", &["down", "same"]),
        ("metrics.loss.mean between 1.6 and 1.75", &["same", "up"]),
        ("metrics.loss@100 >= 2", &["down", "same", "up"]),
        ("metrics.loss@-5 = 0.5", &["up"]),
        ("metrics.loss@0 is null", &["none", "same", "up"]),
        ("metrics.loss@200 != 1", &["up"]),
        ("metrics.loss@300 is not null", &[]),
        ("not metrics.loss@100 = 2", &["up"]),
        // The last value of `same` is at the larger step, not at the later time.
        ("metrics.loss.time >= '2026-11-01T12:00:02Z'", &["down", "up"]),
        ("metrics.loss.time > '2026-11-01T12:00:02Z'", &[]),
        ("metrics.loss.min is null", &["none"]),
    ] {
        store.finds(filter, ids);
    }
}

#[test]
fn a_metric_of_the_whole_name_comes_before_an_aspect() {
    let store = filled();
    let run = store.start("named");
    run.log_metric("loss.min", 9.0, 0, None).unwrap();
    run.log_metric("loss", 1.0, 0, None).unwrap();
    store.finds("metrics.loss.min = 9", &["named"]);
    store.finds("metrics.loss.min < 1", &["up"]);
    store.finds("metrics.`loss.min` is not null", &["named"]);
    store.finds("metrics.`loss`.min = 1", &["down", "named", "same"]);
}

#[test]
fn points_are_read_once_and_only_where_the_rest_leaves_the_answer_open() {
    let store = filled();
    store.reads();
    store.finds("metrics.loss@100 = 2 and metrics.loss.max = 4", &["down"]);
    assert_eq!(store.reads(), 1);
    store.finds("metrics.loss@100 = 3 or metrics.loss.max = 4 or metrics.other = 1", &["down", "up"]);
    // Of `same`, the step is that of the last value.
    assert_eq!(store.reads(), 1);
    store.finds(
        "metrics.loss@100 > 0 and (metrics.loss@0 = 4 or metrics.loss.mean < 0) and metrics.loss.first > 0",
        &["down"],
    );
    assert_eq!(store.reads(), 3);
    store.finds("metrics.loss.min > 0 and metrics.loss@900 is null", &["down", "same", "up"]);
    store.finds("params.none = 'x' and metrics.loss@100 = 2", &[]);
    store.finds("metrics.loss > 0", &["down", "same"]);
    assert_eq!(store.reads(), 0);
}

#[test]
fn points_that_cannot_be_read_are_an_error_and_not_missing() {
    let store = filled();
    let run = store.start("long");
    run.log_param("text", "x".repeat(10_000).into()).unwrap();
    store.runs.drain().unwrap();
    store.blobs.broken.store(true, Ordering::SeqCst);
    for (filter, order) in [("metrics.loss@0 = 2", "run_id"), ("params.text = 'x'", "run_id"), ("", "metrics.loss@0")] {
        let error = store.search(filter, &[order]).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt, "{filter}: {error}");
    }
    store.finds("metrics.loss.max = 4", &["down"]);
}

#[test]
fn runs_are_ordered_by_what_filters_look_at() {
    let store = filled();
    for (key, ids) in [
        ("metrics.loss", ["down", "same", "up", "none"]),
        ("metrics.loss DESC", ["same", "down", "up", "none"]),
        ("metrics.loss.max DESC", ["down", "up", "same", "none"]),
        ("metrics.loss@0", ["down", "none", "same", "up"]),
        ("metrics.loss@200 DESC", ["down", "up", "none", "same"]),
        ("metrics.loss.first", ["up", "same", "down", "none"]),
        ("start_time", ["down", "up", "same", "none"]),
        ("start_time DESC", ["none", "same", "up", "down"]),
        ("metrics.loss.time", ["same", "down", "up", "none"]),
    ] {
        assert_eq!(store.search("", &[key, "run_id"]).unwrap(), ids, "{key}");
    }
}

#[test]
fn pages_go_on_where_points_decide_the_order() {
    let store = filled();
    let mut query = RunQuery { order_by: vec!["metrics.loss@100 DESC".into()], max_results: 1, ..RunQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = store.runs.search(&query).unwrap();
        found.extend(page.items.into_iter().map(|run| run.info.run_id));
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            break;
        }
    }
    assert_eq!(found, ["up", "same", "down", "none"]);
}

#[test]
fn tables_have_pages_as_searches_have_and_share_their_tokens() {
    let store = filled();
    let mut query = RunQuery { order_by: vec!["run_id".into()], max_results: 3, ..RunQuery::default() };
    let first = store.runs.search_table(&query, &["run_id".into()]).unwrap();
    assert_eq!(first.rows, 3);
    query.page_token = first.next_page_token;
    let rest = store.runs.search_table(&query, &["metrics.loss.max".into()]).unwrap();
    assert_eq!((rest.rows, rest.next_page_token), (1, None));
    assert_eq!(store.runs.search(&query).unwrap().items[0].info.run_id, "up");
    let other = RunQuery { filter: "metrics.loss > 0".into(), ..query };
    assert!(store.runs.search_table(&other, &[]).unwrap_err().to_string().contains("the same query"));
}

#[test]
fn a_count_is_that_of_all_pages() {
    let store = filled();
    let query = RunQuery { max_results: 1, order_by: vec!["metrics.loss".into()], ..RunQuery::default() };
    assert_eq!(store.runs.count(&query).unwrap(), 4);
    let token = store.runs.search(&query).unwrap().next_page_token;
    assert_eq!(store.runs.count(&RunQuery { page_token: token, ..query.clone() }).unwrap(), 4);
    let loss = RunQuery { filter: "metrics.loss.count > 0".into(), ..query.clone() };
    assert_eq!(store.runs.count(&loss).unwrap(), 3);
    let none = RunQuery { experiment_ids: vec!["77".into()], ..query };
    assert_eq!(store.runs.count(&none).unwrap(), 0);
}

#[test]
fn now_is_the_time_of_the_first_page() {
    let store = filled();
    // They started at 12:00, 12:01, 12:02 and 12:03, and it is 12:04.
    store.finds("start_time >= now() - 2m", &["none", "same"]);
    store.finds("start_time < now() - 3m and end_time <= '2026-11-01T12:01'", &["down"]);
    store.finds("start_time between '2026-11-01' and '2026-11-01 12:01'", &["down", "up"]);
    store.finds("start_time = 1793534460000", &["up"]);
    store.finds("duration = '1m' and duration = 60 and duration < '1h30m'", &["down", "none", "same", "up"]);
    let first = RunQuery { filter: "start_time >= now() - 2m".into(), max_results: 1, ..RunQuery::default() };
    let page = store.runs.search(&first).unwrap();
    store.clock.advance(3_600_000_000);
    let next = RunQuery { page_token: page.next_page_token, ..first.clone() };
    assert_eq!(store.runs.search(&next).unwrap().items[0].info.run_id, "same");
    assert!(store.runs.search(&first).unwrap().items.is_empty());
}

#[test]
fn times_in_text_compare_by_the_microsecond_and_numbers_by_the_millisecond() {
    let store = Store::new();
    store.clock.advance(456);
    store.start("run");
    store.finds("start_time = 1793534400000", &["run"]);
    store.finds("start_time = '2026-11-01T12:00:00.000456Z'", &["run"]);
    store.finds("start_time = '2026-11-01T12:00:00Z'", &[]);
    store.finds("start_time > '2026-11-01T13:00:00+01:00' and end_time is null and duration is null", &["run"]);
}

#[test]
fn patterns_fit_params_tags_and_attributes() {
    let store = Store::new();
    let run = store.start("run-7");
    run.log_param("model", "resnet50".into()).unwrap();
    run.log_param("layers", 50.into()).unwrap();
    run.set_tag("note", "a\nb").unwrap();
    store.finds("params.model ~ '^resnet[0-9]+$' and params.layers ~ '^5'", &["run-7"]);
    store.finds("run_id !~ '^run-[0-6]' and tags.note matches '(?m)^b$' and status ~ 'RUN'", &["run-7"]);
    store.finds("params.model ~ 'RESNET' or params.none !~ 'x'", &[]);
}
