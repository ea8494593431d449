//! What shows runs to people: reports, comparisons and curves.

use super::*;
use crate::base::text::ParamValue;

/// A text that would run in a page and steer a terminal.
const EVIL: &str = "</script><script>alert(1)</script>\u{1b}[31m\u{202e}";

/// A store with runs of five points each: the param `depth` and the metric `loss` differ, `kind` does not.
fn runs(folder: &Path, count: i64) -> std::path::PathBuf {
    let path = folder.join("store");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    for at in 0..count {
        let options = RunOptions {
            run_id: Some(format!("run{at}")),
            run_name: Some(format!("name-{at}")),
            started_at: Some(Timestamp::from_millis(1_700_000_000_000 + at)),
            ..RunOptions::default()
        };
        let run = store.runs().start(options).unwrap();
        run.log_param("depth", at.into()).unwrap();
        run.log_param("kind", "tree".into()).unwrap();
        let start = f64::from(u32::try_from(at).unwrap());
        run.log_series("loss", &[], &[], &[start + 4.0, start + 3.0, start + 2.0, start + 1.0, start]).unwrap();
        run.log_metric("</script><script>alert(1)", 1.0, 0, None).unwrap();
        run.set_tag("note", &format!("{EVIL}{at}")).unwrap();
        run.log_bytes("plots/broken.png", b"no image").unwrap();
        run.end(RunStatus::Finished).unwrap();
    }
    store.close().unwrap();
    path
}

#[test]
fn a_report_is_one_file_of_the_runs_that_are_named_or_match() {
    let dir = tempfile::tempdir().unwrap();
    let store = runs(dir.path(), 3);
    let file = dir.path().join("report.html").display().to_string();
    let answer = at(&store, &["report", "run1", "run1", "-o", &file]);
    assert!(answer.out.starts_with(&format!("the report of 1 run is {file}, ")), "{answer:?}");
    let answer = at(&store, &["report", "run1", "run0", "-o", &file, "--title", "A & B"]);
    assert!(answer.code == 0 && answer.out.starts_with(&format!("the report of 2 runs is {file}, ")), "{answer:?}");
    assert!(answer.err.contains("left out: the image plots/broken.png of run name-1: its bytes"), "{answer:?}");
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("<h1>A &amp; B</h1>") && page.find("name-1") < page.find("name-0"));
    assert!(!page.contains("name-2") && !page.contains("<script>alert"));

    let picked = |args: &[&str]| at(&store, &[&["report", "-o", &file, "--json"], args].concat()).json();
    let answer = picked(&["--filter", "params.depth != '1'", "--order-by", "metrics.loss ASC"]);
    assert_eq!(answer["runs"], serde_json::json!(["run0", "run2"]));
    assert_eq!(answer["bytes"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(text(&answer["left_out"][0]["what"]), "the image plots/broken.png of run name-0");
    assert_eq!(picked(&["run0", "--experiment", "Default"])["runs"], serde_json::json!(["run0", "run2", "run1"]));
    let answer = at(&store, &["report", "--experiment", "0", "--limit", "1", "-o", &file]);
    assert!(answer.err.ends_with("more than 1 match: --limit N picks more\n"), "{answer:?}");
}

#[test]
fn a_report_of_nothing_is_an_error_and_leaves_the_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = runs(dir.path(), 1);
    let file = dir.path().join("report.html").display().to_string();
    let cases: [(&[&str], &str); 5] = [
        (&["-o", &file], "required"),
        (&["run0"], "--output"),
        (&["nobody", "-o", &file], "does not exist"),
        (&["--filter", "params.depth = '7'", "-o", &file], "run that matches `params.depth = '7'` does not exist"),
        (&["run0", "-o", "none/report.html"], "folder `none` does not exist"),
    ];
    for (args, expected) in cases {
        let answer = at(&store, &[&["report"], args].concat());
        assert!(answer.code == 2 && answer.err.contains(expected), "{answer:?}");
    }
    assert!(!Path::new(&file).exists());
}

