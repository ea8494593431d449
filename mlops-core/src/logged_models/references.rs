//! The blobs that logged models refer to: what is referred to and is not there is damage.

use std::io::sink;

use super::keys;
use super::remove::Leaving;
use super::store::LoggedModels;
use crate::base::digests::Digest;
use crate::base::stored;
use crate::blob::Referrer;
use crate::error::{Error, Result};
use crate::runs::{StoredArtifact, StoredText, for_each_entry};
use crate::storage::{KeyRange, Op, Outcome, Storage};

/// The blobs of all logged models but some.
#[derive(Debug)]
pub(crate) struct ModelBlobs<'a> {
    pub(crate) storage: &'a dyn Storage,
    /// The models whose blobs are left out.
    pub(crate) except: &'a Leaving,
}

impl Referrer for ModelBlobs<'_> {
    fn for_each_blob(&self, visit: &mut dyn FnMut(Digest)) -> Result<()> {
        let Leaving { ids, left, .. } = self.except;
        for_each_reference(self.storage, &mut |key, _, blob| {
            let (id, _) = keys::owner(key);
            if !ids.contains(&id) && !left.contains(&id) {
                visit(blob);
            }
            Ok(())
        })
    }
}

/// What is told of an entry that names a blob: the key, what it is, and the blob.
type Visit<'a> = dyn FnMut(&[u8], &'static str, Digest) -> Result<()> + 'a;

/// Visits the entries that name a blob.
fn for_each_reference(storage: &dyn Storage, visit: &mut Visit<'_>) -> Result<()> {
    for (prefix, what) in [(keys::PARAMS, "param"), (keys::TAGS, "tag")] {
        for_each_entry(storage, KeyRange::prefix(prefix), |key, value| {
            let stored: StoredText = stored::decode("a text of a logged model", value)?;
            stored.blob().map_or(Ok(()), |blob| visit(key, what, blob))
        })?;
    }
    for_each_entry(storage, KeyRange::prefix(keys::FILES), |key, value| {
        visit(key, "file", stored::decode::<StoredArtifact>("a file of a logged model", value)?.blob)
    })
}

impl LoggedModels {
    /// What models refer to and cannot be read, a line each. With `read` the bytes are read, else only looked for.
    ///
    /// # Errors
    /// `Io`; `Corrupt` if the records themselves cannot be read.
    pub(crate) fn lost(&self, read: bool) -> Result<Vec<String>> {
        let mut lost = Vec::new();
        self.for_each_lost(read, |key, what, blob| {
            let (id, name) = keys::owner(key);
            let removed = if what == "file" { "" } else { ", which a repair removes" };
            lost.push(format!("the {what} `{name}` of the logged model {id}{removed} ({blob})"));
        })?;
        Ok(lost)
    }

    /// Removes lost params and tags: with them a model could be neither shown nor listed.
    ///
    /// # Errors
    /// `Io`, `OutOfSpace`, `Corrupt`.
    pub(crate) fn forget_lost(&self) -> Result<()> {
        let mut ops = Vec::new();
        self.for_each_lost(false, |key, what, _| ops.extend((what != "file").then(|| Op::delete(key))))?;
        for op in ops {
            let _: Outcome = self.storage.apply(&[op], self.runs.durability())?;
        }
        Ok(())
    }

    fn for_each_lost(&self, read: bool, mut visit: impl FnMut(&[u8], &'static str, Digest)) -> Result<()> {
        let blobs = self.blobs();
        for_each_reference(&*self.storage, &mut |key, what, blob| {
            let found = match blobs.size(&blob) {
                Ok(Some(_)) if read => blobs.read_to(&blob, &mut sink()).map(Some),
                size => size,
            };
            match found {
                Ok(Some(_)) => Ok(()),
                Ok(None) | Err(Error::Corrupt { .. }) => {
                    visit(key, what, blob);
                    Ok(())
                }
                Err(e) => Err(e),
            }
        })
    }
}
