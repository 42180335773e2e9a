//! Shapes of nodes: what of each is left for pods, how many are needed, and which is cheapest.

use std::collections::BTreeSet;

use super::answer::{Answer, ShapeAnswer};
use super::known::Trouble;
use super::placed::{Placed, with_places};
use crate::inventory::objects::NodeResources;
use crate::inventory::{Inventory, Node, Place, STATIC_POD, runs_daemon};
use crate::parallel;
use crate::placement::reservation::DEFAULT_PODS;
use crate::placement::{Fill, join};
use crate::policy::{HeadroomPolicy, NodePoolPolicy};
use crate::resources::Resources;
use crate::scheduler::{Profile, Session, pod_request};
use crate::units::{MoneyPerHour, Share};

/// A new node with a pod of every DaemonSet on it.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    offered: NodeResources,
    daemons: Resources,
    daemon_pods: u64,
}

impl Shape {
    pub(super) fn new(inventory: &Inventory, rules: &Profile, pool: &NodePoolPolicy) -> Self {
        let (node, offered) = join(&inventory.nodes, pool);
        let mut shape = Self { offered, daemons: Resources::default(), daemon_pods: 0 };
        for request in daemons_of(inventory, &node, rules) {
            shape.daemons += &request;
            shape.daemon_pods += 1;
        }
        shape
    }

    /// The fewest nodes with which CPU and memory keep `target` free; `None` where no number does.
    ///
    /// `(requested + n·daemons) ÷ (allocatable + n·offered) ≤ 1 − target`, per resource.
    pub(super) fn nodes_for_target(&self, fill: &Fill, target: Share) -> Option<u64> {
        let used = 1.0 - target.get();
        let nodes = |requested: u64, allocatable: u64, offered: u64, daemons: u64| {
            // Dust of a product must not add a node.
            const DUST: f64 = 1e-6;
            let missing = requested as f64 - used * allocatable as f64;
            let gained = used * offered as f64 - daemons as f64;
            match (missing > DUST, gained > 0.0) {
                (false, _) => Some(0),
                (true, true) => Some((missing / gained - DUST).ceil().max(0.0) as u64),
                (true, false) => None,
            }
        };
        let (have, ask) = (&fill.allocatable, &fill.requested);
        let (new, daemons) = (&self.offered.resources, &self.daemons);
        let cpu = nodes(ask.cpu.get(), have.cpu.get(), new.cpu.get(), daemons.cpu.get())?;
        let memory = nodes(ask.memory.get(), have.memory.get(), new.memory.get(), daemons.memory.get())?;
        Some(cpu.max(memory))
    }

    /// No packing of pods that ask for so much together uses fewer: the sum over what a node has left.
    fn at_least(&self, asked: &Resources, pods: u64) -> u64 {
        let left = self.offered.resources.clone().saturating_sub(&self.daemons);
        let slots = self.offered.pods.unwrap_or(DEFAULT_PODS).saturating_sub(self.daemon_pods);
        let part = |asked: u64, left: u64| if left == 0 { 0 } else { asked.div_ceil(left) };
        let (cpu, memory) = (part(asked.cpu.get(), left.cpu.get()), part(asked.memory.get(), left.memory.get()));
        cpu.max(memory).max(part(pods, slots))
    }

    fn daemon_share(&self) -> Share {
        let part = |asked: u64, offered: u64| if offered == 0 { 0.0 } else { asked as f64 / offered as f64 };
        let (asked, offered) = (&self.daemons, &self.offered.resources);
        let share = part(asked.cpu.get(), offered.cpu.get()).max(part(asked.memory.get(), offered.memory.get()));
        Share::new(share.clamp(0.0, 1.0)).unwrap_or(Share::ZERO)
    }
}

/// What the pods of DaemonSets ask for on a node.
fn daemons_of<'a>(
    inventory: &'a Inventory,
    node: &'a Node,
    rules: &'a Profile,
) -> impl Iterator<Item = Resources> + 'a {
    let daemons = inventory.workloads.iter().filter(|it| &*it.id.kind == "DaemonSet" && runs_daemon(node, &it.spec));
    daemons.map(|it| pod_request(&it.spec, None, rules.version).real)
}

/// Every shape for the pods that have no node or, where the new nodes replace the present ones, for all that can move:
/// then with the headroom and the spare nodes that the policy asks for.
pub(super) fn cheapest(
    placed: &Placed<'_>,
    replace: bool,
    shapes: &[NodePoolPolicy],
    policy: &HeadroomPolicy,
) -> Result<Answer, Trouble> {
    if shapes.is_empty() {
        return Err("there are no shapes to choose from; write [[shape]] tables".to_owned());
    }
    let need = Need::of(placed, replace, policy);
    let waiting = need.bare.session();
    let on = |(): &mut (), number: usize| shapes.get(number).map(|pool| need.on(pool, &waiting));
    let answers = parallel::map(shapes.len(), 1, || (), on);
    let mut shapes: Vec<ShapeAnswer> = answers.into_iter().flatten().collect();
    shapes.sort_by(|a, b| {
        let price = a.price.amount().total_cmp(&b.price.amount());
        a.impossible.cmp(&b.impossible).then(price).then(a.nodes.cmp(&b.nodes)).then_with(|| a.shape.cmp(&b.shape))
    });
    Ok(Answer::Shapes { pods: need.pods, shapes })
}

