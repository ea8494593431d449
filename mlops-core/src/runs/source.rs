//! Where a run comes from: user, host, program, and the commit of its code.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::forked::PerProcess;

/// A repository that takes longer to look at is passed over: a run must not wait for it.
const GIT_PATIENCE: Duration = Duration::from_secs(2);

/// The commit of the code, and whether tracked files differ from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GitState {
    pub(super) commit: String,
    pub(super) dirty: bool,
}

/// The user of this process.
pub(crate) fn user() -> String {
    let named =
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    #[cfg(unix)]
    let number = || {
        static SEEN: PerProcess<Mutex<HashMap<u32, String>>> = PerProcess::new();
        let number = rustix::process::geteuid().as_raw();
        let mut seen = SEEN.get().lock();
        let name = seen.entry(number).or_insert_with(|| {
            let id = number.to_string();
            // Containers often set none of the variables.
            let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            name_of(&users, &id).unwrap_or(id)
        });
        name.clone()
    };
    #[cfg(not(unix))]
    let number = String::new;
    named.unwrap_or_else(number)
}

/// The name of a user in the text of the system's list of users; None if it is not there.
#[cfg(unix)]
fn name_of(users: &str, id: &str) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(id)).then(|| name.to_owned())
    })
}

/// The program of this process.
pub(super) fn program() -> String {
    std::env::args_os().next().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The state of the repository that holds `folder`, looked at once a process; None outside of one.
pub(super) fn git(folder: &Path) -> Option<GitState> {
    static SEEN: PerProcess<Mutex<HashMap<PathBuf, Option<GitState>>>> = PerProcess::new();
    let repository = folder.ancestors().find(|above| above.join(".git").exists())?;
    if let Some(seen) = SEEN.get().lock().get(repository) {
        return seen.clone();
    }
    let state = ask_git(repository);
    SEEN.get().lock().insert(repository.to_path_buf(), state.clone());
    state
}

/// The address that git writes into commits, looked at once a process; None if git knows none.
pub(crate) fn git_user() -> Option<String> {
    static SEEN: PerProcess<OnceLock<Option<String>>> = PerProcess::new();
    let ask = || {
        let folder = std::env::current_dir().ok()?;
        let text = answer_of_git(&["config", "--get", "user.email"], &folder)?;
        Some(text.trim().to_owned()).filter(|name| !name.is_empty() && !name.contains(char::is_control))
    };
    SEEN.get().get_or_init(ask).clone()
}

fn ask_git(repository: &Path) -> Option<GitState> {
    // The monitor is a command that the repository's configuration names: not ours to run.
    let status = [
        "-c",
        "core.fsmonitor=false",
        "--no-optional-locks",
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=no",
    ];
    parse_status(&answer_of_git(&status, repository)?)
}

/// What git says, if it says it in time.
fn answer_of_git(args: &[&str], folder: &Path) -> Option<String> {
    let mut child = Command::new("git")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        if output.read_to_string(&mut text).is_ok() {
            // The receiver is gone if it lost patience.
            let _ = sender.send(text);
        }
    });
    let text = receiver.recv_timeout(GIT_PATIENCE).ok();
    if text.is_none() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    text.filter(|_| status.success())
}

fn parse_status(text: &str) -> Option<GitState> {
    let commit = text.lines().find_map(|line| line.strip_prefix("# branch.oid "))?;
    let commit = commit.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| commit.to_owned())?;
    Some(GitState { commit, dirty: text.lines().any(|line| !line.starts_with('#')) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_user_has_the_name_of_the_systems_list() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(users, "1000").as_deref(), Some("ada"));
        assert_eq!(name_of(users, "0").as_deref(), Some("root"));
        assert_eq!(name_of(users, "7"), None);
    }

    #[test]
    fn the_commit_and_the_dirty_flag_are_read_from_gits_answer() {
        let clean = "# branch.oid 0123abcd\n# branch.head main\n";
        assert_eq!(parse_status(clean), Some(GitState { commit: "0123abcd".into(), dirty: false }));
        let dirty = format!("{clean}1 .M N... 100644 100644 100644 a b file\n");
        assert_eq!(parse_status(&dirty).map(|state| state.dirty), Some(true));
        assert_eq!(parse_status("# branch.oid (initial)\n"), None);
    }
}
