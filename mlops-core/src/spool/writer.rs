//! This process's own records.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use uuid::Uuid;

use super::files::{DRAINED_STAYS, WriterFiles};
use super::mark::Mark;
use super::reader::{Record, SpoolReader};
use super::syncing::Syncing;
use crate::base::files::{FileHandle, Files};
use crate::base::ids::IdSource;
use crate::base::os;
use crate::base::signal::Signal;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::log::{LogHeader, LogKind, LogWriter};

/// Where a spool keeps its files.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// The folder of all writers' files.
    pub folder: PathBuf,
    /// The folder where files are made and locked before they get their name.
    pub tmp: PathBuf,
    /// The file layer.
    pub files: Files,
    /// A log file above this size is followed by the next when records were drained, in bytes.
    pub file_bytes: u64,
}

/// The records of this process: appended here, acknowledged when they are in the kernel's page cache.
#[derive(Debug)]
pub struct Spool {
    writer: Uuid,
    backing: Backing,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a store has one of them")]
enum Backing {
    /// A store in memory: the records that are not drained.
    Memory(Mutex<(VecDeque<Vec<u8>>, Mark)>),
    Files {
        options: SpoolOptions,
        names: WriterFiles,
        open: Mutex<Open>,
        /// A thread has forced records to the disk, or failed to.
        synced: Signal,
    },
}

/// The writer's files; none are made before the first record.
#[derive(Debug, Default)]
struct Open {
    lock: Option<FileHandle>,
    log: Option<(LogWriter, u32)>,
    /// Log files before it that are not removed yet, in order.
    full: VecDeque<Full>,
    syncing: Syncing,
}

/// A log file that another has followed.
#[derive(Debug)]
struct Full {
    number: u32,
    /// The number behind that of its last record.
    end_seq: u64,
    /// Since when all of it is drained.
    drained_at: Option<Timestamp>,
}

impl Spool {
    /// A spool for a store in memory.
    pub fn memory(ids: &Arc<dyn IdSource>) -> Self {
        Self { writer: ids.next(), backing: Backing::Memory(Mutex::default()) }
    }

    /// A spool in files. Nothing is made on the disk before the first record.
    pub fn files(options: SpoolOptions, ids: &Arc<dyn IdSource>) -> Self {
        let writer = ids.next();
        let names = WriterFiles { folder: options.folder.clone(), writer };
        Self { writer, backing: Backing::Files { options, names, open: Mutex::default(), synced: Signal::default() } }
    }

    /// This process's id as a writer.
    pub fn writer(&self) -> Uuid {
        self.writer
    }

    /// Appends a record; the kernel has it when this returns. Returns its number, for [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`Error::Io`] if it could not be written: nothing of it is kept, and later appends may succeed.
    pub fn append(&self, record: &[u8]) -> Result<u64> {
        match &self.backing {
            Backing::Memory(queue) => {
                let (records, first) = &mut *queue.lock();
                records.push_back(record.to_vec());
                Ok(first.seq + records.len() as u64 - 1)
            }
            Backing::Files { options, names, open, .. } => {
                open.lock().log(options, names)?.append(record).map(|appended| appended.seq)
            }
        }
    }

    /// Forces the record with this number, and all before it, to the disk, with the names of their files. Threads that
    /// call this at the same time share one fdatasync. `before` is called first: it forces to the disk what the records
    /// name.
    ///
    /// # Errors
    /// [`Error::Io`], of every call that shared the attempt: the records are kept unless the power goes. What the next
    /// call acknowledges is on the disk, these among it.
    pub fn sync(&self, seq: u64, before: impl Fn() -> Result<()>) -> Result<()> {
        let Backing::Files { options, open, synced, .. } = &self.backing else { return Ok(()) };
        let mut open = open.lock();
        let mut attempted = false;
        while open.syncing.done <= seq {
            if let Some(failed) = open.syncing.failure(seq).filter(|_| attempted) {
                return Err(failed);
            }
            attempted = true;
            if open.syncing.at_work {
                synced.wait(&mut open);
                continue;
            }
            let Open { log: Some((log, _)), syncing, .. } = &mut *open else { return Ok(()) };
            if seq >= log.next_seq() {
                return Ok(());
            }
            let mut work = syncing.begin(log);
            let outcome = MutexGuard::unlocked(&mut open, || work.run(&options.files, &options.folder, &before));
            open.syncing.end(work, outcome);
            synced.notify_all();
        }
        Ok(())
    }

