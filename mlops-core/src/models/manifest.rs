//! The file `MLmodel`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::canonical;
use super::signature::Signature;
use crate::base::digests::Digest;
use crate::error::{Error, Result};

/// The name of the manifest in a model's folder.
pub const MANIFEST: &str = "MLmodel";

/// The key of the digest over all the rest of the text.
const CHECKSUM: &str = "checksum";

/// What a saved model is: the content of its file `MLmodel`, with MLflow's keys and ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelManifest {
    /// How each framework loads the model: name (`sklearn`, `smartcore`, `python_function`...) to what it needs.
    pub flavors: BTreeMap<String, Value>,
    /// What goes in and comes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// The run that logged the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The folder among the run's artifacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_path: Option<String>,
    /// The id of the logged model that it is; none of one that was saved to a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// The same, as MLflow has it; without a logged model a random id of this saving, 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_uuid: Option<String>,
    /// When it was saved, as MLflow writes it: `2026-01-31 12:00:00.000000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_time_created: Option<String>,
    /// Where the input example is and what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_input_example_info: Option<Value>,
    /// What the caller wanted to keep with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The version of this library that saved it.
    pub mlops_version: String,
    /// Every other file of the model by its path in the folder.
    pub files: BTreeMap<String, ModelFile>,
    /// The digest of flavors, signature and files: the same for the same model, however often it is saved.
    #[serde(with = "digest_text")]
    pub digest: Digest,
}

/// One file of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFile {
    /// The size in bytes.
    pub size_bytes: u64,
    /// The digest of the content.
    #[serde(with = "digest_text")]
    pub digest: Digest,
}

impl ModelManifest {
    /// The digest that [`digest`](Self::digest) must have.
    pub(super) fn expected_digest(&self) -> Digest {
        canonical::digest(&json!({"flavors": self.flavors, "signature": self.signature, "files": self.files}))
    }

    /// The text of the file: JSON with sorted keys, and a checksum over all of it.
    pub fn to_text(&self) -> String {
        let mut value = serde_json::to_value(self).expect("the keys of a manifest are text");
        let checksum = canonical::digest(&value).to_string();
        if let Value::Object(object) = &mut value {
            object.insert(CHECKSUM.into(), Value::String(checksum));
        }
        canonical::pretty(&value)
    }

    /// Reads and checks the text of the file `path`.
    ///
    /// # Errors
    /// `Corrupt` if it is no manifest or one of its digests does not match.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let corrupt = |detail: &str| Error::corrupt(path, 0, detail);
        let unreadable = |e: serde_json::Error| corrupt(&format!("it is no manifest of a model of this library: {e}"));
        let mut value: Value = serde_json::from_slice(bytes).map_err(unreadable)?;
        let checksum = value.as_object_mut().and_then(|object| object.remove(CHECKSUM));
        if checksum.and_then(|text| text.as_str()?.parse().ok()) != Some(canonical::digest(&value)) {
            return Err(corrupt("its content does not match its checksum; log or download the model again"));
        }
        let manifest: Self = serde_json::from_value(value).map_err(unreadable)?;
        if manifest.digest != manifest.expected_digest() {
            return Err(corrupt("the model's digest does not match its flavors, signature and files"));
        }
        Ok(manifest)
    }

    /// Checks that the model in the folder `at` has exactly these files beside the manifest.
    ///
    /// # Errors
    /// `NotFound` for a file that is missing, `Corrupt` for one that does not belong to the model.
    pub fn check(&self, at: &Path, paths: &BTreeSet<String>) -> Result<()> {
        if let Some(missing) = self.files.keys().find(|path| !paths.contains(*path)) {
            return Err(Error::NotFound {
                what: "model file",
                id: at.join(missing).display().to_string(),
                hint: "; the model is not whole, log or download it again".into(),
            });
        }
        let extra = paths.iter().find(|path| *path != MANIFEST && !self.files.contains_key(*path));
        extra.map_or(Ok(()), |extra| {
            Err(Error::corrupt(&at.join(extra), 0, "the file is not in the model's manifest; remove it"))
        })
    }

    /// Checks the bytes of the file `path` of the model in the folder `at`.
    ///
    /// # Errors
    /// `Corrupt` if they are not what was saved, `NotFound` if the model has no such file.
    pub fn verify_file(&self, at: &Path, path: &str, bytes: &[u8]) -> Result<()> {
        self.verify_digest(at, path, bytes.len() as u64, Digest::of(bytes))
    }

    /// As [`verify_file`](Self::verify_file), for bytes whose size and digest are known.
    ///
    /// # Errors
    /// As [`verify_file`](Self::verify_file).
    pub fn verify_digest(&self, at: &Path, path: &str, size_bytes: u64, digest: Digest) -> Result<()> {
        let known = self.files.get(path).ok_or_else(|| Error::not_found("model file", path))?;
        if known.size_bytes != size_bytes {
            let detail = format!("the model's file had {} bytes and has {size_bytes}", known.size_bytes);
            return Err(Error::corrupt(&at.join(path), 0, detail));
        }
        if known.digest != digest {
            return Err(Error::corrupt(
                &at.join(path),
                0,
                "the model's file is not what was saved: its digest differs",
            ));
        }
        Ok(())
    }
}

/// A digest as `blake3:<hex>`.
mod digest_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Digest;

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
