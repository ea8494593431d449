//! What was handed in, checked, and in one order whatever order it came in.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use super::definition::GateDefinition;
use super::inputs::{Column, GateInputs, OwnValues, Predicted, number_text};
use super::order::{Cells, Order, cells_of, word};
use super::own::OwnFunction;
use crate::base::limits;

/// Why the inputs cannot be judged.
pub(super) type Checked<T> = Result<T, String>;

/// A column of few different values.
#[derive(Clone, Debug)]
pub(super) struct Coded {
    /// The values that occur, sorted.
    pub(super) names: Vec<String>,
    /// Which of them a row has.
    pub(super) codes: Vec<u32>,
}

/// Which class each row is of, and was predicted to be of; None for what has fractions.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    /// The names of the classes, sorted. Codes are places among them.
    pub(super) classes: Vec<String>,
    pub(super) targets: Option<Coded>,
    pub(super) candidate: Option<Coded>,
    pub(super) baseline: Option<Coded>,
}

/// The rows of a gate. All parts have the same length, and nothing is missing, infinite or NaN.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) targets: Column,
    pub(super) candidate: Predicted,
    pub(super) baseline: Option<Predicted>,
    pub(super) columns: BTreeMap<String, Column>,
    /// The values of the caller's own metrics.
    pub(super) own: BTreeMap<String, OwnValues>,
    /// Functions of the caller's own, and where each row stood when it was handed in, which they know it by.
    pub(super) own_functions: BTreeMap<String, OwnFunction>,
    pub(super) places: Vec<u32>,
    /// The class of each row; of regression nobody asks.
    labels: OnceCell<Labels>,
    /// Which rows belong together.
    pub(super) groups: Option<Vec<u64>>,
    pub(super) candidate_digest: String,
    /// What names the candidate where uses of the data are counted.
    pub(super) subject: String,
    pub(super) baseline_digest: Option<String>,
    /// What names the data: for the seed.
    pub(super) data_digest: String,
    /// It names the data beyond doubt, so that its uses can be counted.
    pub(super) is_named: bool,
}

impl Rows {
    /// The rows that were handed in, or why they cannot be judged.
    pub(super) fn new(definition: &GateDefinition, inputs: &GateInputs) -> Checked<Self> {
        if let Some(failure) = &inputs.failure {
            return Err(failure.clone());
        }
        let rows = inputs.targets.len();
        if rows == 0 {
            return Err("there are no rows".into());
        }
        if rows > limits::GATE_ROWS {
            return Err(format!("there are {rows} rows, over the limit of {}; hand in a sample", limits::GATE_ROWS));
        }
        whole("targets", &inputs.targets, rows)?;
        if let Some(ids) = &inputs.ids {
            check_ids("the targets", ids, rows)?;
        }
        let (ids, has_own) = (inputs.ids.as_deref(), !(inputs.own.is_empty() && inputs.own_functions.is_empty()));
        let candidate = aligned("the candidate", &inputs.candidate, ids, rows, has_own)?;
        let baseline = inputs.baseline.as_ref();
        let baseline = baseline.map(|of| aligned("the baseline", of, ids, rows, has_own)).transpose()?;
        for (name, column) in &inputs.columns {
            if column.len() != rows {
                return Err(format!("the column `{name}` has {} rows, and the targets have {rows}", column.len()));
            }
        }
        for (name, own) in &inputs.own {
            finite(&format!("values of `own:{}` of the candidate", shorten(name)), &own.candidate, rows)?;
            if baseline.is_some() {
                finite(&format!("values of `own:{}` of the baseline", shorten(name)), &own.baseline, rows)?;
            }
        }
        if !inputs.row_hashes.is_empty() && inputs.row_hashes.len() != rows {
            return Err(format!("there are {} hashes of {rows} rows", inputs.row_hashes.len()));
        }
        for name in definition.columns() {
            if !inputs.columns.contains_key(name) {
                return Err(absent(name, inputs));
            }
        }
        for name in definition.group.iter().chain(&definition.query) {
            let missing = |row: &usize| inputs.columns.get(name).is_some_and(|column| column.is_missing(*row));
            if let Some(row) = (0..rows).find(missing) {
                return Err(format!(
                    "the column `{name}`, by which rows belong together, has nothing in row {}",
                    row + 1
                ));
            }
        }
        let content = Content::new(inputs, &candidate, baseline.as_ref());
        let order = order(definition, inputs, content.order)?;
        let columns = inputs.columns.iter().map(|(name, column)| (name.clone(), column.pick(&order))).collect();
        let mut found = Self {
            targets: inputs.targets.pick(&order),
            candidate: candidate.pick(&order),
            baseline: baseline.map(|of| of.pick(&order)),
            columns,
            own: inputs.own.iter().map(|(name, of)| (name.clone(), of.pick(&order))).collect(),
            own_functions: inputs.own_functions.clone(),
            places: order.iter().filter_map(|row| u32::try_from(*row).ok()).collect(),
            labels: OnceCell::new(),
            groups: None,
            candidate_digest: content.candidate,
            subject: content.subject,
            baseline_digest: content.baseline,
            data_digest: content.data,
            is_named: inputs.data_digest.is_some() || inputs.ids.is_some(),
        };
        found.groups = definition
            .group
            .as_ref()
            .and_then(|name| found.coded(name))
            .map(|coded| coded.codes.into_iter().map(u64::from).collect());
        Ok(found)
    }

