//! Versions of registered models: made, read, tagged, and their files.

use std::path::Path;

use mlops_core::Result;
use mlops_core::registry::{ModelRegistry, ModelVersion, StageOptions, VersionOptions};

use crate::args::{Versioned, refuse, slice};
use crate::artifacts::{folder, local_path, mlops_artifacts};
use crate::boundary::export;
use crate::json;
use crate::registered_models::{expected, given, mlops_model_query, number, signed};
use crate::sized::sized_input;
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str, mlops_tag, tags};

/// How a version is made. Begin with `MLOPS_VERSION_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_version_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0 (default): a source that this store does not have is an error. 0: the version has no files and no digest then.
    pub must_exist: i32,
    /// Not 0: a registered model that does not exist is an error. Default 0: it is made, in the same commit.
    pub model_must_exist: i32,
    /// Not 0: it is meant that the store does not have the files, where a policy asks for verified sources. Default 0.
    pub external: i32,
    /// Where it is from: `runs:/<run id>/<path>`, `models:/<logged model>` or `models:/<name>/<number>`, whose files belong
    /// to the version from then on; without `must_exist` any URI.
    pub source: mlops_str,
    /// The run that made it; empty: that of the source.
    pub run_id: mlops_str,
    /// A link to that run where it is elsewhere; empty: none.
    pub run_link: mlops_str,
    /// The logged model that it was made of; empty: that of the source.
    pub model_id: mlops_str,
    /// What it is; empty: not told.
    pub description: mlops_str,
    /// Its tags.
    pub tags: *const mlops_tag,
    /// How many tags.
    pub tags_count: usize,
}

impl Versioned for mlops_version_options {
    const DEFAULT: Self = Self {
        struct_size: 0,
        must_exist: 1,
        model_must_exist: 0,
        external: 0,
        source: mlops_str::EMPTY,
        run_id: mlops_str::EMPTY,
        run_link: mlops_str::EMPTY,
        model_id: mlops_str::EMPTY,
        description: mlops_str::EMPTY,
        tags: std::ptr::null(),
        tags_count: 0,
    };
}
sized_input!(mlops_version_options);

impl mlops_version_options {
    unsafe fn read(&self) -> Result<VersionOptions> {
        // SAFETY: as the caller's.
        unsafe {
            Ok(VersionOptions {
                source: self.source.text("options.source")?.to_owned(),
                must_exist: self.must_exist != 0,
                run_id: self.run_id.given("options.run_id")?,
                run_link: self.run_link.given("options.run_link")?,
                model_id: self.model_id.given("options.model_id")?,
                description: self.description.given("options.description")?,
                tags: tags(slice(self.tags, self.tags_count, "options.tags")?, "options.tags")?,
                external: self.external != 0,
                ..VersionOptions::default()
            })
        }
    }
}

