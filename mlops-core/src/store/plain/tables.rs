//! The tables of an export and their columns. A name here is a promise to whoever reads the files; a column that is added
//! raises no version, one that is gone or changed does.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A 64-bit integer.
    Int,
    /// One without a sign.
    Count,
    /// A 64-bit float; NaN and infinities are values, and not null.
    Float,
    /// Microseconds since the Unix epoch, UTC.
    Time,
    Bool,
}

/// A table: one file.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Kind)],
}

impl Table {
    pub(super) fn file(&self) -> String {
        format!("{}.parquet", self.name)
    }
}

macro_rules! tables {
    ($($constant:ident $name:literal { $($column:ident: $kind:ident),* $(,)? })*) => {
        $(pub(super) const $constant: &Table =
            &Table { name: $name, columns: &[$((stringify!($column), Kind::$kind)),*] };)*
        /// All of them.
        pub(super) const ALL: &[&Table] = &[$($constant),*];
    };
}

tables! {
    EXPERIMENTS "experiments" {
        experiment_id: Text, name: Text, lifecycle: Text, created_at: Time, updated_at: Time,
    }
    EXPERIMENT_TAGS "experiment_tags" { experiment_id: Text, key: Text, value: Text }
    RUNS "runs" {
        run_id: Text, experiment_id: Text, experiment: Text, name: Text, status: Text, started_at: Time, ended_at: Time,
        user: Text, host: Text, lifecycle: Text, parent_run_id: Text, notes: Text, origin_run_id: Text, origin_step: Int,
        foreign: Bool,
    }
    PARAMS "params" { run_id: Text, key: Text, value: Text, type: Text, number: Float }
    PARAM_CONFLICTS "param_conflicts" { run_id: Text, key: Text, value: Text, type: Text, number: Float }
    TAGS "tags" { run_id: Text, key: Text, value: Text }
    METRICS "metrics" { run_id: Text, key: Text, context: Text, step: Int, timestamp: Time, value: Float }
    INPUTS "inputs" {
        run_id: Text, number: Count, name: Text, digest: Text, context: Text, source_type: Text, source: Text,
        schema: Text, profile: Text, tags: Text,
    }
    ARTIFACTS "artifacts" { run_id: Text, path: Text, size: Count, blake3: Text, logged_at: Time, file: Text }
    MEDIA "media" {
        run_id: Text, key: Text, context: Text, step: Int, kind: Text, logged_at: Time, path: Text, value: Text,
    }
    MODEL_LINKS "logged_model_links" { run_id: Text, model_id: Text, direction: Text, step: Int, linked_at: Time }
    SYNC_NOTES "sync_notes" {
        run_id: Text, store: Text, content: Text, record: Text, version: Count, writer: Text, writer_records: Count,
        seen_at: Time,
    }
    LOGGED_MODELS "logged_models" {
        model_id: Text, experiment_id: Text, experiment: Text, name: Text, model_type: Text, source_run_id: Text,
        status: Text, status_message: Text, lifecycle: Text, created_at: Time, updated_at: Time, foreign: Bool,
    }
    LOGGED_MODEL_PARAMS "logged_model_params" { model_id: Text, key: Text, value: Text }
    LOGGED_MODEL_TAGS "logged_model_tags" { model_id: Text, key: Text, value: Text }
    LOGGED_MODEL_METRICS "logged_model_metrics" {
        model_id: Text, key: Text, value: Float, step: Int, timestamp: Time, run_id: Text, dataset_name: Text,
        dataset_digest: Text,
    }
    LOGGED_MODEL_FILES "logged_model_files" {
        model_id: Text, path: Text, size: Count, blake3: Text, logged_at: Time, file: Text,
    }
    REGISTERED_MODELS "registered_models" {
        number: Count, name: Text, description: Text, next_version: Count, used_versions: Count, generation: Count,
        created_at: Time, updated_at: Time,
    }
    FREE_NAMES "registered_model_names" { name: Text, used_versions: Count }
    REGISTERED_MODEL_TAGS "registered_model_tags" { number: Count, key: Text, value: Text }
    ALIASES "registered_model_aliases" { number: Count, name: Text, alias: Text, version: Count }
    VERSIONS "model_versions" {
        number: Count, name: Text, version: Count, description: Text, source: Text, run_id: Text, run_link: Text,
        model_id: Text, status: Text, status_message: Text, stage: Text, created_by: Text, digest: Text, foreign: Bool,
        created_at: Time, updated_at: Time, event: Count, manifest: Text,
    }
    VERSION_TAGS "model_version_tags" { number: Count, version: Count, key: Text, value: Text }
    VERSION_FILES "model_version_files" { number: Count, version: Count, path: Text, size: Count, blake3: Text, file: Text }
    SLOTS "registered_model_slots" {
        number: Count, name: Text, slot: Text, generation: Count, production: Count, previous: Count, event: Count,
    }
    PRODUCTIONS "registered_model_productions" { number: Count, slot: Text, version: Count, event: Count }
    REMOVED_ALIASES "registered_model_removed_aliases" { number: Count, alias: Text, version: Count, event: Count }
    GATE_DATA "registered_model_gate_data" { number: Count, gate: Text, data: Text, event: Count }
    APPROVALS "model_version_approvals" {
        number: Count, version: Count, event: Count, target: Text, decision: Text, actor: Text, actor_from: Text, uid: Count,
        user: Text, host: Text, pid: Count, reason: Text, subject: Text, gate: Count, policy: Text, at: Time,
        expires_at: Time,
    }
    REQUESTS "model_version_requests" { number: Count, version: Count, target: Text }
    GATES "model_version_gates" {
        number: Count, version: Count, event: Count, gate: Text, baseline: Count, verdict: Text, why: Text, data: Text,
        rules: Text, subject: Text, baseline_subject: Text, policy: Text, staging_policy: Text, actor: Text,
        actor_from: Text, uid: Count, user: Text, host: Text, pid: Count, at: Time, report: Text,
    }
    POLICIES "registry_policies" { model: Text, stage: Text, fields: Text, version: Count, event: Count, set_at: Time }
    TOMBSTONES "registry_tombstones" {
        name: Text, version: Count, digest: Text, manifest: Text, stage: Text, actor: Text, reason: Text, at: Time,
        event: Count,
    }
    EVENTS "registry_events" {
        seq: Count, at: Time, actor: Text, action: Text, model: Text, version: Count, detail: Text, from: Text, to: Text,
        reason: Text, event: Text,
    }
}
