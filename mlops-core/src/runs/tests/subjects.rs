//! What points were measured on.

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "batches take options")]
fn about(model: &str, data: &str) -> Option<MetricSubject> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(MetricSubject { model_id: text(model), dataset_name: text(data), dataset_digest: text(data) })
}

fn point(key: &str, value: f64, at: Option<Timestamp>) -> MetricPoint {
    MetricPoint { key: key.into(), value, step: 0, at }
}

fn log(run: &dyn Run, key: &str, value: f64, subject: Option<MetricSubject>) {
    let (metrics, subjects) = (vec![point(key, value, None)], vec![subject]);
    run.log_batch(&Batch { metrics, subjects, ..Batch::default() }).unwrap();
}

fn subjects(runs: &Runs, run: &str, key: &str) -> Vec<(f64, Option<MetricSubject>)> {
    let (series, subjects) = runs.metric_history_of(run, key).unwrap();
    assert!(subjects.is_empty() || subjects.len() == series.len());
    series.values.iter().zip(subjects).map(|(value, subject)| (*value, subject)).collect()
}

fn tags_of(runs: &Runs, run: &str) -> usize {
    runs.get(run).unwrap().tags.keys().filter(|key| key.starts_with(tags::METRIC_OF)).count()
}

#[test]
fn a_point_keeps_what_it_was_measured_on_and_only_changes_are_written() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let mut expected = Vec::new();
    let mut value = 0.0;
    let mut next = |subject: Option<MetricSubject>| {
        parts.clock.advance(1);
        value += 1.0;
        expected.push((value, subject));
        value
    };
    for _ in 0..50 {
        log(&*run, "accuracy", next(about("m-1", "train")), about("m-1", "train"));
    }
    assert_eq!(tags_of(&runs, run.id()), 1);
    log(&*run, "accuracy", next(about("", "test")), about("", "test"));
    run.log_metric("accuracy", next(None), 0, None).unwrap();
    run.log_metric("accuracy", next(None), 0, None).unwrap();
    assert_eq!(tags_of(&runs, run.id()), 3);
    log(&*run, "accuracy", next(about("m-2", "")), about("m-2", ""));
    // Another handle, which knows what is stored.
    run.end(RunStatus::Finished).unwrap();
    drop((run, runs));
    let runs = parts.open();
    let id = runs.search(&RunQuery::default()).unwrap().items[0].info.run_id.clone();
    let run = runs.open(&id).unwrap();
    log(&*run, "accuracy", next(about("m-2", "")), about("m-2", ""));
    assert_eq!(tags_of(&runs, &id), 4);
    run.log_series("accuracy", &[], &[], &[next(None)]).unwrap();
    run.log_metric("loss", 1.0, 0, None).unwrap();
    assert_eq!(subjects(&runs, &id, "accuracy"), expected);
    assert_eq!(subjects(&runs, &id, "loss"), [(1.0, None)]);
    assert_eq!(tags_of(&runs, &id), 5);
}

#[test]
fn points_of_one_time_keep_what_each_was_measured_on() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let at = Some(Timestamp::from_millis(5));
    let metrics = vec![point("accuracy", 0.9, at), point("accuracy", 0.8, at), point("loss", 1.0, at)];
    let both = vec![about("m", "train"), about("m", "test"), None];
    run.log_batch(&Batch { metrics, subjects: both, ..Batch::default() }).unwrap();
    assert_eq!(subjects(&runs, run.id(), "accuracy"), [(0.9, about("m", "train")), (0.8, about("m", "test"))]);
    assert_eq!(subjects(&runs, run.id(), "loss"), [(1.0, None)]);
    let data = runs.get(run.id()).unwrap();
    let last = data.metrics["accuracy"];
    let said = MetricSubjects::of(&data.tags);
    assert_eq!(said.find("accuracy", last.last_step, last.last_at, last.last).cloned(), about("m", "train"));
}

#[test]
fn a_bad_subject_or_data_set_is_refused_with_all_of_the_batch() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let one = |subjects: Vec<Option<MetricSubject>>| Batch {
        metrics: vec![point("accuracy", 1.0, None)],
        subjects,
        ..Batch::default()
    };
    let no_name = DatasetInput { digest: "1".into(), source_type: "local".into(), ..DatasetInput::default() };
    for bad in [
        one(vec![about("a\n", "")]),
        one(vec![about("", " ")]),
        one(vec![None, None]),
        Batch { inputs: vec![no_name], ..one(Vec::new()) },
    ] {
        assert_eq!(run.log_batch(&bad).unwrap_err().code(), Code::InvalidArgument, "{bad:?}");
    }
    let data = runs.get(run.id()).unwrap();
    assert!(data.metrics.is_empty() && data.inputs.is_empty());
    assert_eq!(runs.metric_history_of(run.id(), "accuracy").unwrap().1, []);
}
