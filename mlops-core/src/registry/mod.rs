//! The model registry: names for models, their numbered versions, and which version is where.
//!
//! [`ModelRegistry`] is what a registry does, [`LocalRegistry`] the one over a store. Every change is one commit that checks
//! `log.rs`'s head, so that changes behave as one sequence across threads and processes, and every change appends to the
//! log of events who made it, when and why. `models.rs`, `rename.rs`, `versions.rs`, `aliases.rs` and `stages.rs` change one
//! thing each, `source.rs` finds the files of a version, `provenance.rs` notes where it is from, `search.rs` finds models and
//! versions (`among.rs`, `hits.rs`), `by.rs` says who acts. `transfer.rs` brings a registry from store to store: wholly
//! (`forward.rs`), or what is safe to add (`merge.rs`, `arrive.rs`). `flat.rs` and `flat_rules.rs` have it as tables of plain
//! files.
//!
//! What a version needs before it goes to a stage is a policy (`policy.rs`, `policies.rs`). `requirements.rs` holds it against
//! what is there: what people said (`approvals.rs`), what gates said (`gate_results.rs`) and where the version is from. Every
//! way into a stage goes through it, `promote.rs` and MLflow's calls alike; without a policy it asks for nothing. `slots.rs`
//! knows what is in production, `audit.rs`, `why.rs` and `card.rs` tell how it came to that, over all names that a model had
//! (`chain.rs`), `tombstones.rs` what is gone.
//!
//! `uris.rs` reads `models:/` URIs. A host that serves a model has a `watch.rs`, which `watches.rs` keeps up to date.
//! `hooks/` tells others of events, behind cursors that are stored.

mod aliases;
mod among;
mod approvals;
mod arrive;
mod audit;
mod by;
mod by_run;
mod card;
mod chain;
mod change;
mod files;
#[cfg(feature = "files")]
mod flat;
#[cfg(feature = "files")]
mod flat_rules;
mod forward;
mod gate_results;
mod hits;
mod hooks;
mod keys;
mod layouts;
mod log;
mod merge;
mod models;
mod names;
mod policies;
mod policy;
mod promote;
mod provenance;
mod references;
mod rename;
mod requirements;
mod search;
mod shapes;
mod slots;
mod source;
mod stages;
mod store;
mod tombstones;
mod transfer;
mod types;
mod uris;
mod versions;
mod watch;
mod watches;
mod why;

use std::fmt::Debug;
use std::path::{Path, PathBuf};

pub use approvals::{Approval, ApprovalState, Decision, PendingApproval, Said};
pub use audit::LogHead;
pub use by::{Actor, By};
pub use card::{KNOWN_LIMITS, ModelCard};
#[cfg(feature = "files")]
pub(crate) use flat::RegistryBuilder;
#[cfg(feature = "files")]
pub(crate) use gate_results::GateRecord;
pub use gate_results::{GateOptions, GateResult, Verdict};
pub(crate) use hooks::{Background, settle_all};
pub use hooks::{Consumer, ConsumerOptions, CursorState, Delivery, EVENT_KINDS, Hook, HookTest, Next, Subscription};
pub use log::{Action, Event};
#[cfg(feature = "files")]
pub(crate) use policies::PolicyRecord;
pub use policies::{
    EffectivePolicy, PolicyChanges, PolicyScope, SetPolicy, parse_policies, parse_policy, policies_to_toml,
};
pub use policy::{Policy, Provenance};
pub use promote::{PromoteOptions, Promotion, VersionStanding};
pub use provenance::LOCK_DIGEST;
pub(crate) use references::VersionBlobs;
pub use requirements::{INTENDED_USE, Requirement};
pub(crate) use search::Listed;
pub use slots::SlotState;
pub use source::FilesOf;
pub use store::LocalRegistry;
pub use tombstones::Tombstone;
pub use types::{ModelQuery, ModelVersion, RegisteredModel, Stage, StageOptions, VersionOptions, VersionStatus};
#[cfg(feature = "files")]
pub(crate) use types::{ModelRecord, VersionInfo};
pub use uris::ModelUri;
pub use watch::{Watch, WatchSubscription, Watched, WatchedVersion};
pub(crate) use watches::Watches;
pub use why::Why;

