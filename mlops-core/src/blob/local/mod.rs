//! Blobs in a folder of the local file system.
//!
//! A blob of 64 KiB or more is a file of its own (`objects.rs`); smaller ones are frames in packs (`pack.rs`), of which
//! each process appends to its own (`writer.rs`) and all read all (`index.rs`). A put of bytes that exist reads the
//! copy that is there and, if it is damaged, stores them anew. Two processes that put the same small bytes at the
//! same time may both store them. What nothing refers to goes to the trash (`sweep.rs`).

mod check;
mod index;
mod objects;
mod pack;
mod sweep;
mod temp;
mod writer;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use self::index::Index;
use self::objects::{Objects, absent_is_none, digest_in_name, read_chunk};
use self::pack::{Entry, pack_path};
use self::writer::{PackWriter, close_dead_packs, sync_all};
use super::lease_files::LeaseFiles;
use super::{BlobStats, BlobStore, Leases, Sweep, Swept, not_found};
use crate::base::digests::Digest;
use crate::base::files::{FileHandle, Files};
use crate::base::findings::Finding;
use crate::base::ids::IdSource;
use crate::base::os;
use crate::error::{Error, Result};

/// Blobs of at least this many bytes are files of their own.
const LARGE_BYTES: usize = 64 << 10;

/// How often packs are listed at most for a blob that is not found, as long as they come and go.
const LISTINGS: u32 = 20;

/// Where a [`LocalBlobs`] is and what it works with.
#[derive(Clone, Debug)]
pub struct LocalBlobOptions {
    /// The folder of the blobs, `.mlops/blobs`.
    pub folder: PathBuf,
    /// The folder for files that are not whole yet, on the same file system, `.mlops/tmp`.
    pub tmp: PathBuf,
    /// The folder for what a repair sets aside, on the same file system, `.mlops/trash`.
    pub trash: PathBuf,
    /// The file layer.
    pub files: Files,
    /// Where names of packs and temporary files come from.
    pub ids: Arc<dyn IdSource>,
    /// Changes nothing on the disk, not even what a dead writer left.
    pub read_only: bool,
}

/// A [`BlobStore`] in a folder. Any number of processes may have it open at the same time.
#[derive(Debug)]
pub struct LocalBlobs {
    options: LocalBlobOptions,
    packs: PathBuf,
    objects: Objects,
    index: RwLock<Index>,
    /// Taken before `index`.
    writer: Mutex<PackWriter>,
    /// Held by the one flush at work, so that a second one does not return before it. Taken before `writer`.
    flushing: Mutex<()>,
    leases: Arc<Leases>,
    /// How often the process had forked when the folder was opened.
    forks: usize,
}

impl LocalBlobs {
    /// Opens the folder, made if it is absent. Packs whose writer died are closed and its temporary files removed,
    /// unless `read_only`.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder cannot be made or listed.
    pub fn open(options: LocalBlobOptions) -> Result<Self> {
        let LocalBlobOptions { folder, tmp, trash, files, ids, read_only } = options.clone();
        let (packs, objects) = (folder.join("packs"), folder.join("objects"));
        if !read_only {
            let new = !packs.exists();
            // A copy of the store may lack folders that were empty. `packs` is last, as it says that the rest is done.
            for path in [&objects, &tmp, &trash, &packs] {
                files.create_dir_all(path)?;
            }
            if new {
                files.sync_dir(&folder)?;
                files.sync_parent(&folder)?;
            }
            temp::remove_leftovers(&files, &tmp)?;
            close_dead_packs(&files, &packs)?;
        }
        let leases = if read_only { Leases::default() } else { Leases::across(LeaseFiles::open(&files, &folder)?) };
        let leases = Arc::new(leases);
        Ok(Self {
            forks: os::forks(),
            objects: Objects {
                files: files.clone(),
                folder: objects,
                tmp: tmp.clone(),
                ids: ids.clone(),
                leases: leases.clone(),
            },
            index: RwLock::default(),
            writer: Mutex::new(PackWriter::new(files, packs.clone(), tmp, ids)),
            flushing: Mutex::new(()),
            leases,
            packs,
            options,
        })
    }

    /// True if a file of the folder for files that are not whole yet is a blob store's: locked while its writer lives, and
    /// removed by [`open`](Self::open) otherwise.
    pub fn makes_locked(path: &Path) -> bool {
        temp::is_ours(path)
    }

