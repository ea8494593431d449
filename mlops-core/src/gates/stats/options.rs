//! What a comparison is told beside the arrays.

use std::fmt;
use std::str::FromStr;

use super::watch::Watch;
use crate::error::{Error, Result};

/// The fewest resamples of a bootstrap.
pub const FEWEST_RESAMPLES: u32 = 999;
/// The most resamples of a bootstrap.
pub const MOST_RESAMPLES: u32 = 1_000_000;

/// How the interval and the p-value are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// What suits the metric, the rows and the options; [`compare`](super::compare) has the table.
    #[default]
    Auto,
    /// The paired bootstrap: BCa for smooth metrics of at most 5,000 rows, percentile else.
    Bootstrap,
    /// The paired percentile bootstrap.
    Percentile,
    /// The paired bootstrap with bias correction and acceleration; at most 5,000 rows or groups.
    Bca,
    /// Student's t of the differences of rows, for means.
    PairedT,
    /// The interval of the t of the differences, with the p-value of Wilcoxon's signed-rank test, for means.
    Wilcoxon,
    /// The interval of the normal over the discordant rows and the p-value of McNemar's exact test, for 0/1 metrics.
    Wald,
    /// DeLong's variance of AUC, for two classes.
    DeLong,
}

/// All of them, by name.
const METHODS: [(&str, Method); 8] = [
    ("auto", Method::Auto),
    ("bootstrap", Method::Bootstrap),
    ("percentile", Method::Percentile),
    ("bca", Method::Bca),
    ("paired_t", Method::PairedT),
    ("wilcoxon", Method::Wilcoxon),
    ("wald", Method::Wald),
    ("delong", Method::DeLong),
];

impl fmt::Display for Method {
    /// The name, which does not change: `paired_t`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(METHODS.iter().find(|(_, method)| method == self).map_or("auto", |(name, _)| name))
    }
}

impl FromStr for Method {
    type Err = Error;

    /// Reads the name of a method.
    ///
    /// ```
    /// use mlops_core::gates::stats::Method;
    /// assert_eq!("paired_t".parse::<Method>()?, Method::PairedT);
    /// assert!("t".parse::<Method>().unwrap_err().to_string().contains("wilcoxon"));
    /// # Ok::<(), mlops_core::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let found = METHODS.iter().find(|(name, _)| *name == text).map(|(_, method)| *method);
        let names = || METHODS.map(|(name, _)| name).join(", ");
        found.ok_or_else(|| bad("method", text, &format!("one of {}", names())))
    }
}

/// Rows that are in the order of time, each depending on those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series {
    /// How many steps ahead the predictions are, at least 1: their errors depend on each other over that many rows less one.
    pub horizon: u32,
    /// How many rows a block of the bootstrap has; None is the larger of the horizon and the cube root of the rows, rounded up.
    pub block: Option<u32>,
}

/// How a candidate is compared.
///
/// # Examples
/// ```
/// use mlops_core::gates::stats::{CompareOptions, Method};
/// let options = CompareOptions { resamples: 4_000, method: Method::Bootstrap, ..CompareOptions::default() };
/// assert_eq!(options.alpha, 0.05);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CompareOptions<'a> {
    /// The level of each one-sided bound, above 0 and below 1/2; 0.05.
    pub alpha: f64,
    /// How many resamples a bootstrap takes, 999 to 1,000,000; 2,000.
    pub resamples: u32,
    /// What the resamples are drawn from; 0. The same seed draws the same rows, also for another metric.
    pub seed: u64,
    /// The group of each row `(n_rows,)`, such as the user or patient: rows with the same number depend on each other, and are
    /// drawn together. None: rows are independent.
    pub groups: Option<&'a [u64]>,
    /// Set if rows are in the order of time. Not together with groups.
    pub series: Option<Series>,
    /// How interval and p-value are made; Auto.
    pub method: Method,
    /// How many threads resample; 0 is as many as the machine has. The result is the same for each.
    pub threads: usize,
    /// Who hears how far it is, and may end it; None.
    pub watch: Option<&'a Watch>,
}

impl Default for CompareOptions<'_> {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            resamples: 2_000,
            seed: 0,
            groups: None,
            series: None,
            method: Method::Auto,
            threads: 0,
            watch: None,
        }
    }
}

impl CompareOptions<'_> {
    /// Checks what can be checked without the rows.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(super) fn check(&self, rows: usize) -> Result<()> {
        check_alpha(self.alpha)?;
        if !(FEWEST_RESAMPLES..=MOST_RESAMPLES).contains(&self.resamples) {
            return Err(bad("resamples", self.resamples, "999 to 1000000"));
        }
        if let Some(groups) = self.groups {
            if groups.len() != rows {
                let expected = format!("{rows} rows, as many as targets");
                return Err(bad("groups", format!("{} rows", groups.len()), &expected));
            }
            if self.series.is_some() {
                return Err(bad("series", "set together with groups", "one of both: blocks of time or groups"));
            }
        }
        match self.series {
            Some(Series { horizon: 0, .. }) => Err(bad("horizon", 0, "1 or more steps")),
            Some(Series { horizon, .. }) if horizon as usize >= rows => {
                Err(bad("horizon", horizon, &format!("less than the {rows} rows")))
            }
            Some(Series { block: Some(block), .. }) if block == 0 || block as usize > rows => {
                Err(bad("block", block, &format!("1 to {rows} rows")))
            }
            _ => Ok(()),
        }
    }
}

/// Checks the level of a one-sided bound.
pub(super) fn check_alpha(alpha: f64) -> Result<()> {
    if alpha > 0.0 && alpha < 0.5 { Ok(()) } else { Err(bad("alpha", alpha, "above 0 and below 0.5, such as 0.05")) }
}

/// An argument that cannot be used.
#[expect(clippy::needless_pass_by_value, reason = "numbers and texts are handed in as they are")]
pub(super) fn bad(what: &str, value: impl ToString, expected: &str) -> Error {
    Error::InvalidArgument { what: what.into(), value: value.to_string(), expected: expected.into() }
}
