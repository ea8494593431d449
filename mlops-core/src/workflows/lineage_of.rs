//! What a text names that a lineage is asked of.

use super::lineage::{Sources, none_if_gone, quoted};
use crate::error::{Error, Result};
use crate::lineage::NodeKind;
use crate::registry::{ModelQuery, ModelRegistry, Stage};

/// Something that has a lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Run(String),
    LoggedModel(String),
    Version(String, u64),
    Dataset(String),
    Source(String),
}

impl Named {
    pub(super) const fn kind(&self) -> NodeKind {
        match self {
            Self::Run(_) => NodeKind::Run,
            Self::LoggedModel(_) => NodeKind::LoggedModel,
            Self::Version(..) => NodeKind::Version,
            Self::Dataset(_) => NodeKind::Dataset,
            Self::Source(_) => NodeKind::Source,
        }
    }

    pub(super) fn id(&self) -> String {
        match self {
            Self::Version(name, number) => format!("{name}/{number}"),
            Self::Run(id) | Self::LoggedModel(id) | Self::Dataset(id) | Self::Source(id) => id.clone(),
        }
    }
}

impl Sources<'_> {
    /// What a text names: `fraud@5`, `models:/fraud@production`, `runs:/<run>`, `dataset:<digest>`, or an id.
    pub(super) fn named(&self, what: &str) -> Result<Named> {
        let what = what.trim();
        if let Some(rest) = what.strip_prefix("runs:/") {
            let id = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
            return Ok(Named::Run(self.runs.get(id)?.info.run_id));
        }
        if let Some(digest) = what.strip_prefix("dataset:") {
            return self.dataset(digest)?.ok_or_else(|| Error::NotFound {
                what: "data set",
                id: digest.into(),
                hint: "; no run of this store has it as an input".into(),
            });
        }
        let is_uri = what.starts_with("models:/");
        let name = what.strip_prefix("models:/").unwrap_or(what).trim_matches('/');
        if let Some((model, which)) = name.rsplit_once('@').or_else(|| name.rsplit_once('/').filter(|_| is_uri)) {
            return self.version_named(model, which, name.contains('@'));
        }
        if let Some(found) = none_if_gone(self.models.get(name))? {
            return Ok(Named::LoggedModel(found.model.model_id));
        }
        if let Some(run) = none_if_gone(self.runs.get(what))?.filter(|_| !is_uri) {
            return Ok(Named::Run(run.info.run_id));
        }
        let found = if is_uri { None } else { self.dataset(what)? };
        found.ok_or_else(|| Error::NotFound {
            what: "run, logged model or data set",
            id: what.into(),
            hint: "; a version is `fraud@5` or `models:/fraud@production`, a run `runs:/<run>`, a data set `dataset:<digest>`"
                .into(),
        })
    }

    fn dataset(&self, digest: &str) -> Result<Option<Named>> {
        let is_there = !self.runs_with(&format!("datasets.digest = {}", quoted(digest)))?.is_empty();
        Ok(is_there.then(|| Named::Dataset(digest.into())))
    }

    fn version_named(&self, model: &str, which: &str, is_alias: bool) -> Result<Named> {
        if let Ok(number) = which.parse::<u64>() {
            let found = self.registry.get_version(model, number);
            // What was deleted has a lineage too.
            return match found {
                Ok(version) => Ok(Named::Version(version.name, number)),
                Err(e) => {
                    let left = none_if_gone(self.registry.deleted_versions(model))?.unwrap_or_default();
                    let is_left = left.iter().any(|left| left.version == number);
                    if is_left { Ok(Named::Version(model.into(), number)) } else { Err(e) }
                }
            };
        }
        let missing =
            |what| Error::NotFound { what, id: which.into(), hint: format!(" of the registered model `{model}`") };
        let found = if is_alias {
            self.registry.get_by_alias(model, which)?
        } else if which == "latest" {
            let filter = format!("name = {}", quoted(&self.registry.get_model(model)?.name));
            let query = ModelQuery { filter, max_results: 1, ..ModelQuery::default() };
            self.registry.search_versions(&query)?.items.pop().ok_or_else(|| missing("version"))?
        } else {
            let stage: Stage = which.parse()?;
            self.registry.latest_versions(model, &[stage])?.pop().ok_or_else(|| missing("version in the stage"))?
        };
        Ok(Named::Version(found.name, found.version))
    }
}
