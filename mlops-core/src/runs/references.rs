//! The blobs that runs refer to: what is referred to and is not there is damage.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Read, Write, sink};
use std::path::Path;
use std::sync::Arc;

use super::codec;
use super::doc::RunDoc;
use super::editing::Editing;
use super::keys::{self, RUNS, SectionKind};
use super::section::for_each_entry;
use super::store::Runs;
use crate::base::digests::Digest;
use crate::blob::{BlobStats, BlobStore, Leases, Sweep, Swept};
use crate::error::{Error, Result};
use crate::storage::{Durability, KeyRange, Outcome, Storage};

/// The blobs of the store, asked only for what a record refers to: that there is none is damage, not a wrong name.
#[derive(Debug)]
pub(super) struct Referenced(pub(super) Arc<dyn BlobStore>);

fn damage(error: Error) -> Error {
    match error {
        Error::NotFound { what: "blob", id, .. } => {
            Error::corrupt(Path::new("blobs"), 0, format!("{id}, which a run refers to, is missing; run `mlops fsck`"))
        }
        other => other,
    }
}

impl BlobStore for Referenced {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        self.0.put(bytes)
    }

    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        self.0.put_reader(reader)
    }

    fn keep(&self, digest: &Digest) -> Result<bool> {
        self.0.keep(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        self.0.get(digest).map_err(damage)
    }

    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
        self.0.read_to(digest, out).map_err(damage)
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.0.size(digest)
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }

    fn verify(&self, report: &mut dyn FnMut(Error)) -> Result<BlobStats> {
        self.0.verify(report)
    }

    fn leases(&self) -> &Arc<Leases> {
        self.0.leases()
    }

    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept> {
        self.0.sweep(sweep)
    }
}

/// A blob that a run refers to.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    run: String,
    what: What,
    blob: Digest,
}

/// What a blob is to a run.
#[derive(Clone, Debug)]
enum What {
    Artifact(String),
    Points(u64),
    Param(String),
    Tag(String),
    Change,
    Conflict(String),
    Copy,
    /// The key of its entry, and the name.
    Input(String, String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, what, blob } = self;
        match what {
            What::Artifact(path) => write!(f, "the artifact `{path}` of run {run} ({blob})"),
            What::Points(count) => write!(f, "metric points ({count}) of run {run} ({blob})"),
            What::Param(key) => write!(f, "the param `{key}` of run {run}, which a repair removes ({blob})"),
            What::Tag(key) => write!(f, "the tag `{key}` of run {run}, which a repair removes ({blob})"),
            What::Change => write!(f, "a large change of run {run} ({blob})"),
            What::Conflict(key) => write!(f, "a later value of the param `{key}` of run {run} ({blob})"),
            What::Input(_, name) => {
                write!(f, "the input `{name}` of run {run}, which a repair removes ({blob})")
            }
            What::Copy => write!(f, "a copy of the record of run {run} ({blob})"),
        }
    }
}

impl Reference {
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn blob(&self) -> Digest {
        self.blob
    }

    pub(super) fn is_change(&self) -> bool {
        matches!(self.what, What::Change)
    }

    /// True for one of these artifacts: the run and the path.
    pub(super) fn is_one_of(&self, files: &BTreeSet<(String, String)>) -> bool {
        matches!(&self.what, What::Artifact(path) if !files.is_empty() && files.contains(&(self.run.clone(), path.clone())))
    }

    /// False for what only says again what stands elsewhere: without it nothing is lost.
    fn is_needed(&self) -> bool {
        !matches!(self.what, What::Copy)
    }
}

impl Runs {
    /// What runs refer to and cannot be read. With `read` the bytes are read, else only looked for.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if the records themselves cannot be read.
    pub(crate) fn lost(&self, read: bool) -> Result<Vec<Reference>> {
        let blobs = &*self.core.blobs;
        let mut lost = Vec::new();
        for_each_reference(&*self.core.storage, |reference| {
            // What is only in the trash is lost soon.
            let found = match blobs.size(&reference.blob) {
                Ok(Some(_)) if read => blobs.read_to(&reference.blob, &mut sink()).map(Some),
                size => size,
            };
            match found {
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::Corrupt { .. }) => lost.extend(Some(reference).filter(Reference::is_needed)),
                Err(e) => return Err(e),
            }
            Ok(())
        })?;
        Ok(lost)
    }

    /// Removes the lost params, tags and inputs: with them a run could be neither shown nor listed.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`, `Corrupt`.
    pub(crate) fn forget_values(&self, lost: &[Reference]) -> Result<()> {
        let storage = &*self.core.storage;
        for Reference { run, what, .. } in lost {
            let Some(mut editing) = Editing::load(storage, run)? else { continue };
            match what {
                What::Param(key) => editing.params.remove(storage, key)?,
                What::Tag(key) => editing.tag(storage, key, None)?,
                What::Input(key, _) => editing.inputs.remove(storage, key)?,
                _ => continue,
            }
            let _lease = self.core.blobs.leases().hold()?;
            let mut ops = Vec::new();
            editing.finish(storage, &*self.core.blobs, &mut ops)?;
            // Changed by another meanwhile: the next repair sees to it.
            let _: Outcome = storage.apply(&ops, Durability::Full)?;
        }
        Ok(())
    }
}

/// True if the blobs of all runs in a state are there.
///
/// # Errors
/// `Io`; `Internal` if the records cannot be read.
pub(crate) fn references_hold(state: &dyn Storage, blobs: &dyn BlobStore) -> Result<bool> {
    let mut hold = true;
    for_each_reference(state, |reference| {
        hold &= !reference.is_needed() || matches!(blobs.size(&reference.blob), Ok(Some(_)));
        Ok(())
    })?;
    Ok(hold)
}

/// Visits every blob that a run's record names. What [`series::seal`](super::series::seal), long texts and params,
/// artifacts and large changes put is all here; a blob that is not is removed by the next `mlops gc`.
pub(super) fn for_each_reference(storage: &dyn Storage, mut visit: impl FnMut(Reference) -> Result<()>) -> Result<()> {
    for_each_entry(storage, KeyRange::prefix(RUNS), |_, value| {
        let doc: RunDoc = codec::decode("a run", value)?;
        let run = &doc.info.run_id;
        let at = |section| keys::pages(run, section);
        let mut visit = |what, blob| visit(Reference { run: run.clone(), what, blob });
        for (path, artifact) in doc.artifacts.load(storage, &at(SectionKind::Artifacts))? {
            visit(What::Artifact(path), artifact.blob)?;
        }
        for segment in doc.segments.load(storage, &at(SectionKind::Segments))?.into_values() {
            visit(What::Points(segment.points), segment.blob)?;
        }
        for (key, value) in doc.params.load(storage, &at(SectionKind::Params))? {
            value.blob().map_or(Ok(()), |blob| visit(What::Param(key), blob))?;
        }
        for (key, value) in doc.tags.load(storage, &at(SectionKind::Tags))? {
            value.blob().map_or(Ok(()), |blob| visit(What::Tag(key), blob))?;
        }
        for (key, value) in doc.conflicts.load(storage, &at(SectionKind::Conflicts))? {
            value.blob().map_or(Ok(()), |blob| visit(What::Conflict(key), blob))?;
        }
        for (key, input) in doc.inputs.load(storage, &at(SectionKind::Inputs))? {
            input.blobs().try_for_each(|blob| visit(What::Input(key.clone(), input.name.clone()), blob))?;
        }
        doc.copy.map_or(Ok(()), |copy| visit(What::Copy, copy))?;
        doc.pending.map_or(Ok(()), |pending| visit(What::Change, pending.blob))
    })
}
