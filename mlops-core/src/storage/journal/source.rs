//! What an index is made from and compared with: the journal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use super::Index;
use super::applied::Applied;
use super::files::{self, Head, Listing};
use super::live;
use super::open;
use super::pages::{self, Pages};
use super::totals::Totals;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::storage::memory::MemoryStorage;
use crate::storage::{Op, Storage};

/// Bytes of one batch while an index is made again.
const LOAD_BYTES: usize = 256 << 10;

/// A journal's folder, and what gives its index.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) folder: PathBuf,
    pub(super) files: Files,
    /// The store that the files belong to.
    pub(super) owner: Uuid,
    pub(super) index: Box<dyn Index>,
}

impl Source {
    /// The state after commit `upto`, in memory.
    pub(super) fn state_at(&self, upto: u64) -> Result<MemoryStorage> {
        open::state_at(&self.folder, &self.files, upto)
    }

    /// Brings the index, which is opened and compared with the journal if it is not given, up to a commit of the open
    /// journal. One that does not match, or is ahead, is made again.
    ///
    /// # Errors
    /// What index and journal give.
    pub(super) fn open_up_to(&self, index: Option<Arc<dyn Storage>>, upto: u64) -> Result<Arc<dyn Storage>> {
        let listing = Listing::read(&self.files, &self.folder)?;
        let base = match listing.checkpoints.first() {
            Some((_, path)) => match Pages::open(&self.files, path)? {
                Some((head, _)) => head,
                None => pages::read_checkpoint(&self.files, path, |_| Ok(()))?,
            },
            None => Head::default(),
        };
        let journal =
            Wanted { files: &self.files, folder: &self.folder, listing: &listing, owner: self.owner, base, upto };
        let matched = match index {
            Some(index) => {
                let has = Applied::read(&*index, self.owner)?;
                Some(journal.bring_up(index, &has)?)
            }
            None => journal.match_index(&*self.index, &|_| Ok(false))?,
        };
        matched.map(|(index, _)| index).ok_or_else(|| journal.mismatch())
    }
}

/// What an index is to have.
pub(super) struct Wanted<'a> {
    pub(super) files: &'a Files,
    pub(super) folder: &'a Path,
    pub(super) listing: &'a Listing,
    pub(super) owner: Uuid,
    /// The checkpoint that the commits go on behind.
    pub(super) base: Head,
    /// The last commit.
    pub(super) upto: u64,
}

/// An index, and the totals after the last commit.
pub(super) type Matched = (Arc<dyn Storage>, Totals);

impl Wanted<'_> {
    /// Opens the index and compares it with what the journal says; makes it again if it does not match. None if it is
    /// whole and ahead of the journal, and `accept` takes it.
    ///
    /// # Errors
    /// What index and journal give.
    pub(super) fn match_index(
        &self,
        source: &dyn Index,
        accept: &dyn Fn(&dyn Storage) -> Result<bool>,
    ) -> Result<Option<Matched>> {
        let matched = source.open().and_then(|index| {
            let has = Applied::read(&*index, self.owner)?;
            if has.owner != self.owner || !has.holds(&*index)? {
                return Err(self.mismatch());
            }
            if has.head.seq <= self.upto {
                return self.bring_up(index, &has).map(Some);
            }
            if accept(&*index)? { Ok(None) } else { Err(self.mismatch()) }
        });
        if let Ok(matched) = matched {
            return Ok(matched);
        }
        // Whatever is wrong with it: it is only an index.
        source.set_aside()?;
        let index = source.open()?;
        self.load(&*index)?;
        self.bring_up(index, &Applied { owner: self.owner, head: self.base }).map(Some)
    }

    /// Checks an index against the totals of the commit that it has, and applies the commits behind.
    fn bring_up(&self, index: Arc<dyn Storage>, has: &Applied) -> Result<Matched> {
        let mut matches = has.head == self.base;
        let mut totals = self.base.totals;
        let mut gathered = BTreeMap::new();
        let (mut bytes, mut last) = (0, None);
        let bring = |gathered: &mut BTreeMap<_, _>, head| {
            let changes = std::mem::take(gathered).into_iter().collect();
            live::bring(&*index, &Applied { owner: self.owner, head }.commit(changes)?)
        };
        files::read_commits(self.files, self.folder, self.listing, self.base.seq, |seq, commit| {
            if seq > self.upto {
                return Ok(());
            }
            let head = Head { seq, totals: commit.totals };
            matches |= head == has.head;
            totals = commit.totals;
            if seq > has.head.seq {
                if !matches {
                    return Err(self.mismatch());
                }
                let more = live::size(&commit.changes);
                if bytes + more > LOAD_BYTES
                    && let Some(last) = last.take()
                {
                    bring(&mut gathered, last)?;
                    bytes = 0;
                }
                bytes += more;
                gathered.extend(commit.changes);
                last = Some(head);
            }
            Ok(())
        })?;
        if let Some(head) = last {
            bring(&mut gathered, head)?;
        }
        if matches { Ok((index, totals)) } else { Err(self.mismatch()) }
    }

    fn mismatch(&self) -> Error {
        Error::corrupt(self.folder, 0, "the index does not match the journal")
    }

    /// Fills a new index with a checkpoint.
    fn load(&self, index: &dyn Storage) -> Result<()> {
        if self.base.seq == 0 {
            return Ok(());
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        let write = |batch: &mut Vec<Op>| -> Result<()> { live::bring(index, &std::mem::take(batch)) };
        pages::read_checkpoint(self.files, &files::checkpoint_path(self.folder, self.base.seq), |entries| {
            for (key, value) in entries {
                bytes += key.len() + value.len();
                batch.push(Op::Put { key, value });
                if bytes > LOAD_BYTES {
                    write(&mut batch)?;
                    bytes = 0;
                }
            }
            Ok(())
        })?;
        batch.push(Applied { owner: self.owner, head: self.base }.op()?);
        write(&mut batch)
    }
}