    /// True if a file that another has followed may not be on the disk: it is kept open until [`sync`](Self::sync).
    pub fn has_left_unsynced(&self) -> bool {
        matches!(&self.backing, Backing::Files { open, .. } if open.lock().syncing.has_parts())
    }

    /// [`sync`](Self::sync) of all that was appended.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn sync_all(&self, before: impl Fn() -> Result<()>) -> Result<()> {
        self.end().seq.checked_sub(1).map_or(Ok(()), |last| self.sync(last, before))
    }

    /// The place behind the last record.
    pub fn end(&self) -> Mark {
        match &self.backing {
            Backing::Memory(queue) => {
                let (records, first) = &*queue.lock();
                Mark { seq: first.seq + records.len() as u64, ..*first }
            }
            Backing::Files { open, .. } => open.lock().log.as_ref().map_or_else(Mark::default, |(log, number)| Mark {
                file: *number,
                offset: log.end(),
                seq: log.next_seq(),
            }),
        }
    }

    /// True if this process's newest log file is not there any more.
    pub fn is_gone(&self) -> bool {
        let Backing::Files { names, open, .. } = &self.backing else { return false };
        let number = open.lock().log.as_ref().map(|(_, number)| *number);
        number.is_some_and(|number| !names.log_path(number).exists())
    }

    /// The error that the records from `mark` on, which were appended, cannot be found any more.
    pub fn gone(&self, mark: Mark) -> Error {
        let count = self.end().seq.saturating_sub(mark.seq);
        let path = match &self.backing {
            Backing::Memory(_) => PathBuf::new(),
            Backing::Files { names, .. } => names.log_path(mark.file),
        };
        let why = "the store was deleted or moved while it was open";
        Error::corrupt(&path, mark.offset, format!("{count} records of runs are gone: {why}; open it again"))
    }

    /// Reads this process's own records from `mark` on; with a reader that was kept, if that is where it is.
    pub fn reader(&self, mark: Mark, kept: Option<SpoolReader>) -> OwnReader<'_> {
        match &self.backing {
            Backing::Memory(queue) => OwnReader::Memory(queue, mark),
            Backing::Files { options, names, .. } => {
                let new = || SpoolReader::new(&options.files, names, mark);
                let mut reader = OwnReader::Files(kept.unwrap_or_else(new));
                reader.go_to(mark);
                reader
            }
        }
    }

    /// Says that everything before `mark` is drained and committed at the time `now`: a full log file is followed by
    /// the next.
    ///
    /// # Errors
    /// `Io`; the full file is used on then.
    pub fn drained(&self, mark: Mark, now: Timestamp) -> Result<()> {
        match &self.backing {
            Backing::Memory(queue) => {
                let (records, first) = &mut *queue.lock();
                while first.seq < mark.seq && records.pop_front().is_some() {
                    first.seq += 1;
                }
            }
            Backing::Files { options, names, open, .. } => {
                let open = &mut *open.lock();
                if let Some((log, number)) = &mut open.log
                    && log.end() >= options.file_bytes
                {
                    let end_seq = log.next_seq();
                    let next = create_log(options, names, *number + 1, end_seq)?;
                    open.full.push_back(Full { number: *number, end_seq, drained_at: None });
                    open.syncing.next_file(Some(log));
                    (*log, *number) = (next, *number + 1);
                }
                for full in open.full.iter_mut().filter(|full| full.end_seq <= mark.seq) {
                    full.drained_at.get_or_insert(now);
                }
            }
        }
        Ok(())
    }

    /// Removes the log files that were drained [`DRAINED_STAYS`](super::DRAINED_STAYS) ago or before. `durable` is called
    /// before the first goes: it forces their effect to the disk.
    ///
    /// # Errors
    /// What `durable` gives, `Io`; the files are tried again at the next call.
    pub fn remove_drained(&self, now: Timestamp, durable: impl FnOnce() -> Result<()>) -> Result<()> {
        let Backing::Files { options, names, open, .. } = &self.backing else { return Ok(()) };
        let old = |full: &Full| full.drained_at.is_some_and(|at| now.since(at) >= DRAINED_STAYS);
        if !open.lock().full.front().is_some_and(old) {
            return Ok(());
        }
        durable()?;
        let mut open = open.lock();
        while let Some(full) = open.full.front().filter(|full| old(full)) {
            options.files.remove(&names.log_path(full.number))?;
            open.full.pop_front();
        }
        Ok(())
    }

    /// Renews the heartbeat that other processes see: the writer lives at the time `now`.
    pub fn beat(&self, now: Timestamp) {
        if let Backing::Files { open, .. } = &self.backing
            && let Some(lock) = &open.lock().lock
        {
            // A missed heartbeat only makes the end time of a killed run less exact.
            lock.touch_at(now);
        }
    }
}

