use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::error::Code;

fn model() -> SavedModel {
    let signature = Signature {
        inputs: Some(Schema::Columns(vec![ColumnSpec::new("age", "double"), ColumnSpec::new("name", "string")])),
        outputs: Some(Schema::Tensors(vec![TensorSpec { name: None, dtype: "float64".into(), shape: vec![-1] }])),
        params: None,
    };
    SavedModel::builder()
        .flavor("toy", json!({"data": "weights.bin", "alpha": 0.1}))
        .signature(signature)
        .metadata(json!({"team": "risk"}))
        .file("weights.bin", [1, 2, 3])
        .file("data/vocabulary.txt", "a b c")
        .build()
        .unwrap()
}

fn at() -> &'static Path {
    Path::new("model")
}

#[test]
fn a_manifest_comes_back_from_its_text() {
    let manifest = model().manifest;
    let text = manifest.to_text();
    assert_eq!(ModelManifest::parse(text.as_bytes(), at()).unwrap(), manifest);
    assert_eq!(manifest.to_text(), text);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json["signature"]["outputs"], r#"[{"tensor-spec":{"dtype":"float64","shape":[-1]},"type":"tensor"}]"#,
        "{text}"
    );
    assert_eq!(json["files"]["weights.bin"]["size_bytes"], 3);
}

#[test]
fn no_flipped_bit_of_a_manifest_goes_unseen() {
    let manifest = model().manifest;
    let text = manifest.to_text().into_bytes();
    for at_byte in 0..text.len() {
        for bit in 0..8 {
            let mut damaged = text.clone();
            damaged[at_byte] ^= 1 << bit;
            match ModelManifest::parse(&damaged, at()) {
                Err(error) => assert_eq!(error.code(), Code::Corrupt),
                // White space between the values says nothing.
                Ok(read) => assert_eq!(read, manifest, "byte {at_byte}, bit {bit}"),
            }
        }
    }
}

#[test]
fn a_model_of_the_same_content_has_the_same_digest() {
    let (one, two) = (model().manifest, model().manifest);
    assert_eq!(one.digest, two.digest);
    let other = SavedModel::builder().flavor("toy", json!({})).file("weights.bin", [1, 2, 4]).build().unwrap();
    assert_ne!(other.manifest.digest, one.digest);
}

#[test]
fn files_are_held_to_the_manifest() {
    let manifest = model().manifest;
    let paths = |list: &[&str]| list.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    manifest.check(at(), &paths(&["MLmodel", "weights.bin", "data/vocabulary.txt"])).unwrap();
    let missing = manifest.check(at(), &paths(&["weights.bin"])).unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    assert!(missing.to_string().contains("model/data/vocabulary.txt"), "{missing}");
    let extra = manifest.check(at(), &paths(&["weights.bin", "data/vocabulary.txt", "spy.py"])).unwrap_err();
    assert_eq!(extra.code(), Code::Corrupt);
    assert!(extra.to_string().contains("spy.py"), "{extra}");

    manifest.verify_file(at(), "weights.bin", &[1, 2, 3]).unwrap();
    for wrong in [&[1, 2, 4][..], &[1, 2], &[1, 2, 3, 0]] {
        assert_eq!(manifest.verify_file(at(), "weights.bin", wrong).unwrap_err().code(), Code::Corrupt);
    }
    assert_eq!(manifest.verify_file(at(), "none", &[]).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_model_that_makes_no_sense_is_refused() {
    let bad = [
        SavedModel::builder().file("a", "x"),
        SavedModel::builder().flavor("toy", json!(1)),
        SavedModel::builder().flavor("toy", json!({})).file("MLmodel", "x"),
        SavedModel::builder().flavor("toy", json!({})).file("../a", "x"),
        SavedModel::builder().flavor("toy", json!({})).file("a", "x").file("a", "y"),
    ];
    for builder in bad {
        assert_eq!(builder.clone().build().unwrap_err().code(), Code::InvalidArgument, "{builder:?}");
    }
}

#[test]
fn columns_keep_what_mlflow_says_of_nested_types() {
    let text = r#"[{"items":{"type":"double"},"name":"v","required":false,"type":"array"}]"#;
    let signature: Signature = serde_json::from_value(json!({"inputs": text, "outputs": null})).unwrap();
    let Some(Schema::Columns(columns)) = &signature.inputs else { panic!("{signature:?}") };
    assert!(!columns[0].required);
    assert_eq!(serde_json::to_value(&signature).unwrap()["inputs"], text);
}
