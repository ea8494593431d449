//! Times and durations as people write them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

use crate::base::time::Timestamp;

pub(super) const TIME: &str = "milliseconds, a date or time in quotes such as '2026-11-01' or '2026-11-01T12:30:00Z', \
                               or now() - 7d";
pub(super) const DURATION: &str = "a duration such as 7d, 1h30m or 90s";

/// The units that [`spell`] writes, in microseconds, the largest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("us", 1)];

/// The time that a text names. Without an offset it is UTC, and a date alone is its first instant.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.parse::<jiff::Timestamp>().or_else(|e| match text.parse::<DateTime>() {
        // The zone in brackets would be passed over.
        Ok(_) if text.contains('[') => Err(e),
        Ok(at) => TimeZone::UTC.to_timestamp(at),
        Err(_) => Err(e),
    });
    at.ok().map(|at| Timestamp::from_micros(at.as_microsecond()))
}

/// The microseconds of a text such as `1h30m`, `7d` or `90s`; a day has 24 hours. None if it is none, or has years or
/// months, which have no fixed length.
pub(super) fn duration_micros(text: &str) -> Option<i64> {
    let span: Span = text.trim().parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(duration.as_micros()).ok()
}

/// Writes microseconds so that [`duration_micros`] reads the same.
pub(super) fn spell(micros: u64) -> String {
    let mut rest = micros;
    let parts = UNITS.iter().filter_map(|(unit, size)| {
        let count = rest / size;
        rest %= size;
        (count > 0).then(|| format!("{count}{unit}"))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_times_in_utc_unless_they_have_an_offset() {
        for (text, expected) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T12:30", "2026-11-01T12:30:00Z"),
            ("2026-11-01 12:30:05.25", "2026-11-01T12:30:05.25Z"),
            ("2026-11-01T12:30:00Z", "2026-11-01T12:30:00Z"),
            (" 2026-11-01T12:30:00+02:00 ", "2026-11-01T10:30:00Z"),
            ("2026-11-01T12:30:00-0530", "2026-11-01T18:00:00Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(time(text).map(|at| at.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-11-31", "12:30", "1700000000123", "2026-11-01[Europe/Berlin]"]
        {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn texts_name_durations_of_fixed_length() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("1h30m", Some(5_400)),
            ("1h 30m", Some(5_400)),
            ("2d", Some(172_800)),
            ("1w", Some(604_800)),
            ("1.5h", Some(5_400)),
            ("1 hour 30 minutes", Some(5_400)),
            ("PT1H30M", Some(5_400)),
            ("", None),
            ("90", None),
            ("1mo", None),
            ("1y", None),
            ("soon", None),
        ] {
            assert_eq!(duration_micros(text), seconds.map(|seconds| seconds * 1_000_000), "{text}");
        }
        assert_eq!(duration_micros("1500us"), Some(1_500));
        assert_eq!(spell(90_061_000_001), "1d1h1m1s1us");
    }
}
