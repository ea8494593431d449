//! Handing events to commands of the user's configuration.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::by;
use super::super::log::Event;
use super::super::store::LocalRegistry;
use super::consumer::{ConsumerOptions, Next};
use super::cursor::CursorState;
use super::wanted::Wanted;
use crate::error::{Error, Result};
use crate::settings::command::{Ended, UserCommand};
use crate::settings::hooks::{HookSetting, of_this_user};

/// The variable that says to a command which hook it is.
pub(super) const HOOK: &str = "MLOPS_HOOK";

/// A command that events are handed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name in the user's configuration.
    pub name: String,
    /// The kinds of events.
    pub on: Vec<String>,
    /// The model; None: any.
    pub model: Option<String>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
}

/// What was handed to a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The hook.
    pub hook: Hook,
    /// How many events it took now.
    pub delivered: u64,
    /// Another process is delivering to it.
    pub elsewhere: bool,
    /// How far it is.
    pub state: CursorState,
}

/// How a hook took an event that it was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookTest {
    /// The event.
    pub event: Event,
    /// None if it took it; else why not.
    pub why: Option<String>,
    /// The end of what the command wrote.
    pub output: String,
}

/// The hooks of the user's configuration, by name.
pub(super) fn hooks_of_this_user() -> Result<Vec<Hook>> {
    of_this_user()?.into_iter().map(Hook::new).collect()
}

impl Hook {
    fn new(setting: HookSetting) -> Result<Self> {
        let HookSetting { name, on, model, command, timeout } = setting;
        Wanted::new(&on, model.as_deref())?;
        Ok(Self { name, on, model, command, timeout })
    }

    /// The name of its cursor: hooks of two users of a store are two.
    pub(super) fn consumer(&self) -> String {
        let user = by::uid().map_or_else(crate::runs::user, |uid| uid.to_string());
        format!("hook/{user}/{}", self.name)
    }

    fn options(&self) -> ConsumerOptions {
        ConsumerOptions { name: None, on: self.on.clone(), model: self.model.clone(), after: None }
    }

    /// Runs the command: how it ended, and why that is a failure.
    fn take(&self, event: &Event, uri: &str) -> (Ended, Option<String>) {
        let mut variables = vec![
            (HOOK.to_owned(), self.name.clone()),
            ("MLOPS_EVENT".to_owned(), event.action.as_str().to_owned()),
            ("MLOPS_EVENT_SEQ".to_owned(), event.seq.to_string()),
            ("MLOPS_MODEL".to_owned(), event.model.clone()),
            ("MLOPS_VERSION".to_owned(), event.version.map_or_else(String::new, |version| version.to_string())),
        ];
        if !uri.is_empty() {
            variables.push(("MLOPS_STORE".to_owned(), uri.to_owned()));
        }
        let command = UserCommand { words: self.command.clone(), variables, without: Vec::new() };
        let ended = match command.start(true) {
            Ok(running) => running.attend(format!("{}\n", event.to_json()).into_bytes(), self.timeout),
            Err(e) => {
                let program = self.command.first().map_or("", String::as_str);
                return (Ended::default(), Some(format!("`{program}` cannot be started: {e}")));
            }
        };
        let why = match (ended.took_too_long, ended.code) {
            (true, _) => format!("it took longer than {} s and was killed", self.timeout.as_secs_f64()),
            (false, Some(0)) => return (ended, None),
            (false, Some(code)) => format!("it ended with {code}"),
            (false, None) => "a signal ended it".into(),
        };
        let said = if ended.words.is_empty() { String::new() } else { format!(": {}", ended.words) };
        (ended, Some(why + &said))
    }

    /// The hook as JSON, with how far it is.
    pub fn to_json(&self, state: Option<&CursorState>) -> Value {
        json!({
            "name": self.name,
            "on": self.on,
            "model": self.model,
            "command": self.command,
            "timeout": self.timeout.as_secs_f64(),
            "state": state.map(CursorState::to_json),
        })
    }
}

impl Delivery {
    /// What was handed over, as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "hook": self.hook.name,
            "delivered": self.delivered,
            "elsewhere": self.elsewhere,
            "state": self.state.to_json(),
        })
    }
}

impl HookTest {
    /// How it was taken, as JSON.
    pub fn to_json(&self) -> Value {
        json!({"event": self.event.to_json(), "ok": self.why.is_none(), "why": self.why, "output": self.output})
    }
}

impl LocalRegistry {
    /// The hooks of this user's configuration, each with how far it is; None: nothing was handed to it yet.
    ///
    /// # Errors
    /// `InvalidArgument` that names the file for a hook that cannot be meant; `Io`.
    pub fn hooks(&self) -> Result<Vec<(Hook, Option<CursorState>)>> {
        let hooks = hooks_of_this_user()?.into_iter();
        hooks.map(|hook| Ok((hook.clone(), self.read_cursor(&hook.consumer())?.map(|(state, _)| state)))).collect()
    }

