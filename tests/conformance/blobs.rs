//! What every [`BlobStore`] gives. An implementation passes with one line in `implementations!`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io::{self, Read, Write};
use std::sync::Arc;

use mlops_core::base::files::Files;
use mlops_core::base::ids::TimeOrderedIds;
use mlops_core::blob::local::{LocalBlobOptions, LocalBlobs};
use mlops_core::blob::memory::MemoryBlobs;
use mlops_core::blob::{BlobStats, BlobStore};
use mlops_core::{Code, Digest};
use tempfile::TempDir;

/// A new, empty store, and the folder that it needs.
type Fresh = (Arc<dyn BlobStore>, TempDir);

fn memory() -> Fresh {
    (Arc::new(MemoryBlobs::new()), tempfile::tempdir().unwrap())
}

fn local() -> Fresh {
    let dir = tempfile::tempdir().unwrap();
    let options = LocalBlobOptions {
        folder: dir.path().join("blobs"),
        tmp: dir.path().join("tmp"),
        trash: dir.path().join("trash"),
        files: Files::default(),
        ids: Arc::new(TimeOrderedIds),
        read_only: false,
    };
    (Arc::new(LocalBlobs::open(options).unwrap()), dir)
}

macro_rules! implementations {
    ($($implementation:ident),*) => {$(
        mod $implementation {
            suite!($implementation: bytes_of_any_size_come_back, streams_and_bytes_are_the_same_blob,
                what_was_never_put_is_not_found, putting_again_stores_nothing_again, keeping_needs_no_bytes_and_stores_none, a_failing_stream_stores_nothing,
                a_failing_destination_is_an_error, threads_put_and_get_at_once, verify_counts_what_is_there);
        }
    )*};
}

macro_rules! suite {
    ($implementation:ident: $($case:ident),*) => {$(
        #[test]
        fn $case() {
            let (blobs, _dir) = super::$implementation();
            super::$case(&blobs);
        }
    )*};
}

implementations!(memory, local);

/// Around every size at which an implementation may change its ways.
const SIZES: [usize; 12] = [0, 1, 31, 32, 4096, 65_535, 65_536, 65_537, 262_144, 262_145, 1_048_576, 5_000_001];

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| u8::try_from((i * 31 + len) % 256).unwrap()).collect()
}

fn bytes_of_any_size_come_back(blobs: &Arc<dyn BlobStore>) {
    for len in SIZES {
        let bytes = content(len);
        let digest = blobs.put(&bytes).unwrap();
        assert_eq!(digest, Digest::of(&bytes));
        assert_eq!(blobs.get(&digest).unwrap(), bytes, "{len} bytes");
        assert_eq!(blobs.size(&digest).unwrap(), Some(len as u64));
        let mut copy = Vec::new();
        assert_eq!(blobs.read_to(&digest, &mut copy).unwrap(), len as u64);
        assert_eq!(copy, bytes, "{len} bytes");
    }
    blobs.flush().unwrap();
}

fn keeping_needs_no_bytes_and_stores_none(blobs: &Arc<dyn BlobStore>) {
    for len in SIZES {
        let bytes = content(len);
        assert!(!blobs.keep(&Digest::of(&bytes)).unwrap(), "{len} bytes");
        let digest = blobs.put(&bytes).unwrap();
        assert!(blobs.keep(&digest).unwrap(), "{len} bytes");
    }
    let stats = blobs.verify(&mut |e| panic!("{e}")).unwrap();
    assert_eq!(stats.count, SIZES.len() as u64);
}

/// Gives a few bytes at a time, as a pipe may.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.0.len()).min(4099);
        let (now, later) = self.0.split_at(len);
        out[..len].copy_from_slice(now);
        self.0 = later;
        Ok(len)
    }
}

