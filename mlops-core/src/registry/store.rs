//! The way into the pillar.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::by::By;
use super::hooks::Background;
use super::keys;
use super::layouts::decode_version;
use super::log::Event;
use super::names;
use super::search::Listed;
use super::types::{
    AliasEntry, ModelQuery, ModelRecord, ModelVersion, NameEntry, RegisteredModel, Stage, StageOptions, VersionInfo,
    VersionOptions,
};
use super::watches::Watches;
use super::{ModelRegistry, VersionStatus};
use crate::base::paging::Page;
use crate::base::stored;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::logged_models::LoggedModels;
use crate::runs::{ArtifactInfo, Runs, StoredText, for_each_entry};
use crate::storage::{KeyRange, ScanOptions, Storage};

/// The registry of a store.
///
/// ```
/// use mlops_core::Store;
/// use mlops_core::registry::{By, ModelRegistry, Stage, StageOptions, VersionOptions};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let registry = store.registry().by(By { reason: Some("better on the last week".into()), ..By::default() });
/// let source = "s3://models/fraud".to_owned();
/// let made = registry.register("fraud", &VersionOptions { source, ..VersionOptions::default() })?;
/// assert_eq!((made.version, made.info.stage), (1, Stage::None));
/// registry.set_alias("fraud", "champion", 1)?;
/// registry.set_stage("fraud", 1, Stage::Production, StageOptions::default())?;
/// assert_eq!(registry.get_by_alias("fraud", "champion")?.info.stage, Stage::Production);
/// assert_eq!(registry.history("fraud")?.len(), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LocalRegistry {
    pub(super) runs: Runs,
    pub(super) logged_models: LoggedModels,
    pub(super) storage: Arc<dyn Storage>,
    pub(super) watches: Arc<Watches>,
    pub(super) listed: Arc<Listed>,
    pub(super) by: By,
    pub(super) hooks: Arc<Background>,
}

impl LocalRegistry {
    /// The registry of a store whose runs are these.
    pub(crate) fn new(
        runs: Runs,
        logged_models: LoggedModels,
        storage: Arc<dyn Storage>,
        watches: Arc<Watches>,
    ) -> Self {
        Self { runs, logged_models, storage, watches, listed: Arc::default(), by: By::default(), hooks: Arc::default() }
    }

    /// The same registry, whose changes are handed to the user's hooks as this says.
    pub(crate) fn with_hooks(self, hooks: Arc<Background>) -> Self {
        Self { hooks, ..self }
    }

    /// The same registry, which keeps the list of models here.
    pub(crate) fn with_listed(self, listed: Arc<Listed>) -> Self {
        Self { listed, ..self }
    }

    /// The same registry, whose changes say who makes them and why.
    #[must_use]
    pub fn by(&self, by: By) -> Self {
        Self { by, ..self.clone() }
    }

    /// The runs of the same store.
    pub(crate) fn runs(&self) -> &Runs {
        &self.runs
    }

    /// The logged models of the same store.
    pub(crate) fn logged_models(&self) -> &LoggedModels {
        &self.logged_models
    }

    pub(super) fn blobs(&self) -> &dyn BlobStore {
        &**self.runs.blobs()
    }

    /// What is stored of a name in lower case.
    pub(super) fn name_entry(&self, lower: &str) -> Result<NameEntry> {
        let bytes = self.storage.get(&keys::name(lower))?;
        bytes.map_or_else(|| Ok(NameEntry::default()), |bytes| stored::decode("the name of a registered model", &bytes))
    }

    pub(super) fn find_record(&self, name: &str) -> Result<Option<ModelRecord>> {
        let Some(number) = self.name_entry(&names::model(name)?)?.model else { return Ok(None) };
        let bytes = self.storage.get(&keys::model(number))?;
        bytes.map(|bytes| stored::decode("a registered model", &bytes)).transpose()
    }

    pub(super) fn record(&self, name: &str) -> Result<ModelRecord> {
        self.find_record(name)?.ok_or_else(|| Error::NotFound {
            what: "registered model",
            id: name.into(),
            hint: "; register a version of it, or create it".into(),
        })
    }

    pub(super) fn find_version_record(&self, model: &ModelRecord, number: u64) -> Result<Option<VersionInfo>> {
        let bytes = self.storage.get(&keys::version(model.number, number))?;
        bytes.map(|bytes| decode_version(&bytes)).transpose()
    }

