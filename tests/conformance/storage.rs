//! What every [`Storage`] gives. An engine or a stack of layers passes with one line in `implementations!`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../support/engines.rs"]
mod engines;

use std::sync::Arc;

use mlops_core::Code;
use mlops_core::base::limits;
use mlops_core::storage::{Durability, KeyRange, Op, Outcome, ScanOptions, Storage};

macro_rules! implementations {
    ($($implementation:ident),* $(,)?) => {$(
        mod $implementation {
            suite!($implementation: what_was_put_comes_back, a_failed_check_changes_nothing,
                checks_see_the_state_before_the_batch, later_operations_win_over_earlier_ones,
                keys_compare_as_bytes, ranges_have_a_start_and_an_end, pages_go_on_where_the_last_ended,
                limits_are_errors_before_anything_changes, keys_of_the_layers_are_not_for_users,
                concurrent_batches_behave_as_one_sequence, a_page_is_a_consistent_cut,
                what_is_durable_survives_reopening, an_empty_batch_is_applied);
        }
    )*};
}

macro_rules! suite {
    ($implementation:ident: $($case:ident),*) => {$(
        #[test]
        fn $case() {
            let folder = tempfile::tempdir().unwrap();
            super::$case(&|| super::engines::$implementation(folder.path()));
        }
    )*};
}

implementations!(memory, disk, journal_over_memory, journal_over_disk, shared_over_journal_over_disk, peer_of_an_owner);

/// Opens the engine; again after the last handle is gone.
type Open<'a> = &'a dyn Fn() -> Arc<dyn Storage>;

fn apply(storage: &dyn Storage, ops: &[Op]) -> Outcome {
    storage.apply(ops, Durability::Fast).unwrap()
}

fn put(storage: &dyn Storage, key: &[u8], value: &[u8]) {
    assert_eq!(apply(storage, &[Op::put(key, value)]), Outcome::Applied);
}

fn keys(storage: &dyn Storage, range: &KeyRange, reverse: bool) -> Vec<Vec<u8>> {
    let page = storage.scan(range, &ScanOptions { limit: 10_000, reverse }).unwrap();
    assert!(!page.more);
    page.entries.into_iter().map(|(key, _)| key).collect()
}

fn what_was_put_comes_back(open: Open<'_>) {
    let storage = open();
    assert_eq!(storage.get(b"a").unwrap(), None);
    for value in [b"".to_vec(), b"one".to_vec(), vec![0; 1_000], (0..=255).collect()] {
        for durability in [Durability::Fast, Durability::Full] {
            assert_eq!(storage.apply(&[Op::put("a", value.clone())], durability).unwrap(), Outcome::Applied);
            assert_eq!(storage.get(b"a").unwrap().as_ref(), Some(&value));
        }
    }
    assert_eq!(apply(&*storage, &[Op::delete("a"), Op::delete("never there")]), Outcome::Applied);
    assert_eq!(storage.get(b"a").unwrap(), None);
    assert_eq!(keys(&*storage, &KeyRange::all(), false), Vec::<Vec<u8>>::new());
    storage.flush().unwrap();
    assert!(!storage.capabilities().name.is_empty() && !storage.capabilities().read_only);
}

fn a_failed_check_changes_nothing(open: Open<'_>) {
    let storage = open();
    put(&*storage, b"k", b"v");
    let failing: [(Op, &str); 4] = [
        (Op::check_absent("k"), "there is one"),
        (Op::check("k", Some("w")), "another"),
        (Op::check("k", Some("v0")), "longer"),
        (Op::check("absent", Some("v")), "there is none"),
    ];
    for (check, why) in failing {
        let ops = [Op::check("k", Some("v")), Op::put("x", "1"), Op::delete("k"), check];
        for durability in [Durability::Fast, Durability::Full] {
            assert_eq!(storage.apply(&ops, durability).unwrap(), Outcome::CheckFailed { op: 3 }, "{why}");
        }
        assert_eq!(keys(&*storage, &KeyRange::all(), false), [b"k"], "{why}");
    }
    let holding = [Op::check("k", Some("v")), Op::check_absent("x"), Op::put("x", "1")];
    assert_eq!(apply(&*storage, &holding), Outcome::Applied);
    assert_eq!(apply(&*storage, &holding), Outcome::CheckFailed { op: 1 });
}

