use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// Frees everything that nothing refers to, again and again, until `done`; returns how many blobs went.
fn collect_until(store: &Store, done: &AtomicBool) -> u64 {
    let mut freed = 0;
    while !done.load(Ordering::Acquire) {
        let report = store.gc(&deleted_too()).unwrap();
        freed += report.large_blobs.count + report.small_blobs.count;
    }
    freed
}

#[test]
fn threads_that_log_the_same_bytes_lose_nothing_to_a_gc_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let done = AtomicBool::new(false);
    // Those of a round are logged by every thread, and referred to by nobody else.
    let content = |round: usize, which: usize| {
        let seed = u8::try_from(round * 3 + which % 3).unwrap();
        vec![seed; [70_000, 2_000, 9_000][which % 3]]
    };
    let freed = std::thread::scope(|scope| {
        let logging: Vec<_> = (0..3)
            .map(|thread| {
                let (store, content) = (&store, &content);
                scope.spawn(move || {
                    for round in 0..20 {
                        let id = format!("run{thread}-{round}");
                        let run = start(store, &id);
                        for step in 0..6 {
                            // Each replaces what was there: the old is nobody's until another puts it again.
                            run.log_bytes("file", &content(round, thread + step)).unwrap();
                            run.set_tag("long", &long(&format!("tag {} ", (thread + step) % 2))).unwrap();
                            run.log_series("loss", &[], &[], &[0.5; 1_500]).unwrap();
                        }
                        let last = content(round, thread + 5);
                        assert!(store.runs().read_artifact(&id, "file").unwrap() == last);
                        assert!(store.blobs().size(&Digest::of(&last)).unwrap().is_some());
                        assert_eq!(store.runs().metric_history(&id, "loss").unwrap().len(), 9_000);
                        run.end(RunStatus::Finished).unwrap();
                        if round % 2 == 0 {
                            store.runs().delete(&id).unwrap();
                        }
                    }
                })
            })
            .collect();
        let collecting = scope.spawn(|| collect_until(&store, &done));
        let logged: Vec<_> = logging.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Release);
        let freed = collecting.join().unwrap();
        assert!(logged.iter().all(Result::is_ok));
        freed
    });
    assert!(freed > 0, "the gc met nothing");
    store.gc(&deleted_too()).unwrap();
    for (thread, round) in (0..3).flat_map(|thread| (0..20).map(move |round| (thread, round))) {
        let id = format!("run{thread}-{round}");
        if round % 2 == 0 {
            assert_eq!(store.runs().get(&id).unwrap_err().code(), Code::NotFound);
            continue;
        }
        assert!(store.runs().read_artifact(&id, "file").unwrap() == content(round, thread + 5));
        assert_eq!(store.runs().get(&id).unwrap().tags["long"], long(&format!("tag {} ", (thread + 5) % 2)));
        assert_eq!(store.runs().metric_history(&id, "loss").unwrap().len(), 9_000);
    }
    drop(store);
    assert_clean(dir.path());
}

#[test]
fn a_reader_shows_what_it_opened_while_gcs_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    log_everything(&store, "old");
    store.flush().unwrap();
    let options = OpenOptions { uri: uri(dir.path()), read_only: true, ..OpenOptions::default() };
    let before = Store::open_with(&options).unwrap();
    let used = Store::open_with(&options).unwrap();
    check_everything(&used, "old");
    store.runs().delete("old").unwrap();
    log_everything(&store, "new");
    assert_eq!(store.gc(&deleted_too()).unwrap().runs, 1);
    store.gc(&deleted_too()).unwrap();
    // One has looked at blobs before, one not; who opens now sees what is there now.
    check_everything(&used, "old");
    check_everything(&before, "old");
    let now = Store::open_with(&options).unwrap();
    assert_eq!(now.runs().get("old").unwrap_err().code(), Code::NotFound);
    check_everything(&now, "new");
}
