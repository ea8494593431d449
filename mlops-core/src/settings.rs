//! The user's own configuration: which stores this user trusts, and what alerts (`settings/alerts.rs`) and events of the
//! registry (`settings/hooks.rs`) are handed to.
//!
//! A store that this user made here, or trusted by name, may hand out models that run code when they are loaded
//! (pickles). The list is outside of every store, so that a copied or restored store cannot put itself on it.

pub(crate) mod alerts;
pub(crate) mod command;
pub(crate) mod hooks;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::base::files::Files;
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::error::{Error, Result};

const TRUSTED: &str = "trusted-stores";

/// The folder of the user's configuration: `MLOPS_CONFIG_DIR`, else `$XDG_CONFIG_HOME/mlops`, else
/// `$HOME/.config/mlops`; None if no variable says it.
pub fn folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("MLOPS_CONFIG_DIR")
        .or_else(|| {
            variable("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute()).map(|folder| folder.join("mlops"))
        })
        .or_else(|| variable("HOME").map(|home| home.join(".config/mlops")))
}

/// Puts a store's id on the list of the stores that this user trusts; fine if it is there.
///
/// # Errors
/// `InvalidState` if there is no configuration folder, `Io`, `ReadOnly`.
pub fn trust(id: Uuid) -> Result<()> {
    let folder = folder().ok_or_else(|| Error::InvalidState {
        detail: "there is no place for the user's configuration; set MLOPS_CONFIG_DIR to a folder".into(),
    })?;
    trust_in(&folder, id)
}

/// True if the store's id is on this user's list. No list, or one that cannot be read, trusts nothing.
pub fn is_trusted(id: Uuid) -> bool {
    folder().is_some_and(|folder| is_trusted_in(&folder, id))
}

fn trust_in(folder: &Path, id: Uuid) -> Result<()> {
    let files = Files::default();
    files.create_dir_all(folder)?;
    let _held = lock(&files, &folder.join("lock"));
    let list = folder.join(TRUSTED);
    let mut trusted = read(&files, &list)?;
    if !trusted.insert(id) {
        return Ok(());
    }
    let text = trusted.iter().fold(String::new(), |text, id| text + &id.to_string() + "\n");
    let tmp = folder.join(format!("{TRUSTED}-{}.tmp", TimeOrderedIds.next_hex()));
    files.write_atomic(&list, &tmp, text.as_bytes())
}

fn is_trusted_in(folder: &Path, id: Uuid) -> bool {
    read(&Files::default(), &folder.join(TRUSTED)).is_ok_and(|trusted| trusted.contains(&id))
}

/// The ids of the list; lines that are none are left out.
fn read(files: &Files, list: &Path) -> Result<BTreeSet<Uuid>> {
    let bytes = files.read(list)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter_map(|line| Uuid::parse_str(line.trim()).ok()).collect())
}

/// Keeps two processes from writing the list over each other. A file system without locks goes without: the worst is
/// that a store has to be trusted again.
fn lock(files: &Files, path: &Path) -> Option<File> {
    let opened = files.create_new(path).or_else(|_| files.open_write(path)).ok()?;
    let file = opened.file().try_clone().ok()?;
    file.lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_trusted_once_it_is_on_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("config");
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(!is_trusted_in(&folder, one));
        trust_in(&folder, one).unwrap();
        trust_in(&folder, two).unwrap();
        trust_in(&folder, one).unwrap();
        assert!(is_trusted_in(&folder, one) && is_trusted_in(&folder, two));
        assert!(!is_trusted_in(&folder, Uuid::from_u128(3)));
        let text = std::fs::read_to_string(folder.join(TRUSTED)).unwrap();
        assert_eq!(text, format!("{one}\n{two}\n"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(folder.join(TRUSTED).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_trusts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(TRUSTED)).unwrap();
        assert!(!is_trusted_in(dir.path(), Uuid::from_u128(1)));
        assert!(trust_in(dir.path(), Uuid::from_u128(1)).is_err());
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4_u128 {
                let folder = dir.path();
                scope.spawn(move || (0..5).for_each(|i| trust_in(folder, Uuid::from_u128(thread * 100 + i)).unwrap()));
            }
        });
        assert_eq!(read(&Files::default(), &dir.path().join(TRUSTED)).unwrap().len(), 20);
    }
}
