//! A checkpoint, read where it is asked for: its last frame says which page begins with which key.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::files::{self, Head, Page};
use super::totals::Totals;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::log::{LogKind, LogReader, TRAILER_BYTES, Trailer, open_at_trailer};
use crate::storage::{Entry, Filling, KeyRange, ScanOptions, ScanPage};

/// How many pages stay in memory.
const KEPT: usize = 256;

/// The format of a checkpoint's head and last frame: one that begins with the byte before it has no directory.
const WITH_DIRECTORY: u8 = 2;

/// The first key of every page, and where its frame begins in the file; page `n` is frame `n + 1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Directory {
    pub(super) pages: Vec<(ByteBuf, u64)>,
}

impl Directory {
    /// The body of the frame that ends a checkpoint, which will have this number and offset.
    pub(super) fn encode(&self, seq: u64, offset: u64) -> Result<Vec<u8>> {
        let mut body = files::encode_as(WITH_DIRECTORY, self)?;
        body.extend_from_slice(&Trailer::encode(seq, offset));
        Ok(body)
    }

    fn decode(body: &[u8], path: &Path, offset: u64) -> Result<Self> {
        let directory = body.len().checked_sub(TRAILER_BYTES).and_then(|end| body.get(..end));
        files::decode_known(directory.unwrap_or_default(), WITH_DIRECTORY, path, offset)
    }
}

/// The body of a checkpoint's first frame.
pub(super) fn encode_head(head: &Head) -> Result<Vec<u8>> {
    files::encode_as(WITH_DIRECTORY, head)
}

/// Reads a checkpoint page by page and checks it against its head and its directory.
///
/// # Errors
/// `Corrupt` with file and offset.
pub(super) fn read_checkpoint(
    files: &Files,
    path: &Path,
    mut visit: impl FnMut(Vec<Entry>) -> Result<()>,
) -> Result<Head> {
    let cut = |offset| Error::corrupt(path, offset, "the checkpoint is cut short; run `mlops fsck --repair`");
    let mut log = LogReader::open(files, path, LogKind::Checkpoint)?.ok_or_else(|| cut(0))?;
    let first = log.next_frame()?.map_err(|_| cut(log.offset()))?;
    let head: Head = files::decode_known(&first.body, WITH_DIRECTORY, path, first.offset)?;
    let has_directory = first.body.first() == Some(&WITH_DIRECTORY);
    let mut totals = Totals::default();
    let mut directory = Directory::default();
    loop {
        let frame = match log.next_frame()? {
            Ok(frame) => frame,
            Err(_) if totals == head.totals && !has_directory => return Ok(head),
            Err(_) => return Err(cut(log.offset())),
        };
        if has_directory && frame.body.first() == Some(&WITH_DIRECTORY) {
            let whole = Directory::decode(&frame.body, path, frame.offset)? == directory && totals == head.totals;
            let is_last = log.next_frame()?.is_err() && frame.body.ends_with(&Trailer::encode(frame.seq, frame.offset));
            if whole && is_last {
                return Ok(head);
            }
            let detail = "the checkpoint's directory does not match its pages; run `mlops fsck --repair`";
            return Err(Error::corrupt(path, frame.offset, detail));
        }
        let Page(entries) = files::decode(&frame.body, path, frame.offset)?;
        entries.iter().for_each(|(key, value)| totals.add(key, value));
        directory.pages.extend(entries.first().map(|(key, _)| (ByteBuf::from(key.clone()), frame.offset)));
        visit(entries)?;
    }
}

/// An open checkpoint. The file may be removed meanwhile.
#[derive(Debug)]
pub(super) struct Pages {
    path: PathBuf,
    directory: Directory,
    read: Mutex<Read>,
}

#[derive(Debug)]
struct Read {
    log: LogReader,
    /// The pages that were read last, by number.
    kept: VecDeque<(usize, Arc<Vec<Entry>>)>,
}

impl Pages {
    /// Opens a checkpoint; None if it was written without a directory.
    ///
    /// # Errors
    /// `Corrupt` with file and offset, `NewerFormat`, `Io`.
    pub(super) fn open(files: &Files, path: &Path) -> Result<Option<(Head, Self)>> {
        let Some((mut log, last)) = open_at_trailer(files, path, LogKind::Checkpoint)? else { return Ok(None) };
        let directory = Directory::decode(&last.body, path, last.offset)?;
        log.seek(crate::log::HEADER_BYTES, log.header().first_seq);
        let Ok(first) = log.next_frame()? else { return Ok(None) };
        let head = files::decode_known(&first.body, WITH_DIRECTORY, path, first.offset)?;
        let read = Read { log, kept: VecDeque::with_capacity(KEPT) }.into();
        Ok(Some((head, Self { path: path.into(), directory, read })))
    }

    fn page(&self, number: usize) -> Result<Option<Arc<Vec<Entry>>>> {
        let Some((first, offset)) = self.directory.pages.get(number) else { return Ok(None) };
        let mut read = self.read.lock();
        if let Some((_, page)) = read.kept.iter().rev().find(|(kept, _)| *kept == number) {
            return Ok(Some(page.clone()));
        }
        read.log.seek(*offset, number as u64 + 1);
        let damaged =
            |detail: &str| Error::corrupt(&self.path, *offset, format!("{detail}; run `mlops fsck --repair`"));
        let frame = read.log.next_frame()?.map_err(|_| damaged("the checkpoint is cut short"))?;
        let Page(page) = files::decode(&frame.body, &self.path, frame.offset)?;
        if page.first().map(|(key, _)| key) != Some(first) {
            return Err(damaged("the page begins with another key than the checkpoint's directory says"));
        }
        if read.kept.len() == KEPT {
            read.kept.pop_front();
        }
        let page = Arc::new(page);
        read.kept.push_back((number, page.clone()));
        Ok(Some(page))
    }

    /// The page that would have `key`.
    fn page_of(&self, key: &[u8]) -> usize {
        self.directory.pages.partition_point(|(first, _)| first.as_slice() <= key).saturating_sub(1)
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(page) = self.page(self.page_of(key))? else { return Ok(None) };
        let found = page.binary_search_by(|(found, _)| found.as_slice().cmp(key)).ok();
        Ok(found.and_then(|at| page.get(at)).map(|(_, value)| value.clone()))
    }

    pub(super) fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        let mut filling = Filling::new(options);
        let mut number = match &range.end {
            Some(end) if options.reverse => self.page_of(end),
            None if options.reverse => self.directory.pages.len().saturating_sub(1),
            _ => self.page_of(&range.start),
        };
        while !range.is_empty()
            && let Some(page) = self.page(number)?
        {
            let (Some((first, _)), Some((last, _))) = (page.first(), page.last()) else { break };
            let within = page.iter().filter(|(key, _)| range.contains(key));
            let mut add = |entry: &Entry| filling.add(entry.clone());
            let (full, is_last) = if options.reverse {
                (within.rev().any(&mut add), *first <= range.start || number == 0)
            } else {
                (within.into_iter().any(&mut add), range.end.as_ref().is_some_and(|end| last >= end))
            };
            if full || is_last {
                break;
            }
            number = if options.reverse { number - 1 } else { number + 1 };
        }
        Ok(filling.page())
    }
}