use crate::base::paging::Page;
use crate::error::Result;
use crate::runs::ArtifactInfo;

/// Registered models and their versions.
///
/// Guarantees that every implementation gives:
/// - Each call is one change or none: a failure or a crash leaves nothing half done, and calls of all threads and processes
///   behave as one sequence.
/// - Names of models and aliases are the same if they differ in ASCII case only; they keep the spelling they were made with.
/// - Numbers of versions count up from 1 and are never given again under a name: not after the version, not after the model
///   was deleted.
/// - At most one version of a model is in production, in each of its slots.
/// - What a policy asks for, a version has before it goes to a stage, whichever call moves it. Without a policy nothing is asked.
/// - Each change is an event, in the same commit, in the one log that [`events`](Self::events) reads. What changes nothing is
///   no event.
pub trait ModelRegistry: Send + Sync + Debug {
    /// Makes a model without versions.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken; `InvalidArgument`, `LimitExceeded` for a bad name or tag; `ReadOnly`, `Io`.
    fn create_model(&self, name: &str, description: Option<&str>, tags: &[(String, String)])
    -> Result<RegisteredModel>;

    /// The model of a name; None if there is none.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have, `Corrupt`, `Io`.
    fn find_model(&self, name: &str) -> Result<Option<RegisteredModel>>;

    /// The model of a name.
    ///
    /// # Errors
    /// `NotFound`, and those of [`find_model`](Self::find_model).
    fn get_model(&self, name: &str) -> Result<RegisteredModel>;

    /// The models that match a query, a page at a time; by name unless it orders them.
    ///
    /// # Errors
    /// `InvalidArgument` for a filter or order that cannot be read, or a page token of another query; `LimitExceeded`.
    fn search_models(&self, query: &ModelQuery) -> Result<Page<RegisteredModel>>;

    /// Gives a model another name; its versions keep their numbers, and the old name keeps its count. Its policies go along, and
    /// those of the new name stay.
    ///
    /// # Errors
    /// `NotFound`; `AlreadyExists` if another model has the name; `Conflict` if numbers of its versions were given under the name
    /// before, if both names have policies that differ, or if its policy protects what is in production and no reason is given;
    /// `Denied`, `Stale` if the policy of the name does not let come what is in production or staging; `InvalidArgument`,
    /// `ReadOnly`, `Io`.
    fn rename_model(&self, name: &str, to: &str) -> Result<RegisteredModel>;

    /// Replaces the description of a model.
    ///
    /// # Errors
    /// `NotFound`, `LimitExceeded`, `ReadOnly`, `Io`.
    fn describe_model(&self, name: &str, description: Option<&str>) -> Result<RegisteredModel>;

    /// Deletes a model with its versions, tags and aliases; its events and tombstones stay.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if a version is in production and the policy protects that; `ReadOnly`, `Io`.
    fn delete_model(&self, name: &str) -> Result<()>;

    /// Sets a tag of a model.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `LimitExceeded`, `ReadOnly`, `Io`.
    fn set_model_tag(&self, name: &str, key: &str, value: &str) -> Result<()>;

    /// Removes a tag of a model. False if it had none of this key.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `ReadOnly`, `Io`.
    fn delete_model_tag(&self, name: &str, key: &str) -> Result<bool>;

    /// Makes a version of a model that exists.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, and for a source that does not exist if the options or a policy ask for it;
    /// `InvalidArgument`, `LimitExceeded`, `ReadOnly`, `Io`.
    fn create_version(&self, name: &str, options: &VersionOptions) -> Result<ModelVersion>;

    /// Makes a version, and the model too if there is none, in one commit.
    ///
    /// # Errors
    /// As [`create_version`](Self::create_version).
    fn register(&self, name: &str, options: &VersionOptions) -> Result<ModelVersion>;

    /// A version by its number.
    ///
    /// # Errors
    /// `NotFound`, `Corrupt`, `Io`.
    fn get_version(&self, name: &str, number: u64) -> Result<ModelVersion>;

