//! Making a logged model: with all that it has in one commit, or in several of which the last says that it is whole.

use std::collections::BTreeSet;

use super::keys;
use super::origin::Origin;
use super::store::LoggedModels;
use super::types::{LoggedModel, LoggedModelOptions, LoggedModelParts, LoggedModelStatus, ModelPoint};
use crate::base::limits;
use crate::base::names;
use crate::base::stored;
use crate::error::{Error, Result};
use crate::runs::artifacts;
use crate::runs::{ArtifactSource, Lifecycle, StoredArtifact};
use crate::storage::{Op, Outcome};

/// What is left of a commit for what the layers of the storage add to it, in bytes.
const MARGIN: usize = 4_096;
/// Of what went wrong a model keeps so many characters.
const SAID_CHARS: usize = 1_000;
/// MLflow's tag of a model whose files are elsewhere.
const EXTERNAL_TAG: &str = "mlflow.model.isExternal";

impl LoggedModels {
    /// Makes a logged model, with params and tags.
    ///
    /// # Errors
    /// `NotFound` for an unknown experiment, `InvalidState` for a deleted one, `AlreadyExists` if the given id is taken,
    /// `InvalidArgument` or `LimitExceeded` for a bad id, name, key or value, `ReadOnly`, `Io`.
    pub fn create(&self, options: LoggedModelOptions) -> Result<LoggedModel> {
        self.create_with(options, &LoggedModelParts::default())
    }

