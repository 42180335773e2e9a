//! What the figures share: colours, text, and a drawing surface fine enough for integer coordinates.
//!
//! plotters places everything on whole pixels, so figures are drawn [`SCALE`] times larger and
//! shrunk by the `viewBox`. Colours are fixed here; the style sheet maps each to a variable, so that
//! a drawing follows the reader's light or dark scheme.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::markup::{Svg, escaped};
use super::super::text::{count, shortened, significant};

/// Ink of titles and labels.
pub const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
/// Ink of axes.
pub const MUTED: RGBColor = RGBColor(0x59, 0x63, 0x6e);
/// Grid lines.
pub const LINE: RGBColor = RGBColor(0xd8, 0xde, 0xe4);
/// The mesh's part.
pub const MESH: RGBColor = RGBColor(0x46, 0x6b, 0xb0);
/// The mesh's part, paler.
pub const MESH_SOFT: RGBColor = RGBColor(0x9d, 0xb4, 0xde);
/// The applications' part.
pub const APPS: RGBColor = RGBColor(0xc3, 0xcc, 0xd6);
/// A range the field quotes.
pub const BAND: RGBColor = RGBColor(0xcf, 0xe8, 0xd5);
/// Whiskers and marks on bars.
pub const WHISKER: RGBColor = RGBColor(0x22, 0x35, 0x5c);
/// Limits and shortfalls.
pub const BAD: RGBColor = RGBColor(0xc0, 0x26, 0x1c);

/// How much larger figures are drawn.
pub const SCALE: i32 = 4;
/// Width of every figure, in CSS pixels.
pub const WIDTH: i32 = 760;
/// Size of text, in CSS pixels.
pub const TEXT: i32 = 13;

/// Any trouble of the drawing library.
pub type Result<T> = std::result::Result<T, DrawingAreaErrorKind<std::io::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A finished figure.
pub struct Drawing {
    markup: String,
    height: i32,
}

/// A surface to draw on, in CSS pixels.
pub struct Canvas<'a, 'b> {
    area: &'a Area<'b>,
}

/// Draws a figure of the given height.
pub fn drawing(height: i32, paint: impl FnOnce(&Canvas<'_, '_>) -> Result<()>) -> Result<Drawing> {
    let mut markup = String::new();
    {
        let size = ((WIDTH * SCALE).unsigned_abs(), (height * SCALE).unsigned_abs());
        let area = SVGBackend::with_string(&mut markup, size).into_drawing_area();
        paint(&Canvas { area: &area })?;
        area.present()?;
    }
    Ok(Drawing { markup, height })
}

impl Drawing {
    /// The drawing with its description, its size left to the style sheet.
    pub fn into_svg(self, alt: &str) -> Svg {
        let content = self.markup.split_once('>').map_or("", |(_, content)| content);
        let (width, height) = (WIDTH * SCALE, self.height * SCALE);
        let alt = escaped(alt);
        Svg::trusted(format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{alt}\">{content}"))
    }
}

