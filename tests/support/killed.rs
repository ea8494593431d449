//! A store with something of everything in it, left by a killed process, and what it shows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use mlops_core::runs::{Batch, DatasetInput, MetricPoint, RunExt, RunOptions, RunQuery, RunStatus, Series, View};
use mlops_core::{Digest, Error, OpenOptions, Store};

const CHILD: &str = "MLOPS_DAMAGE_CHILD";

/// What can be read of a store, one text a thing; or the error that came instead.
pub(crate) type Items = BTreeMap<String, Result<String, Error>>;

/// The child of [`made`]: fills a store and is killed with records that are not drained. Does nothing in other processes.
pub(crate) fn fill_if_child() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let folder = Path::new(&folder);
    let options =
        OpenOptions { uri: folder.display().to_string(), checkpoint_bytes: 4 << 10, ..OpenOptions::default() };
    let store = Store::open_with(&options).unwrap();
    store.runs().create_experiment("churn", &[("team".into(), "growth".into())]).unwrap();
    let start = |id: &str, parent: Option<&str>| {
        let options = RunOptions {
            run_id: Some(id.into()),
            experiment_name: Some("churn".into()),
            parent_run_id: parent.map(str::to_owned),
            source_name: Some("train.py".into()),
            user: Some("ada".into()),
            ..RunOptions::default()
        };
        store.runs().start(options).unwrap()
    };
    let whole = start("whole", None);
    for (step, value) in [0.5, f64::NAN, f64::INFINITY].into_iter().enumerate() {
        whole.log_metric("loss", value, i64::try_from(step).unwrap(), None).unwrap();
    }
    let points = |key: &str| (0..3).map(|step| MetricPoint { key: key.into(), value: 0.25, step, at: None }).collect();
    whole
        .log_batch(&Batch {
            params: vec![("lr".into(), 0.001.into()), ("long".into(), "text ".repeat(2_000).into())],
            tags: (0..40).map(|n| (format!("tag-{n}"), format!("value {n}").repeat(60))).collect(),
            metrics: points("f1"),
            ..Batch::default()
        })
        .unwrap();
    whole.log_series("curve", &[], &[], &(0..2_000).map(|n| f64::from(n).sqrt()).collect::<Vec<_>>()).unwrap();
    whole.log_bytes("model/weights.bin", &(0..90_000_u32).map(|n| n.to_le_bytes()[1]).collect::<Vec<_>>()).unwrap();
    whole.log_bytes("notes.txt", b"small").unwrap();
    whole.log_inputs(&[input("train").with_context("training"), input("test")]).unwrap();
    whole.end(RunStatus::Finished).unwrap();
    store.flush().unwrap();
    // The background makes the checkpoint; commits go on in the next segment.
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !files(&folder.join("journal")).iter().any(|path| is_checkpoint(path)) {
        assert!(std::time::Instant::now() < deadline, "no checkpoint was made");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let left = start("left", Some("whole"));
    left.log_metric("loss", 1.0, 0, None).unwrap();
    store.flush().unwrap();
    for step in 1..40 {
        left.log_metric("loss", 1.0, step, None).unwrap();
    }
    left.log_param("late", 7.into()).unwrap();
    left.log_bytes("late.txt", b"not drained").unwrap();
    left.log_inputs(&[input("late")]).unwrap();
    // Before the background drains what was logged last.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
}

fn input(name: &str) -> DatasetInput {
    DatasetInput {
        name: name.into(),
        digest: "0a1b2c3d".into(),
        source_type: "local".into(),
        source: format!("{{\"uri\": \"{name}.csv\"}}"),
        schema: Some("column ".repeat(1_000)),
        profile: Some("{\"num_rows\": 3}".into()),
        tags: [("split".to_owned(), "0.8".to_owned())].into(),
    }
}

/// Makes such a store in `folder`.
pub(crate) fn made(folder: &Path) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, folder)
        .env("MLOPS_CONFIG_DIR", folder.with_extension("config"))
        .output()
        .unwrap()
        .status;
    assert!(!status.success() && status.code().is_none(), "the child was not killed: {status}");
    assert!(!files(&folder.join("spool")).is_empty());
}

pub(crate) fn is_checkpoint(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.starts_with("checkpoint-") && name.ends_with(".log")
}

/// All files beneath a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Copies a store with the times of its files, which say when a killed writer last lived.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
            let times = path.metadata().unwrap().modified().unwrap();
            File::options().write(true).open(&target).unwrap().set_modified(times).unwrap();
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Points with the bits of their values, which tell NaN from NaN; of many their digest.
fn text(series: &Series) -> String {
    let points: Vec<_> =
        series.points().map(|(step, at, value)| format!("{step} {at} {:016x}", value.to_bits())).collect();
    let text = points.join(", ");
    if points.len() > 10 { format!("{} points {}", points.len(), Digest::of(text.as_bytes())) } else { text }
}

/// Opens a store and reads all that the child logged; the error if it does not open.
pub(crate) fn read(folder: &Path, read_only: bool) -> Result<Items, Error> {
    let uri = folder.display().to_string();
    let store = Store::open_with(&OpenOptions { uri, read_only, must_exist: true, ..OpenOptions::default() })?;
    let runs = store.runs();
    let mut items = Items::new();
    let experiments = runs.list_experiments(View::All, 0, None);
    items.insert("experiments".into(), experiments.map(|page| json(&page.items)));
    for filter in ["", "metrics.loss >= 0", "params.lr = '0.001'"] {
        let found = runs.search(&RunQuery { filter: filter.into(), ..RunQuery::default() });
        let ids = found.map(|page| page.items.iter().map(|run| run.info.run_id.clone()).collect::<Vec<_>>().join(" "));
        items.insert(format!("search {filter}"), ids);
    }
    for (run, keys, paths) in [
        ("whole", &["loss", "f1", "curve"][..], &["model/weights.bin", "notes.txt"][..]),
        ("left", &["loss"], &["late.txt"]),
    ] {
        items.insert(format!("run {run}"), runs.get(run).map(|data| json(&data)));
        for key in keys {
            let points = runs.metric_history(run, key);
            items.insert(format!("metric {run} {key}"), points.map(|points| text(&points)));
        }
        for path in paths {
            let bytes = runs.read_artifact(run, path);
            items.insert(
                format!("artifact {run} {path}"),
                bytes.map(|bytes| format!("{} bytes {}", bytes.len(), Digest::of(&bytes))),
            );
        }
    }
    Ok(items)
}
