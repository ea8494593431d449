//! Two models compared by columns as they are at hand, whose classes have names.

use std::collections::HashMap;

use super::inputs::Column;
use super::naming::{Names, Naming, bad, check_there};
use super::scoring::{Needs, needs};
use super::stats::{CompareOptions, Comparison, DeLong, compare_all, delong};
use crate::error::{Error, Result};
use crate::metrics::{Metric, Predictions, Targets};

/// What a model said of each row.
#[derive(Clone, Debug, PartialEq)]
pub enum SaidColumn {
    /// A class, a number or a score of the positive class. For metrics of classes, whole numbers are classes and others
    /// probabilities of the positive one.
    Values(Column),
    /// The probabilities of the classes `(n_rows, n_classes)`, row by row, in the order of the classes.
    Probabilities {
        /// The numbers, `n_rows * n_classes` of them.
        values: Vec<f64>,
        /// How many classes there are, at least 2.
        n_classes: usize,
    },
}

impl<T: Into<Column>> From<T> for SaidColumn {
    fn from(values: T) -> Self {
        Self::Values(values.into())
    }
}

/// What was true of rows, and what two models said of them. Rows stay in their order.
///
/// The number of a class is its place in `classes`. Without these, targets and predictions that are whole numbers of 0 or more
/// are the numbers of classes as they are, and others are numbered in their order: numbers by size, then texts by their bytes.
/// Numbers that are predicted where the classes are texts are scores.
///
/// # Examples
/// ```
/// use mlops_core::gates::{ComparedColumns, compare_columns};
/// use mlops_core::gates::stats::CompareOptions;
/// let rows = ComparedColumns::new(vec!["no", "yes", "yes"], vec!["no", "yes", "no"], vec!["yes", "yes", "no"]);
/// let found = compare_columns(&["accuracy".parse()?], &rows, &CompareOptions::default())?;
/// assert_eq!((found[0].discordant, found[0].positives), (Some(1), None));
/// # Ok::<(), mlops_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedColumns {
    /// What is true: classes, numbers, or how relevant rows are.
    pub targets: Column,
    /// What the candidate said.
    pub candidate: SaidColumn,
    /// What the baseline said.
    pub baseline: SaidColumn,
    /// The names of the classes, in the order of their probabilities; None: as above.
    pub classes: Option<Vec<String>>,
    /// The name of the positive class; None: the class with the number 1, and of the classes 0 and 1 that of 1.
    pub positive: Option<String>,
    /// The query of each row, for rankings; None: there is none.
    pub queries: Option<Column>,
    /// The group of each row, which takes the place of that of the options; None: theirs.
    pub groups: Option<Column>,
}

impl ComparedColumns {
    /// Targets and predictions, and no more.
    pub fn new(targets: impl Into<Column>, candidate: impl Into<SaidColumn>, baseline: impl Into<SaidColumn>) -> Self {
        let (candidate, baseline) = (candidate.into(), baseline.into());
        Self {
            targets: targets.into(),
            candidate,
            baseline,
            classes: None,
            positive: None,
            queries: None,
            groups: None,
        }
    }
}