    /// Hands over what the hooks of this user have not taken, until there is nothing more or one fails, which is tried again
    /// later. A hook that is new begins with what happens from now on.
    ///
    /// # Errors
    /// `InvalidArgument` that names the file for a hook that cannot be meant; `ReadOnly`, `Io`. A hook that fails is no error:
    /// its state says it.
    pub fn run_hooks(&self) -> Result<Vec<Delivery>> {
        let hooks = hooks_of_this_user()?;
        let mut all: Vec<Delivery> = Vec::new();
        loop {
            let done = hooks.iter().map(|hook| self.deliver(hook.clone())).collect::<Result<Vec<_>>>()?;
            // A command may have changed something that another hook wants.
            let again = done.iter().any(|delivery| delivery.delivered > 0);
            let before = |hook: &Hook| all.iter().find(|one| one.hook == *hook).map_or(0, |one| one.delivered);
            all =
                done.into_iter().map(|one| Delivery { delivered: one.delivered + before(&one.hook), ..one }).collect();
            if !again {
                return Ok(all);
            }
        }
    }

    fn deliver(&self, hook: Hook) -> Result<Delivery> {
        let mut consumer = self.stored_consumer(Some(hook.consumer()), &hook.options())?;
        let (mut delivered, mut elsewhere) = (0, false);
        loop {
            match consumer.next()? {
                Next::Event(event) => {
                    if let (_, Some(why)) = hook.take(&event, self.hooks.uri()) {
                        consumer.failed(&why)?;
                        break;
                    }
                    consumer.done(event.seq)?;
                    delivered += 1;
                }
                Next::Elsewhere => {
                    elsewhere = true;
                    break;
                }
                Next::Nothing | Next::Later(_) => break,
            }
        }
        Ok(Delivery { hook, delivered, elsewhere, state: consumer.state().clone() })
    }

    /// Shows a hook an event, by its number or the newest that it wants. What it takes so does not count as handed over.
    ///
    /// # Errors
    /// `NotFound` if there is no such hook or event; as [`hooks`](Self::hooks).
    pub fn test_hook(&self, name: &str, seq: Option<u64>) -> Result<HookTest> {
        let hook = hook_named(name)?;
        let event = match seq {
            Some(seq) => self.event(seq)?,
            None => self.newest_event(&Wanted::new(&hook.on, hook.model.as_deref())?)?,
        };
        let event = event.ok_or_else(|| Error::NotFound {
            what: "event",
            id: seq.map_or_else(|| "any that the hook wants".into(), |seq| seq.to_string()),
            hint: "; name one of `mlops models events`".into(),
        })?;
        let (ended, why) = hook.take(&event, self.hooks.uri());
        Ok(HookTest { event, why, output: ended.words })
    }

    /// Has a hook go on behind the event that it does not take.
    ///
    /// # Errors
    /// `NotFound` if there is no such hook, `InvalidState` if nothing waits for it; as [`hooks`](Self::hooks), `ReadOnly`.
    pub fn skip_hook_event(&self, name: &str) -> Result<Event> {
        let hook = hook_named(name)?;
        let (state, _) = self.cursor(&hook.consumer(), None)?;
        let wanted = Wanted::new(&hook.on, hook.model.as_deref())?;
        let mut after = state.seq;
        loop {
            let events = self.read_events(after, 100)?;
            let Some(last) = events.last().map(|event| event.seq) else {
                return Err(Error::InvalidState { detail: format!("the hook `{name}` has taken all events") });
            };
            if let Some(event) = events.into_iter().find(|event| wanted.takes(event)) {
                self.move_cursor(&hook.consumer(), event.seq)?;
                return Ok(event);
            }
            after = last;
        }
    }

    fn newest_event(&self, wanted: &Wanted) -> Result<Option<Event>> {
        let mut before = self.head()?.0.seq;
        while before > 0 {
            let after = before.saturating_sub(100);
            let events = self.read_events(after, usize::try_from(before - after).unwrap_or(100))?;
            if let Some(event) = events.into_iter().rev().find(|event| wanted.takes(event)) {
                return Ok(Some(event));
            }
            before = after;
        }
        Ok(None)
    }
}

fn hook_named(name: &str) -> Result<Hook> {
    let mut hooks = hooks_of_this_user()?;
    let at = hooks.iter().position(|hook| hook.name == name);
    at.map(|at| hooks.swap_remove(at)).ok_or_else(|| Error::NotFound {
        what: "hook",
        id: name.into(),
        hint: "; hooks stand in config.toml of your configuration, as [hooks.NAME]".into(),
    })
}
