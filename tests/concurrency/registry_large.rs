//! A registry with very many versions and models: 2,000 and 200, with `MLOPS_TEST_LARGE=1` 100,000 and 10,000. What a call takes
//! does not grow with them; it is printed.

#![expect(clippy::unwrap_used, reason = "a suite: what is not there fails it")]

use std::time::{Duration, Instant};

use mlops_core::Store;
use mlops_core::registry::{
    By, LocalRegistry, ModelQuery, ModelRegistry, PromoteOptions, Stage, StageOptions, VersionOptions,
};

const CALLS: usize = 101;

fn elsewhere() -> VersionOptions {
    VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() }
}

/// The median of a call.
fn time(mut call: impl FnMut()) -> Duration {
    let mut taken: Vec<_> = (0..CALLS)
        .map(|_| {
            let begun = Instant::now();
            call();
            begun.elapsed()
        })
        .collect();
    taken.sort_unstable();
    taken.get(CALLS / 2).copied().unwrap_or_default()
}

/// What calls take where a model has so many versions.
fn measure(registry: &LocalRegistry, versions: u64) -> Vec<(&'static str, Duration)> {
    let mut next = 0;
    let mut another = || {
        next = next % (versions - 1) + 1;
        next
    };
    let query = ModelQuery { filter: "name = 'small'".into(), ..ModelQuery::default() };
    let page = ModelQuery { filter: "name = 'fraud'".into(), max_results: 10, ..ModelQuery::default() };
    let find = |query: &ModelQuery| registry.search_versions(query).unwrap().items.len();
    vec![
        ("get by alias", time(|| drop(registry.get_by_alias("fraud", "champion").unwrap()))),
        ("get by number", time(|| drop(registry.get_version("fraud", another()).unwrap()))),
        ("latest", time(|| drop(registry.latest_versions("fraud", &[Stage::Production]).unwrap()))),
        ("create", time(|| drop(registry.register("fraud", &elsewhere()).unwrap()))),
        ("set alias", time(|| registry.set_alias("fraud", "champion", another()).unwrap())),
        ("promote", time(|| drop(registry.promote("fraud", another(), &PromoteOptions::default()).unwrap()))),
        (
            "transition",
            time(|| {
                let options = StageOptions { archive_existing: true, ..StageOptions::default() };
                drop(registry.set_stage("fraud", another(), Stage::Production, options).unwrap());
            }),
        ),
        ("search one model of few", time(|| assert_eq!(find(&query), 1))),
        ("search one model of many, a page", time(|| assert_eq!(find(&page), 10))),
    ]
}

#[test]
fn calls_take_no_longer_where_there_are_many_versions_and_models() {
    let is_large = std::env::var("MLOPS_TEST_LARGE").is_ok_and(|set| set == "1");
    let (versions, models) = if is_large { (100_000, 10_000) } else { (2_000, 200) };
    let dir = tempfile::tempdir().unwrap();
    let uri = dir.path().join("store").display().to_string();
    let store = Store::open(&uri).unwrap();
    let by = By { actor: Some("ada".into()), reason: Some("better".into()) };
    let registry = store.registry().by(by.clone());
    registry.register("small", &elsewhere()).unwrap();
    let mut made = 0;
    let mut fill = |to: u64| {
        let begun = Instant::now();
        for _ in made..to {
            registry.register("fraud", &elsewhere()).unwrap();
        }
        println!("{} versions made in {:?}", to - made, begun.elapsed());
        made = to;
    };
    fill(500);
    registry.set_alias("fraud", "champion", 1).unwrap();
    registry.promote("fraud", 1, &PromoteOptions::default()).unwrap();
    let few = measure(&registry, 500);
    fill(versions);
    for number in 0..models {
        registry.register(&format!("model {number}"), &elsewhere()).unwrap();
    }
    let many = measure(&registry, versions);
    for ((call, few), (_, many)) in few.iter().zip(&many) {
        println!("{call}: {few:?} with 500 versions, {many:?} with {versions} and {models} models");
        // Ten times as long would be a call that reads all: two hundred times as many.
        assert!(!is_large || *many < *few * 10 + Duration::from_millis(1), "{call}: {few:?}, then {many:?}");
    }
    let begun = Instant::now();
    store.close().unwrap();
    drop((registry, store));
    let store = Store::open(&uri).unwrap();
    println!("closed and opened in {:?}", begun.elapsed());
    let registry = store.registry().by(by);
    let live = registry.latest_versions("fraud", &[Stage::Production]).unwrap();
    assert_eq!(live.len(), 1);
    assert_eq!(registry.register("fraud", &elsewhere()).unwrap().version, versions + 1 + 2 * CALLS as u64);
    let begun = Instant::now();
    let seq = registry.verify_events().unwrap();
    println!("{seq} events verified in {:?}", begun.elapsed());
}
