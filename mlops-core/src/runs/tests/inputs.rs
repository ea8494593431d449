use super::*;
use crate::base::limits;
use crate::runs::doc::RunDoc;
use crate::runs::record::{Change, RunRecord};

fn input(name: &str, digest: &str) -> DatasetInput {
    DatasetInput {
        name: name.into(),
        digest: digest.into(),
        source_type: "local".into(),
        source: r#"{"uri": "train.csv"}"#.into(),
        ..DatasetInput::default()
    }
}

fn found(runs: &Runs, filter: &str) -> usize {
    runs.search(&RunQuery { filter: filter.into(), ..RunQuery::default() }).unwrap().items.len()
}

#[test]
fn inputs_come_back_in_their_order_and_one_of_each_name_digest_and_context_is_kept() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let long = |text: &str| Some(text.repeat(2_000));
    let tags = BTreeMap::from([("split".to_owned(), "0.8".to_owned()), ("note".to_owned(), "n".repeat(9_000))]);
    let whole = DatasetInput { schema: long("schema"), profile: long("profile"), tags, ..input("zebra", "1") };
    let inputs = [whole.clone().with_context("training"), input("ant", "1"), whole.with_context("validation")];
    run.log_inputs(&inputs).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().inputs, inputs);
    let again = DatasetInput { source_type: "http".into(), ..input("zebra", "1") }.with_context("training");
    run.log_inputs(&[again, input("ant", "2")]).unwrap();
    run.log_inputs(&[]).unwrap();
    run.end(RunStatus::Finished).unwrap();
    let kept = runs.get(run.id()).unwrap().inputs;
    assert_eq!(kept.iter().take(3).cloned().collect::<Vec<_>>(), inputs);
    assert_eq!(kept.get(3..).unwrap(), [input("ant", "2")]);
    assert_eq!(runs.get(run.id()).unwrap().origin, None);
}

#[test]
fn an_input_is_searched_by_name_digest_and_context() {
    let runs = opened();
    let with = |inputs: &[DatasetInput]| runs.start(RunOptions::default()).unwrap().log_inputs(inputs).unwrap();
    with(&[]);
    with(&[input("iris", "aa").with_context("training"), input("iris_test", "bb").with_context("testing")]);
    with(&[input("Iris", "aa")]);
    for (filter, count) in [
        ("dataset.name = 'iris'", 1),
        ("dataset.name ILIKE 'iris'", 2),
        ("dataset.name LIKE 'iris%'", 1),
        ("datasets.digest = 'aa'", 2),
        ("dataset.digest IN ('bb', 'cc')", 1),
        ("dataset.digest != 'aa'", 1),
        ("dataset.digest NOT IN ('aa', 'bb')", 0),
        ("dataset.context = 'testing'", 1),
        ("dataset.context != 'none'", 1),
        ("dataset.name = 'iris' and dataset.context = 'training'", 1),
    ] {
        assert_eq!(found(&runs, filter), count, "{filter}");
    }
}

#[test]
fn the_largest_inputs_fit_and_larger_ones_are_refused() {
    let runs = opened();
    let run = runs.start(RunOptions::default()).unwrap();
    let longest = || Some("x".repeat(limits::INLINE_VALUE_BYTES));
    let large = |n: usize| DatasetInput {
        name: format!("{n:0>500}"),
        digest: "d".repeat(limits::KEY_BYTES),
        source_type: "s".repeat(limits::KEY_BYTES),
        source: "x".repeat(limits::INLINE_VALUE_BYTES),
        schema: longest(),
        profile: longest(),
        tags: (0..100).map(|n| (format!("{n:0>500}"), "v".repeat(500))).collect(),
    };
    let context = "c".repeat(limits::KEY_BYTES);
    let inputs: Vec<_> = (0..200).map(|n| large(n).with_context(&context)).collect();
    run.log_inputs(&inputs).unwrap();
    run.log_inputs(&[large(200)]).unwrap();
    assert_eq!(runs.get(run.id()).unwrap().inputs.len(), 201);
    run.end(RunStatus::Finished).unwrap();
    let kept = runs.get(run.id()).unwrap().inputs;
    assert_eq!(kept.get(..200).unwrap(), inputs);

    let refused = |input: DatasetInput| run.log_inputs(&[input]).unwrap_err().code();
    assert_eq!(refused(input("", "d")), Code::InvalidArgument);
    assert_eq!(refused(input("n", "")), Code::InvalidArgument);
    assert_eq!(refused(input(&"n".repeat(501), "d")), Code::LimitExceeded);
    assert_eq!(refused(input("n", "d").with_context(&"c".repeat(501))), Code::LimitExceeded);
    let tagged = DatasetInput { tags: BTreeMap::from([(String::new(), String::new())]), ..input("n", "d") };
    assert_eq!(refused(tagged), Code::InvalidArgument);
    assert_eq!(runs.get(run.id()).unwrap().inputs.len(), 201);
}

#[test]
fn an_input_whose_text_is_lost_is_told_and_removed_by_a_repair() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_inputs(&[input("kept", "1"), DatasetInput { schema: Some("s".repeat(5_000)), ..input("lost", "1") }])
        .unwrap();
    runs.drain().unwrap();
    // A store that has the records and none of the blobs.
    let blobs: Arc<MemoryBlobs> = Arc::default();
    let bare = Runs::new(RunsOptions { blobs, ..in_memory(parts.storage.clone()) }).unwrap();
    let lost = bare.lost(true).unwrap();
    let [reference] = lost.as_slice() else { panic!("{lost:?}") };
    assert!(reference.to_string().contains("the input `lost` of run"), "{reference}");
    bare.get(run.id()).unwrap_err();
    bare.forget_values(&lost).unwrap();
    assert_eq!(bare.get(run.id()).unwrap().inputs, [input("kept", "1")]);
}

#[test]
fn records_of_the_first_format_are_read() {
    // A run and a change as format 1 wrote them: what came after stands behind, so that they end before.
    let as_first = |bytes: Vec<u8>, added: usize| {
        let mut first = bytes;
        first.truncate(first.len() - added);
        *first.first_mut().unwrap() = 1;
        first
    };
    let mut change = Change::new("run", Timestamp::from_millis(7));
    change.tags.push(("tag".into(), None));
    let record = codec::encode(&RunRecord::Change(change.clone())).unwrap();
    let read = RunRecord::decode(&as_first(record, 1)).unwrap();
    let RunRecord::Change(read) = read else { panic!("{read:?}") };
    assert_eq!((read.tags.len(), read.inputs.len(), read.at), (1, 0, change.at));

    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_param("lr", 1.into()).unwrap();
    let data = runs.get(run.id()).unwrap();
    let key = keys::run(run.id());
    let bytes = parts.storage.get(&key).unwrap().unwrap();
    let first = as_first(bytes, 3);
    let doc: RunDoc = codec::decode("a run", &first).unwrap();
    assert_eq!((doc.info, doc.origin), (data.info, None));
}