export! {
    /// Makes a version of a registered model, in one commit: a failure leaves nothing behind. `*version` becomes its number.
    ///
    /// `actor` and `reason` are as in `mlops_registered_model_create`. Threads: any. Since 0.1.
    pub fn mlops_model_version_create(
        store: *const mlops_store,
        name: mlops_str,
        options: *const mlops_version_options,
        actor: mlops_str,
        reason: mlops_str,
        version: *mut i64,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: texts and tags live for this call.
        let how = unsafe { options.read() }?;
        let registry = store.registry_by(actor, reason);
        let made = if options.model_must_exist == 0 {
            registry.register(name, &how)?
        } else {
            registry.create_version(name, &how)?
        };
        version.set(signed(made.version));
        Ok(())
    }

    /// Makes a version of the registered model `to`, which is made if there is none, of the files of a version of another.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_copy(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        to: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
        copied: *mut i64,
    ) -> mlops_status {
        copied.set(signed(store.registry_by(actor, reason).copy_version(name, number(version)?, to)?.version));
        Ok(())
    }

    /// The number of the version that `models:/fraud/7`, `models:/fraud@champion`, `models:/fraud/Production` or
    /// `models:/fraud/latest` names now.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_of_uri(store: *const mlops_store, uri: mlops_str, version: *mut i64) -> mlops_status {
        version.set(signed(store.store.registry().version_of_uri(uri)?.version));
        Ok(())
    }

    /// A version as JSON: `{"name", "version", "stage", "status", "aliases", "source", "run_id", "model_id", "description",
    /// "tags", "digest", "manifest", "created_by", "created_at", "updated_at"}`, as the command line prints it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_json(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(json::text(&store.store.registry().get_version(name, number(version)?)?.to_json())?.into());
        Ok(())
    }

    /// The digest of the list of files of a version, which is the same for the same files; empty if the store does not have
    /// them.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_digest(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let digest = store.store.registry().get_version(name, number(version)?)?.info.digest;
        out.set(digest.map_or_else(String::new, |digest| digest.to_string()).into());
        Ok(())
    }

    /// A page of the versions that match a query, by name, the highest number first, unless it orders them: `{"items": [...],
    /// "next_page_token": null}`, each as `mlops_model_version_json` writes it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_search_json(
        store: *const mlops_store,
        query: *const mlops_model_query,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: arrays and texts live for this call.
        let page = store.store.registry().search_versions(&unsafe { query.read() }?)?;
        let token = Text::new(page.next_page_token.unwrap_or_default());
        out.set(json::text(&json::page(page.items.iter().map(ModelVersion::to_json), &token))?.into());
        Ok(())
    }

    /// Replaces the description of a version; an empty one takes it away.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_describe(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        description: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        let registry = store.registry_by(actor, reason);
        registry.describe_version(name, number(version)?, given(description).as_deref()).map(drop)
    }

    /// Sets a tag of a version.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_set_tag(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        key: mlops_str,
        value: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).set_version_tag(name, number(version)?, key, value)
    }

    /// Removes a tag of a version; fine if it has none of this key.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_delete_tag(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        key: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).delete_version_tag(name, number(version)?, key).map(drop)
    }

    /// Deletes a version and the aliases that point to it; its number is not given again, and a tombstone stays. `force` not
    /// 0 deletes whatever a policy protects, and needs a reason.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_delete(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        force: i32,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        let registry = store.registry_by(actor, reason);
        let number = number(version)?;
        if force == 0 { registry.delete_version(name, number) } else { registry.force_delete_version(name, number) }
    }

    /// Moves a version to None, Staging, Production or Archived, as MLflow does it; who comes to Production archives who was
    /// there. `archive_existing` not 0 archives the others of Staging too. `expect` is the generation that the model must
    /// have, or `MLOPS_GENERATION_ANY`. `mlops_model_version_promote` can more.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_model_version_set_stage(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        stage: mlops_str,
        archive_existing: i32,
        expect: i64,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        let options = StageOptions { archive_existing: archive_existing != 0, expect: expected(expect)? };
        store.registry_by(actor, reason).set_stage(name, number(version)?, stage.parse()?, options).map(drop)
    }

    /// The files and folders directly in a folder of a version (`path` empty: the top).
    ///
    /// `*out` is freed with `mlops_artifacts_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_list_files(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        path: mlops_str,
        out: *mut *mut mlops_artifacts,
    ) -> mlops_status {
        out.give(store.store.registry().list_files(name, number(version)?, folder(path))?.into());
        Ok(())
    }

    /// The bytes of one file of a version, checked against their digest. `mlops_model_read` is for the files of a model with a
    /// manifest.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_read_file(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        path: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(store.store.registry().read_file(name, number(version)?, path)?.into());
        Ok(())
    }

    /// Copies a file or folder of a version (`path` empty: all) beneath the local folder `dest` at its own path, each file
    /// checked; `*out` becomes the path where it is.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_download_files(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        path: mlops_str,
        dest: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        if dest.is_empty() {
            return Err(refuse("dest", dest, "the path of a local folder, such as `.`"));
        }
        let registry = store.store.registry();
        let local = registry.download_files(name, number(version)?, folder(path), Path::new(dest))?;
        out.set(local_path(local)?);
        Ok(())
    }

    /// What a version is and where it is from as JSON, noted when it was made: files, run, commit, data sets, environment;
    /// `null` for one that was made before there were manifests.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_version_manifest_json(
        store: *const mlops_store,
        name: mlops_str,
        version: i64,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(json::text(&store.store.registry().version_manifest(name, number(version)?)?)?.into());
        Ok(())
    }
}