/// Compares by each of some metrics, as [`stats::compare_all`](super::stats::compare_all) does, on columns whose classes may have
/// names. Metrics are of one kind: of classes, of numbers, or of rankings.
///
/// # Errors
/// `InvalidArgument` as [`stats::compare_all`](super::stats::compare_all), for a value that is missing, a class that is not
/// among those that are named, and texts where numbers are needed.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::CompareOptions;
/// use mlops_core::gates::{ComparedColumns, compare_columns};
/// let rows = ComparedColumns::new(vec!["bad", "good", "good"], vec![0.2, 0.9, 0.7], vec![0.4, 0.6, 0.5]);
/// let found = compare_columns(&["log_loss".parse()?, "roc_auc".parse()?], &rows, &CompareOptions::default())?;
/// assert!(found[0].difference > 0.0 && found[1].difference == 0.0);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn compare_columns(
    metrics: &[Metric],
    columns: &ComparedColumns,
    options: &CompareOptions<'_>,
) -> Result<Vec<Comparison>> {
    let Some(first) = metrics.first() else { return Err(bad("metrics", "[]", "at least one metric")) };
    let rows = columns.targets.len();
    let groups = columns.groups.as_ref().map(|groups| group_numbers(groups, rows)).transpose()?;
    let options = CompareOptions { groups: groups.as_deref().or(options.groups), ..*options };
    match needs(*first) {
        Needs::Numbers => {
            let truth = numbers("targets", &columns.targets)?;
            let [ours, theirs] = columns.said(&Said::as_numbers)?;
            compare_all(metrics, &Targets::Values(&truth), &ours.get(), &theirs.get(), &options)
        }
        Needs::Ranking => {
            let Some(queries) = &columns.queries else {
                return Err(bad("queries", "None", &format!("the query of each row, which `{first}` needs")));
            };
            let (values, queries) = (numbers("targets", &columns.targets)?, numbered("queries", queries, rows)?);
            let [ours, theirs] = columns.said(&Said::as_numbers)?;
            let truth = Targets::Relevance { values: &values, queries: &queries };
            compare_all(metrics, &truth, &ours.get(), &theirs.get(), &options)
        }
        _ => {
            // Scores do for all of them, and classes for those alone that need no more.
            let of_scores = metrics.iter().any(|metric| needs(*metric) != Needs::Classes);
            let (names, truth) = columns.coded(of_scores)?;
            let positive = names.positive(columns.positive.as_deref(), &columns.targets)?;
            let metrics: Vec<Metric> = metrics.iter().map(|metric| metric.with_positive(positive)).collect();
            let [ours, theirs] = columns.said(&|what, said| columns.as_classes(what, said, &names, of_scores))?;
            compare_all(&metrics, &Targets::Classes(&truth), &ours.get(), &theirs.get(), &options)
        }
    }
}

/// DeLong's test of the areas of two models, as [`stats::delong`](super::stats::delong), on columns whose classes may have names.
///
/// # Errors
/// As [`compare_columns`] for the metric `roc_auc`, and `InvalidArgument` for more than two classes.
///
/// # Examples
/// ```
/// use mlops_core::gates::{ComparedColumns, delong_columns};
/// let truth = vec!["no", "no", "yes", "yes", "no", "yes"];
/// let rows = ComparedColumns::new(truth, vec![0.1, 0.4, 0.8, 0.9, 0.3, 0.7], vec![0.1, 0.9, 0.8, 0.3, 0.2, 0.7]);
/// assert!((delong_columns(&rows)?.difference - 1.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn delong_columns(columns: &ComparedColumns) -> Result<DeLong> {
    let (names, truth) = columns.coded(true)?;
    let metric = Metric::roc_auc().with_positive(names.positive(columns.positive.as_deref(), &columns.targets)?);
    let [ours, theirs] = columns.said(&|what, said| columns.as_classes(what, said, &names, true))?;
    delong(&metric, &Targets::Classes(&truth), &ours.get(), &theirs.get())
}

