//! What is done by a process of its own: as another user, under another umask.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mlops_core::runs::{RunExt, RunOptions, RunQuery, RunStatus};
use mlops_core::{BackupOptions, GcOptions, OpenOptions, Sharing, Store, fsck};

const TASK: &str = "MLOPS_SECURITY_TASK";
const STORE: &str = "MLOPS_SECURITY_STORE";
const UMASK: &str = "MLOPS_SECURITY_UMASK";
/// What the child's answer begins with.
const ANSWER: &str = "answer: ";

/// Two users, and the group that both are in.
pub(crate) const ADA: u32 = 65001;
pub(crate) const BOB: u32 = 65002;
pub(crate) const TEAM: u32 = 65010;

/// A place that other users may reach, with a copy of this program in it.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// None, with a note, where a test cannot be another user.
    pub(crate) fn for_users() -> Option<Self> {
        let known = Command::new("setpriv").arg("--version").output().is_ok();
        if !rustix::process::geteuid().is_root() || !known {
            let _ = writeln!(std::io::stderr(), "left out: only root, with setpriv, can be other users");
            return None;
        }
        let place = Self { dir: tempfile::tempdir().unwrap() };
        fs::set_permissions(place.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(std::env::current_exe().unwrap(), place.path("program")).unwrap();
        for user in [ADA, BOB] {
            let home = place.path(&format!("home-{user}"));
            fs::create_dir(&home).unwrap();
            chown(&home, Some(user), Some(user)).unwrap();
        }
        // Where both may make things, and what they make is the group's.
        let shared = place.path("shared");
        fs::create_dir(&shared).unwrap();
        chown(&shared, Some(0), Some(TEAM)).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
        Some(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Has a user of the group, with a group of its own, do a task; what it answers.
    pub(crate) fn member(&self, user: u32, task: &str, store: &Path) -> String {
        self.run(user, &["--groups", &TEAM.to_string()], task, store)
    }

    /// The same as a user who is not in the group.
    pub(crate) fn stranger(&self, user: u32, task: &str, store: &Path) -> String {
        self.run(user, &["--clear-groups"], task, store)
    }

    /// Has a user of the group log a run and keep the store open until [`Staying`] goes.
    pub(crate) fn stay(&self, user: u32, id: &str, store: &Path) -> Staying {
        let mut command = self.command(user, &["--groups", &TEAM.to_string()]);
        tell(&mut command, &format!("stay {id}"), store, 0o022);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let answer = out.lines().map_while(Result::ok).find(|line| line.contains(ANSWER));
        assert!(answer.as_ref().is_some_and(|line| line.ends_with("stays")), "{answer:?}");
        Staying(child)
    }

    fn run(&self, user: u32, groups: &[&str], task: &str, store: &Path) -> String {
        answer_of(self.command(user, groups), task, store, 0o022)
    }

    fn command(&self, user: u32, groups: &[&str]) -> Command {
        let id = user.to_string();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &id, "--regid", &id]).args(groups).arg(self.path("program"));
        command.env("MLOPS_CONFIG_DIR", self.path(&format!("home-{user}/config")));
        command.current_dir(self.path(&format!("home-{user}")));
        command
    }
}

/// A process that has a store open.
pub(crate) struct Staying(Child);

impl Staying {
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Has this program do a task under an umask, as this user; what it answers.
pub(crate) fn under_umask(task: &str, store: &Path, umask: u32) -> String {
    answer_of(Command::new(std::env::current_exe().unwrap()), task, store, umask)
}

fn tell(command: &mut Command, task: &str, store: &Path, umask: u32) {
    command.args(["--exact", "child::child", "--nocapture", "--test-threads=1"]);
    command.env(TASK, task).env(STORE, store).env(UMASK, umask.to_string());
}

fn answer_of(mut command: Command, task: &str, store: &Path, umask: u32) -> String {
    tell(&mut command, task, store, umask);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "{task}: {errors}");
    let answer = text.split_once(ANSWER).and_then(|(_, answer)| answer.lines().next());
    answer.unwrap_or_else(|| panic!("{task} did not answer: {text}{errors}")).to_owned()
}

