//! The command that alerts are handed to: this user's own, never a store's.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::command::{Running, UserCommand};
use crate::error::{Error, Result};

/// The file of the user's configuration.
const FILE: &str = "config.toml";
/// The variable that names the command instead: words, or a JSON array of words.
const VARIABLE: &str = "MLOPS_ALERT_COMMAND";
/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many commands run at a time; alerts beyond them are recorded only.
const AT_A_TIME: usize = 8;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlertCommand(Vec<String>);

impl AlertCommand {
    /// The command of the variable `MLOPS_ALERT_COMMAND`, else of the file `config.toml` in the user's configuration.
    /// None if there is none, or none that can be read: an alert is recorded in any case.
    pub(crate) fn of_this_user() -> Option<Self> {
        let words = match std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty()) {
            Some(text) => of_variable(&text),
            None => of_file(&super::folder()?.join(FILE)),
        };
        words.ok().filter(|words| words.first().is_some_and(|program| !program.is_empty())).map(Self)
    }

    /// Runs the command with these bytes on its standard input. It is started when this returns, and ends by itself or
    /// after ten seconds.
    pub(crate) fn run(&self, input: &[u8]) {
        if RUNNING.fetch_add(1, Ordering::AcqRel) >= AT_A_TIME {
            RUNNING.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let Some(child) = self.start() else {
            RUNNING.fetch_sub(1, Ordering::AcqRel);
            return;
        };
        let input = [input, b"\n"].concat();
        let attended = std::thread::Builder::new().name("mlops-alert".into()).spawn(move || {
            child.attend(input, PATIENCE);
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        });
        if attended.is_err() {
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn start(&self) -> Option<Running> {
        UserCommand { words: self.0.clone(), without: vec![VARIABLE], ..UserCommand::default() }.start(false).ok()
    }
}

fn of_variable(text: &str) -> Result<Vec<String>> {
    if text.trim_start().starts_with('[') {
        return words(VARIABLE, text);
    }
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// The array `command` of the section `alerts`, on one line.
fn of_file(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    let mut section = "";
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((key, value)) = line.split_once('=')
            && (section, key.trim()) == ("alerts", "command")
        {
            return words(&path.display().to_string(), value);
        }
    }
    Ok(Vec::new())
}

fn words(place: &str, text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text.trim()).map_err(|_| Error::InvalidArgument {
        what: format!("alert command in {place}"),
        value: text.trim().chars().take(300).collect(),
        expected: "an array of words on one line, such as [\"notify-send\", \"mlops\"]".into(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_command_is_words_or_an_array_of_words() {
        assert_eq!(of_variable("notify-send  mlops").unwrap(), ["notify-send", "mlops"]);
        assert_eq!(of_variable(r#"["a program", "x"]"#).unwrap(), ["a program", "x"]);
        assert!(of_variable("[1]").is_err());
    }

    #[test]
    fn the_file_names_the_command_in_its_own_section() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE);
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            of_file(&file)
        };
        let found = read("# mine\n[other]\ncommand = [\"no\"]\n[ alerts ]\ncommand = [\"notify-send\", \"a b\"]\n");
        assert_eq!(found.unwrap(), ["notify-send", "a b"]);
        assert!(read("command = [\"no\"]\n").unwrap().is_empty());
        assert!(read("[alerts]\ncommand = notify-send\n").is_err());
        assert!(of_file(&dir.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gets_the_alert_and_its_failure_is_nobodys() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let script = format!("cat > '{0}.tmp' && mv '{0}.tmp' '{0}'", out.display());
        AlertCommand(vec!["sh".into(), "-c".into(), script]).run(b"{\"title\": \"t\"}");
        AlertCommand(vec!["false".into()]).run(&vec![b'x'; 200_000]);
        AlertCommand(vec!["/no/such/program".into()]).run(b"");
        let until = Instant::now() + Duration::from_mins(1);
        while !out.exists() && Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(std::fs::read_to_string(out).unwrap(), "{\"title\": \"t\"}\n");
    }
}
