//! A store that is deleted while it is open.

use std::time::{Duration, Instant};

use super::*;
use crate::error::Result;

#[test]
fn when_the_store_is_gone_the_log_calls_say_so_within_a_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = store.runs().start(RunOptions::default()).unwrap();
    run.log_metric("loss", 0.5, 0, None).unwrap();
    store.runs().drain().unwrap();
    std::fs::remove_dir_all(dir.path().join(".mlops")).unwrap();
    let began = Instant::now();
    let refused = loop {
        let logged: Result<()> = run.log_metric("loss", 0.4, 1, None);
        match logged {
            Err(error) => break error,
            Ok(()) => assert!(began.elapsed() < Duration::from_secs(20), "nothing was said"),
        }
        std::thread::yield_now();
    };
    assert_eq!(refused.code(), Code::Corrupt);
    assert!(refused.to_string().contains("the store was deleted or moved"), "{refused}");
    assert_eq!(run.log_param("a", 1.into()).unwrap_err().code(), Code::Corrupt);
    assert_eq!(run.end(RunStatus::Finished).unwrap_err().code(), Code::Corrupt);
}
