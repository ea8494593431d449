//! What a reader of a comparison has to know.

use super::bounds::{Bounds, Resampled};
use super::case::Case;
use super::comparison::{Comparison, Note, NoteCode};
use super::few::Turned;

/// Fewer units are too few for a statistical pass.
const FEW_UNITS: usize = 100;
/// Fewer rows of a class make metrics of it unsure.
const FEW_OF_A_CLASS: u64 = 30;

/// The notes of a comparison whose other fields are set.
pub(super) fn notes(comparison: &Comparison, case: &Case<'_>, units: usize, without_lags: bool) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut say = |code, text| notes.push(Note { code, text });
    if units < FEW_UNITS {
        let what = if units == case.rows { "rows" } else { "queries or groups" };
        say(NoteCode::FewRows, format!("{units} {what} are too few to tell; 100 are the least"));
    }
    if let Some(m) = comparison.turned.filter(|turned| turned.are_few()).map(Turned::count) {
        let what = match (&comparison.discordant, units == case.rows) {
            (Some(_), true) => format!("on {m} rows just one of both models is right"),
            (None, true) => format!("on {m} rows one of both models does better"),
            _ => format!("on {m} queries or groups one of both models does better"),
        };
        say(NoteCode::FewDiscordant, format!("{what}; fewer than 10 tell little"));
    }
    if let Some((positives, negatives)) = case.classes.filter(|(p, n)| *p.min(n) < FEW_OF_A_CLASS) {
        let text =
            format!("{positives} rows are of the positive class and {negatives} are not; fewer than 30 tell little");
        say(NoteCode::FewOfOneClass, text);
    }
    let varies = match &comparison.bounds {
        Bounds::Unknown => false,
        Bounds::Normal { error, .. } | Bounds::T { error, .. } => *error > 0.0,
        Bounds::Resampled(Resampled { sorted, undefined, .. }) => *undefined > 0 || sorted.first() < sorted.last(),
    };
    if !varies && comparison.difference.abs() <= 0.0 {
        say(
            NoteCode::NoDifference,
            format!("both models have the same `{}`, wherever it is looked at", comparison.metric),
        );
    } else if !varies {
        say(NoteCode::NoVariance, "the difference does not vary, so that nothing says how sure it is".into());
    }
    for (whose, constant) in [("candidate", case.constant.0), ("baseline", case.constant.1)] {
        if constant {
            say(NoteCode::ConstantPredictions, format!("the {whose} predicts the same for every row"));
        }
    }
    let undefined = |bounds: &Bounds| if let Bounds::Resampled(found) = bounds { found.undefined } else { 0 };
    let count = undefined(&comparison.bounds) + comparison.check.as_ref().map_or(0, undefined);
    if count > 0 {
        let text =
            format!("`{}` has no value in {count} resamples, which count against both bounds", comparison.metric);
        say(NoteCode::UndefinedResamples, text);
    }
    if let Some(check) = comparison.check.as_ref().filter(|_| !comparison.agrees) {
        let (t, bootstrap) = (comparison.lower, check.lower(comparison.alpha));
        say(NoteCode::BootstrapDisagrees, format!("the lower bound is {t} by the t and {bootstrap} by the bootstrap"));
    }
    if without_lags {
        say(NoteCode::VarianceOfLags, "the variance over lags is not above 0; that without lags was taken".into());
    }
    notes
}
