use std::sync::Barrier;

use super::*;
use crate::runs::ExperimentQuery;

fn in_experiment(runs: &Runs, id: &str) -> Arc<dyn Run> {
    runs.start(RunOptions { experiment_id: Some(id.into()), ..RunOptions::default() }).unwrap()
}

fn code<T: Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

fn names(runs: &Runs, query: &ExperimentQuery) -> Vec<String> {
    runs.search_experiments(query).unwrap().items.into_iter().map(|found| found.name).collect()
}

fn found(runs: &Runs, view: View) -> Vec<String> {
    let page = runs.search(&RunQuery { view, ..RunQuery::default() }).unwrap();
    page.items.into_iter().map(|run| run.info.run_id).collect()
}

#[test]
fn a_deleted_experiment_hides_its_runs_and_brings_back_those_that_were_not_deleted_by_themselves() {
    let parts = Parts::new();
    let runs = parts.open();
    let id = runs.create_experiment("churn", &[]).unwrap().experiment_id;
    let [kept, deleted, open] = [(); 3].map(|()| in_experiment(&runs, &id));
    let outside = in_experiment(&runs, "0");
    kept.end(RunStatus::Finished).unwrap();
    deleted.end(RunStatus::Finished).unwrap();
    runs.delete(deleted.id()).unwrap();
    runs.delete_experiment(&id).unwrap();

    assert_eq!(runs.get_experiment(&id).unwrap().lifecycle, Lifecycle::Deleted);
    assert_eq!(runs.get(kept.id()).unwrap().info.lifecycle, Lifecycle::Deleted);
    assert_eq!(found(&runs, View::Active), [outside.id()]);
    assert_eq!(found(&runs, View::Deleted).len(), 3);
    assert_eq!(code(open.log_metric("loss", 0.5, 0, None)), Code::InvalidState);
    let error = runs.open(kept.id()).unwrap_err().to_string();
    assert!(error.contains("experiment `churn` is deleted; restore it first"), "{error}");
    assert_eq!(code(runs.restore(kept.id())), Code::InvalidState);
    assert_eq!(code(runs.resume(kept.id())), Code::InvalidState);
    for options in [
        RunOptions { experiment_id: Some(id.clone()), ..RunOptions::default() },
        RunOptions { experiment_name: Some("churn".into()), ..RunOptions::default() },
        RunOptions { parent_run_id: Some(kept.id().into()), ..RunOptions::default() },
    ] {
        assert_eq!(code(runs.start(options)), Code::InvalidState);
    }

    runs.restore_experiment(&id).unwrap();
    assert_eq!(found(&runs, View::Deleted), [deleted.id()]);
    open.log_metric("loss", 0.5, 0, None).unwrap();
    open.end(RunStatus::Finished).unwrap();
    // Another process sees the same.
    drop(runs);
    assert_eq!(found(&parts.open(), View::Deleted), [deleted.id()]);
}

