//! Watches of the registry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::error::{Code, Error, Result};
use crate::registry::{By, LocalRegistry, ModelRegistry, PromoteOptions, VersionOptions, Watched, WatchedVersion};
use crate::storage::{Capabilities, Durability, KeyRange, Op, Outcome, ScanOptions, ScanPage, Storage};
use crate::store::Store;

const LONG: Duration = Duration::from_secs(30);

fn store() -> Store {
    let store = Store::open("memory:").unwrap();
    for _ in 0..3 {
        let source = "s3://models/fraud".to_owned();
        store.registry().register("fraud", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
    }
    store
}

fn promote(store: &Store, number: u64, slot: &str) {
    let options = PromoteOptions { slot: slot.into(), ..PromoteOptions::default() };
    store.registry().promote("fraud", number, &options).unwrap();
}

#[test]
fn a_watch_sees_each_promotion_and_rollback_of_its_slot_only() {
    let store = store();
    let watch = store.registry().watch("Fraud", &Watched::production()).unwrap();
    let of_eu = store.registry().watch("fraud", &Watched::Slot("EU".into())).unwrap();
    assert_eq!((watch.current(), watch.changes(), watch.changed()), (None, 0, false));
    promote(&store, 1, "");
    assert!(watch.wait(LONG).unwrap());
    assert_eq!((watch.current(), watch.generation()), (Some(1), 1));
    assert!(!watch.changed() && !watch.wait(Duration::ZERO).unwrap());
    promote(&store, 2, "");
    assert!(watch.wait(LONG).unwrap());
    let registry = store.registry().by(By { reason: Some("bad".into()), ..By::default() });
    registry.rollback("fraud", "", None).unwrap();
    assert!(watch.wait(LONG).unwrap());
    assert_eq!(watch.current(), Some(1));
    assert_eq!((of_eu.current(), of_eu.changes()), (None, 0));
    promote(&store, 3, "eu");
    assert!(of_eu.wait(LONG).unwrap());
    assert_eq!((of_eu.current(), watch.current()), (Some(3), Some(1)));
    assert!(watch.age() < LONG && watch.error().is_none());
}

#[test]
fn a_watch_follows_an_alias_and_a_model_that_comes_and_goes() {
    let store = store();
    let watch = store.registry().watch("fraud", &Watched::Alias("champion".into())).unwrap();
    let new = store.registry().watch("new", &Watched::production()).unwrap();
    store.registry().set_alias("fraud", "Champion", 2).unwrap();
    assert!(watch.wait(LONG).unwrap());
    assert_eq!(watch.current(), Some(2));
    store.registry().delete_alias("fraud", "champion").unwrap();
    assert!(watch.wait(LONG).unwrap());
    assert_eq!(watch.current(), None);
    let source = "s3://models/new".to_owned();
    store.registry().register("new", &VersionOptions { source, ..VersionOptions::default() }).unwrap();
    store.registry().promote("new", 1, &PromoteOptions::default()).unwrap();
    assert!(new.wait(LONG).unwrap());
    assert_eq!(new.current(), Some(1));
    store.registry().delete_model("new").unwrap();
    assert!(new.wait(LONG).unwrap());
    assert_eq!(new.current(), None);
}

#[test]
fn a_listener_is_told_until_its_subscription_ends_and_a_panic_of_another_does_not_matter() {
    let store = store();
    let watch = store.registry().watch("fraud", &Watched::production()).unwrap();
    let (sender, told) = mpsc::channel();
    let _bad = watch.on_change(|_| panic!("on purpose"));
    let kept = watch.on_change(move |seen| sender.send(seen).unwrap());
    promote(&store, 2, "");
    let seen = told.recv_timeout(LONG).unwrap();
    assert_eq!(seen, WatchedVersion { version: Some(2), generation: 1, changes: 1 });
    drop(kept);
    promote(&store, 1, "");
    assert!(watch.wait(LONG).unwrap());
    while watch.changes() < 2 {
        assert!(watch.wait(LONG).unwrap());
    }
    assert!(told.recv_timeout(LONG).is_err(), "the sender is gone");
}

#[test]
fn the_thread_is_there_while_there_is_a_watch_and_a_listener_may_end_its_own() {
    let store = store();
    let first = store.registry().watch("fraud", &Watched::production()).unwrap();
    let second = store.registry().watch("fraud", &Watched::production()).unwrap();
    let watches = store.inner.watches.clone();
    drop(first);
    assert!(watches.is_running());
    drop(second);
    assert!(!watches.is_running());
    let own = Arc::new(parking_lot::Mutex::new(None));
    let watch = store.registry().watch("fraud", &Watched::production()).unwrap();
    let (sender, told) = mpsc::channel();
    let of_listener = own.clone();
    let kept = watch.on_change(move |_| {
        drop(of_listener.lock().take());
        sender.send(()).unwrap();
    });
    *own.lock() = Some(watch);
    promote(&store, 1, "");
    told.recv_timeout(LONG).unwrap();
    assert!(!watches.is_running());
    drop(kept);
}

#[test]
fn of_many_threads_that_ask_one_is_told_of_a_change() {
    let store = store();
    let watch = store.registry().watch("fraud", &Watched::production()).unwrap();
    promote(&store, 1, "");
    let told = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| watch.wait(Duration::from_millis(700)).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|told| *told).count()
    });
    assert_eq!(told, 1);
}

