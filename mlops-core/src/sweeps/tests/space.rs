//! What grids and random trials give.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::base::text::ParamValue;
use crate::sweeps::sample::random_point;
use crate::sweeps::space::{self, Dimension, Space};

fn one(dimension: Dimension) -> Space {
    Space::from([("x".to_owned(), dimension)])
}

fn drawn(dimension: Dimension, seed: u64, number: u64) -> ParamValue {
    random_point(&one(dimension), seed, number).remove("x").unwrap()
}

#[test]
fn a_grid_has_every_combination_once_and_the_last_name_changes_fastest() {
    let space = Space::from([
        ("a".to_owned(), Dimension::choice(["p", "q"])),
        ("b".to_owned(), Dimension::Int { min: 1, max: 6, step: 2, log: false }),
        ("c".to_owned(), Dimension::Float { min: 0.0, max: 0.3, step: Some(0.1), log: false }),
        ("d".to_owned(), Dimension::Constant(7.into())),
    ]);
    let points = space::grid_points(&space).unwrap();
    assert_eq!(points, 2 * 3 * 4);
    let text = |number| -> Vec<String> { space::grid_point(&space, number).values().map(ParamValue::text).collect() };
    assert_eq!(text(0), ["p", "1", "0.0", "7"]);
    assert_eq!(text(1), ["p", "1", "0.1", "7"]);
    assert_eq!(text(3), ["p", "1", "0.3", "7"]);
    assert_eq!(text(4), ["p", "3", "0.0", "7"]);
    assert_eq!(text(23), ["q", "5", "0.3", "7"]);
    assert_eq!((0..points).map(text).collect::<BTreeSet<_>>().len(), 24);
}

#[test]
fn a_grid_of_a_range_without_a_step_is_refused_with_the_way_out() {
    let error = space::grid_points(&one(Dimension::float(0.0, 1.0))).unwrap_err().to_string();
    assert!(error.contains("param `x`") && error.contains("a step"), "{error}");
}

#[test]
fn spaces_that_cannot_be_are_refused() {
    let int = |min, max, step, log| Dimension::Int { min, max, step, log };
    let float = |min, max, step, log| Dimension::Float { min, max, step, log };
    for wrong in [
        Dimension::choice(Vec::<i64>::new()),
        int(3, 2, 1, false),
        int(0, 2, 0, false),
        int(0, 2, 1, true),
        int(i64::MIN, 0, 1, false),
        float(1.0, 0.0, None, false),
        float(0.0, 1.0, None, true),
        float(0.0, 1.0, Some(0.0), false),
        float(0.0, 1.0, Some(f64::NAN), false),
        float(0.0, 1.0, Some(1e-300), false),
        float(f64::NAN, 1.0, None, false),
        float(f64::MIN, f64::MAX, None, false),
        Dimension::Constant("x".repeat(5_000).into()),
    ] {
        assert!(space::check(&one(wrong.clone())).is_err(), "{wrong:?}");
    }
}

/// What is drawn never changes: sweeps that are under way go on the same way with a later version.
#[test]
fn the_values_of_a_seed_are_these() {
    let space = Space::from([
        ("depth".to_owned(), Dimension::int(1, 100)),
        ("optimizer".to_owned(), Dimension::choice(["adam", "sgd", "lion"])),
        ("rate".to_owned(), Dimension::log_float(1e-5, 1e-1)),
    ]);
    let shown = |number| {
        let point = random_point(&space, 7, number);
        // The last bits of a logarithm are the system's.
        let rate = point["rate"].number().unwrap();
        format!("{} {} {rate:.9e}", point["depth"].text(), point["optimizer"].text())
    };
    let expected = ["35 lion 7.334721516e-5", "37 adam 1.937255471e-3", "10 lion 8.158507699e-3"];
    assert_eq!([shown(0), shown(1), shown(2)], expected);
}

#[test]
fn one_more_param_changes_no_other() {
    let mut space = Space::from([("b".to_owned(), Dimension::float(0.0, 1.0))]);
    let before = random_point(&space, 3, 5)["b"].clone();
    space.insert("a".into(), Dimension::int(1, 9));
    assert_eq!(random_point(&space, 3, 5)["b"], before);
}

