//! What calls of the registry read, and that the short ways find what the long ones do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::model_registry_rules::{as_of, elsewhere, open, promote, versions};
use crate::error::Result;
use crate::registry::{
    By, LocalRegistry, ModelQuery, ModelRegistry, ModelVersion, Stage, StageOptions, VersionOptions,
};
use crate::runs::SyncOptions;
use crate::storage::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};
use crate::store::{Store, sync};

/// Counts what is read.
#[derive(Debug)]
struct Counting {
    inner: Arc<dyn Storage>,
    read: AtomicUsize,
}

impl Storage for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.read.fetch_add(1, Ordering::Relaxed);
        self.inner.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let page = self.inner.scan(range, options)?;
        self.read.fetch_add(1 + page.entries.len(), Ordering::Relaxed);
        Ok(page)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.inner.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
}

/// How many entries are read to make a version, find one by an alias, promote and go back.
fn reads_with(count: usize) -> [usize; 12] {
    let (store, _) = open();
    versions(&store, count);
    let of_run = |run: &str| VersionOptions { run_id: Some(run.into()), ..elsewhere() };
    as_of(&store, "ada").register("other", &of_run("7")).unwrap();
    let counting = Arc::new(Counting { inner: store.storage().clone(), read: AtomicUsize::new(0) });
    let registry = LocalRegistry::new(store.runs().clone(), store.logged_models(), counting.clone(), Arc::default());
    let registry = registry.by(By { actor: Some("ada".into()), reason: Some("better".into()) });
    registry.set_alias("fraud", "champion", 1).unwrap();
    promote(&registry, 1).unwrap();
    let first_by = |order: &str| {
        let query = ModelQuery {
            filter: "name = 'fraud'".into(),
            order_by: vec![order.into()],
            max_results: 1,
            ..ModelQuery::default()
        };
        registry.search_versions(&query).unwrap().items.remove(0)
    };
    let one_of = |filter: &str| {
        let found = registry.search_versions(&ModelQuery { filter: filter.into(), ..ModelQuery::default() }).unwrap();
        assert_eq!(found.items.len(), 1, "{filter}");
        found.items[0].version
    };
    let reads = |work: &dyn Fn()| {
        counting.read.store(0, Ordering::Relaxed);
        work();
        counting.read.load(Ordering::Relaxed)
    };
    [
        reads(&|| drop(registry.register("fraud", &elsewhere()).unwrap())),
        reads(&|| drop(registry.get_by_alias("fraud", "champion").unwrap())),
        reads(&|| drop(promote(&registry, 2).unwrap())),
        reads(&|| drop(registry.latest_versions("fraud", &[Stage::Production]).unwrap())),
        reads(&|| drop(registry.rollback("fraud", "", None).unwrap())),
        reads(&|| {
            let query = ModelQuery { filter: "name = 'other'".into(), ..ModelQuery::default() };
            assert_eq!(registry.search_versions(&query).unwrap().items.len(), 1);
        }),
        reads(&|| {
            let mut query = ModelQuery { filter: "name = 'fraud'".into(), max_results: 3, ..ModelQuery::default() };
            let page = registry.search_versions(&query).unwrap();
            query.page_token = page.next_page_token;
            let numbers: Vec<_> = page
                .items
                .iter()
                .chain(&registry.search_versions(&query).unwrap().items)
                .map(|of| of.version)
                .collect();
            let newest = count as u64 + 1;
            assert_eq!(numbers, (newest - 5..=newest).rev().collect::<Vec<_>>());
        }),
        reads(&|| assert_eq!(first_by("version_number DESC").version, count as u64 + 1)),
        reads(&|| assert_eq!(first_by("version_number").version, 1)),
        reads(&|| {
            let query = ModelQuery { filter: "run_id = '7'".into(), ..ModelQuery::default() };
            assert_eq!(registry.search_versions(&query).unwrap().items.len(), 1);
        }),
        reads(&|| assert_eq!(one_of("name = 'fraud' AND current_stage = 'Production'"), 1)),
        reads(&|| assert_eq!(one_of("version_number = 7 AND name = 'fraud'"), 7)),
    ]
}