fn streams_and_bytes_are_the_same_blob(blobs: &Arc<dyn BlobStore>) {
    for len in SIZES {
        let bytes = content(len);
        let stored = blobs.put_reader(&mut Trickle(&bytes)).unwrap();
        assert_eq!(stored, (Digest::of(&bytes), len as u64));
        assert_eq!(blobs.get(&stored.0).unwrap(), bytes, "{len} bytes");
        assert_eq!(blobs.put(&bytes).unwrap(), stored.0);
    }
    assert_eq!(stats(blobs).count, SIZES.len() as u64);
}

fn what_was_never_put_is_not_found(blobs: &Arc<dyn BlobStore>) {
    blobs.put(b"something").unwrap();
    let digest = Digest::of(b"never put");
    let error = blobs.get(&digest).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.to_string().contains(&digest.to_string()), "{error}");
    assert_eq!(blobs.read_to(&digest, &mut Vec::new()).unwrap_err().code(), Code::NotFound);
    assert_eq!(blobs.size(&digest).unwrap(), None);
}

fn stats(blobs: &Arc<dyn BlobStore>) -> BlobStats {
    blobs.verify(&mut |error| panic!("{error}")).unwrap()
}

fn putting_again_stores_nothing_again(blobs: &Arc<dyn BlobStore>) {
    for len in [10, 100_000] {
        let bytes = content(len);
        let digest = blobs.put(&bytes).unwrap();
        let before = stats(blobs);
        assert_eq!(blobs.put(&bytes).unwrap(), digest);
        assert_eq!(blobs.put_reader(&mut bytes.as_slice()).unwrap(), (digest, len as u64));
        assert_eq!(stats(blobs), before);
    }
}

/// Gives some bytes and then an error.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.0);
        self.0 -= len;
        if len == 0 { Err(io::Error::other("the pipe broke")) } else { Ok(len) }
    }
}

fn a_failing_stream_stores_nothing(blobs: &Arc<dyn BlobStore>) {
    for len in [0, 10, 100_000, 1_000_000] {
        let error = blobs.put_reader(&mut Broken(len)).unwrap_err();
        assert_eq!(error.code(), Code::Io);
        assert!(error.to_string().contains("the pipe broke"), "{error}");
    }
    assert_eq!(stats(blobs), BlobStats::default());
    let digest = blobs.put_reader(&mut &b"later"[..]).unwrap().0;
    assert_eq!(blobs.get(&digest).unwrap(), b"later");
}

/// Takes nothing.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_failing_destination_is_an_error(blobs: &Arc<dyn BlobStore>) {
    for len in [10, 100_000] {
        let digest = blobs.put(&content(len)).unwrap();
        assert_eq!(blobs.read_to(&digest, &mut Full).unwrap_err().code(), Code::OutOfSpace);
    }
}

fn threads_put_and_get_at_once(blobs: &Arc<dyn BlobStore>) {
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            scope.spawn(move || {
                for i in 0..50 {
                    // Half of the blobs are put by every thread.
                    let shared = content(200 + i);
                    let own = [&content(70_000 * (i % 2))[..], &[u8::try_from(thread).unwrap(); 5], &[7; 40][..i % 40]]
                        .concat();
                    for bytes in [shared, own] {
                        let digest = blobs.put(&bytes).unwrap();
                        assert_eq!(blobs.get(&digest).unwrap(), bytes);
                    }
                    blobs.flush().unwrap();
                }
            });
        }
    });
    let own = (0..50).map(|i| (i % 2, i % 40)).collect::<std::collections::BTreeSet<_>>().len() * 4;
    assert_eq!(stats(blobs).count, (50 + own) as u64);
}

fn verify_counts_what_is_there(blobs: &Arc<dyn BlobStore>) {
    assert_eq!(stats(blobs), BlobStats::default());
    for len in SIZES {
        blobs.put(&content(len)).unwrap();
    }
    let bytes = SIZES.iter().map(|len| *len as u64).sum();
    assert_eq!(stats(blobs), BlobStats { count: SIZES.len() as u64, bytes });
}
