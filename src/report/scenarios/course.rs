//! Courses over time: a sentence, a picture and the waves.

use super::super::chapters::table;
use super::super::document::{Block, Cell, Chart, ChartData, Column, Tone, WavePlot, WavePoint};
use super::super::text;
use crate::course::{Course, End, Wave};
use crate::scenario::NamedCourse;
use crate::units::Seconds;

/// Most waves of a table; JSON has all.
const MOST_WAVES: usize = 15;
/// Most moments of a picture: more than a page has columns of pixels.
const MOST_POINTS: usize = 600;

/// What to say of a course in one sentence.
pub fn sentence(row: &str, named: &NamedCourse) -> String {
    let NamedCourse { name, course, connected } = named;
    let what = if row == *name { (*row).to_owned() } else { format!("{row}, {name}") };
    let mut text = match &course.end {
        End::Finished { after } => format!(
            "{what}: done after {}, {} replaced in {}",
            duration(*after),
            text::counted(course.replaced, "pod", "pods"),
            text::counted(course.waves.len() as u64, "wave", "waves")
        ),
        End::Stuck { after, because, pod, node } => {
            let pod = pod.as_ref().map_or_else(String::new, |pod| format!(" at {pod}"));
            let node = node.as_ref().map_or_else(String::new, |node| format!(" on {node}"));
            format!("{what}: stuck after {}{pod}{node}: {because}", duration(*after))
        }
    };
    if course.peak.at_once > 1 {
        text.push_str(&format!("; {} at a time", text::count(course.peak.at_once)));
    }
    if course.peak.surge > 0 {
        text.push_str(&format!("; {} above the usual at most", text::counted(course.peak.surge, "pod", "pods")));
    }
    let waiting: u64 = course.waiting.iter().map(|waiting| waiting.pods).sum();
    match (waiting, course.waiting.first()) {
        (0, _) | (_, None) if course.peak.waiting > 0 => {
            text.push_str(&format!(
                "; {} without a node for a time",
                text::counted(course.peak.waiting, "pod", "pods")
            ));
        }
        (0, _) | (_, None) => {}
        (pods, Some(first)) => {
            let reason = first.reasons.first().map_or("no node fits", |(reason, _)| reason.as_str());
            let pods = text::counted(pods, "pod", "pods");
            text.push_str(&format!("; {pods} without a node in the end, the first {} ({reason})", first.pod));
        }
    }
    if let Some(connected) = connected {
        text.push_str(&format!(
            "; the largest wave brings {} to istiod, which serves them within {}",
            text::counted(course.peak.connecting, "proxy", "proxies"),
            duration(connected.time.upper)
        ));
    }
    if course.lost > 0 {
        text.push_str(&format!("; nothing makes {} anew", text::counted(course.lost, "pod", "pods")));
    }
    for (why, pods) in &course.untouched {
        text.push_str(&format!("; {} untouched: {}", text::count(*pods), why.as_str()));
    }
    text.push('.');
    text
}

/// The picture and the table of a course.
pub fn blocks(row: &str, named: &NamedCourse) -> Vec<Block> {
    let course = &named.course;
    let mut blocks = Vec::new();
    if course.waves.len() > 1 {
        blocks.push(Block::Chart(Chart {
            title: "Waves over time",
            caption: format!("{row}, {}: what happens when, and what stays free", named.name),
            alt: sentence(row, named),
            data: ChartData::Waves(WavePlot { points: points(&course.waves) }),
        }));
    }
    blocks.push(waves(row, named));
    blocks
}

/// How it stands at each moment; neighbours share a point where there are many.
fn points(waves: &[Wave]) -> Vec<WavePoint> {
    let point = |waves: &[Wave]| {
        let most = |count: fn(&Wave) -> u64| waves.iter().map(count).max().unwrap_or(0);
        let least = |share: fn(&Wave) -> f64| waves.iter().map(share).fold(f64::INFINITY, f64::min);
        WavePoint {
            at: waves.first().map_or(Seconds::ZERO, |wave| wave.at),
            starting: most(|wave| wave.starting),
            ending: most(|wave| wave.ending),
            held: most(|wave| wave.waiting + wave.blocked),
            cpu: least(|wave| wave.cpu_headroom),
            memory: least(|wave| wave.memory_headroom),
        }
    };
    let each = waves.len().div_ceil(MOST_POINTS).max(1);
    let mut points: Vec<WavePoint> = waves.chunks(each).map(point).collect();
    if each > 1 {
        points.extend(waves.last().map(|last| point(std::slice::from_ref(last))));
    }
    points
}

fn waves(row: &str, named: &NamedCourse) -> Block {
    let Course { waves, .. } = &named.course;
    let columns = vec![
        Column::number("After", "", 0),
        Column::text("Begins", 2),
        Column::number("Begun", "pods", 0),
        Column::number("Starting", "pods", 1),
        Column::number("Ending", "pods", 1),
        Column::number("No node", "pods", 0),
        Column::number("Not let go", "pods", 3),
        Column::number("CPU free", "", 4),
        Column::number("Memory free", "", 4),
    ];
    let number = |number: u64| if number == 0 { Cell::Empty } else { Cell::Number(text::count(number)) };
    let held = |number: u64| if number == 0 { Cell::Empty } else { Cell::Mark(Tone::Bad, text::count(number)) };
    let rows = waves.iter().map(|wave| {
        vec![
            Cell::Number(duration(wave.at)),
            if wave.begun.is_empty() { Cell::Empty } else { Cell::Name(begun(wave)) },
            number(wave.moved),
            number(wave.starting),
            number(wave.ending),
            held(wave.waiting),
            held(wave.blocked),
            Cell::Number(text::percent(wave.cpu_headroom)),
            Cell::Number(text::percent(wave.memory_headroom)),
        ]
    });
    table(
        &format!("{row}, {}: each moment at which something happens", named.name),
        columns,
        rows.collect(),
        MOST_WAVES,
    )
}

fn begun(wave: &Wave) -> String {
    let more = wave.begun_count.saturating_sub(wave.begun.len() as u64);
    let more = if more > 0 { format!(" and {} more", text::count(more)) } else { String::new() };
    format!("{}{more}", wave.begun.join(", "))
}

/// `45 s`, `12 min 30 s`, `3 h 5 min`.
fn duration(time: Seconds) -> String {
    let seconds = time.as_seconds().max(0.0);
    if seconds < 60.0 {
        return format!("{} s", text::without_zeros(&format!("{seconds:.1}")));
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes, seconds) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{} h", text::count(hours)),
        (hours, minutes, _) => format!("{} h {minutes} min", text::count(hours)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_say_them() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (45.0, "45 s"),
            (7.5, "7.5 s"),
            (120.0, "2 min"),
            (750.0, "12 min 30 s"),
            (11_100.0, "3 h 5 min"),
        ] {
            assert_eq!(duration(Seconds::new(seconds)), text);
        }
    }
}
