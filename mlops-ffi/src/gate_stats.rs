//! The statistics of the gate alone: arrays in, numbers out.

use mlops_core::Result;
use mlops_core::gates::stats;
use mlops_core::gates::{Column, ComparedColumns, delong_columns};

use crate::args::{Array, Output, Versioned, elements, refuse};
use crate::boundary::export;
use crate::sized::sized_output;

/// A test by a t. Begin with `MLOPS_STATS_T_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_t_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The mean of the differences.
    pub difference: f64,
    /// Its standard error; infinite for one difference, 0 if they do not vary.
    pub error: f64,
    /// The degrees of freedom.
    pub df: f64,
    /// Mean over standard error.
    pub t: f64,
    /// One-sided, of the hypothesis that the mean is not above 0.
    pub p_value: f64,
}

/// A test by an F. Begin with `MLOPS_STATS_F_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_f_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Infinite if halves never differ.
    pub f: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// Two one-sided t tests of equivalence. Begin with `MLOPS_STATS_TOST_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_tost_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Of the hypothesis that the mean is `-margin` or less.
    pub p_not_below: f64,
    /// Of the hypothesis that it is `margin` or more.
    pub p_not_above: f64,
    /// The larger: small means that the mean is within the margin on both sides.
    pub p_value: f64,
}

/// What Wilcoxon's test finds. Begin with `MLOPS_STATS_WILCOXON_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_wilcoxon_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 1 if p is exact, else 0.
    pub exact: i32,
    /// The sum of the ranks of the differences above 0.
    pub statistic: f64,
    /// One-sided, of the hypothesis that the differences are not above 0.
    pub p_value: f64,
}

/// What the test of Diebold and Mariano finds. Begin with `MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_diebold_mariano_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 1 if the sum over lags was not above 0, so that the variance without lags was taken; else 0.
    pub without_lags: i32,
    /// Corrected for small samples.
    pub statistic: f64,
    /// One-sided, of the hypothesis that the mean is not above 0.
    pub p_value: f64,
}

/// What McNemar's test finds. Begin with `MLOPS_STATS_MCNEMAR_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_mcnemar_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// One-sided and exact, of the hypothesis that the candidate is not better.
    pub p_value: f64,
    /// The same less half the probability of b itself.
    pub mid_p: f64,
    /// Two-sided and exact.
    pub two_sided: f64,
    /// The two-sided mid-p.
    pub two_sided_mid_p: f64,
}

/// What DeLong's test finds. Begin with `MLOPS_STATS_DELONG_RESULT_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_delong_result {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The candidate's area.
    pub candidate: f64,
    /// The baseline's area.
    pub baseline: f64,
    /// Candidate less baseline.
    pub difference: f64,
    /// The standard error of the difference; 0 if it does not vary, infinite with one positive or one negative row.
    pub error: f64,
    /// One-sided, of the hypothesis that the candidate's area is not larger.
    pub p_value: f64,
    /// How many rows are of the positive class.
    pub positives: i64,
    /// How many are not.
    pub negatives: i64,
}

/// An interval. Begin with `MLOPS_STATS_INTERVAL_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_stats_interval {
    /// The size of this struct.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

impl Versioned for mlops_stats_t_result {
    const DEFAULT: Self =
        Self { struct_size: 0, reserved: 0, difference: 0.0, error: 0.0, df: 0.0, t: 0.0, p_value: 0.0 };
}

impl Versioned for mlops_stats_f_result {
    const DEFAULT: Self = Self { struct_size: 0, reserved: 0, f: 0.0, p_value: 0.0 };
}

impl Versioned for mlops_stats_tost_result {
    const DEFAULT: Self = Self { struct_size: 0, reserved: 0, p_not_below: 0.0, p_not_above: 0.0, p_value: 0.0 };
}

impl Versioned for mlops_stats_wilcoxon_result {
    const DEFAULT: Self = Self { struct_size: 0, exact: 0, statistic: 0.0, p_value: 0.0 };
}

impl Versioned for mlops_stats_diebold_mariano_result {
    const DEFAULT: Self = Self { struct_size: 0, without_lags: 0, statistic: 0.0, p_value: 0.0 };
}

impl Versioned for mlops_stats_mcnemar_result {
    const DEFAULT: Self =
        Self { struct_size: 0, reserved: 0, p_value: 0.0, mid_p: 0.0, two_sided: 0.0, two_sided_mid_p: 0.0 };
}

impl Versioned for mlops_stats_delong_result {
    const DEFAULT: Self = Self {
        struct_size: 0,
        reserved: 0,
        candidate: 0.0,
        baseline: 0.0,
        difference: 0.0,
        error: 0.0,
        p_value: 0.0,
        positives: 0,
        negatives: 0,
    };
}