/// What a model said, as a metric takes it.
enum Said<'a> {
    Classes(Vec<u32>),
    Values(&'a [f64]),
    Probabilities { values: &'a [f64], n_classes: usize },
}

impl ComparedColumns {
    fn naming(&self) -> Naming<'_> {
        Naming { targets: &self.targets, classes: self.classes.as_deref() }
    }

    fn sides(&self) -> [(&'static str, &SaidColumn); 2] {
        [("the candidate's predictions", &self.candidate), ("the baseline's predictions", &self.baseline)]
    }

    fn said<'a>(&'a self, read: &Read<'a, '_>) -> Result<[Said<'a>; 2]> {
        let [(one, ours), (other, theirs)] = self.sides();
        Ok([read(one, ours)?, read(other, theirs)?])
    }

    /// The numbers of classes, and the class of each row.
    fn coded(&self, of_scores: bool) -> Result<(Names, Vec<u32>)> {
        let said = self.sides().map(|(what, said)| match said {
            SaidColumn::Values(column) if !of_scores && self.naming().is_of_classes(column) => Some((what, column)),
            _ => None,
        });
        let said: Vec<_> = said.into_iter().flatten().collect();
        let names = self.naming().names(&said)?;
        let truth = names.codes("targets", &self.targets)?;
        Ok((names, truth))
    }

    fn as_classes<'a>(
        &self,
        what: &'static str,
        said: &'a SaidColumn,
        names: &Names,
        of_scores: bool,
    ) -> Result<Said<'a>> {
        match said {
            SaidColumn::Values(column) if !of_scores && self.naming().is_of_classes(column) => {
                names.codes(what, column).map(Said::Classes)
            }
            SaidColumn::Values(column @ Column::Texts(_)) => {
                Err(texts(what, column, "scores or probabilities, which the metric needs, and not classes"))
            }
            SaidColumn::Probabilities { n_classes, .. } if names.len().is_some_and(|count| count != *n_classes) => {
                let expected = format!(
                    "a column for each of the classes, {}; name them by `classes` if some are in no row",
                    names.shown(&self.targets)
                );
                Err(bad(what, format!("{n_classes} columns"), &expected))
            }
            _ => Said::as_numbers(what, said),
        }
    }
}

type Read<'a, 'r> = dyn Fn(&'static str, &'a SaidColumn) -> Result<Said<'a>> + 'r;

impl<'a> Said<'a> {
    fn as_numbers(what: &'static str, said: &'a SaidColumn) -> Result<Self> {
        match said {
            SaidColumn::Values(Column::Numbers(values)) => Ok(Self::Values(values)),
            SaidColumn::Values(column) => Err(texts(what, column, "numbers")),
            SaidColumn::Probabilities { values, n_classes } => {
                Ok(Self::Probabilities { values, n_classes: *n_classes })
            }
        }
    }

    fn get(&self) -> Predictions<'_> {
        match self {
            Self::Classes(classes) => Predictions::Classes(classes),
            Self::Values(values) => Predictions::Values(values),
            Self::Probabilities { values, n_classes } => Predictions::Probabilities { values, n_classes: *n_classes },
        }
    }
}

/// The groups of [`CompareOptions`] from a column of their names: the same number for each row with the same name.
///
/// # Errors
/// `InvalidArgument` for another number of rows, and a name that is missing.
///
/// # Examples
/// ```
/// use mlops_core::gates::group_numbers;
/// assert_eq!(group_numbers(&vec!["ada", "bob", "ada"].into(), 3)?, [0, 1, 0]);
/// # Ok::<(), mlops_core::Error>(())
/// ```
pub fn group_numbers(groups: &Column, rows: usize) -> Result<Vec<u64>> {
    numbered("groups", groups, rows)
}

/// The same number for each row with the same value, in the order in which they come.
fn numbered(what: &str, column: &Column, rows: usize) -> Result<Vec<u64>> {
    if column.len() != rows {
        return Err(bad(what, format!("{} rows", column.len()), &format!("{rows} rows, as many as targets")));
    }
    check_there(what, column)?;
    let mut numbers = HashMap::new();
    let mut number = |name: String| {
        let next = numbers.len() as u64;
        *numbers.entry(name).or_insert(next)
    };
    Ok((0..rows).map(|row| number(column.text(row))).collect())
}

fn numbers(what: &str, column: &Column) -> Result<Vec<f64>> {
    match column {
        Column::Numbers(values) => Ok(values.clone()),
        Column::Texts(_) => Err(texts(what, column, "numbers, which the metric is of")),
    }
}

