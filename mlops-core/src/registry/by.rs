//! Who makes a change, and why.

use serde::{Deserialize, Serialize};

use crate::base::os;

/// Where the name of an actor may be found if none is given: a word for the place, and the variable.
const VARIABLES: &[(&str, &str)] = &[
    ("MLOPS_ACTOR", "MLOPS_ACTOR"),
    ("ci", "GITHUB_ACTOR"),
    ("ci", "GITLAB_USER_LOGIN"),
    ("ci", "CIRCLE_USERNAME"),
    ("ci", "BUILD_REQUESTEDFOR"),
    ("ci", "BITBUCKET_STEP_TRIGGERER_UUID"),
];

/// What a caller says of its changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Who acts. Default: `MLOPS_ACTOR`, else who a CI system says it acts for, else `user.email` of git, else the user.
    pub actor: Option<String>,
    /// Why. Default none.
    pub reason: Option<String>,
}

/// Who made a change. The name is what the caller says: a library that is embedded cannot tell whether it is true. The kernel's
/// user is what the operating system says of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The name that the caller gave, or that was found.
    pub name: String,
    /// Where the name is from: `argument`, `MLOPS_ACTOR`, `ci`, `git` or `user`.
    pub name_from: String,
    /// The effective user id of the process, as the kernel has it; None where there are none.
    pub uid: Option<u32>,
    /// The name of the user, as the process says it.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// The process.
    pub pid: u32,
}

impl Actor {
    pub(super) fn of(by: &By) -> Self {
        let user = crate::runs::user();
        let found = || {
            let set = |variable: &str| std::env::var(variable).ok().filter(|value| is_somebody(value));
            VARIABLES.iter().find_map(|(from, variable)| Some((set(variable)?, *from)))
        };
        let given = by.actor.clone().filter(|name| is_somebody(name)).map(|name| (name, "argument"));
        let git = || crate::runs::git_user().filter(|name| is_somebody(name)).map(|name| (name, "git"));
        let (name, from) = given.or_else(found).or_else(git).unwrap_or_else(|| (user.clone(), "user"));
        Self { name, name_from: from.into(), uid: uid(), user, host: os::host_name(), pid: std::process::id() }
    }

    /// Who acted in another store: of them only the name says something here.
    pub(super) fn elsewhere(name: &str) -> Self {
        let (user, host) = (String::new(), String::new());
        Self { name: name.into(), name_from: "argument".into(), uid: None, user, host, pid: 0 }
    }
}

/// False for what is blank: as a reason, it says nothing.
fn is_somebody(name: &str) -> bool {
    !name.trim().is_empty()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn uid() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
pub(super) fn uid() -> Option<u32> {
    None
}
