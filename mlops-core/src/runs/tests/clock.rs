//! A clock that goes back: nothing ends before it began, and what was logged keeps the time it was logged at.

use super::*;

const BACK: i64 = -3_600_000_000;

#[test]
fn a_run_that_ends_before_it_began_took_no_time() {
    let parts = Parts::new();
    let runs = parts.open();
    let [first, second] = [(); 2].map(|()| runs.start(RunOptions::default()).unwrap());
    let began = parts.clock.now();
    parts.clock.advance(BACK);
    first.end(RunStatus::Finished).unwrap();
    second.end_at(RunStatus::Failed, parts.clock.now()).unwrap();
    for run in [&first, &second] {
        let info = runs.get(run.id()).unwrap().info;
        assert_eq!((info.started_at, info.ended_at), (began, Some(began)));
    }
    let found = |filter: &str| runs.search(&RunQuery { filter: filter.into(), ..RunQuery::default() }).unwrap();
    assert_eq!(found("duration = 0").items.len(), 2);
    assert_eq!(found("duration < 0").items.len(), 0);
}

#[test]
fn a_run_that_goes_on_before_it_began_keeps_its_beginning() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let began = parts.clock.now();
    run.end(RunStatus::Finished).unwrap();
    parts.clock.advance(BACK);
    let again = runs.resume(run.id()).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().info.started_at, began);
    again.end(RunStatus::Finished).unwrap();
    let info = runs.get(run.id()).unwrap().info;
    assert_eq!((info.started_at, info.ended_at), (began, Some(began)));
}

#[test]
fn a_killed_run_of_a_later_clock_took_no_time() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let (id, began) = (run.id().to_owned(), parts.clock.now());
    parts.clock.advance(BACK);
    run.log_metric("loss", 1.0, 0, None).unwrap();
    drop((run, runs));
    let later = parts.open();
    parts.bury(&later);
    let found = later.get(&id).unwrap();
    assert_eq!(found.info.status, RunStatus::Killed);
    assert!(found.info.ended_at.unwrap() >= began);
}

#[test]
fn points_keep_their_times_and_the_value_of_a_run_is_that_of_the_largest_step() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let mut logged = Vec::new();
    for (step, value) in (0..).zip([0.0, 1.0, 2.0, 3.0]) {
        run.log_metric("loss", value, step, None).unwrap();
        logged.push((step, parts.clock.now().as_micros(), value));
        parts.clock.advance(BACK);
    }
    // Two of one step: the later time counts, whichever came first.
    run.log_metric("loss", 7.0, 3, None).unwrap();
    logged.push((3, parts.clock.now().as_micros(), 7.0));
    for ended in [false, true] {
        let history: Vec<_> = runs.metric_history(run.id(), "loss").unwrap().points().collect();
        assert!(history.iter().eq(logged.iter().rev()), "by time: {history:?}");
        let summary = runs.get(run.id()).unwrap().metrics["loss"];
        assert_eq!((summary.last, summary.last_step, summary.count), (3.0, 3, 5), "after the end: {ended}");
        if !ended {
            run.end(RunStatus::Finished).unwrap();
        }
    }
}

#[test]
fn runs_are_in_the_order_of_their_beginnings_page_by_page() {
    let parts = Parts::new();
    let runs = parts.open();
    let mut began = Vec::new();
    for number in 0..9 {
        let run = runs.start(RunOptions::default()).unwrap();
        began.push((std::cmp::Reverse(parts.clock.now()), run.id().to_owned()));
        parts.clock.advance(if number % 3 == 0 { BACK } else { 1_000_000 });
    }
    began.sort();
    let mut query = RunQuery { max_results: 2, ..RunQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = runs.search(&query).unwrap();
        found.extend(page.items.into_iter().map(|run| run.info.run_id));
        // One that starts in between is before all that were found, or behind them, and moves none.
        parts.clock.advance(BACK);
        match page.next_page_token {
            Some(token) => query.page_token = Some(token),
            None => break,
        }
    }
    assert_eq!(found, began.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}