impl Canvas<'_, '_> {
    /// A filled rectangle between two corners.
    pub fn rectangle(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<()> {
        self.area.draw(&Rectangle::new([pixel(from), pixel(to)], color.filled()))
    }

    /// A line.
    pub fn line(&self, from: (f64, f64), to: (f64, f64), color: RGBColor, thickness: f64) -> Result<()> {
        let style = color.stroke_width((thickness * f64::from(SCALE)) as u32);
        self.area.draw(&PathElement::new([pixel(from), pixel(to)], style))
    }

    /// A dashed horizontal line.
    pub fn dashed(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<()> {
        const DASH: f64 = 5.0;
        const GAP: f64 = 4.0;
        let mut left = from.0;
        while left < to.0 {
            self.line((left, from.1), ((left + DASH).min(to.0), to.1), color, 1.5)?;
            left += DASH + GAP;
        }
        Ok(())
    }

    /// A filled dot.
    pub fn dot(&self, at: (f64, f64), radius: f64, color: RGBColor) -> Result<()> {
        self.area.draw(&Circle::new(pixel(at), (radius * f64::from(SCALE)) as i32, color.filled()))
    }

    /// Text on a line centred at a height: `anchor` says which of its ends is at `x`.
    pub fn text(&self, text: &str, (x, y): (f64, f64), anchor: HPos, color: RGBColor) -> Result<()> {
        let font = ("sans-serif", TEXT * SCALE).into_font().color(&color);
        let style = font.pos(Pos::new(anchor, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), pixel((x, y)), style))
    }

    /// A small square and what its colour means; gives the position for the next.
    pub fn legend(&self, (x, y): (f64, f64), color: RGBColor, text: &str) -> Result<f64> {
        self.rectangle((x, y - 5.0), (x + 10.0, y + 5.0), color)?;
        self.text(text, (x + 15.0, y), HPos::Left, MUTED)?;
        Ok(x + 33.0 + text.chars().count() as f64 * 6.8)
    }

    /// A horizontal scale below `bottom` with grid lines up to `top` and its label.
    pub fn axis(&self, scale: &Scale, (top, bottom): (f64, f64), label: &str) -> Result<()> {
        for tick in scale.ticks() {
            let x = scale.at(tick);
            self.line((x, top), (x, bottom), LINE, 1.0)?;
            self.text(&tick_text(tick), (x, bottom + 12.0), HPos::Center, MUTED)?;
        }
        self.text(label, (scale.middle(), bottom + 32.0), HPos::Center, MUTED)
    }
}

/// A linear scale from zero to a round number above the largest value.
pub struct Scale {
    left: f64,
    right: f64,
    step: f64,
    steps: u32,
}

impl Scale {
    /// A scale over a horizontal range that holds `largest`.
    pub fn new((left, right): (f64, f64), largest: f64) -> Self {
        const MOST_STEPS: f64 = 6.0;
        let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
        let rough = largest / MOST_STEPS;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|round| round * decade).find(|step| *step >= rough);
        let step = step.unwrap_or(rough).max(f64::MIN_POSITIVE);
        Self { left, right, step, steps: (largest / step).ceil().clamp(1.0, 2.0 * MOST_STEPS) as u32 }
    }

    /// Where a value is; outside values stay at the ends.
    pub fn at(&self, value: f64) -> f64 {
        let end = self.step * f64::from(self.steps);
        self.left + (value / end).clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn middle(&self) -> f64 {
        f64::midpoint(self.left, self.right)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        (0..=self.steps).map(|index| self.step * f64::from(index))
    }
}

fn tick_text(tick: f64) -> String {
    if tick == 0.0 || tick.fract() == 0.0 && tick < 1e15 {
        return count(tick as u64);
    }
    let written = significant(tick);
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    let scale = f64::from(SCALE);
    ((x * scale).round() as i32, (y * scale).round() as i32)
}

/// Most characters of a label beside a bar.
const LABEL: usize = 30;

/// A label that fits beside a bar; namespace and name are shortened by themselves.
pub fn label(text: &str) -> String {
    const NAMESPACE: usize = 12;
    match text.split_once('/') {
        Some((namespace, name)) if text.chars().count() > LABEL => {
            let namespace = shortened(namespace, NAMESPACE);
            let left = LABEL - 1 - namespace.chars().count();
            format!("{namespace}/{}", shortened(name, left))
        }
        _ => shortened(text, LABEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_on_a_round_number() {
        for (largest, ticks) in [(0.0, 6), (37.0, 5), (100.0, 6), (1e11, 6), (0.003, 7)] {
            let scale = Scale::new((0.0, 100.0), largest);
            assert_eq!(scale.ticks().count(), ticks, "{largest}");
            assert!(scale.at(largest) <= 100.0);
        }
        assert_eq!(label("a-long-namespace/a-very-long-workload-name"), "a-long…space/a-very-l…oad-name");
        assert_eq!(tick_text(2.5), "2.5");
        assert_eq!(tick_text(1500.0), "1,500");
    }
}
