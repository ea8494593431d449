mod compared;
mod curves;
mod gate;
mod page;

use serde_json::Value;

use super::{Report, ReportOptions, report};
use crate::base::time::Timestamp;
use crate::runs::{RunExt, RunOptions, RunStatus};
use crate::store::Store;

/// A text that would run if it were taken for markup or script.
const EVIL: &str = "</script><script>alert(1)</script><!--<img src=x onerror='alert(2)'>\"&\u{2028}";

/// A store in memory with runs that `log` fills, and their ids.
fn store_of(count: usize, log: impl Fn(usize, &dyn crate::runs::Run)) -> (Store, Vec<String>) {
    let store = Store::open("memory:").unwrap();
    let start = |at: usize| {
        let options = RunOptions {
            run_id: Some(format!("run{at}")),
            run_name: Some(format!("name-{at}")),
            started_at: Some(Timestamp::from_millis(1_700_000_000_000)),
            ..RunOptions::default()
        };
        let run = store.runs().start(options).unwrap();
        log(at, &*run);
        run.end_at(RunStatus::Finished, Timestamp::from_millis(1_700_000_060_000)).unwrap();
        run.id().to_owned()
    };
    let ids = (0..count).map(start).collect();
    (store, ids)
}

fn made(store: &Store, ids: &[String], options: &ReportOptions) -> Report {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    report(store, &ids, options).unwrap()
}

/// The data of a page, as its script reads them.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}
