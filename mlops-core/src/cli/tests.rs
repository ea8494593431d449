mod gate;
mod looks;
mod registry;
mod series;
mod transfer;

use std::fmt::Write;
use std::path::Path;

use clap::CommandFactory;
use serde_json::Value;

use super::args::Arguments;
use super::{run_in, table};
use crate::base::sharing::Sharing;
use crate::base::time::Timestamp;
use crate::runs::{Batch, DatasetInput, MetricPoint, RunExt, RunOptions, RunStatus};
use crate::store::Store;

/// What a command printed and returned.
#[derive(Debug)]
struct Answer {
    code: u8,
    out: String,
    err: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

fn mlops(args: &[&str]) -> Answer {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["mlops"].iter().chain(args).map(ToString::to_string);
    let code = run_in(args, &mut out, &mut err, None);
    Answer { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn at(store: &Path, args: &[&str]) -> Answer {
    let mut all = vec!["--store", store.to_str().unwrap()];
    all.extend(args);
    mlops(&all)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A store with three runs: two whose ids begin alike, one in an experiment of its own with every kind of content.
fn sample(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("store");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    for (id, loss) in [("abc1", 0.5), ("abc2", f64::NAN)] {
        let options = RunOptions {
            run_id: Some(id.into()),
            started_at: Some(Timestamp::from_millis(1_700_000_000_000)),
            ..RunOptions::default()
        };
        let run = store.runs().start(options).unwrap();
        run.log_metric("loss", loss, 0, None).unwrap();
        run.log_bytes("forest.bin", &[1; 10]).unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    let options = RunOptions {
        run_id: Some("xyz".into()),
        run_name: Some("the-best".into()),
        experiment_name: Some("churn".into()),
        started_at: Some(Timestamp::from_millis(1_700_000_060_000)),
        ..RunOptions::default()
    };
    let run = store.runs().start(options).unwrap();
    let values = [3.0, f64::INFINITY, f64::NEG_INFINITY];
    let point = |step: i64, value| MetricPoint {
        key: "loss".into(),
        value,
        step,
        at: Some(Timestamp::from_millis(1_700_000_060_000 + step)),
    };
    run.log_batch(&Batch {
        params: vec![("rate".into(), 0.001.into()), ("model".into(), "tree".into())],
        tags: vec![("note".into(), "red \u{1b}[31malert\u{9b}2J\nsecond line \u{202e}".into())],
        metrics: (0..3).zip(values).map(|(step, value)| point(step, value)).collect(),
        ..Batch::default()
    })
    .unwrap();
    run.log_inputs(&[DatasetInput {
        name: "clients".into(),
        digest: "0a1b2c3d".into(),
        source_type: "local".into(),
        source: "{\"uri\": \"\u{1b}[2Jclients.csv\"}".into(),
        ..DatasetInput::default()
    }
    .with_context("training")])
        .unwrap();
    run.log_bytes("model/weights.bin", &[7; 3000]).unwrap();
    run.log_bytes("readme.txt", b"hello").unwrap();
    run.end(RunStatus::Failed).unwrap();
    store.close().unwrap();
    path
}

#[test]
fn a_list_shows_the_newest_first_and_can_be_filtered_ordered_and_paged() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "list"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert!(lines[0].starts_with("RUN ID"), "{answer:?}");
    assert!(lines[1].starts_with("xyz") && lines[1].contains("the-best") && lines[1].contains("churn"), "{answer:?}");
    assert!(lines[1].contains("FAILED") && lines[1].contains("loss=-inf"), "{answer:?}");
    assert_eq!(lines.len(), 4);

    let ids = |args: &[&str]| -> Vec<String> {
        let page = at(&store, &[&["runs", "list", "--json"], args].concat()).json();
        page["runs"].as_array().unwrap().iter().map(|run| text(&run["run_id"]).to_owned()).collect()
    };
    assert_eq!(ids(&["--experiment", "churn"]), ["xyz"]);
    assert_eq!(ids(&["--experiment", "0", "--order-by", "run_id DESC"]), ["abc2", "abc1"]);
    assert_eq!(ids(&["--experiment", "Default", "--experiment", "churn"]).len(), 3);
    assert_eq!(ids(&["--filter", "params.model = 'tree'"]), ["xyz"]);
    assert_eq!(ids(&["--all", "--order-by", "metrics.loss ASC"]), ["xyz", "abc1", "abc2"]);
    assert!(ids(&["--deleted"]).is_empty());

    let first = at(&store, &["runs", "list", "--limit", "2", "--json"]).json();
    let rest = ids(&["--limit", "2", "--page-token", text(&first["next_page_token"])]);
    assert_eq!(rest.len(), 1);
    let answer = at(&store, &["runs", "list", "--limit", "2"]);
    assert!(answer.err.contains("there are more"), "{answer:?}");
}

#[test]
fn numbers_that_json_has_not_are_text() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let run = at(&store, &["runs", "show", "abc2", "--json"]).json();
    assert_eq!(text(&run["metrics"]["loss"]["last"]), "NaN");
    let run = at(&store, &["runs", "metrics", "xyz", "--points", "--json"]).json();
    let loss = &run["metrics"]["loss"];
    assert_eq!((text(&loss["max"]), text(&loss["min"]), &loss["count"]), ("Infinity", "-Infinity", &3.into()));
    assert_eq!(loss["points"]["values"], serde_json::json!([3.0, "Infinity", "-Infinity"]));
    assert_eq!(loss["points"]["steps"], serde_json::json!([0, 1, 2]));
    assert_eq!(loss["points"]["times_us"][1], 1_700_000_060_001_000_i64);
}

#[test]
fn a_run_is_shown_whole_and_found_by_the_beginning_of_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let run = at(&store, &["runs", "show", "x", "--json"]).json();
    assert_eq!(text(&run["run_id"]), "xyz");
    assert_eq!(text(&run["started_at"]), "2023-11-14T22:14:20Z");
    assert_eq!(text(&run["params"]["rate"]), "0.001");
    assert_eq!(text(&run["tags"]["note"]), "red \u{1b}[31malert\u{9b}2J\nsecond line \u{202e}", "JSON keeps all");

    let input = &run["inputs"][0];
    assert_eq!((text(&input["digest"]), text(&input["tags"]["mlflow.data.context"])), ("0a1b2c3d", "training"));
    assert_eq!((&input["schema"], &run["origin"]), (&serde_json::Value::Null, &serde_json::Value::Null));

    let shown = at(&store, &["runs", "show", "xyz"]).out;
    for expected in [
        "clients",
        "0a1b2c3d",
        "training",
        r#"local {"uri": "[2Jclients.csv"}"#,
        "the-best",
        "churn (id 1)",
        "FAILED",
        "2023-11-14 22:14:20Z",
        "rate",
        "0.001",
        "tree",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    assert!(shown.contains("red [31malert2J second line"), "{shown}");
}

#[test]
fn no_answer_and_no_error_steers_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let commands: [&[&str]; 4] =
        [&["runs", "show", "xyz"], &["runs", "show", "xyz", "--json"], &["runs", "show", "\u{1b}[2J"], &["a\u{1b}[2J"]];
    for args in commands {
        let answer = at(&store, args);
        let all = answer.out + &answer.err;
        assert!(!all.chars().any(|c| c != '\n' && table::steers(c)), "{args:?}: {all:?}");
    }
}

#[test]
fn a_beginning_of_several_ids_is_an_error_that_lists_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "show", "abc"]);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
    assert!(answer.err.contains("abc1, abc2"), "{answer:?}");
    // `_` is a letter of ids, not any letter.
    assert_eq!(at(&store, &["runs", "show", "x_z"]).code, 2);
}

