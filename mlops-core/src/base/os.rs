//! The audited calls to the operating system that no safe crate offers: open-file-description locks, what happens at a
//! fork, and the exit hook.
#![expect(unsafe_code, reason = "fcntl, pthread_atfork and on_exit have no safe face; each block states its proof")]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};

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

/// The groups beside its first of the process at the other end of a local socket, as they were when it connected; none
/// where the system does not tell.
#[cfg(target_os = "linux")]
pub fn peer_groups(socket: std::os::fd::BorrowedFd<'_>) -> Vec<u32> {
    use std::os::fd::AsRawFd;
    let mut groups = vec![0_u32; 1 << 10];
    let Ok(mut bytes) = libc::socklen_t::try_from(std::mem::size_of_val(groups.as_slice())) else { return Vec::new() };
    // SAFETY: the call writes at most `bytes` bytes, the size of the vector, of which any content is valid, and says how
    // many it wrote.
    let status = unsafe {
        let groups = groups.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERGROUPS, groups, &raw mut bytes)
    };
    groups.truncate(if status == 0 { bytes as usize / size_of::<u32>() } else { 0 });
    groups
}

/// The same where it does not tell.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn peer_groups(_: std::os::fd::BorrowedFd<'_>) -> Vec<u32> {
    Vec::new()
}

/// True if there is a process of this number, whoever's it is.
pub fn is_process(pid: u32) -> bool {
    #[cfg(unix)]
    return i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH));
    #[cfg(not(unix))]
    return pid > 0;
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

static BEFORE_FORK: OnceLock<fn()> = OnceLock::new();

/// Has `hook` called in the thread that forks, just before each fork. Only the first call has an effect.
pub fn before_fork(hook: fn()) {
    let _ = BEFORE_FORK.set(hook);
    forks();
}

