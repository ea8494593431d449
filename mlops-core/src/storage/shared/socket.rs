//! Where the owner listens, and who may speak to whom.

use std::io;
use std::path::Path;
#[cfg(not(any(target_os = "linux", windows)))]
use std::path::PathBuf;
use std::time::{Duration, Instant};

use interprocess::local_socket::{ConnectOptions, Listener, ListenerOptions, Name, Stream, prelude::*};
#[cfg(not(any(target_os = "linux", windows)))]
use interprocess::local_socket::{GenericFilePath, ToFsName};
#[cfg(any(target_os = "linux", windows))]
use interprocess::local_socket::{GenericNamespaced, ToNsName};

use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::base::os::{self, NotForChildren};
#[cfg(not(any(target_os = "linux", windows)))]
use crate::error::Error;
use crate::error::Result;

/// How long a read looks for what is about to come, before it waits.
const SOON: Duration = Duration::from_micros(20);

/// A connection or a listener, which ends in a forked child at once.
#[derive(Debug)]
pub(super) struct Ours<T> {
    // Dropped before the descriptor is closed.
    _note: NotForChildren,
    pub(super) end: T,
}

impl Ours<Listener> {
    fn listener(listener: Listener) -> Self {
        #[cfg(unix)]
        let note = match &listener {
            Listener::UdSocket(socket) => os::not_for_children(std::os::fd::AsFd::as_fd(socket)),
        };
        #[cfg(not(unix))]
        let note = NotForChildren::default();
        Self { _note: note, end: listener }
    }
}

/// Has a forked child let go of a connection.
pub(super) fn not_for_children(stream: &Stream) -> NotForChildren {
    #[cfg(unix)]
    return match stream {
        Stream::UdSocket(socket) => os::not_for_children(std::os::fd::AsFd::as_fd(socket)),
    };
    #[cfg(not(unix))]
    NotForChildren::default()
}

/// A name that nobody else listens at, for the note of who owns the store. On Linux and Windows it is no file: a plain
/// copy of the store's folder would stumble over a socket in it.
#[cfg_attr(
    any(target_os = "linux", windows),
    expect(clippy::unnecessary_wraps, reason = "elsewhere it is in a folder")
)]
pub(super) fn new_name() -> Result<String> {
    let name = format!("mlops-{}", TimeOrderedIds.next().simple());
    #[cfg(any(target_os = "linux", windows))]
    return Ok(name);
    #[cfg(not(any(target_os = "linux", windows)))]
    Ok(private_folder()?.join(name).display().to_string())
}

#[cfg(any(target_os = "linux", windows))]
fn parse(name: &str) -> io::Result<Name<'_>> {
    name.to_ns_name::<GenericNamespaced>()
}

#[cfg(not(any(target_os = "linux", windows)))]
fn parse(name: &str) -> io::Result<Name<'_>> {
    name.to_fs_name::<GenericFilePath>()
}

/// A folder that nobody else can enter, with a short path.
#[cfg(not(any(target_os = "linux", windows)))]
fn private_folder() -> Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let user = rustix::process::geteuid().as_raw();
    let parent = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = parent.join(format!("mlops-{user}"));
    let _ = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    let found = folder.symlink_metadata().map_err(|e| Error::io("look at", &folder, e))?;
    if found.is_dir() && found.uid() == user && found.mode() & 0o077 == 0 {
        return Ok(folder);
    }
    Err(Error::Untrusted { detail: format!("{} is not a private folder of this user; move it away", folder.display()) })
}

/// Begins to listen.
pub(super) fn bind(name: &str) -> io::Result<Ours<Listener>> {
    // Who closes unlinks the name while it holds the store's lock.
    ListenerOptions::new().name(parse(name)?).reclaim_name(false).create_sync().map(Ours::listener)
}

/// Removes what [`bind`] left, where that is a file.
pub(super) fn unlink(name: &str) {
    if cfg!(not(any(target_os = "linux", windows))) {
        let _ = std::fs::remove_file(name);
    }
}

/// Connects; connecting, reads and writes that take longer than `patience` return, to look around.
pub(super) fn connect(name: &str, patience: Duration) -> io::Result<Stream> {
    let wait = interprocess::ConnectWaitMode::Timeout(patience);
    let stream = ConnectOptions::new().name(parse(name)?).wait_mode(wait).connect_sync()?;
    stream.set_recv_timeout(Some(patience))?;
    stream.set_send_timeout(Some(patience))?;
    Ok(stream)
}

/// What comes within some microseconds; None if nothing does. A thread that goes to sleep for an answer that is about to
/// come pays more for being woken than the answer takes.
#[cfg(unix)]
pub(super) fn read_soon(stream: &Stream, room: &mut [u8]) -> Option<io::Result<usize>> {
    let Stream::UdSocket(socket) = stream;
    let began = Instant::now();
    loop {
        match rustix::net::recv(socket, &mut *room, rustix::net::RecvFlags::DONTWAIT) {
            Ok((read, _)) => return Some(Ok(read)),
            Err(rustix::io::Errno::AGAIN) if began.elapsed() < SOON => std::thread::yield_now(),
            Err(_) => return None,
        }
    }
}

/// The same where one cannot look without waiting.
#[cfg(not(unix))]
pub(super) fn read_soon(_: &Stream, _: &mut [u8]) -> Option<io::Result<usize>> {
    None
}

/// Ends the reads of a connection that wait; with `all` also its writes.
#[cfg(unix)]
pub(super) fn shut(stream: &Stream, all: bool) {
    let Stream::UdSocket(socket) = stream;
    let how = if all { rustix::net::Shutdown::Both } else { rustix::net::Shutdown::Read };
    let _ = rustix::net::shutdown(socket, how);
}

/// The same where a connection cannot be ended from this side while it is read: it ends with its peer.
#[cfg(not(unix))]
pub(super) fn shut(_: &Stream, _: bool) {}

/// Has a listener that waits for peers return.
pub(super) fn shut_listener(listener: &Listener, name: &str) {
    #[cfg(unix)]
    {
        let _ = name;
        let Listener::UdSocket(socket) = listener;
        let _ = rustix::net::shutdown(socket, rustix::net::Shutdown::Both);
    }
    #[cfg(not(unix))]
    {
        let _ = listener;
        drop(connect(name, Duration::from_millis(500)));
    }
}

/// The process at the other end, if the system tells.
pub(super) fn peer_pid(stream: &Stream) -> Option<u32> {
    u32::try_from(stream.peer_creds().ok()?.pid()?).ok()
}

/// Whether the user at the other end may share the store in `folder`: this user, the system's, the folder's, and, where
/// the folder belongs to a group, who is in it.
pub(super) fn may_share(stream: &Stream, folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let Ok(other) = stream.peer_creds() else { return false };
        let Some(user) = other.euid() else { return false };
        let found = folder.metadata().ok();
        let own = rustix::process::geteuid().as_raw();
        if user == own || user == 0 || found.as_ref().is_some_and(|found| found.uid() == user) {
            return true;
        }
        let group = found.filter(|found| found.mode() & 0o2070 == 0o2070).map(|found| found.gid());
        let Stream::UdSocket(socket) = stream;
        let groups = os::peer_groups(std::os::fd::AsFd::as_fd(socket));
        let in_group = |group: u32| {
            other.egid() == Some(group)
                || other.groups().is_some_and(|all| all.contains(&group))
                || groups.contains(&group)
        };
        group.is_some_and(in_group)
    }
    #[cfg(not(unix))]
    {
        let _ = (stream, folder);
        true
    }
}