    pub(super) fn version_record(&self, model: &ModelRecord, number: u64) -> Result<VersionInfo> {
        match self.find_version_record(model, number)? {
            Some(info) => Ok(info),
            None => Err(self.no_version(&model.name, number, number > 0 && number < model.next_version)?),
        }
    }

    /// The text of the tag of a key.
    pub(super) fn tag_text(&self, key: &[u8]) -> Result<Option<String>> {
        let Some(bytes) = self.storage.get(key)? else { return Ok(None) };
        let stored: StoredText = stored::decode("a tag of the registry", &bytes)?;
        stored.load(self.blobs()).map(Some)
    }

    /// The tags behind a prefix.
    pub(super) fn tags(&self, prefix: &[u8]) -> Result<BTreeMap<String, String>> {
        let mut tags = BTreeMap::new();
        for_each_entry(&*self.storage, KeyRange::prefix(prefix), |key, value| {
            let key = String::from_utf8_lossy(key.strip_prefix(prefix).unwrap_or_default()).into_owned();
            let stored: StoredText = stored::decode("a tag of the registry", value)?;
            tags.insert(key, stored.load(self.blobs())?);
            Ok(())
        })?;
        Ok(tags)
    }

    pub(super) fn aliases(&self, model: u64) -> Result<Vec<AliasEntry>> {
        let mut aliases = Vec::new();
        for_each_entry(&*self.storage, KeyRange::prefix(keys::part(keys::ALIASES, model)), |_, value| {
            aliases.push(stored::decode("an alias", value)?);
            Ok(())
        })?;
        Ok(aliases)
    }

    /// A version with its parts; `aliases` are those of its model.
    pub(super) fn with_parts(
        &self,
        model: &ModelRecord,
        version: u64,
        info: VersionInfo,
        aliases: &[AliasEntry],
    ) -> Result<ModelVersion> {
        let tags = self.tags(&keys::version_tag(model.number, version, ""))?;
        let own = aliases.iter().filter(|entry| entry.version == version).map(|entry| entry.alias.clone());
        Ok(ModelVersion { name: model.name.clone(), version, info, tags, aliases: own.collect() })
    }

    pub(super) fn version(&self, model: &ModelRecord, number: u64) -> Result<ModelVersion> {
        let info = self.version_record(model, number)?;
        self.with_parts(model, number, info, &self.aliases(model.number)?)
    }

    /// The highest number in a stage.
    pub(super) fn latest_in(&self, model: u64, stage: Stage) -> Result<Option<u64>> {
        let options = ScanOptions { limit: 1, reverse: true };
        let page = self.storage.scan(&KeyRange::prefix(keys::in_stage(model, stage)), &options)?;
        Ok(page.entries.first().and_then(|(key, _)| keys::last_number(key)))
    }

    /// The highest number that there is.
    pub(super) fn newest_number(&self, model: &ModelRecord) -> Result<Option<u64>> {
        let options = ScanOptions { limit: 1, reverse: true };
        let page = self.storage.scan(&KeyRange::prefix(keys::part(keys::VERSIONS, model.number)), &options)?;
        Ok(page.entries.first().and_then(|(key, _)| keys::last_number(key)))
    }

    pub(super) fn latest(&self, model: &ModelRecord, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        let mut found = Vec::new();
        for stage in stages {
            // Of several slots the one without a name speaks for the model.
            let first = if *stage == Stage::Production { self.slot(model, "")?.production } else { None };
            let latest = first.map_or_else(|| self.latest_in(model.number, *stage), |number| Ok(Some(number)))?;
            if let Some(number) = latest {
                found.push(self.version(model, number)?);
            }
        }
        Ok(found)
    }

    pub(super) fn model(&self, record: ModelRecord) -> Result<RegisteredModel> {
        let tags = self.tags(&keys::part(keys::MODEL_TAGS, record.number))?;
        let aliases = self.aliases(record.number)?.into_iter().map(|entry| (entry.alias, entry.version)).collect();
        let latest_versions = self.latest(&record, &Stage::ALL)?;
        let slots = self.slots(&record)?;
        let ModelRecord { name, description, generation, created_at, updated_at, .. } = record;
        Ok(RegisteredModel {
            name,
            description,
            tags,
            aliases,
            latest_versions,
            generation,
            slots,
            created_at,
            updated_at,
        })
    }
}