#[test]
fn a_comparison_shows_what_differs_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let store = runs(dir.path(), 3);
    let answer = at(&store, &["runs", "compare", "run0", "run2"]);
    let lines: Vec<Vec<&str>> = answer.out.lines().map(|line| line.split_whitespace().collect()).collect();
    for expected in [&["RUN", "name-0", "name-2"], &["depth", "0", "2"], &["loss", "0.0", "2.0"]] {
        assert!(lines.iter().any(|line| line == expected), "{expected:?} in {}", answer.out);
    }
    assert!(!answer.out.contains("kind") && answer.code == 0, "{answer:?}");
    assert!(!answer.out.chars().any(|c| c != '\n' && table::steers(c)), "{answer:?}");
    assert!(at(&store, &["runs", "compare", "run0", "run2", "--all"]).out.contains("kind"));

    let compared = at(&store, &["runs", "compare", "run2", "run0", "run1", "--json"]).json();
    assert_eq!(compared["params"], serde_json::json!({"depth": ["2", "0", "1"]}));
    assert_eq!(compared["metrics"]["loss"][0]["last"], 2.0);
    assert_eq!(text(&compared["runs"][2]["run_name"]), "name-1");
    assert_eq!(text(&compared["tags"]["note"][1]), format!("{EVIL}0"));
    assert!(compared["metrics"].as_object().unwrap().len() == 1, "{compared}");
    assert_eq!(at(&store, &["runs", "compare", "run0"]).code, 2);
    assert_eq!(at(&store, &["runs", "compare", "run0", "nobody"]).code, 2);
    let same = at(&store, &["runs", "compare", "run0", "run0"]);
    assert!(same.code == 0 && same.err.contains("nothing differs"), "{same:?}");
}

#[test]
fn a_run_that_lacks_a_key_has_none_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = runs(dir.path(), 1);
    let store = Store::open(path.to_str().unwrap()).unwrap();
    let run = store.runs().start(RunOptions { run_id: Some("bare".into()), ..RunOptions::default() }).unwrap();
    run.log_param("extra", ParamValue::None).unwrap();
    run.end(RunStatus::Finished).unwrap();
    store.close().unwrap();
    let compared = at(&path, &["runs", "compare", "run0", "bare", "--json"]).json();
    assert_eq!(compared["params"]["extra"], serde_json::json!([null, "None"]));
    assert_eq!(compared["metrics"]["loss"][1], Value::Null);
    let answer = at(&path, &["runs", "compare", "run0", "bare"]);
    assert!(answer.out.lines().any(|line| line.split_whitespace().eq(["extra", "-", "None"])), "{answer:?}");
}

#[test]
fn curves_are_drawn_as_wide_as_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let store = runs(dir.path(), 1);
    let args = ["mlops", "--store", store.to_str().unwrap(), "runs", "metrics", "run0", "loss", "--plot"];
    for (width, most) in [(None, 80), (Some(40), 40), (Some(1_000), 200), (Some(5), 30)] {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run_in(args.map(ToOwned::to_owned), &mut out, &mut err, width);
        let drawn = String::from_utf8(out).unwrap();
        assert!(code == 0 && drawn.starts_with("loss  last 0.0 at step 4\n"), "{drawn}");
        let widest = drawn.lines().skip(1).map(|line| line.chars().count()).max().unwrap();
        assert_eq!(widest, most, "{drawn}");
        assert!(drawn.lines().count() == 20 && drawn.contains("4 ┤"), "{drawn}");
    }
    let answer = at(&store, &["runs", "metrics", "run0", "--plot"]);
    assert!(answer.out.contains("loss") && !answer.out.contains('\u{1b}') && answer.code == 0, "{answer:?}");
    let answer = at(&store, &["runs", "metrics", "run0", "--plot", "--points"]);
    assert!(answer.code == 2 && answer.err.contains("cannot be used with"), "{answer:?}");
    assert!(
        at(&store, &["runs", "metrics", "run0", "loss", "--plot", "--json"]).json()["metrics"]["loss"]["points"]
            .is_null()
    );
}