    pub(super) fn len(&self) -> usize {
        self.targets.len()
    }

    /// A column as codes; what is missing is a value of its own.
    pub(super) fn coded(&self, name: &str) -> Option<Coded> {
        Some(code(self.columns.get(name)?))
    }

    /// The classes of targets and predictions.
    pub(super) fn labels(&self) -> &Labels {
        self.labels.get_or_init(|| self.read_labels())
    }

    fn read_labels(&self) -> Labels {
        // What has fractions is a number or a score, and no class.
        let coded = |column: Option<&Column>| column.filter(|column| may_be_classes(column)).map(code);
        let mut found = Labels {
            classes: Vec::new(),
            targets: coded(Some(&self.targets)),
            candidate: coded(self.candidate.values.as_ref()),
            baseline: coded(self.baseline.as_ref().and_then(|of| of.values.as_ref())),
        };
        let columns = [&mut found.targets, &mut found.candidate, &mut found.baseline];
        let mut names: Vec<String> =
            columns.iter().filter_map(|of| of.as_ref()).flat_map(|of| of.names.clone()).collect();
        for predicted in [Some(&self.candidate), self.baseline.as_ref()].into_iter().flatten() {
            names.extend(predicted.probabilities.keys().cloned());
        }
        // Of numbers that are all 0 or 1 both are there.
        if names.iter().all(|name| ["0", "1"].contains(&name.as_str())) {
            names.extend(["0".to_owned(), "1".to_owned()]);
        }
        sort_names(&mut names);
        let places: HashMap<&String, u32> = names.iter().zip(0_u32..).collect();
        for of in columns.into_iter().flatten() {
            let moved: Vec<u32> = of.names.iter().map(|name| places.get(name).copied().unwrap_or_default()).collect();
            of.codes.iter_mut().for_each(|code| *code = moved.get(*code as usize).copied().unwrap_or_default());
        }
        found.classes = names;
        found
    }
}

/// True for texts, and for whole numbers.
pub(super) fn may_be_classes(column: &Column) -> bool {
    match column {
        Column::Numbers(values) => values.iter().all(|value| value.fract() == 0.0),
        Column::Texts(_) => true,
    }
}

/// Numbers by their size, texts by their letters.
fn sort_names(names: &mut Vec<String>) {
    let numbers: Option<Vec<f64>> =
        names.iter().map(|name| name.parse().ok().filter(|n: &f64| n.is_finite())).collect();
    if numbers.is_some() {
        let number = |name: &String| name.parse::<f64>().unwrap_or_default();
        names.sort_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
    } else {
        names.sort();
    }
    names.dedup();
}

/// What stands for a value that is missing.
const MISSING: &str = "(missing)";

/// A column as codes of its values.
pub(super) fn code(column: &Column) -> Coded {
    let mut names: Vec<String> = Vec::new();
    let mut first: Vec<u32> = Vec::with_capacity(column.len());
    let mut place = |name: String| {
        names.push(name);
        u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
    };
    match column {
        Column::Numbers(values) => {
            let mut places: HashMap<u64, u32> = HashMap::new();
            let mut small = [None; 256];
            for (row, value) in values.iter().enumerate() {
                let name = || if value.is_nan() { MISSING.to_owned() } else { number_text(*value) };
                // Classes are most often small numbers, which need no search.
                let found = match small_whole(*value).and_then(|at| small.get_mut(at)) {
                    Some(found) => *found.get_or_insert_with(|| place(name())),
                    None => *places.entry(word(values, row)).or_insert_with(|| place(name())),
                };
                first.push(found);
            }
        }
        Column::Texts(values) => {
            let mut places: HashMap<&str, u32> = HashMap::new();
            for text in values {
                let name = || if text.is_empty() { MISSING.to_owned() } else { text.clone() };
                first.push(*places.entry(text).or_insert_with(|| place(name())));
            }
        }
    }
    let was = names.clone();
    sort_names(&mut names);
    let places: HashMap<&String, u32> = names.iter().zip(0_u32..).collect();
    let moved: Vec<u32> = was.iter().map(|name| places.get(name).copied().unwrap_or_default()).collect();
    let codes = first.into_iter().map(|was| moved.get(was as usize).copied().unwrap_or_default()).collect();
    Coded { names, codes }
}

