//! A disk that forgets what was not forced to it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mlops_core::base::files::{FileHook, FileOp};

/// One operation of the file layer, or a flush that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) enum Recorded {
    Create(PathBuf),
    Write(PathBuf, u64, Vec<u8>),
    SetLen(PathBuf, u64),
    Sync(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Flushed,
    /// A call returned that promises the disk; its number.
    Promised(usize),
}

/// Records every operation in order.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<Recorded>>);

impl Recorder {
    pub(crate) fn flushed(&self) {
        self.0.lock().unwrap().push(Recorded::Flushed);
    }

    pub(crate) fn promised(&self, number: usize) {
        self.0.lock().unwrap().push(Recorded::Promised(number));
    }

    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl FileHook for Recorder {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        self.0.lock().unwrap().push(match op {
            FileOp::Create(path) => Recorded::Create(path.to_path_buf()),
            FileOp::Write(path, at, bytes) => Recorded::Write(path.to_path_buf(), *at, bytes.to_vec()),
            FileOp::SetLen(path, len) => Recorded::SetLen(path.to_path_buf(), *len),
            FileOp::Sync(path) => Recorded::Sync(path.to_path_buf()),
            FileOp::SyncDir(path) => Recorded::SyncDir(path.to_path_buf()),
            FileOp::Rename(from, to) => Recorded::Rename(from.to_path_buf(), to.to_path_buf()),
            FileOp::Remove(path) => Recorded::Remove(path.to_path_buf()),
        });
        Ok(None)
    }
}

/// A change of a file's bytes that is not on the disk yet.
#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Len(u64),
}

/// A change of a folder's entries that is not on the disk yet.
#[derive(Clone, Debug)]
enum Entry {
    Made(PathBuf, usize),
    Moved(PathBuf, PathBuf, usize),
    Gone(PathBuf),
}

#[derive(Clone, Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

/// Files as the processes see them, and as they are on the disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    inodes: Vec<Inode>,
    seen: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    /// By folder, in order: a file system keeps the order within a folder.
    pending: BTreeMap<PathBuf, Vec<Entry>>,
}

fn apply(bytes: &mut Vec<u8>, change: &Change, keep: usize) {
    match change {
        Change::Write(at, new) => {
            let (at, new) = (usize::try_from(*at).unwrap(), new.get(..keep.min(new.len())).unwrap());
            bytes.resize(bytes.len().max(at + new.len()), 0);
            bytes.get_mut(at..at + new.len()).unwrap().copy_from_slice(new);
        }
        Change::Len(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
    }
}

impl Entry {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Made(path, inode) => drop(names.insert(path.clone(), *inode)),
            Self::Moved(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Self::Gone(path) => drop(names.remove(path)),
        }
    }
}

impl Disk {
    /// A disk with these files, all of them forced to it.
    pub(crate) fn with(files: &[PathBuf]) -> Self {
        let mut disk = Self::default();
        for path in files {
            disk.durable.insert(path.clone(), disk.inodes.len());
            disk.inodes.push(Inode { durable: std::fs::read(path).unwrap(), pending: Vec::new() });
        }
        disk.seen = disk.durable.clone();
        disk
    }

    fn enter(&mut self, folder: &Path, entry: Entry) {
        entry.apply(&mut self.seen);
        self.pending.entry(folder.to_path_buf()).or_default().push(entry);
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(inode) = self.seen.get(path) {
            self.inodes.get_mut(*inode).unwrap().pending.push(change);
        }
    }

    /// Does one operation.
    pub(crate) fn play(&mut self, op: &Recorded) {
        match op {
            Recorded::Create(path) if !self.seen.contains_key(path) => {
                self.inodes.push(Inode::default());
                self.enter(path.parent().unwrap(), Entry::Made(path.clone(), self.inodes.len() - 1));
            }
            Recorded::Write(path, at, bytes) => self.change(path, Change::Write(*at, bytes.clone())),
            Recorded::SetLen(path, len) => self.change(path, Change::Len(*len)),
            Recorded::Sync(path) => {
                if let Some(inode) = self.seen.get(path).and_then(|inode| self.inodes.get_mut(*inode)) {
                    for change in std::mem::take(&mut inode.pending) {
                        apply(&mut inode.durable, &change, usize::MAX);
                    }
                }
            }
            Recorded::SyncDir(folder) => {
                for entry in self.pending.remove(folder).unwrap_or_default() {
                    entry.apply(&mut self.durable);
                }
            }
            Recorded::Rename(from, to) => {
                // Folders are those of the index, which is left out.
                if let Some(inode) = self.seen.get(from).copied() {
                    self.enter(to.parent().unwrap(), Entry::Moved(from.clone(), to.clone(), inode));
                }
            }
            Recorded::Remove(path) if self.seen.contains_key(path) => {
                self.enter(path.parent().unwrap(), Entry::Gone(path.clone()));
            }
            Recorded::Create(_) | Recorded::Remove(_) | Recorded::Flushed | Recorded::Promised(_) => {}
        }
    }

    /// What is on the disk after the power went: of what was not forced to it, as `random` has it, nothing, all, the
    /// beginning, or some of it in any order, the last of it torn.
    pub(crate) fn after_power_loss(&self, random: &mut dyn FnMut(usize) -> usize) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut names = self.durable.clone();
        for entries in self.pending.values() {
            let kept = random(entries.len() + 1);
            entries.iter().take(kept).for_each(|entry| entry.apply(&mut names));
        }
        let content = |inode: usize, random: &mut dyn FnMut(usize) -> usize| {
            let Inode { durable, pending } = self.inodes.get(inode).unwrap();
            let mut bytes = durable.clone();
            let kept = match random(4) {
                0 => 0,
                1 => pending.len(),
                _ => random(pending.len() + 1),
            };
            let some = random(2) == 0;
            for (at, change) in pending.iter().take(kept).enumerate() {
                let last = at + 1 == kept;
                if some && random(3) == 0 {
                    continue;
                }
                let torn = last && random(2) == 0;
                apply(&mut bytes, change, if torn { 512 * random(4) + random(512) } else { usize::MAX });
            }
            bytes
        };
        names.into_iter().map(|(path, inode)| (path, content(inode, random))).collect()
    }
}
