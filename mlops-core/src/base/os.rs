//! The audited calls to the operating system that no safe crate offers: open-file-description locks and
//! the exit hook.
#![expect(unsafe_code, reason = "fcntl and on_exit have no safe face; each block states its proof")]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};

/// Takes an exclusive lock on a whole file without waiting. True if it was taken, false if another open file
/// description holds it, in this process or another.
///
/// The lock belongs to the open file, not to the process: closing another descriptor of the same file keeps it,
/// and it ends with the last descriptor, so a forked child must let go of what it inherited.
///
/// # Errors
/// What the operating system says when it cannot lock on this file system.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn try_lock(file: &File) -> io::Result<bool> {
    set_lock(file, libc::F_WRLCK)
}

/// The same with a lock that any number of open file descriptions may hold, while none holds an exclusive one. It takes
/// the place of an exclusive one that this description holds.
///
/// # Errors
/// As [`try_lock`].
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn try_lock_shared(file: &File) -> io::Result<bool> {
    set_lock(file, libc::F_RDLCK)
}

/// Makes the shared lock that this description holds an exclusive one, or leaves it: false if others hold one too.
///
/// # Errors
/// As [`try_lock`].
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn try_upgrade(file: &File) -> io::Result<bool> {
    set_lock(file, libc::F_WRLCK)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn set_lock(file: &File, kind: libc::c_int) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    let request = whole_file(kind);
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and `request` outlives the call.
    let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) };
    if status == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}

/// A request about a lock on a whole file.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn whole_file(kind: libc::c_int) -> libc::flock {
    // SAFETY: `flock` is plain old data for which all zeros is a valid value (offset 0, length 0: the whole file).
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    // The constants are ints, the fields shorts that hold each of them.
    request.l_type = libc::c_short::try_from(kind).unwrap_or_default();
    request.l_whence = libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default();
    request
}

/// True if another open file description, in this process or another, has a lock on the file, which may be open for
/// reading only; also where the operating system does not tell.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn is_locked(file: &File) -> bool {
    use std::os::fd::AsRawFd;
    let mut request = whole_file(libc::F_WRLCK);
    // SAFETY: as in `try_lock`; the call writes to `request`, which nobody else has.
    let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut request) };
    status != 0 || libc::c_int::from(request.l_type) != libc::F_UNLCK
}

/// The same where there are no open-file-description locks.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn is_locked(_: &File) -> bool {
    true
}

/// The same with the standard library's lock, where there are no open-file-description locks.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(e)) => Err(e),
    }
}

/// The same with the standard library's lock, which cannot go over into another: it is let go first, so who asks keeps
/// others from taking an exclusive one meanwhile.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn try_upgrade(file: &File) -> io::Result<bool> {
    let _ = file.unlock();
    let taken = try_lock(file)?;
    if !taken {
        file.lock_shared()?;
    }
    Ok(taken)
}

/// The same with the standard library's lock, as [`try_upgrade`].
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn try_lock_shared(file: &File) -> io::Result<bool> {
    let _ = file.unlock();
    match file.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        Err(std::fs::TryLockError::Error(e)) => Err(e),
    }
}

/// Lets a lock go at once. Closing the file is not enough: a child that another thread forks at this moment has the
/// same open file description until it runs its own program, and with it the lock.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn unlock(file: &File) {
    use std::os::fd::AsRawFd;
    let request = whole_file(libc::F_UNLCK);
    // SAFETY: as in `try_lock`. It cannot fail on a descriptor that was locked; closing would end the lock anyway.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const request) };
}

/// The same where there are no open-file-description locks.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn unlock(file: &File) {
    let _ = file.unlock();
}

/// The name of this host.
pub fn host_name() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    return std::env::var("COMPUTERNAME").unwrap_or_default();
}

static FORKS: AtomicUsize = AtomicUsize::new(0);

/// How many forks lie between this process and the first that called this; 0 in that one.
pub fn forks() -> usize {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(watch_forks);
    FORKS.load(Ordering::Relaxed)
}

#[cfg(unix)]
fn watch_forks() {
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: `in_child` is a static function without arguments that only touches an atomic, which is safe in a
    // forked child of a process with threads.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

#[cfg(not(unix))]
fn watch_forks() {}

static AT_EXIT: OnceLock<fn(Option<i32>)> = OnceLock::new();

/// Has `hook` called once when this process exits by `exit` or by returning from `main`; the argument is the
/// exit status where the platform tells it (glibc). Only the first call has an effect; not called after
/// `_exit`, signals, or in a child that ends by them.
pub fn at_exit(hook: fn(Option<i32>)) {
    if AT_EXIT.set(hook).is_ok() {
        register();
    }
}

fn run_hook(status: Option<i32>) {
    if let Some(hook) = AT_EXIT.get() {
        // A panic must not unwind into the C library's exit.
        let _ = std::panic::catch_unwind(|| hook(status));
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn register() {
    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(libc::c_int, *mut libc::c_void), argument: *mut libc::c_void)
        -> libc::c_int;
    }
    extern "C" fn handler(status: libc::c_int, _argument: *mut libc::c_void) {
        run_hook(Some(status));
    }
    // SAFETY: `handler` is a static function with the signature that glibc documents and takes no argument.
    unsafe { on_exit(handler, std::ptr::null_mut()) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn register() {
    extern "C" fn handler() {
        run_hook(None);
    }
    // SAFETY: `handler` is a static function without arguments, as `atexit` asks for.
    unsafe { libc::atexit(handler) };
}
