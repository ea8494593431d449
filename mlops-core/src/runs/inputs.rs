//! The data sets that a run has as inputs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::doc::StoredText;
use super::handle::Handle;
use super::record::Change;
use super::types::{DATASET_CONTEXT, DatasetInput};
use crate::base::digests::Digest;
use crate::base::limits;
use crate::base::names;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::query::Value;

/// An input as it is stored. All of it is bounded: long texts are blobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredInput {
    /// How many inputs the run had before: their order.
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) digest: String,
    /// The value of the tag [`DATASET_CONTEXT`].
    pub(super) context: Option<String>,
    source_type: String,
    source: StoredText,
    schema: Option<StoredText>,
    profile: Option<StoredText>,
    /// All other tags as a JSON object.
    tags: Option<StoredText>,
}

impl StoredInput {
    pub(super) fn new(blobs: &dyn BlobStore, input: &DatasetInput) -> Result<Self> {
        let text = |text: &Option<String>| text.as_ref().map(|text| StoredText::new(blobs, text)).transpose();
        Ok(Self {
            number: 0,
            name: input.name.clone(),
            digest: input.digest.clone(),
            context: input.context().map(str::to_owned),
            source_type: input.source_type.clone(),
            source: StoredText::new(blobs, &input.source)?,
            schema: text(&input.schema)?,
            profile: text(&input.profile)?,
            tags: text(&other_tags(input)?)?,
        })
    }

    /// What tells one input of a run from another: name, digest and context, as a key of bounded length.
    pub(super) fn key(input: &DatasetInput) -> Result<String> {
        let parts = (&input.name, &input.digest, input.context());
        let bytes = postcard::to_allocvec(&parts).map_err(|e| Error::internal(format!("cannot name an input: {e}")))?;
        Ok(Digest::of(&bytes).to_hex())
    }

    /// The same at this place in the order.
    pub(super) fn numbered(&self, number: u64) -> Self {
        Self { number, ..self.clone() }
    }

    fn texts(&self) -> impl Iterator<Item = &StoredText> {
        [Some(&self.source), self.schema.as_ref(), self.profile.as_ref(), self.tags.as_ref()].into_iter().flatten()
    }

    /// The blobs that its texts are in.
    pub(super) fn blobs(&self) -> impl Iterator<Item = Digest> {
        self.texts().filter_map(StoredText::blob)
    }

    pub(super) fn load(self, blobs: &dyn BlobStore) -> Result<DatasetInput> {
        let text = |text: Option<StoredText>| text.map(|text| text.load(blobs)).transpose();
        let mut tags: BTreeMap<String, String> = match text(self.tags)? {
            Some(tags) => serde_json::from_str(&tags)
                .map_err(|e| Error::internal(format!("the tags of the input `{}` cannot be read: {e}", self.name)))?,
            None => BTreeMap::new(),
        };
        tags.extend(self.context.map(|context| (DATASET_CONTEXT.to_owned(), context)));
        Ok(DatasetInput {
            name: self.name,
            digest: self.digest,
            source_type: self.source_type,
            source: self.source.load(blobs)?,
            schema: text(self.schema)?,
            profile: text(self.profile)?,
            tags,
        })
    }
}

/// The tags but for the context, as JSON; None if there are none.
fn other_tags(input: &DatasetInput) -> Result<Option<String>> {
    let tags: BTreeMap<_, _> = input.tags.iter().filter(|(key, _)| *key != DATASET_CONTEXT).collect();
    if tags.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&tags).map(Some).map_err(|e| Error::internal(format!("cannot encode tags: {e}")))
}

/// Inputs in the order they were logged.
pub(super) fn in_order(inputs: BTreeMap<String, StoredInput>) -> Vec<(String, StoredInput)> {
    let mut inputs: Vec<_> = inputs.into_iter().collect();
    inputs.sort_by_key(|(_, input)| input.number);
    inputs
}

/// The inputs of a run in the order they were logged, long texts loaded.
pub(super) fn load(inputs: BTreeMap<String, StoredInput>, blobs: &dyn BlobStore) -> Result<Vec<DatasetInput>> {
    let mut inputs: Vec<StoredInput> = inputs.into_values().collect();
    inputs.sort_by_key(|input| input.number);
    inputs.into_iter().map(|input| input.load(blobs)).collect()
}

/// What a filter finds of a run's inputs: the name, digest or context of each.
pub(super) fn values<'a>(inputs: &'a BTreeMap<String, StoredInput>, key: &str) -> Option<Value<'a>> {
    let value = |input: &'a StoredInput| match key {
        "name" => Some(input.name.as_str()),
        "digest" => Some(input.digest.as_str()),
        _ => input.context.as_deref(),
    };
    let mut inputs: Vec<_> = inputs.values().collect();
    inputs.sort_by_key(|input| input.number);
    let values: Vec<_> = inputs.into_iter().filter_map(value).map(|text| Value::Text(Cow::Borrowed(text))).collect();
    (!values.is_empty()).then_some(Value::Many(values))
}

pub(super) fn check(input: &DatasetInput) -> Result<()> {
    names::check_key("name of a data set", &input.name)?;
    names::check_key("digest of a data set", &input.digest)?;
    names::check_key("source type of a data set", &input.source_type)?;
    let size = |part: &str, text: &str, limit| {
        limits::check(|| format!("the {part} of the data set `{}`", input.name), text.len(), limit, "bytes")
    };
    size("context", input.context().unwrap_or_default(), limits::KEY_BYTES)?;
    size("source", &input.source, limits::VALUE_BYTES)?;
    size("schema", input.schema.as_deref().unwrap_or_default(), limits::VALUE_BYTES)?;
    size("profile", input.profile.as_deref().unwrap_or_default(), limits::VALUE_BYTES)?;
    for (key, value) in &input.tags {
        names::check_key("tag of a data set", key)?;
        size(&format!("tag `{key}`"), value, limits::VALUE_BYTES)?;
    }
    Ok(())
}

impl Handle {
    /// Logs inputs, with the number of the record.
    pub(super) fn inputs(&self, inputs: &[DatasetInput]) -> Result<Option<u64>> {
        let core = &self.runs.core;
        core.check_writable("the run")?;
        inputs.iter().try_for_each(check)?;
        if inputs.is_empty() {
            return Ok(None);
        }
        let mut change = Change::new(&self.known.id, self.at(None));
        // Texts may be long: other threads log to the run meanwhile.
        let _lease = core.blobs.leases().hold()?;
        for input in inputs {
            change.inputs.push((StoredInput::key(input)?, StoredInput::new(&*core.blobs, input)?));
        }
        let mut state = self.change()?;
        self.append_change(&mut state, change).map(Some)
    }
}
