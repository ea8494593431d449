//! Definitions as files of TOML, and as JSON.

use serde_json::{Map, Value, json};

use super::definition::{
    Action, BlockRule, Budget, BudgetKind, Change, FairnessMeasure, FairnessRule, GateDefinition, LimitOn, MetricRule,
    OnInconclusive, SliceRule, Spend, Test,
};
use super::fields::Fields;
use super::inputs::number_text;
use super::metric::GateMetric;
use crate::base::limits;
use crate::error::{Error, Result};

const TOP: &[&str] = &[
    "name",
    "primary",
    "guardrails",
    "slices",
    "group",
    "blocks",
    "fairness",
    "budgets",
    "alpha",
    "resamples",
    "on_inconclusive",
    "spend",
    "spend_uses",
    "positive",
    "cutoff",
    "query",
];
const PRIMARY: &[&str] = &[
    "metric",
    "mode",
    "margin",
    "floor",
    "ceiling",
    "floor_on",
    "threshold",
    "min_absolute_change",
    "min_relative_change",
    "greater_is_better",
];
const BLOCKS: &[&str] = &["order", "horizon", "length"];
const SLICES: &[&str] = &["columns", "metric", "margin", "min_rows", "max"];
const FAIRNESS: &[&str] = &["column", "measure", "metric", "margin", "floor", "ceiling", "min_rows"];
const ACTIONS: [(&str, Action); 2] = [("block", Action::Block), ("warn", Action::Warn)];
const ON_INCONCLUSIVE: [(&str, OnInconclusive); 3] =
    [("block", OnInconclusive::Block), ("allow", OnInconclusive::Allow), ("ask", OnInconclusive::Ask)];
const LIMIT_ON: [(&str, LimitOn); 2] = [("value", LimitOn::Point), ("lb", LimitOn::Bound)];
/// How many uses are planned for where `spend = "bonferroni"` does not say it.
const USES: u64 = 20;

impl OnInconclusive {
    /// `block`, `allow`, `ask`.
    pub fn as_str(self) -> &'static str {
        ON_INCONCLUSIVE.into_iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

impl Action {
    /// `block`, `warn`.
    pub fn as_str(self) -> &'static str {
        ACTIONS.into_iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }
}

impl GateDefinition {
    /// Reads a definition from TOML. The guide `docs/guide/gate.md` lists the keys.
    ///
    /// # Errors
    /// `InvalidArgument` with the line of what is no TOML; for a key that there is not, with the nearest that there is; for
    /// a value that the key cannot have. `LimitExceeded` above 16 KiB.
    pub fn from_toml(text: &str) -> Result<Self> {
        limits::check(|| "the definition of a gate".into(), text.len(), limits::GATE_DEFINITION_BYTES, "bytes")?;
        let document: Value = toml::from_str(text).map_err(|e| Error::InvalidArgument {
            what: "definition of a gate".into(),
            value: text.lines().next().unwrap_or_default().chars().take(100).collect(),
            expected: format!("a file of TOML: {}", e.to_string().trim().replace('\n', " ")),
        })?;
        // What JSON has no number for is nothing in it, and would be a key that is not there.
        if let Some(path) = not_finite(&document, String::new()) {
            return Err(Error::InvalidArgument {
                what: format!("`{path}` of a gate"),
                value: "nan or inf".into(),
                expected: "a finite number".into(),
            });
        }
        Self::from_json(&document)
    }

