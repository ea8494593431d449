use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use interprocess::local_socket::Stream;

use super::lock::Owner;
use super::protocol::{Answer, PROTOCOL, Request};
use super::wire::{Hello, Wire};
use super::{Care, OwnerLock, Shared, SharedOptions, socket};
use crate::base::files::{FileHook, FileOp, Files};
use crate::base::ids::{IdSource, TimeOrderedIds};
use crate::error::{Code, Error};
use crate::storage::journal::{Index, Journal, JournalOptions, MemoryIndex, read};
use crate::storage::{Durability, Op, Outcome, Storage};

fn options(folder: &Path) -> SharedOptions {
    options_with(folder, Files::default())
}

fn options_with(folder: &Path, files: Files) -> SharedOptions {
    std::fs::create_dir_all(folder.join("tmp")).unwrap();
    let (place, journal) = (folder.to_path_buf(), folder.join("journal"));
    SharedOptions {
        folder: folder.to_path_buf(),
        files: files.clone(),
        open: Arc::new(move |lock, new_segment| {
            let lock = lock.clone();
            let journal = Arc::new(Journal::open(JournalOptions {
                folder: place.join("journal"),
                trash: place.join("trash"),
                files: files.clone(),
                owner: uuid::Uuid::from_u128(1),
                clock: Arc::new(crate::base::clock::SystemClock),
                index: Box::new(MemoryIndex) as Box<dyn Index>,
                sync_before: None,
                accept: Arc::new(|_| Ok(true)),
                still_owned: Some(Arc::new(move || lock.is_current())),
                new_segment,
                checkpoint_bytes: 4 << 10,
            })?);
            let looked_at = journal.clone();
            Ok((journal as Arc<dyn Storage>, Arc::new(move || looked_at.has_failed()) as super::Failed))
        }),
        read: Arc::new(move || Ok(Arc::new(read(&journal, &Files::default())?))),
        sync_before: None,
        care: Care::default(),
        patience: Duration::from_secs(30),
        may_own: true,
    }
}

fn put(storage: &dyn Storage, key: &str, value: &str) -> crate::error::Result<Outcome> {
    storage.apply(&[Op::put(key, value)], Durability::Fast)
}

fn get(storage: &dyn Storage, key: &str) -> Option<String> {
    storage.get(key.as_bytes()).unwrap().map(|value| String::from_utf8(value).unwrap())
}

fn stream(folder: &Path) -> Stream {
    let owner = Owner::read(folder, &Files::default()).unwrap();
    socket::connect(&owner.socket, Duration::from_secs(30)).unwrap()
}

/// A connection as a peer has it, past the greetings.
fn greeted(folder: &Path) -> Wire {
    let mut wire = Wire::new(Arc::new(stream(folder)));
    let hello = Hello { version: PROTOCOL, client: TimeOrderedIds.next(), lane: 0 };
    wire.send_hello(hello, &mut || Ok(())).unwrap();
    assert_eq!(wire.receive_welcome(&mut || Ok(())).unwrap(), (PROTOCOL, None));
    wire
}

#[test]
fn what_one_commits_the_other_reads_and_whoever_stays_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    let peers: Vec<_> = (0..3).map(|_| Shared::open(options(dir.path())).unwrap()).collect();
    assert!(owner.is_owner() && peers.iter().all(|peer| !peer.is_owner()));
    assert_eq!(put(&owner, "k", "owner").unwrap(), Outcome::Applied);
    assert_eq!(get(&peers[0], "k").as_deref(), Some("owner"));
    assert_eq!(put(&peers[1], "k", "peer").unwrap(), Outcome::Applied);
    assert_eq!(get(&owner, "k").as_deref(), Some("peer"));
    drop(owner);
    for (number, peer) in peers.iter().enumerate() {
        assert_eq!(get(peer, "k").as_deref(), Some("peer"));
        assert_eq!(put(peer, &format!("by {number}"), "x").unwrap(), Outcome::Applied);
    }
    assert_eq!(peers.iter().filter(|peer| peer.is_owner()).count(), 1);
    peers[0].close();
    let error = peers[0].get(b"k").unwrap_err();
    assert_eq!(error.code(), Code::InvalidState);
    assert!(error.to_string().contains("is closed"), "{error}");
}

