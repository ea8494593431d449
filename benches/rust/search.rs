//! Search over ten thousand runs with twenty params and twenty metrics each.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode};
use mlops_benches::{fill, size, store};
use mlops_core::Result;
use mlops_core::runs::RunQuery;

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let (_folder, store) = store(env!("CARGO_TARGET_TMPDIR"))?;
    let runs = size(10_000, 100);
    fill(&store, runs)?;

    let ordered = RunQuery { order_by: vec!["metrics.m2 DESC".into()], max_results: 100, ..RunQuery::default() };
    let filtered = RunQuery { filter: "metrics.m0 > 0.5 and params.p1 = 'v3'".into(), ..ordered.clone() };
    let all = RunQuery { max_results: runs, ..RunQuery::default() };
    let queries = [("filter_order_first_100", &filtered), ("order_first_100", &ordered), ("all", &all)];

    let mut group = criterion.benchmark_group("search_10000_runs");
    group.sampling_mode(SamplingMode::Flat).sample_size(10).measurement_time(Duration::from_secs(3));
    for (name, query) in queries {
        let found = store.runs().search(query)?.items.len();
        assert!(found > 0 && found <= query.max_results, "{name} finds {found} runs");
        group.bench_function(name, |bench| {
            bench.iter(|| store.runs().search(black_box(query)).expect("the query is valid"));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
