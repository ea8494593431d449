//! The commands that events of the registry are handed to: this user's own, never a store's.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::base::digests::Digest;
use crate::base::files::Files;
use crate::base::names::check_key;
use crate::error::{Error, Result};

/// The file of the user's configuration.
const FILE: &str = "config.toml";
/// How long a command may take if nobody says it, and at most.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_hours(1);

/// A hook as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HookSetting {
    pub(crate) name: String,
    /// The kinds of events.
    pub(crate) on: Vec<String>,
    /// The model; None: any.
    pub(crate) model: Option<String>,
    /// A program and its arguments.
    pub(crate) command: Vec<String>,
    pub(crate) timeout: Duration,
}

/// The section of a hook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    on: Words,
    model: Option<String>,
    command: Option<Vec<String>>,
    shell: Option<String>,
    timeout: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    hooks: std::collections::BTreeMap<String, Section>,
}

/// The hooks of the file `config.toml` in the user's configuration, by name; none without the file.
///
/// # Errors
/// `InvalidArgument` that names the file and the hook, `Io`.
pub(crate) fn of_this_user() -> Result<Vec<HookSetting>> {
    super::folder().map_or_else(|| Ok(Vec::new()), |folder| of_file(&folder.join(FILE)))
}

fn of_file(path: &Path) -> Result<Vec<HookSetting>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io("read", path, e)),
    };
    if !text.contains("[hooks") {
        return Ok(Vec::new());
    }
    let document: Document = toml::from_str(&text).map_err(|e| Error::InvalidArgument {
        what: format!("configuration of hooks in {}", path.display()),
        value: e.message().chars().take(300).collect(),
        expected: "tables such as [hooks.tell], with on = [\"promoted\"] and command = [\"program\", \"argument\"]"
            .into(),
    })?;
    document.hooks.into_iter().map(|(name, section)| section.checked(name, path)).collect()
}

impl Section {
    fn checked(self, name: String, path: &Path) -> Result<HookSetting> {
        let refuse = |value: &str, expected: &str| Error::InvalidArgument {
            what: format!("hook `{}` in {}", name.escape_debug(), path.display()),
            value: value.chars().take(300).collect(),
            expected: expected.into(),
        };
        check_key("name of a hook", &name)?;
        let command = match (self.command, self.shell) {
            (Some(words), None) => words,
            (None, Some(line)) => shell(&line),
            (Some(_), Some(_)) => return Err(refuse("command and shell", "one of them")),
            (None, None) => return Err(refuse("", "command = [\"program\", \"argument\"], or shell = \"a line\"")),
        };
        if command.first().is_none_or(String::is_empty) {
            return Err(refuse(&command.join(" "), "a program, and its arguments"));
        }
        let seconds = self.timeout.unwrap_or(PATIENCE.as_secs_f64());
        let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero());
        let Some(timeout) = timeout.filter(|time| *time <= MOST_PATIENCE) else {
            return Err(refuse(&seconds.to_string(), "timeout in seconds, more than 0 and at most 3600"));
        };
        let on = match self.on {
            Words::One(word) => vec![word],
            Words::Many(words) => words,
        };
        Ok(HookSetting { name, on, model: self.model, command, timeout })
    }
}

/// The words that have a shell read a line, which the user asked for.
fn shell(line: &str) -> Vec<String> {
    let words = if cfg!(windows) { ["cmd", "/C", line] } else { ["/bin/sh", "-c", line] };
    words.map(str::to_owned).to_vec()
}

/// Keeps other processes of this user from delivering to the same consumer of a store at the same time.
#[derive(Debug)]
pub(crate) struct HookLock {
    _file: Option<File>,
}

/// The lock of a consumer; None if another has it. Without a place for it there is none: an event may be delivered twice then.
pub(crate) fn try_lock(store: uuid::Uuid, consumer: &str) -> Option<HookLock> {
    let open = || {
        let folder = super::folder()?.join("hooks");
        let files = Files::default();
        files.create_dir_all(&folder).ok()?;
        let digest = Digest::of(format!("{store} {consumer}").as_bytes()).to_hex();
        let path = folder.join(format!("{}.lock", digest.get(..32).unwrap_or(&digest)));
        let opened = files.create_new(&path).or_else(|_| files.open_write(&path)).ok()?;
        opened.file().try_clone().ok()
    };
    let Some(file) = open() else { return Some(HookLock { _file: None }) };
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => None,
        // A file system without locks goes without.
        _ => Some(HookLock { _file: Some(file) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<HookSetting>> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        std::fs::write(&file, text).unwrap();
        of_file(&file)
    }

    #[test]
    fn the_file_names_hooks_in_sections_of_their_own() {
        let text = "[alerts]\ncommand = [\"x\"]\n[hooks.tell]\non = [\"promoted\", \"rolled_back\"]\nmodel = \"fraud\"\n\
                    command = [\"notify-send\", \"a b\"]\ntimeout = 2.5\n[hooks.all]\non = \"*\"\nshell = \"cat >> log\"\n";
        let found = read(text).unwrap();
        let names: Vec<_> = found.iter().map(|hook| hook.name.as_str()).collect();
        assert_eq!(names, ["all", "tell"]);
        assert_eq!(
            (found[1].command.join("|"), found[1].timeout),
            ("notify-send|a b".into(), Duration::from_millis(2500))
        );
        assert_eq!((found[0].timeout, found[0].on.join(",")), (PATIENCE, "*".into()));
        assert!(found[0].command.last().unwrap().contains("cat >> log"));
        assert_eq!((read("").unwrap(), of_file(Path::new("/no/such/file")).unwrap()), (vec![], vec![]));
    }

    #[test]
    fn a_hook_that_cannot_be_meant_is_refused_with_the_file_and_the_way_out() {
        for (text, says) in [
            ("[hooks.a]\non = \"promoted\"\n", "command = ["),
            ("[hooks.a]\non = \"promoted\"\ncommand = []\n", "a program"),
            ("[hooks.a]\non = \"promoted\"\ncommand = [\"x\"]\nshell = \"y\"\n", "one of them"),
            ("[hooks.a]\non = \"promoted\"\ncommand = [\"x\"]\ntimeout = 0\n", "timeout in seconds"),
            ("[hooks.a]\non = \"promoted\"\ncomand = [\"x\"]\n", "comand"),
            ("[hooks.a\n", "config.toml"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("config.toml"), "{text}: {error}");
        }
    }
}