#[test]
fn what_cannot_be_watched_is_said_so() {
    let store = store();
    let code = |name: &str, of: Watched| store.registry().watch(name, &of).unwrap_err().code();
    assert_eq!(code("a/b", Watched::production()), Code::InvalidArgument);
    assert_eq!(code("fraud", Watched::Slot("e u".into())), Code::InvalidArgument);
    assert_eq!(code("fraud", Watched::Alias("v1".into())), Code::InvalidArgument);
}

#[test]
fn the_latest_version_can_be_watched() {
    let store = store();
    let registry = store.registry();
    let watch = registry.watch("tree", &Watched::Alias("latest".into())).unwrap();
    for number in 1..=2 {
        registry
            .register("tree", &VersionOptions { source: "s3://fraud".into(), ..VersionOptions::default() })
            .unwrap();
        assert!(watch.wait(Duration::from_secs(10)).unwrap());
        assert_eq!(watch.current(), Some(number));
    }
}

/// A store that can be out of reach.
#[derive(Debug)]
struct Away {
    storage: Arc<dyn Storage>,
    is_away: AtomicBool,
}

impl Away {
    fn reach(&self) -> Result<&dyn Storage> {
        if self.is_away.load(Ordering::SeqCst) {
            let gone = std::io::Error::other("nobody answers");
            return Err(Error::io("read", std::path::Path::new("the store"), gone));
        }
        Ok(&*self.storage)
    }
}

impl Storage for Away {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.reach()?.get(key)
    }

    fn scan(&self, range: &KeyRange, options: &ScanOptions) -> Result<ScanPage> {
        self.reach()?.scan(range, options)
    }

    fn apply(&self, ops: &[Op], durability: Durability) -> Result<Outcome> {
        self.reach()?.apply(ops, durability)
    }

    fn flush(&self) -> Result<()> {
        self.reach()?.flush()
    }

    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }
}

#[test]
fn a_store_that_is_away_leaves_what_was_seen_and_what_changed_meanwhile_is_seen_when_it_is_back() {
    let store = store();
    let away = Arc::new(Away { storage: store.storage().clone(), is_away: false.into() });
    let registry = LocalRegistry::new(store.runs().clone(), store.logged_models(), away.clone(), Arc::default());
    promote(&store, 1, "");
    let watch = registry.watch("fraud", &Watched::production()).unwrap();
    assert_eq!(watch.current(), Some(1));
    away.is_away.store(true, Ordering::SeqCst);
    while watch.error().is_none() {
        std::thread::yield_now();
    }
    promote(&store, 2, "");
    assert!(watch.error().is_some_and(|error| error.contains("nobody answers")));
    assert_eq!(watch.current(), Some(1));
    away.is_away.store(false, Ordering::SeqCst);
    assert!(watch.wait(LONG).unwrap());
    assert_eq!((watch.current(), watch.changes()), (Some(2), 1));
}
