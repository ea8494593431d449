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
    /// With fewer than 100 rows it cannot pass.
    pub(super) needs_rows: bool,
}

/// The checks of a family, in its order: the hypothesis that is easiest to reject at `alpha / k`, the next at
/// `alpha / (k - 1)`, and so on; where one is not rejected, those behind it are not either. `errors` counts members that could
/// not be compared.
pub(super) fn judge(members: &[Member], errors: usize, alpha: f64) -> Vec<Check> {
    // The p-values of a bootstrap have a least one: of equal ones the clearest is first.
    let clear = |member: &Member| (member.found.p_value_at(-member.bar), member.bar - member.found.lower);
    step_down(members, errors, alpha, clear, judge_one, Verdict::Pass)
}

/// Checks of which only that none is worse is asked: one that is shown to be worse fails, the others say what they show.
pub(super) fn judge_worse(members: &[Member], errors: usize, alpha: f64) -> Vec<Check> {
    let clear = |member: &Member| (-member.found.p_value_at(0.0), member.found.upper);
    step_down(members, errors, alpha, clear, worse_one, Verdict::Fail)
}

/// Holm's procedure. `clear` is less for what is rejected more easily; the verdict of what is rejected is `rejects`.
fn step_down(
    members: &[Member],
    errors: usize,
    alpha: f64,
    clear: impl Fn(&Member) -> (f64, f64),
    judge_one: impl Fn(&Member, f64) -> Check,
    rejects: Verdict,
) -> Vec<Check> {
    let size = members.len() + errors;
    let mut order: Vec<(usize, &Member)> = members.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| {
        let (a, b) = (clear(a), clear(b));
        a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1))
    });
    let mut done: Vec<(usize, Check)> = Vec::new();
    let mut rejected = 0_usize;
    let mut is_stopped = false;
    for (at, member) in order {
        let level = alpha / of_length(size - rejected);
        let check = judge_one(member, level);
        is_stopped |= check.verdict != rejects;
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
        && let Some(why) = too_few(&member.found, level, member.bar, member.needs_rows)
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

fn worse_one(member: &Member, level: f64) -> Check {
    let found = &member.found;
    let (lower, upper) = (found.lower_at(level), found.upper_at(level));
    let at = format!("with {}", checks::confidence(level));
    let (verdict, reason) = if upper < 0.0 && found.is_exactly_worse(level) {
        (Verdict::Fail, format!("at most {} better {at}: it is worse", checks::signed(upper)))
    } else if lower > 0.0 && found.agrees_at(level, 0.0) && found.is_exactly_above(level, 0.0) {
        (Verdict::Pass, format!("at least {} better {at}", checks::signed(lower)))
    } else {
        let (lower, upper) = (checks::signed(lower), checks::signed(upper));
        let why = || format!("{lower} to {upper} better, each {at}: not shown to be worse, and no margin is asked for");
        (Verdict::Inconclusive, checks::too_few_resamples(found, level).unwrap_or_else(why))
    };
    let mut check = Check::new(member.kind, &*member.name, verdict, reason);
    check = check.with_numbers(checks::numbers(found, level, 0.0));
    check.method = Some(found.method.clone());
    check.is_blocking = verdict == Verdict::Fail;
    check
}

/// Why so few rows, or rows that tell both apart, are no evidence, whatever their resamples say; None if they are enough.
/// `needs_rows` asks that they are 100.
pub(super) fn too_few(found: &Comparison, alpha: f64, bar: f64, needs_rows: bool) -> Option<String> {
    let why = |code: NoteCode| {
        let note = found.notes.iter().find(|note| note.code == code).map_or("", |note| &note.text);
        format!("there is too little for a pass: {note}")
    };
    if needs_rows && found.has_note(NoteCode::FewRows) {
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