#[test]
fn what_is_defined_as_hidden_is_drawn_when_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = runs(dir.path(), 1);
    let hide = |name: &str| {
        let store = Store::open(path.to_str().unwrap()).unwrap();
        let hidden = crate::runs::MetricDefinition { hidden: true, ..Default::default() };
        store.runs().open("run0").unwrap().define_metric(name, &hidden).unwrap();
        store.close().unwrap();
    };
    let plot = |key: &[&str]| at(&path, &[&["runs", "metrics", "run0", "--plot"][..], key].concat());
    let drawn = plot(&[]).out;
    hide("lo*");
    let answer = plot(&[]);
    assert!(drawn.contains("loss  last") && !answer.out.contains("loss  last"), "{answer:?}");
    assert!(plot(&["loss"]).out.starts_with("loss  last"));
    hide("*");
    let answer = plot(&[]);
    assert!(answer.code == 0 && answer.err.contains("name one to see it") && answer.out.is_empty(), "{answer:?}");
}

#[test]
fn points_that_cannot_be_drawn_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = sample(dir.path());
    let answer = at(&store, &["runs", "metrics", "xyz", "loss", "--plot"]);
    assert!(answer.out.contains("step; 2 points are NaN or infinite"), "{answer:?}");
    let answer = at(&store, &["runs", "metrics", "abc2", "loss", "--plot"]);
    assert!(answer.out.contains("no finite points; 1 point is NaN"), "{answer:?}");
}

#[test]
fn sweeps_are_listed_shown_and_run_with_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let file = dir.path().join("sweep.json");
    std::fs::write(&file, r#"{"metric": "loss", "method": "grid", "space": {"rate": [1, 2, 3]}}"#).unwrap();
    let told = ["sweeps", "run", "tuning", "--sweep", file.to_str().unwrap(), "--json", "--"];
    let script = r#"test "$0" = "$MLOPS_PARAM_RATE" && test -n "$MLOPS_RUN_ID" && test "$0" != 2"#;
    let answer = at(&store, &[&told[..], &["sh", "-c", script, "{rate}"]].concat());
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (1, "{\"failed\":1,\"finished\":2,\"name\":\"tuning\"}\n"),
        "{answer:?}"
    );
    let answer = at(&store, &["sweeps", "show", "tuning"]);
    assert!(answer.out.contains("rate=3") && answer.out.contains("failed"), "{answer:?}");
    let shown = at(&store, &["sweeps", "show", "tuning", "--json"]).json();
    assert_eq!((&shown["status"]["finished"], &shown["trials"][1]["state"]), (&2.into(), &"failed".into()));
    let list = at(&store, &["sweeps", "list", "--json"]).json();
    assert_eq!(list["sweeps"][0]["name"], "tuning");
    assert!(at(&store, &["sweeps", "list"]).out.contains("3/3"));
    assert_eq!(at(&store, &["sweeps", "best", "tuning", "--json"]).json()["best"], Value::Null);
    assert_eq!(at(&store, &["sweeps", "show", "nobody"]).code, 2);
    let answer = at(&store, &["sweeps", "run", "tuning", "--", "no-such-program"]);
    assert_eq!((answer.code, answer.out.as_str()), (0, "0 trials finished, 0 failed\n"), "{answer:?}");
}

#[test]
fn what_a_run_said_is_shown_without_what_steers_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store");
    let store = Store::open(path.to_str().unwrap()).unwrap();
    let start = |id: &str| store.runs().start(RunOptions { run_id: Some(id.into()), ..RunOptions::default() }).unwrap();
    let (run, silent) = (start("loud"), start("silent"));
    run.log_bytes("console/000001.log", b"one\ntw").unwrap();
    run.log_bytes("console/000002.log", b"o\n\x1b[31mred").unwrap();
    run.end(RunStatus::Finished).unwrap();
    silent.end(RunStatus::Finished).unwrap();
    store.close().unwrap();
    for follow in [&[][..], &["--follow"]] {
        let answer = at(&path, &[&["runs", "console", "loud"], follow].concat());
        assert_eq!(answer.out, "one\ntwo\n[31mred\n", "{answer:?}");
    }
    assert_eq!(at(&path, &["runs", "console", "loud", "--json"]).json()["text"], "one\ntwo\n\u{1b}[31mred");
    assert!(at(&path, &["runs", "console", "silent"]).err.contains("log_console"));
}
