//! What was handed in, checked, and in one order whatever order it came in.

use std::collections::{BTreeMap, HashMap};

use super::definition::GateDefinition;
use super::inputs::{Column, GateInputs, OwnValues, Predicted, number_text};
use super::own::OwnFunction;
use crate::base::digests::{Digest, DigestHasher};
use crate::base::limits;

/// Why the inputs cannot be judged.
pub(super) type Checked<T> = Result<T, String>;

/// A column of few different values.
#[derive(Clone, Debug)]
pub(super) struct Coded {
    /// The values, sorted.
    pub(super) names: Vec<String>,
    /// Which of them a row has.
    pub(super) codes: Vec<u32>,
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
    /// The names of the classes, sorted; of regression they mean nothing.
    pub(super) classes: Vec<String>,
    /// Which rows belong together.
    pub(super) groups: Option<Vec<u64>>,
    pub(super) candidate_digest: String,
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
        let digests = digests(inputs, &candidate, baseline.as_ref());
        let order = order(definition, inputs, &digests.of_rows)?;
        let columns = inputs.columns.iter().map(|(name, column)| (name.clone(), column.pick(&order))).collect();
        let mut found = Self {
            targets: inputs.targets.pick(&order),
            candidate: candidate.pick(&order),
            baseline: baseline.map(|of| of.pick(&order)),
            columns,
            own: inputs.own.iter().map(|(name, of)| (name.clone(), of.pick(&order))).collect(),
            own_functions: inputs.own_functions.clone(),
            places: order.iter().filter_map(|row| u32::try_from(*row).ok()).collect(),
            classes: Vec::new(),
            groups: None,
            candidate_digest: inputs.candidate_digest.clone().unwrap_or_else(|| digests.candidate.to_string()),
            baseline_digest: digests
                .baseline
                .map(|of| inputs.baseline_digest.clone().unwrap_or_else(|| of.to_string())),
            data_digest: inputs.data_digest.clone().unwrap_or_else(|| digests.data.to_string()),
            is_named: inputs.data_digest.is_some() || inputs.ids.is_some(),
        };
        found.classes = found.all_classes(definition);
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

