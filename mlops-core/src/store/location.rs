//! Where a store is: from a URI, the environment, or the nearest `.mlops` upwards.

use std::env::VarError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The name of a store's folder inside a project.
pub(super) const FOLDER: &str = ".mlops";
const FORMAT_FILE: &str = "format";
/// Names the store where no location is given.
const VARIABLE: &str = "MLOPS_STORE";
/// What MLflow calls it; [`VARIABLE`] counts before it.
const VARIABLES_OF_MLFLOW: [&str; 2] = ["MLOPS_TRACKING_URI", "MLFLOW_TRACKING_URI"];

/// A resolved location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    /// Nothing on the disk.
    Memory,
    /// The folder of the store itself, absolute.
    Folder(PathBuf),
}

/// Resolves what the user gave; empty: `MLOPS_STORE` or another variable, else the nearest `.mlops` upwards, else one here.
pub(super) fn resolve(uri: &str) -> Result<Location> {
    find(uri, nearest)
}

/// The same for a store that is to be made: empty is `MLOPS_STORE`, else here, whatever stands upwards.
pub(super) fn resolve_new(uri: &str) -> Result<Location> {
    find(uri, |here| Ok(Location::Folder(here.join(FOLDER))))
}

fn find(uri: &str, without: impl Fn(&Path) -> Result<Location>) -> Result<Location> {
    if uri.trim().is_empty() {
        if let Some(uri) = variable(VARIABLE)? {
            return given(&uri);
        }
        for name in VARIABLES_OF_MLFLOW {
            // The scheme alone names no place: MLflow hands it on when that is all that it was told.
            if let Some(uri) = variable(name)?.filter(|uri| uri.trim() != "mlops:") {
                return given_to_mlflow(name, &uri);
            }
        }
        return without(&current_folder()?);
    }
    given(uri)
}

/// What an environment variable says; None: nothing.
fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(uri) if !uri.trim().is_empty() => Ok(Some(uri)),
        // Another store than the one that was meant is worse than none.
        Err(VarError::NotUnicode(value)) => Err(Error::InvalidArgument {
            what: name.into(),
            value: value.to_string_lossy().into_owned(),
            expected: "text in UTF-8".into(),
        }),
        _ => Ok(None),
    }
}

/// A location that was meant for MLflow: a folder is taken, a server or a database is not.
fn given_to_mlflow(name: &str, uri: &str) -> Result<Location> {
    match given(uri) {
        Err(Error::Unsupported { .. }) => Err(Error::Unsupported {
            detail: format!(
                "{name} is `{uri}`, which is no store of mlops: unset it, or name a folder for the runs in {VARIABLE}"
            ),
        }),
        found => found,
    }
}

/// Names of servers that MLflow takes where others give a place.
const SERVERS: [&str; 3] = ["databricks", "databricks-uc", "uc"];

fn given(uri: &str) -> Result<Location> {
    if uri == "memory:" {
        return Ok(Location::Memory);
    }
    if !uri.contains("://") && SERVERS.contains(&uri.split(':').next().unwrap_or_default()) {
        return Err(Error::Unsupported {
            detail: format!(
                "`{uri}` is no store of mlops; name a folder for the runs (`./{uri}` for one of that name)"
            ),
        });
    }
    let path = ["mlops:", "file://", "file:"].iter().find_map(|scheme| uri.strip_prefix(scheme)).unwrap_or(uri);
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    if let Some(scheme) = scheme {
        return Err(Error::Unsupported {
            detail: format!(
                "the store `{uri}` cannot be opened: `{scheme}` is not a kind of store; give a path or `memory:`"
            ),
        });
    }
    if path.is_empty() || path.contains('\0') {
        return Err(Error::InvalidArgument {
            what: "store".into(),
            value: uri.escape_debug().to_string(),
            expected: "a path, `memory:` or nothing".into(),
        });
    }
    Ok(Location::Folder(absolute(&at_home(path)?)?))
}

/// A path whose `~/` at the beginning is the user's home, as it is in a shell.
fn at_home(path: &str) -> Result<PathBuf> {
    let Some(rest) = path.strip_prefix("~/").or_else(|| path.strip_prefix('~').filter(|rest| rest.is_empty())) else {
        return Ok(path.into());
    };
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    home.map(|home| home.join(rest)).ok_or_else(|| Error::InvalidArgument {
        what: "store".into(),
        value: path.into(),
        expected: "a path without `~`, since this user has no home".into(),
    })
}

/// The folder of the store that a path names: the path itself if it is a store, does not exist or is called
/// `.mlops`; inside an existing folder of another kind, its `.mlops`.
fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|e| Error::io("find", path, e))?;
    let is_closed = || {
        // What cannot be looked into may be a store; opening it says whose it is.
        let looked = path.join(FORMAT_FILE).symlink_metadata();
        looked.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) && path.is_dir()
    };
    let is_store = path.join(FORMAT_FILE).is_file()
        // One that is being made has no format file yet.
        || ["journal", "spool", "blobs"].iter().all(|part| path.join(part).is_dir())
        || path.file_name().is_some_and(|name| name == FOLDER)
        || is_closed();
    let folder = if is_store || !path.is_dir() { path } else { path.join(FOLDER) };
    // One store has one name, whichever links led to it.
    Ok(folder.canonicalize().unwrap_or(folder))
}

