//! Traces of a scheduler: JSON lines of scores and of nodes chosen.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::InputError;
use super::open;
use crate::inventory::ObjectName;
use crate::scheduler::{Plugin, TracedDecision};

/// Reads a trace: lines `{pod, node, plugin, raw, normalised, weighted}` of scores, and lines
/// `{pod, node, chosen: true}` of decisions, `node` being `null` where there was none. Without lines of
/// decisions a pod went to the node with the best sum.
///
/// # Errors
/// [`InputError`] when the file cannot be read, or a line is neither.
pub fn read_scheduler_trace(path: &Path) -> Result<Vec<TracedDecision>, InputError> {
    let text = open::text(path)?;
    parse(&path.display().to_string(), &text)
}

#[derive(Deserialize)]
struct Line {
    pod: String,
    node: Option<String>,
    plugin: Option<String>,
    weighted: Option<i64>,
    #[serde(default)]
    chosen: bool,
}

fn parse(name: &str, text: &str) -> Result<Vec<TracedDecision>, InputError> {
    const EXPECTED: &str = "lines such as {\"pod\": \"shop/cart-1\", \"node\": \"node-1\", \"plugin\": \"NodeResourcesFit\", \"weighted\": 62} and {\"pod\": \"shop/cart-1\", \"node\": \"node-1\", \"chosen\": true}";
    const GIVE: &str = "give a file that `meshcap place --trace` wrote, or one of its form";
    let mut decisions: Vec<TracedDecision> = Vec::new();
    let mut index: BTreeMap<ObjectName, (usize, bool)> = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let broken = |found: String| InputError::new(format!("{name}:{}", number + 1), found, EXPECTED, GIVE);
        let line: Line = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
        let Some((namespace, pod)) = line.pod.split_once('/') else {
            return Err(broken(format!("the pod {:?}", line.pod)));
        };
        let pod = ObjectName::new(namespace, pod);
        let (decision, decided) = index.entry(pod.clone()).or_insert_with(|| {
            decisions.push(TracedDecision { pod, ..TracedDecision::default() });
            (decisions.len() - 1, false)
        });
        let Some(decision) = decisions.get_mut(*decision) else { continue };
        if line.chosen {
            *decided = true;
            decision.chosen = line.node;
            continue;
        }
        let (Some(node), Some(plugin), Some(weighted)) = (line.node, line.plugin, line.weighted) else {
            return Err(broken("a line without node, plugin and weighted score".to_owned()));
        };
        // Scores of plugins that are not known here cannot be compared.
        if let Some(plugin) = Plugin::from_name(&plugin) {
            decision.weighted.insert((node, plugin), weighted);
        }
    }
    for (decision, decided) in index.into_values() {
        if let Some(decision) = decisions.get_mut(decision).filter(|_| !decided) {
            decision.chosen = best(decision);
        }
    }
    Ok(decisions)
}

fn best(decision: &TracedDecision) -> Option<String> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for ((node, _), weighted) in &decision.weighted {
        let sum = sums.entry(node).or_default();
        *sum = sum.saturating_add(*weighted);
    }
    sums.into_iter().rev().max_by_key(|(_, sum)| *sum).map(|(node, _)| node.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_and_decisions_are_read() {
        let text = r#"{"pod":"shop/a","node":"n1","plugin":"NodeResourcesFit","raw":1,"normalised":1,"weighted":10}
{"pod":"shop/a","node":"n2","plugin":"NodeResourcesFit","raw":1,"normalised":1,"weighted":20}
{"pod":"shop/a","node":"n2","plugin":"Other","weighted":900}

{"pod":"shop/b","node":null,"chosen":true}
{"pod":"shop/c","node":"n1","chosen":true}"#;
        let read = parse("trace", text).unwrap();
        let chosen: Vec<Option<&str>> = read.iter().map(|decision| decision.chosen.as_deref()).collect();
        assert_eq!(chosen, [Some("n2"), None, Some("n1")]);
        assert_eq!(read[0].weighted.len(), 2);
    }

    #[test]
    fn lines_of_another_form_are_named() {
        for (text, expected) in [
            ("{\"pod\":\"a\"}", "trace:1: found the pod \"a\""),
            ("\n{\"pod\":\"s/a\",\"node\":\"n\"}", "trace:2: found a line without"),
            ("pod,node", "trace:1"),
        ] {
            let error = parse("trace", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
