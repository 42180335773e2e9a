//! Plays a course: whoever replaces pods answers each moment, until all is done or nothing happens any more.

use super::stage::{Change, Stage};
use super::timing::seconds;
use super::{Cause, End};

/// Who replaces pods.
pub(super) trait Player {
    /// Answers what happened; at the very first nothing has.
    fn act(&mut self, stage: &mut Stage<'_>, changes: &[Change]);
    /// Whether all is done.
    fn is_done(&self) -> bool;
    /// Nodes or workloads under way.
    fn under_way(&self) -> u64;
    /// Evictions that budgets refuse at present.
    fn blocked(&self) -> u64 {
        0
    }
    /// What is in the way where nothing happens any more: why, the pod, the node.
    fn stuck(&self, stage: &Stage<'_>) -> (Cause, Option<usize>, Option<usize>);
}

/// Plays to the end, which comes no sooner than the last pod that was begun is ready.
pub(super) fn play(stage: &mut Stage<'_>, player: &mut impl Player) -> End {
    let began = stage.now();
    let mut last = began;
    let mut was_done = false;
    loop {
        let mut changes = stage.take_changes();
        loop {
            let arrivals = changes.iter().any(|change| !matches!(change, Change::Gone(_)));
            // What goes when all is done takes no time any more.
            if !was_done || arrivals {
                last = stage.now();
            }
            player.act(stage, &changes);
            changes = stage.take_changes();
            if changes.is_empty() {
                break;
            }
        }
        was_done = player.is_done();
        stage.note(player.blocked(), player.under_way());
        if !stage.tick() {
            break;
        }
    }
    let after = seconds(last.saturating_sub(began));
    if was_done {
        return End::Finished { after };
    }
    let (because, pod, node) = player.stuck(stage);
    let node = node.and_then(|node| stage.setting.inventory.nodes.get(node)).map(|node| node.name.to_string());
    End::Stuck { after, because, pod: pod.and_then(|pod| stage.name_of(pod)), node }
}
