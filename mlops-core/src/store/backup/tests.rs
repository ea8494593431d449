use std::fs;

use super::*;
use crate::error::Code;
use crate::runs::{RunExt, RunOptions, RunStatus};
use crate::store::{OpenOptions, Store};

/// A folder with a store in it that is open and has a run under way, and the run.
struct Sample {
    dir: tempfile::TempDir,
    store: Store,
    run: String,
}

impl Sample {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let store = Store::open(root.join("store").to_str().unwrap()).unwrap();
        let run = store.runs().start(RunOptions::default()).unwrap();
        run.log_metric("loss", 0.5, 0, None).unwrap();
        run.log_bytes("small.txt", b"small").unwrap();
        run.log_bytes("large.bin", &vec![7; 100_000]).unwrap();
        store.flush().unwrap();
        run.log_param("late", "not drained".into()).unwrap();
        let run = run.id().to_owned();
        Self { dir, store, run }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().canonicalize().unwrap().join(name).display().to_string()
    }

    fn backup(&self, dest: &str) -> Result<BackupReport> {
        backup(&self.path("store"), &self.path(dest), &BackupOptions::default())
    }

    fn restore(&self, source: &str, dest: &str) -> Result<BackupReport> {
        restore(&self.path(source), &self.path(dest), &BackupOptions::default())
    }

    /// Names in the folder, hidden ones too.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn shows_the_run(path: &str, run: &str, read_only: bool) {
    let options = OpenOptions { uri: path.into(), read_only, must_exist: true, ..OpenOptions::default() };
    let store = Store::open_with(&options).unwrap();
    let data = store.runs().get(run).unwrap();
    assert_eq!((data.metrics["loss"].count, data.params["late"].text().as_str()), (1, "not drained"));
    assert_eq!(data.info.status, RunStatus::Killed);
    assert_eq!(store.runs().read_artifact(run, "small.txt").unwrap(), b"small");
    assert_eq!(store.runs().read_artifact(run, "large.bin").unwrap(), vec![7; 100_000]);
}

/// All files beneath a folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}

#[test]
fn a_backup_of_an_open_store_opens_as_it_is_and_can_be_restored() {
    let sample = Sample::new();
    let report = sample.backup("deeper/backup").unwrap();
    assert_eq!((report.id, report.path.to_str().unwrap()), (sample.store.id(), &*sample.path("deeper/backup")));
    assert!(report.files >= 5 && report.bytes > 100_000 && report.findings.is_empty(), "{report:?}");
    let parts = fs::read_dir(&report.path).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
    let parts: std::collections::BTreeSet<String> = parts.collect();
    assert_eq!(parts.into_iter().collect::<Vec<_>>(), [".gitignore", "blobs", "format", "journal", "spool"]);

    shows_the_run(&sample.path("deeper/backup"), &sample.run, true);
    let again = sample.restore("deeper/backup", "again").unwrap();
    assert_eq!(again.id, sample.store.id());
    for writable in ["deeper/backup", "again"] {
        shows_the_run(&sample.path(writable), &sample.run, false);
        let fsck = crate::store::fsck(&sample.path(writable), false).unwrap();
        assert!(fsck.findings.is_empty() && fsck.lost.is_empty(), "{fsck:?}");
    }
    assert_eq!(sample.names(), ["again", "deeper", "store"]);
}

#[test]
fn the_end_of_a_killed_run_is_the_last_sign_of_life_of_its_writer() {
    let sample = Sample::new();
    sample.backup("backup").unwrap();
    let spool = PathBuf::from(sample.path("backup")).join("spool");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000);
    for path in files_of(&spool) {
        fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    sample.restore("backup", "again").unwrap();
    let store = Store::open(&sample.path("again")).unwrap();
    let ended = store.runs().get(&sample.run).unwrap().info.ended_at.unwrap();
    assert_eq!(ended.as_micros(), 4_000_000_000_000_000);
}

#[test]
fn only_a_free_place_outside_of_the_store_is_taken() {
    let sample = Sample::new();
    fs::create_dir(sample.path("empty")).unwrap();
    fs::create_dir(sample.path("full")).unwrap();
    fs::write(sample.path("full/file"), "mine").unwrap();
    fs::write(sample.path("file"), "mine").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("empty", sample.path("link")).unwrap();
    for taken in [
        "full",
        "file",
        "store",
        #[cfg(unix)]
        "link",
    ] {
        let error = sample.backup(taken).unwrap_err();
        let inside = taken == "store";
        assert_eq!(error.code(), if inside { Code::InvalidArgument } else { Code::AlreadyExists }, "{taken}: {error}");
        assert!(inside || error.to_string().contains("name a folder that is empty"), "{error}");
    }
    for inside in ["store/backup", "store/blobs/a/b", "empty/../store/tmp/backup"] {
        let error = sample.backup(inside).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{inside}: {error}");
    }
    assert!(!Path::new(&sample.path("store/blobs/a")).exists());
    sample.backup("empty").unwrap();
    assert_eq!(sample.restore("empty", "store").unwrap_err().code(), Code::AlreadyExists);
    // A project folder gets its store beneath, as opening does it.
    assert!(sample.restore("empty", "full").unwrap().path.ends_with("full/.mlops"));
    assert_eq!(fs::read(sample.path("full/file")).unwrap(), b"mine");
}

