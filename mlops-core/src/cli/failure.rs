//! Why a command did not do what it was told, and how that is said.

use std::io::{ErrorKind, Write};

use clap::error::ErrorKind as UsageKind;
use serde::Serialize;

use super::{shape, table};
use crate::error::{Code, Error};

/// What stops a command.
#[derive(Debug)]
pub(super) enum Failure {
    /// The library said so.
    Library(Error),
    /// The arguments are not understood, or they ask for help.
    Usage(clap::Error),
    /// The answer could not be written.
    Output(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    name: &'static str,
    number: i32,
    message: &'a str,
    mlflow_code: &'static str,
    retryable: bool,
}

impl Failure {
    /// Says what happened and returns the exit code. Help that was asked for is an answer, not an error. That a
    /// stream is closed can be said to nobody.
    pub(super) fn report(&self, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
        let (code, message) = match self {
            // The reader has seen enough, as `head` does.
            Self::Output(source) if source.kind() == ErrorKind::BrokenPipe => return 0,
            Self::Output(source) => (Code::Io, format!("cannot write the answer: {source}")),
            Self::Library(error) => (error.code(), error.to_string()),
            Self::Usage(usage) => match usage.kind() {
                UsageKind::DisplayHelp | UsageKind::DisplayVersion => {
                    let _ = write!(out, "{}", usage.render());
                    return 0;
                }
                UsageKind::DisplayHelpOnMissingArgumentOrSubcommand if !json => {
                    let _ = write!(err, "{}", usage.render());
                    return Code::InvalidArgument.row().exit_code;
                }
                UsageKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                    (Code::InvalidArgument, "a command is missing; `mlops --help` shows them".to_owned())
                }
                _ => (Code::InvalidArgument, one_line(&usage.render().to_string())),
            },
        };
        let row = code.row();
        let _ = if json {
            let detail = Detail {
                name: row.python_class,
                number: row.number,
                message: &message,
                mlflow_code: row.mlflow_code,
                retryable: row.retryable,
            };
            writeln!(err, "{}", shape::to_line(&ErrorObject { error: detail }))
        } else {
            // The place in a filter is marked beneath it, on lines of their own.
            let lines = message.split('\n').map(table::clean);
            let line_end = if matches!(self, Self::Library(Error::InvalidQuery { .. })) { "\n" } else { " " };
            writeln!(err, "error: {}", lines.collect::<Vec<_>>().join(line_end))
        };
        row.exit_code
    }
}

/// clap's message of several paragraphs as one line: what is wrong, its tips, and where help is.
fn one_line(rendered: &str) -> String {
    let mut lines = rendered.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut text = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    for line in lines {
        if let Some(line) = line.strip_prefix("Usage: ") {
            let words: Vec<&str> = line.split(' ').take_while(|word| !word.starts_with(['[', '<', '-'])).collect();
            return format!("{text}; `{} --help` shows how", words.join(" "));
        }
        if line.starts_with("For more information") {
            break;
        }
        text.push_str(if text.ends_with(':') { " " } else { "; " });
        text.push_str(line);
    }
    text
}
