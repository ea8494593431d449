//! Checks that are judged together: Holm's procedure, so that all of them together err at `alpha`.

use super::checks::{self, Check, CheckKind};
use super::stats::{Comparison, NoteCode};
use crate::registry::Verdict;

/// A comparison that must lie above a bar.
pub(super) struct Member {
    pub(super) kind: CheckKind,
    pub(super) name: String,
    pub(super) found: Comparison,
    pub(super) bar: f64,
    /// With fewer rows than a test needs it cannot pass.
    pub(super) needs_rows: bool,
}

/// The checks of a family, in its order: the hypothesis that is easiest to reject at `alpha / k`, the next at
/// `alpha / (k - 1)`, and so on; where one is not rejected, those behind it are not either. `errors` counts members that could
/// not be compared.
pub(super) fn judge(members: &[Member], errors: usize, alpha: f64) -> Vec<Check> {
    let size = members.len() + errors;
    let mut order: Vec<usize> = (0..members.len()).collect();
    let p = |at: &usize| members.get(*at).map_or(f64::NAN, |member| member.found.p_value_at(-member.bar));
    // The p-values of a bootstrap have a least one: of equal ones the clearest is first.
    let clear = |at: &usize| members.get(*at).map_or(f64::NAN, |member| member.found.lower - member.bar);
    order.sort_by(|a, b| p(a).total_cmp(&p(b)).then_with(|| clear(b).total_cmp(&clear(a))));
    let mut done: Vec<(usize, Check)> = Vec::new();
    let mut rejected = 0_usize;
    let mut is_stopped = false;
    for at in order {
        let Some(member) = members.get(at) else { continue };
        let level = alpha / of_length(size - rejected);
        let check = judge_one(member, level);
        is_stopped |= check.verdict != Verdict::Pass;
        if !is_stopped {
            rejected += 1;
        }
        done.push((at, check));
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, check)| check).collect()
}

fn judge_one(member: &Member, level: f64) -> Check {
    let (mut verdict, mut reason) = checks::decide(&member.found, level, member.bar, false);
    if verdict == Verdict::Pass
        && member.needs_rows
        && let Some(why) = too_few(&member.found, level, member.bar)
    {
        (verdict, reason) = (Verdict::Inconclusive, why);
    }
    let mut check = Check::new(member.kind, &*member.name, verdict, reason).with_numbers(checks::numbers(
        &member.found,
        level,
        member.bar,
    ));
    check.method = Some(member.found.method.clone());
    check.numbers.rows_needed = rows_needed(&member.found, member.bar);
    check
}

/// Why so few rows, or rows that tell both apart, are no evidence, whatever their resamples say; None if they are enough.
pub(super) fn too_few(found: &Comparison, alpha: f64, bar: f64) -> Option<String> {
    let why = |code: NoteCode| {
        let note = found.notes.iter().find(|note| note.code == code).map_or("", |note| &note.text);
        format!("there is too little for a pass: {note}")
    };
    if found.has_note(NoteCode::FewRows) {
        return Some(why(NoteCode::FewRows));
    }
    (!found.is_exactly_above(alpha, -bar))
        .then(|| why(NoteCode::FewDiscordant) + ", and an exact test does not agree with the resamples")
}

/// How many rows show what is asked for: the difference that rows can show falls with the root of their number.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows are far below 2^53")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is held to a range first")]
pub(super) fn rows_needed(found: &Comparison, bar: f64) -> Option<u64> {
    // Without a margin: what shows a difference as large as the one that was found.
    let asked = if bar < 0.0 { -bar } else { found.difference - bar };
    let needed = found.rows as f64 * (found.minimal_detectable / asked).powi(2);
    (asked > 0.0 && needed.is_finite()).then(|| needed.ceil().clamp(1.0, 9e15) as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a number of checks")]
fn of_length(length: usize) -> f64 {
    length.max(1) as f64
}
