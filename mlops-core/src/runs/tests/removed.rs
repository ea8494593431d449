//! A run that is removed for good, or changes, while others read it: they get all of it or are told that it is gone.

use parking_lot::Mutex;

use super::*;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

type Deed = Box<dyn FnOnce() + Send>;
/// Reads something of a run; true if it is whole.
type Read = fn(&Runs, &str) -> crate::error::Result<bool>;

/// Does something when the pages of a run are read for the first time.
struct Between {
    under: Arc<MemoryStorage>,
    deed: Mutex<Option<Deed>>,
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Between")
    }
}

impl Storage for Between {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        self.under.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        if range.start.starts_with(b"p/")
            && let Some(deed) = self.deed.lock().take()
        {
            deed();
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

/// A deleted run whose sections stand in pages, the pillar that it was logged to, and one that reads over [`Between`].
fn paged(parts: &Parts) -> (Runs, String, Arc<Between>, Runs) {
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let mut batch = Batch::default();
    for number in 0..2_000 {
        batch.params.push((format!("param {number}"), "x".into()));
        batch.metrics.push(MetricPoint { key: format!("metric {number}"), value: 1.0, step: 0, at: None });
    }
    run.log_batch(&batch).unwrap();
    run.log_files(&[ArtifactSource { path: "a.txt".into(), content: Content::Bytes(b"a") }]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    runs.delete(run.id()).unwrap();
    let between = Arc::new(Between { under: parts.storage.clone(), deed: Mutex::new(None) });
    let spool = Spool::memory(&parts.ids);
    let reader =
        Runs::new(RunsOptions { blobs: parts.blobs.clone(), spool, read_only: true, ..in_memory(between.clone()) });
    (runs, run.id().to_owned(), between, reader.unwrap())
}

fn all() -> RunQuery {
    RunQuery { view: View::All, ..RunQuery::default() }
}

#[test]
fn a_run_that_is_removed_while_it_is_read_is_whole_or_not_found() {
    let parts = Parts::new();
    let reads: [(&str, Read); 5] = [
        ("get", |reader, id| Ok(reader.get(id)?.params.len() == 2_000)),
        ("history", |reader, id| Ok(reader.metric_history(id, "metric 7")?.len() == 1)),
        ("artifacts", |reader, id| Ok(reader.list_artifacts(id, None)?.len() == 1)),
        ("bytes", |reader, id| Ok(reader.read_artifact(id, "a.txt")? == b"a")),
        ("media", |reader, id| Ok(reader.media_history(id, "none", None)?.is_empty())),
    ];
    for (what, read) in reads {
        let (runs, id, between, reader) = paged(&parts);
        let removed = id.clone();
        *between.deed.lock() = Some(Box::new(move || assert!(runs.remove(&removed).unwrap())));
        let error = match read(&reader, &id) {
            // It read nothing after the removal.
            Ok(whole) => {
                assert!(whole && what == "history", "{what}");
                continue;
            }
            Err(error) => error,
        };
        assert_eq!(error.code(), Code::NotFound, "{what}");
        assert!(error.to_string().contains(&id), "{what}: {error}");
    }
}

#[test]
fn a_search_leaves_out_a_run_that_is_removed_meanwhile() {
    let parts = Parts::new();
    for columns in [None, Some(vec![]), Some(vec!["metrics.`metric 7`".to_owned()])] {
        let (runs, id, between, reader) = paged(&parts);
        *between.deed.lock() = Some(Box::new(move || assert!(runs.remove(&id).unwrap())));
        let found = match &columns {
            None => reader.search(&all()).unwrap().items.len(),
            Some(columns) => reader.search_table(&all(), columns).unwrap().rows,
        };
        assert_eq!(found, 0, "{columns:?}");
    }
}

#[test]
fn a_search_sees_a_run_that_changes_meanwhile_as_it_was_or_as_it_is() {
    let parts = Parts::new();
    let (runs, id, between, reader) = paged(&parts);
    runs.restore(&id).unwrap();
    let run = runs.open(&id).unwrap();
    *between.deed.lock() = Some(Box::new(move || {
        let metric = |number: usize| MetricPoint { key: format!("metric {number}"), value: 2.0, step: 1, at: None };
        run.log_batch(&Batch { metrics: (0..2_000).map(metric).collect(), ..Batch::default() }).unwrap();
        runs.drain().unwrap();
    }));
    let query = RunQuery { filter: "metrics.`metric 3` = 2 and metrics.`metric 1999` = 2".into(), ..all() };
    let columns = ["metrics.`metric 3`".to_owned(), "metrics.`metric 1999`".into()];
    let table = reader.search_table(&query, &columns).unwrap();
    assert_eq!(table.rows, 1);
    assert!(table.columns.iter().all(|column| column.data == ColumnData::Number(vec![Some(2.0)])));
}
