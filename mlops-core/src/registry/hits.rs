//! What a search holds against its filter and order: models and versions, and their records before their tags are read.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::types::{ModelRecord, ModelVersion, RegisteredModel, VersionInfo};
use crate::query::{self, Aspect, Entity, Value};

/// A thing that is found: its place among those that the order does not tell apart.
pub(super) trait Hit: query::Record {
    /// What its name on a page token is.
    fn place(&self) -> String;
    fn before(&self, other: &Self) -> Ordering;
}

/// A version as it is stored: all of it but its tags and aliases.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) record: &'a ModelRecord,
    pub(super) number: u64,
    pub(super) info: VersionInfo,
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

/// An attribute of a version.
fn attribute<'a>(name: &'a str, number: u64, info: &'a VersionInfo, key: &str) -> Option<Value<'a>> {
    #[expect(clippy::cast_precision_loss, reason = "versions are counted up from 1")]
    match key {
        "name" => Some(text(name)),
        "version_number" => Some(Value::Number(number as f64)),
        "run_id" => info.run_id.as_deref().map(text),
        "source_path" => Some(text(&info.source)),
        "current_stage" => Some(text(info.stage.as_str())),
        "creation_timestamp" => Some(Value::Time(info.created_at)),
        "last_updated_timestamp" => Some(Value::Time(info.updated_at)),
        _ => None,
    }
}

impl query::Record for ModelRecord {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        match (entity, key) {
            (Entity::Attribute, "name") => Some(text(&self.name)),
            (Entity::Attribute, "creation_timestamp") => Some(Value::Time(self.created_at)),
            (Entity::Attribute, "last_updated_timestamp") => Some(Value::Time(self.updated_at)),
            _ => None,
        }
    }
}

impl query::Record for Row<'_> {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        let is_attribute = entity == Entity::Attribute;
        is_attribute.then(|| attribute(&self.record.name, self.number, &self.info, key)).flatten()
    }
}

impl query::Record for RegisteredModel {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        match (entity, key) {
            (Entity::Tag, key) => self.tags.get(key).map(|value| text(value)),
            (Entity::Attribute, "name") => Some(text(&self.name)),
            (Entity::Attribute, "creation_timestamp") => Some(Value::Time(self.created_at)),
            (Entity::Attribute, "last_updated_timestamp") => Some(Value::Time(self.updated_at)),
            _ => None,
        }
    }
}

impl query::Record for ModelVersion {
    fn get(&self, entity: Entity, key: &str, _: Aspect) -> Option<Value<'_>> {
        match entity {
            Entity::Tag => self.tags.get(key).map(|value| text(value)),
            Entity::Attribute => attribute(&self.name, self.version, &self.info, key),
            _ => None,
        }
    }
}

impl Hit for ModelRecord {
    fn place(&self) -> String {
        self.name.clone()
    }

    fn before(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hit for RegisteredModel {
    fn place(&self) -> String {
        self.name.clone()
    }

    fn before(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name)
    }
}

impl Hit for Row<'_> {
    fn place(&self) -> String {
        format!("{}/{}", self.record.name, self.number)
    }

    fn before(&self, other: &Self) -> Ordering {
        self.record.name.cmp(&other.record.name).then_with(|| other.number.cmp(&self.number))
    }
}

impl Hit for ModelVersion {
    fn place(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }

    fn before(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name).then_with(|| other.version.cmp(&self.version))
    }
}
