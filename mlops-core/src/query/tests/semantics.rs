//! What filters match.

use super::*;

/// 2026-11-01T12:00:00.000456Z
const NOON: Timestamp = Timestamp::from_micros(1_793_534_400_000_456);

fn run() -> Fields {
    Fields::default()
        .with("metrics.loss", Value::Number(0.25))
        .with("metrics.`loss`.min", Value::Number(0.125))
        .with("metrics.`loss`.count", Value::Number(9.0))
        .with("metrics.`loss`.time", Value::Time(NOON))
        .with("metrics.loss@-3", Value::Number(2.0))
        .with("metrics.acc", Value::Number(0.5))
        .with("metrics.`acc`.max", Value::Number(0.75))
        .with("metrics.`acc.max`", Value::Number(0.0))
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
        .with("attributes.start_time", Value::Time(NOON))
        .with("attributes.duration", Value::Number(5400.0))
        .with("datasets.name", Value::Many(vec![text("train"), text("test")]))
}

#[track_caller]
fn check(filter: &str, matches: bool) {
    assert_eq!(parse(filter).unwrap().bind(NOON).matches(&run()), matches, "{filter}");
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
        ("start_time = 1793534400000", true),
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

#[test]
fn regular_expressions_fit_anywhere_in_texts() {
    for (filter, matches) in [
        ("tags.team ~ 'lu'", true),
        ("tags.team ~ '^lu'", false),
        ("tags.team ~ '^B[a-z]+e$'", true),
        ("tags.team ~ 'blue'", false),
        ("tags.team ~ '(?i)blue'", true),
        ("tags.team !~ 'lu'", false),
        ("tags.team matches 'lu' and tags.team not matches 'x'", true),
        ("params.epochs ~ '^5.$'", true),
        ("params.lr ~ 'e-05'", true),
        ("status ~ 'FIN|FAIL'", true),
        ("dataset.name ~ '^te'", true),
        ("tags.none ~ ''", false),
        ("tags.none !~ ''", false),
        ("not tags.none ~ ''", false),
    ] {
        check(filter, matches);
    }
}

#[test]
fn times_compare_as_milliseconds_with_numbers_and_as_instants_with_texts() {
    for (filter, matches) in [
        ("start_time = 1793534400000", true),
        ("start_time > 1793534400000", false),
        ("start_time >= '2026-11-01'", true),
        ("start_time < '2026-11-01'", false),
        ("start_time > '2026-11-01T12:00:00Z'", true),
        ("start_time > '2026-11-01T13:00:00+01:00'", true),
        ("start_time > '2026-11-01T12:00:00-01:00'", false),
        ("start_time = '2026-11-01T12:00:00.000456'", true),
        ("start_time != '2026-11-01T12:00:00.000456'", false),
        ("start_time = now()", true),
        ("start_time in (5, now())", true),
        ("start_time > now() - 1s", true),
        ("start_time > now() + 1us", false),
        ("start_time between now() - 7d and now()", true),
        ("start_time between 0 and '2026-11-01 12:00'", false),
        ("start_time not between now()-2h and now()-1h", true),
        ("start_time is not null", true),
        ("end_time > now() - 7d", false),
        ("metrics.loss.time = now()", true),
    ] {
        check(filter, matches);
    }
}

#[test]
fn durations_compare_with_seconds_and_texts() {
    for (filter, matches) in [
        ("duration > 90", true),
        ("duration = '1h30m'", true),
        ("duration < '90m'", false),
        ("duration <= '90m'", true),
        ("duration between '1h' and '2h'", true),
        ("duration between 0 and '2d'", true),
        ("duration in ('5400s')", true),
    ] {
        check(filter, matches);
    }
}

#[test]
fn the_end_of_a_key_is_an_aspect_unless_the_record_has_the_key() {
    for (filter, matches) in [
        ("metrics.loss.min = 0.125", true),
        ("metrics.`loss`.min = 0.125", true),
        ("`metrics`.\"loss\".min = 0.125", true),
        ("metrics.`loss.min` = 0.125", false),
        ("metrics.`loss.min` is null", true),
        ("metrics.loss.last = 0.25", true),
        ("metrics.`loss`.last = 0.25", true),
        ("metrics.loss.count >= 9", true),
        // There is a metric of this name.
        ("metrics.acc.max = 0", true),
        ("metrics.`acc`.max = 0.75", true),
        ("metrics.`acc.max` = 0", true),
        ("metrics.loss@-3 = 2", true),
        ("metrics.`loss`@-3 = 2", true),
        ("metrics.loss@4 is null", true),
        ("metrics.none.min is null", true),
    ] {
        check(filter, matches);
    }
}