impl Open {
    fn log(&mut self, options: &SpoolOptions, names: &WriterFiles) -> Result<&mut LogWriter> {
        if self.lock.is_none() {
            // Made and locked under tmp, so that nobody ever sees it unlocked while its writer lives.
            let tmp = options.tmp.join(format!("{}.lock", names.writer.simple()));
            options.files.remove(&tmp)?;
            let _no_forks = os::no_forks();
            let mut lock = options.files.create_new(&tmp)?;
            if !lock.try_lock().map_err(|e| Error::io("lock", &tmp, e))? {
                return Err(Error::internal(format!("{} is locked by another process", tmp.display())));
            }
            lock.rename(&names.lock_path())?;
            self.lock = Some(lock);
        }
        if self.log.is_none() {
            self.log = Some((create_log(options, names, 0, 0)?, 0));
            self.syncing.next_file(None);
        }
        match &mut self.log {
            Some((log, _)) => Ok(log),
            None => Err(Error::internal("the spool has no log")),
        }
    }
}

fn create_log(options: &SpoolOptions, names: &WriterFiles, number: u32, first_seq: u64) -> Result<LogWriter> {
    let tmp = options.tmp.join(format!("{}-{number:06}.log", names.writer.simple()));
    options.files.remove(&tmp)?;
    let header = LogHeader { kind: LogKind::Spool, owner: names.writer, first_seq };
    LogWriter::create_renamed(&options.files, &tmp, &names.log_path(number), header)
}

/// Reads the process's own records.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one is made for a drain, and lives as long")]
pub enum OwnReader<'a> {
    #[doc(hidden)]
    Memory(&'a Mutex<(VecDeque<Vec<u8>>, Mark)>, Mark),
    #[doc(hidden)]
    Files(SpoolReader),
}

impl OwnReader<'_> {
    /// The next record; None if there is no more by now.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        match self {
            Self::Memory(queue, at) => {
                let (records, first) = &*queue.lock();
                let index = usize::try_from(at.seq.saturating_sub(first.seq)).unwrap_or(usize::MAX);
                Ok(records.get(index).map(|body| {
                    at.seq += 1;
                    Record { body: body.clone(), after: *at }
                }))
            }
            Self::Files(reader) => reader.next_record(),
        }
    }

    /// Goes on at a mark.
    pub fn go_to(&mut self, mark: Mark) {
        match self {
            Self::Memory(_, at) => *at = mark,
            Self::Files(reader) => reader.go_to(mark),
        }
    }

    /// What a later reader can go on with.
    pub fn keep(self) -> Option<SpoolReader> {
        match self {
            Self::Memory(..) => None,
            Self::Files(reader) => Some(reader),
        }
    }
}
