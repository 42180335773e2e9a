//! What a change does, in words and in signs.

use super::super::text;
use crate::tuning::Saves;

const MIB: f64 = 1_048_576.0;

/// What there is less of and what more, such as `1.2 GiB of memory requests less; 200m of CPU requests more`; `None`
/// where nothing changes.
pub fn saved(saves: &Saves) -> Option<String> {
    let amounts = [
        (saves.memory.as_bytes(), MIB, text::memory as fn(f64) -> String, "of memory requests"),
        (saves.cpu.as_cores(), 0.001, text::cpu, "of CPU requests"),
        (saves.memory_used.as_bytes(), MIB, text::memory, "of memory in use"),
        (saves.cpu_used.as_cores(), 0.001, text::cpu, "of CPU in use"),
        (saves.log.per_day().as_bytes(), MIB, text::memory, "of access log a day"),
        (saves.config_change.as_seconds(), 0.01, text::significant, "s until proxies have a change"),
        (saves.reconnect.as_seconds(), 0.1, text::significant, "s until all are connected again"),
        (saves.series.count(), 1.0, text::significant, "time series"),
        (saves.spans.as_per_second(), 0.01, text::significant, "spans per second"),
    ];
    let words = |sign: f64, word: &str| {
        let of_sign = amounts.iter().filter(|(amount, least, ..)| amount * sign >= *least);
        let listed: Vec<String> =
            of_sign.map(|(amount, _, print, what)| format!("{} {what}", print(amount.abs()))).collect();
        let (last, others) = listed.split_last()?;
        Some(if others.is_empty() {
            format!("{last} {word}")
        } else {
            format!("{} and {last} {word}", others.join(", "))
        })
    };
    let words: Vec<String> = [words(1.0, "less"), words(-1.0, "more")].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Dangers that go and guards that come, in words.
pub fn safer(saves: &Saves) -> Vec<String> {
    let words = |count: f64, one: &str, many: &str, more: &str, less: &str| {
        let whole = count.abs().round() as u64;
        let verb = if count > 0.0 { more } else { less };
        (whole > 0).then(|| format!("{} {verb}", text::counted(whole, one, many)))
    };
    [
        words(saves.dangers, "danger", "dangers", "less", "more"),
        words(saves.guards, "missing guard", "missing guards", "less", "more"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What changes, in a few signs: requests, else use and what the mesh tells of itself; then dangers and guards.
pub fn effect(saves: &Saves) -> String {
    let change = |of: &str, saved: f64, least: f64, print: fn(f64) -> String| {
        let sign = if saved > 0.0 { '−' } else { '+' };
        (saved.abs() >= least).then(|| format!("{of} {sign}{}", print(saved.abs())))
    };
    let requests = [
        change("memory", saves.memory.as_bytes(), MIB, text::memory),
        change("CPU", saves.cpu.as_cores(), 0.001, text::cpu),
    ];
    let used = [
        change("memory in use", saves.memory_used.as_bytes(), MIB, text::memory),
        change("CPU in use", saves.cpu_used.as_cores(), 0.001, text::cpu),
    ];
    let told = [
        change("change s", saves.config_change.as_seconds(), 0.01, text::significant),
        change("reconnect s", saves.reconnect.as_seconds(), 0.1, text::significant),
        change("log a day", saves.log.per_day().as_bytes(), MIB, text::memory),
        change("series", saves.series.count(), 1.0, text::significant),
        change("spans/s", saves.spans.as_per_second(), 0.01, text::significant),
    ];
    let words =
        |changes: &mut dyn Iterator<Item = Option<String>>| changes.flatten().collect::<Vec<String>>().join(", ");
    let requested = words(&mut requests.into_iter());
    let amounts = if requested.is_empty() { words(&mut used.into_iter().chain(told)) } else { requested };
    let all = [vec![amounts], safer(saves)].concat();
    all.into_iter().filter(|it| !it.is_empty()).collect::<Vec<String>>().join(", ")
}
