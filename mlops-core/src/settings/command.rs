//! Running a command of this user's own: bytes on its standard input, a time limit, and what it said of a failure.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long its last words are waited for when it has ended: what it started may keep the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// So much is kept of what it says, in bytes: the end.
const WORDS_BYTES: usize = 4 << 10;

/// A program and its arguments, and what it finds in its environment. No shell reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserCommand {
    pub(crate) words: Vec<String>,
    /// Variables that are set.
    pub(crate) variables: Vec<(String, String)>,
    /// Variables that are taken away.
    pub(crate) without: Vec<&'static str>,
}

/// How a command ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// None if it took too long, or if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) took_too_long: bool,
    /// The end of what it wrote to standard output and standard error.
    pub(crate) words: String,
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    words: Arc<Mutex<Vec<u8>>>,
    ended: Vec<mpsc::Receiver<()>>,
}

impl UserCommand {
    /// Starts the command; what it says is kept if `listen`.
    pub(crate) fn start(&self, listen: bool) -> std::io::Result<Running> {
        let (program, arguments) =
            self.words.split_first().ok_or_else(|| std::io::Error::other("the command has no words"))?;
        let mut command = Command::new(program);
        let output = || if listen { Stdio::piped() } else { Stdio::null() };
        command.args(arguments).stdin(Stdio::piped()).stdout(output()).stderr(output());
        // It is no part of the run: an `mlops` in it does not log there.
        command.env_remove("MLOPS_PARENT_RUN");
        for name in &self.without {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        #[cfg(unix)]
        {
            // A group of its own, so that what it starts ends with it.
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        let words = Arc::default();
        let mut ended = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            ended.push(keep(pipe, &words));
        }
        if let Some(pipe) = child.stderr.take() {
            ended.push(keep(pipe, &words));
        }
        Ok(Running { child, words, ended })
    }
}

/// Reads a pipe to its end in a thread of its own.
fn keep(mut pipe: impl Read + Send + 'static, words: &Arc<Mutex<Vec<u8>>>) -> mpsc::Receiver<()> {
    let (words, (end, ended)) = (words.clone(), mpsc::channel());
    std::thread::spawn(move || {
        let mut some = [0; 1 << 10];
        while let Ok(read @ 1..) = pipe.read(&mut some) {
            let mut words = words.lock();
            words.extend_from_slice(some.get(..read).unwrap_or_default());
            let too_many = words.len().saturating_sub(WORDS_BYTES);
            words.drain(..too_many);
        }
        drop(end);
    });
    ended
}

impl Running {
    /// Writes the input, and waits for the end, for as long as it may take.
    pub(crate) fn attend(mut self, input: Vec<u8>, patience: Duration) -> Ended {
        let until = Instant::now() + patience;
        let pipe = self.child.stdin.take();
        // One that does not read is not waited for here: its end breaks the pipe.
        let writer = std::thread::spawn(move || pipe.map(|mut pipe| pipe.write_all(&input)));
        let mut status: Option<ExitStatus> = None;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(LOOK_EVERY),
                Ok(found) => {
                    status = found;
                    break;
                }
                Err(_) => break,
            }
        }
        let took_too_long = status.is_none();
        if took_too_long {
            self.kill();
        }
        for ended in &self.ended {
            let _ = ended.recv_timeout(LAST_WORDS);
        }
        let words = String::from_utf8_lossy(&self.words.lock()).trim().to_owned();
        // Whoever inherited the other end may keep it open.
        if writer.is_finished() {
            let _ = writer.join();
        }
        Ended { code: status.and_then(|status| status.code()), took_too_long, words }
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn run(script: &str, input: &[u8], patience: Duration) -> Ended {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        let variables = vec![("GIVEN".to_owned(), "a b".to_owned())];
        let command = UserCommand { words, variables, without: vec!["HOME"] };
        command.start(true).unwrap().attend(input.to_vec(), patience)
    }

    #[test]
    fn a_command_gets_its_input_and_says_how_it_ended() {
        let long = Duration::from_mins(1);
        let ended = run("cat; echo \" $GIVEN ${HOME-none}\" >&2; exit 3", b"in", long);
        assert_eq!((ended.code, ended.took_too_long), (Some(3), false));
        assert!(ended.words.contains("in") && ended.words.contains("a b none"), "{ended:?}");
        assert_eq!(run("exit 0", &vec![b'x'; 1 << 20], long).code, Some(0), "it need not read");
        let lines = run("yes word | head -n 10000", b"", long).words;
        assert!(lines.len() <= WORDS_BYTES && lines.ends_with("word"));
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed_with_what_it_started() {
        let begun = Instant::now();
        let ended = run("sleep 600 & sleep 600", b"", Duration::from_millis(50));
        assert_eq!((ended.code, ended.took_too_long), (None, true));
        assert!(begun.elapsed() < Duration::from_mins(1));
    }
}
