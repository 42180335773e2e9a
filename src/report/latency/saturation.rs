//! Response times at rising rates, and where an objective is left.

use super::{LatencyReport, MeshAnswer, table};
use crate::latency::{MeshKnee, Sweep};
use crate::measurement::{Objective, QUANTILES};
use crate::model::queueing::Knee;
use crate::report::document::{
    Block, Cell, Chapter, Chart, ChartData, Column, Knee as Mark, Limit, RateCurve, RatePlot, RatePoint, Span,
};
use crate::report::duration::amount;
use crate::report::text;
use crate::units::Rate;

const READING: &str = "The base is taken to be the same at every rate: this is where the mesh gives way, not the \
    application. The interval of a rate holds how long proxies work on a request.";
/// Most curves of a chart: p99.9 rests on too little.
const CURVES: usize = 3;
/// Every so many-th point of a sweep stands in the table.
const STEP: usize = 4;

/// Sweeps, where any were asked for.
pub fn chapter(report: &LatencyReport) -> Option<Chapter> {
    let swept: Vec<(&MeshAnswer, &Sweep)> =
        report.predictions.iter().filter_map(|answer| Some((answer, answer.sweep.as_ref()?))).collect();
    if swept.is_empty() {
        return None;
    }
    let mut blocks = vec![knees(&swept), Block::Paragraph(READING.to_owned())];
    for (answer, sweep) in swept {
        blocks.push(Block::Chart(chart(answer, sweep)));
        blocks.push(points(answer, sweep));
    }
    Some(Chapter { id: "saturation", title: "Where the mesh gives way", blocks })
}

fn knees(swept: &[(&MeshAnswer, &Sweep)]) -> Block {
    let columns = vec![
        Column::text("Base and mesh", 1),
        Column::text("Objective", 0),
        Column::number("Left at", "requests per second", 0),
        Column::number("Likely", "requests per second", 0),
        Column::number("Proxies saturate at", "requests per second", 1),
    ];
    let rows = swept.iter().flat_map(|(answer, sweep)| {
        let name = answer.name.clone();
        let saturation = text::significant(sweep.saturation.as_per_second());
        let row = move |objective: String, left: String, likely: String| {
            vec![
                Cell::Name(name.clone()),
                Cell::Text(objective),
                Cell::Number(left),
                Cell::Number(likely),
                Cell::Number(saturation.clone()),
            ]
        };
        let mut rows: Vec<Vec<Cell>> =
            sweep.knees.iter().map(|knee| row(knee.slo.to_string(), at(knee.value), likely(knee))).collect();
        if rows.is_empty() {
            rows.push(row("none given".to_owned(), "—".to_owned(), "—".to_owned()));
        }
        rows
    });
    table("Rates at which objectives are left", columns, rows.collect())
}

fn at(knee: Knee) -> String {
    match knee {
        Knee::MissedWhenIdle => "missed without load".to_owned(),
        Knee::At(rate) => text::significant(rate.as_per_second()),
        Knee::NotReached => "never".to_owned(),
    }
}

fn likely(knee: &MeshKnee) -> String {
    format!("{} to {}", at(knee.lower), at(knee.upper))
}

/// Rates as one span; `None` where one end is no rate.
fn span(knee: &MeshKnee) -> Option<Span<Rate>> {
    let rate = |knee: Knee| match knee {
        Knee::At(rate) => Some(rate),
        Knee::MissedWhenIdle => Some(Rate::ZERO),
        Knee::NotReached => None,
    };
    let value = rate(knee.value)?;
    let (lower, upper) = (rate(knee.lower)?, rate(knee.upper).unwrap_or(Rate::per_second(f64::INFINITY)));
    Some(Span { lower: lower.min(value), value, upper: upper.max(value) })
}

fn chart(answer: &MeshAnswer, sweep: &Sweep) -> Chart {
    let curves = QUANTILES
        .iter()
        .enumerate()
        .take(CURVES)
        .map(|(index, (_, quantile))| {
            let points = sweep.points.iter().filter_map(|point| {
                let predicted = point.quantiles.get(index)?.with_mesh;
                let time = Span { lower: predicted.lower, value: predicted.value, upper: predicted.upper };
                Some(RatePoint { rate: point.rate, time })
            });
            RateCurve { quantile: *quantile, points: points.collect() }
        })
        .collect();
    let limits = sweep.knees.iter().map(|knee| Limit {
        label: knee.slo.to_string(),
        quantile: match knee.slo.objective {
            Objective::Quantile(quantile) => Some(quantile),
            Objective::Mean => None,
        },
        limit: knee.slo.limit,
    });
    // The objective that is left first is the one that counts.
    let first = sweep.knees.iter().filter_map(|knee| Some((knee, span(knee)?)));
    let first = first.min_by(|a, b| a.1.value.as_per_second().total_cmp(&b.1.value.as_per_second()));
    let knee = first.map(|(knee, rate)| Mark {
        label: format!("{} left at {} requests/s", knee.slo, text::significant(rate.value.as_per_second())),
        rate,
    });
    let alt = format!(
        "Response time against requests per second of {}; {}.",
        answer.name,
        knee.as_ref().map_or_else(|| "no objective is left".to_owned(), |knee| knee.label.clone()),
    );
    Chart {
        title: "Response time against rate",
        caption: format!("{}. Shades are 90 % intervals.", answer.name),
        alt,
        data: ChartData::Rates(RatePlot { curves, limits: limits.collect(), knee, measured: Vec::new() }),
    }
}

fn points(answer: &MeshAnswer, sweep: &Sweep) -> Block {
    let mut columns = vec![Column::number("Rate", "requests per second", 0), Column::number("Worker busy", "%", 1)];
    columns
        .extend([("p50", 1), ("p90", 2), ("p99", 0), ("p99.9", 3)].map(|(name, rank)| Column::number(name, "", rank)));
    let last = sweep.points.len().saturating_sub(1);
    let shown = sweep.points.iter().enumerate().filter(|(index, _)| index % STEP == 0 || *index == last);
    let rows = shown.map(|(_, point)| {
        let mut cells = vec![
            Cell::Number(text::significant(point.rate.as_per_second())),
            Cell::Number(text::significant(point.utilization.get() * 100.0)),
        ];
        cells.extend(point.quantiles.iter().map(|predicted| Cell::Number(amount(predicted.with_mesh.value))));
        cells
    });
    table(&format!("Response times at rising rates, {}", answer.name), columns, rows.collect())
}
