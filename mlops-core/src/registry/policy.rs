//! What a policy asks for before a version goes to a stage.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::digests::Digest;
use crate::base::names::check_key;
use crate::error::{Error, Result};

/// Something of where a version is from that a policy may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// The run that made it is known.
    Run,
    /// The commit of its code is known.
    Commit,
    /// No tracked file differed from the commit.
    CleanTree,
    /// A data set is known, with its digest.
    Dataset,
    /// A lock file says which libraries it was made with.
    EnvLock,
}

impl Provenance {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Run, Self::Commit, Self::CleanTree, Self::Dataset, Self::EnvLock];

    /// The name in policies: `run`, `commit`, `clean_tree`, `dataset`, `env_lock`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Commit => "commit",
            Self::CleanTree => "clean_tree",
            Self::Dataset => "dataset",
            Self::EnvLock => "env_lock",
        }
    }
}

/// What is asked for before a version goes to a stage. The default asks for nothing, as MLflow.
///
/// ```
/// use mlops_core::registry::Policy;
/// let fields = serde_json::json!({"approvals": 1, "approval_ttl": "14d", "require": ["run", "commit"]});
/// let policy = Policy::default().with(fields.as_object().unwrap()).unwrap();
/// assert_eq!(policy.approvals, 1);
/// let wrong = serde_json::json!({"aprovals": 1});
/// let refused = Policy::default().with(wrong.as_object().unwrap()).unwrap_err();
/// assert!(refused.to_string().contains("aprovals"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, as it stands in the file")]
pub struct Policy {
    /// How many actors have to approve. Default 0.
    pub approvals: u32,
    /// Who made the version or asked for approval may approve. Default true.
    pub self_approval: bool,
    /// How long an approval is good for. Default: for ever.
    pub approval_ttl: Option<Duration>,
    /// The gate that must have passed against what is in production now. Default none.
    pub gate: Option<String>,
    /// The digest of the definition that the gate must have run by, so that nobody passes a softer one. Default: any.
    pub gate_rules: Option<String>,
    /// How long a result of the gate is good for. Default 7 days.
    pub gate_ttl: Duration,
    /// What must be known of where the version is from. Default nothing.
    pub require: Vec<Provenance>,
    /// Two who approve, and who made the version, are different users of the operating system. Default false.
    pub require_distinct_uid: bool,
    /// A version without a stage may go to production at once. Default true.
    pub skip_staging: bool,
    /// Rolling back needs approvals too. Default false.
    pub rollback_needs_approval: bool,
    /// The intended use must be said, by the tag `mlops.intendedUse` of the version or the model. Default false.
    pub require_intended_use: bool,
    /// A reason must be given. Default false.
    pub require_reason: bool,
    /// What is archived comes to production by a rollback or over staging only, and production is left empty only with
    /// `leave_empty` and a reason. Default false.
    pub strict_transitions: bool,
    /// What is in production is not deleted, nor its model, nor the alias `production`. Default false.
    pub protect_production: bool,
    /// Versions are made only of what this store has, or with `external`. Default false.
    pub require_verified: bool,
}

const WEEK: Duration = Duration::from_hours(7 * 24);

impl Default for Policy {
    fn default() -> Self {
        Self {
            approvals: 0,
            self_approval: true,
            approval_ttl: None,
            gate: None,
            gate_rules: None,
            gate_ttl: WEEK,
            require: Vec::new(),
            require_distinct_uid: false,
            skip_staging: true,
            rollback_needs_approval: false,
            require_intended_use: false,
            require_reason: false,
            strict_transitions: false,
            protect_production: false,
            require_verified: false,
        }
    }
}

/// The fields, in the order in which they are written.
const FIELDS: [&str; 15] = [
    "approvals",
    "self_approval",
    "approval_ttl",
    "gate",
    "gate_rules",
    "gate_ttl",
    "require",
    "require_distinct_uid",
    "skip_staging",
    "rollback_needs_approval",
    "require_intended_use",
    "require_reason",
    "strict_transitions",
    "protect_production",
    "require_verified",
];

impl Policy {
    /// The fields that `mlops models policy init strict` writes.
    pub fn strict() -> Map<String, Value> {
        let fields = json!({
            "approvals": 1,
            "self_approval": false,
            "approval_ttl": "14d",
            "gate_ttl": "7d",
            "require": Provenance::ALL.map(Provenance::as_str),
            "skip_staging": false,
            "require_intended_use": true,
            "require_reason": true,
            "strict_transitions": true,
            "protect_production": true,
            "require_verified": true,
        });
        fields.as_object().cloned().unwrap_or_default()
    }