#[test]
fn artifacts_are_listed_and_downloaded() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "artifacts", "xyz"]);
    assert!(answer.out.contains("model/") && answer.out.contains("readme.txt  5 B"), "{answer:?}");
    let listed = at(&store, &["runs", "artifacts", "xyz", "model", "--json"]).json();
    assert_eq!(text(&listed["artifacts"][0]["path"]), "model/weights.bin");
    assert_eq!(listed["artifacts"][0]["size_bytes"], 3000);
    assert_eq!(at(&store, &["runs", "artifacts", "xyz", "nothing"]).code, 2);

    let folder = dir.path().join("down");
    let answer = at(&store, &["runs", "artifacts", "xyz", "model", "--download", folder.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert_eq!(std::fs::read(folder.join("model/weights.bin")).unwrap(), [7; 3000]);
}

#[test]
fn metrics_are_summarised_or_shown_point_by_point() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "metrics", "xyz"]);
    assert!(answer.out.starts_with("METRIC") && answer.out.contains("loss"), "{answer:?}");
    let answer = at(&store, &["runs", "metrics", "xyz", "loss", "--points"]);
    assert_eq!(answer.out.lines().count(), 5, "{answer:?}");
    assert!(answer.out.contains("2023-11-14T22:14:20.001Z"), "{answer:?}");
    let answer = at(&store, &["runs", "metrics", "xyz", "gain"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("metric `gain` does not exist"), "{answer:?}");
}

