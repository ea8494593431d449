use std::collections::BTreeSet;

use super::*;
use crate::base::digests::Digest;
use crate::blob::{BlobStore, Referrer};
use crate::runs::apply::Applying;
use crate::runs::doc::{Pending, StoredArtifact, StoredParam, StoredText};
use crate::runs::inputs::StoredInput;
use crate::runs::record::{Change, RunRecord};

fn named(runs: &Runs) -> BTreeSet<Digest> {
    let mut named = BTreeSet::new();
    let blobs = RunBlobs { runs, except: &BTreeSet::new(), except_files: &BTreeSet::new() };
    let mut note = |blob| {
        named.insert(blob);
    };
    blobs.for_each_blob(&mut note).unwrap();
    named
}

fn long(text: &str) -> ParamValue {
    ParamValue::Text(text.repeat(2_000))
}

#[test]
fn a_value_that_came_second_and_the_copy_of_a_record_are_referred_to() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    run.log_param("param", long("first")).unwrap();
    // Another process's value of the same param, drained behind it.
    let mut change = Change::new(run.id(), Timestamp::default());
    change.params.push(("param".into(), StoredParam::new(&*parts.blobs, &long("second")).unwrap()));
    runs.core.append(&codec::encode(&RunRecord::Change(change)).unwrap()).unwrap();
    assert_eq!(run.end(RunStatus::Finished).unwrap_err().code(), Code::Conflict);
    runs.drain().unwrap();
    // The two values and the copy: all that was put.
    assert_eq!(named(&runs).len(), 3);
    assert_eq!(parts.blobs.verify(&mut |e| panic!("{e}")).unwrap().count, 3);
}

#[test]
fn what_a_large_change_has_not_unpacked_is_referred_to() {
    let parts = Parts::new();
    let runs = parts.open();
    let run = runs.start(RunOptions::default()).unwrap();
    let put = |text: &[u8]| parts.blobs.put(text).unwrap();
    let [file, tag, param] = [b"file", b"tag_", b"para"].map(|text| put(text));
    let schema = "schema".repeat(2_000);
    let mut change = Change::new(run.id(), Timestamp::default());
    change.artifacts.push(("file".into(), StoredArtifact { blob: file, size_bytes: 4, at: Timestamp::default() }));
    change.tags.push(("tag".into(), Some(StoredText::Blob(tag, 4))));
    change.params.push(("param".into(), StoredParam::Blob(param, 4)));
    let input = DatasetInput { schema: Some(schema.clone()), ..DatasetInput::default() };
    change.inputs.push(("input".into(), StoredInput::new(&*parts.blobs, &input).unwrap()));
    let blob = put(&codec::encode(&change).unwrap());
    let mut applying = Applying::new(&*parts.storage, &*parts.blobs, uuid::Uuid::nil());
    applying.pending(run.id(), Timestamp::default(), &change, Pending { blob, done: 1 }).unwrap();
    let ops = applying.finish().unwrap();
    assert_eq!(parts.storage.apply(&ops, crate::storage::Durability::Fast).unwrap(), crate::storage::Outcome::Applied);
    assert!(named(&runs).is_superset(&[file, tag, param, blob, Digest::of(schema.as_bytes())].into()));
}