fn texts(what: &str, column: &Column, expected: &str) -> Error {
    bad(&format!("row 1 of {what}"), column.text(0), expected)
}

#[cfg(test)]
mod tests {
    use super::super::stats::compare;
    use super::*;

    fn one(metric: &str, columns: &ComparedColumns) -> Result<Comparison> {
        let options = CompareOptions { resamples: 999, threads: 1, ..CompareOptions::default() };
        Ok(compare_columns(&[metric.parse()?], columns, &options)?.remove(0))
    }

    #[test]
    fn whole_numbers_are_classes_as_they_are_and_the_result_is_that_of_arrays() {
        let (truth, ours, theirs) = ([0, 2, 3, 7, 2, 0], [0, 2, 3, 0, 2, 0], [0, 5, 3, 7, 2, 2]);
        let column = |classes: [u32; 6]| classes.map(f64::from).to_vec();
        let options = CompareOptions { resamples: 999, threads: 1, ..CompareOptions::default() };
        for name in ["accuracy", "f1_macro", "mcc"] {
            let found = one(name, &ComparedColumns::new(column(truth), column(ours), column(theirs))).unwrap();
            let (candidate, baseline) = (Predictions::Classes(&ours), Predictions::Classes(&theirs));
            let metric = name.parse().unwrap();
            let expected = compare(&metric, &Targets::Classes(&truth), &candidate, &baseline, &options).unwrap();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn names_of_classes_give_what_their_numbers_do() {
        let name = |class: &f64| if *class > 0.5 { "yes" } else { "no" };
        let truth: Vec<f64> = (0..60).map(|row| f64::from(row % 2)).collect();
        let ours: Vec<f64> = (0..60).map(|row| f64::from(u32::from(row % 2 == 1 && row % 9 != 0))).collect();
        let theirs: Vec<f64> = (0..60).map(|row| f64::from(u32::from(row % 2 == 1 && row % 5 != 0))).collect();
        let named = |values: &[f64]| values.iter().map(name).collect::<Vec<&str>>();
        let as_numbers = ComparedColumns::new(truth.clone(), ours.clone(), theirs.clone());
        let as_names = ComparedColumns::new(named(&truth), named(&ours), named(&theirs));
        assert_eq!(one("recall", &as_names).unwrap(), one("recall", &as_numbers).unwrap());
        let of_no = ComparedColumns { positive: Some("no".into()), ..as_names.clone() };
        let of_zero = ComparedColumns { positive: Some("0".into()), ..as_numbers };
        assert_eq!(one("precision", &of_no).unwrap(), one("precision", &of_zero).unwrap());
        let chances = |p: f64| SaidColumn::Probabilities { values: vec![p, 1.0 - p, 1.0 - p, p], n_classes: 2 };
        let one_first = ComparedColumns {
            classes: Some(vec!["1".into(), "0".into()]),
            ..ComparedColumns::new(vec![1.0, 0.0], chances(0.9), chances(0.2))
        };
        let found = one("roc_auc", &one_first).unwrap();
        assert!((found.candidate - 1.0).abs() < 1e-12 && found.baseline.abs() < 1e-12);
        let turned = ComparedColumns { classes: Some(vec!["yes".into(), "no".into()]), ..as_names };
        assert_eq!(one("precision", &turned).unwrap(), one("precision", &of_zero).unwrap());
    }

    #[test]
    fn classes_of_minus_one_and_one_are_numbered_by_size() {
        let rows = ComparedColumns::new(vec![-1.0, 1.0, 1.0, -1.0], vec![0.1, 0.8, 0.7, 0.4], vec![0.6, 0.5, 0.4, 0.3]);
        let found = one("roc_auc", &rows).unwrap();
        assert!((found.candidate - 1.0).abs() < 1e-12 && (found.baseline - 0.5).abs() < 1e-12);
        assert!((delong_columns(&rows).unwrap().difference - 0.5).abs() < 1e-12);
    }

    #[test]
    fn groups_and_queries_may_be_texts() {
        let values: Vec<f64> = (0..40).map(|row| f64::from(row % 7)).collect();
        let less: Vec<f64> = values.iter().map(|value| value + 0.5).collect();
        let group: Vec<String> = (0..40).map(|row| format!("user {}", row / 4)).collect();
        let rows = ComparedColumns {
            groups: Some(group.clone().into()),
            ..ComparedColumns::new(values.clone(), values.clone(), less)
        };
        assert_eq!(one("mae", &rows).unwrap().method, "cluster_bca");
        let ranked = ComparedColumns { groups: None, queries: Some(group.into()), ..rows.clone() };
        assert_eq!(one("ndcg", &ranked).unwrap().rows, 40);
        let short = ComparedColumns { groups: Some(vec![1.0].into()), ..rows.clone() };
        assert!(one("mae", &short).unwrap_err().to_string().contains("groups `1 rows`"));
        assert!(one("mrr", &rows).unwrap_err().to_string().contains("queries"));
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let said = |metric, rows: &ComparedColumns| one(metric, rows).unwrap_err().to_string();
        let texts = ComparedColumns::new(vec!["a", "b"], vec!["a", "b"], vec!["a", "a"]);
        assert!(
            said("log_loss", &texts).contains("row 1 of the candidate's predictions `a`"),
            "{}",
            said("log_loss", &texts)
        );
        assert!(said("mae", &texts).contains("row 1 of targets `a`"));
        let missing = ComparedColumns::new(vec!["a", ""], vec!["a", "b"], vec!["a", "a"]);
        assert!(said("accuracy", &missing).contains("row 2 of targets"));
        let named = ComparedColumns { classes: Some(vec!["a".into()]), ..texts.clone() };
        assert!(said("accuracy", &named).contains("row 2 of targets `b`"));
        let twice = ComparedColumns { classes: Some(vec!["a".into(), "a".into()]), ..texts.clone() };
        assert!(said("accuracy", &twice).contains("each class once"));
        let other = ComparedColumns { positive: Some("c".into()), ..texts.clone() };
        assert!(said("f1", &other).contains("positive `c`") && said("f1", &other).contains("`a`, `b`"));
        let scores = ComparedColumns::new(vec!["a", "b"], vec![0.0, 1.0], vec![1.0, 1.0]);
        assert_eq!(one("accuracy", &scores).unwrap().discordant, Some(1));
        let spelt = ComparedColumns::new(vec!["True", "False"], vec!["1", "0"], vec!["1", "1"]);
        assert!(
            said("accuracy", &spelt).contains("classes of the targets, `False`, `True`"),
            "{}",
            said("accuracy", &spelt)
        );
        let fraction = ComparedColumns::new(vec![0.5, 1.0], vec![0.0, 1.0], vec![0.0, 1.0]);
        assert!(said("accuracy", &fraction).contains("row 1 of targets `0.5`"));
        let three = || SaidColumn::Probabilities { values: vec![0.5, 0.25, 0.25, 0.25, 0.25, 0.5], n_classes: 3 };
        let unsaid = ComparedColumns::new(vec!["a", "c"], three(), three());
        assert!(said("log_loss", &unsaid).contains("`3 columns`"), "{}", said("log_loss", &unsaid));
        let names = Some(["a", "b", "c"].map(str::to_owned).to_vec());
        assert!(
            (one("log_loss", &ComparedColumns { classes: names, ..unsaid }).unwrap().candidate - 2_f64.ln()).abs()
                < 1e-12
        );
        let numbers = ComparedColumns::new(vec![0.0, f64::NAN], vec![0.0, 1.0], vec![0.0, 1.0]);
        assert!(said("accuracy", &numbers).contains("row 2 of targets"));
        assert!(compare_columns(&[], &texts, &CompareOptions::default()).is_err());
    }
}
