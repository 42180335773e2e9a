//! Published response times without and with proxies, by which the latency law is judged.

use serde::Deserialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::{Mode, Traffic};
use crate::card::DataError;
use crate::measurement::{Bucket, Distribution};
use crate::model::Features;
use crate::model::queueing::Arrivals;
use crate::units::{Bytes, Quantile, Rate, Seconds, Share};

/// Quantiles a row may give.
pub const PRINTED: [Quantile; 3] = [Quantile::literal(0.5), Quantile::literal(0.9), Quantile::literal(0.99)];

/// Steps of equal chance in which a baseline is drawn through its percentiles.
const STEPS: u32 = 400;
/// Payload of every row, in bytes.
const PAYLOAD: Bytes = Bytes::new(1024);

/// One load, measured without and with proxies.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyRow {
    /// Which configuration and load.
    pub label: String,
    /// Study and environment it belongs to.
    pub group: String,
    /// Where it was published.
    pub source: String,
    /// Proxies on the way.
    pub mode: Mode,
    /// Their load.
    pub traffic: Traffic,
    /// Response times without proxies, drawn through the percentiles printed.
    pub baseline: Distribution,
    /// p50, p90 and p99 without proxies, where printed.
    pub base: [Option<Seconds>; 3],
    /// The same with proxies.
    pub meshed: [Option<Seconds>; 3],
}

impl LatencyRow {
    /// What the proxies added at each printed percentile: the difference of both, where it is above 0.
    #[must_use]
    pub fn added(&self) -> [Option<Seconds>; 3] {
        let mut added = [None; 3];
        for (added, (base, meshed)) in added.iter_mut().zip(self.base.iter().zip(&self.meshed)) {
            let difference = base.zip(*meshed).map(|(base, meshed)| meshed - base);
            *added = difference.filter(|difference| *difference > Seconds::ZERO);
        }
        added
    }
}

/// The rows in the crate, in the order of their file.
///
/// # Errors
/// [`DataError`] when they cannot be read, which a test of the crate excludes.
pub fn rows() -> Result<Vec<LatencyRow>, DataError> {
    read_rows("latency.toml", include_str!("../../data/published/latency.toml"))
}

