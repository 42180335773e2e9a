//! The fit for machines: a promise, so it has types of its own.
//!
//! Coefficients are in the unit they are written in; errors and shares are ratios; what is not known is `null`.

use serde::Serialize;

use crate::finding::{self, Severity};
use crate::fit::{Fit, FittedCoefficient, LawFit, Origin, Outcome, Score};
use crate::model;
use crate::report::json::{self, Number};

/// Version of the format; a change that breaks a reader changes it.
const SCHEMA_VERSION: &str = "1";

/// Writes the fit.
pub fn render(fit: &Fit) -> String {
    json::write(&Report::from(fit))
}

/// The JSON Schema of what [`render`] writes.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    json::schema_of::<Report<'static>>()
}

/// Laws fitted to measurements.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "FitReport"))]
struct Report<'a> {
    /// Version of this format.
    schema_version: &'static str,
    /// Name of the card the fit started from.
    extends: &'a str,
    /// Date of the measurements; empty where no row has one.
    date: &'a str,
    /// Every law of which there were rows.
    laws: Vec<Law<'a>>,
    /// What was noticed, gravest first.
    findings: Vec<Finding<'a>>,
}

/// A law.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Law<'a> {
    /// Its name.
    law: &'static str,
    /// Whether it has new figures.
    fitted: bool,
    /// Why it has none; `null` where it has.
    withheld: Option<String>,
    /// Rows that can be fitted.
    rows: usize,
    /// Rows that differ in what the law looks at.
    load_points: usize,
    /// Scale of the relative residuals; `null` where nothing was fitted.
    residual_scale: Option<Number>,
    /// Groups of the rows, with the factor by which they take more CPU than the card says.
    groups: Vec<Group<'a>>,
    /// Every coefficient.
    coefficients: Vec<Coefficient<'a>>,
    /// How rows are predicted that were left out.
    validation: Vec<Judgement<'a>>,
}

/// A group of rows.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Group<'a> {
    /// Its name.
    group: &'a str,
    /// Factor against the card; `null` where groups have none of their own.
    speed: Option<Number>,
}

/// A coefficient before and after.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Coefficient<'a> {
    /// Section and key in the card.
    name: &'a str,
    /// Unit of the figures.
    unit: &'a str,
    /// As the extended card has it.
    before: Interval,
    /// As it is now.
    after: Interval,
    /// Whether the rows decided it.
    fitted: bool,
    /// Why it stays as it was; `null` where the rows decided it.
    kept: Option<String>,
    /// Counts between which it was observed; `null` where the law counts nothing.
    range: Option<[Number; 2]>,
}

/// A figure with its 90 % interval.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Interval {
    /// Lower end.
    lower: Number,
    /// The figure.
    value: Number,
    /// Upper end.
    upper: Number,
}

/// Rows that were left out, predicted by a fit to the others.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Judgement<'a> {
    /// `random quarter` or `group`.
    left_out: &'static str,
    /// Which rows of the quarter (`within` or `beyond` the counts of the others, or at `own speed`), or which group.
    rows: &'a str,
    /// How many.
    n: usize,
    /// Median of |predicted − measured| ÷ measured; `null` where the others are too few to fit.
    median_absolute_percentage_error: Option<Number>,
    /// The largest of them.
    worst_absolute_percentage_error: Option<Number>,
    /// Median of (predicted − measured) ÷ measured.
    bias: Option<Number>,
    /// Share of rows inside the predicted 90 % interval.
    coverage: Option<Number>,
}

/// Something noticed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Finding<'a> {
    /// Kind; `meshcap explain finding KIND` says more.
    kind: &'static str,
    /// How much it matters.
    severity: Severity,
    /// What it is about.
    subject: &'a str,
    /// The case.
    message: &'a str,
    /// How many places it stands for.
    count: u64,
}

impl<'a> From<&'a Fit> for Report<'a> {
    fn from(fit: &'a Fit) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            extends: fit.extended.name(),
            date: &fit.date,
            laws: fit.laws.iter().map(Law::from).collect(),
            findings: fit.findings.iter().map(Finding::from).collect(),
        }
    }
}

impl<'a> From<&'a LawFit> for Law<'a> {
    fn from(law: &'a LawFit) -> Self {
        let (withheld, points, fitting) = match &law.outcome {
            Outcome::Withheld(withheld) => (Some(withheld.to_string()), withheld.points, None),
            Outcome::Fitted(fitting) => (None, fitting.points, Some(fitting)),
        };
        let speed = |group: &str| {
            let known = fitting.and_then(|fitting| fitting.speeds.iter().find(|(name, _)| name == group));
            known.map(|(_, speed)| Number::new(*speed))
        };
        let mut validation = Vec::new();
        if let Some(fitting) = fitting {
            if let Some(holdout) = &fitting.holdout {
                let parts = [("within", holdout.within), ("own speed", holdout.own_speed), ("beyond", holdout.beyond)];
                let scored = parts.into_iter().filter_map(|(rows, score)| Some((rows, score?)));
                validation
                    .extend(scored.map(|(rows, score)| Judgement::new("random quarter", rows, score.n, Some(score))));
            }
            let groups = fitting.left_out.iter();
            validation.extend(groups.map(|one| Judgement::new("group", &one.group, one.n, one.score)));
        }
        Self {
            law: law.law.name(),
            fitted: fitting.is_some(),
            withheld,
            rows: law.rows,
            load_points: points,
            residual_scale: fitting.map(|fitting| Number::new(fitting.scale)),
            groups: law.groups.iter().map(|group| Group { group, speed: speed(group) }).collect(),
            coefficients: law.coefficients.iter().map(Coefficient::from).collect(),
            validation,
        }
    }
}

impl<'a> From<&'a FittedCoefficient> for Coefficient<'a> {
    fn from(one: &'a FittedCoefficient) -> Self {
        let kept = match &one.origin {
            Origin::Fitted => None,
            Origin::Kept(kept) => Some(kept.to_string()),
        };
        Self {
            name: &one.after.name,
            unit: &one.after.unit,
            before: Interval::from(&one.before),
            after: Interval::from(&one.after),
            fitted: kept.is_none(),
            kept,
            range: one.after.range.map(|(from, to)| [Number::new(from), Number::new(to)]),
        }
    }
}

impl From<&model::Coefficient> for Interval {
    fn from(coefficient: &model::Coefficient) -> Self {
        let [lower, value, upper] = coefficient.as_written().map(Number::new);
        Self { lower, value, upper }
    }
}

impl<'a> Judgement<'a> {
    fn new(left_out: &'static str, rows: &'a str, n: usize, score: Option<Score>) -> Self {
        let figure = |of: fn(&Score) -> f64| score.as_ref().map(|score| Number::new(of(score)));
        Self {
            left_out,
            rows,
            n,
            median_absolute_percentage_error: figure(|score| score.median),
            worst_absolute_percentage_error: figure(|score| score.worst),
            bias: figure(|score| score.bias),
            coverage: figure(|score| score.coverage),
        }
    }
}

impl<'a> From<&'a finding::Finding> for Finding<'a> {
    fn from(finding: &'a finding::Finding) -> Self {
        Self {
            kind: finding.kind.id,
            severity: finding.kind.severity,
            subject: &finding.subject,
            message: &finding.message,
            count: finding.count,
        }
    }
}
