//! What comes first.

use super::*;

fn keys(texts: &[&str]) -> crate::error::Result<Vec<OrderKey>> {
    parse_order(&texts.iter().map(ToString::to_string).collect::<Vec<_>>())
}

#[test]
fn keys_have_a_direction() {
    let keys = keys(&["metrics.loss DESC", "params.`my lr`", "start_time asc", "tags.x desc"]).unwrap();
    let printed: Vec<String> = keys.iter().map(OrderKey::to_string).collect();
    assert_eq!(printed, ["metrics.loss DESC", "params.`my lr` ASC", "attributes.start_time ASC", "tags.x DESC"]);
}

#[test]
fn what_is_no_key_is_an_error_at_its_place() {
    for (texts, expected) in [
        (&["metrics.loss DOWN"][..], "unexpected `DOWN` at character 14 of the order: expected ASC, DESC or the end"),
        (&["metrics.loss DESC, metrics.x"], "unexpected `,`"),
        (&[""], "unexpected end at character 1 of the order: expected a field"),
        (&["nonsense"], "expected an attribute (run_id,"),
        (&["metrics.loss", "metric.loss DESC"], "expected metrics.loss once, not again"),
        (&["created", "start_time"], "expected attributes.start_time once"),
        (&["metrics.loss.min", "metric.loss.min DESC"], "expected metrics.loss.min once"),
        (&["metrics.`loss`.last", "metrics.loss"], "expected metrics.loss once"),
        (&["metrics.`loss`.median"], "unexpected `.median` at character 15 of the order: expected last, first, min,"),
        (&["status@3"], "unexpected `@3` at character 7 of the order: expected a step behind metrics only"),
    ] {
        let message = keys(texts).unwrap_err().to_string();
        assert!(message.contains(expected), "{texts:?}: {message}");
    }
}

#[test]
fn anything_that_a_filter_looks_at_can_be_sorted_by() {
    let texts = ["metrics.loss.min", "metrics.`loss`.max DESC", "metrics.loss@-100", "datasets.name", "duration desc"];
    let printed: Vec<String> = keys(&texts).unwrap().iter().map(OrderKey::to_string).collect();
    let expected = ["min ASC", "max DESC", "@-100 ASC", "name ASC", "duration DESC"];
    assert!(printed.iter().zip(expected).all(|(key, end)| key.ends_with(end)), "{printed:?}");
    // Of several values the first counts.
    let many = |names: &[&'static str]| Some(Value::Many(names.iter().copied().map(text).collect()));
    check(&[many(&["a", "z"]), many(&["b"]), many(&[])], false);
}

#[test]
fn many_keys_take_no_quadratic_time() {
    let texts: Vec<String> = (0..50_000).map(|number| format!("metrics.m{number}")).collect();
    assert_eq!(parse_order(&texts).unwrap().len(), texts.len());
}

#[test]
fn times_sort_by_the_microsecond() {
    let at = |micros| Some(Value::Time(Timestamp::from_micros(micros)));
    check(&[at(1_793_534_400_000_000), at(1_793_534_400_000_001), None], false);
}

#[track_caller]
fn check(values: &[Option<Value<'static>>], descending: bool) {
    let mut sorted = values.to_vec();
    sorted.reverse();
    sorted.sort_by(|a, b| compare(a.clone(), b.clone(), descending));
    assert_eq!(format!("{sorted:?}"), format!("{values:?}"));
}

#[test]
fn nan_comes_after_numbers_and_what_is_missing_after_nan() {
    let (nan, inf) = (Some(Value::Number(f64::NAN)), Some(Value::Number(f64::INFINITY)));
    let (low, high) = (Some(Value::Number(-1.5)), Some(Value::Number(3.0)));
    check(&[low.clone(), high.clone(), inf.clone(), nan.clone(), None], false);
    check(&[inf, high, low, nan, None], true);
}

#[test]
fn params_sort_as_numbers_where_they_are_and_other_text_by_letters() {
    let values = [param(9.5), param(10_i64), param("11"), param("forest"), param("tree")].map(Some);
    check(&values, false);
    check(&[text("10"), text("9"), text("Z"), text("a")].map(Some), false);
    check(&[text("a"), text("Z"), text("9"), text("10")].map(Some), true);
    check(&[Some(param("tree")), Some(param(2_i64)), None], true);
}
