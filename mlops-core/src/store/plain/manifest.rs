//! `manifest.json`: what an export holds, with size and digest of every file. It is written and read a line at a time, so that
//! its size does not matter.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::write::{Sink, Written};
use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// The name of the file.
pub(super) const NAME: &str = "manifest.json";
/// What the value of the first key is.
const KIND: &str = "plain files";
/// The version that is written and read.
const FORMAT: u32 = 1;

/// What is said of an export beside its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The store that it was made from.
    pub(super) store: Uuid,
    /// The rows of each table, and how many files there are.
    pub(super) counts: BTreeMap<String, u64>,
    /// The digest of the manifest itself.
    pub(super) digest: Option<Digest>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry<'a> {
    path: std::borrow::Cow<'a, str>,
    size: u64,
    blake3: String,
}

/// A manifest that is being written.
#[derive(Debug)]
pub(super) struct ManifestWriter {
    sink: Sink,
    files: u64,
    bytes: u64,
}

impl ManifestWriter {
    pub(super) fn create(files: &Files, folder: &Path, store: Uuid, at: Timestamp) -> Result<Self> {
        let sink = Sink::create(files, &folder.join(NAME))?;
        let mut new = Self { sink, files: 0, bytes: 0 };
        new.write(&format!(
            "{{\n\"mlops_export\": {},\n\"format\": {FORMAT},\n\"version\": {},\n\"store\": {},\n\"exported_at\": {},\n\
             \"files\": [",
            json(&KIND)?,
            json(&env!("CARGO_PKG_VERSION"))?,
            json(&store.to_string())?,
            json(&at.to_string())?,
        ))?;
        Ok(new)
    }

    pub(super) fn add(&mut self, file: &Written) -> Result<()> {
        let separator = if self.files == 0 { "\n" } else { ",\n" };
        let entry = Entry { path: file.path.as_str().into(), size: file.size, blake3: file.digest.to_hex() };
        self.write(&format!("{separator}{}", json(&entry)?))?;
        self.files += 1;
        self.bytes += file.size;
        Ok(())
    }

    /// Ends it; files, their bytes and the digest of the manifest.
    pub(super) fn finish(mut self, counts: &BTreeMap<String, u64>) -> Result<(u64, u64, Digest)> {
        let mut counts = counts.clone();
        counts.insert("files".into(), self.files);
        self.write(&format!("\n],\n\"counts\": {}\n}}\n", json(&counts)?))?;
        let (files, bytes) = (self.files, self.bytes);
        Ok((files, bytes, self.sink.finish(NAME)?.digest))
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.sink.write_all(text.as_bytes()).map_err(|e| self.sink.error(Error::internal(e.to_string())))
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal(format!("cannot write the manifest: {e}")))
}

/// True if the beginning of a manifest says that it is one of an export.
pub(super) fn is_ours(begin: &[u8]) -> bool {
    String::from_utf8_lossy(begin).trim_start_matches(['{', '\n', ' ']).starts_with("\"mlops_export\"")
}

/// Reads a manifest; every file that it names is handed to `visit`.
///
/// # Errors
/// `Corrupt` if it is none; `NewerFormat`; what `visit` gives.
pub(super) fn read(path: &Path, file: File, visit: &mut dyn FnMut(&Written) -> Result<()>) -> Result<Manifest> {
    let mut failed = None;
    let mut counted = 0;
    let mut hashing = Hashing { inner: BufReader::new(file), hasher: crate::base::digests::DigestHasher::new() };
    let mut reader = serde_json::Deserializer::from_reader(&mut hashing);
    let mut visit_all = |entry: &Written| {
        counted += 1;
        visit(entry)
    };
    let reading = Reading { path, visit: &mut visit_all, failed: &mut failed };
    let read = reading.deserialize(&mut reader).and_then(|manifest| reader.end().map(|()| manifest));
    drop(reader);
    if let Some(error) = failed {
        return Err(error);
    }
    let broken = |detail: String| Error::corrupt(path, 0, format!("it is not the manifest of an export: {detail}"));
    let mut manifest = read.map_err(|e| broken(e.to_string()))?;
    if manifest.counts.get("files") != Some(&counted) {
        let files = manifest.counts.get("files").copied().unwrap_or_default();
        return Err(broken(format!("it names {counted} files and says that there are {files}")));
    }
    manifest.digest = Some(hashing.hasher.finish());
    Ok(manifest)
}

/// Takes the digest of what is read.
struct Hashing {
    inner: BufReader<File>,
    hasher: crate::base::digests::DigestHasher,
}

impl std::io::Read for Hashing {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.hasher.update(out.get(..read).unwrap_or_default());
        Ok(read)
    }
}

struct Reading<'a> {
    path: &'a Path,
    visit: &'a mut dyn FnMut(&Written) -> Result<()>,
    failed: &'a mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Manifest;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Manifest, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Manifest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Manifest, A::Error> {
        let mut manifest = Manifest::default();
        let mut is_known = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "mlops_export" => {
                    let kind: String = map.next_value()?;
                    if kind != KIND {
                        return Err(A::Error::custom(format!("`{}` is no kind of export", kind.escape_debug())));
                    }
                }
                "format" => {
                    let found: u32 = map.next_value()?;
                    if found > FORMAT {
                        let path = self.path.to_path_buf();
                        *self.failed = Some(Error::NewerFormat { path, found, known: FORMAT });
                        return Err(A::Error::custom("newer"));
                    }
                    is_known = true;
                }
                "store" => manifest.store = map.next_value()?,
                "counts" => manifest.counts = map.next_value()?,
                "files" if is_known => {
                    map.next_value_seed(Entries { visit: &mut *self.visit, failed: &mut *self.failed })?;
                }
                "files" => return Err(A::Error::custom("no format is named before the files")),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(manifest)
    }
}

struct Entries<'a> {
    visit: &'a mut dyn FnMut(&Written) -> Result<()>,
    failed: &'a mut Option<Error>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(entry) = seq.next_element::<Entry<'static>>()? {
            let digest = Digest::from_hex(&entry.blake3)
                .ok_or_else(|| A::Error::custom(format!("`{}` is no digest", entry.blake3.escape_debug())))?;
            let file = Written { path: entry.path.into_owned(), size: entry.size, digest };
            if let Err(error) = (self.visit)(&file) {
                *self.failed = Some(error);
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}