#[test]
fn no_call_reads_more_where_a_model_has_more_versions() {
    assert_eq!(reads_with(10), reads_with(2_000));
}

#[test]
fn a_page_of_models_reads_no_more_where_there_are_more() {
    let reads_with = |count: usize| {
        let (store, _) = open();
        for number in 0..count {
            store.registry().create_model(&format!("model {number:03}"), None, &[]).unwrap();
        }
        let counting = Arc::new(Counting { inner: store.storage().clone(), read: AtomicUsize::new(0) });
        let registry =
            LocalRegistry::new(store.runs().clone(), store.logged_models(), counting.clone(), Arc::default());
        let names = |query: &ModelQuery| -> Vec<String> {
            registry.search_models(query).unwrap().items.into_iter().map(|model| model.name).collect()
        };
        let page = ModelQuery { max_results: 2, ..ModelQuery::default() };
        let down = ModelQuery { order_by: vec!["name DESC".into()], ..page.clone() };
        let one = ModelQuery { filter: "name = 'model 004'".into(), ..ModelQuery::default() };
        let one_read = || {
            counting.read.store(0, Ordering::Relaxed);
            assert_eq!(names(&one), ["model 004"]);
            counting.read.swap(0, Ordering::Relaxed)
        };
        let before = one_read();
        // The first reads the names of all.
        assert_eq!(names(&page), ["model 000", "model 001"]);
        counting.read.store(0, Ordering::Relaxed);
        assert_eq!(names(&page), ["model 000", "model 001"]);
        assert_eq!(names(&down), [format!("model {:03}", count - 1), format!("model {:03}", count - 2)]);
        let pages = counting.read.load(Ordering::Relaxed);
        // Another process, or another handle, has changed something.
        store.registry().create_model("model 000 b", None, &[]).unwrap();
        assert_eq!(names(&page), ["model 000", "model 000 b"]);
        store.registry().rename_model("model 000", "x").unwrap();
        assert_eq!(names(&page), ["model 000 b", "model 001"]);
        store.registry().delete_model("model 001").unwrap();
        assert_eq!(names(&page), ["model 000 b", "model 002"]);
        assert_eq!(names(&down), ["x".to_owned(), format!("model {:03}", count - 1)]);
        [before, pages]
    };
    assert_eq!(reads_with(10), reads_with(500));
}

#[test]
fn an_order_in_which_things_stand_gives_what_sorting_gives() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    for (name, count) in [("b", 5), ("a", 3), ("C", 4), ("d", 0)] {
        registry.create_model(name, None, &[]).unwrap();
        (0..count).for_each(|_| drop(registry.register(name, &elsewhere()).unwrap()));
    }
    registry.delete_version("b", 3).unwrap();
    let all = |filter: &str, order: &[&str]| {
        let order_by = order.iter().map(|key| (*key).to_owned()).collect();
        let mut query = ModelQuery { filter: filter.into(), order_by, max_results: 2, ..ModelQuery::default() };
        let mut found = Vec::new();
        loop {
            let page = registry.search_versions(&query).unwrap();
            found.extend(page.items.into_iter().map(|of| (of.name, of.version)));
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                return found;
            }
        }
    };
    // By a value that all share first, so that it is sorted.
    for filter in [
        "",
        "name = 'b'",
        "name = 'b' AND version_number < 5",
        "name = 'none'",
        "version_number > 1",
        "version_number = 2",
        "current_stage = 'Staging' AND name = 'b'",
    ] {
        let orders: [&[&str]; 8] = [
            &[],
            &["name"],
            &["name DESC"],
            &["version_number"],
            &["version_number DESC"],
            &["name", "version_number DESC"],
            &["name", "version_number"],
            &["name DESC", "version_number"],
        ];
        for order in orders {
            let sorted = all(filter, &[&["current_stage"], order].concat());
            assert_eq!(all(filter, order), sorted, "{filter} by {order:?}");
        }
    }
    let named = |order: &str| {
        let order_by = vec![order.to_owned()];
        let mut query = ModelQuery { order_by, max_results: 3, ..ModelQuery::default() };
        let page = registry.search_models(&query).unwrap();
        query.page_token = page.next_page_token;
        let rest = registry.search_models(&query).unwrap();
        page.items.into_iter().chain(rest.items).map(|of| of.name).collect::<Vec<_>>()
    };
    assert_eq!(named("name"), ["C", "a", "b", "d"]);
    assert_eq!(named("name DESC"), ["d", "b", "a", "C"]);
}