    /// The policy with these fields replaced. Durations are text such as `14d`; the text `""` takes `gate`,
    /// `gate_rules` and `approval_ttl` away.
    ///
    /// # Errors
    /// `InvalidArgument` that names a field that there is not, or that has not such a value.
    pub fn with(mut self, fields: &Map<String, Value>) -> Result<Self> {
        for (key, value) in fields {
            match key.as_str() {
                "approvals" => self.approvals = whole(key, value)?,
                "self_approval" => self.self_approval = switch(key, value)?,
                "approval_ttl" => self.approval_ttl = optional(value).map(|_| duration(key, value)).transpose()?,
                "gate" => self.gate = optional(value).map(|_| text(key, value)).transpose()?,
                "gate_rules" => self.gate_rules = optional(value).map(|_| rules(key, value)).transpose()?,
                "gate_ttl" => self.gate_ttl = duration(key, value)?,
                "require" => self.require = provenance(key, value)?,
                "require_distinct_uid" => self.require_distinct_uid = switch(key, value)?,
                "skip_staging" => self.skip_staging = switch(key, value)?,
                "rollback_needs_approval" => self.rollback_needs_approval = switch(key, value)?,
                "require_intended_use" => self.require_intended_use = switch(key, value)?,
                "require_reason" => self.require_reason = switch(key, value)?,
                "strict_transitions" => self.strict_transitions = switch(key, value)?,
                "protect_production" => self.protect_production = switch(key, value)?,
                "require_verified" => self.require_verified = switch(key, value)?,
                other => {
                    return Err(Error::InvalidArgument {
                        what: "field of a policy".into(),
                        value: other.chars().take(100).collect(),
                        expected: format!("one of {}", FIELDS.join(", ")),
                    });
                }
            }
        }
        Ok(self)
    }

    /// The fields that ask for something of a version that goes to the stage, so that none comes there by itself.
    pub(super) fn asks(&self) -> Vec<&'static str> {
        let asks = [
            ("approvals", self.approvals > 0),
            ("gate", self.gate.is_some() || self.gate_rules.is_some()),
            ("require", !self.require.is_empty()),
            ("skip_staging", !self.skip_staging),
            ("require_intended_use", self.require_intended_use),
            ("require_reason", self.require_reason),
        ];
        asks.into_iter().filter(|(_, asks)| *asks).map(|(field, _)| field).collect()
    }

    /// All fields, as JSON with the names and values that a policy file has; what is not set is null, but
    /// for `gate_rules`, which is there only if it is set.
    pub fn to_json(&self) -> Map<String, Value> {
        let value = json!({
            "approvals": self.approvals,
            "self_approval": self.self_approval,
            "approval_ttl": self.approval_ttl.map(duration_text),
            "gate": self.gate,
            "gate_ttl": duration_text(self.gate_ttl),
            "require": self.require.iter().map(|part| part.as_str()).collect::<Vec<_>>(),
            "require_distinct_uid": self.require_distinct_uid,
            "skip_staging": self.skip_staging,
            "rollback_needs_approval": self.rollback_needs_approval,
            "require_intended_use": self.require_intended_use,
            "require_reason": self.require_reason,
            "strict_transitions": self.strict_transitions,
            "protect_production": self.protect_production,
            "require_verified": self.require_verified,
        });
        let mut fields = value.as_object().cloned().unwrap_or_default();
        // Policies of before there was this field keep the digest that approvals and results of gates are bound to.
        if let Some(rules) = &self.gate_rules {
            fields.insert("gate_rules".into(), rules.as_str().into());
        }
        fields
    }

    /// The BLAKE3 digest of all fields as one line of JSON with sorted keys: what approvals and results of gates are bound to.
    pub fn digest(&self) -> Digest {
        let mut value = Value::Object(self.to_json());
        value.sort_all_objects();
        Digest::of(value.to_string().as_bytes())
    }
}

/// Fields of a policy as the lines of a table of TOML.
pub(super) fn toml_lines(fields: &Map<String, Value>) -> String {
    let ordered = FIELDS.iter().filter_map(|key| Some((*key, fields.get(*key).filter(|value| !value.is_null())?)));
    ordered.fold(String::new(), |mut lines, (key, value)| {
        // Numbers, switches, texts and lists of texts are written as in JSON.
        let _ = writeln!(lines, "{key} = {value}");
        lines
    })
}

fn refuse<T>(key: &str, value: &Value, expected: &str) -> Result<T> {
    Err(Error::InvalidArgument {
        what: format!("field `{key}` of a policy"),
        value: value.to_string().chars().take(100).collect(),
        expected: expected.into(),
    })
}

