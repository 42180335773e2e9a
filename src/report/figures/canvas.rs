//! What the figures share: colours, text, and a drawing surface fine enough for integer coordinates.
//!
//! plotters places everything on whole pixels, so figures are drawn [`SCALE`] times larger and
//! shrunk by the `viewBox`. Colours are fixed here; the style sheet maps each to a variable, so that
//! a drawing follows the reader's light or dark scheme.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::markup::{Svg, escaped};
use super::super::text::{clean, shortened};
use super::scale::{Scale, tick_text};

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
/// As wanted.
pub const GOOD: RGBColor = RGBColor(0x1a, 0x7f, 0x37);
/// Limits and shortfalls.
pub const BAD: RGBColor = RGBColor(0xc0, 0x26, 0x1c);

/// Curves, in the order in which they are told apart best, for sighted and colour-blind readers alike.
pub const SERIES: [RGBColor; 5] = [
    MESH,
    RGBColor(0xb8, 0x5c, 0x12),
    RGBColor(0x12, 0x82, 0x76),
    RGBColor(0x8a, 0x4f, 0xb4),
    RGBColor(0x7a, 0x75, 0x18),
];

/// How much larger figures are drawn.
pub const SCALE: i32 = 4;
/// Width of every figure, in CSS pixels.
pub const WIDTH: i32 = 760;
/// Length of a dash, and of the gap after it.
const DASH: f64 = 5.0;
const GAP: f64 = 4.0;
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
    /// The drawing as a file of its own, with its description and its colours.
    pub fn into_file(self, alt: &str) -> String {
        let content = self.markup.split_once('>').map_or("", |(_, content)| content);
        let (width, height) = (WIDTH * SCALE, self.height * SCALE);
        let (alt, style) = (escaped(alt), include_str!("../colors.css"));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{alt}\">\n<title>{alt}</title>\n<style>\n{style}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{content}",
            self.height
        )
    }

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

    /// A line through points; those outside the drawing are the caller's to cut.
    pub fn curve(&self, points: &[(f64, f64)], color: RGBColor, thickness: f64) -> Result<()> {
        let style = color.stroke_width((thickness * f64::from(SCALE)) as u32);
        self.area.draw(&PathElement::new(points.iter().copied().map(pixel).collect::<Vec<_>>(), style))
    }

    /// A pale area between two lines of points.
    pub fn shade(&self, upper: &[(f64, f64)], lower: &[(f64, f64)], color: RGBColor) -> Result<()> {
        const OPACITY: f64 = 0.18;
        let outline = upper.iter().chain(lower.iter().rev()).copied().map(pixel).collect::<Vec<_>>();
        self.area.draw(&Polygon::new(outline, color.mix(OPACITY).filled()))
    }

    /// A dashed vertical line.
    pub fn dashed_down(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<()> {
        let mut top = from.1;
        while top < to.1 {
            self.line((from.0, top), (from.0, (top + DASH).min(to.1)), color, 1.5)?;
            top += DASH + GAP;
        }
        Ok(())
    }

    /// A dashed horizontal line.
    pub fn dashed(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<()> {
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

    /// A filled triangle that points up (`up`) or down, as wide as a dot of that radius.
    pub fn triangle(&self, (x, y): (f64, f64), radius: f64, up: bool, color: RGBColor) -> Result<()> {
        let tip = if up { -radius } else { radius };
        let corners = [(x, y + tip), (x - radius, y - tip), (x + radius, y - tip)].map(pixel);
        self.area.draw(&Polygon::new(corners, color.filled()))
    }

    /// A dashed line in any direction.
    pub fn dashed_between(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<()> {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let length = across.hypot(down).max(f64::MIN_POSITIVE);
        let at = |along: f64| (from.0 + across * along / length, from.1 + down * along / length);
        let mut along = 0.0;
        while along < length {
            self.line(at(along), at((along + DASH).min(length)), color, 1.5)?;
            along += DASH + GAP;
        }
        Ok(())
    }

    /// Text on a line centred at a height: `anchor` says which of its ends is at `x`.
    pub fn text(&self, text: &str, (x, y): (f64, f64), anchor: HPos, color: RGBColor) -> Result<()> {
        let font = ("sans-serif", TEXT * SCALE).into_font().color(&color);
        let style = font.pos(Pos::new(anchor, VPos::Center));
        self.area.draw(&Text::new(clean(text), pixel((x, y)), style))
    }

    /// A small square and what its colour means; gives the position for the next.
    pub fn legend(&self, (x, y): (f64, f64), color: RGBColor, text: &str) -> Result<f64> {
        self.rectangle((x, y - 5.0), (x + 10.0, y + 5.0), color)?;
        self.text(text, (x + 15.0, y), HPos::Left, MUTED)?;
        Ok(x + 33.0 + width(text))
    }

    /// A horizontal scale below `bottom` with grid lines up to `top` and its label.
    pub fn axis(&self, scale: &Scale, (top, bottom): (f64, f64), label: &str) -> Result<()> {
        self.grid(scale, (top, bottom), tick_text)?;
        self.text(label, (scale.middle(), bottom + 32.0), HPos::Center, MUTED)
    }

    /// Vertical grid lines of a horizontal scale, each with its text below; texts that would overlap are left out.
    pub fn grid(&self, scale: &Scale, (top, bottom): (f64, f64), words: impl Fn(f64) -> String) -> Result<()> {
        let mut free = f64::NEG_INFINITY;
        for tick in scale.ticks() {
            let x = scale.at(tick);
            self.line((x, top), (x, bottom), LINE, 1.0)?;
            let text = words(tick);
            let half = width(&text) / 2.0;
            if x - half >= free {
                self.text(&text, (x, bottom + 12.0), HPos::Center, MUTED)?;
                free = x + half + 6.0;
            }
        }
        Ok(())
    }
}

/// About how wide a text is, in CSS pixels.
pub fn width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.8
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
    fn long_labels_keep_both_ends() {
        assert_eq!(label("a-long-namespace/a-very-long-workload-name"), "a-long…space/a-very-l…oad-name");
    }
}
