//! What filters match.

use super::*;

fn run() -> Fields {
    Fields::default()
        .with("metrics.loss", Value::Number(0.25))
        .with("metrics.nan", Value::Number(f64::NAN))
        .with("metrics.inf", Value::Number(f64::INFINITY))
        .with("params.lr", param(1e-5))
        .with("params.epochs", param(50_i64))
        .with("params.text_number", param("10"))
        .with("params.model", param("tree"))
        .with("params.flag", param(true))
        .with("tags.team", text("Blue"))
        .with("tags.year", text("2024"))
        .with("attributes.status", text("FINISHED"))
        .with("attributes.start_time", Value::Number(1_700_000_000_123.0))
        .with("datasets.name", Value::Many(vec![text("train"), text("test")]))
}

#[track_caller]
fn check(filter: &str, matches: bool) {
    assert_eq!(parse(filter).unwrap().matches(&run()), matches, "{filter}");
}

#[test]
fn metrics_compare_as_numbers() {
    for (filter, matches) in [
        ("metrics.loss = 0.25", true),
        ("metrics.loss != 0.25", false),
        ("metrics.loss < 0.25", false),
        ("metrics.loss <= 0.25", true),
        ("metrics.loss > 0.2", true),
        ("metrics.loss >= 0.3", false),
        ("metrics.loss in (1, 0.25)", true),
        ("metrics.loss not in (1, 0.25)", false),
        ("metrics.loss between 0.25 and 1", true),
        ("metrics.loss between 0.3 and 1", false),
        ("metrics.loss not between 0.3 and 1", true),
        ("metrics.inf > 1e308", true),
        ("metrics.inf = inf", true),
        ("metrics.inf = -inf", false),
        ("start_time = 1700000000123", true),
        ("", true),
    ] {
        check(filter, matches);
    }
}

#[test]
fn nan_matches_only_unequal() {
    for (filter, matches) in [
        ("metrics.nan != 1", true),
        ("metrics.nan = 1", false),
        ("metrics.nan < 1", false),
        ("metrics.nan >= 1", false),
        ("metrics.nan in (1)", false),
        ("metrics.nan between -inf and inf", false),
        ("metrics.nan not between 0 and 1", false),
        ("metrics.nan is null", false),
    ] {
        check(filter, matches);
    }
}

#[test]
fn a_missing_key_matches_nothing_but_null() {
    for (filter, matches) in [
        ("metrics.none != 1", false),
        ("tags.none != 'x'", false),
        ("tags.none not in ('x')", false),
        ("tags.none not like 'x'", false),
        ("not tags.none = 'x'", false),
        ("not (tags.none = 'x' and status = 'FINISHED')", false),
        ("not (tags.none = 'x' and status = 'FAILED')", true),
        ("tags.none = 'x' or status = 'FINISHED'", true),
        ("tags.none is null", true),
        ("not tags.none is null", false),
        ("tags.none is not null", false),
        ("tags.team is not null", true),
        ("end_time is null", true),
    ] {
        check(filter, matches);
    }
}

#[test]
fn params_and_tags_compare_as_text_with_text_and_as_numbers_with_numbers() {
    for (filter, matches) in [
        ("params.lr = '1e-05'", true),
        ("params.lr = '0.00001'", false),
        ("params.lr = 0.00001", true),
        ("params.lr < 0.001", true),
        ("params.epochs = '50'", true),
        ("params.epochs > 9", true),
        ("params.epochs in (1, 50)", true),
        ("params.text_number > 9", true),
        ("params.text_number between 9 and 11", true),
        ("params.flag = 'True'", true),
        ("params.flag = 1", true),
        ("params.model = 'tree'", true),
        ("params.model != 'tree'", false),
        ("params.model > 'tre'", true),
        ("params.model in ('bush', 'tree')", true),
        // It has no number to compare.
        ("params.model != 3", false),
        ("params.model < 3", false),
        ("tags.year >= 2024", true),
        ("tags.year = '2024'", true),
        ("tags.year = '2024.0'", false),
    ] {
        check(filter, matches);
    }
}

#[test]
fn like_looks_at_case_and_ilike_does_not() {
    for (filter, matches) in [
        ("tags.team = 'blue'", false),
        ("tags.team like 'B%'", true),
        ("tags.team like 'b%'", false),
        ("tags.team ilike 'b%E'", true),
        ("tags.team like 'Blu_'", true),
        ("tags.team like 'Bl'", false),
        ("tags.team not like 'b%'", true),
        ("tags.team not ilike 'b%'", false),
        ("params.epochs like '5_'", true),
        ("status like 'FIN%'", true),
    ] {
        check(filter, matches);
    }
}

#[test]
fn a_test_on_several_values_holds_if_it_holds_for_one() {
    for (filter, matches) in [
        ("dataset.name = 'test'", true),
        ("dataset.name = 'other'", false),
        ("dataset.name like 'tr%'", true),
        ("dataset.name in ('other', 'train')", true),
        ("dataset.digest = 'x'", false),
    ] {
        check(filter, matches);
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    for (filter, matches) in [
        ("status = 'FINISHED' or status = 'x' and status = 'y'", true),
        ("(status = 'FINISHED' or status = 'x') and status = 'y'", false),
        ("not status = 'x' and status = 'FINISHED'", true),
        ("not (status = 'x' or status = 'FINISHED')", false),
        ("not not status = 'FINISHED'", true),
    ] {
        check(filter, matches);
    }
}