    /// Makes a logged model with files and points, as an output of its run: all of it in one commit. What no commit holds is
    /// made in several, PENDING until the last of them.
    ///
    /// # Errors
    /// As [`create`](Self::create), and as [`log_files`](Self::log_files), [`log_metrics`](Self::log_metrics) and
    /// [`link`](Self::link): nothing is made then, or a model that is FAILED if several commits were needed.
    ///
    /// # Examples
    /// ```
    /// use mlops_core::Store;
    /// use mlops_core::logged_models::{LoggedModelOptions, LoggedModelParts, LoggedModelStatus};
    /// use mlops_core::runs::{ArtifactSource, Content};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let models = Store::open("memory:")?.logged_models();
    /// let weights = ArtifactSource { path: "weights.bin".into(), content: Content::Bytes(&[1, 2, 3]) };
    /// let status = LoggedModelStatus::Ready;
    /// let made = models.create_with(
    ///     LoggedModelOptions { experiment_id: "0".into(), status, ..LoggedModelOptions::default() },
    ///     &LoggedModelParts { files: vec![weights], ..LoggedModelParts::default() },
    /// )?;
    /// assert_eq!(models.read_file(&made.model_id, "weights.bin")?, [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_with(&self, options: LoggedModelOptions, parts: &LoggedModelParts<'_>) -> Result<LoggedModel> {
        self.runs.check_writable()?;
        let experiment = self.runs.get_experiment(&options.experiment_id)?;
        if experiment.lifecycle == Lifecycle::Deleted {
            let detail = format!("the experiment `{}` is deleted; restore it first", experiment.name);
            return Err(Error::InvalidState { detail });
        }
        let ids = self.runs.ids();
        let is_named = options.model_id.is_some();
        let model_id = options.model_id.unwrap_or_else(|| self.new_id());
        names::check_run_id(&model_id)?;
        let name = options.name.filter(|name| !name.is_empty()).unwrap_or_else(|| names::run_name(ids.next()));
        names::check_key("name of a logged model", &name)?;
        let at = options.created_at.unwrap_or_else(|| self.runs.clock().now());
        let model = LoggedModel {
            model_id,
            experiment_id: experiment.experiment_id,
            name,
            model_type: options.model_type,
            source_run_id: options.source_run_id,
            status: options.status,
            status_message: options.status_message,
            lifecycle: Lifecycle::Active,
            created_at: at,
            updated_at: at,
        };
        let _lease = self.blobs().leases().hold()?;
        let id = &model.model_id;
        let mut rest = self.text_ops(keys::PARAMS, id, &options.params)?;
        rest.extend(self.text_ops(keys::TAGS, id, &options.tags)?);
        rest.extend(self.part_ops(id, &BTreeSet::new(), parts)?);
        if is_named {
            // One of this id may have been removed for good, by a process that was killed.
            self.finish_leaving(id)?;
        }
        let origin = if options.foreign { Origin::Elsewhere } else { Origin::Here };
        let mut ops = vec![
            Op::check_absent(keys::model(id)),
            Op::check_absent(keys::leaving(id)),
            Op::put(keys::in_experiment(&model.experiment_id, id), stored::PRESENT),
            Op::put(keys::origin(id), stored::encode(&origin)?),
        ];
        if fits(&ops, &rest) {
            ops.push(Op::put(keys::model(id), stored::encode(&model)?));
            ops.append(&mut rest);
            self.begin(&ops, id)?;
            return Ok(model);
        }
        let pending = LoggedModel { status: LoggedModelStatus::Pending, ..model.clone() };
        ops.push(Op::put(keys::model(id), stored::encode(&pending)?));
        self.begin(&ops, id)?;
        self.or_failed(id, self.commit(id, rest))?;
        self.or_failed(id, self.set_status(id, model.status, model.status_message.as_deref()))
    }

    /// An id that no model has.
    pub(crate) fn new_id(&self) -> String {
        format!("m-{}", self.runs.ids().next_hex())
    }

    /// Gives a model that is there what a new one would have: params are added, tags set, and the files are those that are
    /// given and no others. It is READY then, all of it in one commit; of what no commit holds, the last says so.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `InvalidState` for a deleted one, `Conflict` for a param with another value;
    /// else as [`create_with`](Self::create_with).
    pub fn complete(
        &self,
        id: &str,
        params: &[(String, String)],
        tags: &[(String, String)],
        parts: &LoggedModelParts<'_>,
    ) -> Result<LoggedModel> {
        self.runs.check_writable()?;
        let _lease = self.blobs().leases().hold()?;
        loop {
            let (mut model, bytes) = self.stored(id)?;
            if model.lifecycle == Lifecycle::Deleted {
                return Err(Error::InvalidState {
                    detail: format!("the logged model `{id}` is deleted; restore it first"),
                });
            }
            self.check_params(id, params)?;
            let mut rest = self.text_ops(keys::PARAMS, id, params)?;
            rest.extend(self.text_ops(keys::TAGS, id, tags)?);
            rest.push(Op::delete(keys::part(keys::TAGS, id, EXTERNAL_TAG)));
            let had: BTreeSet<String> = self.all_files(id, None)?.into_keys().collect();
            rest.extend(self.part_ops(id, &had, parts)?);
            model.status = LoggedModelStatus::Ready;
            model.status_message = None;
            model.updated_at = self.runs.clock().now().max(model.updated_at);
            let mut ops = vec![Op::check(keys::model(id), Some(bytes))];
            if !fits(&ops, &rest) {
                self.commit(id, rest)?;
                return self.set_status(id, LoggedModelStatus::Ready, None);
            }
            ops.push(Op::put(keys::model(id), stored::encode(&model)?));
            ops.append(&mut rest);
            if self.storage.apply(&ops, self.runs.durability())? == Outcome::Applied {
                return Ok(model);
            }
        }
    }

    /// The first commit of a model.
    fn begin(&self, ops: &[Op], id: &str) -> Result<()> {
        match self.storage.apply(ops, self.runs.durability())? {
            Outcome::Applied => Ok(()),
            Outcome::CheckFailed { .. } => {
                let hint = "; leave the id out for a new one".into();
                Err(Error::AlreadyExists { what: "logged model", id: id.into(), hint })
            }
        }
    }

    /// What went wrong makes a model that was begun FAILED.
    fn or_failed<T>(&self, id: &str, done: Result<T>) -> Result<T> {
        if let Err(e) = &done {
            self.note_failed(id, e);
        }
        done
    }

    /// Has a model say that it could not be made, and why; what went wrong first is what the caller has to know.
    pub(crate) fn note_failed(&self, id: &str, error: &Error) {
        let _: Result<LoggedModel> = self.set_status(id, LoggedModelStatus::Failed, Some(&said_of(error)));
    }

    /// The operations that store files, in place of those at `had`, points and the link to the run.
    fn part_ops(&self, id: &str, had: &BTreeSet<String>, parts: &LoggedModelParts<'_>) -> Result<Vec<Op>> {
        let paths = artifacts::check_paths(&BTreeSet::new(), &parts.files)?;
        let gone = had.iter().filter(|path| !paths.contains(path));
        let mut ops: Vec<Op> = gone.map(|path| Op::delete(keys::part(keys::FILES, id, path))).collect();
        ops.extend(self.file_ops(id, &paths, &parts.files)?);
        ops.extend(Self::point_ops(id, &parts.points)?);
        if let Some((run, step)) = &parts.output_of {
            ops.extend(self.link_ops(run, &[], &[(id.to_owned(), *step)])?);
        }
        Ok(ops)
    }

    /// The operations that store files at paths that were checked.
    pub(super) fn file_ops(&self, id: &str, paths: &[String], files: &[ArtifactSource<'_>]) -> Result<Vec<Op>> {
        let ops = paths.iter().zip(files).map(|(path, file)| {
            let (blob, size_bytes) = artifacts::store(self.blobs(), file)?;
            let stored = StoredArtifact { blob, size_bytes, at: self.runs.clock().now() };
            Ok(Op::put(keys::part(keys::FILES, id, path), stored::encode(&stored)?))
        });
        ops.collect()
    }

    /// The operations that give points.
    pub(super) fn point_ops(id: &str, points: &[ModelPoint]) -> Result<Vec<Op>> {
        let ops = points.iter().map(|point| {
            names::check_key("metric", &point.key)?;
            let of = (point.key.as_str(), point.run_id.as_str(), point.step, point.at.as_micros());
            Ok(Op::put(keys::point(id, &of)?, stored::encode(point)?))
        });
        ops.collect()
    }
}

/// What a FAILED model says of an error.
pub(crate) fn said_of(error: &Error) -> String {
    format!("{}: {error}", error.code().row().python_class).chars().take(SAID_CHARS).collect()
}

/// True if two lists of operations are one commit.
fn fits(ops: &[Op], rest: &[Op]) -> bool {
    ops.iter().chain(rest).map(Op::size).sum::<usize>() <= limits::STORAGE_BATCH_BYTES - MARGIN
}
