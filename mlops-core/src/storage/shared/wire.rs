//! Frames on a connection: a length in 4 bytes, little-endian, and a body; before them, once, a greeting.

use std::io::{self, Read, Write};
use std::sync::Arc;

use interprocess::local_socket::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::protocol::PROTOCOL;
use super::socket;
use crate::base::limits::STORAGE_BATCH_BYTES;

/// Longest body: a batch or a page with all that stands around the bytes of its entries, in bytes.
const FRAME_BYTES: usize = 4 * STORAGE_BATCH_BYTES;
/// A buffer that has grown above this is let go.
const KEPT_BYTES: usize = 256 << 10;
/// Where a read goes that does not know yet how long the frame is, in bytes.
const READ_BYTES: usize = 16 << 10;

/// What every greeting begins with, in all versions: 8 bytes, then the version of the protocol in 4.
const MAGIC: &[u8; 8] = b"mlops-sh";
/// A peer's greeting: magic, version, client, lane.
const HELLO_BYTES: usize = 32;
/// The owner's: magic, version, length of the sentence that refuses it (0: it is let in).
const WELCOME_BYTES: usize = 16;
/// Longest such sentence, in bytes.
const SENTENCE_BYTES: usize = 1 << 10;

/// Asked whenever nothing could be read or written for a while; an error ends the wait.
pub(super) type Wait<'a> = &'a mut dyn FnMut() -> io::Result<()>;

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Arc<Stream>,
    out: Vec<u8>,
    /// What was read and not used yet.
    read: Vec<u8>,
}

/// A peer's greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) version: u32,
    pub(super) client: Uuid,
    pub(super) lane: u32,
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Wire {
    pub(super) fn new(stream: Arc<Stream>) -> Self {
        Self { stream, out: Vec::new(), read: Vec::new() }
    }

    pub(super) fn send(&mut self, message: &impl Serialize, wait: Wait<'_>) -> io::Result<()> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        out.extend_from_slice(&[0; 4]);
        let mut out = postcard::to_extend(message, out).map_err(io::Error::other)?;
        let length = out.len() - 4;
        if length > FRAME_BYTES {
            return Err(malformed("a message is too long"));
        }
        let length = u32::try_from(length).map_err(io::Error::other)?.to_le_bytes();
        out.iter_mut().zip(length).for_each(|(byte, length)| *byte = length);
        let sent = self.write(&out, wait);
        if out.capacity() <= KEPT_BYTES {
            self.out = out;
        }
        sent
    }

    /// The next message; None if the other end has closed between two.
    pub(super) fn receive<T: DeserializeOwned>(&mut self, wait: Wait<'_>) -> io::Result<Option<T>> {
        if !self.fill(4, wait)? {
            return if self.read.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let length = self.read.first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        if length > FRAME_BYTES {
            return Err(malformed("a frame is too long"));
        }
        if !self.fill(4 + length, wait)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let body = self.read.get(4..4 + length).unwrap_or_default();
        let message = postcard::take_from_bytes(body).ok().filter(|(_, rest)| rest.is_empty());
        let message = message.ok_or_else(|| malformed("a frame cannot be read"))?.0;
        self.used(4 + length);
        Ok(Some(message))
    }

    pub(super) fn send_hello(&mut self, hello: Hello, wait: Wait<'_>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HELLO_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&hello.version.to_le_bytes());
        bytes.extend_from_slice(hello.client.as_bytes());
        bytes.extend_from_slice(&hello.lane.to_le_bytes());
        self.write(&bytes, wait)
    }

    pub(super) fn receive_hello(&mut self, wait: Wait<'_>) -> io::Result<Hello> {
        let version = self.receive_version(HELLO_BYTES, wait)?;
        let client = self.read.get(12..28).and_then(|bytes| Uuid::from_slice(bytes).ok()).unwrap_or_default();
        let lane =
            self.read.get(28..).and_then(|bytes| bytes.first_chunk()).map_or(0, |lane| u32::from_le_bytes(*lane));
        self.used(HELLO_BYTES);
        Ok(Hello { version, client, lane })
    }

    /// Lets a peer in, or says in a sentence why not.
    pub(super) fn send_welcome(&mut self, refusal: &str, wait: Wait<'_>) -> io::Result<()> {
        let sentence = refusal.as_bytes();
        let mut bytes = Vec::with_capacity(WELCOME_BYTES + sentence.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&PROTOCOL.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(sentence.len()).unwrap_or_default().to_le_bytes());
        bytes.extend_from_slice(sentence);
        self.write(&bytes, wait)
    }

    /// The owner's version, and the sentence with which it refuses this peer, if it does.
    pub(super) fn receive_welcome(&mut self, wait: Wait<'_>) -> io::Result<(u32, Option<String>)> {
        let version = self.receive_version(WELCOME_BYTES, wait)?;
        let length = self.read.get(12..).and_then(|bytes| bytes.first_chunk::<4>());
        let length = length.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
        if length > SENTENCE_BYTES {
            return Err(malformed("a greeting is too long"));
        }
        if !self.fill(WELCOME_BYTES + length, wait)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let sentence = self.read.get(WELCOME_BYTES..WELCOME_BYTES + length).unwrap_or_default();
        let sentence = (length > 0).then(|| String::from_utf8_lossy(sentence).into_owned());
        self.used(WELCOME_BYTES + length);
        Ok((version, sentence))
    }

    /// Reads a greeting of `length` bytes; its version.
    fn receive_version(&mut self, length: usize, wait: Wait<'_>) -> io::Result<u32> {
        if !self.fill(length, wait)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let version = self.read.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>());
        version.map(|version| u32::from_le_bytes(*version)).ok_or_else(|| malformed("this is no greeting"))
    }

    fn used(&mut self, length: usize) {
        self.read.drain(..length.min(self.read.len()));
        if self.read.is_empty() && self.read.capacity() > KEPT_BYTES {
            self.read = Vec::new();
        }
    }

    /// Reads until there are `wanted` bytes; false if the other end closed before.
    fn fill(&mut self, wanted: usize, wait: Wait<'_>) -> io::Result<bool> {
        while self.read.len() < wanted {
            let begin = self.read.len();
            self.read.resize(begin + READ_BYTES.max(wanted - begin), 0);
            let room = self.read.get_mut(begin..).unwrap_or_default();
            let read = socket::read_soon(&self.stream, room).unwrap_or_else(|| (&*self.stream).read(room));
            self.read.truncate(begin + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(e) => go_on(e, wait)?,
            }
        }
        Ok(true)
    }

    fn write(&mut self, mut bytes: &[u8], wait: Wait<'_>) -> io::Result<()> {
        while !bytes.is_empty() {
            match (&*self.stream).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(e) => go_on(e, wait)?,
            }
        }
        Ok(())
    }
}

/// After an interruption or a timeout one goes on, unless `wait` says otherwise.
fn go_on(error: io::Error, wait: Wait<'_>) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => wait(),
        _ => Err(error),
    }
}
