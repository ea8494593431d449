//! What a host that serves asks the registry, beside twenty thousand versions: a watch at each request, and the calls of who
//! looks now and then.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use mlops_benches::{size, store};
use mlops_core::Result;
use mlops_core::registry::{By, ModelQuery, ModelRegistry, PromoteOptions, Stage, VersionOptions, Watched};

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let (_folder, store) = store(env!("CARGO_TARGET_TMPDIR"))?;
    let registry = store.registry().by(By { actor: Some("ada".into()), reason: Some("better".into()) });
    let elsewhere = VersionOptions { source: "s3://models/fraud".into(), ..VersionOptions::default() };
    for _ in 0..size(20_000, 100) {
        registry.register("fraud", &elsewhere)?;
    }
    registry.promote("fraud", 7, &PromoteOptions::default())?;
    let watch = registry.watch("fraud", &Watched::Slot(String::new()))?;
    assert_eq!(watch.current(), Some(7));
    let newest = ModelQuery {
        filter: "name = 'fraud'".into(),
        order_by: vec!["version_number DESC".into()],
        max_results: 10,
        ..ModelQuery::default()
    };

    let mut group = criterion.benchmark_group("registry_20000_versions");
    group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(2));
    group.bench_function("watch_current", |bench| bench.iter(|| black_box(&watch).current()));
    group.bench_function("get_by_alias", |bench| {
        bench.iter(|| registry.get_by_alias(black_box("fraud"), "production").expect("it was promoted"));
    });
    group.bench_function("latest_in_production", |bench| {
        bench.iter(|| registry.latest_versions(black_box("fraud"), &[Stage::Production]).expect("it was promoted"));
    });
    group.bench_function("search_newest_10", |bench| {
        bench.iter(|| registry.search_versions(black_box(&newest)).expect("the query is valid"));
    });
    group.finish();
    criterion.final_summary();
    Ok(())
}