    /// Mends what can be mended, for `mlops fsck --repair`: packs with a damaged frame, header or footer are written
    /// anew from their undamaged frames, and the old pack is set aside in the trash; so are damaged files of large
    /// blobs and files whose name is no digest. Packs that another process writes to are left alone.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Io`].
    pub fn repair(&self) -> Result<Vec<Finding>> {
        self.check_writable()?;
        let mut writer = self.writer.lock();
        writer.close();
        let findings = check::repair(&self.options, &self.packs, &self.objects);
        *self.index.write() = Index::default();
        findings
    }

    /// The digests of all blobs, in no order; what is damaged may be among them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn digests(&self) -> Result<Vec<Digest>> {
        self.refresh_index()?;
        let mut digests = self.index.read().digests();
        for path in check::object_files(&self.options.files, &self.objects)? {
            digests.extend(digest_in_name(&path));
        }
        Ok(digests)
    }

    fn check_writable(&self) -> Result<()> {
        if self.options.read_only {
            let what = format!("the blob store at {}", self.options.folder.display());
            return Err(Error::ReadOnly { what, hint: "open the store without read_only to write to it".into() });
        }
        Ok(())
    }

    fn load_index(&self) -> Result<()> {
        if self.index.read().is_loaded() { Ok(()) } else { self.refresh_index().map(drop) }
    }

    /// Returns true if packs came or went.
    fn refresh_index(&self) -> Result<bool> {
        self.index.write().refresh(&self.options.files, &self.packs)
    }

    fn put_small(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        let _lease = self.leases.hold()?;
        self.leases.renew(&digest)?;
        let mut writer = self.writer.lock();
        self.load_index()?;
        if self.holds_small(&digest)? {
            writer.note_found(self.index.read().places(&digest).into_iter().map(|place| place.pack));
        } else {
            let (pack, entry, at) = writer.append(digest, bytes)?;
            self.index.write().appended(pack, &entry, at);
        }
        Ok(digest)
    }

    /// True if there is an undamaged copy, as far as the index knows: what another process puts is not looked for, since
    /// every put of new bytes would have to. A copy that cannot be read is no reason to refuse a new one.
    fn holds_small(&self, digest: &Digest) -> Result<bool> {
        let read = || matches!(self.read_small(digest, FileHandle::touch), Ok(Some(_)));
        if read() {
            return Ok(true);
        }
        if self.index.read().places(digest).is_empty() {
            return Ok(false);
        }
        // A sweep of another process may have written its pack anew.
        self.refresh_index()?;
        Ok(read())
    }

    /// The bytes of the first undamaged copy that the index knows; `found` sees the pack that has it.
    fn read_small(&self, digest: &Digest, found: fn(&FileHandle)) -> Result<Option<Vec<u8>>> {
        let mut damage = None;
        let places = self.index.read().places(digest);
        for place in places {
            let path = pack_path(&self.packs, place.pack);
            let Some(file) = absent_is_none(self.options.files.open_read(&path))? else { continue };
            let mut bytes = vec![0; place.size as usize];
            let read = file.read_at(&mut bytes, Entry::content(place.offset))?;
            if read == bytes.len() && Digest::of(&bytes) == *digest {
                found(&file);
                return Ok(Some(bytes));
            }
            let detail = format!("{digest} does not match its digest; store it again, or run `mlops fsck --repair`");
            damage.get_or_insert(Error::corrupt(&path, u64::from(place.offset), detail));
        }
        damage.map_or(Ok(None), Err)
    }

    /// What a sweep has just moved to the trash, for who knew of it before; else the error.
    fn read_trashed(&self, digest: &Digest, out: &mut dyn Write, missing: Error) -> Result<u64> {
        match missing {
            Error::NotFound { .. } => sweep::read_trashed(self, digest, out)?.ok_or(missing),
            other => Err(other),
        }
    }

    /// Looks for a blob: with `small` among those that the index knows, with `large` among the files, then among
    /// what other processes have appended since, and says what is wrong if it is nowhere.
    fn find<T>(
        &self,
        digest: &Digest,
        mut small: impl FnMut(&Self) -> Result<Option<T>>,
        large: impl FnOnce(&Objects) -> Result<Option<T>>,
    ) -> Result<T> {
        self.load_index()?;
        let damage = match small(self) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error @ Error::Corrupt { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        if damage.is_none()
            && let Some(found) = large(&self.objects)?
        {
            return Ok(found);
        }
        // A pack that is written anew while the folder is listed may be seen under neither of its names, and one that
        // was listed may be gone.
        for _ in 0..LISTINGS {
            let changed = self.refresh_index()?;
            if let Some(found) = small(self)? {
                return Ok(found);
            }
            if !changed && self.index.read().places(digest).is_empty() {
                break;
            }
        }
        Err(damage.or_else(|| self.index.read().damage(&self.packs)).unwrap_or_else(|| not_found(digest)))
    }
}

