//! Every file operation fails once, tears once, and is the last before a kill once.

use std::io;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::files::{FileHook, FileOp};

/// What happens to the operation with a number.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It fails.
    Fail,
    /// It fails, and a write leaves half of its bytes.
    Tear,
    /// It fails, and so do the five after it.
    Outage,
    /// The process is killed before it; of a write half is done.
    Kill,
}

/// Counts operations from 0 and lets one meet its fault.
#[derive(Debug)]
struct NthOp {
    count: AtomicUsize,
    nth: usize,
    fault: Fault,
}

impl FileHook for NthOp {
    fn before(&self, op: &FileOp<'_>) -> io::Result<Option<usize>> {
        let count = self.count.fetch_add(1, Ordering::SeqCst);
        let last = if matches!(self.fault, Fault::Outage) { self.nth.saturating_add(5) } else { self.nth };
        if !(self.nth..=last).contains(&count) {
            return Ok(None);
        }
        match (self.fault, op) {
            (Fault::Tear, FileOp::Write(_, _, bytes)) => Ok(Some(bytes.len() / 2)),
            (Fault::Kill, _) => {
                if let FileOp::Write(path, offset, bytes) = op {
                    let half = &bytes[..bytes.len() / 2];
                    Files::default().open_write(path).unwrap().write_at(half, *offset).unwrap();
                }
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
                unreachable!("the process was killed")
            }
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

fn files(nth: usize, fault: Fault) -> (Files, Arc<NthOp>) {
    let hook = Arc::new(NthOp { count: AtomicUsize::new(0), nth, fault });
    (Files::with_hook(hook.clone()), hook)
}

fn contents() -> Vec<Vec<u8>> {
    vec![
        blob(1, 10),
        blob(2, LARGE_BYTES),
        blob(3, 2000),
        blob(1, 10),
        blob(4, 3 * LARGE_BYTES + 5),
        blob(2, LARGE_BYTES),
        Vec::new(),
    ]
}

/// Opens twice and puts every content, by `put` or as a stream; `acknowledge` sees the results.
fn script(dir: &Path, files: &Files, mut acknowledge: impl FnMut(usize, Result<Digest>)) {
    let contents = contents();
    let (first, second) = contents.split_at(4);
    for (start, part) in [(0, first), (4, second)] {
        let Ok(blobs) = LocalBlobs::open(options(dir, files.clone())) else { continue };
        for (i, content) in part.iter().enumerate() {
            let stored = match i % 2 {
                0 => blobs.put(content),
                _ => blobs.put_reader(&mut content.as_slice()).map(|(digest, _)| digest),
            };
            acknowledge(start + i, stored);
        }
        let _ = blobs.flush();
    }
}

/// What holds after any fault: all that was acknowledged is there, nothing half-written, and storing works.
fn check(dir: &Path, acknowledged: &[Digest], context: &str) {
    let blobs = open(dir);
    for digest in acknowledged {
        let found = blobs.get(digest).unwrap_or_else(|e| panic!("{context}: {e}"));
        assert_eq!(Digest::of(&found), *digest, "{context}");
    }
    let (_, errors) = verify(&blobs);
    assert!(errors.is_empty(), "{context}: {errors:?}");
    assert_eq!(list(&dir.join("tmp")), [] as [PathBuf; 0], "{context}");
    for content in contents() {
        assert_eq!(blobs.get(&blobs.put(&content).unwrap()).unwrap(), content, "{context}");
    }
    blobs.flush().unwrap();
    drop(blobs);
    let blobs = open(dir);
    assert_eq!(verify(&blobs).0.count, 5, "{context}");
    assert_sound(&blobs);
}

#[test]
fn a_failed_operation_fails_at_most_its_own_put() {
    for fault in [Fault::Fail, Fault::Tear, Fault::Outage] {
        let mut nth = 0;
        loop {
            let dir = tempfile::tempdir().unwrap();
            let (files, hook) = files(nth, fault);
            let (mut acknowledged, mut failed) = (Vec::new(), Vec::new());
            script(dir.path(), &files, |i, stored| match stored {
                Ok(digest) => acknowledged.push(digest),
                Err(e) => failed.push((i, e)),
            });
            let context = format!("{fault:?} of operation {nth}");
            assert!(failed.len() <= 1 || matches!(fault, Fault::Outage), "{context}: {failed:?}");
            check(dir.path(), &acknowledged, &context);
            if hook.count.load(Ordering::SeqCst) <= nth {
                break;
            }
            nth += 1;
        }
        assert!(nth > 20, "only {nth} operations");
    }
}

#[test]
fn bytes_of_a_failed_sync_are_written_again_before_the_next() {
    let mut operations = Vec::new();
    for nth in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let (files, hook) = files(nth, Fault::Fail);
        let Ok(blobs) = LocalBlobs::open(options(dir.path(), files)) else { continue };
        if blobs.put(b"one").is_ok() && blobs.flush().is_err() {
            let before = hook.count.load(Ordering::SeqCst);
            blobs.flush().unwrap();
            operations.push(hook.count.load(Ordering::SeqCst) - before);
        }
    }
    // The sync of the folder fails: folder and file again. That of the file: folder, a write, the file.
    assert_eq!(operations, [2, 3]);
}

#[test]
fn a_kill_at_any_operation_loses_nothing_that_was_acknowledged() {
    const VARIABLE: &str = "MLOPS_TEST_BLOB_KILL";
    if let Ok(value) = std::env::var(VARIABLE) {
        let (nth, dir) = value.split_once(':').unwrap();
        let (files, _) = files(nth.parse().unwrap(), Fault::Kill);
        script(Path::new(dir), &files, |_, stored| println!("\nstored {}", stored.unwrap()));
        return;
    }
    let name = std::thread::current().name().unwrap().to_owned();
    let mut nth = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &name, "--nocapture", "--test-threads=1"]);
        child.env(VARIABLE, format!("{nth}:{}", dir.path().display())).stderr(Stdio::null());
        let output = child.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let acknowledged: Vec<Digest> = text
            .lines()
            .filter_map(|line| line.strip_prefix("stored "))
            .map(|digest| digest.parse().unwrap())
            .collect();
        check(dir.path(), &acknowledged, &format!("killed before operation {nth}"));
        if output.status.success() {
            assert_eq!(acknowledged.len(), contents().len());
            break;
        }
        nth += 1;
    }
    assert!(nth > 20, "only {nth} operations");
}