impl Versioned for mlops_stats_interval {
    const DEFAULT: Self = Self { struct_size: 0, reserved: 0, lower: 0.0, upper: 0.0 };
}

sized_output!(mlops_stats_t_result mlops_stats_f_result mlops_stats_tost_result mlops_stats_wilcoxon_result mlops_stats_diebold_mariano_result);
sized_output!(mlops_stats_mcnemar_result mlops_stats_delong_result mlops_stats_interval);
elements!(i64);
impl Output for f64 {}

impl From<(f64, f64)> for mlops_stats_interval {
    fn from((lower, upper): (f64, f64)) -> Self {
        Self { lower, upper, ..Self::DEFAULT }
    }
}

/// The numbers of an array of the caller.
unsafe fn numbers<'a>(array: Array<f64>, count: usize) -> Result<&'a [f64]> {
    // SAFETY: as the caller's.
    unsafe { array.slice(count) }
}

/// A number of rows.
fn rows(name: &str, number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| refuse(name, number.to_string(), "0 or more"))
}

export! {
    /// The corrected resampled t of Nadeau and Bengio (2003), for the differences of folds or repeated splits, whose training rows
    /// overlap: `mean(d) / sqrt((1/K + test_rows/train_rows) var(d))` with K - 1 degrees of freedom.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_corrected_t(
        differences: *const f64,
        differences_count: usize,
        train_rows: i64,
        test_rows: i64,
        out: *mut mlops_stats_t_result,
    ) -> mlops_status {
        // SAFETY: the caller keeps the contract: the array has so many numbers.
        let differences = unsafe { numbers(differences, differences_count) }?;
        let found = stats::corrected_t(differences, rows("train_rows", train_rows)?, rows("test_rows", test_rows)?)?;
        let stats::TTest { difference, error, df, t, p_value } = found;
        out.set(mlops_stats_t_result { difference, error, df, t, p_value, ..mlops_stats_t_result::DEFAULT });
        Ok(())
    }

    /// Student's paired t, for differences of independent rows; of folds it is too sure: take `mlops_stats_corrected_t`.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_paired_t(
        differences: *const f64,
        differences_count: usize,
        out: *mut mlops_stats_t_result,
    ) -> mlops_status {
        // SAFETY: as above.
        let found = stats::paired_t(unsafe { numbers(differences, differences_count) }?)?;
        let stats::TTest { difference, error, df, t, p_value } = found;
        out.set(mlops_stats_t_result { difference, error, df, t, p_value, ..mlops_stats_t_result::DEFAULT });
        Ok(())
    }

    /// The combined 5x2cv F test of Alpaydin (1999), two-sided, for the differences of both halves of five splits: ten numbers,
    /// those of a split one after the other.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_five_by_two_f(
        differences: *const f64,
        differences_count: usize,
        out: *mut mlops_stats_f_result,
    ) -> mlops_status {
        // SAFETY: as above.
        let differences = unsafe { numbers(differences, differences_count) }?;
        let (pairs, rest) = differences.as_chunks::<2>();
        let pairs = <&[[f64; 2]; 5]>::try_from(pairs).ok().filter(|_| rest.is_empty());
        let pairs = pairs.ok_or_else(|| {
            refuse("differences", format!("{differences_count} numbers"), "10: of both halves of five splits")
        })?;
        let (f, p_value) = stats::five_by_two_f(pairs)?;
        out.set(mlops_stats_f_result { f, p_value, ..mlops_stats_f_result::DEFAULT });
        Ok(())
    }

    /// Two one-sided t tests (Schuirmann, 1987) that the mean difference is between `-margin` and `margin`: for the same model in
    /// another runtime.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_tost(
        differences: *const f64,
        differences_count: usize,
        margin: f64,
        out: *mut mlops_stats_tost_result,
    ) -> mlops_status {
        // SAFETY: as above.
        let found = stats::tost(unsafe { numbers(differences, differences_count) }?, margin)?;
        let stats::Tost { p_not_below, p_not_above, p_value } = found;
        out.set(mlops_stats_tost_result { p_not_below, p_not_above, p_value, ..mlops_stats_tost_result::DEFAULT });
        Ok(())
    }

    /// Wilcoxon's signed-rank test, one-sided, for differences over data sets or tenants, or of rows with heavy tails.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_wilcoxon(
        differences: *const f64,
        differences_count: usize,
        out: *mut mlops_stats_wilcoxon_result,
    ) -> mlops_status {
        // SAFETY: as above.
        let stats::Wilcoxon { statistic, p_value, exact } =
            stats::wilcoxon(unsafe { numbers(differences, differences_count) }?)?;
        out.set(mlops_stats_wilcoxon_result {
            exact: i32::from(exact),
            statistic,
            p_value,
            ..mlops_stats_wilcoxon_result::DEFAULT
        });
        Ok(())
    }

    /// The test of Diebold and Mariano (1995) with the correction of Harvey, Leybourne and Newbold (1997), of differences of losses in
    /// the order of time, for forecasts `horizon` steps ahead.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_diebold_mariano(
        differences: *const f64,
        differences_count: usize,
        horizon: i64,
        out: *mut mlops_stats_diebold_mariano_result,
    ) -> mlops_status {
        // SAFETY: as above.
        let differences = unsafe { numbers(differences, differences_count) }?;
        let horizon = u32::try_from(horizon)
            .map_err(|_| refuse("horizon", horizon.to_string(), "1 or more, and less than the differences"))?;
        let stats::DieboldMariano { statistic, p_value, without_lags } = stats::diebold_mariano(differences, horizon)?;
        out.set(mlops_stats_diebold_mariano_result {
            without_lags: i32::from(without_lags),
            statistic,
            p_value,
            ..mlops_stats_diebold_mariano_result::DEFAULT
        });
        Ok(())
    }

    /// McNemar's exact test of two models on the same rows: on `b` just the candidate is right, on `c` just the baseline.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_mcnemar(b: i64, c: i64, out: *mut mlops_stats_mcnemar_result) -> mlops_status {
        let stats::McNemar { p_value, mid_p, two_sided, two_sided_mid_p } = stats::mcnemar(rows("b", b)?, rows("c", c)?);
        out.set(mlops_stats_mcnemar_result { p_value, mid_p, two_sided, two_sided_mid_p, ..mlops_stats_mcnemar_result::DEFAULT });
        Ok(())
    }

    /// DeLong's test of two areas under the ROC curve of the same rows. Each array has a number for each of `rows_count` rows:
    /// whether the row is of the positive class (1) or not (0), and the scores of that class.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_delong(
        targets: *const i64,
        candidate: *const f64,
        baseline: *const f64,
        rows_count: usize,
        out: *mut mlops_stats_delong_result,
    ) -> mlops_status {
        // SAFETY: as above, of all three.
        let (targets, candidate, baseline) = unsafe {
            (targets.slice(rows_count)?, numbers(candidate, rows_count)?, numbers(baseline, rows_count)?)
        };
        let class = |(row, class): (usize, &i64)| match class {
            0 => Ok(0.0),
            1 => Ok(1.0),
            other => {
                let expected = "1, of the positive class, or 0";
                Err(refuse(&format!("row {} of targets", row + 1), other.to_string(), expected))
            }
        };
        let classes = targets.iter().enumerate().map(class).collect::<Result<Vec<f64>>>()?;
        let scores = |values: &[f64]| Column::Numbers(values.to_vec());
        let found = delong_columns(&ComparedColumns::new(classes, scores(candidate), scores(baseline)))?;
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        out.set(mlops_stats_delong_result {
            candidate: found.candidate,
            baseline: found.baseline,
            difference: found.difference,
            error: found.error,
            p_value: found.p_value,
            positives: count(found.positives),
            negatives: count(found.negatives),
            ..mlops_stats_delong_result::DEFAULT
        });
        Ok(())
    }

    /// Wilson's interval of a share, `count` of `n`, with `alpha / 2` on each side.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_wilson(count: i64, n: i64, alpha: f64, out: *mut mlops_stats_interval) -> mlops_status {
        out.set(stats::wilson(rows("count", count)?, rows("n", n)?, alpha)?.into());
        Ok(())
    }

    /// Newcombe's interval of the difference of two shares of different rows, first less second, with `alpha / 2` on each side.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_newcombe(
        first: i64,
        first_n: i64,
        second: i64,
        second_n: i64,
        alpha: f64,
        out: *mut mlops_stats_interval,
    ) -> mlops_status {
        let first = (rows("first", first)?, rows("first_n", first_n)?);
        let second = (rows("second", second)?, rows("second_n", second_n)?);
        out.set(stats::newcombe(first, second, alpha)?.into());
        Ok(())
    }

    /// Holm's adjusted p-values, in the order of those given. `adjusted` has room for as many; it may be the same array.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_stats_holm(p_values: *const f64, p_values_count: usize, adjusted: *mut f64) -> mlops_status {
        // SAFETY: as above.
        let found = stats::holm(unsafe { numbers(p_values, p_values_count) }?)?;
        // SAFETY: the caller keeps the contract: there is room for as many.
        unsafe { adjusted.fill(&found) };
        Ok(())
    }
}
