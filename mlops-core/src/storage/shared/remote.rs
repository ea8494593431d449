//! File systems that other hosts share, where a lock may not be what it is on a local disk.

use std::path::Path;

/// The file systems of one host alone, by the number that Linux gives them: there the kernel's locks are the truth.
#[cfg(target_os = "linux")]
const LOCAL: &[u64] = &[
    0xEF53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683E, // btrfs
    0x0102_1994, // tmpfs
    0x8584_58F6, // ramfs
    0x794C_7630, // overlayfs
    0x2FC1_2FC1, // zfs
    0xF2F5_2010, // f2fs
    0xCA45_1A4E, // bcachefs
    0x3153_464A, // jfs
    0x5265_4973, // reiserfs
    0x4D44,      // vfat
    0x2011_BAB0, // exfat
    0x7366_746E, // ntfs3
    0xF15F,      // ecryptfs
    0x4244,      // hfs
];

/// True if other hosts may have the file system of a folder mounted too.
#[cfg(target_os = "linux")]
pub(super) fn is_shared(folder: &Path) -> bool {
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "the field differs between architectures")]
    rustix::fs::statfs(folder).is_ok_and(|found| !LOCAL.contains(&(found.f_type as u64 & 0xFFFF_FFFF)))
}

/// The same where the system does not number its file systems: the lock is trusted.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_shared(_: &Path) -> bool {
    false
}

/// Why locks on the file system of a folder do not reach other hosts, though it does; None if they do, or nobody can say.
#[cfg(target_os = "linux")]
pub(super) fn locks_end_at_this_host(folder: &Path) -> Option<String> {
    if !is_shared(folder) {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    no_locks(&mounts, &folder)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn locks_end_at_this_host(_: &Path) -> Option<String> {
    None
}

/// The option of the mount that holds a folder by which its locks stay on this host, from the system's list of mounts.
#[cfg(target_os = "linux")]
fn no_locks(mounts: &str, folder: &Path) -> Option<String> {
    let mount = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let place = fields.next()?.replace("\\040", " ");
        let (kind, options) = (fields.next()?, fields.next()?);
        folder.starts_with(&place).then_some((place.len(), kind, options))
    });
    let (_, kind, options) = mount.max_by_key(|(length, ..)| *length)?;
    // POSIX and open-file-description locks are what `nolock`, and `local_lock` of these kinds, keep to the host.
    let local = ["nolock", "local_lock=all", "local_lock=posix", "nobrl"];
    let found = options.split(',').find(|option| local.contains(option))?;
    Some(format!("it is {kind}, mounted with {found}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_folder_says_whether_its_locks_reach_others() {
        let mounts = "/dev/vda / ext4 rw 0 0\nserver:/a /data nfs4 rw,local_lock=none 0 0\n\
            server:/b /data/no\\040locks nfs rw,nolock,local_lock=all 0 0\n//smb/c /smb cifs rw,nobrl 0 0\n";
        let of = |folder: &str| no_locks(mounts, Path::new(folder));
        assert_eq!(of("/home/ada"), None);
        assert_eq!(of("/data/project"), None);
        assert_eq!(of("/data/no locks/project").as_deref(), Some("it is nfs, mounted with nolock"));
        assert_eq!(of("/smb").as_deref(), Some("it is cifs, mounted with nobrl"));
        assert_eq!(of("/smbx"), None);
    }

    #[test]
    fn a_local_disk_is_not_shared() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_shared(dir.path()));
        assert_eq!(locks_end_at_this_host(dir.path()), None);
        assert!(is_shared(Path::new("/proc")), "what is not known to be local is not taken for it");
    }
}