#[test]
fn experiments_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let listed = at(&store, &["experiments", "list", "--json"]).json();
    let names: Vec<&str> = listed["experiments"].as_array().unwrap().iter().map(|one| text(&one["name"])).collect();
    assert_eq!(names, ["Default", "churn"]);
    assert!(at(&store, &["experiments", "list"]).out.contains("churn"));
    let answer = at(&store, &["runs", "list", "--experiment", "nobody"]);
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("mlops experiments list"), "{answer:?}");
}

#[test]
fn reading_works_while_the_store_is_open_for_writing() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let _writer = Store::open(path.to_str().unwrap()).unwrap();
    assert_eq!(at(&path, &["runs", "list"]).out.lines().count(), 4);
}

#[test]
fn a_missing_store_is_an_error_with_a_way_out_and_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("nothing");
    for args in [&["runs", "list"][..], &["experiments", "list"], &["fsck"], &["fsck", "--repair"]] {
        let answer = at(&path, args);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.err.starts_with("error: ") && answer.err.lines().count() == 1, "{answer:?}");
        assert!(answer.err.contains("--store") || answer.err.contains("MLOPS_STORE"), "{answer:?}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn fsck_says_what_is_lost_when_a_file_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    std::fs::remove_dir_all(path.join("blobs/packs")).unwrap();
    let answer = at(&path, &["runs", "artifacts", "xyz", "--download", dir.path().join("down").to_str().unwrap()]);
    assert_eq!(answer.code, 4, "{answer:?}");
    for args in [&["fsck"][..], &["fsck", "--repair"], &["fsck"]] {
        let answer = at(&path, args);
        assert_eq!(answer.code, 4, "{answer:?}");
        assert!(answer.out.contains("lost: the artifact `model/weights.bin` of run xyz "), "{answer:?}");
        assert!(answer.out.contains("lost: metric points (1) of run abc1 "), "{answer:?}");
    }
    // The same bytes logged again are what is missing.
    let store = Store::open(path.to_str().unwrap()).unwrap();
    store.runs().open("xyz").unwrap().log_bytes("model/weights.bin", &[7; 3000]).unwrap();
    store.close().unwrap();
    drop(store);
    assert!(!at(&path, &["fsck"]).out.contains("weights.bin"));
}

#[test]
fn a_lost_value_does_not_stand_in_the_way_of_other_runs_after_a_repair() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let store = Store::open(path.to_str().unwrap()).unwrap();
    let run = store.runs().start(RunOptions { run_id: Some("long".into()), ..RunOptions::default() }).unwrap();
    run.log_param("text", "x".repeat(10_000).into()).unwrap();
    run.log_param("rate", 0.5.into()).unwrap();
    run.set_tag("note", &"y".repeat(10_000)).unwrap();
    run.end(RunStatus::Finished).unwrap();
    drop((run, store));
    std::fs::remove_dir_all(path.join("blobs/packs")).unwrap();
    let answer = at(&path, &["runs", "list"]);
    assert!(answer.code == 4 && answer.err.contains("mlops fsck"), "{answer:?}");
    let answer = at(&path, &["fsck", "--repair"]);
    assert!(answer.out.contains("lost: the param `text` of run long, which a repair removes"), "{answer:?}");
    assert!(answer.out.contains("lost: the tag `note` of run long"), "{answer:?}");
    let run = at(&path, &["runs", "show", "long", "--json"]).json();
    assert_eq!(run["params"], serde_json::json!({"rate": "0.5"}));
    assert_eq!(at(&path, &["runs", "list"]).out.lines().count(), 5);
    let answer = at(&path, &["fsck"]);
    assert!(!answer.out.contains("run long, which"), "{answer:?}");
}