#[test]
fn values_are_evenly_spread_in_the_number_or_in_its_logarithm() {
    let mut tens = [0_u32; 4];
    let mut choices = BTreeMap::<String, u32>::new();
    for number in 0..4_000 {
        let rate = drawn(Dimension::log_float(1e-4, 1.0), 1, number).number().unwrap();
        let decade = (0..3).filter(|decade| rate >= 10_f64.powi(decade - 3)).count();
        tens[decade] += 1;
        *choices.entry(drawn(Dimension::choice(["a", "b", "c", "d"]), 1, number).text()).or_default() += 1;
    }
    assert!(tens.iter().chain(choices.values()).all(|count| (900..1_100).contains(count)), "{tens:?} {choices:?}");
    let mut ones = BTreeMap::<i64, u32>::new();
    for number in 0..4_000 {
        let ParamValue::Int(found) = drawn(Dimension::Int { min: 1, max: 8, step: 1, log: true }, 2, number) else {
            panic!("no integer")
        };
        *ones.entry(found).or_default() += 1;
    }
    assert_eq!(ones.len(), 8);
    assert!(ones[&1] > ones[&2] && ones[&2] > ones[&4] && ones[&4] > ones[&8], "{ones:?}");
}

proptest! {
    #[test]
    fn integers_stay_in_their_range_and_on_their_steps(
        min in -1_000_000_i64..1_000_000, width in 0_i64..1_000_000, step in 1_i64..1_000, log: bool, seed: u64, number: u64,
    ) {
        let min = if log { min.abs() + 1 } else { min };
        let dimension = Dimension::Int { min, max: min + width, step, log };
        prop_assert!(space::check(&one(dimension.clone())).is_ok());
        let ParamValue::Int(found) = drawn(dimension, seed, number) else { panic!("no integer") };
        prop_assert!((min..=min + width).contains(&found) && (found - min) % step == 0, "{found}");
    }

    #[test]
    fn floats_stay_in_their_range_and_on_their_steps(
        min in -1e9_f64..1e9, width in 0.0_f64..1e9, parts in 1_u32..1_000, quantized: bool, log: bool, seed: u64, number: u64,
    ) {
        let min = if log { min.abs() + 1e-9 } else { min };
        let max = min + width;
        let step = (quantized && max > min).then(|| (max - min) / f64::from(parts));
        let dimension = Dimension::Float { min, max, step, log };
        prop_assert!(space::check(&one(dimension.clone())).is_ok());
        let found = drawn(dimension.clone(), seed, number).number().unwrap();
        prop_assert!((min..=max).contains(&found), "{found}");
        if step.is_some() {
            let count = dimension.count().unwrap();
            prop_assert_eq!(count, u64::from(parts) + 1);
            let on_grid = (0..count).any(|index| dimension.value(index).number() == Some(found));
            prop_assert!(on_grid, "{found}");
        }
    }

    #[test]
    fn every_number_of_a_grid_is_another_point(a in 1_i64..6, b in 1_i64..6, c in 1_usize..4) {
        let space = Space::from([
            ("a".to_owned(), Dimension::int(1, a)),
            ("b".to_owned(), Dimension::int(1, b)),
            ("c".to_owned(), Dimension::choice((0..c).map(|n| n.to_string()))),
        ]);
        let points = space::grid_points(&space).unwrap();
        prop_assert_eq!(points, (a * b).unsigned_abs() * c as u64);
        let all: BTreeSet<String> = (0..points).map(|n| format!("{:?}", space::grid_point(&space, n))).collect();
        prop_assert_eq!(all.len() as u64, points);
    }

    #[test]
    fn a_quantized_range_is_drawn_to_both_ends(min in -100.0_f64..100.0, parts in 1_u32..6, log: bool) {
        let min = if log { min.abs() + 0.5 } else { min };
        let dimension = Dimension::Float { min, max: min + f64::from(parts) * 0.25, step: Some(0.25), log };
        let found: BTreeSet<String> = (0..600).map(|number| drawn(dimension.clone(), 4, number).text()).collect();
        prop_assert_eq!(found.len(), parts as usize + 1);
    }
}
