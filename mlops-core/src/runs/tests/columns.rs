//! Searches by columns find what searches by records find.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::blob::{BlobStore, Referrer};
use crate::runs::gc::RunBlobs;
use crate::storage::{Capabilities, Durability, Op, Outcome, ScanPage};

/// The same storage, as it was before there were columns.
#[derive(Debug)]
struct WithoutColumns(Arc<dyn Storage>);

impl Storage for WithoutColumns {
    fn get(&self, key: &[u8]) -> crate::error::Result<Option<Vec<u8>>> {
        if key == keys::COLUMNS { Ok(None) } else { self.0.get(key) }
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> crate::error::Result<ScanPage> {
        self.0.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> crate::error::Result<Outcome> {
        self.0.apply(ops, durability)
    }

    fn flush(&self) -> crate::error::Result<()> {
        self.0.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
}

/// A reader of the same runs that looks at their records.
fn by_records(parts: &Parts) -> Runs {
    let storage = Arc::new(WithoutColumns(parts.storage.clone()));
    let spool = Spool::memory(&parts.ids);
    Runs::new(RunsOptions { blobs: parts.blobs.clone(), spool, read_only: true, ..in_memory(storage) }).unwrap()
}

fn ids(runs: &Runs, filter: &str, order: &str, view: View) -> Vec<String> {
    let order_by = if order.is_empty() { Vec::new() } else { vec![order.to_owned()] };
    let mut query = RunQuery { filter: filter.into(), order_by, max_results: 7, view, ..RunQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = runs.search(&query).unwrap();
        found.extend(page.items.into_iter().map(|run| run.info.run_id));
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            return found;
        }
    }
}

/// The names of the columns of a table, and their values as text.
fn table(runs: &Runs, query: &RunQuery, columns: &[String]) -> Vec<(String, Vec<String>)> {
    let table = runs.search_table(query, columns).unwrap();
    let text = |column: TableColumn| {
        let values: Vec<String> = match &column.data {
            ColumnData::Text(texts) => texts.iter().map(|text| format!("{text:?}")).collect(),
            ColumnData::Number(numbers) => numbers.iter().map(|number| format!("{number:?}")).collect(),
            ColumnData::Time(times) => times.iter().map(|at| format!("{at:?}")).collect(),
        };
        assert_eq!(values.len(), table.rows);
        (column.name, values)
    };
    table.columns.into_iter().map(text).collect()
}

const ORDERS: [&str; 8] = [
    "",
    "metrics.loss",
    "params.depth DESC",
    "tags.of",
    "run_name DESC",
    "duration",
    "metrics.loss.first",
    "dataset.digest",
];

/// Looks in both ways.
fn look(parts: &Parts, runs: &Runs) {
    runs.drain().unwrap();
    let records = by_records(parts);
    for view in [View::Active, View::Deleted, View::All] {
        let filters = [
            "",
            "metrics.loss < 5",
            "metrics.`metric 3` != 2 or params.depth = '3'",
            "tags.of LIKE 'e%' and not params.`own 7` = 'x'",
            "params.`own 3` is null and params.depth > 1",
            "run_name like '%1%' and status = 'FINISHED'",
            "tags.long like 'yy%'",
            "dataset.name = 'wine' and dataset.context = 'train' and dataset.digest in ('3', '6', '9')",
            "user_id = 'nobody' or start_time > 0",
            "metrics.loss.min < 4 and metrics.loss.count >= 1",
            "metrics.loss@0 > 3 or metrics.`metric 1`.mean > 2",
        ];
        for (at, filter) in filters.into_iter().enumerate() {
            // Each filter with two of the orders.
            for order in [ORDERS[at % ORDERS.len()], ORDERS[(at + 3) % ORDERS.len()]] {
                assert_eq!(ids(runs, filter, order, view), ids(&records, filter, order, view), "{filter} {order}");
                let order_by = if order.is_empty() { Vec::new() } else { vec![order.to_owned()] };
                let some = &["metrics.loss.min".to_owned(), "tags.long".into(), "params.`own 3`".into()];
                // One run is one of few in its segment: it is read whole.
                for (columns, max_results) in [(&[][..], 0), (&[], 1), (some, 0)] {
                    let order_by = order_by.clone();
                    let query = RunQuery { filter: filter.into(), order_by, view, max_results, ..RunQuery::default() };
                    let tables = [runs, &records].map(|runs| table(runs, &query, columns));
                    assert_eq!(tables[0], tables[1], "{filter} {order} {columns:?}");
                }
            }
        }
    }
}

/// A run with values that others have too, and one that no other has.
fn log(runs: &Runs, number: u32) -> Arc<dyn Run> {
    let run = runs.start(RunOptions { run_name: Some(format!("run {number}")), ..RunOptions::default() }).unwrap();
    let mut batch = Batch::default();
    batch.params.push(("depth".into(), i64::from(number % 10).into()));
    batch.params.push((format!("own {number}"), "x".into()));
    batch.tags.push(("of".into(), if number.is_multiple_of(2) { "even" } else { "odd" }.into()));
    if number.is_multiple_of(5) {
        batch.tags.push(("long".into(), "y".repeat(5_000)));
    }
    for key in ["loss".to_owned(), format!("metric {}", number % 4)] {
        let value = if number.is_multiple_of(7) { f64::NAN } else { f64::from(number) };
        batch.metrics.push(MetricPoint { key, value, step: 0, at: None });
    }
    run.log_batch(&batch).unwrap();
    if number.is_multiple_of(3) {
        let input = |name: &str| DatasetInput {
            name: name.into(),
            digest: format!("{number:x}"),
            source_type: "local".into(),
            source: "{}".into(),
            ..DatasetInput::default()
        };
        run.log_inputs(&[input("iris").with_context("train"), input("wine")]).unwrap();
    }
    run
}

fn segments(runs: &Runs) -> usize {
    let range = KeyRange::prefix(keys::SEGMENTS);
    runs.core.storage.scan(&range, &ScanOptions::default()).unwrap().entries.len()
}

#[test]
fn a_store_without_columns_gets_them_and_searches_the_same() {
    let parts = Parts::new();
    let runs = parts.open();
    for number in 0..60 {
        let run = log(&runs, number);
        parts.clock.advance(i64::from(number % 3));
        if number % 9 != 0 {
            run.end(RunStatus::Finished).unwrap();
        }
    }
    // As an older version left it.
    drop(runs);
    let mut ops = vec![Op::delete(keys::COLUMNS)];
    for prefix in [keys::UNFOLDED, keys::SEGMENTS] {
        let page = parts.storage.scan(&KeyRange::prefix(prefix), &ScanOptions::default()).unwrap();
        ops.extend(page.entries.into_iter().map(|(key, _)| Op::delete(key)));
    }
    assert_eq!(parts.storage.apply(&ops, Durability::Fast).unwrap(), Outcome::Applied);
    let runs = parts.open();
    assert_eq!(runs.search(&RunQuery::default()).unwrap().items.len(), 60);
    assert_eq!(segments(&runs), 0);
    runs.core.fold().unwrap();
    assert!(segments(&runs) >= 2);
    look(&parts, &runs);
}

#[test]
fn who_has_ended_enough_runs_folds_them_before_it_goes() {
    let unfolded = |parts: &Parts| {
        let page = parts.storage.scan(&KeyRange::prefix(keys::UNFOLDED), &ScanOptions::default()).unwrap();
        page.entries.len()
    };
    // Fewer than are folded while it works.
    for (ended, left, made) in [(3, 3, 0), (5, 0, 1)] {
        let parts = Parts::new();
        let runs = parts.open();
        (0..ended).for_each(|number| log(&runs, number).end(RunStatus::Finished).unwrap());
        drop(runs);
        assert_eq!(unfolded(&parts), left);
        let runs = parts.open();
        assert_eq!(segments(&runs), made);
        assert_eq!(ids(&runs, "", "metrics.loss", View::Active).len(), ended as usize);
        look(&parts, &runs);
    }
}

#[test]
fn damaged_columns_are_not_asked_and_are_made_again() {
    let parts = Parts::new();
    let runs = parts.open();
    // Without long texts, which are blobs too.
    (0..40).for_each(|number| log(&runs, number * 5 + 1).end(RunStatus::Finished).unwrap());
    runs.drain().unwrap();
    runs.core.fold().unwrap();
    assert!(segments(&runs) > 0);
    let kept = ids(&runs, "metrics.loss >= 0", "metrics.loss", View::Active);
    // Another store with the same records, and none of the blobs of the columns.
    let other = Parts { storage: parts.storage.clone(), ..Parts::new() };
    let reader = other.open();
    assert_eq!(ids(&reader, "metrics.loss >= 0", "metrics.loss", View::Active), kept);
    reader.core.fold().unwrap();
    assert_eq!(segments(&reader), 0);
    reader.core.fold().unwrap();
    assert!(segments(&reader) > 0);
    assert_eq!(ids(&reader, "metrics.loss >= 0", "metrics.loss", View::Active), kept);
}

#[test]
fn the_blobs_of_columns_are_referred_to() {
    let parts = Parts::new();
    let runs = parts.open();
    (0..40).for_each(|number| log(&runs, number).end(RunStatus::Finished).unwrap());
    runs.drain().unwrap();
    runs.core.fold().unwrap();
    let mut referred = BTreeSet::new();
    let referrer = RunBlobs { runs: &runs, except: &BTreeSet::new(), except_files: &BTreeSet::new() };
    referrer.for_each_blob(&mut |blob| referred.extend([blob])).unwrap();
    let table = runs.core.table().unwrap().unwrap();
    assert!(!table.blobs().is_empty());
    assert!(table.blobs().iter().all(|blob| referred.contains(blob) && parts.blobs.size(blob).unwrap().is_some()));
}

#[derive(Clone, Debug)]
enum Step {
    Log(u32),
    Metric(usize, f64),
    Tag(usize, bool),
    End(usize),
    Delete(usize),
    Restore(usize),
    Remove(usize),
    Again(usize),
    Fold,
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0_usize..64;
    prop_oneof![
        6 => (0_u32..40).prop_map(Step::Log),
        2 => (at.clone(), -3.0..9.0).prop_map(|(run, value)| Step::Metric(run, value)),
        2 => (at.clone(), any::<bool>()).prop_map(|(run, even)| Step::Tag(run, even)),
        8 => at.clone().prop_map(Step::End),
        1 => at.clone().prop_map(Step::Delete),
        1 => at.clone().prop_map(Step::Restore),
        1 => at.clone().prop_map(Step::Remove),
        1 => at.prop_map(Step::Again),
        2 => Just(Step::Fold),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn searches_by_columns_find_what_searches_by_records_find(steps in prop::collection::vec(step(), 1..160)) {
        let parts = Parts::new();
        let runs = parts.open();
        let mut known: Vec<String> = Vec::new();
        for step in steps {
            parts.clock.advance(1);
            let at = |at: usize| known.get(at % known.len().max(1)).cloned().unwrap_or_default();
            // A run may be deleted or gone by now.
            let open = |run: usize| runs.open(&at(run)).ok();
            match step {
                Step::Log(number) => known.push(log(&runs, number).id().to_owned()),
                Step::Metric(run, value) => drop(open(run).map(|run| run.log_metric("loss", value, 1, None))),
                Step::Tag(run, even) => drop(open(run).map(|run| run.set_tag("of", if even { "even" } else { "odd" }))),
                Step::End(run) => drop(open(run).map(|run| run.end(RunStatus::Finished))),
                Step::Delete(run) => drop(runs.delete(&at(run))),
                Step::Restore(run) => drop(runs.restore(&at(run))),
                Step::Remove(run) => drop(runs.remove(&at(run))),
                Step::Again(run) => {
                    // The id of a run that was removed may be taken again.
                    let again = RunOptions { run_id: Some(at(run)), ..RunOptions::default() };
                    drop(runs.start(again).map(|run| run.log_metric("loss", 0.5, 0, None)));
                }
                Step::Fold => {
                    runs.drain().unwrap();
                    runs.core.fold().unwrap();
                }
            }
        }
        look(&parts, &runs);
        runs.core.fold().unwrap();
        look(&parts, &runs);
    }
}
