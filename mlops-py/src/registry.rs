//! The model registry.

use std::path::PathBuf;

use mlops_core::registry::{
    By, Event, FilesOf, LocalRegistry, ModelQuery, ModelRegistry as _, ModelVersion, RegisteredModel, Stage,
    StageOptions, VersionOptions,
};
use mlops_core::{Store as CoreStore, Timestamp};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{self, Artifact, OwnedText, Text};
use crate::errors::detached;
use crate::store::Store;

type Out<'py> = PyResult<Bound<'py, PyDict>>;

/// One page of dicts, and the token of the next.
type Page<'py> = PyResult<(Vec<Bound<'py, PyDict>>, Option<String>)>;

/// The registry of a store.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct ModelRegistry {
    store: CoreStore,
    by: By,
}

impl ModelRegistry {
    fn inner(&self) -> LocalRegistry {
        self.store.registry().by(self.by.clone())
    }
}

fn text(given: Option<OwnedText>) -> Option<String> {
    given.map(|text| text.0)
}

fn query(filter: OwnedText, order_by: Vec<OwnedText>, max_results: usize, page_token: Option<OwnedText>) -> ModelQuery {
    let order_by = order_by.into_iter().map(|key| key.0).collect();
    ModelQuery { filter: filter.0, order_by, max_results, page_token: text(page_token) }
}

#[pymethods]
impl ModelRegistry {
    #[new]
    #[pyo3(signature = (store, *, actor=None, reason=None))]
    fn new(store: &Store, actor: Option<OwnedText>, reason: Option<OwnedText>) -> Self {
        Self { store: store.core().clone(), by: By { actor: text(actor), reason: text(reason) } }
    }

