//! Saved models: files of any framework with a manifest.

use std::path::Path;

use mlops_core::models::{SavedModel, SavedModelBuilder};
use mlops_core::{Result, workflows};

use crate::args::{Argument, Versioned, refuse, slice};
use crate::artifacts::local_path;
use crate::boundary::export;
use crate::runs::mlops_run;
use crate::sized::{check_reserved, sized_input};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_bytes, mlops_str};

/// One file of a model: the bytes, or a local file.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_model_file {
    /// The path in the model's folder, parts joined by `/`.
    pub path: mlops_str,
    /// What is in it, unless `local_path` is set.
    pub bytes: mlops_bytes,
    /// The local file that is stored; empty: the bytes are.
    pub local_path: mlops_str,
}

/// A model that is logged. Begin with `MLOPS_MODEL_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_model {
    /// The size of this struct.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// How frameworks load it, as JSON: `{"my_framework": {"data": "weights.bin"}}`. At least one.
    pub flavors: mlops_str,
    /// What goes in and comes out, as JSON in MLflow's form; empty: not told.
    pub signature: mlops_str,
    /// What else is kept with it, as JSON; empty: nothing.
    pub metadata: mlops_str,
    /// The files.
    pub files: *const mlops_model_file,
    /// How many files.
    pub files_count: usize,
}

impl Versioned for mlops_model {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        flavors: mlops_str::EMPTY,
        signature: mlops_str::EMPTY,
        metadata: mlops_str::EMPTY,
        files: std::ptr::null(),
        files_count: 0,
    };
}
sized_input!(mlops_model);

impl mlops_model {
    unsafe fn read(&self) -> Result<SavedModel> {
        check_reserved("model", self.reserved)?;
        // SAFETY: as the caller's.
        let (flavors, signature, metadata, files) = unsafe {
            (
                self.flavors.text("model.flavors")?,
                self.signature.given("model.signature")?,
                self.metadata.given("model.metadata")?,
                slice(self.files, self.files_count, "model.files")?,
            )
        };
        let mut builder = SavedModel::builder().json(flavors, signature.as_deref(), metadata.as_deref(), None)?;
        for file in files {
            // SAFETY: as the caller's.
            builder = unsafe { file.add(builder) }?;
        }
        builder.build()
    }
}

impl mlops_model_file {
    unsafe fn add(&self, builder: SavedModelBuilder) -> Result<SavedModelBuilder> {
        // SAFETY: as the caller's.
        unsafe {
            let path = self.path.text("path of model.files")?;
            Ok(match self.local_path.given("local_path of model.files")? {
                Some(local) => builder.local_file(path, local),
                None => builder.file(path, self.bytes.take("bytes of model.files")?),
            })
        }
    }
}

export! {
    /// Logs a model as the artifact folder `path` of the run: all its files and its manifest, or nothing. It becomes a logged
    /// model of the name `path` too, an output of the run, with the run's params and what it has measured at step 0.
    ///
    /// `*out` becomes the manifest as JSON, with the digests of the files and, as `model_id`, the id of the logged model, which
    /// `models:/<model_id>` names in Python; it is freed with `mlops_buf_free`. If the run refuses the files, the logged model
    /// is FAILED and says why. Where the process that owns the store is out of reach, only the run gets the model, and there
    /// is no `model_id`. Identical files are stored once. Threads: any. Since 0.1.
    pub fn mlops_run_log_model(
        run: *const mlops_run,
        path: mlops_str,
        model: *const mlops_model,
        out: *mut mlops_buf,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: files, bytes and texts live for this call.
        let model = unsafe { model.read() }?;
        out.set(workflows::log_model(&*run.run, path, &model)?.to_text().into());
        Ok(())
    }

    /// The manifest of a model as JSON, after a check that its files are exactly those of the manifest. The model is named by
    /// `runs:/<run id>/<path>`, `models:/<name>/<version>`, `models:/<name>@<alias>`, `models:/<name>/<stage>`,
    /// `models:/<name>/latest` or `models:/<logged model>`; so it is in `mlops_model_read` and `mlops_model_download`. What an
    /// alias or a stage names may change between two calls: `mlops_model_version_of_uri` settles it.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_manifest(store: *const mlops_store, uri: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(store.store.load_model(uri)?.manifest.to_text().into());
        Ok(())
    }

    /// The bytes of one file of a model, checked against their digest.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_read(
        store: *const mlops_store,
        uri: mlops_str,
        path: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        out.set(store.store.load_model(uri)?.read(path)?.into());
        Ok(())
    }

    /// Copies a model beneath the local folder `dest`, that of a run at its own path, others directly into it, and checks
    /// every file; `*out` becomes the path where it is.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_model_download(
        store: *const mlops_store,
        uri: mlops_str,
        dest: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        if dest.is_empty() {
            return Err(refuse("dest", dest, "the path of a local folder, such as `.`"));
        }
        out.set(local_path(store.store.download_model(uri, Path::new(dest))?)?);
        Ok(())
    }
}
