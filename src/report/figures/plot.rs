//! What the plots of response times share: a frame, a vertical axis of durations, a legend, objectives.

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use super::canvas::{self, BAD, Canvas, LINE, MUTED, Result, WIDTH};
use super::scale::{Scale, tick_text};
use crate::report::document::Limit;
use crate::report::duration;
use crate::report::text::{self, Unit};
use crate::units::Seconds;

/// Where plots begin and end, in CSS pixels.
pub const SIDES: (f64, f64) = (70.0, WIDTH as f64 - 25.0);
/// Height of a plot.
const HEIGHT: f64 = 300.0;
/// Room for the title of the vertical axis.
const TITLE: f64 = 30.0;
/// Room for the horizontal axis.
const AXIS: f64 = 48.0;
/// Height of a row of the legend.
const ROW: f64 = 20.0;
/// Longest label of a limit.
const LONGEST_LIMIT: usize = 24;

/// A legend of several rows, which decides how far down the plot begins.
pub struct Legend<'a> {
    entries: Vec<(RGBColor, String)>,
    marker: &'a str,
}

impl<'a> Legend<'a> {
    /// A legend of colours and their meaning; `marker` explains dots, where there are any.
    pub fn new(entries: impl Iterator<Item = (RGBColor, String)>, marker: &'a str) -> Self {
        Self { entries: entries.collect(), marker }
    }

    fn rows(&self) -> Vec<Vec<&(RGBColor, String)>> {
        let mut rows: Vec<Vec<&(RGBColor, String)>> = Vec::new();
        let mut right = f64::INFINITY;
        for entry in &self.entries {
            let wide = 33.0 + canvas::width(&entry.1);
            if right + wide > SIDES.1 {
                rows.push(Vec::new());
                right = SIDES.0;
            }
            right += wide;
            if let Some(row) = rows.last_mut() {
                row.push(entry);
            }
        }
        rows
    }

    fn draw(&self, canvas: &Canvas<'_, '_>) -> Result<()> {
        for (index, row) in self.rows().into_iter().enumerate() {
            let y = 9.0 + ROW * index as f64;
            let mut x = SIDES.0;
            for (color, text) in row {
                x = canvas.legend((x, y), *color, text)?;
            }
        }
        Ok(())
    }
}

/// A plot of durations.
pub struct Plot<'a> {
    legend: Legend<'a>,
    top: f64,
    bottom: f64,
    times: Scale,
    /// The unit of a linear axis; on a logarithmic one every tick says its own.
    unit: Option<Unit>,
}

/// What an axis of durations must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// The least that matters, in seconds.
    pub least: f64,
    /// The largest, in seconds.
    pub largest: f64,
    /// Largest over least from which the axis is logarithmic.
    pub bend: f64,
}

impl<'a> Plot<'a> {
    /// Lays a plot out.
    pub fn new(legend: Legend<'a>, times: Times) -> Self {
        let rows = legend.rows().len() + usize::from(!legend.marker.is_empty());
        let top = ROW * rows as f64 + TITLE;
        let bottom = top + HEIGHT;
        let logarithmic = times.least > 0.0 && times.largest / times.least > times.bend;
        let (scale, unit) = if logarithmic {
            (Scale::logarithmic((bottom, top), times.least, times.largest), None)
        } else {
            let scale = Scale::new((bottom, top), times.largest);
            (scale, Some(duration::unit(Seconds::new(times.largest))))
        };
        Self { legend, top, bottom, times: scale, unit }
    }

    /// Height of the whole figure.
    pub fn height(&self) -> i32 {
        (self.bottom + AXIS) as i32
    }

    /// Upper and lower edge.
    pub fn edges(&self) -> (f64, f64) {
        (self.top, self.bottom)
    }

    /// Where a duration is.
    pub fn at(&self, time: Seconds) -> f64 {
        self.times.at(time.as_seconds())
    }

    /// Legend, grid and vertical axis.
    pub fn draw(&self, canvas: &Canvas<'_, '_>) -> Result<()> {
        self.legend.draw(canvas)?;
        if !self.legend.marker.is_empty() {
            canvas.text(self.legend.marker, (SIDES.0, self.top - TITLE - ROW / 2.0), HPos::Left, MUTED)?;
        }
        let title = match self.unit {
            Some(unit) => format!("response time, {}", unit.symbol),
            None => "response time, logarithmic".to_owned(),
        };
        canvas.text(&title, (SIDES.0, self.top - 14.0), HPos::Left, MUTED)?;
        for tick in self.times.ticks() {
            let y = self.times.at(tick);
            let text = match self.unit {
                Some(unit) => tick_text(tick / unit.size),
                None => text::without_zeros(&duration::amount(Seconds::new(tick))),
            };
            canvas.line((SIDES.0, y), (SIDES.1, y), LINE, 1.0)?;
            canvas.text(&text, (SIDES.0 - 8.0, y), HPos::Right, MUTED)?;
        }
        Ok(())
    }

    /// An objective: a dashed line to `right` with its name, and a dot at its end where it limits one point.
    pub fn limit(&self, canvas: &Canvas<'_, '_>, limit: &Limit, right: f64, dot: bool) -> Result<()> {
        let label = text::shortened(&limit.label, LONGEST_LIMIT);
        if self.times.is_beyond(limit.limit.as_seconds()) {
            let label = format!("↑ {label}");
            return canvas.text(&label, (right.max(SIDES.0 + canvas::width(&label)), self.top + 9.0), HPos::Right, BAD);
        }
        let y = self.at(limit.limit);
        canvas.dashed((SIDES.0, y), (right, y), BAD)?;
        if !dot {
            return canvas.text(&label, (SIDES.0 + 6.0, y - 9.0), HPos::Left, BAD);
        }
        canvas.dot((right, y), 4.5, BAD)?;
        let fits = right + 10.0 + canvas::width(&label) <= SIDES.1;
        let (place, anchor) =
            if fits { ((right + 10.0, y), HPos::Left) } else { ((right - 8.0, y - 11.0), HPos::Right) };
        canvas.text(&label, place, anchor, BAD)
    }
}

/// A plot with its horizontal scale.
pub struct Field<'a> {
    /// The plot.
    pub plot: &'a Plot<'a>,
    /// The horizontal scale.
    pub across: &'a Scale,
}

impl Field<'_> {
    /// Where a duration is.
    pub fn at(&self, across: f64, time: Seconds) -> (f64, f64) {
        (self.across.at(across), self.plot.at(time))
    }
}
