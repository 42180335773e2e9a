//! A report as values: what is said, in which order, before any syntax.
//!
//! Strings are plain text; every renderer escapes them for its own syntax.

mod plots;

pub use plots::{
    DifferenceGroup, DifferenceRow, Knee, Limit, PercentileCurve, PercentilePlot, PercentilePoint, RateCurve, RatePlot,
    RatePoint, RateSample, ScatterPlot, ScatterPoint, ScatterSeries, Span,
};

use super::text;
use crate::units::Seconds;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// The answer.
    pub headline: Headline,
    /// What supports it, in reading order.
    pub chapters: Vec<Chapter>,
}

/// The answer and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// The outcome in a word or two, e.g. `tight`.
    pub badge: &'static str,
    /// How good it is.
    pub tone: Tone,
    /// The answer in one sentence.
    pub sentence: String,
    /// What to do next.
    pub advice: Vec<String>,
}

/// A chapter.
#[derive(Debug, Clone, PartialEq)]
pub struct Chapter {
    /// Anchor, unique in the document.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// Content.
    pub blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Sentences.
    Paragraph(String),
    /// Points of equal rank.
    List(Vec<String>),
    /// The figures to remember.
    KeyFigures(Vec<KeyFigure>),
    /// A table.
    Table(Table),
    /// A chart; renderers that cannot draw leave it out, since a table says the same.
    Chart(Chart),
    /// A remark set apart.
    Callout(Callout),
    /// Content for those who want to know.
    Details(Details),
}

/// How good something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tone {
    /// Neither.
    #[default]
    Neutral,
    /// As wanted.
    Good,
    /// Works, but look at it.
    Caution,
    /// Will break or does not fit.
    Bad,
}

impl Tone {
    /// Name in style sheets.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Caution => "caution",
            Self::Bad => "bad",
        }
    }
}

/// One figure to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFigure {
    /// What it is.
    pub label: &'static str,
    /// The figure with its unit.
    pub value: String,
    /// Interval, comparison or condition.
    pub note: String,
    /// How good it is.
    pub tone: Tone,
}

/// A table. Every row has one cell per column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// How many rows exist that are not in [`Self::rows`].
    pub omitted: u64,
}

impl Table {
    /// What to say below the first `shown` rows; `None` where they are all.
    #[must_use]
    pub fn remainder(&self, shown: usize) -> Option<String> {
        let shown = shown.min(self.rows.len());
        let others = self.omitted.saturating_add((self.rows.len() - shown) as u64);
        if others == 0 {
            return None;
        }
        let (rows, others) = (text::counted(shown as u64, "row", "rows"), text::count(others));
        Some(format!("The first {rows} of the table; {others} more are left out here. The JSON output is complete."))
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// Unit of the whole column; empty where cells say their own.
    pub unit: &'static str,
    /// Where cells are set.
    pub align: Align,
    /// Where width is short the column of the highest rank goes first; rank 0 stays.
    pub rank: u8,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub fn text(title: &'static str, rank: u8) -> Self {
        Self { title, unit: "", align: Align::Left, rank }
    }

    /// A column of numbers in one unit.
    #[must_use]
    pub fn number(title: &'static str, unit: &'static str, rank: u8) -> Self {
        Self { title, unit, align: Align::Right, rank }
    }

    /// Heading and unit together.
    #[must_use]
    pub fn heading(&self) -> String {
        if self.unit.is_empty() { self.title.to_owned() } else { format!("{}, {}", self.title, self.unit) }
    }
}

/// Where the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Does not apply.
    Empty,
    /// Words.
    Text(String),
    /// The name of an object.
    Name(String),
    /// A number as written.
    Number(String),
    /// A judgement.
    Mark(Tone, String),
}

impl Cell {
    /// The cell as plain text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Empty => "–",
            Self::Text(text) | Self::Name(text) | Self::Number(text) | Self::Mark(_, text) => text,
        }
    }
}

/// A remark set apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callout {
    /// How grave it is.
    pub tone: Tone,
    /// What it is about.
    pub title: String,
    /// The remark.
    pub text: String,
}

/// Content shown on demand.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// What is inside.
    pub summary: String,
    /// How grave it is.
    pub tone: Tone,
    /// The content.
    pub blocks: Vec<Block>,
}

/// A chart as data.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: &'static str,
    /// How to read it.
    pub caption: String,
    /// The same in words, for those who cannot see it.
    pub alt: String,
    /// What is drawn.
    pub data: ChartData,
}