#[test]
fn what_is_no_store_is_not_copied() {
    let sample = Sample::new();
    let options = BackupOptions::default();
    assert_eq!(backup("memory:", &sample.path("b"), &options).unwrap_err().code(), Code::Unsupported);
    assert_eq!(restore(&sample.path("store"), "memory:", &options).unwrap_err().code(), Code::Unsupported);
    assert_eq!(backup(&sample.path("none"), &sample.path("b"), &options).unwrap_err().code(), Code::NotFound);
    let error = restore(&sample.path("none"), &sample.path("b"), &options).unwrap_err();
    assert!(error.code() == Code::NotFound && error.to_string().contains("mlops backup"), "{error}");
    for nothing in ["", " "] {
        assert_eq!(restore(nothing, &sample.path("b"), &options).unwrap_err().code(), Code::InvalidArgument);
    }
    assert_eq!(backup(&sample.path("store"), "", &options).unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(sample.names(), ["store"]);
}

#[test]
fn a_flipped_bit_in_any_file_is_named_and_stops_the_copy_unless_it_is_to_go_on() {
    let sample = Sample::new();
    sample.backup("whole").unwrap();
    let root = PathBuf::from(sample.path("whole"));
    for path in files_of(&root).into_iter().filter(|path| path.metadata().unwrap().len() > 0) {
        let good = fs::read(&path).unwrap();
        for at in [9, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            *bad.get_mut(at.min(good.len() - 1)).unwrap() ^= 4;
            fs::write(&path, bad).unwrap();
            let error = sample.restore("whole", "copy").unwrap_err();
            let named = matches!(&error, Error::Corrupt { path: found, .. } if *found == path);
            assert!(named && error.to_string().contains("--keep-going"), "{}: {error}", path.display());
            assert_eq!(sample.names(), ["store", "whole"]);

            let options = BackupOptions { keep_going: true, ..BackupOptions::default() };
            let report = restore(&sample.path("whole"), &sample.path("copy"), &options).unwrap();
            assert!(report.findings.iter().any(|finding| finding.path == path), "{}: {report:?}", path.display());
            fs::remove_dir_all(sample.path("copy")).unwrap();
        }
        fs::write(&path, good).unwrap();
    }
    sample.restore("whole", "copy").unwrap();
}

#[test]
fn what_is_missing_is_named() {
    let sample = Sample::new();
    fs::remove_dir_all(sample.path("store/blobs/objects")).unwrap();
    let error = sample.backup("backup").unwrap_err();
    assert_eq!(error.code(), Code::Corrupt);
    assert!(error.to_string().contains("missing is the artifact `large.bin` of run"), "{error}");
    let options = BackupOptions { keep_going: true, ..BackupOptions::default() };
    let report = sample.store.backup(&sample.path("backup"), &options).unwrap();
    assert_eq!((report.findings.len(), report.lost.len()), (0, 1));
    fs::remove_dir_all(sample.path("store/journal")).unwrap();
    let error = sample.backup("other").unwrap_err();
    assert!(error.code() == Code::Corrupt && error.to_string().contains("the journal is gone"), "{error}");
    // An index tells as much.
    fs::create_dir(sample.path("store/index")).unwrap();
    let error = sample.backup("other").unwrap_err();
    assert!(error.to_string().contains("the files of the journal are missing"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_in_a_backup_is_refused_by_name_and_not_followed() {
    let sample = Sample::new();
    sample.backup("backup").unwrap();
    fs::write(sample.path("secret"), "secret").unwrap();
    for name in ["spool/x.log", "journal/00000000000000000099.log", "blobs/packs/x.pack", "blobs/objects/ff", "format"]
    {
        let planted = sample.path("backup") + "/" + name;
        let before = fs::read(&planted).ok();
        for kind in ["link", "pipe"] {
            let _ = fs::remove_file(&planted);
            if kind == "link" {
                std::os::unix::fs::symlink(sample.path("secret"), &planted).unwrap();
            } else {
                assert!(std::process::Command::new("mkfifo").arg(&planted).status().unwrap().success());
            }
            let error = sample.restore("backup", "copy").unwrap_err();
            assert_eq!(error.code(), Code::Corrupt, "{error}");
            assert!(error.to_string().contains(&planted) && error.to_string().contains("not followed"), "{error}");
            let options = BackupOptions { keep_going: true, ..BackupOptions::default() };
            let report = restore(&sample.path("backup"), &sample.path("copy"), &options).unwrap();
            assert!(report.findings.iter().any(|one| one.path == Path::new(&planted)), "{report:?}");
            assert!(files_of(Path::new(&sample.path("copy"))).iter().all(|path| fs::read(path).unwrap() != b"secret"));
            fs::remove_dir_all(sample.path("copy")).unwrap();
        }
        fs::remove_file(&planted).unwrap();
        before.into_iter().for_each(|bytes| fs::write(&planted, bytes).unwrap());
    }
    let (blobs, aside) = (sample.path("backup/blobs"), sample.path("aside"));
    fs::rename(&blobs, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &blobs).unwrap();
    let error = sample.restore("backup", "copy").unwrap_err();
    assert!(error.to_string().contains(&format!("{blobs} is damaged")), "{error}");
}

#[test]
fn what_a_killed_copy_left_behind_goes_with_the_next_and_what_is_under_way_stays() {
    let sample = Sample::new();
    let under_way = Partial::create(&Files::default(), Path::new(&sample.path("backup"))).unwrap();
    let dead = sample.path(".backup.partial-0123");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.clone() + "/lock", "").unwrap();
    fs::write(dead + "/format", "half").unwrap();
    fs::create_dir(sample.path(".backup.partial-")).unwrap();
    sample.backup("backup").unwrap();
    let name = under_way.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(sample.names(), [".backup.partial-", name, "backup", "store"]);
    // Who comes second finds the place taken.
    assert_eq!(under_way.finish(Path::new(&sample.path("backup"))).unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(sample.names(), [".backup.partial-", "backup", "store"]);
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_its_own_name() {
    let sample = Sample::new();
    fs::write(sample.path("store/format"), format::text(format::VERSION + 1, sample.store.id())).unwrap();
    let error = sample.backup("backup").unwrap_err();
    let named = matches!(&error, Error::NewerFormat { path, .. } if *path == Path::new(&sample.path("store/format")));
    assert!(named, "{error}");
    assert_eq!(sample.names(), ["store"]);
}

#[test]
fn what_looked_like_damage_because_it_was_just_written_again_is_copied_once_more() {
    /// Puts a log right when its first copy is done.
    #[derive(Debug)]
    struct Settle(PathBuf, Vec<u8>);
    impl crate::base::files::FileHook for Settle {
        fn before(&self, op: &crate::base::files::FileOp<'_>) -> std::io::Result<Option<usize>> {
            if let crate::base::files::FileOp::Sync(path) = op
                && path.file_name() == self.0.file_name()
            {
                fs::write(&self.0, &self.1)?;
            }
            Ok(None)
        }
    }
    let sample = Sample::new();
    sample.backup("whole").unwrap();
    for folder in ["spool", "journal", "blobs/packs"] {
        let logs = files_of(Path::new(&sample.path("whole")).join(folder).as_path());
        let log = logs.into_iter().find(|path| path.metadata().unwrap().len() > 40).unwrap();
        let good = fs::read(&log).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        fs::write(&log, bad).unwrap();
        let files = Files::with_hook(std::sync::Arc::new(Settle(log, good)));
        let options = BackupOptions { files, ..BackupOptions::default() };
        restore(&sample.path("whole"), &sample.path("copy"), &options).unwrap();
        shows_the_run(&sample.path("copy"), &sample.run, true);
        fs::remove_dir_all(sample.path("copy")).unwrap();
    }
}

#[test]
fn a_log_that_goes_while_the_journal_is_copied_makes_both_be_copied_again() {
    /// Removes a drained log when the first file of the journal is made in the copy.
    #[derive(Debug)]
    struct Remove(PathBuf);
    impl crate::base::files::FileHook for Remove {
        fn before(&self, op: &crate::base::files::FileOp<'_>) -> std::io::Result<Option<usize>> {
            if let crate::base::files::FileOp::Create(path) = op
                && path.parent().is_some_and(|folder| folder.ends_with("journal"))
            {
                let _ = fs::remove_file(&self.0);
            }
            Ok(None)
        }
    }
    let sample = Sample::new();
    let drained = PathBuf::from(sample.path("store/spool/0123456789abcdef0123456789abcdef-000000.log"));
    fs::write(&drained, "").unwrap();
    let files = Files::with_hook(std::sync::Arc::new(Remove(drained)));
    let options = BackupOptions { files, ..BackupOptions::default() };
    let report = sample.store.backup(&sample.path("backup"), &options).unwrap();
    assert!(
        files_of(&report.path.join("spool")).iter().all(|path| !path.display().to_string().contains("0123456789a"))
    );
    shows_the_run(&sample.path("backup"), &sample.run, true);
}
