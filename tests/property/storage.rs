//! Any sequence of batches, scans and reopenings gives what a sorted map gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/engines.rs"]
mod engines;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mlops_core::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, Storage};
use proptest::prelude::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<Op>, bool),
    Scan(KeyRange, usize, bool),
    Flush,
    Reopen,
}

/// Few keys, so that operations meet; of different lengths and first bytes.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (1..=4_u8).prop_map(|n| vec![n]),
        (0..6_u8).prop_map(|n| vec![b'k', n]),
        (0..3_u8).prop_map(|n| vec![b'k', 0xff, n]),
        (0..2_u8).prop_map(|n| vec![0xff - n; 300]),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    (0..5_u8, prop_oneof![Just(0_usize), Just(3), Just(700)]).prop_map(|(byte, len)| vec![byte; len])
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => (key(), value()).prop_map(|(key, value)| Op::Put { key, value }),
        2 => key().prop_map(|key| Op::Delete { key }),
        1 => (key(), proptest::option::of(value())).prop_map(|(key, expected)| Op::Check { key, expected }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let range = (key(), proptest::option::of(key())).prop_map(|(start, end)| KeyRange { start, end });
    prop_oneof![
        8 => (proptest::collection::vec(op(), 0..6), any::<bool>()).prop_map(|(ops, full)| Step::Apply(ops, full)),
        3 => (range, 1..8_usize, any::<bool>()).prop_map(|(range, limit, reverse)| Step::Scan(range, limit, reverse)),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
    ]
}

/// Applies a batch to the model, if its checks hold.
fn apply(model: &mut Model, ops: &[Op]) -> Outcome {
    for (at, op) in ops.iter().enumerate() {
        if let Op::Check { key, expected } = op
            && model.get(key) != expected.as_ref()
        {
            return Outcome::CheckFailed { op: at };
        }
    }
    for op in ops {
        match op {
            Op::Put { key, value } => drop(model.insert(key.clone(), value.clone())),
            Op::Delete { key } => drop(model.remove(key)),
            Op::Check { .. } => {}
        }
    }
    Outcome::Applied
}

fn play(open: fn(&Path) -> Arc<dyn Storage>, steps: &[Step]) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let mut storage = open(folder.path());
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Apply(ops, full) => {
                let durability = if *full { Durability::Full } else { Durability::Fast };
                prop_assert_eq!(storage.apply(ops, durability).unwrap(), apply(&mut model, ops));
            }
            Step::Scan(range, limit, reverse) => {
                let page = storage.scan(range, &ScanOptions { limit: *limit, reverse: *reverse }).unwrap();
                let mut expected: Vec<_> = model.iter().filter(|(key, _)| range.contains(key)).collect();
                if *reverse {
                    expected.reverse();
                }
                prop_assert_eq!(page.more, expected.len() > *limit);
                expected.truncate(*limit);
                prop_assert!(page.entries.iter().map(|(key, value)| (key, value)).eq(expected));
            }
            Step::Flush => storage.flush().unwrap(),
            Step::Reopen if storage.capabilities().durable => {
                drop(storage);
                storage = open(folder.path());
            }
            Step::Reopen => {}
        }
        for key in model.keys() {
            let found = storage.get(key).unwrap();
            prop_assert_eq!(found.as_ref(), model.get(key));
        }
    }
    let all = storage.scan(&KeyRange::all(), &ScanOptions::default()).unwrap();
    prop_assert!(all.entries.into_iter().eq(model));
    Ok(())
}

/// The same cases in every run.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

macro_rules! engine {
    ($($engine:ident $cases:literal),* $(,)?) => {$(
        proptest! {
            #![proptest_config(config($cases))]
            #[test]
            fn $engine(steps in proptest::collection::vec(step(), 1..40)) {
                play(engines::$engine, &steps)?;
            }
        }
    )*};
}

engine!(memory 200, disk 30, journal_over_memory 100, journal_over_disk 40, shared_over_journal_over_disk 30, peer_of_an_owner 30);