#[test]
fn what_is_logged_while_the_experiment_is_deleted_comes_back_with_it() {
    let parts = Parts::new();
    let (runs, other) = (parts.open(), parts.open());
    let id = runs.create_experiment("churn", &[]).unwrap().experiment_id;
    let run = in_experiment(&other, &id);
    run.log_metric("loss", 0.5, 0, None).unwrap();
    runs.delete_experiment(&id).unwrap();
    // Its process does not ask at every call; nothing is lost, and the run is hidden all the same.
    run.log_metric("loss", 0.25, 1, None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    assert!(found(&other, View::Active).is_empty());
    runs.restore_experiment(&id).unwrap();
    let back = runs.get(run.id()).unwrap();
    assert_eq!((back.info.status, back.metrics["loss"].last), (RunStatus::Finished, 0.25));
}

#[test]
fn columns_that_were_folded_before_say_who_is_hidden_now() {
    let parts = Parts::new();
    let runs = parts.open();
    let id = runs.create_experiment("churn", &[]).unwrap().experiment_id;
    let mut of = BTreeMap::new();
    for number in 0..60 {
        let experiment = if number % 2 == 0 { &id } else { "0" };
        let run = in_experiment(&runs, experiment);
        run.end(RunStatus::Finished).unwrap();
        of.insert(run.id().to_owned(), experiment.to_owned());
    }
    let alone = of.iter().find(|(_, experiment)| **experiment == id).unwrap().0.clone();
    runs.delete(&alone).unwrap();
    assert_eq!((found(&runs, View::Active).len(), found(&runs, View::Deleted).len()), (59, 1));
    runs.delete_experiment(&id).unwrap();
    let active = found(&runs, View::Active);
    assert!(active.len() == 30 && active.iter().all(|run| of[run] == "0"), "{active:?}");
    assert_eq!((found(&runs, View::Deleted).len(), found(&runs, View::All).len()), (30, 60));
    let hidden = RunQuery { experiment_ids: vec![id.clone()], view: View::Deleted, ..RunQuery::default() };
    let hidden = runs.search(&hidden).unwrap().items;
    assert!(hidden.len() == 30 && hidden.iter().all(|run| run.info.lifecycle == Lifecycle::Deleted));
    runs.restore_experiment(&id).unwrap();
    assert_eq!(found(&runs, View::Deleted), [alone]);
}

#[test]
fn the_default_experiment_can_be_deleted_too() {
    let runs = opened();
    runs.delete_experiment("0").unwrap();
    assert_eq!(code(runs.start(RunOptions::default())), Code::InvalidState);
    runs.restore_experiment("0").unwrap();
    runs.start(RunOptions::default()).unwrap().end(RunStatus::Finished).unwrap();
}

#[test]
fn deleting_and_restoring_twice_is_not_found_and_the_name_stays_taken() {
    let runs = opened();
    let id = runs.create_experiment("churn", &[]).unwrap().experiment_id;
    assert_eq!(code(runs.restore_experiment(&id)), Code::NotFound);
    runs.delete_experiment(&id).unwrap();
    assert_eq!(code(runs.delete_experiment(&id)), Code::NotFound);
    assert_eq!(code(runs.create_experiment("churn", &[])), Code::AlreadyExists);
    assert_eq!(code(runs.ensure_experiment("churn")), Code::InvalidState);
    assert_eq!(code(runs.rename_experiment("0", "churn")), Code::AlreadyExists);
    assert_eq!(code(runs.rename_experiment(&id, "other")), Code::InvalidState);
    assert_eq!(code(runs.set_experiment_tags(&id, &[("a".into(), "b".into())])), Code::InvalidState);
    assert_eq!(code(runs.delete_experiment_tag(&id, "a")), Code::InvalidState);
    for unknown in ["99", "churn", "01", ""] {
        assert_eq!(code(runs.delete_experiment(unknown)), Code::NotFound);
        assert_eq!(code(runs.restore_experiment(unknown)), Code::NotFound);
    }
}

#[test]
fn a_new_name_is_taken_at_once_and_the_old_one_is_free() {
    let parts = Parts::new();
    let runs = parts.open();
    let id = runs.create_experiment("before", &[]).unwrap().experiment_id;
    parts.clock.advance(5_000_000);
    let renamed = runs.rename_experiment(&id, "after").unwrap();
    assert!(renamed.updated_at > renamed.created_at);
    assert_eq!(runs.find_experiment("after").unwrap().unwrap().experiment_id, id);
    assert_eq!(runs.find_experiment("before").unwrap(), None);
    assert_eq!(runs.rename_experiment(&id, "after").unwrap().name, "after");
    assert_ne!(runs.create_experiment("before", &[]).unwrap().experiment_id, id);
    assert_eq!(code(runs.rename_experiment(&id, "before")), Code::AlreadyExists);
    assert_eq!(code(runs.rename_experiment(&id, " ")), Code::InvalidArgument);
    assert_eq!(code(runs.rename_experiment("77", "x")), Code::NotFound);
}

#[test]
fn tags_of_an_experiment_are_set_together_and_have_a_limit() {
    let runs = opened();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let tags = [pair("team", "growth"), pair("note", &"x".repeat(20_000))];
    assert_eq!(runs.set_experiment_tags("0", &tags).unwrap().tags.len(), 2);
    let too_much = [pair("good", "1"), pair("huge", &"x".repeat(40_000))];
    assert_eq!(code(runs.set_experiment_tags("0", &too_much)), Code::LimitExceeded);
    assert_eq!(code(runs.set_experiment_tags("0", &[pair("good", "1"), pair("", "2")])), Code::InvalidArgument);
    assert_eq!(runs.get_experiment("0").unwrap().tags.keys().collect::<Vec<_>>(), ["note", "team"]);
    runs.delete_experiment_tag("0", "note").unwrap();
    assert_eq!(code(runs.delete_experiment_tag("0", "note")), Code::NotFound);
}

#[test]
fn of_many_that_change_an_experiment_at_once_none_is_lost() {
    let runs = opened();
    let threads = 8;
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (runs, start) = (&runs, &start);
            scope.spawn(move || {
                start.wait();
                for step in 0..20 {
                    runs.set_experiment_tags("0", &[(format!("{thread}-{step}"), "x".into())]).unwrap();
                }
            });
        }
    });
    assert_eq!(runs.get_experiment("0").unwrap().tags.len(), threads * 20);
    // Of those who delete, and of those who take a name, one is first.
    let ids: Vec<_> =
        (0..threads).map(|n| runs.create_experiment(&n.to_string(), &[]).unwrap().experiment_id).collect();
    let ones = |call: &(dyn Fn(&str) -> bool + Sync)| -> usize {
        std::thread::scope(|scope| {
            let threads: Vec<_> = ids.iter().map(|id| scope.spawn(move || call(id))).collect();
            threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        })
    };
    let deleted = ones(&|_| runs.delete_experiment("0").is_ok());
    let named = ones(&|id| runs.rename_experiment(id, "wanted").is_ok());
    assert_eq!((deleted, named), (1, 1));
}

