//! What a filter can look at.

use std::fmt;

use super::aspects::Aspect;
use super::types::{Record, Value};

/// What kind of thing a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entity {
    /// A metric.
    Metric,
    /// A param.
    Param,
    /// A tag.
    Tag,
    /// Something that every run has, such as its name or start.
    Attribute,
    /// Something about the datasets that a run has as inputs.
    Dataset,
}

impl Entity {
    pub(super) const EXPECTED: &str = "metrics, params, tags, attributes or datasets";

    /// The name as filters print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metric => "metrics",
            Self::Param => "params",
            Self::Tag => "tags",
            Self::Attribute => "attributes",
            Self::Dataset => "datasets",
        }
    }

    /// The entity of this name, in any spelling that MLflow takes.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "metric" | "metrics" => Self::Metric,
            "param" | "params" | "parameter" | "parameters" => Self::Param,
            "tag" | "tags" => Self::Tag,
            "attribute" | "attributes" | "attr" | "run" => Self::Attribute,
            "dataset" | "datasets" => Self::Dataset,
            _ => return None,
        })
    }
}

/// One thing that a filter looks at or an order sorts by.
///
/// A metric's key may hold dots, so that `metrics.loss.min` has two meanings. It is the metric `loss.min` of a record
/// that has one, else the smallest value of the metric `loss`. In quotes a key is a key: ``metrics.`loss.min` `` is
/// that metric only, ``metrics.`loss`.min`` that aspect only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field {
    /// What kind of thing.
    pub entity: Entity,
    /// Its key or name.
    pub key: String,
    /// What of it.
    pub aspect: Aspect,
    /// What the last part of the key means if the record has no such key.
    pub(super) guess: Option<Aspect>,
}

/// What a field can be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Either,
    Time,
    Duration,
}

impl Kind {
    /// True if there is a text to fit patterns to.
    pub(super) const fn has_text(self) -> bool {
        matches!(self, Self::Text | Self::Either)
    }
}

/// What filters and orders are about: it says which fields there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Runs, with all kinds of fields.
    #[default]
    Runs,
    /// Experiments, with tags and attributes of their own.
    Experiments,
    /// Registered models, with tags and attributes of their own.
    Models,
    /// Versions of registered models, with tags and attributes of their own.
    ModelVersions,
}

impl Subject {
    /// The attributes of what is no run: these, and tags, are all that it has.
    const fn attributes(self) -> Option<&'static [(&'static str, Kind)]> {
        match self {
            Self::Runs => None,
            Self::Experiments => Some(EXPERIMENT_ATTRIBUTES),
            Self::Models => Some(MODEL_ATTRIBUTES),
            Self::ModelVersions => Some(VERSION_ATTRIBUTES),
        }
    }
}

const ATTRIBUTES: &[(&str, Kind)] = &[
    ("run_id", Kind::Text),
    ("run_name", Kind::Text),
    ("experiment_id", Kind::Text),
    ("status", Kind::Text),
    ("user_id", Kind::Text),
    ("artifact_uri", Kind::Text),
    ("start_time", Kind::Time),
    ("end_time", Kind::Time),
    ("duration", Kind::Duration),
];
/// The attributes of experiments. A name that others have too is of the same kind everywhere.
const EXPERIMENT_ATTRIBUTES: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("experiment_id", Kind::Text),
    ("creation_time", Kind::Time),
    ("last_update_time", Kind::Time),
];
const MODEL_ATTRIBUTES: &[(&str, Kind)] =
    &[("name", Kind::Text), ("creation_timestamp", Kind::Time), ("last_updated_timestamp", Kind::Time)];
const VERSION_ATTRIBUTES: &[(&str, Kind)] = &[
    ("name", Kind::Text),
    ("version_number", Kind::Number),
    ("run_id", Kind::Text),
    ("source_path", Kind::Text),
    ("current_stage", Kind::Text),
    ("creation_timestamp", Kind::Time),
    ("last_updated_timestamp", Kind::Time),
];
const DATASET_KEYS: &[&str] = &["name", "digest", "context"];