/// The number, if it is whole and below 256.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what does not fit is another number then")]
fn small_whole(value: f64) -> Option<usize> {
    let whole = value as u8;
    ((f64::from(whole) - value).abs() <= 0.0).then_some(usize::from(whole))
}

fn absent(name: &str, inputs: &GateInputs) -> String {
    let there: Vec<_> = inputs.columns.keys().map(|name| format!("`{name}`")).collect();
    let there = if there.is_empty() { "there are none".into() } else { format!("there are {}", there.join(", ")) };
    format!("the gate asks for the column `{name}`, which was not handed in; {there}")
}

fn check_ids<'a>(of: &str, ids: &'a [String], rows: usize) -> Checked<HashMap<&'a str, usize>> {
    if ids.len() != rows {
        return Err(format!("{of} have {} ids and {rows} rows", ids.len()));
    }
    let mut places = HashMap::with_capacity(rows);
    for (at, id) in ids.iter().enumerate() {
        if id.is_empty() {
            return Err(format!("row {} of {of} has no id", at + 1));
        }
        if places.insert(id.as_str(), at).is_some() {
            return Err(format!("the id `{}` stands twice among those of {of}", shorten(id)));
        }
    }
    Ok(places)
}

/// Refuses a column that is not whole.
fn whole(what: &str, column: &Column, rows: usize) -> Checked<()> {
    if column.len() != rows {
        return Err(format!("{what} have {} rows, and the targets have {rows}", column.len()));
    }
    if let Column::Numbers(values) = column {
        finite(what, values, rows)?;
    }
    let missing = (0..rows).filter(|row| column.is_missing(*row)).count();
    if missing > 0 {
        return Err(format!("{missing} of {rows} {what} are missing"));
    }
    Ok(())
}

fn finite(what: &str, values: &[f64], rows: usize) -> Checked<()> {
    if values.len() != rows {
        return Err(format!("{what} have {} rows, and the targets have {rows}", values.len()));
    }
    let nan = values.iter().filter(|value| value.is_nan()).count();
    let infinite = values.iter().filter(|value| value.is_infinite()).count();
    if nan + infinite == 0 {
        return Ok(());
    }
    let at = values.iter().position(|value| !value.is_finite()).unwrap_or_default() + 1;
    Err(format!("{nan} of {rows} {what} are NaN or missing and {infinite} are infinite, the first in row {at}"))
}

/// What a model predicted, in the order of the targets.
fn aligned(of: &str, predicted: &Predicted, ids: Option<&[String]>, rows: usize, has_own: bool) -> Checked<Predicted> {
    if predicted.values.is_none() && predicted.scores.is_none() && predicted.probabilities.is_empty() {
        // Values of the caller's own metrics may be all that there is.
        return if has_own { Ok(predicted.clone()) } else { Err(format!("{of} has no predictions")) };
    }
    let lengths = predicted.values.iter().map(Column::len).chain(predicted.scores.iter().map(Vec::len));
    let mut lengths = lengths.chain(predicted.probabilities.values().map(Vec::len));
    let own = lengths.next().unwrap_or_default();
    if let Some(other) = lengths.find(|length| *length != own) {
        return Err(format!("predictions of {of} have {own} rows and {other} rows: expected as many of each kind"));
    }
    let same = match (&predicted.ids, ids) {
        (Some(_), None) => return Err(format!("the rows of {of} have ids, and the targets have none")),
        (None, _) => predicted.clone(),
        (Some(found), Some(ids)) => {
            let places = check_ids(of, found, own)?;
            let order: Vec<usize> = ids.iter().filter_map(|id| places.get(id.as_str()).copied()).collect();
            if order.len() != rows || own != rows {
                let missing = rows - order.len();
                let more = own - order.len();
                let example = ids.iter().find(|id| !places.contains_key(id.as_str())).or_else(|| {
                    let known: std::collections::HashSet<&String> = ids.iter().collect();
                    found.iter().find(|id| !known.contains(id))
                });
                let example = example.map_or_else(String::new, |id| format!(", such as `{}`", shorten(id)));
                return Err(format!(
                    "the rows of {of} are others than those of the targets: {missing} of {rows} are missing and {more} are too many{example}"
                ));
            }
            predicted.pick(&order)
        }
    };
    if let Some(values) = &same.values {
        whole(&format!("predictions of {of}"), values, rows)?;
    }
    if let Some(scores) = &same.scores {
        finite(&format!("scores of {of}"), scores, rows)?;
    }
    for (class, values) in &same.probabilities {
        finite(&format!("probabilities of `{}` of {of}", shorten(class)), values, rows)?;
    }
    Ok(same)
}