#[test]
fn the_versions_of_a_run_are_those_that_a_look_at_all_finds() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    let of_run = |run: &str| VersionOptions { run_id: Some(run.into()), ..elsewhere() };
    let long = "r".repeat(300);
    for (name, run) in [
        ("a", "one"),
        ("b", "one"),
        ("a", "two"),
        ("a", "one"),
        ("c", "one"),
        ("b", "onetwo"),
        ("b", &long),
        ("d", "one"),
    ] {
        registry.register(name, &of_run(run)).unwrap();
    }
    registry.register("a", &elsewhere()).unwrap();
    registry.copy_version("a", 2, "copies").unwrap();
    registry.delete_version("a", 3).unwrap();
    registry.delete_model("c").unwrap();
    registry.register("c", &of_run("two")).unwrap();
    registry.rename_model("b", "z").unwrap();
    registry.set_stage("z", 1, Stage::Staging, StageOptions::default()).unwrap();
    let found = |store: &Store, filter: &str, order: &[&str]| {
        let order_by = order.iter().map(|key| (*key).to_owned()).collect();
        let mut query = ModelQuery { filter: filter.into(), order_by, max_results: 1, ..ModelQuery::default() };
        let mut found = Vec::new();
        loop {
            let page = store.registry().search_versions(&query).unwrap();
            found.extend(page.items.into_iter().map(|of| (of.name, of.version)));
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                return found;
            }
        }
    };
    let all = |store: &Store| {
        let runs = ["one", "two", "onetwo", "none", "on", &long];
        runs.map(|run| {
            // Either may be: no entry tells of it.
            let both = format!("run_id = '{run}' OR run_id = '{run}'");
            let one = format!("run_id = '{run}'");
            for order in [&[][..], &["version_number"], &["name DESC"]] {
                assert_eq!(found(store, &one, order), found(store, &both, order), "{run} by {order:?}");
            }
            let staged = format!("current_stage = 'Staging' AND {one}");
            assert_eq!(found(store, &staged, &[]).len(), usize::from(run == "one"));
            found(store, &one, &[])
        })
    };
    let before = all(&store);
    let named = |name: &str, version| (name.to_owned(), version);
    assert_eq!(before[0], [named("a", 1), named("d", 1), named("z", 1)]);
    assert_eq!(before[1], [named("a", 2), named("c", 2), named("copies", 1)]);
    assert_eq!(before[3], []);
    let to = Store::open("memory:").unwrap();
    sync(&store, &to, &SyncOptions::default()).unwrap();
    assert_eq!(all(&to), before);
    // A registry that was begun before there were entries.
    let ops = [Op::delete(b"gi".to_vec()), Op::put(b"gy/two\0none".to_vec(), vec![1])];
    assert_eq!(store.storage().apply(&ops, Durability::Fast).unwrap(), Outcome::Applied);
    assert_eq!(all(&store), before);
}

#[test]
fn a_page_of_the_versions_of_a_run_goes_on_when_its_last_is_deleted() {
    let (store, _) = open();
    let registry = as_of(&store, "ada");
    let of_run = VersionOptions { run_id: Some("one".into()), ..elsewhere() };
    (0..5).for_each(|_| drop(registry.register("a", &of_run).unwrap()));
    for filter in ["run_id = 'one'", "name = 'a'"] {
        let mut query = ModelQuery { filter: filter.into(), max_results: 2, ..ModelQuery::default() };
        let first = registry.search_versions(&query).unwrap();
        let numbers = |items: Vec<ModelVersion>| items.into_iter().map(|of| of.version).collect::<Vec<_>>();
        query.page_token = first.next_page_token;
        let last = numbers(first.items)[1];
        registry.delete_version("a", last).unwrap();
        let next = registry.search_versions(&query).unwrap();
        assert_eq!(numbers(next.items)[0], last - 1, "{filter}");
    }
}