#[test]
fn calls_in_flight_have_one_effect_though_owners_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let (threads, rounds) = (6_u64, 150_u64);
    let stopped = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (folder, stopped) = (dir.path(), &stopped);
            scope.spawn(move || {
                let shared = Shared::open(options(folder)).unwrap();
                for round in 0..rounds {
                    loop {
                        let old = shared.get(b"counter").unwrap();
                        let new = old.as_deref().map_or(0, |old| u64::from_be_bytes(old.try_into().unwrap())) + 1;
                        let ops = [Op::check("counter", old), Op::put("counter", new.to_be_bytes())];
                        let full = if round % 10 == 0 { Durability::Full } else { Durability::Fast };
                        if shared.apply(&ops, full).unwrap() == Outcome::Applied {
                            break;
                        }
                    }
                }
                stopped.fetch_add(1, Ordering::SeqCst);
            });
        }
        // One owner after the other comes and goes.
        while stopped.load(Ordering::SeqCst) < usize::try_from(threads).unwrap() {
            let passing = Shared::open(options(dir.path())).unwrap();
            std::thread::sleep(Duration::from_millis(3));
            passing.close();
        }
    });
    let shared = Shared::open(options(dir.path())).unwrap();
    let counter = shared.get(b"counter").unwrap().unwrap();
    assert_eq!(u64::from_be_bytes(counter.try_into().unwrap()), threads * rounds);
}

#[test]
fn an_owner_whose_lock_file_is_deleted_owns_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let old = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&old, "a", "old").unwrap(), Outcome::Applied);
    std::fs::remove_file(dir.path().join("lock")).unwrap();
    let new = Shared::open(options(dir.path())).unwrap();
    assert!(new.is_owner());
    assert_eq!(put(&new, "b", "new").unwrap(), Outcome::Applied);
    assert_eq!(put(&old, "c", "as a peer").unwrap(), Outcome::Applied);
    assert!(!old.is_owner());
    assert_eq!(get(&new, "c").as_deref(), Some("as a peer"));
    // A file that took its name is no better.
    let other = dir.path().join("other");
    std::fs::write(&other, "").unwrap();
    std::fs::rename(&other, dir.path().join("lock")).unwrap();
    assert_eq!(get(&new, "b").as_deref(), Some("new"));
    assert_eq!(put(&old, "d", "again").unwrap(), Outcome::Applied);
    assert_eq!(put(&new, "e", "again").unwrap(), Outcome::Applied);
    assert!(old.is_owner() != new.is_owner());
    drop((old, new));
    let again = Shared::open(options(dir.path())).unwrap();
    let all = ["a", "b", "c", "d", "e"].map(|key| get(&again, key).unwrap());
    assert_eq!(all, ["old", "new", "as a peer", "again", "again"]);
}

#[test]
fn what_an_owner_wrote_that_was_none_any_more_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let old = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&old, "a", "1").unwrap(), Outcome::Applied);
    let segment = |n: usize| {
        let mut files: Vec<_> =
            std::fs::read_dir(dir.path().join("journal")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files[n].clone()
    };
    let before = std::fs::read(segment(0)).unwrap();
    assert_eq!(put(&old, "a", "2").unwrap(), Outcome::Applied);
    let after = std::fs::read(segment(0)).unwrap();
    std::fs::write(segment(0), &before).unwrap();
    std::fs::remove_file(dir.path().join("lock")).unwrap();
    let new = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&new, "b", "3").unwrap(), Outcome::Applied);
    // The old owner's write comes late: behind the end of what the new one had read.
    std::fs::write(segment(0), &after).unwrap();
    drop((old, new));
    let again = Shared::open(options(dir.path())).unwrap();
    assert_eq!((get(&again, "a").as_deref(), get(&again, "b").as_deref()), (Some("1"), Some("3")));
}

