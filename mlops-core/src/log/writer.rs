//! Appends frames.

use std::path::Path;

use super::frame::{FrameHeader, HEADER_BYTES, LogHeader, frame_bytes};
use crate::base::files::{FileHandle, Files};
use crate::base::limits;
use crate::error::Result;

/// Where a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The frame's sequence number.
    pub seq: u64,
    /// Where it begins in the file.
    pub offset: u64,
    /// Where the next frame will begin.
    pub end: u64,
}

/// The one writer of a log file.
#[derive(Debug)]
pub struct LogWriter {
    file: std::sync::Arc<FileHandle>,
    header: LogHeader,
    end: u64,
    next_seq: u64,
    /// Bytes of a failed append may stand behind `end`; they are cut off before the next.
    dirty_tail: bool,
    buffer: Vec<u8>,
}

impl LogWriter {
    /// Makes a new file at `path` with its header; fails if it exists.
    ///
    /// # Errors
    /// `Io`; no file is left then.
    pub fn create(files: &Files, path: &Path, header: LogHeader) -> Result<Self> {
        let file = files.create_new(path)?;
        if let Err(e) = file.write_at(&header.encode(), 0) {
            files.discard(path);
            return Err(e);
        }
        let next_seq = header.first_seq;
        Ok(Self { file: file.into(), header, end: HEADER_BYTES, next_seq, dirty_tail: false, buffer: Vec::new() })
    }

    /// [`create`](Self::create) under the name `tmp`, which becomes `path` when the header is written: nobody
    /// ever sees the file without it.
    ///
    /// # Errors
    /// `Io`; neither file is left then.
    pub fn create_renamed(files: &Files, tmp: &Path, path: &Path, header: LogHeader) -> Result<Self> {
        let mut writer = Self::create(files, tmp, header)?;
        if let Some(file) = std::sync::Arc::get_mut(&mut writer.file)
            && let Err(e) = file.rename(path)
        {
            files.discard(tmp);
            return Err(e);
        }
        Ok(writer)
    }

    /// Goes on behind the last whole frame of an existing file, as a [`LogReader`](super::LogReader) found it:
    /// what stands behind `end` is cut off.
    ///
    /// # Errors
    /// `Io`.
    pub fn resume(files: &Files, path: &Path, header: LogHeader, end: u64, next_seq: u64) -> Result<Self> {
        let file = files.open_write(path)?;
        if file.len()? != end {
            file.set_len(end)?;
        }
        Ok(Self { file: file.into(), header, end, next_seq, dirty_tail: false, buffer: Vec::new() })
    }

    /// Appends one frame with a single write. It is in the page cache when this returns: it survives the death
    /// of the process, and power loss after [`sync`](Self::sync).
    ///
    /// # Errors
    /// `LimitExceeded` above 64 MiB; `Io` if the write failed. The file then still ends with the frame before, and later
    /// appends may succeed.
    pub fn append(&mut self, body: &[u8]) -> Result<Appended> {
        self.append_parts(&[body])
    }

    /// [`append`](Self::append) of a body that comes in parts.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_parts(&mut self, parts: &[&[u8]]) -> Result<Appended> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        limits::check(|| "record".into(), len, limits::FRAME_BYTES, "bytes")?;
        let header_len = u32::try_from(len).expect("a frame is at most 64 MiB");
        self.settle()?;
        let mut checksum = crc32fast::Hasher::new();
        for part in parts {
            checksum.update(part);
        }
        self.buffer.clear();
        FrameHeader { len: header_len, seq: self.next_seq, body_checksum: checksum.finalize() }
            .encode(&mut self.buffer);
        for part in parts {
            self.buffer.extend_from_slice(part);
        }
        let written = self.file.write_at(&self.buffer, self.end);
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::new();
        }
        if let Err(e) = written {
            // Nothing may ever stand behind garbage: cut it off now, or before the next append if that fails too.
            self.dirty_tail = self.file.set_len(self.end).is_err();
            return Err(e);
        }
        let appended = Appended { seq: self.next_seq, offset: self.end, end: self.end + frame_bytes(len) };
        self.end = appended.end;
        self.next_seq += 1;
        Ok(appended)
    }

    /// Cuts off what a failed append may have left behind the last frame.
    ///
    /// # Errors
    /// `Io`; the next call tries again.
    pub fn settle(&mut self) -> Result<()> {
        if self.dirty_tail {
            self.file.set_len(self.end)?;
            self.dirty_tail = false;
        }
        Ok(())
    }

    /// Forces all that was appended to the disk.
    ///
    /// # Errors
    /// `Io`; nobody knows then what is on the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync()
    }

    /// The open file, to sync it without holding the writer.
    pub fn file(&self) -> std::sync::Arc<FileHandle> {
        self.file.clone()
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file's header.
    pub fn header(&self) -> &LogHeader {
        &self.header
    }

    /// Where the next frame will begin: the length of the valid part in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The sequence number of the next frame.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }
}
