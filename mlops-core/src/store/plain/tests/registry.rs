//! Models of one store in another: logged models by their ids, the registry by its log of events.

use super::governed::{answers, as_of, govern};
use super::*;
use crate::base::stored;
use crate::runs::OnConflict;
use crate::storage::{Durability, Op, Outcome};

fn versions(store: &Store) -> Vec<(String, u64, String)> {
    let found = store.registry().search_versions(&ModelQuery::default()).unwrap().items;
    found.into_iter().map(|one| (one.name, one.version, one.info.source)).collect()
}

fn register(store: &Store, name: &str, source: &str) {
    let options = VersionOptions { source: source.into(), ..VersionOptions::default() };
    store.registry().register(name, &options).unwrap();
}

#[test]
fn a_registry_that_only_the_source_changed_goes_on_as_it_did_there() {
    let (from, to) = (rich("memory:"), Store::open("memory:").unwrap());
    let report = sync(&from, &to, &everything()).unwrap();
    assert_eq!((report.registered_models.new, report.logged_models.new.len()), (vec!["Fraud 2".to_owned()], 1));
    assert_eq!(shown(&from), shown(&to));
    from.registry().set_alias("Fraud 2", "Champion", 1).unwrap();
    from.registry().delete_version("Fraud 2", 3).unwrap();
    register(&from, "other", "s3://a");
    let planned = sync(&from, &to, &SyncOptions { dry_run: true, ..everything() }).unwrap();
    assert_eq!(planned.registered_models.updated, ["Fraud 2"]);
    let report = sync(&from, &to, &everything()).unwrap();
    assert_eq!((planned.registered_models, report.registered_models.kept.len()), (report.registered_models, 0));
    assert_eq!(shown(&from), shown(&to));
    assert_eq!(sync(&from, &to, &everything()).unwrap().registered_models.unchanged, 2);
    assert_eq!(sync(&to, &from, &everything()).unwrap().registered_models.unchanged, 2);
    // The other way round there is nothing to do.
    register(&to, "other", "s3://b");
    assert_eq!(sync(&from, &to, &everything()).unwrap().registered_models.ahead.len(), 2);
}

#[test]
fn registries_that_went_on_by_themselves_lose_nothing_and_no_number_is_given_twice() {
    let (from, to) = (Store::open("memory:").unwrap(), Store::open("memory:").unwrap());
    register(&from, "shared", "s3://1");
    sync(&from, &to, &SyncOptions::default()).unwrap();
    register(&from, "shared", "s3://2");
    register(&from, "theirs", "s3://t");
    from.registry().set_alias("theirs", "champion", 1).unwrap();
    from.registry().set_stage("theirs", 1, Stage::Production, StageOptions::default()).unwrap();
    register(&to, "mine", "s3://m");
    let report = sync(&from, &to, &SyncOptions::default()).unwrap().registered_models;
    assert_eq!((report.new, report.updated, report.kept), (vec!["theirs".into()], vec!["shared".into()], vec![]));
    let found = versions(&to);
    let of = |name: &str| found.iter().filter(|one| one.0 == name).map(|one| (one.1, &*one.2)).collect::<Vec<_>>();
    assert_eq!((of("mine"), of("theirs")), (vec![(1, "s3://m")], vec![(1, "s3://t")]));
    assert_eq!(of("shared"), [(2, "s3://2"), (1, "s3://1")]);
    assert_eq!(to.registry().get_by_alias("theirs", "champion").unwrap().info.stage, Stage::Production);
    to.registry().verify_events().unwrap();
    assert_eq!(sync(&from, &to, &SyncOptions::default()).unwrap().registered_models.unchanged, 2);
    // Another version under one number: what is here stays.
    register(&from, "shared", "s3://3 there");
    register(&to, "shared", "s3://3 here");
    let before = shown(&to);
    let report = sync(&from, &to, &SyncOptions::default()).unwrap().registered_models;
    assert!(report.kept.len() == 1 && report.kept[0].reason.contains("version 3"), "{report:?}");
    // Another model of the name, and a name whose numbers were given.
    register(&from, "mine", "s3://x");
    register(&to, "used", "s3://x");
    to.registry().delete_model("used").unwrap();
    register(&from, "used", "s3://y");
    let report = sync(&from, &to, &SyncOptions::default()).unwrap().registered_models;
    let kept: Vec<_> = report.kept.iter().map(|one| (&*one.model, &*one.reason)).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert!(kept.iter().any(|(model, reason)| *model == "mine" && reason.contains("another model")), "{kept:?}");
    assert!(kept.iter().any(|(model, reason)| *model == "used" && reason.contains("given")), "{kept:?}");
    assert_eq!(shown(&to).len(), before.len() + 3, "only the events of what was done here");
}

