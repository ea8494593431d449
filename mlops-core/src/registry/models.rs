//! Making, changing and deleting models, and the tags of both.

use super::change::{Change, What};
use super::keys;
use super::log::Action;
use super::names;
use super::store::LocalRegistry;
use super::tombstones::Grave;
use super::types::{ModelRecord, NameEntry, RegisteredModel};
use crate::base::limits;
use crate::base::names as base_names;
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::StoredText;
use crate::storage::Op;

/// Refuses a description that is too long; an empty one is none.
pub(super) fn description(given: Option<&str>) -> Result<Option<String>> {
    let given = given.filter(|text| !text.is_empty());
    limits::check(|| "the description".into(), given.map_or(0, str::len), limits::DESCRIPTION_BYTES, "bytes")?;
    Ok(given.map(str::to_owned))
}

impl LocalRegistry {
    pub(super) fn make_model(
        &self,
        name: &str,
        description: Option<&str>,
        tags: &[(String, String)],
    ) -> Result<RegisteredModel> {
        let record = self.change(|change| {
            let mut model = self.new_model(change, name)?;
            model.description = self::description(description)?;
            for (key, value) in tags {
                change.push(self.tag_op(keys::model_tag(model.number, key), key, value)?);
            }
            change.put_model(&mut model)?;
            Ok(model)
        })?;
        self.model(record)
    }

    /// A model that is being made; the caller stores its record.
    pub(super) fn new_model(&self, change: &mut Change, name: &str) -> Result<ModelRecord> {
        let lower = names::model(name)?;
        let entry = self.name_entry(&lower)?;
        if let Some(taken) = self.find_record(name)? {
            let hint = "; choose another name, or register versions of it".into();
            return Err(Error::AlreadyExists { what: "registered model", id: taken.name, hint });
        }
        let next = self.storage.get(keys::NEXT_MODEL)?;
        if next.is_none() {
            // The first of all: what is made from here on has an entry.
            change.push(Op::put(keys::BY_RUN_IS_WHOLE, stored::PRESENT));
        }
        let number: u64 =
            next.map_or(Ok(1), |bytes| stored::decode("the number of the next registered model", &bytes))?;
        let model = ModelRecord {
            number,
            name: name.into(),
            description: None,
            next_version: entry.used + 1,
            generation: 0,
            created_at: change.at,
            updated_at: change.at,
        };
        change.push(Op::put(keys::NEXT_MODEL, stored::encode(&(number + 1))?));
        change.push(Op::put(keys::name(&lower), stored::encode(&NameEntry { model: Some(number), used: entry.used })?));
        change.event(Action::ModelCreated, name, What::default())?;
        Ok(model)
    }

    pub(super) fn set_model_description(&self, name: &str, description: Option<&str>) -> Result<RegisteredModel> {
        let new = self::description(description)?;
        let record = self.change(|change| {
            let mut model = self.record(name)?;
            if model.description != new {
                let from = std::mem::replace(&mut model.description, new.clone());
                change.put_model(&mut model)?;
                let what = What { from: from.as_deref(), to: new.as_deref(), ..What::default() };
                change.event(Action::ModelDescribed, &model.name, what)?;
            }
            Ok(model)
        })?;
        self.model(record)
    }

    pub(super) fn remove_model(&self, name: &str, force: bool) -> Result<()> {
        let number = self.change(|change| {
            let model = self.record(name)?;
            for (slot, state) in self.slots(&model)? {
                if let Some(number) = state.production {
                    self.check_unprotected(change, &model, number, &slot, force)?;
                }
            }
            let entry = NameEntry { model: None, used: model.next_version - 1 };
            change.push(Op::put(keys::name(&names::model(name)?), stored::encode(&entry)?));
            change.push(Op::delete(keys::model(model.number)));
            let used = entry.used.to_string();
            change.event(Action::ModelDeleted, &model.name, What { from: Some(&used), ..What::default() })?;
            let grave: Grave = (names::model(name)?, change.seq());
            change.push(Op::put(keys::grave(model.number), stored::encode(&grave)?));
            Ok(model.number)
        })?;
        // Nobody finds these any more, and nobody gets the model's number again.
        self.remove_parts(number)
    }

    /// The operation that stores a tag; a long value becomes a blob.
    pub(super) fn tag_op(&self, place: Vec<u8>, key: &str, value: &str) -> Result<Op> {
        base_names::check_key("key of a tag", key)?;
        limits::check(|| format!("the value of `{key}`"), value.len(), limits::VALUE_BYTES, "bytes")?;
        Ok(Op::put(place, stored::encode(&StoredText::new(self.blobs(), value)?)?))
    }

    /// Where a tag of a model or one of its versions stands; the model has it now.
    fn tag_place(&self, model: &ModelRecord, version: Option<u64>, key: &str) -> Result<Vec<u8>> {
        Ok(match version {
            None => keys::model_tag(model.number, key),
            Some(version) => {
                self.version_record(model, version)?;
                keys::version_tag(model.number, version, key)
            }
        })
    }

    pub(super) fn tag(&self, name: &str, version: Option<u64>, key: &str, value: &str) -> Result<()> {
        self.change(|change| {
            let mut model = self.record(name)?;
            let place = self.tag_place(&model, version, key)?;
            let op = self.tag_op(place.clone(), key, value)?;
            let had = self.storage.get(&place)?;
            if matches!(&op, Op::Put { value, .. } if had.as_ref() == Some(value)) {
                return Ok(());
            }
            let had = had.map(|bytes| stored::decode::<StoredText>("a tag of the registry", &bytes)).transpose()?;
            let had = had.map(|text| text.load(self.blobs())).transpose()?;
            change.push(op);
            change.put_model(&mut model)?;
            let action = if version.is_some() { Action::VersionTagSet } else { Action::ModelTagSet };
            let what = What { version, detail: Some(key), from: had.as_deref(), to: Some(value), ..What::default() };
            change.event(action, &model.name, what)
        })
    }

    pub(super) fn untag(&self, name: &str, version: Option<u64>, key: &str) -> Result<bool> {
        self.change(|change| {
            let mut model = self.record(name)?;
            let place = self.tag_place(&model, version, key)?;
            if self.storage.get(&place)?.is_none() {
                return Ok(false);
            }
            change.push(Op::delete(place));
            change.put_model(&mut model)?;
            let action = if version.is_some() { Action::VersionTagDeleted } else { Action::ModelTagDeleted };
            change.event(action, &model.name, What { version, detail: Some(key), ..What::default() })?;
            Ok(true)
        })
    }
}