    /// Reads a definition from JSON that has the keys of the file.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml).
    pub fn from_json(document: &Value) -> Result<Self> {
        let top = Fields::new("", document, TOP)?;
        let name = top.needed("name", "the name of the gate, such as \"fraud-gate\"")?;
        let Some(primary) = top.get("primary") else {
            return top.refuse("primary", "a table [primary] with the metric that decides");
        };
        let mut gate = Self::new(name, rule("primary", primary)?);
        for (at, value) in top.tables("guardrails")?.into_iter().enumerate() {
            gate.guardrails.push(rule(&format!("guardrails.{}", at + 1), value)?);
        }
        gate.slices = top.get("slices").map(slices).transpose()?;
        gate.group = top.text("group")?.map(str::to_owned);
        gate.blocks = top.get("blocks").map(blocks).transpose()?;
        for (at, value) in top.tables("fairness")?.into_iter().enumerate() {
            gate.fairness.push(fairness(&format!("fairness.{}", at + 1), value)?);
        }
        if let Some(value) = top.get("budgets") {
            gate.budgets = budgets(value)?;
        }
        gate.alpha = top.number("alpha")?.unwrap_or(gate.alpha);
        if let Some(resamples) = top.whole("resamples", 999..=1_000_000)? {
            gate.resamples = u32::try_from(resamples).unwrap_or(gate.resamples);
        }
        gate.on_inconclusive = top.word("on_inconclusive", &ON_INCONCLUSIVE)?.unwrap_or_default();
        let uses = top.whole("spend_uses", 1..=1_000_000)?;
        let spends = [
            ("off", Spend::Off),
            ("bonferroni", Spend::Bonferroni { uses: uses.unwrap_or(USES) }),
            ("decreasing", Spend::Decreasing),
        ];
        gate.spend = top.word("spend", &spends)?.unwrap_or_default();
        if uses.is_some() && !matches!(gate.spend, Spend::Bonferroni { .. }) {
            return top.refuse("spend_uses", "spend = \"bonferroni\" beside it");
        }
        gate.positive = match top.get("positive") {
            // As columns have them: `true` and `1.0` are 1.
            Some(Value::Number(number)) => Some(number.as_f64().map_or_else(|| number.to_string(), number_text)),
            Some(Value::Bool(value)) => Some(number_text(f64::from(u8::from(*value)))),
            _ => top.text("positive")?.map(str::to_owned),
        };
        gate.cutoff = top.number("cutoff")?;
        gate.query = top.text("query")?.map(str::to_owned);
        gate.check()?;
        Ok(gate)
    }

    /// The definition as JSON that [`from_json`](Self::from_json) reads. What is not asked for is left out.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |key: &str, value: Value| {
            let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !empty {
                fields.insert(key.into(), value);
            }
        };
        put("name", json!(self.name));
        put("primary", rule_to_json(&MetricRule { test: Some(self.primary_test()), ..self.primary.clone() }));
        put("guardrails", self.guardrails.iter().map(rule_to_json).collect());
        put(
            "slices",
            self.slices.as_ref().map_or(Value::Null, |slices| {
                without_nulls(json!({
                    "columns": slices.columns, "metric": slices.metric.as_ref().map(ToString::to_string),
                    "margin": slices.margin, "min_rows": slices.min_rows, "max": slices.max,
                }))
            }),
        );
        put("group", json!(self.group));
        put(
            "blocks",
            self.blocks.as_ref().map_or(Value::Null, |blocks| {
                without_nulls(json!({"order": blocks.order, "horizon": blocks.horizon, "length": blocks.length}))
            }),
        );
        put("fairness", self.fairness.iter().map(|rule| without_nulls(json!({
            "column": rule.column, "measure": rule.measure.as_str(), "metric": rule.metric.as_ref().map(ToString::to_string),
            "margin": rule.margin, "floor": rule.floor, "ceiling": rule.ceiling, "min_rows": rule.min_rows,
        }))).collect());
        let budget = |budget: &Budget| {
            let value = match budget.action {
                Some(action) => json!({"limit": budget.limit, "action": action.as_str()}),
                None => json!(budget.limit),
            };
            (budget.kind.as_str().to_owned(), value)
        };
        let budgets: Map<String, Value> = self.budgets.iter().map(budget).collect();
        put("budgets", if budgets.is_empty() { Value::Null } else { Value::Object(budgets) });
        put("alpha", json!(self.alpha));
        put("resamples", json!(self.resamples));
        put("on_inconclusive", json!(self.on_inconclusive.as_str()));
        match self.spend {
            Spend::Off => put("spend", json!("off")),
            Spend::Bonferroni { uses } => {
                put("spend", json!("bonferroni"));
                put("spend_uses", json!(uses));
            }
            Spend::Decreasing => put("spend", json!("decreasing")),
        }
        put("positive", json!(self.positive));
        put("cutoff", json!(self.cutoff));
        put("query", json!(self.query));
        Value::Object(fields)
    }
}

/// Where the first number is that is not finite.
fn not_finite(value: &Value, path: String) -> Option<String> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => Some(path),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| not_finite(item, below(&(at + 1).to_string())))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, field)| not_finite(field, below(key))),
        _ => None,
    }
}