fn checks_see_the_state_before_the_batch(open: Open<'_>) {
    let storage = open();
    let ops = [Op::put("k", "new"), Op::check_absent("k"), Op::delete("j"), Op::check_absent("j")];
    assert_eq!(apply(&*storage, &ops), Outcome::Applied);
    assert_eq!(apply(&*storage, &[Op::delete("k"), Op::check_absent("k")]), Outcome::CheckFailed { op: 1 });
    assert_eq!(storage.get(b"k").unwrap().unwrap(), b"new");
}

fn later_operations_win_over_earlier_ones(open: Open<'_>) {
    let storage = open();
    let ops =
        [Op::put("a", "1"), Op::put("a", "2"), Op::put("b", "1"), Op::delete("b"), Op::delete("c"), Op::put("c", "3")];
    assert_eq!(apply(&*storage, &ops), Outcome::Applied);
    assert_eq!(storage.get(b"a").unwrap().unwrap(), b"2");
    assert_eq!(storage.get(b"b").unwrap(), None);
    assert_eq!(storage.get(b"c").unwrap().unwrap(), b"3");
}

fn keys_compare_as_bytes(open: Open<'_>) {
    let storage = open();
    let sorted: [&[u8]; 8] = [b"\x01", b"a", b"a\0", b"a\0\0", b"a\x01", b"aa", b"b", b"\xff\xff"];
    for key in sorted.iter().rev() {
        put(&*storage, key, b"v");
    }
    assert_eq!(keys(&*storage, &KeyRange::all(), false), sorted);
    let reversed: Vec<&[u8]> = sorted.iter().rev().copied().collect();
    assert_eq!(keys(&*storage, &KeyRange::all(), true), reversed);
}