fn shorten(text: &str) -> String {
    text.chars().take(60).collect()
}

/// What names models and data, where nobody said it, and the rows in the order of their content.
struct Content {
    order: Order,
    candidate: String,
    subject: String,
    baseline: Option<String>,
    data: String,
}

impl Content {
    fn new(inputs: &GateInputs, candidate: &Predicted, baseline: Option<&Predicted>) -> Self {
        let targets = Cells::from(&inputs.targets);
        let data: Vec<Cells<'_>> = match &inputs.ids {
            Some(ids) => vec![Cells::Texts(ids), targets],
            None => inputs.columns.values().map(Cells::from).chain([targets]).collect(),
        };
        let with = |predicted, own: fn(&OwnValues) -> &[f64]| {
            let mut cells = cells_of(predicted);
            cells.extend(inputs.own.values().map(|values| Cells::Numbers(own(values))));
            cells
        };
        let ours = with(candidate, |own| &own.candidate);
        let theirs = baseline.map(|of| with(of, |own| &own.baseline));
        let of_data = Order::new(inputs.targets.len()).then_by(&data);
        let is_told_apart = of_data.is_strict();
        let data_digest = inputs.data_digest.clone().unwrap_or_else(|| of_data.digest(&data).to_string());
        let baseline = theirs.as_ref().map(|theirs| match &inputs.baseline_digest {
            Some(given) => given.clone(),
            None => of_data.clone().then_by(theirs).digest(&[&*data, theirs].concat()).to_string(),
        });
        let order = of_data.then_by(&ours);
        let of_candidate = || order.digest(&[&*data, &*ours].concat()).to_string();
        let candidate = inputs.candidate_digest.clone().unwrap_or_else(of_candidate);
        // Where nothing tells rows apart, candidates that are wrong in other rows may have the same content: as they were
        // handed in they differ.
        let subject = if inputs.candidate_digest.is_some() || is_told_apart {
            candidate.clone()
        } else {
            Order::new(inputs.targets.len()).digest(&[&*data, &*ours].concat()).to_string()
        };
        let order = order.then_by(theirs.as_deref().unwrap_or_default());
        Self { order, candidate, subject, baseline, data: data_digest }
    }
}

/// The order in which rows are looked at: that of time, or of their content.
fn order(definition: &GateDefinition, inputs: &GateInputs, by_content: Order) -> Checked<Vec<usize>> {
    let mut order = by_content.rows;
    let Some(blocks) = &definition.blocks else { return Ok(order) };
    let Some((name, column)) = blocks.order.as_ref().and_then(|name| inputs.columns.get_key_value(name)) else {
        order.sort_unstable();
        return Ok(order);
    };
    if let Some(row) = (0..order.len()).find(|row| column.is_missing(*row)) {
        return Err(format!("the column `{name}`, which has the order of the rows, has nothing in row {}", row + 1));
    }
    // Numbers that are written as texts are numbers here.
    let read = match column {
        Column::Texts(texts) => texts.iter().map(|text| text.parse().ok()).collect::<Option<Vec<f64>>>(),
        Column::Numbers(_) => None,
    };
    // Rows of one time stay in the order of their content.
    match read.map(Column::Numbers).as_ref().unwrap_or(column) {
        Column::Numbers(values) => {
            let at = |row: &usize| values.get(*row).copied().unwrap_or_default();
            order.sort_by(|a, b| at(a).total_cmp(&at(b)));
        }
        Column::Texts(values) => order.sort_by(|a, b| values.get(*a).cmp(&values.get(*b))),
    }
    Ok(order)
}
