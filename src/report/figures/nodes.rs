//! How full the nodes are: a strip for CPU and one for memory, fullest first.

use plotters::style::text_anchor::HPos;

use super::canvas::{self, APPS, BAD, Canvas, Drawing, INK, LINE, MESH, MUTED, Result, WIDTH};
use crate::report::document::NodeShare;
use crate::report::text;

/// Room for the labels of the vertical axis.
const LEFT: f64 = 62.0;
/// Height of one strip.
const HEIGHT: f64 = 120.0;
/// Room for the legend, and between strips for the title.
const TOP: f64 = 52.0;
/// Widest a column gets.
const WIDEST: f64 = 96.0;
/// Fullness at which strips end: what is beyond is cut there and said in the title.
const MOST: f64 = 2.0;

/// Draws both strips.
pub fn draw(cpu: &[NodeShare], memory: &[NodeShare], ceiling: f64) -> Result<Drawing> {
    let height = 2.0 * (TOP + HEIGHT) + 14.0;
    canvas::drawing(height as i32, |canvas| {
        let next = canvas.legend((LEFT, 9.0), APPS, "applications and system")?;
        let next = canvas.legend((next, 9.0), MESH, "mesh proxies")?;
        canvas.legend((next, 9.0), BAD, &format!("most the policy allows, {}", text::percent(ceiling)))?;
        strip(canvas, TOP, "CPU", cpu, ceiling)?;
        strip(canvas, TOP + HEIGHT + TOP, "Memory", memory, ceiling)
    })
}

fn strip(canvas: &Canvas<'_, '_>, top: f64, title: &str, shares: &[NodeShare], ceiling: f64) -> Result<()> {
    let right = f64::from(WIDTH) - 25.0;
    let fullest = shares.iter().map(|share| share.apps + share.mesh).fold(1.0, f64::max);
    let end = fullest.min(MOST);
    let bottom = top + HEIGHT;
    let at = |share: f64| bottom - (share / end).clamp(0.0, 1.0) * HEIGHT;
    let cut =
        if fullest > MOST { format!(" (cut at 200 %, fullest {})", text::percent(fullest)) } else { String::new() };
    canvas.text(&format!("{title}, share of allocatable, %{cut}"), (LEFT, top - 14.0), HPos::Left, INK)?;
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0].into_iter().filter(|tick| *tick <= end) {
        canvas.line((LEFT, at(tick)), (right, at(tick)), LINE, 1.0)?;
        canvas.text(&text::percent_number(tick), (LEFT - 8.0, at(tick)), HPos::Right, MUTED)?;
    }
    let width = ((right - LEFT) / shares.len().max(1) as f64).min(WIDEST);
    let gap = if width > 4.0 { 1.0 } else { 0.0 };
    for (index, share) in shares.iter().enumerate() {
        let left = LEFT + width * index as f64;
        let (apps, both) = (at(share.apps), at(share.apps + share.mesh));
        canvas.rectangle((left, apps), (left + width - gap, bottom), APPS)?;
        canvas.rectangle((left, both), (left + width - gap, apps), MESH)?;
    }
    canvas.dashed((LEFT, at(ceiling)), (right, at(ceiling)), BAD)
}
