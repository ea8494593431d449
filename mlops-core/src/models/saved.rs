//! A model that is about to be logged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::manifest::{MANIFEST, ModelFile, ModelManifest};
use super::signature::Signature;
use crate::base::digests::{Digest, DigestHasher};
use crate::base::names;
use crate::error::{Error, Result};

/// A model as files and what they are, not yet in a store.
///
/// ```
/// use mlops_core::models::SavedModel;
/// let model = SavedModel::builder()
///     .flavor("my_framework", serde_json::json!({"data": "weights.bin"}))
///     .file("weights.bin", vec![1, 2, 3])
///     .build()?;
/// assert_eq!(model.manifest.files["weights.bin"].size_bytes, 3);
/// # Ok::<(), mlops_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SavedModel {
    /// What it is, with the digests of the files.
    pub manifest: ModelManifest,
    /// The files by their path in the model's folder.
    pub files: Vec<(String, ModelContent)>,
}

/// The content of one file of a model.
#[derive(Clone, Debug)]
pub enum ModelContent {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A local file, read when the model is built and again when it is logged: it must not change between.
    File(PathBuf),
}

impl SavedModel {
    /// Begins a model.
    pub fn builder() -> SavedModelBuilder {
        SavedModelBuilder::default()
    }
}

/// Collects what a [`SavedModel`] is made of.
#[derive(Clone, Debug, Default)]
pub struct SavedModelBuilder {
    flavors: BTreeMap<String, Value>,
    signature: Option<Signature>,
    metadata: Option<Value>,
    input_example: Option<Value>,
    files: Vec<(String, ModelContent)>,
}

impl SavedModelBuilder {
    /// Says how a framework loads the model: a JSON object.
    pub fn flavor(mut self, name: &str, flavor: Value) -> Self {
        self.flavors.insert(name.into(), flavor);
        self
    }

    /// Says what goes in and comes out.
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// Keeps a JSON value with the model.
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Says where the input example is among the files and what it is: MLflow's `saved_input_example_info`.
    pub fn input_example_info(mut self, info: Value) -> Self {
        self.input_example = Some(info);
        self
    }

    /// Takes flavors, signature, metadata and what is said of the input example as texts of JSON, as bindings have them.
    ///
    /// # Errors
    /// `InvalidArgument` for a text that is no JSON, or not of the form that it must have.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::models::SavedModel;
    /// let begun = SavedModel::builder().json(r#"{"toy": {"data": "weights.bin"}}"#, None, Some("[1, 2]"), None)?;
    /// let model = begun.file("weights.bin", [1, 2, 3]).build()?;
    /// assert!(model.manifest.flavors.contains_key("toy"));
    /// assert!(SavedModel::builder().json("toy", None, None, None).is_err());
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    pub fn json(
        mut self,
        flavors: &str,
        signature: Option<&str>,
        metadata: Option<&str>,
        input_example_info: Option<&str>,
    ) -> Result<Self> {
        self.flavors.extend(parse::<BTreeMap<String, Value>>("flavors", flavors, "a JSON object of flavors")?);
        if let Some(text) = signature {
            self.signature = Some(parse("signature", text, "a signature as JSON, in MLflow's form")?);
        }
        if let Some(text) = metadata {
            self.metadata = Some(parse("metadata", text, "JSON")?);
        }
        if let Some(text) = input_example_info {
            self.input_example = Some(parse("input example", text, "JSON")?);
        }
        Ok(self)
    }

    /// Adds a file from memory.
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), ModelContent::Bytes(bytes.into())));
        self
    }

    /// Adds a local file.
    pub fn local_file(mut self, path: &str, local: impl Into<PathBuf>) -> Self {
        self.files.push((path.into(), ModelContent::File(local.into())));
        self
    }

    /// Digests the files and makes the manifest.
    ///
    /// # Errors
    /// `InvalidArgument` for no flavor, one that is no JSON object, a path that is given twice, is `MLmodel` or leaves
    /// the folder; `Io` if a local file cannot be read.
    pub fn build(self) -> Result<SavedModel> {
        let Self { flavors, signature, metadata, input_example, files } = self;
        if flavors.is_empty() {
            return Err(invalid("flavors", "none", "at least one, which says how the model is loaded"));
        }
        if let Some((name, flavor)) = flavors.iter().find(|(_, flavor)| !flavor.is_object()) {
            return Err(invalid(&format!("flavor {name}"), &flavor.to_string(), "a JSON object"));
        }
        let mut manifest = ModelManifest {
            flavors,
            signature,
            run_id: None,
            artifact_path: None,
            model_id: None,
            model_uuid: None,
            utc_time_created: None,
            saved_input_example_info: input_example,
            metadata,
            mlops_version: env!("CARGO_PKG_VERSION").into(),
            files: BTreeMap::new(),
            digest: Digest::of(b""),
        };
        let mut checked = Vec::with_capacity(files.len());
        for (path, content) in files {
            let path = names::check_artifact_path(&path)?;
            if path == MANIFEST {
                return Err(invalid("model file", &path, "another name: the manifest has this one"));
            }
            let file = match &content {
                ModelContent::Bytes(bytes) => ModelFile { size_bytes: bytes.len() as u64, digest: Digest::of(bytes) },
                ModelContent::File(local) => digest_file(local)?,
            };
            if manifest.files.insert(path.clone(), file).is_some() {
                return Err(invalid("model file", &path, "every path once"));
            }
            checked.push((path, content));
        }
        manifest.digest = manifest.expected_digest();
        Ok(SavedModel { manifest, files: checked })
    }
}

/// Size and digest of a local file, without holding it in memory.
pub(crate) fn digest_file(path: &Path) -> Result<ModelFile> {
    let mut file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let (mut hasher, mut size_bytes) = (DigestHasher::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(|e| Error::io("read", path, e))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        size_bytes += bytes.len() as u64;
    }
    Ok(ModelFile { size_bytes, digest: hasher.finish() })
}

fn parse<T: DeserializeOwned>(what: &str, text: &str, expected: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let shown: String = text.chars().take(300).collect();
        invalid(what, &shown, &format!("{expected}; {error}"))
    })
}

fn invalid(what: &str, value: &str, expected: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.into(), expected: expected.into() }
}