    /// The classes of targets and predictions. Of numbers that are all 0 or 1 both are there.
    fn all_classes(&self, definition: &GateDefinition) -> Vec<String> {
        let predicted = [Some(&self.candidate), self.baseline.as_ref()].into_iter().flatten();
        let columns = std::iter::once(&self.targets).chain(predicted.clone().filter_map(|of| of.values.as_ref()));
        // What has fractions is a number or a score, and no class.
        let columns = columns.filter(|column| may_be_classes(column));
        let mut names: Vec<String> = columns.flat_map(|column| code(column).names).collect();
        names.extend(predicted.flat_map(|of| of.probabilities.keys().cloned()));
        names.extend(definition.positive.clone());
        if names.iter().all(|name| ["0", "1"].contains(&name.as_str())) {
            names.extend(["0".to_owned(), "1".to_owned()]);
        }
        sort_names(&mut names);
        names
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
            for value in values {
                let name = || if value.is_nan() { MISSING.to_owned() } else { number_text(*value) };
                // Whatever NaN it is, and whichever zero.
                let bits = if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
                first.push(*places.entry(bits).or_insert_with(|| place(name())));
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
    let own = predicted.values.as_ref().map(Column::len);
    let own = own.or(predicted.scores.as_ref().map(Vec::len)).or(predicted.probabilities.values().next().map(Vec::len));
    let own = own.unwrap_or_default();
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

struct Digests {
    of_rows: Vec<Digest>,
    candidate: Digest,
    baseline: Option<Digest>,
    data: Digest,
}

/// The digests of the rows, and of the sets of rows, whatever their order.
fn digests(inputs: &GateInputs, candidate: &Predicted, baseline: Option<&Predicted>) -> Digests {
    let rows = inputs.targets.len();
    let of_data: Vec<Digest> = (0..rows)
        .map(|row| {
            let mut hasher = DigestHasher::new();
            if let Some(id) = inputs.ids.as_ref().and_then(|ids| ids.get(row)) {
                put(&mut hasher, id.as_bytes());
            } else {
                inputs.columns.values().for_each(|column| put_cell(&mut hasher, column, row));
            }
            put_cell(&mut hasher, &inputs.targets, row);
            hasher.finish()
        })
        .collect();
    let with = |predicted: &Predicted, own: fn(&OwnValues) -> &[f64]| -> Vec<Digest> {
        of_data
            .iter()
            .enumerate()
            .map(|(row, data)| {
                let mut hasher = DigestHasher::new();
                hasher.update(data.as_bytes());
                put_predicted(&mut hasher, predicted, inputs.own.values().map(own), row);
                hasher.finish()
            })
            .collect()
    };
    let of_candidate = with(candidate, |own| &own.candidate);
    let of_baseline = baseline.map(|of| with(of, |own| &own.baseline));
    let of_rows = match &of_baseline {
        None => of_candidate.clone(),
        Some(of_baseline) => {
            let both = of_candidate.iter().zip(of_baseline);
            both.map(|(a, b)| Digest::of(&[*a.as_bytes(), *b.as_bytes()].concat())).collect()
        }
    };
    Digests { of_rows, candidate: of_set(of_candidate), baseline: of_baseline.map(of_set), data: of_set(of_data) }
}

fn of_set(mut rows: Vec<Digest>) -> Digest {
    rows.sort_unstable();
    let mut hasher = DigestHasher::new();
    rows.iter().for_each(|row| hasher.update(row.as_bytes()));
    hasher.finish()
}

fn put(hasher: &mut DigestHasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn put_cell(hasher: &mut DigestHasher, column: &Column, row: usize) {
    match column {
        Column::Numbers(values) => put(hasher, &values.get(row).copied().unwrap_or(f64::NAN).to_bits().to_le_bytes()),
        Column::Texts(values) => put(hasher, values.get(row).map_or(&[][..], |text| text.as_bytes())),
    }
}

fn put_predicted<'a>(
    hasher: &mut DigestHasher,
    predicted: &Predicted,
    own: impl Iterator<Item = &'a [f64]>,
    row: usize,
) {
    let number = |hasher: &mut DigestHasher, values: &[f64]| {
        put(hasher, &values.get(row).copied().unwrap_or(f64::NAN).to_bits().to_le_bytes());
    };
    if let Some(values) = &predicted.values {
        put_cell(hasher, values, row);
    }
    if let Some(scores) = &predicted.scores {
        number(hasher, scores);
    }
    predicted.probabilities.values().for_each(|values| number(hasher, values));
    own.for_each(|values| number(hasher, values));
}

/// The order in which rows are looked at: that of time, else of the ids, else of their content.
fn order(definition: &GateDefinition, inputs: &GateInputs, of_rows: &[Digest]) -> Checked<Vec<usize>> {
    let mut order: Vec<usize> = (0..inputs.targets.len()).collect();
    let digest = |row: &usize| of_rows.get(*row);
    let id = |row: &usize| inputs.ids.as_ref().and_then(|ids| ids.get(*row));
    let Some(blocks) = &definition.blocks else {
        order.sort_by(|a, b| id(a).cmp(&id(b)).then_with(|| digest(a).cmp(&digest(b))));
        return Ok(order);
    };
    let Some((name, column)) = blocks.order.as_ref().and_then(|name| inputs.columns.get_key_value(name)) else {
        return Ok(order);
    };
    if let Some(row) = order.iter().find(|row| column.is_missing(**row)) {
        return Err(format!("the column `{name}`, which has the order of the rows, has nothing in row {}", row + 1));
    }
    let then = |a: &usize, b: &usize| id(a).cmp(&id(b)).then_with(|| digest(a).cmp(&digest(b)));
    // Numbers that are written as texts are numbers here.
    let read = match column {
        Column::Texts(texts) => texts.iter().map(|text| text.parse().ok()).collect::<Option<Vec<f64>>>(),
        Column::Numbers(_) => None,
    };
    match read.map(Column::Numbers).as_ref().unwrap_or(column) {
        Column::Numbers(values) => {
            let at = |row: &usize| values.get(*row).copied().unwrap_or_default();
            order.sort_by(|a, b| at(a).total_cmp(&at(b)).then_with(|| then(a, b)));
        }
        Column::Texts(values) => order.sort_by(|a, b| values.get(*a).cmp(&values.get(*b)).then_with(|| then(a, b))),
    }
    Ok(order)
}