#[test]
fn experiments_are_filtered_ordered_and_paged() {
    let parts = Parts::new();
    let runs = parts.open();
    for (number, name) in ["beta", "alpha", "gamma"].into_iter().enumerate() {
        parts.clock.advance(1_000_000);
        runs.create_experiment(name, &[("rank".into(), number.to_string())]).unwrap();
    }
    let query = |filter: &str, order: &[&str]| ExperimentQuery {
        filter: filter.into(),
        order_by: order.iter().map(|&key| key.to_owned()).collect(),
        ..ExperimentQuery::default()
    };
    assert_eq!(names(&runs, &query("", &[])), ["gamma", "alpha", "beta", "Default"]);
    assert_eq!(names(&runs, &query("", &["name ASC"])), ["Default", "alpha", "beta", "gamma"]);
    assert_eq!(names(&runs, &query("", &["experiment_id"])), ["Default", "beta", "alpha", "gamma"]);
    assert_eq!(names(&runs, &query("attribute.name ILIKE 'A%' OR tags.rank = '0'", &[])), ["alpha", "beta"]);
    assert_eq!(names(&runs, &query("creation_time > 1001000 AND name != 'gamma'", &[])), ["alpha"]);
    assert_eq!(names(&runs, &query("tags.rank IS NULL", &[])), ["Default"]);
    assert_eq!(names(&runs, &query("creation_time >= now() - 1s AND name MATCHES 'a$'", &[])), ["gamma", "alpha"]);
    for bad in ["metrics.loss < 1", "params.a = 'b'", "status = 'RUNNING'", "name <", "datasets.name = 'a'"] {
        let error = runs.search_experiments(&query(bad, &[])).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{bad}");
    }
    assert_eq!(
        code(runs.search(&RunQuery { filter: "name = 'a'".into(), ..RunQuery::default() })),
        Code::InvalidArgument
    );

    let mut page = ExperimentQuery { max_results: 2, ..query("", &["name"]) };
    let first = runs.search_experiments(&page).unwrap();
    page.page_token = first.next_page_token.clone();
    // What is made meanwhile neither repeats nor hides others.
    runs.create_experiment("aardvark", &[]).unwrap();
    assert_eq!(names(&runs, &page), ["beta", "gamma"]);
    assert_eq!(runs.search_experiments(&page).unwrap().next_page_token, None);
    for other in [query("", &[]), query("name = 'x'", &["name"])] {
        assert_eq!(
            code(runs.search_experiments(&ExperimentQuery { page_token: first.next_page_token.clone(), ..other })),
            Code::InvalidArgument
        );
    }
    for token in ["", "1", "1.zz", "99.0.00000000", "1.0.zz", "1.x.00000000"] {
        let bad = ExperimentQuery { page_token: Some(token.into()), ..ExperimentQuery::default() };
        assert_eq!(code(runs.search_experiments(&bad)), Code::InvalidArgument, "{token}");
    }
}

#[test]
fn runs_of_a_deleted_experiment_are_removed_for_good_only_while_it_is_deleted() {
    let parts = Parts::new();
    let runs = parts.open();
    let id = runs.create_experiment("churn", &[]).unwrap().experiment_id;
    let [first, second] = [(); 2].map(|()| in_experiment(&runs, &id));
    first.end(RunStatus::Finished).unwrap();
    second.end(RunStatus::Finished).unwrap();
    assert!(runs.list_deleted(|_| true).unwrap().is_empty());
    parts.clock.advance(5_000_000);
    runs.delete_experiment(&id).unwrap();
    let deleted_at = runs.get_experiment(&id).unwrap().updated_at;
    assert_eq!(runs.list_deleted(|at| at == deleted_at).unwrap().len(), 2);
    assert!(runs.remove(first.id()).unwrap());
    runs.restore_experiment(&id).unwrap();
    assert!(!runs.remove(second.id()).unwrap());
    assert_eq!(code(runs.get(first.id())), Code::NotFound);
    assert_eq!(runs.get(second.id()).unwrap().info.lifecycle, Lifecycle::Active);
    second.log_metric("loss", 0.5, 0, None).unwrap();
}