#[test]
fn one_that_never_owns_reads_without_an_owner_and_commits_with_one() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&owner, "k", "1").unwrap(), Outcome::Applied);
    let reader = Shared::open(SharedOptions { may_own: false, ..options(dir.path()) }).unwrap();
    assert_eq!(put(&reader, "k", "2").unwrap(), Outcome::Applied);
    drop(owner);
    assert_eq!(get(&reader, "k").as_deref(), Some("2"));
    let error = put(&reader, "k", "3").unwrap_err();
    assert_eq!(error.code(), Code::NoOwner, "{error}");
    let owner = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&owner, "k", "4").unwrap(), Outcome::Applied);
    assert_eq!(get(&reader, "k").as_deref(), Some("4"));
    drop(owner);
    assert_eq!(get(&reader, "k").as_deref(), Some("4"));
    assert!(!reader.is_owner());
}

#[test]
fn another_version_of_the_protocol_gets_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    let mut older = Wire::new(Arc::new(stream(dir.path())));
    let hello = Hello { version: PROTOCOL + 1, client: TimeOrderedIds.next(), lane: 0 };
    older.send_hello(hello, &mut || Ok(())).unwrap();
    let (version, sentence) = older.receive_welcome(&mut || Ok(())).unwrap();
    let sentence = sentence.unwrap();
    assert!(version == PROTOCOL && sentence.contains("use the same version of mlops in both"), "{sentence}");
    drop(owner);

    // An owner of another version, which says nothing that this one knows.
    let lock = OwnerLock::acquire(dir.path(), &Files::default()).unwrap().unwrap();
    let name = socket::new_name().unwrap();
    let listener = socket::bind(&name).unwrap();
    lock.announce(&name, true).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            use interprocess::local_socket::prelude::*;
            let mut stream = listener.end.accept().unwrap();
            let mut welcome = b"mlops-sh".to_vec();
            welcome.extend_from_slice(&(PROTOCOL + 1).to_le_bytes());
            welcome.extend_from_slice(&[0; 4]);
            stream.write_all(&welcome).unwrap();
        });
        let error = Shared::open(options(dir.path())).unwrap_err();
        assert_eq!(error.code(), Code::Unsupported);
        assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    });
}

#[test]
fn what_is_no_message_ends_that_connection_only() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    let peer = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&peer, "k", "v").unwrap(), Outcome::Applied);
    let nonsense: [&[u8]; 5] =
        [b"GET / HTTP/1.1\r\n\r\n and so on, for long enough", &[0xFF; 64], b"mlops-sh", &[0; 4], b""];
    for bytes in nonsense {
        stream(dir.path()).write_all(bytes).unwrap();
    }
    for frame in [&[0xFF; 8][..], &[1, 0, 0, 0, 0xFF], &[3, 0, 0, 0, 1, 0xFF, 0xFF], &[9, 0, 0, 0, 1]] {
        let mut connected = stream(dir.path());
        let mut hello = b"mlops-sh".to_vec();
        hello.extend_from_slice(&PROTOCOL.to_le_bytes());
        hello.extend_from_slice(&[7; 20]);
        connected.write_all(&hello).unwrap();
        connected.write_all(frame).unwrap();
    }
    // What is understood and not allowed is an error, and the connection goes on.
    let mut wire = greeted(dir.path());
    let mut ask = |request: &Request| {
        wire.send(request, &mut || Ok(())).unwrap();
        wire.receive::<Answer>(&mut || Ok(())).unwrap().unwrap()
    };
    let hidden = b"\0s hidden".to_vec();
    assert!(matches!(ask(&Request::Get(hidden.clone())), Answer::Failed(_)));
    let ops = vec![Op::put(hidden, "x")];
    let apply = Request::Apply { before: 0, this: 1, ops, durability: Durability::Fast };
    assert!(matches!(ask(&apply), Answer::Failed(_)));
    let ops = vec![Op::put("big", vec![0; 70 << 10])];
    let apply = Request::Apply { before: 0, this: 1, ops, durability: Durability::Fast };
    assert!(matches!(ask(&apply), Answer::Failed(_)));
    let ops = vec![Op::put("k", "w")];
    let apply = Request::Apply { before: 0, this: 1, ops, durability: Durability::Fast };
    assert!(matches!(ask(&apply), Answer::LaneForgotten), "no lane was noted");
    assert!(matches!(ask(&Request::Get(b"k".to_vec())), Answer::Value(Some(value)) if value == b"v"));
    assert_eq!(get(&peer, "k").as_deref(), Some("v"));
    assert_eq!(put(&owner, "k", "w").unwrap(), Outcome::Applied);
}