/// The cheapest shape for all that can move, with the headroom and the spare nodes that the policy asks for; of equals
/// the first by name. Where no shape takes every pod, the one that leaves fewest; `None` without shapes.
///
/// A shape that costs as much at its least number of nodes as one that was worked out, or as `most`, is left alone.
pub(super) fn best(
    placed: &Placed<'_>,
    shapes: &[NodePoolPolicy],
    most: MoneyPerHour,
    policy: &HeadroomPolicy,
) -> Option<ShapeAnswer> {
    let need = Need::of(placed, true, policy);
    let bound = |pool: &NodePoolPolicy| (pool.price_per_hour * need.least(pool) as f64).amount();
    let mut order: Vec<(f64, &NodePoolPolicy)> = shapes.iter().map(|pool| (bound(pool), pool)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
    let key = |answer: &ShapeAnswer| (answer.impossible, answer.price.amount());
    let waiting = need.bare.session();
    let mut best: Option<ShapeAnswer> = None;
    for some in order.chunks(AT_ONCE) {
        let enough = |bound: f64| match &best {
            None => bound >= most.amount(),
            Some(best) => best.impossible == 0 && best.price.amount() <= bound,
        };
        let tried: Vec<&NodePoolPolicy> =
            some.iter().take_while(|(bound, _)| !enough(*bound)).map(|(_, pool)| *pool).collect();
        let on = |(): &mut (), number: usize| tried.get(number).map(|pool| need.on(pool, &waiting));
        let answers = parallel::map(tried.len(), 1, || (), on);
        for answer in answers.into_iter().flatten() {
            if best.as_ref().is_none_or(|best| key(&answer) < key(best)) {
                best = Some(answer);
            }
        }
        if tried.len() < some.len() {
            break;
        }
    }
    best
}

/// So many shapes are worked out before the next look at what they cost: one more than needed changes nothing.
const AT_ONCE: usize = 4;

/// What new nodes have to take.
struct Need<'p, 'a> {
    policy: &'p HeadroomPolicy,
    /// The cluster without what they take.
    bare: Placed<'a>,
    /// Whether they take the place of all present nodes.
    replace: bool,
    asked: Resources,
    pods: u64,
}

impl<'p, 'a> Need<'p, 'a> {
    fn of(placed: &Placed<'a>, replace: bool, policy: &'p HeadroomPolicy) -> Self {
        let bare = if replace { emptied(placed) } else { placed.clone() };
        let (mut asked, pods) = (Resources::default(), bare.unplaced.len() as u64);
        for pod in bare.unplaced.iter().filter_map(|(pod, _)| bare.inventory.pods.get(*pod)) {
            asked += &pod_request(&pod.spec, pod.life.resized.as_deref(), placed.rules.version).real;
        }
        Self { policy, bare, replace, asked, pods }
    }

    /// What a shape gives the pods that wait.
    fn on(&self, pool: &NodePoolPolicy, waiting: &Session<'_>) -> ShapeAnswer {
        let Self { bare, replace, .. } = self;
        let (node, offered) = join(&bare.inventory.nodes, pool);
        let addition = waiting.nodes_to_add(&node, &offered);
        let for_pods = addition.nodes;
        let shape = Shape::new(&bare.inventory, bare.rules, pool);
        let (nodes, at_least) = match *replace && for_pods > 0 {
            true => {
                let for_target = self.for_target(&shape);
                (for_pods.max(for_target) + self.spare(), shape.at_least(&self.asked, self.pods).max(for_target))
            }
            false => (for_pods, u64::from(for_pods > 0)),
        };
        ShapeAnswer {
            shape: pool.name.clone(),
            nodes,
            at_least,
            price: pool.price_per_hour * nodes as f64,
            impossible: addition.impossible,
            daemon_share: shape.daemon_share(),
        }
    }

    /// No placement of all takes fewer nodes, spare ones included.
    fn least(&self, pool: &NodePoolPolicy) -> u64 {
        let shape = Shape::new(&self.bare.inventory, self.bare.rules, pool);
        shape.at_least(&self.asked, self.pods).max(self.for_target(&shape)) + self.spare()
    }

    fn for_target(&self, shape: &Shape) -> u64 {
        let all = Fill { requested: self.asked.clone(), pods: self.pods, ..Fill::default() };
        shape.nodes_for_target(&all, self.policy.target).unwrap_or(0)
    }

    /// So many more than what holds everything is enough for any losses of that number.
    fn spare(&self) -> u64 {
        u64::from(self.policy.survive_node_losses)
    }
}

/// The cluster without its nodes: all pods wait but those that go with a node.
fn emptied<'a>(placed: &Placed<'a>) -> Placed<'a> {
    let goes: Vec<bool> =
        placed.inventory.workloads.iter().map(|it| matches!(&*it.id.kind, "DaemonSet" | STATIC_POD)).collect();
    let is_bound = |workload: usize| goes.get(workload).copied().unwrap_or(false);
    let places: Vec<Option<Place>> =
        placed.inventory.pods.iter().map(|pod| (!is_bound(pod.workload)).then_some(Place::Pending)).collect();
    let all: BTreeSet<usize> = (0..placed.inventory.nodes.len()).collect();
    let emptied = Placed { inventory: with_places(placed.inventory.clone(), &places), ..placed.clone() };
    emptied.without(&all)
}