fn optional(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn whole(key: &str, value: &Value) -> Result<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number <= 100);
    number.map_or_else(|| refuse(key, value, "a whole number from 0 to 100"), Ok)
}

/// The digest of a definition of a gate.
fn rules(key: &str, value: &Value) -> Result<String> {
    let text = text(key, value)?;
    match text.parse::<Digest>() {
        Ok(digest) => Ok(digest.to_string()),
        Err(_) => refuse(key, value, "the digest of a definition, as `mlops gate check` prints it: blake3:..."),
    }
}

fn switch(key: &str, value: &Value) -> Result<bool> {
    value.as_bool().map_or_else(|| refuse(key, value, "true or false"), Ok)
}

fn text(key: &str, value: &Value) -> Result<String> {
    let Some(found) = value.as_str() else { return refuse(key, value, "text") };
    check_key(&format!("field `{key}` of a policy"), found).map(|()| found.into())
}

fn duration(key: &str, value: &Value) -> Result<Duration> {
    let read = |text: &str| -> Option<Duration> {
        let unit = text.chars().last()?;
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok().filter(|number| *number > 0)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            _ => return None,
        };
        // Ten thousand years are for ever.
        number.checked_mul(seconds).filter(|all| *all <= 315_576_000_000).map(Duration::from_secs)
    };
    let found = value.as_str().and_then(read);
    found.map_or_else(|| refuse(key, value, "a time such as \"14d\", \"36h\", \"90m\" or \"30s\""), Ok)
}

fn duration_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let unit = units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, 's'));
    format!("{}{}", seconds / unit.0, unit.1)
}

fn provenance(key: &str, value: &Value) -> Result<Vec<Provenance>> {
    let expected = "a list of run, commit, clean_tree, dataset and env_lock";
    let Some(items) = value.as_array() else { return refuse(key, value, expected) };
    let mut found = Vec::new();
    for item in items {
        match Provenance::ALL.into_iter().find(|part| item.as_str() == Some(part.as_str())) {
            Some(part) => found.push(part),
            None => return refuse(key, item, expected),
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

impl FromStr for Provenance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == text).ok_or_else(|| Error::InvalidArgument {
            what: "provenance".into(),
            value: text.into(),
            expected: "run, commit, clean_tree, dataset or env_lock".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn read(fields: &Value) -> Result<Policy> {
        Policy::default().with(fields.as_object().unwrap())
    }

    #[test]
    fn a_bad_field_or_value_is_named() {
        for (fields, named) in [
            (json!({"aproval": 1}), "aproval"),
            (json!({"approvals": -1}), "approvals"),
            (json!({"approvals": 1.5}), "approvals"),
            (json!({"approvals": true}), "approvals"),
            (json!({"self_approval": "no"}), "self_approval"),
            (json!({"approval_ttl": 14}), "approval_ttl"),
            (json!({"gate_rules": "blake3:4f"}), "gate_rules"),
            (json!({"approval_ttl": "fortnight"}), "approval_ttl"),
            (json!({"approval_ttl": "0d"}), "approval_ttl"),
            (json!({"approval_ttl": "99999999999999999w"}), "approval_ttl"),
            (json!({"gate_ttl": null}), "gate_ttl"),
            (json!({"gate": 3}), "gate"),
            (json!({"require": "run"}), "require"),
            (json!({"require": ["run", "tests"]}), "tests"),
        ] {
            let refused = read(&fields).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{fields}");
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }

    #[test]
    fn all_fields_come_back_as_they_were_written() {
        let policy = read(&Value::Object(Policy::strict())).unwrap();
        assert_eq!(policy.to_json()["approval_ttl"], "14d");
        assert_eq!(Policy::default().with(&policy.to_json()).unwrap(), policy);
        assert_eq!(policy.to_json().len() + 1, FIELDS.len(), "all but `gate_rules`");
        let named = read(&json!({"gate_rules": Digest::of(b"rules").to_string()})).unwrap();
        assert_eq!(Policy::default().with(&named.to_json()).unwrap(), named);
        assert_ne!(named.digest(), Policy::default().digest());
        assert_eq!(read(&json!({"approval_ttl": "90s", "gate": ""})).unwrap().to_json()["approval_ttl"], "90s");
    }

    #[test]
    fn the_digest_stands_for_all_fields() {
        let changed = read(&json!({"approvals": 1})).unwrap();
        assert_ne!(changed.digest(), Policy::default().digest());
        assert_eq!(read(&json!({"approvals": 0})).unwrap().digest(), Policy::default().digest());
    }
}
