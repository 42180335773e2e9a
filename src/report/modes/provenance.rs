//! What the comparison rests on.

use super::super::chapters::{chapter, coefficients, inputs_of};
use super::super::document::{Block, Chapter};
use super::super::text;
use crate::modes::Comparison;

/// What was assumed, and what is left out.
pub fn assumptions(comparison: &Comparison) -> Option<Chapter> {
    let policy = &comparison.policy;
    let gateways = &policy.gateways;
    let points = vec![
        "Who is in the mesh is as labelled and enrolled; how they take part is what changes. Waypoints that are deployed stay in the modes with waypoints.".to_owned(),
        format!(
            "A planned waypoint has the resources of a sidecar and as many replicas as keep each within {} of its CPU after the loss of {}, at least {}.",
            text::percent(gateways.target_utilization.get()),
            gateways.survive_replica_losses,
            text::count(gateways.min_replicas),
        ),
        "A waypoint carries every request to the services behind it. Where rates are not measured, half of what the policy assumes for a proxy comes in.".to_owned(),
        "A request passes two ztunnels, also between pods of one node. A waypoint stands between them, and the ztunnels' part stays the same.".to_owned(),
        "ztunnels and gateways request the same whatever they need; istiod is counted while it pushes.".to_owned(),
        "The istio-cni agent of every node, which ambient mode needs, is placed and requested; what it uses is not known and in no figure.".to_owned(),
    ];
    chapter("assumptions", "Assumptions", vec![Block::List(points)])
}

/// Inputs and model card.
pub fn inputs(comparison: &Comparison) -> Option<Chapter> {
    let blocks = inputs_of(&comparison.inputs).into_iter().chain([coefficients(&comparison.card)]).collect();
    chapter("inputs", "Inputs and provenance", blocks)
}

/// One line on what the figures rest on.
pub fn brief(comparison: &Comparison) -> Option<Chapter> {
    let sentence = format!("Model card {}. The full report says what each mode does without.", comparison.card.name);
    chapter("basis", "Basis", vec![Block::Paragraph(sentence)])
}