    #[pyo3(signature = (name, description=None, tags=Vec::new()))]
    fn create_model<'py>(
        &self,
        py: Python<'py>,
        name: Text<'_>,
        description: Option<Text<'_>>,
        tags: Vec<(OwnedText, OwnedText)>,
    ) -> Out<'py> {
        let tags = convert::pairs(tags);
        model_out(py, &detached(py, || self.inner().create_model(&name, description.as_deref(), &tags))?)
    }

    fn get_model<'py>(&self, py: Python<'py>, name: Text<'_>) -> Out<'py> {
        model_out(py, &detached(py, || self.inner().get_model(&name))?)
    }

    fn search_models<'py>(
        &self,
        py: Python<'py>,
        filter: OwnedText,
        order_by: Vec<OwnedText>,
        max_results: usize,
        page_token: Option<OwnedText>,
    ) -> Page<'py> {
        let query = query(filter, order_by, max_results, page_token);
        let page = detached(py, || self.inner().search_models(&query))?;
        let models: PyResult<_> = page.items.iter().map(|model| model_out(py, model)).collect();
        Ok((models?, page.next_page_token))
    }

    fn rename_model<'py>(&self, py: Python<'py>, name: Text<'_>, new_name: Text<'_>) -> Out<'py> {
        model_out(py, &detached(py, || self.inner().rename_model(&name, &new_name))?)
    }

    fn describe_model<'py>(&self, py: Python<'py>, name: Text<'_>, description: Option<Text<'_>>) -> Out<'py> {
        model_out(py, &detached(py, || self.inner().describe_model(&name, description.as_deref()))?)
    }

    fn delete_model(&self, py: Python<'_>, name: Text<'_>) -> PyResult<()> {
        detached(py, || self.inner().delete_model(&name))
    }

    /// Notes that a version was deleted where the model is from. False if its number was given here.
    fn note_deleted(&self, py: Python<'_>, name: Text<'_>, version: u64) -> PyResult<bool> {
        detached(py, || self.inner().note_deleted(&name, version))
    }

    /// Of the model, or of a version of it.
    fn set_tag(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        version: Option<u64>,
        key: Text<'_>,
        value: Text<'_>,
    ) -> PyResult<()> {
        detached(py, || match version {
            None => self.inner().set_model_tag(&name, &key, &value),
            Some(version) => self.inner().set_version_tag(&name, version, &key, &value),
        })
    }

    fn delete_tag(&self, py: Python<'_>, name: Text<'_>, version: Option<u64>, key: Text<'_>) -> PyResult<bool> {
        detached(py, || match version {
            None => self.inner().delete_model_tag(&name, &key),
            Some(version) => self.inner().delete_version_tag(&name, version, &key),
        })
    }

    /// Makes a version; `files` is the kind, id and path of whose files it has, `with_model` makes the model if there is none.
    #[expect(clippy::too_many_arguments, reason = "keyword arguments in Python")]
    #[pyo3(signature = (name, source, *, with_model=false, must_exist=false, files=None, run_id=None, run_link=None,
        model_id=None, description=None, tags=Vec::new(), created_at=None, number=None, external=false))]
    fn create_version<'py>(
        &self,
        py: Python<'py>,
        name: Text<'_>,
        source: OwnedText,
        with_model: bool,
        must_exist: bool,
        files: Option<(OwnedText, OwnedText, OwnedText)>,
        run_id: Option<OwnedText>,
        run_link: Option<OwnedText>,
        model_id: Option<OwnedText>,
        description: Option<OwnedText>,
        tags: Vec<(OwnedText, OwnedText)>,
        created_at: Option<i64>,
        number: Option<u64>,
        external: bool,
    ) -> Out<'py> {
        let files = files.map(|(kind, id, path)| match kind.0.as_str() {
            "model" => FilesOf::LoggedModel { id: id.0, path: path.0 },
            _ => FilesOf::Run { id: id.0, path: path.0 },
        });
        let options = VersionOptions {
            source: source.0,
            files,
            must_exist,
            run_id: text(run_id),
            run_link: text(run_link),
            model_id: text(model_id),
            description: text(description),
            tags: convert::pairs(tags),
            created_at: created_at.map(Timestamp::from_micros),
            number,
            external,
        };
        let made = detached(py, || {
            let registry = self.inner();
            if with_model { registry.register(&name, &options) } else { registry.create_version(&name, &options) }
        })?;
        version_out(py, &made)
    }

    fn get_version<'py>(&self, py: Python<'py>, name: Text<'_>, version: u64) -> Out<'py> {
        version_out(py, &detached(py, || self.inner().get_version(&name, version))?)
    }

    fn search_versions<'py>(
        &self,
        py: Python<'py>,
        filter: OwnedText,
        order_by: Vec<OwnedText>,
        max_results: usize,
        page_token: Option<OwnedText>,
    ) -> Page<'py> {
        let query = query(filter, order_by, max_results, page_token);
        let page = detached(py, || self.inner().search_versions(&query))?;
        let versions: PyResult<_> = page.items.iter().map(|version| version_out(py, version)).collect();
        Ok((versions?, page.next_page_token))
    }

    fn describe_version<'py>(
        &self,
        py: Python<'py>,
        name: Text<'_>,
        version: u64,
        description: Option<Text<'_>>,
    ) -> Out<'py> {
        version_out(py, &detached(py, || self.inner().describe_version(&name, version, description.as_deref()))?)
    }

    fn delete_version(&self, py: Python<'_>, name: Text<'_>, version: u64) -> PyResult<()> {
        detached(py, || self.inner().delete_version(&name, version))
    }

    fn copy_version<'py>(&self, py: Python<'py>, name: Text<'_>, version: u64, to: Text<'_>) -> Out<'py> {
        version_out(py, &detached(py, || self.inner().copy_version(&name, version, &to))?)
    }

    fn set_alias(&self, py: Python<'_>, name: Text<'_>, alias: Text<'_>, version: u64) -> PyResult<()> {
        detached(py, || self.inner().set_alias(&name, &alias, version))
    }

    fn delete_alias(&self, py: Python<'_>, name: Text<'_>, alias: Text<'_>) -> PyResult<bool> {
        detached(py, || self.inner().delete_alias(&name, &alias))
    }

    fn get_by_alias<'py>(&self, py: Python<'py>, name: Text<'_>, alias: Text<'_>) -> Out<'py> {
        version_out(py, &detached(py, || self.inner().get_by_alias(&name, &alias))?)
    }

    /// The version that a `models:/` URI names.
    fn version_of_uri<'py>(&self, py: Python<'py>, uri: Text<'_>) -> Out<'py> {
        version_out(py, &detached(py, || self.inner().version_of_uri(&uri))?)
    }

    #[pyo3(signature = (name, version, stage, archive_existing=false, expect=None))]
    fn set_stage<'py>(
        &self,
        py: Python<'py>,
        name: Text<'_>,
        version: u64,
        stage: Text<'_>,
        archive_existing: bool,
        expect: Option<u64>,
    ) -> Out<'py> {
        let moved = detached(py, || {
            self.inner().set_stage(&name, version, stage.parse()?, StageOptions { archive_existing, expect })
        })?;
        version_out(py, &moved)
    }

    fn latest_versions<'py>(
        &self,
        py: Python<'py>,
        name: Text<'_>,
        stages: Vec<OwnedText>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let found = detached(py, || {
            let stages = stages.iter().map(|stage| stage.0.parse::<Stage>()).collect::<Result<Vec<_>, _>>()?;
            self.inner().latest_versions(&name, &stages)
        })?;
        found.iter().map(|version| version_out(py, version)).collect()
    }

    #[pyo3(signature = (name, version, path=None))]
    fn list_files(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        version: u64,
        path: Option<Text<'_>>,
    ) -> PyResult<Vec<Artifact>> {
        let found = detached(py, || self.inner().list_files(&name, version, path.as_deref()))?;
        Ok(found.into_iter().map(convert::artifact).collect())
    }

    fn download_files(
        &self,
        py: Python<'_>,
        name: Text<'_>,
        version: u64,
        path: Option<Text<'_>>,
        dest: PathBuf,
    ) -> PyResult<PathBuf> {
        detached(py, || self.inner().download_files(&name, version, path.as_deref(), &dest))
    }

    fn history<'py>(&self, py: Python<'py>, name: Text<'_>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let events = detached(py, || self.inner().history(&name))?;
        events.iter().map(|event| event_out(py, event)).collect()
    }

    /// How many events the log has; an error if it does not hang together.
    fn verify_events(&self, py: Python<'_>) -> PyResult<u64> {
        detached(py, || self.inner().verify_events())
    }
}

