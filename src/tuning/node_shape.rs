//! The shape of nodes that costs least.
//!
//! **Question.** Would nodes of another shape hold the same pods for less money?
//! **Law.** No placement takes fewer nodes than the sum of requests over what a node leaves to pods; the placement of
//! all pods on nodes of one shape, with the headroom and the spare nodes that the policy asks for, is an answer.
//! **Decision.** The cheapest shape, where it costs less than the present nodes by more than the policy's tolerance.
//! **Patch.** None: a node pool is made by whoever runs the cluster.
//!
//! **Source.** [`crate::scenario`]; prices of the policy's shapes, else those of `data/node-shapes.toml`.

use super::node_prices::Prices;
use super::{Amount, Kind, Question, Recommendation, Saves, Setting, Withheld};
use crate::placement::reservation::instance_type;

/// Looks for a shape of nodes that costs less.
#[must_use]
pub fn node_shape(question: &Question<'_>) -> Vec<Recommendation> {
    of_cluster(question).into_iter().collect()
}

fn of_cluster(question: &Question<'_>) -> Option<Recommendation> {
    let standing = question.standing()?;
    let nodes = &question.inventory().nodes;
    let prices = Prices::of(&question.inputs.policy);
    // Without prices nothing can be cheaper, and nobody has asked.
    let today = prices.of_all(nodes)?;
    let most = today * (1.0 - question.policy().tolerance.get());
    let best = standing.best_shape(&prices.to_choose(nodes), most)?;
    if best.nodes == 0 || best.price >= most {
        return None;
    }
    let mut kinds: Vec<&str> = nodes.iter().map(instance_type).filter(|kind| !kind.is_empty()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let count = |count: usize, what: &str| Amount::Text(format!("{count} × {what}"));
    let now = match kinds[..] {
        [one] => count(nodes.len(), one),
        _ => Amount::Text(format!("{} nodes", nodes.len())),
    };
    let of_shape = |count: u64| Amount::Text(format!("{count} × {}", best.shape));
    let setting = Setting {
        name: "node shape",
        current: Some(now),
        lower: of_shape(best.at_least),
        target: of_shape(best.nodes),
        upper: of_shape(best.nodes),
    };
    let mut found = Recommendation::new(Kind::NodeShape, "cluster", "nodes", vec![setting]);
    found.basis = vec![
        format!(
            "all pods placed anew on {} nodes of {}, {} of them spare; no packing takes fewer than {}",
            best.nodes, best.shape, question.inputs.policy.headroom.survive_node_losses, best.at_least
        ),
        format!("{:.2} an hour today, {:.2} then", today.amount(), best.price.amount()),
        format!("pods of DaemonSets take {:.0} % of each", 100.0 * best.daemon_share.get()),
    ];
    found.risk.brings = vec!["every node is replaced: all pods move once".to_owned()];
    found.saves =
        Saves { nodes: nodes.len() as f64 - best.nodes as f64, money: today - best.price, ..Saves::default() };
    if best.impossible > 0 {
        let why = format!("{} pods fit on no new node of any shape", best.impossible);
        return Some(found.withhold(Withheld::Infeasible(why)));
    }
    Some(found)
}