fn metric(fields: &Fields<'_>, key: &str) -> Result<Option<GateMetric>> {
    let Some(text) = fields.text(key)? else { return Ok(None) };
    text.parse().map(Some).map_err(|e: Error| match e {
        Error::InvalidArgument { value, expected, .. } => {
            Error::InvalidArgument { what: format!("`{}` of a gate", fields.path(key)), value, expected }
        }
        other => other,
    })
}

/// A rule of a metric; MLflow's thresholds are other names for a limit and for superiority by so much.
fn rule(place: &str, value: &Value) -> Result<MetricRule> {
    let fields = Fields::new(place, value, PRIMARY)?;
    let Some(metric) = metric(&fields, "metric")? else {
        return fields.refuse("metric", "a metric such as \"accuracy\", \"roc_auc\" or \"rmse\"");
    };
    let greater = metric.greater_is_better();
    if fields.get("greater_is_better").is_some_and(|said| said.as_bool() != Some(greater)) {
        let is = if greater { "true, since more of it is better" } else { "false, since less of it is better" };
        return fields.refuse("greater_is_better", is);
    }
    let mut rule = MetricRule {
        metric,
        test: None,
        floor: fields.number("floor")?,
        ceiling: fields.number("ceiling")?,
        limit_on: LimitOn::Point,
    };
    rule.limit_on = fields.word("floor_on", &LIMIT_ON)?.unwrap_or_default();
    if let Some(threshold) = fields.number("threshold")? {
        let (limit, key) = if greater { (&mut rule.floor, "floor") } else { (&mut rule.ceiling, "ceiling") };
        if limit.replace(threshold).is_some() {
            return fields.refuse("threshold", &format!("one of threshold and {key}, which mean the same"));
        }
    }
    if fields.get("floor_on").is_some() && rule.floor.is_none() && rule.ceiling.is_none() {
        return fields.refuse("floor_on", "a floor or a ceiling beside it");
    }
    let superior = fields.word("mode", &[("superior", true), ("noninferior_and_not_worse", false)])?;
    let margin = fields.size("margin")?;
    let absolute = fields.size("min_absolute_change")?;
    let relative = fields.size("min_relative_change")?;
    let changes = usize::from(absolute.is_some()) + usize::from(relative.is_some());
    rule.test = match (superior, margin, changes) {
        (Some(true), Some(_), _) => return fields.refuse("margin", "no margin with mode = \"superior\""),
        (Some(false), None, _) => return fields.refuse("margin", "a margin with this mode, in the unit of the metric"),
        (Some(false), _, 1..) | (_, Some(_), 1..) => {
            return fields.refuse("margin", "a margin, or a min_absolute_change or min_relative_change: one of these");
        }
        (_, Some(margin), _) => Some(Test::NonInferior { margin }),
        (_, None, 1..) => Some(Test::Superior(Change {
            absolute: absolute.unwrap_or_default(),
            relative: relative.unwrap_or_default(),
        })),
        (Some(true), None, _) => Some(Test::Superior(Change::default())),
        (None, None, _) => None,
    };
    Ok(rule)
}

fn rule_to_json(rule: &MetricRule) -> Value {
    let (mut mode, mut margin, mut absolute, mut relative) = (None, None, None, None);
    match rule.test {
        Some(Test::Superior(change)) if change == Change::default() => mode = Some("superior"),
        Some(Test::Superior(change)) => {
            absolute = Some(change.absolute).filter(|by| *by > 0.0);
            relative = Some(change.relative).filter(|by| *by > 0.0);
        }
        Some(Test::NonInferior { margin: by }) => margin = Some(by),
        None => {}
    }
    let limited = rule.floor.is_some() || rule.ceiling.is_some();
    let limit_on = (rule.limit_on == LimitOn::Bound && limited).then_some("lb");
    without_nulls(json!({
        "metric": rule.metric.to_string(), "mode": mode, "margin": margin, "min_absolute_change": absolute,
        "min_relative_change": relative, "floor": rule.floor, "ceiling": rule.ceiling, "floor_on": limit_on,
    }))
}

fn slices(value: &Value) -> Result<SliceRule> {
    let fields = Fields::new("slices", value, SLICES)?;
    Ok(SliceRule {
        columns: fields.texts("columns")?,
        metric: metric(&fields, "metric")?,
        margin: fields.size("margin")?,
        min_rows: fields.whole("min_rows", 1..=u64::MAX)?.unwrap_or(50),
        max: fields.whole("max", 1..=10_000)?.unwrap_or(64),
    })
}