#[cfg(unix)]
fn watch_forks() {
    extern "C" fn in_parent_before() {
        if let Some(hook) = BEFORE_FORK.get() {
            // A panic must not unwind into the C library's fork.
            let _ = std::panic::catch_unwind(hook);
        }
        FORKING.fetch_add(1, Ordering::SeqCst);
        let began = Instant::now();
        while OPENING.load(Ordering::SeqCst) > 0 && began.elapsed() < OPEN_PATIENCE {
            std::thread::yield_now();
        }
    }
    extern "C" fn in_parent_after() {
        FORKING.fetch_sub(1, Ordering::SeqCst);
    }
    extern "C" fn in_child() {
        FORKS.fetch_add(1, Ordering::Relaxed);
        // The threads that were at it are the parent's.
        OPENING.store(0, Ordering::SeqCst);
        FORKING.store(0, Ordering::SeqCst);
        // SAFETY: plain descriptor calls, allowed in a forked child. The numbers were ours at the fork; what the child
        // still holds of them keeps valid numbers, which lead nowhere from now on. Without `/dev/null` (no descriptor is
        // free) they are closed.
        unsafe {
            let mut null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
            for slot in DESCRIPTORS.iter() {
                let descriptor = slot.swap(FREE, Ordering::Relaxed);
                if descriptor == FREE {
                    continue;
                }
                if null < 0 {
                    libc::close(descriptor);
                    null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
                }
                libc::dup2(null, descriptor);
                libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            if null >= 0 && !DESCRIPTORS.iter().any(|slot| slot.load(Ordering::Relaxed) == null) {
                libc::close(null);
            }
        }
    }
    // SAFETY: the handlers are static functions without arguments. `in_child` only touches atomics and descriptors,
    // which is safe in a forked child of a process with threads; the others run before and after the fork, as any code.
    unsafe { libc::pthread_atfork(Some(in_parent_before), Some(in_parent_after), Some(in_child)) };
}

#[cfg(not(unix))]
fn watch_forks() {}

/// How long a fork waits for threads that open something that a child must not keep: opening an index may take long.
const OPEN_PATIENCE: Duration = Duration::from_secs(2);
static FORKING: AtomicUsize = AtomicUsize::new(0);
static OPENING: AtomicUsize = AtomicUsize::new(0);

/// While it is held no child is forked, as far as that can wait: for the time between opening what a child must not
/// keep and noting that.
#[derive(Debug)]
pub struct NoForks {
    forks: usize,
}

/// Waits for a fork that is under way, and holds up others.
pub fn no_forks() -> NoForks {
    let forks = forks();
    loop {
        OPENING.fetch_add(1, Ordering::SeqCst);
        if FORKING.load(Ordering::SeqCst) == 0 {
            return NoForks { forks };
        }
        OPENING.fetch_sub(1, Ordering::SeqCst);
        std::thread::yield_now();
    }
}

impl Drop for NoForks {
    fn drop(&mut self) {
        // A child begins to count anew.
        if self.forks == forks() {
            OPENING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// No descriptor stands in the slot.
const FREE: i32 = -1;
/// Slots of one part of [`Descriptors`].
const SLOTS: usize = 128;
static DESCRIPTORS: Descriptors = Descriptors::new();

/// The descriptors that a forked child must not keep: a list that only grows, read by the child without a lock.
struct Descriptors {
    slots: [AtomicI32; SLOTS],
    more: OnceLock<Box<Descriptors>>,
}

impl Descriptors {
    const fn new() -> Self {
        Self { slots: [const { AtomicI32::new(FREE) }; SLOTS], more: OnceLock::new() }
    }

    fn iter(&self) -> impl Iterator<Item = &AtomicI32> {
        std::iter::successors(Some(self), |part| part.more.get().map(|more| &**more)).flat_map(|part| &part.slots)
    }

    fn note(&'static self, descriptor: i32) -> &'static AtomicI32 {
        let take =
            |slot: &&AtomicI32| slot.compare_exchange(FREE, descriptor, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        let mut part = self;
        loop {
            if let Some(slot) = part.slots.iter().find(take) {
                return slot;
            }
            if part.more.get().is_none() {
                // Made before it is set: the moment in which a fork could meet it half done is as short as can be.
                let _ = part.more.set(Box::new(Self::new()));
            }
            let Some(more) = part.more.get() else { continue };
            part = more;
        }
    }
}

/// Says that a forked child must not keep a descriptor, until this is dropped: before the descriptor is closed.
#[derive(Debug, Default)]
pub struct NotForChildren {
    slot: Option<&'static AtomicI32>,
    forks: usize,
}

impl Drop for NotForChildren {
    fn drop(&mut self) {
        // In a child the list was emptied, and the slot may be another's.
        if self.forks == forks()
            && let Some(slot) = self.slot
        {
            slot.store(FREE, Ordering::Relaxed);
        }
    }
}

/// Has a forked child let go of a descriptor at once: there it leads to `/dev/null`. A lock or a connection ends with the
/// last descriptor of it, and a child that never calls us would keep it for as long as it lives.
#[cfg(unix)]
pub fn not_for_children(descriptor: std::os::fd::BorrowedFd<'_>) -> NotForChildren {
    use std::os::fd::AsRawFd;
    note_descriptor(descriptor.as_raw_fd())
}

#[cfg(unix)]
fn note_descriptor(descriptor: i32) -> NotForChildren {
    let forks = forks();
    NotForChildren { slot: Some(DESCRIPTORS.note(descriptor)), forks }
}

/// The same for the descriptors that another library has open of the file at a path.
#[cfg(unix)]
pub fn others_not_for_children(path: &std::path::Path) -> Vec<NotForChildren> {
    use std::os::unix::fs::MetadataExt;
    let Ok(wanted) = path.metadata() else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let numbers: Vec<i32> = numbers.collect();
    let of_file = |number: &i32| {
        // SAFETY: `stat` is plain old data for which all zeros is a valid value; the call writes to it and only looks
        // at the descriptor, which may be closed: then it says so.
        let (found, status) = unsafe {
            let mut found: libc::stat = std::mem::zeroed();
            let status = libc::fstat(*number, &raw mut found);
            (found, status)
        };
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "the fields differ between systems")]
        let same = (found.st_dev as u64, found.st_ino as u64) == (wanted.dev(), wanted.ino());
        status == 0 && same
    };
    numbers.into_iter().filter(of_file).map(note_descriptor).collect()
}

/// The same where there are no forks.
#[cfg(not(unix))]
pub fn others_not_for_children(_: &std::path::Path) -> Vec<NotForChildren> {
    Vec::new()
}

/// Has the C library write what it holds back of standard output and standard error.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub fn flush_c_streams() {
    unsafe extern "C" {
        #[cfg_attr(target_os = "macos", link_name = "__stdoutp")]
        static stdout: *mut libc::FILE;
        #[cfg_attr(target_os = "macos", link_name = "__stderrp")]
        static stderr: *mut libc::FILE;
    }
    // SAFETY: both are the C library's own streams, there from before `main` on; `fflush` locks them. Not all streams are
    // flushed (NULL): that would wait for whoever reads from standard input.
    unsafe {
        libc::fflush(stdout);
        libc::fflush(stderr);
    }
}

/// The same where nothing is known of its streams.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub fn flush_c_streams() {}

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