fn ranges_have_a_start_and_an_end(open: Open<'_>) {
    let storage = open();
    for key in ["a", "b/", "b/1", "b/2", "b/2/x", "b0", "c"] {
        put(&*storage, key.as_bytes(), b"v");
    }
    let range = |start: &str, end: Option<&str>| KeyRange { start: start.into(), end: end.map(Into::into) };
    let found = |range: KeyRange| {
        let forward = keys(&*storage, &range, false);
        let mut backward = keys(&*storage, &range, true);
        backward.reverse();
        assert_eq!(forward, backward);
        assert!(forward.iter().all(|key| range.contains(key)));
        forward.into_iter().map(|key| String::from_utf8(key).unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(KeyRange::prefix("b/")), "b/ b/1 b/2 b/2/x");
    assert_eq!(found(KeyRange::prefix("b/").after(b"b/1")), "b/2 b/2/x");
    assert_eq!(found(KeyRange::prefix("b/").before(b"b/2")), "b/ b/1");
    assert_eq!(found(KeyRange::prefix([0xff])), "");
    assert_eq!(found(range("b/1", Some("b/2/x"))), "b/1 b/2");
    assert_eq!(found(range("b1", None)), "c");
    assert_eq!(found(range("", Some("b"))), "a");
    for empty in [range("c", Some("a")), range("b", Some("b")), range("d", None)] {
        assert_eq!(found(empty), "");
    }
}

fn pages_go_on_where_the_last_ended(open: Open<'_>) {
    let storage = open();
    let all: Vec<Vec<u8>> = (0..25).map(|n| format!("k{n:02}").into_bytes()).collect();
    assert_eq!(
        apply(&*storage, &all.iter().map(|key| Op::put(key.clone(), key.clone())).collect::<Vec<_>>()),
        Outcome::Applied
    );
    for reverse in [false, true] {
        for limit in [1, 7, 24, 25, 26] {
            let mut range = KeyRange::prefix("k");
            let mut found = Vec::new();
            let mut pages = 0;
            loop {
                let page = storage.scan(&range, &ScanOptions { limit, reverse }).unwrap();
                assert!(page.entries.len() <= limit && page.entries.iter().all(|(key, value)| key == value));
                pages += 1;
                let last = page.entries.last().unwrap().0.clone();
                found.extend(page.entries.into_iter().map(|(key, _)| key));
                range = if reverse { range.before(&last) } else { range.after(&last) };
                if !page.more {
                    break;
                }
            }
            if reverse {
                found.reverse();
            }
            assert_eq!((found, pages), (all.clone(), 25_usize.div_ceil(limit)), "limit {limit}, reverse {reverse}");
        }
    }
}

fn limits_are_errors_before_anything_changes(open: Open<'_>) {
    let storage = open();
    let (key, value) = (vec![b'k'; limits::STORAGE_KEY_BYTES], vec![7; limits::STORAGE_VALUE_BYTES]);
    put(&*storage, &key, &value);
    assert_eq!(storage.get(&key).unwrap().unwrap(), value);
    let full: Vec<Op> = (0..15).map(|n| Op::put(vec![b'a' + n; 900], value.clone())).collect();
    assert_eq!(apply(&*storage, &full), Outcome::Applied);
    let before = keys(&*storage, &KeyRange::all(), false);
    let mut large = full;
    large.extend((0..2).map(|n| Op::put(vec![b'y' + n; 900], value.clone())));
    let refused = [
        vec![Op::put("new", "v"), Op::put([key.as_slice(), b"k"].concat(), "v")],
        vec![Op::put("new", "v"), Op::delete([key.as_slice(), b"k"].concat())],
        vec![Op::put("new", "v"), Op::check_absent([key.as_slice(), b"k"].concat())],
        vec![Op::put("new", "v"), Op::put("v", [value.as_slice(), b"7"].concat())],
        large,
    ];
    for ops in refused {
        assert_eq!(storage.apply(&ops, Durability::Fast).unwrap_err().code(), Code::LimitExceeded);
        assert_eq!(keys(&*storage, &KeyRange::all(), false), before);
    }
}

fn keys_of_the_layers_are_not_for_users(open: Open<'_>) {
    let storage = open();
    put(&*storage, b"k", b"v");
    for key in [b"".as_slice(), b"\0", b"\0applied too"] {
        let refused = storage.apply(&[Op::put("new", "v"), Op::put(key, "v")], Durability::Fast).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(storage.get(key).unwrap(), None);
    }
    assert_eq!(keys(&*storage, &KeyRange::all(), false), [b"k"]);
}

fn concurrent_batches_behave_as_one_sequence(open: Open<'_>) {
    let storage = open();
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let storage = &storage;
            scope.spawn(move || {
                let durability = if thread == 0 { Durability::Full } else { Durability::Fast };
                for _ in 0..25 {
                    loop {
                        let old = storage.get(b"counter").unwrap();
                        let new = old.as_ref().map_or(0, |bytes| bytes[0]) + 1;
                        let ops = [
                            Op::Check { key: b"counter".to_vec(), expected: old },
                            Op::put("counter", [new]),
                            Op::put([b"by/".as_slice(), &[new]].concat(), [thread]),
                        ];
                        if storage.apply(&ops, durability).unwrap() == Outcome::Applied {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(storage.get(b"counter").unwrap().unwrap(), [100]);
    assert_eq!(keys(&*storage, &KeyRange::prefix("by/"), false).len(), 100);
}

fn a_page_is_a_consistent_cut(open: Open<'_>) {
    let storage = open();
    // Every batch gives all keys the same value, far apart in the order.
    let names: Vec<Vec<u8>> = (0..40_u8).map(|n| [vec![b'a' + n % 20; 200], vec![n]].concat()).collect();
    let batch = |value: u8| names.iter().map(|key| Op::put(key.clone(), [value])).collect::<Vec<_>>();
    assert_eq!(apply(&*storage, &batch(0)), Outcome::Applied);
    std::thread::scope(|scope| {
        let (writer, batch) = (&storage, &batch);
        let done = scope
            .spawn(move || (1..=150).for_each(|value| assert_eq!(apply(&**writer, &batch(value)), Outcome::Applied)));
        while !done.is_finished() {
            for reverse in [false, true] {
                let page = storage.scan(&KeyRange::all(), &ScanOptions { limit: 100, reverse }).unwrap();
                assert_eq!(page.entries.len(), names.len());
                assert!(page.entries.iter().all(|(_, value)| *value == page.entries[0].1), "half of a batch was seen");
            }
        }
    });
}

fn what_is_durable_survives_reopening(open: Open<'_>) {
    let storage = open();
    if !storage.capabilities().durable {
        return;
    }
    for n in 0..200_u8 {
        let durability = if n % 50 == 0 { Durability::Full } else { Durability::Fast };
        let ops = [Op::put([b'k', n], vec![n; 100]), Op::delete([b'k', n.wrapping_sub(7)])];
        assert_eq!(storage.apply(&ops, durability).unwrap(), Outcome::Applied);
    }
    let before = storage.scan(&KeyRange::all(), &ScanOptions::default()).unwrap();
    assert_eq!(before.entries.len(), 7);
    drop(storage);
    for _ in 0..2 {
        let storage = open();
        assert_eq!(storage.scan(&KeyRange::all(), &ScanOptions::default()).unwrap(), before);
    }
}

fn an_empty_batch_is_applied(open: Open<'_>) {
    let storage = open();
    assert_eq!(apply(&*storage, &[]), Outcome::Applied);
    assert_eq!(apply(&*storage, &[Op::check_absent("k")]), Outcome::Applied);
}
