//! What is damaged, changed, missing or in the way is an error that names it, and nothing is half done.

use std::fs;

use super::*;
use crate::base::digests::Digest;
use crate::runs::RunQuery;

fn runs_of(store: &Store) -> usize {
    store.runs().search(&RunQuery { view: View::All, ..RunQuery::default() }).unwrap().items.len()
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_in(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_file_that_is_damaged_or_missing_is_named_and_nothing_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich("memory:");
    let folder = exported(&store, dir.path());
    let again = Store::open("memory:").unwrap();
    for path in files_in(&folder) {
        let bytes = fs::read(&path).unwrap();
        let mut damaged = vec![bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec()];
        if let Some(middle) = bytes.len().checked_sub(1).map(|last| last / 2) {
            let mut flipped = bytes.clone();
            flipped[middle] ^= 1;
            damaged.push(flipped);
        } else {
            damaged = vec![b"not empty".to_vec()];
        }
        for wrong in damaged {
            fs::write(&path, wrong).unwrap();
            let error = refused(import(folder.to_str().unwrap(), &again, &everything()));
            assert_eq!(error.code(), Code::Corrupt, "{}: {error}", path.display());
            if path.file_name().unwrap() != "manifest.json" {
                assert!(error.to_string().contains(path.to_str().unwrap()), "{}: {error}", path.display());
            }
        }
        fs::remove_file(&path).unwrap();
        let error = refused(import(folder.to_str().unwrap(), &again, &everything()));
        let expected = if path.ends_with("manifest.json") { Code::NotFound } else { Code::Corrupt };
        assert_eq!(error.code(), expected, "{error}");
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(runs_of(&again), 0);
    import(folder.to_str().unwrap(), &again, &everything()).unwrap();
    assert_eq!(runs_of(&again), 5);
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich("memory:");
    let folder = exported(&store, dir.path());
    let again = Store::open("memory:").unwrap();
    for name in ["artifacts/full/A/b.txt", "artifacts/full/A", "artifacts", "params.parquet", "manifest.json"] {
        let path = folder.join(name);
        let moved = dir.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &path).unwrap();
        refused(import(folder.to_str().unwrap(), &again, &everything()));
        fs::remove_file(&path).unwrap();
        fs::rename(&moved, &path).unwrap();
    }
    // Nor does what a manifest says.
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    for wrong in ["../store", "/etc/passwd", "artifacts//x", "a\\\\b", ""] {
        let changed = manifest.replacen("artifacts/full/A/b.txt", wrong, 1);
        fs::write(folder.join("manifest.json"), changed).unwrap();
        let error = refused(import(folder.to_str().unwrap(), &again, &everything()));
        assert!(error.to_string().contains("no path of a file"), "{error}");
    }
}

#[test]
fn a_manifest_of_a_newer_version_or_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open("memory:").unwrap();
    let folder = exported(&store, dir.path());
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let again = Store::open("memory:").unwrap();
    let import_with = |text: String| {
        fs::write(folder.join("manifest.json"), text).unwrap();
        refused(import(folder.to_str().unwrap(), &again, &everything())).code()
    };
    assert_eq!(import_with(manifest.replace("\"format\": 1", "\"format\": 2")), Code::NewerFormat);
    assert_eq!(import_with("{\"name\": \"a web page\"}".into()), Code::Corrupt);
    assert_eq!(import_with(String::new()), Code::Corrupt);
    let without_a_file = manifest.lines().filter(|line| !line.contains("\"params.parquet\"")).collect::<Vec<_>>();
    assert_eq!(import_with(without_a_file.join("\n")), Code::Corrupt);
}

#[test]
fn a_folder_that_is_in_use_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&path_in(dir.path(), "store")).unwrap();
    let folder = path_in(dir.path(), "plain");
    let overwrite = ExportFilesOptions { overwrite: true, ..ExportFilesOptions::default() };
    fs::create_dir(&folder).unwrap();
    export_files(&store, &folder, &ExportFilesOptions::default()).unwrap();
    let error = refused(export_files(&store, &folder, &ExportFilesOptions::default()));
    assert!(error.code() == Code::AlreadyExists && error.to_string().contains("overwrite"), "{error}");
    // An earlier export goes as a whole.
    store.runs().start(RunOptions::default()).unwrap().end(RunStatus::Finished).unwrap();
    fs::write(dir.path().join("plain/of the earlier one"), "").unwrap();
    assert_eq!(export_files(&store, &folder, &overwrite).unwrap().runs, 1);
    assert!(!dir.path().join("plain/of the earlier one").exists());
    // Anything else stays.
    let mine = dir.path().join("mine");
    fs::create_dir(&mine).unwrap();
    fs::write(mine.join("manifest.json"), "{\"name\": \"my app\"}").unwrap();
    assert_eq!(refused(export_files(&store, mine.to_str().unwrap(), &overwrite)).code(), Code::AlreadyExists);
    assert_eq!(fs::read_to_string(mine.join("manifest.json")).unwrap(), "{\"name\": \"my app\"}");
    for inside in ["", " ", "store/plain"] {
        let dest = if inside.trim().is_empty() { inside.to_owned() } else { path_in(dir.path(), inside) };
        assert_eq!(refused(export_files(&store, &dest, &overwrite)).code(), Code::InvalidArgument, "{inside}");
    }
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
}

#[test]
fn an_artifact_that_is_lost_is_named_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let uri = path_in(dir.path(), "store");
    let store = rich(&uri);
    store.flush().unwrap();
    let digest = Digest::of(&vec![7; 100_000]).to_hex();
    let blob = dir.path().join("store/blobs/objects").join(&digest[..2]).join(&digest);
    let blob = if blob.exists() {
        blob
    } else {
        dir.path().join("store/.mlops/blobs/objects").join(&digest[..2]).join(&digest)
    };
    fs::write(&blob, b"damaged").unwrap();
    let folder = path_in(dir.path(), "plain");
    let error = refused(export_files(&store, &folder, &ExportFilesOptions::default()));
    assert_eq!(error.code(), Code::Corrupt, "{error}");
    assert!(!Path::new(&folder).exists());
}