impl BlobStore for LocalBlobs {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        self.check_writable()?;
        if bytes.len() < LARGE_BYTES {
            return self.put_small(bytes);
        }
        let digest = Digest::of(bytes);
        self.objects.put(&digest, bytes)?;
        Ok(digest)
    }

    fn put_reader(&self, reader: &mut dyn Read) -> Result<(Digest, u64)> {
        self.check_writable()?;
        let mut begin = Vec::new();
        read_chunk(reader, &mut begin, LARGE_BYTES)?;
        if begin.len() < LARGE_BYTES {
            return Ok((self.put_small(&begin)?, begin.len() as u64));
        }
        self.objects.put_reader(begin, reader)
    }

    fn keep(&self, digest: &Digest) -> Result<bool> {
        self.check_writable()?;
        let _lease = self.leases.hold()?;
        self.leases.renew(digest)?;
        let mut writer = self.writer.lock();
        self.load_index()?;
        if self.holds_small(digest)? {
            writer.note_found(self.index.read().places(digest).into_iter().map(|place| place.pack));
            return Ok(true);
        }
        drop(writer);
        self.objects.keep_existing(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        let found = self.find(digest, |blobs| blobs.read_small(digest, |_| ()), |objects| objects.read(digest));
        found.or_else(|missing| {
            let mut bytes = Vec::new();
            self.read_trashed(digest, &mut bytes, missing).map(|_| bytes)
        })
    }

    fn read_to(&self, digest: &Digest, out: &mut dyn Write) -> Result<u64> {
        // Only one of the two writes: a small blob is whole in memory first, a large one is a file.
        let mut large = None;
        let small = self.find(
            digest,
            |blobs| blobs.read_small(digest, |_| ()),
            |objects| {
                large = objects.read_to(digest, out)?;
                Ok(large.map(|_| Vec::new()))
            },
        );
        let small = match (large, small) {
            (Some(size), _) => return Ok(size),
            (None, Ok(small)) => small,
            (None, Err(missing)) => return self.read_trashed(digest, out, missing),
        };
        out.write_all(&small).map_err(|e| Error::io("copy a blob to", Path::new("its destination"), e))?;
        Ok(small.len() as u64)
    }

    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        let small = |blobs: &Self| {
            let places = blobs.index.read().places(digest);
            Ok(places.first().map(|place| u64::from(place.size)))
        };
        match self.find(digest, small, |objects| objects.size(digest)) {
            Err(Error::NotFound { .. }) => Ok(None),
            size => size.map(Some),
        }
    }

    fn flush(&self) -> Result<()> {
        let _one = self.flushing.lock();
        let mut unsynced = self.writer.lock().take_unsynced();
        let synced = sync_all(&self.options.files, &self.packs, &mut unsynced);
        if synced.is_err() {
            self.writer.lock().put_back(unsynced);
        }
        synced
    }

    fn verify(&self, report: &mut dyn FnMut(Error)) -> Result<BlobStats> {
        check::verify(&self.options.files, &self.packs, &self.objects, report)
    }

    fn leases(&self) -> &Arc<Leases> {
        &self.leases
    }

    fn sweep(&self, sweep: &Sweep<'_>) -> Result<Swept> {
        if !sweep.dry_run {
            self.check_writable()?;
        }
        sweep::sweep(self, sweep)
    }
}

impl Drop for LocalBlobs {
    fn drop(&mut self) {
        if self.forks != os::forks() {
            // What is to be done is the parent's, and so are the threads that may hold the locks.
            return;
        }
        let Some(mut writer) = self.writer.try_lock() else { return };
        writer.close();
        drop(writer);
        // Whoever must know that all is on the disk has called `flush`.
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests;
