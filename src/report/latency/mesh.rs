//! Response times with the mesh on top: what is predicted, and what each proxy does.

use super::amounts::figure;
use super::{LatencyReport, MeshAnswer, table};
use crate::latency::{HopTime, Mode, Predicted};
use crate::measurement::{QuantileEstimate, percent};
use crate::model::queueing::Arrivals;
use crate::report::document::{Block, Cell, Chapter, Column, Details, Tone};
use crate::report::duration::{amount, difference};
use crate::report::text;
use crate::units::{Rate, Share};

const READING: &str = "The figure takes proxies to be slow for themselves. The 90 % interval holds the coefficients of the \
    card, what the base leaves open, and the answer for proxies that are slow when the application is (all slow together). \
    The difference of two percentiles is no percentile: do not add it to another.";

/// Predictions, where any were asked for.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    if report.predictions.is_empty() {
        return None;
    }
    let mut blocks = vec![quantiles(report), Block::Paragraph(READING.to_owned()), hops(report)];
    let assumed: Vec<String> = report.predictions.iter().map(assumptions).collect();
    blocks.push(Block::Details(Details {
        summary: "Under which load".to_owned(),
        tone: Tone::Neutral,
        blocks: vec![Block::List(assumed)],
    }));
    Some(Chapter { id: "mesh", title: "With the mesh", blocks })
}

/// How the mesh carries requests.
pub fn in_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Sidecar => "client and server sidecar",
        Mode::ServerSidecar => "server sidecar",
        Mode::AmbientL4 => "ambient L4",
        Mode::AmbientWaypoint => "ambient and waypoint",
        Mode::Gateway => "gateway and sidecar",
    }
}

fn quantiles(report: &LatencyReport) -> Block {
    let columns = vec![
        Column::text("Base and mesh", 0),
        Column::text("At", 0),
        Column::number("Without", "", 1),
        Column::number("Predicted", "", 0),
        Column::number("Added", "", 0),
        Column::number("If slow together", "", 2),
    ];
    let rows = report.predictions.iter().flat_map(|answer| {
        answer.prediction.quantiles.iter().map(|predicted| {
            vec![
                Cell::Name(answer.name.clone()),
                Cell::Text(format!("p{}", percent(predicted.quantile))),
                Cell::Number(amount(predicted.base.value)),
                Cell::Number(figure(&predicted.with_mesh)),
                Cell::Number(added(predicted)),
                Cell::Number(amount(predicted.comonotone)),
            ]
        })
    });
    table("Predicted percentiles", columns, rows.collect())
}

fn added(predicted: &Predicted) -> String {
    let QuantileEstimate { lower, value, upper } = predicted.difference;
    difference(lower, value, upper)
}

fn hops(report: &LatencyReport) -> Block {
    let columns = vec![
        Column::text("Proxy", 0),
        Column::number("Works for", "", 0),
        Column::number("Waits", "", 0),
        Column::number("Worker busy", "%", 1),
        Column::number("Of CPU limit", "%", 2),
        Column::number("Stopped", "% of periods", 2),
    ];
    let several = report.predictions.len() > 1;
    let rows = report.predictions.iter().flat_map(|answer| {
        answer.prediction.hops.iter().map(move |hop| {
            let service = &hop.service;
            let works = QuantileEstimate { lower: service.lower, value: service.value, upper: service.upper };
            vec![
                Cell::Text(if several {
                    format!("{}: {}", answer.prediction.mode.name(), hop.hop.name())
                } else {
                    hop.hop.name().to_owned()
                }),
                Cell::Number(figure(&works)),
                Cell::Number(amount(hop.mean_wait)),
                Cell::Number(share(hop.utilization.get())),
                Cell::Number(hop.limit_used.map_or_else(|| "no limit".to_owned(), share)),
                Cell::Number(stopped(hop)),
            ]
        })
    });
    table("What each proxy does to a request", columns, rows.collect())
}

fn share(share: f64) -> String {
    text::significant(share * 100.0)
}

fn stopped(hop: &HopTime) -> String {
    let (least, most) = (hop.throttled.0.get() * 100.0, hop.throttled.1.get() * 100.0);
    // Less than one request in ten thousand meets it.
    const NEVER: f64 = 0.01;
    if most < NEVER { "never".to_owned() } else { format!("{least:.2} to {most:.2}") }
}

fn assumptions(answer: &MeshAnswer) -> String {
    let traffic = &answer.prediction.traffic;
    let limit = traffic.cpu_limit.map_or_else(
        || "no CPU limit".to_owned(),
        |limit| format!("a CPU limit of {} cores", text::significant(limit.as_cores())),
    );
    let first = answer.prediction.hops.first();
    let sum = first.and_then(|hop| hop.service.basis.terms.first());
    let derivation = sum.map_or_else(String::new, |term| {
        format!("; the first proxy works for {} × {:.4} {}", term.what, term.coefficient, term.unit)
    });
    format!(
        "{}: {} through each proxy on {}, {}; {} of payload; {}, {}{derivation}.",
        answer.name,
        rate(traffic.rate),
        text::counted(traffic.connections, "connection", "connections"),
        arrivals(traffic.arrivals),
        text::counted(traffic.payload.get(), "byte", "bytes"),
        text::counted(u64::from(traffic.workers), "worker thread", "worker threads"),
        limit,
    )
}

/// `1,000 requests per second`.
fn rate(rate: Rate) -> String {
    format!("{} requests per second", text::significant(rate.as_per_second()))
}

fn arrivals(arrivals: Arrivals) -> String {
    match arrivals {
        Arrivals::Independent => "each request for itself".to_owned(),
        Arrivals::Rounds(spread) if spread <= Share::ZERO => "all connections at once".to_owned(),
        Arrivals::Rounds(spread) if spread.get() >= 1.0 => "connections spread over the round".to_owned(),
        Arrivals::Rounds(spread) => {
            format!("connections within {} % of a round", text::significant(spread.get() * 100.0))
        }
    }
}