#[test]
fn an_owner_that_does_not_answer_is_named_after_the_wait() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("tmp")).unwrap();
    let lock = OwnerLock::acquire(dir.path(), &Files::default()).unwrap().unwrap();
    let name = socket::new_name().unwrap();
    let listener = socket::bind(&name).unwrap();
    lock.announce(&name, true).unwrap();
    let began = Instant::now();
    let short = SharedOptions { patience: Duration::from_millis(300), ..options(dir.path()) };
    let error = Shared::open(short).unwrap_err();
    assert!(began.elapsed() >= Duration::from_millis(300));
    assert!(matches!(&error, Error::Unanswered { pid, .. } if *pid == std::process::id()), "{error}");
    assert!(error.code() == Code::Locked && error.to_string().contains("kill -CONT"), "{error}");
    drop((listener, lock));
    assert!(Shared::open(options(dir.path())).unwrap().is_owner());
}

#[test]
fn lanes_are_forgotten_when_their_peer_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    let peer = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&peer, "k", "v").unwrap(), Outcome::Applied);
    drop(peer);
    let left = || {
        let journal = read(&dir.path().join("journal"), &Files::default()).unwrap();
        super::lanes::Lanes::read(&journal).unwrap().count()
    };
    let began = Instant::now();
    while left() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "the lane stays");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(get(&owner, "k").as_deref(), Some("v"));
}

/// Fails a kind of operation while it is told to.
#[derive(Debug, Default)]
struct Failing {
    syncs: AtomicBool,
    folders: AtomicBool,
}

impl FileHook for Failing {
    fn before(&self, op: &FileOp<'_>) -> std::io::Result<Option<usize>> {
        let fails = match op {
            FileOp::Sync(path) => self.syncs.load(Ordering::SeqCst) && path.parent().unwrap().ends_with("journal"),
            FileOp::SyncDir(path) => self.folders.load(Ordering::SeqCst) && path.ends_with("journal"),
            _ => false,
        };
        if fails { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(None) }
    }
}

#[test]
fn a_store_whose_disk_failed_opens_itself_anew_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let failing = Arc::new(Failing::default());
    let files = Files::with_hook(failing.clone());
    let with = |files: &Files| options_with(dir.path(), files.clone());
    let owner = Shared::open(with(&files)).unwrap();
    let peer = Shared::open(with(&files)).unwrap();
    for caller in [&owner, &peer] {
        assert_eq!(put(caller, "before", "1").unwrap(), Outcome::Applied);
        failing.syncs.store(true, Ordering::SeqCst);
        caller.apply(&[Op::put("during", "?")], Durability::Full).unwrap_err();
        failing.syncs.store(false, Ordering::SeqCst);
        let began = Instant::now();
        // Until the one that owned has let go.
        while caller.apply(&[Op::put("after", "1")], Durability::Full).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(5));
        }
        for reader in [&owner, &peer] {
            assert_eq!(get(reader, "before").as_deref(), Some("1"));
            assert_eq!(get(reader, "after").as_deref(), Some("1"));
        }
    }
}