fn current_folder() -> Result<PathBuf> {
    std::env::current_dir().map_err(|e| Error::io("find", Path::new("."), e))
}

/// The nearest store at or above a folder, on the same file system and of the same user; else a new one in it.
fn nearest(from: &Path) -> Result<Location> {
    for folder in searched(from) {
        let found = folder.join(FOLDER);
        if found.is_dir() {
            let store = found.canonicalize().map_err(|e| Error::io("find", &found, e))?;
            // Who made a link chose what it leads to, so both must be one's own.
            check_owner(&found, &found)?;
            check_owner(&store, &found)?;
            return Ok(Location::Folder(store));
        }
    }
    Ok(Location::Folder(from.join(FOLDER)))
}

/// A folder and those above it, up to the end of its file system.
fn searched(from: &Path) -> impl Iterator<Item = &Path> {
    let mut next = Some(from);
    std::iter::from_fn(move || {
        let folder = next?;
        next = folder.parent().filter(|parent| same_device(folder, parent));
        Some(folder)
    })
}

#[cfg(unix)]
fn same_device(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    matches!((a.metadata(), b.metadata()), (Ok(a), Ok(b)) if a.dev() == b.dev())
}

#[cfg(not(unix))]
fn same_device(_: &Path, _: &Path) -> bool {
    true
}

/// A store that nobody named must be one's own: it could have been put there by another user.
#[cfg(unix)]
fn check_owner(path: &Path, store: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let owner = path.symlink_metadata().map_err(|e| Error::io("look at", path, e))?.uid();
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(Error::Untrusted {
        detail: format!(
            "the store {} belongs to another user (uid {owner}); name it to open it, in the call or in {VARIABLE}",
            store.display()
        ),
    })
}

#[cfg(not(unix))]
fn check_owner(_: &Path, _: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_the_store_or_the_project_that_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let at = |path: &Path| given(path.to_str().unwrap()).unwrap();
        assert_eq!(at(&root), Location::Folder(root.join(".mlops")));
        assert_eq!(at(&root.join("new")), Location::Folder(root.join("new")));
        std::fs::create_dir(root.join("store")).unwrap();
        std::fs::write(root.join("store/format"), "").unwrap();
        assert_eq!(at(&root.join("store")), Location::Folder(root.join("store")));
        assert_eq!(given(&format!("mlops:{}", root.display())).unwrap(), at(&root));
    }

    #[test]
    fn the_nearest_store_upwards_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::create_dir(root.join("a/.mlops")).unwrap();
        assert_eq!(nearest(&root.join("a/b")).unwrap(), Location::Folder(root.join("a/.mlops")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_search_ends_with_the_file_system() {
        let Ok(dir) = tempfile::tempdir_in("/dev/shm") else { return };
        if same_device(Path::new("/dev/shm"), Path::new("/dev")) {
            return;
        }
        let root = dir.path().canonicalize().unwrap();
        let seen: Vec<&Path> = searched(&root).collect();
        assert_eq!(seen, [&*root, Path::new("/dev/shm")]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_upwards_and_what_it_leads_to_must_both_be_ones_own() {
        use std::os::unix::fs::{lchown, symlink};
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::create_dir(root.join("store")).unwrap();
        symlink(root.join("store"), root.join("a/.mlops")).unwrap();
        assert_eq!(nearest(&root.join("a/b")).unwrap(), Location::Folder(root.join("store")));
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let refused = |what: &str| {
            let error = nearest(&root.join("a/b")).unwrap_err();
            assert!(matches!(&error, Error::Untrusted { detail } if detail.contains("65001")), "{what}: {error}");
        };
        lchown(root.join("a/.mlops"), Some(65001), None).unwrap();
        refused("the link");
        lchown(root.join("a/.mlops"), Some(0), None).unwrap();
        lchown(root.join("store"), Some(65001), None).unwrap();
        refused("what it leads to");
    }

    #[test]
    fn a_tilde_is_the_home_and_the_servers_of_mlflow_are_no_folders() {
        let home = std::env::home_dir().unwrap();
        let inside = home.join("no-such-folder/store");
        assert_eq!(given("~/no-such-folder/store").unwrap(), Location::Folder(inside));
        for uri in ["databricks", "databricks://profile", "databricks-uc", "uc:x"] {
            let error = given(uri).unwrap_err();
            assert!(matches!(&error, Error::Unsupported { detail } if detail.contains(uri)), "{error}");
        }
        assert!(matches!(given("./databricks").unwrap(), Location::Folder(at) if at.ends_with("databricks")));
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        let error = given("sqlite:///mlflow.db").unwrap_err().to_string();
        assert!(error.contains("sqlite"), "{error}");
    }
}