fn blocks(value: &Value) -> Result<BlockRule> {
    let fields = Fields::new("blocks", value, BLOCKS)?;
    Ok(BlockRule {
        order: fields.text("order")?.map(str::to_owned),
        horizon: fields.whole("horizon", 1..=u64::MAX)?,
        length: fields.whole("length", 1..=u64::MAX)?,
    })
}

fn fairness(place: &str, value: &Value) -> Result<FairnessRule> {
    let fields = Fields::new(place, value, FAIRNESS)?;
    let column = fields.needed("column", "the column that has the group of a row")?.to_owned();
    let Some(measure) = fields.word("measure", &FairnessMeasure::ALL)? else {
        return fields.refuse("measure", "demographic_parity_difference, equalized_odds_difference or worst_group");
    };
    Ok(FairnessRule {
        column,
        measure,
        metric: metric(&fields, "metric")?,
        margin: fields.size("margin")?,
        floor: fields.number("floor")?,
        ceiling: fields.size("ceiling")?,
        min_rows: fields.whole("min_rows", 1..=u64::MAX)?.unwrap_or(50),
    })
}

fn budgets(value: &Value) -> Result<Vec<Budget>> {
    let known: Vec<_> = BudgetKind::ALL.iter().map(|(name, _)| *name).collect();
    let fields = Fields::new("budgets", value, &known)?;
    let mut found = Vec::new();
    for (name, kind) in BudgetKind::ALL {
        let Some(value) = fields.get(name) else { continue };
        found.push(if value.is_object() {
            let inner = Fields::new(fields.path(name), value, &["limit", "action"])?;
            let Some(limit) = inner.size("limit")? else { return inner.refuse("limit", "a number of 0 or more") };
            Budget { kind, limit, action: inner.word("action", &ACTIONS)? }
        } else {
            let limit = fields.size(name)?.unwrap_or_default();
            Budget { kind, limit, action: None }
        });
    }
    Ok(found)
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    const ALL: &str = r#"
name = "fraud-gate"
alpha = 0.1
resamples = 999
on_inconclusive = "ask"
spend = "bonferroni"
spend_uses = 10
group = "user"
positive = "yes"
cutoff = 0.4

[primary]
metric = "roc_auc"
margin = 0.005
floor = 0.8
floor_on = "lb"

[[guardrails]]
metric = "log_loss"
min_relative_change = 0.01
threshold = 0.5

[[guardrails]]
metric = "accuracy"
mode = "superior"

[slices]
columns = ["country", "age"]
metric = "accuracy"
margin = 0.02
min_rows = 30
max = 10

[blocks]
order = "day"
horizon = 7

[[fairness]]
column = "sex"
measure = "equalized_odds_difference"
margin = 0.02
ceiling = 0.1

[[fairness]]
column = "sex"
measure = "worst_group"
floor = 0.7

[budgets]
latency_p99_ratio = { limit = 0.2, action = "block" }
latency_p50_ratio = 0.1
size_bytes = 1000
"#;

    #[test]
    fn a_definition_is_read_and_written_back() {
        let gate = GateDefinition::from_toml(ALL).unwrap();
        assert_eq!(GateDefinition::from_json(&gate.to_json()).unwrap(), gate);
        assert_eq!(gate.guardrails[0].ceiling, Some(0.5), "the threshold of a loss is the most that it may be");
        assert_eq!(gate.guardrails[0].test, Some(Test::Superior(Change::relative(0.01))));
        assert_eq!(gate.budgets.len(), 3);
        assert_eq!((gate.spend, gate.resamples), (Spend::Bonferroni { uses: 10 }, 999));
    }

    #[test]
    fn the_digest_is_of_what_is_asked_for_and_not_of_how_it_is_written() {
        let plain = "name = \"g\"\n[primary]\nmetric = \"accuracy\"\n";
        let spelled = "# a note\nname = 'g'\nalpha = 5e-2\n\n[primary]\nmode = \"superior\"\nmetric = \"accuracy\"\n";
        let (plain, spelled) = (GateDefinition::from_toml(plain).unwrap(), GateDefinition::from_toml(spelled).unwrap());
        assert_eq!(plain.digest(), spelled.digest());
        assert!(plain.primary.test.is_none() && spelled.primary.test.is_some(), "but who said it is known");
        assert_ne!(plain.clone().with_alpha(0.1).digest(), plain.digest());
    }

    #[test]
    fn a_key_that_there_is_not_names_the_nearest() {
        for (text, named) in [
            ("nme = \"g\"", "`nme` is not valid: expected `name`"),
            (
                "name = \"g\"\n[primary]\nmetric = \"accuracy\"\nmargn = 0.1",
                "`primary.margn` is not valid: expected `margin`",
            ),
            ("name = \"g\"\n[primary]\nmetric = \"accuracy\"\n[slices]\ncolumn = [\"a\"]", "expected `columns`"),
            (
                "name = \"g\"\n[primary]\nmetric = \"accuracy\"\n[budgets]\nlatency_p99 = 1",
                "expected `latency_p99_ratio`",
            ),
            (
                "name = \"g\"\n[primary]\nmetric = \"accuracy\"\n[[guardrails]]\nmetric = \"f1\"\nmargin = 0.1\nx = 1",
                "guardrails.1.x",
            ),
        ] {
            let refused = GateDefinition::from_toml(text).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }

    #[test]
    fn a_value_that_a_key_cannot_have_is_named() {
        let primary = |rest: &str| format!("name = \"g\"\n[primary]\nmetric = \"accuracy\"\n{rest}");
        for (text, named) in [
            ("name = 3".to_owned(), "`name` of a gate `3`"),
            ("name = \"g\"".to_owned(), "[primary]"),
            ("name = \"g\"\n[primary]\nmode = \"superior\"".to_owned(), "primary.metric"),
            ("name = \"NaN\"\n[primary]\nmetric = \"accuracy\"".to_owned(), "another name"),
            ("name = \"g\"\n[primary]\nmetric = \"acuracy\"".to_owned(), "primary.metric"),
            (primary("margin = -0.1"), "0 or more"),
            (primary("margin = nan"), "primary.margin"),
            (primary("margin = 0.1\nmode = \"superior\""), "no margin"),
            (primary("mode = \"noninferior_and_not_worse\""), "a margin with this mode"),
            (primary("mode = \"better\""), "\"superior\""),
            (primary("margin = 0.1\nmin_absolute_change = 0.1"), "one of these"),
            (primary("min_relative_change = 0.1\nmin_absolute_change = -0.1"), "0 or more"),
            (primary("threshold = 0.1\nfloor = 0.1"), "mean the same"),
            (primary("greater_is_better = false"), "true, since more of it is better"),
            (primary("floor_on = \"lb\""), "a floor or a ceiling"),
            (primary("[slices]\ncolumns = [\"a\"]\nmargin = -0.1"), "slices.margin"),
            (primary("[slices]\nmargin = 0.1"), "at least one column"),
            (primary("[[guardrails]]\nmetric = \"accuracy\"\nfloor = 0.1"), "each metric once"),
            (primary("[[fairness]]\ncolumn = \"a\"\nmeasure = \"parity\""), "demographic_parity_difference"),
            (
                primary("[[fairness]]\ncolumn = \"a\"\nmeasure = \"demographic_parity_difference\"\nfloor = 1"),
                "floor and metric",
            ),
            (primary("[[fairness]]\ncolumn = \"a\"\nmeasure = \"worst_group\"\nfloor = 0\nceiling = 1"), "one of both"),
            (primary("[budgets]\nsize_bytes = -1"), "0 or more"),
            (primary("[budgets]\nsize_bytes = { limit = 1, action = \"stop\" }"), "\"block\", \"warn\""),
            ("alpha = 0.7\n".to_owned() + &primary(""), "below 0.5"),
            ("resamples = 10\n".to_owned() + &primary(""), "999"),
            ("spend_uses = 10\n".to_owned() + &primary(""), "bonferroni"),
            ("on_inconclusive = \"pass\"\n".to_owned() + &primary(""), "\"block\", \"allow\", \"ask\""),
            ("name = ".to_owned(), "TOML"),
        ] {
            let refused = GateDefinition::from_toml(&text).unwrap_err().to_string();
            assert!(refused.contains(named), "{text}: {refused}");
        }
        assert_eq!(GateDefinition::from_toml(&" ".repeat(20_000)).unwrap_err().code(), Code::LimitExceeded);
    }
}