/// The child. Not a test of its own.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let umask = std::env::var(UMASK).unwrap().parse::<u32>().unwrap();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    let uri = std::env::var(STORE).unwrap();
    let done = match task.split(' ').collect::<Vec<_>>()[..] {
        [] => Ok(String::new()),
        [task] => perform(task, "", &uri),
        [task, argument, ..] => perform(task, argument, &uri),
    };
    // An error is its number and its text.
    let text = done.unwrap_or_else(|error| format!("error {:?}: {error}", error.code()));
    answer(&text.replace('\n', " "));
}

fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{ANSWER}{text}").unwrap();
}

fn perform(task: &str, argument: &str, uri: &str) -> mlops_core::Result<String> {
    let options = OpenOptions { uri: uri.into(), ..OpenOptions::default() };
    let group = OpenOptions { sharing: Sharing::Group, must_be_new: true, ..options.clone() };
    match task {
        "create" => Store::open_with(&group).and_then(|store| store.close()).map(|()| "made".into()),
        "log" => log(&Store::open_with(&options)?, argument).map(|()| "logged".into()),
        // Ends without a word to anybody: its spool is for the next.
        "die" => {
            let store = Store::open_with(&options)?;
            let run = store.runs().start(RunOptions { run_id: Some(argument.into()), ..RunOptions::default() })?;
            run.log_metric("loss", 0.5, 0, None)?;
            answer("died");
            std::process::abort();
        }
        "stay" => {
            let store = Store::open_with(&options)?;
            log(&store, argument)?;
            answer("stays");
            std::io::stdin().read_to_end(&mut Vec::new()).map(drop).unwrap();
            store.close().map(|()| "left".into())
        }
        "show" => show(&Store::open_with(&OpenOptions { read_only: true, ..options })?),
        "gc" => {
            let options = GcOptions { dry_run: false, older_than: std::time::Duration::ZERO, deleted_runs: true };
            Store::open(uri)?.gc(&options).map(|_| "swept".into())
        }
        "fsck" => fsck(uri, argument == "repair").map(|report| format!("{:?} {:?}", report.findings, report.lost)),
        "backup" => Store::open(uri)?.backup(argument, &BackupOptions::default()).map(|_| "copied".into()),
        "trusted" => Ok(Store::open(uri)?.is_trusted().to_string()),
        "trust" => Store::open(uri)?.trust().map(|()| "trusted".into()),
        "files" => {
            // The file layer alone, in a new folder.
            let files = mlops_core::base::files::Files::default();
            let folder = Path::new(uri).join("a/b");
            files.create_dir_all(&folder)?;
            files.create_new(&folder.join("file"))?.write_at(b"written", 0)?;
            files.write_atomic(&folder.join("other"), &folder.join("tmp"), b"other")?;
            Ok("made".into())
        }
        _ => panic!("no such task: {task}"),
    }
}

/// A run with something of everything.
pub(crate) fn log(store: &Store, id: &str) -> mlops_core::Result<()> {
    let run = store.runs().start(RunOptions { run_id: Some(id.into()), ..RunOptions::default() })?;
    run.log_param("long", "text ".repeat(2_000).into())?;
    for step in 0..20 {
        run.log_metric("loss", 0.5, step, None)?;
    }
    run.log_bytes("large.bin", &id.bytes().cycle().take(70_000).collect::<Vec<_>>())?;
    run.log_bytes("small.txt", id.as_bytes())?;
    run.end(RunStatus::Finished)?;
    store.flush()
}

/// Every run with its status, its last loss, and whether its files can be read.
pub(crate) fn show(store: &Store) -> mlops_core::Result<String> {
    let mut text = String::new();
    let mut runs = store.runs().search(&RunQuery::default())?.items;
    runs.sort_by(|a, b| a.info.run_id.cmp(&b.info.run_id));
    for run in runs {
        let id = &run.info.run_id;
        let loss = run.metrics.get("loss").map(|metric| metric.last);
        write!(text, "{id} {:?} {loss:?}", run.info.status).unwrap();
        for artifact in store.runs().list_artifacts(id, None)? {
            let bytes = store.runs().read_artifact(id, &artifact.path)?;
            write!(text, " {}={}", artifact.path, bytes.len()).unwrap();
        }
        text.push_str("; ");
    }
    Ok(text)
}