#[test]
fn a_repair_says_how_much_it_mended() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    std::fs::write(path.join(".gitignore"), "x").unwrap();
    let answer = at(&path, &["fsck"]);
    assert!(answer.out.contains(": 1 place is damaged\n") && answer.err.contains("--repair"), "{answer:?}");
    let answer = at(&path, &["fsck", "--repair"]);
    assert!(answer.code == 4 && answer.out.contains(": 1 place was damaged, 1 repaired\n"), "{answer:?}");
    let answer = at(&path, &["fsck", "--repair"]);
    assert!(answer.code == 0 && answer.out.contains("nothing is wrong"), "{answer:?}");
}

#[test]
fn fsck_finds_a_flipped_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let answer = at(&path, &["fsck"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(answer.out.contains("nothing is wrong"), "{answer:?}");
    let mut format = std::fs::read(path.join("format")).unwrap();
    format[0] ^= 1;
    std::fs::write(path.join("format"), format).unwrap();
    let answer = at(&path, &["fsck", "--json"]);
    assert_eq!(answer.code, 4, "{answer:?}");
}

#[test]
fn bad_usage_is_one_line_that_says_where_help_is() {
    let cases: [(&[&str], &str); 4] = [
        (&["runs", "show"], "`mlops runs show --help`"),
        (&["runs", "list", "--limit", "0"], "0 is not in 1..=50000"),
        (&["run"], "a similar subcommand exists: 'runs'"),
        (&["runs", "list", "--bogus"], "'--bogus'"),
    ];
    for (args, expected) in cases {
        let answer = mlops(args);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{answer:?}");
        assert!(answer.err.starts_with("error: ") && answer.err.lines().count() == 1, "{answer:?}");
        assert!(answer.err.contains(expected), "{answer:?}");
        let answer = mlops(&[args, &["--json"]].concat());
        let object: Value = serde_json::from_str(&answer.err).unwrap();
        assert_eq!(object["error"]["name"], "InvalidArgument");
        assert_eq!(object["error"]["number"], 1);
        assert!(text(&object["error"]["message"]).contains(expected), "{answer:?}");
    }
    assert_eq!(mlops(&[]).code, 2);
    assert!(mlops(&[]).err.contains("Usage: mlops"));
}

#[test]
fn the_version_is_told() {
    assert_eq!(mlops(&["version"]).out, format!("mlops {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(text(&mlops(&["version", "--json"]).json()["version"]), env!("CARGO_PKG_VERSION"));
    assert_eq!(mlops(&["--version"]).code, 0);
}

#[test]
fn tables_fit_the_terminal_and_keep_ids_whole() {
    let mut rows = table::Table::new(&["RUN ID", "NAME"]).keep_first_column();
    rows.row(["0123456789abcdef".into(), "a name of several words".into()]);
    let narrow = rows.render(Some(30));
    assert!(narrow.lines().count() > 2 && narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
    assert!(narrow.contains("0123456789abcdef"), "{narrow}");
    assert_eq!(rows.render(None).lines().count(), 2);
}

#[test]
fn a_narrow_terminal_leaves_out_what_says_least() {
    let mut rows = table::Table::new(&["A", "B", "C"]).may_leave_out(&[1, 2]);
    rows.row(["aaaa".into(), "bbbb".into(), "cccc".into()]);
    assert_eq!(rows.render(Some(16)), "A     B     C\naaaa  bbbb  cccc\n");
    assert_eq!(rows.render(Some(15)), "A     C\naaaa  cccc\n");
    assert_eq!(rows.render(Some(5)), "A\naaaa\n");
}

#[test]
fn a_long_name_does_not_fill_a_terminal_and_is_whole_elsewhere() {
    let mut rows = table::Table::new(&["RUN ID", "NAME", "STATUS"]).keep_first_column().at_most_lines(3);
    rows.row(["0123456789abcdef".into(), "long ".repeat(60), "FINISHED".into()]);
    let shown = rows.render(Some(60));
    assert_eq!(shown.lines().count(), 4, "{shown}");
    assert!(shown.contains("FINISHED") && shown.contains('…'), "{shown}");
    assert!(rows.render(None).contains(&"long ".repeat(60)));
}

#[test]
fn no_column_is_squeezed_to_a_letter() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    for width in [20, 40, 60, 80, 100, 200] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ["mlops", "--store", store.to_str().unwrap(), "runs", "list"].map(String::from);
        assert_eq!(super::run_in(args, &mut out, &mut err, Some(width)), 0);
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.lines().count() <= 4 * 3 && shown.contains("abc1"), "{width}: {shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}: {shown}");
        assert!(width < 60 || shown.contains("FINISHED") && shown.contains("loss=-inf"), "{width}: {shown}");
    }
}

#[test]
fn the_place_in_a_filter_is_marked_beneath_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "list", "--filter", "metrics.loss < foo"]);
    assert_eq!(answer.code, 2);
    let expected = "error: unexpected `foo` at character 16 of the filter: expected a number\n  \
                    metrics.loss < foo\n                 ^^^\n";
    assert_eq!(answer.err, expected);
    let answer = at(&store, &["runs", "list", "--order-by", "metrics.loss\u{1b}[2J"]);
    assert!(answer.err.starts_with("error: unexpected `\\u{1b}` at character 13 of the order"), "{answer:?}");
}

