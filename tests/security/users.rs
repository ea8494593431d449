//! Other users, who are real.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};

use crate::child::{ADA, BOB, Place, TEAM};
use crate::modes::{check_modes, walk};

#[test]
fn another_user_is_refused_at_a_private_store_by_name() {
    let Some(place) = Place::for_users() else { return };
    let store = place.path("shared/private");
    assert_eq!(place.member(ADA, "log one", &store), "logged");
    for path in [&store, &place.path("shared/project")] {
        if path != &store {
            fs::create_dir(path).unwrap();
            symlink(&store, path.join(".mlops")).unwrap();
            chown(path, Some(ADA), Some(TEAM)).unwrap();
        }
        for task in ["show", "log two", "gc", "fsck", "backup copy", "create"] {
            let answer = place.member(BOB, task, path);
            let named =
                answer.starts_with("error ReadOnly: cannot open the store") && answer.contains("shared/private");
            assert!(named && answer.contains(&format!("private to another user (uid {ADA})")), "{task}: {answer}");
        }
    }
    assert_eq!(place.member(ADA, "fsck", &store), "[] []");
    check_modes(&store, 0o700, 0o600);
}

#[test]
fn who_is_not_in_the_group_is_refused_at_its_store_by_name() {
    let Some(place) = Place::for_users() else { return };
    let store = place.path("shared/store");
    assert_eq!(place.member(ADA, "create", &store), "made");
    // Reachable, but not theirs.
    fs::set_permissions(place.path("shared"), PermissionsExt::from_mode(0o2775)).unwrap();
    for task in ["show", "log two", "fsck"] {
        let answer = place.stranger(BOB, task, &store);
        assert!(answer.starts_with("error ReadOnly: cannot open the store"), "{task}: {answer}");
    }
}

#[test]
fn users_of_the_group_read_log_mend_and_sweep_each_others_in_turn() {
    let Some(place) = Place::for_users() else { return };
    let store = place.path("shared/store");
    assert_eq!(place.member(ADA, "create", &store), "made");
    let mut expected = String::new();
    for (turn, user) in [ADA, BOB, BOB, ADA, BOB, ADA].into_iter().enumerate() {
        assert_eq!(place.member(user, &format!("log run-{turn}"), &store), "logged");
        write!(expected, "run-{turn} Finished Some(0.5) large.bin=70000 small.txt=5; ").unwrap();
        for reader in [ADA, BOB] {
            assert_eq!(place.member(reader, "show", &store), expected, "after turn {turn}");
        }
        for path in walk(&store) {
            let group = path.symlink_metadata().unwrap().gid();
            assert_eq!(group, TEAM, "{}", path.display());
        }
        check_modes(&store, 0o2770, 0o660);
    }
    // What one leaves at its death the other drains, and the other way round.
    for (dead, heir) in [(ADA, BOB), (BOB, ADA)] {
        assert_eq!(place.member(dead, &format!("die z-{dead}"), &store), "died");
        assert_eq!(place.member(heir, &format!("log z-after-{dead}"), &store), "logged");
        assert!(place.member(dead, "show", &store).contains(&format!("z-{dead} Killed Some(0.5)")));
    }
    for user in [BOB, ADA] {
        assert_eq!(place.member(user, "gc", &store), "swept");
        assert_eq!(place.member(user, "fsck repair", &store), "[] []");
        assert_eq!(place.member(user, "backup copy", &store), "copied");
        check_modes(&place.path(&format!("home-{user}/copy")), 0o700, 0o600);
    }
    check_modes(&store, 0o2770, 0o660);
    // A copy of one's own is whole, and private.
    let copy = place.path(&format!("home-{BOB}/copy"));
    assert!(place.member(BOB, "show", &copy).starts_with(&expected));
}