#[test]
fn a_checkpoint_that_fails_loses_nothing_that_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let failing = Arc::new(Failing::default());
    let files = Files::with_hook(failing.clone());
    let shared = Shared::open(options_with(dir.path(), files.clone())).unwrap();
    let mut number = 0;
    for round in 0..6 {
        failing.folders.store(round % 2 == 1, Ordering::SeqCst);
        // Enough for a checkpoint in the background, which fails in every other round.
        for _ in 0..100 {
            assert_eq!(put(&shared, &format!("key {number:04}"), &"x".repeat(100)).unwrap(), Outcome::Applied);
            number += 1;
        }
        std::thread::sleep(Duration::from_millis(700));
        let copy = read(&dir.path().join("journal"), &Files::default()).unwrap();
        for found in 0..number {
            assert!(copy.get(format!("key {found:04}").as_bytes()).unwrap().is_some(), "{found} of {number}");
        }
    }
    failing.folders.store(false, Ordering::SeqCst);
    drop(shared);
    let again = Shared::open(options(dir.path())).unwrap();
    assert_eq!(get(&again, &format!("key {:04}", number - 1)), Some("x".repeat(100)));
}

#[test]
fn a_take_over_that_fails_does_not_hide_the_owner_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let old = Shared::open(options(dir.path())).unwrap();
    let peer_of_old = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&peer_of_old, "a", "1").unwrap(), Outcome::Applied);
    std::fs::remove_file(dir.path().join("lock")).unwrap();
    // It takes the lock and fails to open what is there.
    let fails = SharedOptions { open: Arc::new(|_, _| Err(Error::internal("on purpose"))), ..options(dir.path()) };
    assert!(Shared::open(fails).is_err());
    let new = Shared::open(options(dir.path())).unwrap();
    assert!(new.is_owner());
    let segments = || std::fs::read_dir(dir.path().join("journal")).unwrap().count();
    assert_eq!(segments(), 2, "the new owner writes to a file of its own");
    assert_eq!(put(&new, "b", "2").unwrap(), Outcome::Applied);
    assert_eq!(put(&peer_of_old, "c", "3").unwrap(), Outcome::Applied);
    assert_eq!(put(&old, "d", "4").unwrap(), Outcome::Applied);
    drop((old, peer_of_old, new));
    let again = Shared::open(options(dir.path())).unwrap();
    let all = ["a", "b", "c", "d"].map(|key| get(&again, key).unwrap());
    assert_eq!(all, ["1", "2", "3", "4"]);
}

#[test]
fn a_lane_that_was_forgotten_between_two_commits_is_no_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Shared::open(options(dir.path())).unwrap();
    let peer = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&peer, "k", "1").unwrap(), Outcome::Applied);
    peer.drop_connections();
    let began = Instant::now();
    let left = || {
        let journal = read(&dir.path().join("journal"), &Files::default()).unwrap();
        super::lanes::Lanes::read(&journal).unwrap().count()
    };
    while left() > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "the lane stays");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(put(&peer, "k", "2").unwrap(), Outcome::Applied);
    assert_eq!(get(&owner, "k").as_deref(), Some("2"));
}

#[test]
fn peers_of_an_owner_that_was_replaced_find_the_next_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let old = Shared::open(options(dir.path())).unwrap();
    let peer = Shared::open(options(dir.path())).unwrap();
    let never = Shared::open(SharedOptions { may_own: false, ..options(dir.path()) }).unwrap();
    assert_eq!(put(&peer, "k", "1").unwrap(), Outcome::Applied);
    assert_eq!(get(&never, "k").as_deref(), Some("1"));
    std::fs::remove_file(dir.path().join("lock")).unwrap();
    // One that never owns reads what stands in the files meanwhile.
    assert_eq!(get(&never, "k").as_deref(), Some("1"));
    let new = Shared::open(options(dir.path())).unwrap();
    assert_eq!(put(&peer, "k", "2").unwrap(), Outcome::Applied);
    for caller in [&never, &new, &old] {
        assert_eq!(get(caller, "k").as_deref(), Some("2"));
    }
}