/// Reads rows from TOML text in the layout of `data/published/latency.toml`; `file` names it in errors.
///
/// # Errors
/// [`DataError`] naming the set and row, and what was expected.
pub fn read_rows(file: &str, text: &str) -> Result<Vec<LatencyRow>, DataError> {
    let wrong = |message: String| DataError { file: file.to_owned(), message };
    let raw: RawFile = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut rows = Vec::new();
    for set in &raw.set {
        for (index, row) in set.rows.iter().enumerate() {
            let read = set.row(row);
            let place = || format!("set {:?} of {:?}, row {}", set.label, set.group, index + 1);
            rows.push(read.map_err(|message| wrong(format!("{}: {message}", place())))?);
        }
    }
    Ok(rows)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    set: Vec<RawSet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSet {
    group: String,
    label: String,
    source: String,
    mode: String,
    arrivals: String,
    workers: u32,
    mtls: bool,
    metrics: bool,
    access_log: bool,
    rows: Vec<[f64; 8]>,
}

impl RawSet {
    fn row(&self, row: &[f64; 8]) -> Result<LatencyRow, String> {
        let [rate, connections, times @ ..] = *row;
        let mode = Mode::named(&self.mode).ok_or_else(|| {
            let names: Vec<&str> = Mode::ALL.iter().map(|mode| mode.name()).collect();
            format!("mode {:?}, expected {}", self.mode, names.join(", "))
        })?;
        let arrivals = arrivals(&self.arrivals).ok_or_else(|| {
            format!("arrivals {:?}, expected independent, together, jittered or staggered", self.arrivals)
        })?;
        if !(rate > 0.0 && rate.is_finite() && (1.0..1e9).contains(&connections)) {
            return Err(format!("rate {rate} and connections {connections}, expected a rate above 0 and at least one"));
        }
        let time = |millis: f64| match millis {
            millis if millis.is_nan() => Ok(None),
            millis if millis > 0.0 && millis.is_finite() => Ok(Some(Seconds::from_millis(millis))),
            _ => Err(format!("a time of {millis} ms, expected a number above 0, or nan")),
        };
        let [base50, base90, base99, mesh50, mesh90, mesh99] = times;
        let base = [time(base50)?, time(base90)?, time(base99)?];
        let meshed = [time(mesh50)?, time(mesh90)?, time(mesh99)?];
        let features = Features {
            mtls: Share::all_if(self.mtls),
            metrics: Share::all_if(self.metrics),
            access_log: Share::all_if(self.access_log),
            ..Features::default()
        };
        let traffic = Traffic {
            rate: Rate::per_second(rate),
            connections: connections as u64,
            arrivals,
            payload: PAYLOAD,
            features,
            workers: self.workers,
            cpu_limit: None,
        };
        Ok(LatencyRow {
            label: format!("{}: {rate} rps on {connections} connections", self.label),
            group: self.group.clone(),
            source: self.source.clone(),
            mode,
            traffic,
            baseline: drawn(&base)?,
            base,
            meshed,
        })
    }
}

/// How requests arrive, by the names of the data and the command line.
#[must_use]
pub fn arrivals(name: &str) -> Option<Arrivals> {
    Some(match name {
        "independent" => Arrivals::Independent,
        "together" => Arrivals::Rounds(Share::ZERO),
        // Fortio's -jitter moves every request by up to a tenth of the round, either way.
        "jittered" => Arrivals::Rounds(Share::literal(0.2)),
        "staggered" => Arrivals::Rounds(Share::literal(1.0)),
        _ => return None,
    })
}

/// A distribution through two or three percentiles: log-normal between neighbours and beyond the last.
fn drawn(printed: &[Option<Seconds>; 3]) -> Result<Distribution, String> {
    let standard = Normal::standard();
    let points: Vec<(f64, f64)> = PRINTED
        .iter()
        .zip(printed)
        .filter_map(|(quantile, time)| time.map(|time| (standard.inverse_cdf(quantile.get()), time.as_seconds().ln())))
        .collect();
    let rising = points.windows(2).all(|pair| matches!(pair, [low, high] if low.1 <= high.1));
    let ([first, second, ..], true) = (&points[..], rising) else {
        return Err("percentiles without proxies: expected at least two, rising".to_owned());
    };
    let line = |from: &(f64, f64), to: &(f64, f64), at: f64| from.1 + (at - from.0) * (to.1 - from.1) / (to.0 - from.0);
    let time_at = |deviations: f64| {
        let piece = points
            .windows(2)
            .filter_map(|pair| <&[(f64, f64); 2]>::try_from(pair).ok())
            .rfind(|[from, _]| from.0 <= deviations);
        let [from, to] = piece.copied().unwrap_or([*first, *second]);
        line(&from, &to, deviations).exp()
    };
    let step = |index: u32| {
        let chance = (f64::from(index) / f64::from(STEPS)).clamp(1e-5, 1.0 - 1e-5);
        time_at(standard.inverse_cdf(chance))
    };
    let buckets = (0..STEPS)
        .map(|index| Bucket { lower: Seconds::new(step(index)), upper: Seconds::new(step(index + 1)), weight: 1.0 })
        .collect();
    Distribution::from_buckets(buckets, None).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_rows_are_readable_and_drawn_through_their_percentiles() {
        let rows = rows().unwrap();
        assert!(rows.len() > 500, "{}", rows.len());
        for row in &rows {
            for (quantile, printed) in PRINTED.iter().zip(row.base) {
                let Some(printed) = printed else { continue };
                let drawn = row.baseline.quantile(*quantile).value;
                assert!((drawn / printed - 1.0).abs() < 0.02, "{}: {drawn:?} {printed:?}", row.label);
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_row_is_named() {
        let set = |mode: &str, arrivals: &str, row: &str| {
            format!(
                "[[set]]\ngroup = \"g\"\nlabel = \"l\"\nsource = \"s\"\nmode = \"{mode}\"\narrivals = \"{arrivals}\"\nworkers = 2\nmtls = true\nmetrics = true\naccess_log = false\nrows = [{row}]\n"
            )
        };
        let fine = "[10, 1, 1, 2, 3, 2, 3, 4]";
        assert_eq!(read_rows("f", &set("sidecar", "jittered", fine)).unwrap().len(), 1);
        for (text, expected) in [
            (set("sidcar", "jittered", fine), "mode \"sidcar\", expected sidecar, server-sidecar"),
            (set("sidecar", "random", fine), "expected independent, together"),
            (set("sidecar", "together", "[0, 1, 1, 2, 3, 2, 3, 4]"), "row 1: rate 0"),
            (set("sidecar", "together", "[10, 1, 3, 2, 1, 2, 3, 4]"), "rising"),
            (set("sidecar", "together", "[10, 1, nan, nan, 1, 2, 3, 4]"), "at least two"),
            (set("sidecar", "together", "[10, 1, 1, 2, -3, 2, 3, 4]"), "a time of -3 ms"),
            ("nonsense".to_owned(), "f:"),
        ] {
            let error = read_rows("f", &text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
