//! Response times of call paths, composed of their parts.

use super::amounts::figure;
use super::{ComposedPath, LatencyReport, table};
use crate::composition::{CountEstimate, Part, PathQuantile, ShareEstimate};
use crate::measurement::{QUANTILES, QuantileEstimate, percent};
use crate::report::document::{Block, Cell, Chapter, Column, Headline, Tone};
use crate::report::duration::amount;
use crate::report::text;
use crate::units::Seconds;

/// How the two cases are to be read.
const READING: &str = "Independent: each part is slow by itself, so that few requests meet several slow parts. Slow together: a \
    request that is slow in one part is as slow in all, as on a shared node; here percentiles add up. The single \
    figure is the independent one, and the interval spans both with what the buckets of the sources leave open. It \
    does not hold the doubt of few samples, nor parts that are slow in turn.";

/// What a service saves.
const SAVING: &str = "Saved is what the path would gain, with independent parts, if the service took no time itself. Parts \
    that run beside a slower one save nothing.";

/// What requests without an answer mean.
const FAILURES: &str = "Percentiles are those of answered requests; objectives count the others as missed.";

/// A chapter over all paths, where there are any.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    report.paths.first()?;
    let mut blocks: Vec<Block> = report.paths.iter().flat_map(blocks).collect();
    blocks.push(Block::Paragraph(READING.to_owned()));
    blocks.push(Block::Paragraph(SAVING.to_owned()));
    Some(Chapter { id: "path", title: "Call path", blocks })
}

/// The answer where nothing was measured and no objective given.
pub fn headline(report: &LatencyReport) -> Option<Headline> {
    let path = &report.paths.first()?.path;
    let headline = |tone, sentence| Headline { badge: "composed", tone, sentence, advice: Vec::new() };
    let [_, _, p99, _] = match path.response.quantiles() {
        None => return Some(headline(Tone::Bad, format!("No request to {} is answered.", path.root))),
        Some(quantiles) => quantiles,
    };
    let (apart, together) = (amount(p99.independent.value), amount(p99.comonotone.value));
    let sentence = format!(
        "{} answers 99 % of requests within {apart} if its parts are independent, {together} if slow together.",
        path.root
    );
    Some(headline(Tone::Neutral, sentence))
}

fn blocks(composed: &ComposedPath) -> Vec<Block> {
    let path = &composed.path;
    let mut blocks = vec![times(composed)];
    let failed = path.response.failed();
    if failed.upper.get() > 0.0 {
        let sentence = format!("Requests without an answer: {}. {FAILURES}", share(&failed));
        blocks.push(Block::Paragraph(sentence));
    }
    blocks.push(parts(composed));
    blocks
}

fn times(composed: &ComposedPath) -> Block {
    let mut columns = vec![
        Column::text("At", 0),
        Column::number("Independent", "", 1),
        Column::number("Slow together", "", 2),
        Column::number("Interval", "", 0),
    ];
    columns.extend(composed.measured.as_ref().map(|_| Column::number("Measured", "", 3)));
    let row = |name: String, found: &PathQuantile, measured: Option<QuantileEstimate>| {
        let mut cells = vec![
            Cell::Text(name),
            Cell::Number(figure(&found.independent)),
            Cell::Number(figure(&found.comonotone)),
            Cell::Number(figure(&found.interval)),
        ];
        cells.extend(measured.map(|measured| Cell::Number(figure(&measured))));
        cells
    };
    let response = &composed.path.response;
    let measured = composed.measured.as_ref();
    let quantiles = response.quantiles().into_iter().flatten().zip(QUANTILES).map(|(found, (_, quantile))| {
        row(format!("p{}", percent(quantile)), &found, measured.map(|one| one.interval(quantile, super::CONFIDENCE)))
    });
    let mean = response.mean().map(|mean| row("mean".to_owned(), &mean, measured.map(|one| one.mean())));
    let caption = format!("Response times of {}, called as in {}", composed.path.root, composed.path.name);
    table(&caption, columns, quantiles.chain(mean).collect())
}

fn parts(composed: &ComposedPath) -> Block {
    let columns = vec![
        Column::text("Service", 0),
        Column::number("Calls per request", "", 1),
        Column::number("Own mean", "", 3),
        Column::number("Saved at p99", "", 0),
        Column::number("At p50", "", 2),
        Column::number("Mean", "", 2),
    ];
    let row = |part: &Part| {
        let saved = |of: fn(&crate::composition::Saving) -> Seconds| match &part.saves {
            None => Cell::Text(text::UNKNOWN.to_owned()),
            Some(saves) => Cell::Number(saved(of(saves))),
        };
        vec![
            Cell::Name(part.service.clone()),
            Cell::Number(calls(&part.calls)),
            part.own_mean.map_or_else(|| Cell::Text(text::UNKNOWN.to_owned()), |mean| Cell::Number(amount(mean))),
            saved(|saves| saves.p99),
            saved(|saves| saves.p50),
            saved(|saves| saves.mean),
        ]
    };
    let caption = format!("Services of {} by what they cost at p99", composed.path.root);
    table(&caption, columns, composed.path.parts.iter().map(row).collect())
}

/// What is saved; less than a microsecond is nothing, as a grid of points does not tell it from rounding.
fn saved(time: Seconds) -> String {
    const LEAST: f64 = 1e-6;
    if time.as_seconds() < LEAST { "0 ms".to_owned() } else { amount(time) }
}

fn calls(calls: &CountEstimate) -> String {
    let (lower, value, upper) =
        (text::significant(calls.lower), text::significant(calls.value), text::significant(calls.upper));
    if lower == upper { value } else { format!("{value} [{lower}–{upper}]") }
}

fn share(share: &ShareEstimate) -> String {
    let percent = |share: crate::units::Share| text::significant(share.get() * 100.0);
    let (lower, value, upper) = (percent(share.lower), percent(share.value), percent(share.upper));
    if lower == upper { format!("{value} %") } else { format!("{value} % [{lower}–{upper}]") }
}
