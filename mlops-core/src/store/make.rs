//! Makes the folders of a store, and refuses what is not to be opened.

use std::path::Path;

use super::local::{Layout, check_exists, exists};
use super::open::OpenOptions;
use crate::base::files::Files;
use crate::base::sharing::Sharing;
use crate::error::{Error, Result};

/// Makes the folders, so that there is something to lock; refuses what must exist and does not.
pub(super) fn prepare(options: &OpenOptions, folder: &Path) -> Result<()> {
    let layout = Layout::new(folder);
    if options.must_exist {
        check_exists(&layout)?;
    }
    if options.must_be_new && exists(&layout) {
        return Err(is_there(folder));
    }
    if !folder.exists() {
        make_folder(options, folder)?;
    } else if !exists(&layout) {
        options.files.with_sharing(options.sharing).settle_new(folder)?;
    }
    let files = options.files.beneath(folder);
    check_sharing(options, files.sharing(), folder)?;
    make_parts(&files, &layout)
}

/// Refuses a store that this user may not look into, before anything takes it for one that does not exist.
pub(super) fn check_access(folder: &Path) -> Result<()> {
    let refused = folder.read_dir().err().filter(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    let Some(refused) = refused else { return Ok(()) };
    #[cfg(unix)]
    let refused = match folder.metadata().map(|found| std::os::unix::fs::MetadataExt::uid(&found)) {
        Ok(owner) => {
            let way_out = "ask its user, or use a store that was made for your group (`mlops init --shared group`)";
            let why = format!("it is private to another user (uid {owner}) or group; {way_out}");
            std::io::Error::new(refused.kind(), why)
        }
        Err(_) => refused,
    };
    Err(Error::io("open the store", folder, refused))
}

/// Refuses to call a store a group's that is not.
pub(super) fn check_sharing(options: &OpenOptions, found: Sharing, folder: &Path) -> Result<()> {
    if options.sharing == Sharing::Private || found == Sharing::Group {
        return Ok(());
    }
    let folder = folder.display();
    Err(Error::InvalidState {
        detail: format!(
            "the store {folder} is private to its user; to give it to a group, close it and run `chgrp -R GROUP {folder}`, \
             `chmod -R u=rwX,g=rwX,o= {folder}` and `find {folder} -type d -exec chmod g+s {{}} +`"
        ),
    })
}

pub(super) fn is_there(folder: &Path) -> Error {
    let hint = "; open it as it is, or name another place".into();
    Error::AlreadyExists { what: "store", id: folder.display().to_string(), hint }
}

/// Makes the folder of a new store with its parts in it, in one step: an empty folder is a project's, and who came
/// at that moment would make another store inside.
fn make_folder(options: &OpenOptions, folder: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    let files = options.files.with_sharing(options.sharing);
    let made = parent.join(format!(".{}-{}", name.display(), options.ids.next_hex()));
    files.create_dir_all(parent)?;
    let renamed = files
        .create_dir_all(&made)
        .and_then(|()| check_modes(options.sharing, &made))
        .and_then(|()| make_parts(&files.beneath(&made), &Layout::new(&made)))
        .and_then(|()| files.rename(&made, folder));
    if renamed.is_err() {
        let _ = std::fs::remove_dir_all(&made);
        if folder.is_dir() {
            // Another was first.
            return Ok(());
        }
    }
    // A parent that may not be read cannot be forced to the disk either: no reason to fail.
    let _ = options.files.sync_dir(parent);
    renamed.map_err(|error| match error {
        Error::Io { source, .. } => Error::io("create folder", folder, source),
        other => other,
    })
}

/// Refuses to make a store for a group where there are no groups.
fn check_modes(sharing: Sharing, made: &Path) -> Result<()> {
    if sharing == Sharing::of(made) {
        return Ok(());
    }
    let parent = made.parent().unwrap_or(made).display();
    Err(Error::Unsupported {
        detail: format!(
            "a store for a group cannot be made in {parent}: folders there do not keep their group and mode; name a folder \
             on a local disk, whose group you are in"
        ),
    })
}

/// The parts must be real folders, and are made where they are absent.
fn make_parts(files: &Files, layout: &Layout) -> Result<()> {
    let parts = [layout.journal(), layout.spool(), layout.blobs(), layout.tmp(), layout.trash()];
    parts.iter().try_for_each(|part| files.create_dir_all(part))
}