/// What a chart draws.
#[derive(Debug, Clone, PartialEq)]
pub enum ChartData {
    /// Horizontal bars with whiskers.
    Intervals {
        /// Axis label with its unit.
        axis: String,
        /// Bars from top to bottom.
        rows: Vec<Interval>,
    },
    /// What is requested against what is needed.
    Requests {
        /// Axis label with its unit.
        axis: String,
        /// Rows from top to bottom.
        rows: Vec<RequestPair>,
    },
    /// How full each node is, sorted.
    Nodes {
        /// CPU, fullest first.
        cpu: Vec<NodeShare>,
        /// Memory, fullest first.
        memory: Vec<NodeShare>,
        /// Share that may be requested by policy, in [0, 1].
        ceiling: f64,
    },
    /// What bars of one length are made of.
    Stacks(StackPlot),
    /// Figures against ranges the field quotes, each on its own scale.
    Bands(Vec<BandInterval>),
    /// Response time against percentile.
    Percentiles(PercentilePlot),
    /// Response time against request rate.
    Rates(RatePlot),
    /// Added response time per quantile, of one measurement after another.
    Differences(Vec<DifferenceGroup>),
    /// Predictions with their intervals against what was measured.
    Scatter(ScatterPlot),
    /// What stays free in one scenario after the other.
    Headroom(HeadroomPlot),
    /// A course over time.
    Waves(WavePlot),
}

impl ChartData {
    /// Whether there is nothing to draw.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Intervals { rows, .. } => rows.is_empty(),
            Self::Requests { rows, .. } => rows.is_empty(),
            Self::Nodes { cpu, memory, .. } => cpu.is_empty() || memory.is_empty(),
            Self::Stacks(plot) => plot.rows.is_empty(),
            Self::Bands(rows) => rows.is_empty(),
            Self::Percentiles(plot) => plot.curves.iter().all(|curve| curve.points.is_empty()),
            Self::Rates(plot) => plot.curves.iter().all(|curve| curve.points.is_empty()) && plot.measured.is_empty(),
            Self::Differences(groups) => groups.iter().all(|group| group.rows.is_empty()),
            Self::Scatter(plot) => plot.series.iter().all(|series| series.points.is_empty()),
            Self::Headroom(plot) => plot.rows.is_empty(),
            Self::Waves(plot) => plot.points.len() < 2,
        }
    }
}

/// A labelled interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// Label.
    pub label: String,
    /// Lower end.
    pub lower: f64,
    /// Figure.
    pub value: f64,
    /// Upper end.
    pub upper: f64,
}

/// Requested and needed of one workload's proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestPair {
    /// Label.
    pub label: String,
    /// Requested; `None` where nothing is.
    pub requested: Option<f64>,
    /// Needed.
    pub needed: f64,
}

/// Horizontal bars, each of the same kinds of parts.
#[derive(Debug, Clone, PartialEq)]
pub struct StackPlot {
    /// Axis label with its unit.
    pub axis: String,
    /// Names of the parts, from left to right; at most six.
    pub parts: Vec<&'static str>,
    /// Bars from top to bottom, each with an amount of at least 0 for every part.
    pub rows: Vec<(&'static str, Vec<f64>)>,
}

/// What stays free in one scenario after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadroomPlot {
    /// Scenarios from top to bottom.
    pub rows: Vec<HeadroomBar>,
    /// Least that the policy allows, as a share.
    pub target: Option<f64>,
}

/// What stays free in one scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadroomBar {
    /// Label.
    pub label: String,
    /// Share of CPU that no pod requests; below 0 when overcommitted.
    pub cpu: f64,
    /// Share of memory that no pod requests.
    pub memory: f64,
    /// Pods without a node.
    pub unplaced: u64,
}

/// A course over time.
#[derive(Debug, Clone, PartialEq)]
pub struct WavePlot {
    /// Moments in their order; each holds until the next.
    pub points: Vec<WavePoint>,
}

/// How a course stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WavePoint {
    /// When, from the beginning.
    pub at: Seconds,
    /// Pods that start.
    pub starting: u64,
    /// Pods that end.
    pub ending: u64,
    /// Pods without a node, and those that budgets do not let go.
    pub held: u64,
    /// Share of CPU that no pod requests; below 0 when overcommitted.
    pub cpu: f64,
    /// Share of memory that no pod requests.
    pub memory: f64,
}

/// How full one node, or the average of several, is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeShare {
    /// Requested by everything but the mesh, as a share of allocatable.
    pub apps: f64,
    /// Requested by mesh proxies.
    pub mesh: f64,
}

/// A figure against a range.
#[derive(Debug, Clone, PartialEq)]
pub struct BandInterval {
    /// The figure with its interval, in `unit`.
    pub figure: Interval,
    /// Unit.
    pub unit: &'static str,
    /// Lower end of the range.
    pub low: f64,
    /// Upper end of the range.
    pub high: f64,
}
