//! Moments as tables write them.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::super::latency;
use crate::units::Seconds;

/// Seconds since 1970, or since some start for small numbers: seconds to nanoseconds told apart by their size,
/// RFC 3339, Go's `2022-08-22 03:51:19.607 +0000 UTC m=+0.113`, and a date and time without a zone, taken as UTC.
pub(super) fn moment(text: &str) -> Option<Seconds> {
    let text = text.trim();
    if let Some(time) = latency::time(text.as_bytes()) {
        return Some(time.at.as_seconds());
    }
    let mut words = text.split_ascii_whitespace();
    let date_and_time = match (words.next()?, words.next()) {
        (date, Some(time)) => format!("{date}T{time}"),
        (both, None) => both.to_owned(),
    };
    if let Some(zone) = words.next() {
        return latency::time(format!("{date_and_time}{zone}").as_bytes()).map(|time| time.at.as_seconds());
    }
    let civil: DateTime = Some(date_and_time).filter(|text| text.contains('T'))?.parse().ok()?;
    let instant = Offset::UTC.to_timestamp(civil).ok()?;
    Some(Seconds::new(instant.as_nanosecond() as f64 / 1e9))
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn moments_as_tables_write_them() {
        for text in [
            "1661140279.607158889",
            "1661140279607",
            "2022-08-22T03:51:19.607Z",
            "2022-08-22 03:51:19.607158889 +0000 UTC m=+0.113112869",
            "2022-08-22 05:51:19.607158889 +0200 CEST m=+0.113112869",
            "2022-08-22 03:51:19.607",
            "2022-08-22T03:51:19.607",
        ] {
            let found = moment(text).unwrap_or_else(|| panic!("{text}")).as_seconds();
            assert!((found - 1_661_140_279.607).abs() < 1e-3, "{text}: {found}");
        }
        assert_eq!(moment("30"), Some(Seconds::new(30.0)));
        for wrong in ["", "NaN", "inf", "noon", "2022-08-22", "2022-13-22 03:51:19", "1 2 3 4", "a b c d e f g"] {
            assert_eq!(moment(wrong), None, "{wrong}");
        }
    }
}