    /// The versions that match a query, a page at a time; by name, the highest number first, unless it orders them.
    ///
    /// # Errors
    /// As [`search_models`](Self::search_models).
    fn search_versions(&self, query: &ModelQuery) -> Result<Page<ModelVersion>>;

    /// Replaces the description of a version.
    ///
    /// # Errors
    /// `NotFound`, `LimitExceeded`, `ReadOnly`, `Io`.
    fn describe_version(&self, name: &str, number: u64, description: Option<&str>) -> Result<ModelVersion>;

    /// Deletes a version, and the aliases that point to it; its number is not given again, and a tombstone stays.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if it is in production and the policy protects that; `ReadOnly`, `Io`.
    fn delete_version(&self, name: &str, number: u64) -> Result<()>;

    /// Sets a tag of a version.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument`, `LimitExceeded`, `ReadOnly`, `Io`.
    fn set_version_tag(&self, name: &str, number: u64, key: &str, value: &str) -> Result<()>;

    /// Removes a tag of a version. False if it had none of this key.
    ///
    /// # Errors
    /// `NotFound` for an unknown version, `ReadOnly`, `Io`.
    fn delete_version_tag(&self, name: &str, number: u64, key: &str) -> Result<bool>;

    /// Makes a version of one model of the files of a version of another.
    ///
    /// # Errors
    /// `NotFound` for an unknown version; as [`register`](Self::register).
    fn copy_version(&self, name: &str, number: u64, to: &str) -> Result<ModelVersion>;

    /// Points an alias to a version, whichever it pointed to before. The alias `production` is a promotion.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for a bad or reserved alias; `Denied`, `Stale` for a promotion that the policy does not
    /// allow; `ReadOnly`, `Io`.
    fn set_alias(&self, name: &str, alias: &str, number: u64) -> Result<()>;

    /// Removes an alias. False if the model has none of this name. Without the alias `production`, what it pointed to is in no
    /// stage.
    ///
    /// # Errors
    /// `NotFound` for an unknown model; `Conflict` for `production` if the policy protects that; `ReadOnly`, `Io`.
    fn delete_alias(&self, name: &str, alias: &str) -> Result<bool>;

    /// The version that an alias points to; `previous` is what a rollback goes back to, `latest` the highest number.
    ///
    /// # Errors
    /// `NotFound`, `InvalidArgument` for what cannot be an alias, `Corrupt`, `Io`.
    fn get_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion>;

    /// Moves a version to a stage. Whatever the options say, what was in production is archived by who comes there.
    ///
    /// # Errors
    /// `NotFound`; `InvalidArgument` for options that the stage does not take; `Conflict` if production is not what the caller
    /// expects; `Denied`, `Stale` if the policy does not allow it; `InvalidState` for a version that is not ready; `ReadOnly`,
    /// `Io`.
    fn set_stage(&self, name: &str, number: u64, stage: Stage, options: StageOptions) -> Result<ModelVersion>;

    /// The latest version in each of some stages; without stages, in each that has one.
    ///
    /// # Errors
    /// `NotFound` for an unknown model, `Corrupt`, `Io`.
    fn latest_versions(&self, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>>;

    /// The files and folders directly in a folder of a version (None: the top).
    ///
    /// # Errors
    /// `NotFound`; `InvalidState` for a version whose files the store does not have.
    fn list_files(&self, name: &str, number: u64, path: Option<&str>) -> Result<Vec<ArtifactInfo>>;

    /// Copies a file or folder of a version (None: all) beneath a folder, at its own path, each file verified, and returns
    /// where it is.
    ///
    /// # Errors
    /// As [`list_files`](Self::list_files); `Corrupt`, `Io`.
    fn download_files(&self, name: &str, number: u64, path: Option<&str>, dest: &Path) -> Result<PathBuf>;

    /// The events of a model in order, also of a deleted one: all that happened under the name.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that none can have, `Corrupt`, `Io`.
    fn history(&self, name: &str) -> Result<Vec<Event>>;

    /// At most `limit` events behind a number, in order. Without an event: 0 is before all.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>>;
}