#[test]
fn logged_models_come_with_their_runs_and_say_where_they_differ() {
    let (from, to) = (rich("memory:"), Store::open("memory:").unwrap());
    let only = |run: &str| SyncOptions { run_ids: vec![run.into()], ..SyncOptions::default() };
    assert!(sync(&from, &to, &only("open")).unwrap().logged_models.new.is_empty());
    // `empty` has a model of another experiment as an input; that of `full` is its own.
    let report = sync(&from, &to, &only("empty")).unwrap().logged_models;
    assert!(report.new.is_empty() && report.kept.len() == 1, "{report:?}");
    let report = sync(&from, &to, &only("full")).unwrap().logged_models;
    let [id] = &*report.new else { panic!("{report:?}") };
    let (theirs, ours) = (from.logged_models(), to.logged_models());
    assert_eq!(format!("{:?}", theirs.get(id).unwrap().points), format!("{:?}", ours.get(id).unwrap().points));
    assert_eq!(ours.read_file(id, "data/a:b.bin").unwrap(), b"weights");
    theirs.set_tags(id, &[("new".into(), "1".into())]).unwrap();
    assert_eq!(sync(&from, &to, &only("full")).unwrap().logged_models.updated, std::slice::from_ref(id));
    ours.set_tags(id, &[("mine".into(), "1".into())]).unwrap();
    assert_eq!(sync(&from, &to, &only("full")).unwrap().logged_models.ahead, std::slice::from_ref(id));
    theirs.set_tags(id, &[("new".into(), "2".into())]).unwrap();
    let report = sync(&from, &to, &only("full")).unwrap().logged_models;
    assert!(report.kept.len() == 1 && report.kept[0].reason.contains("theirs"), "{report:?}");
    let theirs_wins = SyncOptions { on_conflict: OnConflict::Theirs, ..only("full") };
    assert_eq!(sync(&from, &to, &theirs_wins).unwrap().logged_models.updated, std::slice::from_ref(id));
    assert_eq!(ours.get(id).unwrap().tags, theirs.get(id).unwrap().tags);
    assert_eq!(to.logged_models().links("empty").unwrap(), from.logged_models().links("empty").unwrap());
}

#[test]
fn a_registry_with_all_that_there_is_answers_the_same_whichever_way_it_went() {
    let dir = tempfile::tempdir().unwrap();
    let store = rich(&path_in(dir.path(), "store"));
    govern(&store);
    let (was, answered) = (shown(&store), answers(&store));
    let same = |again: &Store, way: &str| {
        for (was, is) in was.iter().zip(shown(again)).chain(answered.iter().zip(answers(again))) {
            assert_eq!(*was, is, "{way}");
        }
        assert_eq!((shown(again).len(), answers(again).len()), (was.len(), answered.len()), "{way}");
    };
    let to = |name: &str| Store::open(&path_in(dir.path(), name)).unwrap();
    let plain = exported(&store, dir.path());
    let again = to("from plain");
    import(plain.to_str().unwrap(), &again, &everything()).unwrap();
    same(&again, "as plain files");
    let archive = path_in(dir.path(), "archive");
    crate::store::export(&store, &archive, &everything()).unwrap();
    let again = to("from archive");
    import(&archive, &again, &everything()).unwrap();
    same(&again, "as a store");
    let synced = to("synced");
    sync(&store, &synced, &everything()).unwrap();
    same(&synced, "by a sync");
    // It goes on there, and what it has stays bound to what it was bound to.
    let carl = as_of(&again, "carl");
    carl.set_alias("guarded", "mine", 4).unwrap();
    carl.rollback("guarded", "eu", Some(1)).unwrap();
    assert_eq!(carl.approve("guarded", 3, Stage::Production).unwrap().approval.version, 3);
    carl.delete_model("Fraud 2").unwrap_err();
    carl.force_delete_model("Fraud 2").unwrap();
    // Back into the first: all of it goes forward, with what is gone.
    sync(&again, &store, &everything()).unwrap();
    assert_eq!((shown(&store), answers(&store)), (shown(&again), answers(&again)));
    sync(&store, &synced, &everything()).unwrap();
    assert_eq!(answers(&synced), answers(&store));
    drop((store, again, synced));
    for name in ["store", "from plain", "from archive", "synced"] {
        let report = crate::store::fsck(&path_in(dir.path(), name), false).unwrap();
        assert!(report.findings.is_empty() && report.lost.is_empty(), "{name}: {report:?}");
    }
}

#[test]
fn a_model_whose_parts_are_not_all_gone_goes_as_one_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (store, whole) = (rich("memory:"), Store::open("memory:").unwrap());
    govern(&store);
    sync(&store, &whole, &everything()).unwrap();
    let kept: Vec<_> = all_entries(&store).into_iter().filter(|(key, _)| key.starts_with(b"g")).collect();
    as_of(&store, "ada").force_delete_model("guarded").unwrap();
    let gone = answers(&store);
    // The process that deleted it was killed before the parts were gone, and the blobs went with the next gc.
    let parts = kept.iter().filter(|(key, _)| store.storage().get(key).unwrap().is_none());
    let parts: Vec<_> = parts.filter(|(key, _)| !key.starts_with(b"gm/")).collect();
    assert!(parts.len() > 20, "{}", parts.len());
    let number = u64::from_be_bytes(*parts[0].0[3..].first_chunk().unwrap());
    let event = store.registry().log_head().unwrap().seq;
    let mut ops: Vec<_> = parts.iter().map(|(key, value)| Op::put(key.clone(), value.clone())).collect();
    for (key, _) in all_entries(&store).into_iter().filter(|(key, _)| key.starts_with(b"gd/guarded\0")) {
        ops.extend((key.last() != Some(&5)).then(|| Op::delete(key)));
    }
    let grave = stored::encode(&("guarded".to_owned(), event)).unwrap();
    ops.push(Op::put([b"gz/", number.to_be_bytes().as_slice()].concat(), grave));
    assert_eq!(store.storage().apply(&ops, Durability::default()).unwrap(), Outcome::Applied);
    sync(&store, &whole, &everything()).unwrap();
    assert_eq!(answers(&whole), gone);
    let again = Store::open("memory:").unwrap();
    import(exported(&store, dir.path()).to_str().unwrap(), &again, &everything()).unwrap();
    assert_eq!(answers(&again), gone);
    for of in [&whole, &again] {
        assert!(
            !all_entries(of).iter().any(|(key, _)| key.starts_with(b"gz/") || parts.iter().any(|part| part.0 == *key))
        );
    }
}

fn all_entries(store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    crate::runs::for_each_entry(&**store.storage(), crate::storage::KeyRange::prefix(b"g"), |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        Ok(())
    })
    .unwrap();
    found
}