#[test]
fn sizes_and_durations_read_well() {
    assert_eq!([0, 1023, 1024, 1536, 10 << 20].map(table::size), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10.0 MiB"]);
    assert_eq!(table::size(u64::MAX), "15.9 EiB");
    let lasts = |seconds: i64| table::duration(Timestamp::default(), Some(Timestamp::from_millis(seconds * 1000)));
    assert_eq!([1, 61, 3_661, 90_000].map(lasts), ["1.000 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
    assert_eq!(table::duration(Timestamp::default(), None), "-");
    assert_eq!([0.123_456_789, 1e-9, 2.0, f64::NAN].map(table::short), ["0.123457", "1e-09", "2.0", "nan"]);
}

/// `docs/reference/cli.md`: the help of every command.
fn reference() -> String {
    fn add(command: &mut clap::Command, page: &mut String) {
        let help = command.render_help().to_string();
        let title = help.lines().find_map(|line| line.strip_prefix("Usage: ")).unwrap_or_default();
        let title: Vec<&str> = title.split(' ').take_while(|word| !word.starts_with(['[', '<'])).collect();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let help = help.join("\n");
        write!(page, "\n## `{}`\n```text\n{}\n```\n", title.join(" "), help.trim_end()).unwrap();
        for inner in command.get_subcommands_mut() {
            add(inner, page);
        }
    }
    let mut page = "# The command line\n\nMade from the help texts by a test; \
         `MLOPS_REGENERATE=1 cargo test -p mlops-core --features cli` writes it again.\n"
        .to_owned();
    let mut command = Arguments::command().term_width(usize::from(super::HELP_WIDTH));
    command.build();
    add(&mut command, &mut page);
    page
}

#[test]
fn the_reference_is_the_help_texts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/cli.md");
    let expected = reference();
    if std::env::var_os("MLOPS_REGENERATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{} is old; set MLOPS_REGENERATE=1 to write it again", path.display());
}

#[test]
fn every_command_has_help_with_examples() {
    fn check(command: &clap::Command) {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(after.contains("Examples:\n  mlops "), "{}", command.get_name());
        // A line that is broken to fit cannot be copied.
        for line in after.lines().filter(|line| line.starts_with("  ")) {
            assert!(line.chars().count() <= usize::from(super::HELP_WIDTH), "{}: {line}", command.get_name());
        }
        for inner in command.get_subcommands() {
            check(inner);
        }
    }
    check(&Arguments::command());
    Arguments::command().debug_assert();
}

#[test]
fn a_store_is_made_once_and_is_a_groups_if_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().canonicalize().unwrap().join(name).display().to_string();
    let answer = mlops(&["init", &path("one")]);
    assert_eq!(answer.out, format!("made the store {}; it is yours alone\n", path("one")), "{answer:?}");
    let answer = mlops(&["init", &path("one")]);
    assert!(answer.code == 3 && answer.err.contains("already exists; open it as it is"), "{answer:?}");
    let answer = mlops(&["--store", &path("two"), "init", "--shared", "group", "--json"]).json();
    assert_eq!((text(&answer["store"]), text(&answer["shared"])), (&*path("two"), "group"));
    let store = Store::open(&path("two")).unwrap();
    assert_eq!((store.sharing(), &*store.id().to_string()), (Sharing::Group, text(&answer["id"])));
    let answer = mlops(&["trust", &path("two")]);
    assert!(answer.code == 3 && answer.err.contains("load a model of it with trust=True"), "{answer:?}");
    let answer = mlops(&["init", &path("three"), "--shared", "all"]);
    assert!(answer.code == 2 && answer.err.contains("group"), "{answer:?}");
}

#[test]
fn an_experiment_is_renamed_deleted_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let names = |args: &[&str]| -> Vec<String> {
        let found = at(&store, &[&["experiments", "list", "--json"], args].concat()).json();
        found["experiments"].as_array().unwrap().iter().map(|found| text(&found["name"]).to_owned()).collect()
    };
    let answer = at(&store, &["experiments", "rename", "churn", "churn 2"]);
    assert_eq!((answer.code, &*answer.out), (0, "renamed the experiment `churn 2` (id 1)\n"), "{answer:?}");
    assert_eq!(at(&store, &["experiments", "rename", "1", "Default"]).code, 3);
    assert_eq!(names(&["--order-by", "name DESC"]), ["churn 2", "Default"]);
    assert_eq!(names(&["--filter", "name LIKE 'churn%'"]), ["churn 2"]);
    let answer = at(&store, &["experiments", "list", "--filter", "metrics.loss < 1"]);
    assert!(answer.code == 2 && answer.err.contains("creation_time"), "{answer:?}");
    let deleted = at(&store, &["experiments", "delete", "churn 2", "--json"]).json();
    assert_eq!((text(&deleted["name"]), text(&deleted["lifecycle"])), ("churn 2", "deleted"));
    assert_eq!((names(&[]), names(&["--deleted"])), (vec!["Default".to_owned()], vec!["churn 2".to_owned()]));
    assert_eq!(at(&store, &["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 2);
    assert_eq!(at(&store, &["experiments", "delete", "1"]).code, 2);
    let answer = at(&store, &["experiments", "restore", "1"]);
    assert_eq!(answer.out, "restored the experiment `churn 2` (id 1)\n", "{answer:?}");
    assert_eq!(at(&store, &["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 3);
    let answer = at(&dir.path().join("nowhere"), &["experiments", "delete", "0"]);
    assert!(answer.code == 2 && !dir.path().join("nowhere").exists(), "{answer:?}");
}

#[test]
fn runs_are_deleted_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let count = |args: &[&str]| {
        at(&store, &[&["runs", "list", "--json"], args].concat()).json()["runs"].as_array().unwrap().len()
    };
    let all = count(&[]);
    assert_eq!(at(&store, &["runs", "delete", "abc1", "nothing"]).code, 2);
    assert_eq!((count(&[]), count(&["--deleted"])), (all, 0), "all or nothing");
    let answer = at(&store, &["runs", "delete", "abc1", "abc1"]);
    assert_eq!((answer.code, &*answer.out), (0, "deleted the run abc1\n"), "{answer:?}");
    assert_eq!((count(&[]), count(&["--deleted"])), (all - 1, 1));
    let answer = at(&store, &["runs", "restore", "abc1", "--json"]);
    assert_eq!(answer.json(), serde_json::json!({"runs": ["abc1"]}), "{answer:?}");
    assert_eq!(count(&[]), all);
    let answer = at(&dir.path().join("nowhere"), &["runs", "delete", "abc1"]);
    assert!(answer.code == 2 && !dir.path().join("nowhere").exists(), "{answer:?}");
}

#[test]
fn only_a_store_that_exists_can_be_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let id = Store::open(store.to_str().unwrap()).unwrap().id();
    let answer = mlops(&["trust", store.to_str().unwrap(), "--json"]);
    assert_eq!(text(&answer.json()["id"]), id.to_string());
    assert!(crate::settings::is_trusted(id));
    let answer = mlops(&["trust", dir.path().join("none").to_str().unwrap()]);
    assert_eq!(answer.code, 2, "{answer:?}");
}

#[test]
fn a_backup_is_made_while_the_store_is_in_use_and_restored() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let name = |name: &str| dir.path().canonicalize().unwrap().join(name).display().to_string();
    let writer = Store::open(path.to_str().unwrap()).unwrap();
    let answer = at(&path, &["backup", &name("backup")]);
    assert!(answer.code == 0 && answer.out.starts_with(&format!("the backup is {}: ", name("backup"))), "{answer:?}");
    assert!(answer.out.ends_with("every byte checked: nothing is wrong\n") && answer.err.is_empty(), "{answer:?}");
    let answer = at(&path, &["backup", &name("backup")]);
    assert!(answer.code == 3 && answer.err.contains("name a folder that is empty"), "{answer:?}");
    let answer = at(&path, &["backup", &name("store/tmp/inside"), "--json"]);
    assert!(answer.code == 2 && answer.err.contains("InvalidArgument"), "{answer:?}");

    let restored = at(&dir.path().join("again"), &["restore", &name("backup"), "--json"]).json();
    assert_eq!((text(&restored["path"]), text(&restored["id"])), (&*name("again"), &*writer.id().to_string()));
    assert_eq!((&restored["findings"], &restored["lost"]), (&serde_json::json!([]), &serde_json::json!([])));
    let answer = at(&path, &["restore", &name("backup")]);
    assert!(answer.code == 3 && answer.err.contains("name another place with --store"), "{answer:?}");
    for store in ["store", "backup", "again"] {
        assert_eq!(at(&dir.path().join(store), &["runs", "list"]).out, at(&path, &["runs", "list"]).out, "{store}");
    }
    let answer = mlops(&["--store", &name("other"), "restore", &name("none")]);
    assert!(answer.code == 2 && answer.err.contains("does not exist"), "{answer:?}");
    let answer = at(&dir.path().join("none"), &["backup", &name("other")]);
    assert!(answer.code == 2 && answer.err.contains("--store"), "{answer:?}");
    assert!(!dir.path().join("other").exists());
}

#[test]
fn a_damaged_store_is_backed_up_only_when_told_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let pack = std::fs::read_dir(path.join("blobs/packs")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&pack).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&pack, bytes).unwrap();
    let backup = dir.path().join("backup").display().to_string();
    let answer = at(&path, &["backup", &backup]);
    assert!(answer.code == 4 && answer.err.contains(pack.file_name().unwrap().to_str().unwrap()), "{answer:?}");
    assert!(answer.err.contains("--keep-going") && !Path::new(&backup).exists(), "{answer:?}");
    let answer = at(&path, &["backup", &backup, "--keep-going"]);
    assert!(
        answer.code == 4 && answer.out.contains(".pack at byte ") && answer.out.contains("not whole"),
        "{answer:?}"
    );
    assert_eq!(at(Path::new(&backup), &["runs", "list"]).code, 0);
}

#[test]
fn gc_lists_what_it_would_free_and_frees_it_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = sample(dir.path());
    let store = Store::open(path.to_str().unwrap()).unwrap();
    store.runs().open("abc1").unwrap().log_bytes("model", &vec![1; 2 << 20]).unwrap();
    store.runs().delete("abc1").unwrap();
    store.flush().unwrap();
    // To look is fine while the store is in use. (To do it too, in this process; others get the exit code of a lock.)
    let answer = at(&path, &["gc"]);
    assert!(answer.code == 0 && answer.out == "there is nothing to free\n", "{answer:?}");
    let all = ["gc", "--deleted-runs", "--older-than", "0"];
    let dry = at(&path, &all);
    assert!(dry.code == 0 && dry.err.contains("with --yes it is done"), "{dry:?}");
    assert!(dry.out.starts_with("1 deleted run would be removed for good\n"), "{dry:?}");
    assert!(dry.out.contains("2.0 MiB") && dry.out.contains("would be freed"), "{dry:?}");
    drop(store);
    assert_eq!(at(&path, &["gc", "--deleted-runs", "--json"]).json()["runs"], 0);
    let done = at(&path, &[&all[..], &["--yes", "--json"]].concat()).json();
    assert_eq!((&done["dry_run"], &done["runs"]), (&false.into(), &1.into()), "{done}");
    assert_eq!(
        (&done["large_blobs"]["count"], &done["large_blobs"]["bytes"]),
        (&1.into(), &(2 << 20).into()),
        "{done}"
    );
    assert_eq!(at(&path, &["runs", "show", "abc1"]).code, 2);
    assert_eq!(at(&path, &["fsck"]).code, 0);
    let answer = at(&path, &["gc", "--older-than", "soon"]);
    assert!(answer.code == 2 && answer.err.contains("1h30m"), "{answer:?}");
    let answer = at(&dir.path().join("nowhere"), &["gc", "--yes"]);
    assert!(answer.code == 2 && !dir.path().join("nowhere").exists(), "{answer:?}");
}