#[test]
fn users_of_the_group_use_it_at_the_same_time() {
    let Some(place) = Place::for_users() else { return };
    let store = place.path("shared/store");
    assert_eq!(place.member(ADA, "create", &store), "made");
    let mut runs = 0;
    for (owner, peer) in [(ADA, BOB), (BOB, ADA)] {
        let staying = place.stay(owner, &format!("of-owner-{owner}"), &store);
        let beside = place.stay(peer, &format!("beside-{peer}"), &store);
        assert_eq!(place.member(peer, &format!("log of-peer-{peer}"), &store), "logged");
        let answer = place.stranger(peer, "show", &store);
        assert!(answer.starts_with("error"), "{answer}");
        // Who is left takes over.
        staying.kill();
        assert_eq!(place.member(owner, &format!("log again-{owner}"), &store), "logged");
        drop(beside);
        runs += 4;
        for user in [ADA, BOB] {
            let shown = place.member(user, "show", &store);
            assert_eq!(shown.matches("Finished Some(0.5) large.bin=70000").count(), runs, "{shown}");
        }
        check_modes(&store, 0o2770, 0o660);
    }
}

#[test]
fn an_index_of_another_user_that_cannot_be_read_is_made_again() {
    let Some(place) = Place::for_users() else { return };
    let store = place.path("shared/store");
    assert_eq!(place.member(ADA, "create", &store), "made");
    assert_eq!(place.member(ADA, "log one", &store), "logged");
    // What a process that was killed before it could set the mode leaves, each time of the other.
    for (turn, (name, heir)) in [("conf", BOB), ("db", ADA), ("db", BOB)].into_iter().enumerate() {
        for mode in [0o600, 0o644] {
            let file = store.join("index").join(name);
            fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            let task = format!("log two-{turn}-{mode}");
            assert_eq!(place.member(heir, &task, &store), "logged", "{name} {mode:o}");
            // One that may be read only is no hindrance where nothing is written to it.
            let made_again = file.metadata().unwrap().uid() == heir;
            assert!(made_again || mode == 0o644, "{name} {mode:o} was not made again");
            let other = if heir == BOB { ADA } else { BOB };
            assert_eq!(place.member(other, &format!("log three-{turn}-{mode}"), &store), "logged");
            chown(&file, Some(other), None).unwrap();
        }
    }
    let shown = place.member(ADA, "show", &store);
    assert_eq!(shown.matches("Finished").count(), 13, "{shown}");
    check_modes(&store.join("index"), 0o2770, 0o660);
}

#[test]
fn a_groups_store_is_never_trusted_as_a_whole() {
    let Some(place) = Place::for_users() else { return };
    let (group, private) = (place.path("shared/group"), place.path("shared/private"));
    assert_eq!(place.member(ADA, "create", &group), "made");
    for user in [ADA, BOB] {
        assert_eq!(place.member(user, "trusted", &group), "false");
        assert!(place.member(user, "trust", &group).starts_with("error InvalidState"), "{user}");
    }
    assert_eq!(place.member(ADA, "trusted", &private), "true");
    // Nor one that others may write to in another way.
    fs::set_permissions(&private, PermissionsExt::from_mode(0o702)).unwrap();
    assert_eq!(place.member(ADA, "trusted", &private), "false");
}

#[test]
fn a_store_of_another_user_found_upwards_is_opened_only_by_name() {
    let Some(place) = Place::for_users() else { return };
    let home = place.path(&format!("home-{BOB}"));
    let store = home.join(".mlops");
    fs::create_dir(&store).unwrap();
    chown(&store, Some(ADA), Some(TEAM)).unwrap();
    fs::set_permissions(&store, PermissionsExt::from_mode(0o2770)).unwrap();
    assert_eq!(place.member(ADA, "log one", &place.path("shared/other")), "logged");
    // An empty text is no location: it is looked for.
    let answer = place.member(BOB, "log two", std::path::Path::new(""));
    assert!(answer.starts_with("error Untrusted:") && answer.contains(&format!("(uid {ADA})")), "{answer}");
    assert_eq!(walk(&store).len(), 1, "nothing was made");
    // A link of another to one's own store is no better.
    fs::remove_dir(&store).unwrap();
    assert_eq!(place.member(BOB, "log own", &home.join("own")), "logged");
    symlink(home.join("own"), &store).unwrap();
    lchown(&store, Some(ADA), Some(TEAM)).unwrap();
    let answer = place.member(BOB, "log two", std::path::Path::new(""));
    assert!(answer.starts_with("error Untrusted:"), "{answer}");
    lchown(&store, Some(BOB), Some(BOB)).unwrap();
    assert_eq!(place.member(BOB, "log two", std::path::Path::new("")), "logged");
}
