//! Reads a writer's records in order, from a mark on.

use super::files::WriterFiles;
use super::mark::Mark;
use crate::base::files::Files;
use crate::error::{Error, Result};
use crate::log::{HEADER_BYTES, LogHeader, LogKind, LogReader};

/// One record of a writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its bytes.
    pub body: Vec<u8>,
    /// The place behind it.
    pub after: Mark,
}

/// Reads the records of one writer across its files.
#[derive(Debug)]
pub struct SpoolReader {
    files: Files,
    writer: WriterFiles,
    at: Mark,
    log: Option<LogReader>,
}

impl SpoolReader {
    /// Starts behind what is drained.
    pub fn new(files: &Files, writer: &WriterFiles, from: Mark) -> Self {
        Self { files: files.clone(), writer: writer.clone(), at: from, log: None }
    }

    /// Where the next record begins.
    pub fn at(&self) -> Mark {
        self.at
    }

    /// Goes on at a mark.
    pub fn go_to(&mut self, mark: Mark) {
        if self.at != mark {
            self.at = mark;
            self.log = None;
        }
    }

    /// The next record; None if there is no more by now. Later calls see what was appended meanwhile.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with file and offset for a damaged record.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        loop {
            if let Some(record) = self.next_of_file()? {
                return Ok(Some(record));
            }
            // The end of this file is the end of the records, unless the writer has begun the next one: that is
            // made only when this one is complete, which is why this one is looked at once more.
            let next = self.at.file + 1;
            if !self.writer.log_path(next).exists() {
                return Ok(None);
            }
            if let Some(record) = self.next_of_file()? {
                return Ok(Some(record));
            }
            self.log = None;
            self.at = Mark { file: next, offset: 0, seq: self.at.seq };
        }
    }

    /// The next record of the file that the mark is in; None at its end, and if there is no such file.
    fn next_of_file(&mut self) -> Result<Option<Record>> {
        self.open()?;
        let Some(log) = &mut self.log else { return Ok(None) };
        let Ok(frame) = log.next_frame()? else { return Ok(None) };
        self.at = Mark { file: self.at.file, offset: frame.end, seq: frame.seq + 1 };
        Ok(Some(Record { body: frame.body, after: self.at }))
    }

    /// Opens the file that the mark is in, if there is one.
    fn open(&mut self) -> Result<()> {
        if self.log.is_none() {
            let path = self.writer.log_path(self.at.file);
            let mut log = match LogReader::open(&self.files, &path, LogKind::Spool) {
                Ok(Some(log)) => log,
                // A header cut short was never used; without the file nothing was ever acknowledged in it.
                Ok(None) => return Ok(()),
                // All that a header says is known without it.
                Err(Error::Corrupt { .. }) => {
                    let header = LogHeader { kind: LogKind::Spool, owner: self.writer.writer, first_seq: self.at.seq };
                    LogReader::open_with_header(&self.files, &path, header)?
                }
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(e) => return Err(e),
            };
            if log.header().owner != self.writer.writer {
                return Err(Error::corrupt(&path, 12, "the file belongs to another writer; run `mlops fsck`"));
            }
            if self.at.offset > 0 {
                go_to(&mut log, self.at)?;
            }
            self.log = Some(log);
        }
        Ok(())
    }
}

/// Goes to a mark: by its offset, or by its number where a repair put other frames around the offset.
fn go_to(log: &mut LogReader, mark: Mark) -> Result<()> {
    log.seek(mark.offset, mark.seq);
    let found = log.next_frame();
    log.seek(mark.offset, mark.seq);
    let Err(damage @ Error::Corrupt { .. }) = found else { return found.map(drop) };
    log.seek(HEADER_BYTES, log.header().first_seq);
    while log.next_seq() < mark.seq {
        match log.next_frame() {
            Ok(Ok(_)) => {}
            Ok(Err(_tail)) => return Ok(()),
            Err(_) => return Err(damage),
        }
    }
    Ok(())
}