fn model_out<'py>(py: Python<'py>, model: &RegisteredModel) -> Out<'py> {
    let out = PyDict::new(py);
    out.set_item("name", &model.name)?;
    out.set_item("description", &model.description)?;
    out.set_item("tags", &model.tags)?;
    out.set_item("aliases", &model.aliases)?;
    let latest: PyResult<Vec<_>> = model.latest_versions.iter().map(|version| version_out(py, version)).collect();
    out.set_item("latest_versions", latest?)?;
    out.set_item("generation", model.generation)?;
    let slots = PyDict::new(py);
    for (slot, state) in &model.slots {
        let of = PyDict::new(py);
        of.set_item("generation", state.generation)?;
        of.set_item("production", state.production)?;
        of.set_item("previous", state.previous)?;
        of.set_item("event", Some(state.event).filter(|event| *event > 0))?;
        slots.set_item(slot, of)?;
    }
    out.set_item("slots", slots)?;
    out.set_item("created_at", model.created_at.as_micros())?;
    out.set_item("updated_at", model.updated_at.as_micros())?;
    Ok(out)
}

fn version_out<'py>(py: Python<'py>, found: &ModelVersion) -> Out<'py> {
    let out = PyDict::new(py);
    let info = &found.info;
    out.set_item("name", &found.name)?;
    out.set_item("version", found.version)?;
    out.set_item("description", &info.description)?;
    out.set_item("source", &info.source)?;
    out.set_item("run_id", &info.run_id)?;
    out.set_item("run_link", &info.run_link)?;
    out.set_item("model_id", &info.model_id)?;
    out.set_item("status", info.status.as_str())?;
    out.set_item("status_message", &info.status_message)?;
    out.set_item("stage", info.stage.as_str())?;
    out.set_item("user_id", &info.created_by)?;
    out.set_item("digest", info.digest.map(|digest| digest.to_string()))?;
    out.set_item("manifest", info.manifest.map(|digest| digest.to_string()))?;
    out.set_item("is_foreign", info.is_foreign)?;
    out.set_item("tags", &found.tags)?;
    out.set_item("aliases", &found.aliases)?;
    out.set_item("created_at", info.created_at.as_micros())?;
    out.set_item("updated_at", info.updated_at.as_micros())?;
    Ok(out)
}

fn event_out<'py>(py: Python<'py>, event: &Event) -> Out<'py> {
    let out = PyDict::new(py);
    out.set_item("seq", event.seq)?;
    out.set_item("at", event.at.as_micros())?;
    out.set_item("actor", &event.actor.name)?;
    out.set_item("actor_from", &event.actor.name_from)?;
    out.set_item("uid", event.actor.uid)?;
    out.set_item("user", &event.actor.user)?;
    out.set_item("host", &event.actor.host)?;
    out.set_item("pid", event.actor.pid)?;
    out.set_item("action", event.action.as_str())?;
    out.set_item("model", &event.model)?;
    out.set_item("version", event.version)?;
    out.set_item("detail", &event.detail)?;
    out.set_item("from", &event.from)?;
    out.set_item("to", &event.to)?;
    out.set_item("archived", &event.archived)?;
    out.set_item("generation", event.generation)?;
    out.set_item("reason", &event.reason)?;
    out.set_item("hash", event.hash.to_string())?;
    Ok(out)
}
