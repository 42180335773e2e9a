//! What the autoscaler of istiod makes of rest and pushes.

use super::super::super::document::{Block, Callout, Tone};
use super::super::super::text;
use crate::overhead::Autoscaling;
use crate::units::Seconds;

/// How replicas come and go.
pub fn blocks(autoscaling: &Autoscaling) -> Vec<Block> {
    let (least, most) = autoscaling.bounds;
    let source = if autoscaling.assumed { "as Istio installs it" } else { "as in the input" };
    let replicas = |number: u64| text::counted(number, "replica", "replicas");
    let mut sentence = format!(
        "Its autoscaler ({source}: {} to {}, at {} of a request of {}) runs {} at rest and {} while much of the mesh \
         changes at once.",
        text::count(least),
        text::count(most),
        text::percent(autoscaling.target),
        text::cpu(autoscaling.request.as_cores()),
        replicas(autoscaling.at_rest),
        text::count(autoscaling.under_push),
    );
    sentence.push_str(&format!(
        " A rollout starts the new replicas before the old ones end: {} for a while.",
        replicas(autoscaling.during_rollout)
    ));
    let mut blocks = vec![Block::Paragraph(sentence)];
    if autoscaling.under_push > autoscaling.at_rest {
        blocks.push(callout(autoscaling));
    }
    blocks
}

fn callout(autoscaling: &Autoscaling) -> Block {
    let moved = minutes(autoscaling.rebalanced_after);
    let mut text = format!(
        "Replicas that are added take over connections as these reach their age: a tenth after {}, all after {moved}. Until \
         then the old ones carry the push.",
        minutes(Seconds::new(autoscaling.rebalanced_after.as_seconds() / 10.0)),
    );
    if autoscaling.flaps
        && let Some(between) = autoscaling.between_pushes
    {
        text.push_str(&format!(
            " Full pushes are {} apart on average, more than the {} that it remembers: replicas come and go with them.",
            minutes(between),
            minutes(autoscaling.memory)
        ));
    }
    Block::Callout(Callout { tone: Tone::Caution, title: "Scaling up comes late".to_owned(), text })
}

fn minutes(time: Seconds) -> String {
    format!("{} min", text::without_zeros(&text::significant(time.as_seconds() / 60.0)))
}