impl Field {
    /// The names of the attributes. `created` is another name of `start_time`; case and spaces instead of `_` do
    /// not matter.
    pub fn attributes() -> impl Iterator<Item = &'static str> {
        ATTRIBUTES.iter().map(|(name, _)| *name)
    }

    /// The field of this name; Err says what would have been one.
    pub(super) fn new(subject: Subject, entity: Entity, key: &str) -> Result<Self, String> {
        let others = subject.attributes().filter(|_| entity != Entity::Tag);
        let key = match entity {
            Entity::Attribute | Entity::Metric | Entity::Param | Entity::Dataset if others.is_some() => {
                let name = key.trim().to_lowercase().replace([' ', '-'], "_");
                let known = || others.unwrap_or_default().iter().map(|(name, _)| *name);
                let found = known().find(|known| *known == name && entity == Entity::Attribute);
                found.ok_or_else(|| format!("{}, or tags. before the key", known().collect::<Vec<_>>().join(", ")))?
            }
            Entity::Attribute => {
                let name = key.trim().to_lowercase().replace([' ', '-'], "_");
                let name = if name == "created" { "start_time" } else { name.as_str() };
                Self::attributes().find(|known| *known == name).ok_or_else(|| {
                    let known: Vec<&str> = Self::attributes().collect();
                    format!(
                        "an attribute ({}), or metrics., params., tags. or datasets. before the key",
                        known.join(", ")
                    )
                })?
            }
            Entity::Dataset if !DATASET_KEYS.contains(&key) => {
                return Err(format!("datasets. and one of {}", DATASET_KEYS.join(", ")));
            }
            _ if key.is_empty() => {
                return Err(format!(
                    "a key behind `{}.`, in backticks or double quotes if it is no plain word",
                    entity.as_str()
                ));
            }
            _ => key,
        };
        Ok(Self { entity, key: key.into(), aspect: Aspect::Value, guess: None })
    }

    /// The same, of a key without quotes, the end of which may name an aspect.
    pub(super) fn guessed(mut self) -> Self {
        if let (Entity::Metric, Some((metric, name))) = (self.entity, self.key.rsplit_once('.')) {
            self.guess = Aspect::from_name(name).filter(|_| !metric.is_empty());
        }
        self
    }

    /// What a record says: the value of the key, else of what the key may mean besides.
    pub fn of<'r>(&self, record: &'r dyn Record) -> Option<Value<'r>> {
        self.meanings().find_map(|(key, aspect)| record.get(self.entity, key, aspect))
    }

    /// The keys and aspects that the field stands for, the first that a record has counts.
    ///
    /// ```
    /// use mlops_core::query::{Aspect, parse};
    /// let filter = parse("metrics.loss.min < 1").unwrap();
    /// let field = filter.fields().into_iter().next().unwrap();
    /// assert_eq!(field.meanings().collect::<Vec<_>>(), [("loss.min", Aspect::Value), ("loss", Aspect::Min)]);
    /// ```
    pub fn meanings(&self) -> impl Iterator<Item = (&str, Aspect)> {
        let guess = self.guess.and_then(|aspect| Some((self.key.rsplit_once('.')?.0, aspect)));
        std::iter::once((self.key.as_str(), self.aspect)).chain(guess)
    }

    /// True if [`Record::get`] may have to read points.
    pub(super) fn needs_points(&self) -> bool {
        self.meanings().any(|(_, aspect)| aspect.needs_points())
    }

    /// True if its values are times.
    pub fn is_time(&self) -> bool {
        self.kind() == Kind::Time
    }

    /// True if its values are numbers.
    pub fn is_number(&self) -> bool {
        matches!(self.kind(), Kind::Number | Kind::Duration)
    }

    pub(super) fn kind(&self) -> Kind {
        match self.entity {
            Entity::Metric if self.guess.unwrap_or(self.aspect) == Aspect::Time => Kind::Time,
            Entity::Metric => Kind::Number,
            Entity::Param | Entity::Tag => Kind::Either,
            Entity::Dataset => Kind::Text,
            Entity::Attribute => {
                let mut known = ATTRIBUTES.iter().chain(EXPERIMENT_ATTRIBUTES).chain(VERSION_ATTRIBUTES);
                known.find(|(name, _)| *name == self.key).map_or(Kind::Either, |(_, kind)| *kind)
            }
        }
    }
}

/// True for what may stand in a key without quotes, behind its first character.
pub(super) fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':')
}

/// True for a key that needs no quotes.
pub(super) fn is_plain(key: &str) -> bool {
    key.chars().all(is_bare) && !key.starts_with('.') && !key.ends_with('.')
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = is_plain(&self.key);
        // Without quotes the end of the key, or what stands behind it, would be read as another thing.
        let bare = match self.aspect {
            Aspect::Value => plain && self.clone().guessed().guess == self.guess,
            Aspect::At(_) => plain,
            _ => false,
        };
        if bare {
            write!(f, "{}.{}{}", self.entity.as_str(), self.key, self.aspect)
        } else {
            write!(f, "{}.`{}`{}", self.entity.as_str(), self.key.replace('`', "``"), self.aspect)
        }
    }
}