impl ModelRegistry for LocalRegistry {
    fn create_model(
        &self,
        name: &str,
        description: Option<&str>,
        tags: &[(String, String)],
    ) -> Result<RegisteredModel> {
        self.make_model(name, description, tags)
    }

    fn find_model(&self, name: &str) -> Result<Option<RegisteredModel>> {
        self.find_record(name)?.map(|record| self.model(record)).transpose()
    }

    fn get_model(&self, name: &str) -> Result<RegisteredModel> {
        self.model(self.record(name)?)
    }

    fn search_models(&self, query: &ModelQuery) -> Result<Page<RegisteredModel>> {
        self.find_models(query)
    }

    fn rename_model(&self, name: &str, to: &str) -> Result<RegisteredModel> {
        self.rename(name, to)
    }

    fn describe_model(&self, name: &str, description: Option<&str>) -> Result<RegisteredModel> {
        self.set_model_description(name, description)
    }

    fn delete_model(&self, name: &str) -> Result<()> {
        self.remove_model(name, false)
    }

    fn set_model_tag(&self, name: &str, key: &str, value: &str) -> Result<()> {
        self.tag(name, None, key, value)
    }

    fn delete_model_tag(&self, name: &str, key: &str) -> Result<bool> {
        self.untag(name, None, key)
    }

    fn create_version(&self, name: &str, options: &VersionOptions) -> Result<ModelVersion> {
        self.make_version(name, options, false)
    }

    fn register(&self, name: &str, options: &VersionOptions) -> Result<ModelVersion> {
        self.make_version(name, options, true)
    }

    fn get_version(&self, name: &str, number: u64) -> Result<ModelVersion> {
        self.version(&self.record(name)?, number)
    }

    fn search_versions(&self, query: &ModelQuery) -> Result<Page<ModelVersion>> {
        self.find_versions(query)
    }

    fn describe_version(&self, name: &str, number: u64, description: Option<&str>) -> Result<ModelVersion> {
        self.set_version_description(name, number, description)
    }

    fn delete_version(&self, name: &str, number: u64) -> Result<()> {
        self.remove_version(name, number, false)
    }

    fn set_version_tag(&self, name: &str, number: u64, key: &str, value: &str) -> Result<()> {
        self.tag(name, Some(number), key, value)
    }

    fn delete_version_tag(&self, name: &str, number: u64, key: &str) -> Result<bool> {
        self.untag(name, Some(number), key)
    }

    fn copy_version(&self, name: &str, number: u64, to: &str) -> Result<ModelVersion> {
        self.copy(name, number, to)
    }

    fn set_alias(&self, name: &str, alias: &str, number: u64) -> Result<()> {
        self.point_alias(name, alias, number)
    }

    fn delete_alias(&self, name: &str, alias: &str) -> Result<bool> {
        self.remove_alias(name, alias)
    }

    fn get_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion> {
        self.version_of_alias(name, alias)
    }

    fn set_stage(&self, name: &str, number: u64, stage: Stage, options: StageOptions) -> Result<ModelVersion> {
        self.move_to_stage(name, number, stage, options)
    }

    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
        self.latest(&self.record(name)?, if stages.is_empty() { &Stage::ALL } else { stages })
    }

    fn list_files(&self, name: &str, number: u64, path: Option<&str>) -> Result<Vec<ArtifactInfo>> {
        self.listed_files(name, number, path)
    }

    fn download_files(&self, name: &str, number: u64, path: Option<&str>, dest: &Path) -> Result<PathBuf> {
        self.downloaded_files(name, number, path, dest)
    }

    fn history(&self, name: &str) -> Result<Vec<Event>> {
        self.events_of(name)
    }

    fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.read_events(after, limit)
    }
}

/// Refuses to move a version that is not whole.
pub(super) fn check_ready(model: &ModelRecord, number: u64, info: &VersionInfo) -> Result<()> {
    if info.status == VersionStatus::Ready {
        return Ok(());
    }
    let (name, status) = (&model.name, info.status.as_str());
    Err(Error::InvalidState {
        detail: format!("version {number} of `{name}` is {status}; only a READY one can be moved"),
    })
}
