//! From an inventory to a state: pods grouped by what they are, every rule made a counter, running pods counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::claims::Claims;
use super::class::{Class, HostPort, Spread};
use super::counter::Counter;
use super::ground::{Demand, Ground};
use super::matcher::{Lookup, Matchers, Namespaces, Role, Term};
use super::nodes::{Columns, Nodes, bounded};
use super::plugins::image_locality::Images;
use super::profile::{DefaultSpread, Profile};
use super::request::{PodRequest, pod_request};
use super::state::{PodState, State};
use super::topology::{EACH_NODE, HOSTNAME, NOWHERE, Topology, ZONE};
use crate::inventory::objects::{
    NodeResources, Operator, PodAffinity, PodAffinityTerm, Requirement, Resized, TopologySpread, Volume,
};
use crate::inventory::{Inventory, Labels, Node, ObjectName, Pod, PodSpec};

/// Nodes and pods to compile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ingredients<'a, 't> {
    pub(super) inventory: &'a Inventory,
    pub(super) profile: &'a Profile,
    /// Nodes of the inventory, and others after them.
    pub(super) nodes: &'t [&'a Node],
    /// What each of them offers.
    pub(super) offered: &'t [&'t NodeResources],
}

/// What makes pods alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Likeness<'a> {
    namespace: &'a Arc<str>,
    labels: &'a Labels,
    spec: &'a PodSpec,
    siblings: Option<&'a [Requirement]>,
    resized: Option<&'a Resized>,
    daemon: bool,
}

/// Everything but where pods are.
pub(super) fn compile<'a>(ingredients: Ingredients<'a, '_>) -> State<'a> {
    let Ingredients { inventory, profile, nodes, offered } = ingredients;
    let (class_of, likenesses) = classes(inventory);
    let requests: Vec<PodRequest> =
        likenesses.iter().map(|like| pod_request(like.spec, like.resized, profile.version)).collect();
    let wanted = requests.iter().flat_map(|request| request.real.extended.keys().map(String::as_str));
    let scored = profile.strategy.resources.iter().map(|(name, _)| name.as_str());
    let balanced = profile.balanced.iter().map(String::as_str);
    let columns = Columns::new(wanted.chain(scored).chain(balanced));
    let nodes = Nodes::new(nodes, offered, columns);
    let mut compiler = Compiler {
        inventory,
        profile,
        topology: Topology::new(&nodes.all),
        images: Images::new(&nodes.all),
        ground_of: Lookup::default(),
        grounds: Vec::new(),
        node_sets: Vec::new(),
        node_set_of: Lookup::default(),
        matchers: Matchers::new(likenesses.iter().map(|like| like.labels)),
        counters: Vec::new(),
        counter_of: BTreeMap::new(),
        holders: Vec::new(),
        claims: Claims::new(&inventory.storage),
        positions: nodes.all.iter().enumerate().map(|(position, node)| (&*node.name, position)).collect(),
        services: services(inventory),
        nodes,
    };
    let mut classes: Vec<Class<'a>> =
        likenesses.iter().zip(&requests).map(|(like, request)| compiler.class(like, request)).collect();
    compiler.connect(&mut classes);
    let Compiler { topology, grounds, node_sets, counters, claims, nodes, images, .. } = compiler;
    let count = nodes.len();
    let column = |name: &String| nodes.columns.get(name);
    State {
        inventory,
        profile,
        strategy: profile
            .strategy
            .resources
            .iter()
            .filter_map(|(name, weight)| Some((column(name)?, *weight)))
            .collect(),
        balanced: profile.balanced.iter().filter_map(column).collect(),
        pods: class_of.into_iter().zip(&inventory.pods).map(|(class, pod)| PodState::new(class, pod)).collect(),
        on_node: vec![Vec::new(); count],
        ports: vec![Vec::new(); count],
        disks: vec![Vec::new(); count],
        attached: vec![BTreeMap::new(); count],
        departures: 0,
        placed: 0,
        journal: None,
        watching: (0..counters.len()).filter(|&index| counters[index].watches_least()).collect(),
        topology: Arc::new(topology),
        classes: classes.into(),
        grounds: grounds.into(),
        counters,
        node_sets: node_sets.into(),
        images,
        claims,
        nodes,
    }
}

/// The class of every pod, and what each class is.
fn classes(inventory: &Inventory) -> (Vec<u32>, Vec<Likeness<'_>>) {
    let mut known: Lookup<Likeness<'_>, u32> = Lookup::default();
    // Pods of one template share their parts: most are recognised by where these lie.
    let mut by_place: Lookup<(usize, usize, usize, usize, bool), u32> = Lookup::default();
    let mut likenesses: Vec<Likeness<'_>> = Vec::new();
    let mut class_of = Vec::with_capacity(inventory.pods.len());
    for pod in &inventory.pods {
        let like = likeness(pod, inventory);
        let place = (
            pod.name.namespace.as_ptr() as usize,
            Arc::as_ptr(&pod.labels) as usize,
            Arc::as_ptr(&pod.spec) as usize,
            pod.siblings.as_ref().map_or(0, |siblings| siblings.as_ptr() as usize),
            like.daemon,
        );
        let by_place = if like.resized.is_none() { Some(by_place.entry(place)) } else { None };
        let mut of_content = || {
            *known.entry(like.clone()).or_insert_with(|| {
                likenesses.push(like.clone());
                likenesses.len() as u32 - 1
            })
        };
        class_of.push(match by_place {
            Some(entry) => *entry.or_insert_with(of_content),
            None => of_content(),
        });
    }
    (class_of, likenesses)
}

fn likeness<'a>(pod: &'a Pod, inventory: &Inventory) -> Likeness<'a> {
    let is_daemon = inventory.workloads.get(pod.workload).is_some_and(|workload| &*workload.id.kind == "DaemonSet");
    Likeness {
        namespace: &pod.name.namespace,
        labels: &pod.labels,
        spec: &pod.spec,
        siblings: pod.siblings.as_deref(),
        resized: pod.life.resized.as_deref(),
        // Listed pods carry their tolerations already.
        daemon: is_daemon && !pod.listed,
    }
}

/// Services with a selector by namespace.
fn services(inventory: &Inventory) -> BTreeMap<&str, Vec<&Labels>> {
    let mut services: BTreeMap<&str, Vec<&Labels>> = BTreeMap::new();
    for service in inventory.services.iter().filter(|service| !service.selector.is_empty()) {
        services.entry(&service.name.namespace).or_default().push(&service.selector);
    }
    services
}

struct Compiler<'a> {
    inventory: &'a Inventory,
    profile: &'a Profile,
    nodes: Nodes<'a>,
    topology: Topology,
    images: Images,
    ground_of: Lookup<Demand<'a>, usize>,
    grounds: Vec<Ground>,
    node_sets: Vec<Vec<bool>>,
    node_set_of: Lookup<Vec<bool>, usize>,
    matchers: Matchers,
    counters: Vec<Counter>,
    counter_of: BTreeMap<CounterId, usize>,
    /// Classes and the counters that count them as holders of a term.
    holders: Vec<(usize, usize)>,
    claims: Claims<'a>,
    positions: BTreeMap<&'a str, usize>,
    services: BTreeMap<&'a str, Vec<&'a Labels>>,
}

/// What tells counters apart: what they count, of whom, per which key, on which nodes, with which weight.
type CounterId = (Counted, usize, usize, Option<usize>, i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    Pods,
    StayingPods,
    StayingPodsAndLeast,
    AwayHolders,
    ScoreHolders,
}

impl<'a> Compiler<'a> {
    fn class(&mut self, like: &Likeness<'a>, request: &PodRequest) -> Class<'a> {
        let spec = like.spec;
        let demand = Demand::new(spec, like.daemon);
        let named = demand.named_nodes().map(|names| {
            let mut named: Vec<usize> = names.iter().filter_map(|name| self.positions.get(name).copied()).collect();
            named.sort_unstable();
            named.dedup();
            named
        });
        let ground = named.is_none().then(|| self.ground(demand));
        let (claims, missing_claim, own_claims) = self.volumes(like);
        let mut class = Class {
            namespace: like.namespace.clone(),
            labels: like.labels,
            spec,
            priority: spec.priority.unwrap_or(0),
            demand,
            ground,
            asked: self.nodes.columns.amounts(&request.real),
            scored: [bounded(request.scored.cpu.get()), bounded(request.scored.memory.get())],
            ports: HostPort::of(spec),
            disks: spec
                .volumes
                .iter()
                .filter_map(|volume| if let Volume::Disk(disk) = volume { Some(disk) } else { None })
                .collect(),
            claims,
            missing_claim,
            own_claims,
            hard_spread: Vec::new(),
            soft_spread: Vec::new(),
            spread_by_system: false,
            near: Vec::new(),
            near_itself: false,
            away: Vec::new(),
            kept_away: Vec::new(),
            between: Vec::new(),
            counted: Vec::new(),
            counted_while_staying: Vec::new(),
            images: self.images.of(spec),
            tolerates_cordons: demand.tolerates_cordons(),
            named,
        };
        self.spread(&mut class, like.siblings);
        class
    }

    fn ground(&mut self, demand: Demand<'a>) -> usize {
        if let Some(&known) = self.ground_of.get(&demand) {
            return known;
        }
        self.grounds.push(Ground::new(demand, &self.nodes));
        self.ground_of.insert(demand, self.grounds.len() - 1);
        self.grounds.len() - 1
    }

    fn volumes(&self, like: &Likeness<'a>) -> (Vec<usize>, Option<String>, Vec<Option<&'a str>>) {
        let (mut claims, mut missing, mut own) = (Vec::new(), None, Vec::new());
        for volume in &like.spec.volumes {
            match volume {
                Volume::Claim(name) => {
                    let full = ObjectName { namespace: like.namespace.clone(), name: name.as_str().into() };
                    match self.claims.find(&full) {
                        Some(claim) => claims.push(claim),
                        None if self.claims.are_known() => missing = missing.or_else(|| Some(name.clone())),
                        None => {}
                    }
                }
                Volume::Ephemeral(class) => own.push(class.as_deref()),
                Volume::Disk(_) => {}
            }
        }
        claims.sort_unstable();
        claims.dedup();
        (claims, missing, own)
    }

    fn spread(&mut self, class: &mut Class<'a>, siblings: Option<&[Requirement]>) {
        let own = &class.spec.topology_spread;
        if !own.is_empty() {
            let with_selector = |constraint: &'a TopologySpread| (constraint, constraint.selector_of(class.labels));
            let all: Vec<_> = own.iter().map(with_selector).collect();
            return self.spread_over(class, &all);
        }
        // Only scores look at the system's defaults, and one node needs no score.
        if class.named.as_ref().is_some_and(|named| named.len() < 2) {
            return;
        }
        let Some(selector) = self.selector_by_default(class, siblings) else { return };
        let system = [(HOSTNAME, 3), (ZONE, 5)].map(|(key, max_skew)| TopologySpread {
            max_skew,
            topology_key: key.to_owned(),
            ..TopologySpread::default()
        });
        let defaults: &[TopologySpread] = match &self.profile.default_spread {
            DefaultSpread::System => {
                class.spread_by_system = true;
                &system
            }
            DefaultSpread::List(list) => list,
        };
        let all: Vec<_> = defaults.iter().map(|constraint| (constraint, Some(selector.clone()))).collect();
        self.spread_over(class, &all);
    }

    /// Selectors of the services and of the controller that a pod belongs to, in one.
    fn selector_by_default(&self, class: &Class<'_>, siblings: Option<&[Requirement]>) -> Option<Vec<Requirement>> {
        let services = self.services.get(&*class.namespace).into_iter().flatten();
        let mut merged = Labels::new();
        for selector in services.filter(|it| it.iter().all(|(key, value)| class.labels.get(key) == Some(value))) {
            merged.extend(selector.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        let equal = |(key, value)| Requirement { key, operator: Operator::In, values: vec![value] };
        let mut selector: Vec<Requirement> = merged.into_iter().map(equal).collect();
        selector.extend(siblings.unwrap_or_default().iter().cloned());
        (!selector.is_empty()).then_some(selector)
    }

    fn spread_over(&mut self, class: &mut Class<'a>, all: &[(&TopologySpread, Option<Vec<Requirement>>)]) {
        for hard in [true, false] {
            let group: Vec<_> = all.iter().filter(|(constraint, _)| constraint.hard == hard).collect();
            let needed: Vec<usize> = if hard || !class.spread_by_system {
                group
                    .iter()
                    .map(|(constraint, _)| self.topology.key(&constraint.topology_key, &self.nodes.all))
                    .collect()
            } else {
                Vec::new()
            };
            for (constraint, selector) in group {
                let spread = self.constraint(class, constraint, selector.as_deref(), &needed);
                if hard { class.hard_spread.push(spread) } else { class.soft_spread.push(spread) }
            }
        }
    }

    fn constraint(
        &mut self,
        class: &Class<'a>,
        constraint: &TopologySpread,
        selector: Option<&[Requirement]>,
        needed: &[usize],
    ) -> Spread {
        let key = self.topology.key(&constraint.topology_key, &self.nodes.all);
        let by_host = !constraint.hard && constraint.topology_key == HOSTNAME;
        // No selector means no pod, and an empty one is not counted either.
        let counter = selector.filter(|selector| !selector.is_empty()).map(|selector| {
            let own = Namespaces::Listed(vec![class.namespace.clone()]);
            let matcher = self.matchers.of(vec![Term { namespaces: own, selector: selector.to_vec() }]);
            if by_host {
                return self.counter((Counted::StayingPods, matcher, EACH_NODE, None, 0));
            }
            let eligible = self.eligible(class, constraint, needed);
            let counted = if constraint.hard { Counted::StayingPodsAndLeast } else { Counted::StayingPods };
            self.counter((counted, matcher, key, eligible, 0))
        });
        Spread {
            key,
            by_host,
            counter,
            max_skew: constraint.max_skew.into(),
            min_domains: constraint.min_domains.unwrap_or(1).into(),
            means_itself: selector.is_some_and(|all| all.iter().all(|requirement| requirement.matches(class.labels))),
        }
    }

    /// Nodes whose pods count for a constraint: they have all keys needed and pass what the constraint honours.
    fn eligible(&mut self, class: &Class<'a>, constraint: &TopologySpread, needed: &[usize]) -> Option<usize> {
        let passes = |node: usize| {
            let labelled = needed.iter().all(|&key| self.topology.domain(key, node) != NOWHERE);
            if !labelled || (constraint.ignores_node_affinity && !constraint.honors_taints) {
                return labelled;
            }
            let known = class.ground.and_then(|ground| self.grounds.get(ground));
            let answer = known.map_or_else(|| class.demand.answer(&self.nodes, node), |ground| ground.answers[node]);
            (constraint.ignores_node_affinity || answer.selected) && (!constraint.honors_taints || answer.tolerated)
        };
        let set: Vec<bool> = (0..self.nodes.len()).map(passes).collect();
        if set.iter().all(|passes| *passes) {
            return None;
        }
        if let Some(&known) = self.node_set_of.get(&set) {
            return Some(known);
        }
        self.node_sets.push(set.clone());
        self.node_set_of.insert(set, self.node_sets.len() - 1);
        Some(self.node_sets.len() - 1)
    }

    fn counter(&mut self, id: CounterId) -> usize {
        if let Some(&known) = self.counter_of.get(&id) {
            return known;
        }
        let (counted, matcher, key, eligible, weight) = id;
        let index = self.counters.len();
        let mut counter = Counter::new(key, eligible);
        if counted == Counted::StayingPodsAndLeast {
            counter.watch_least(&self.topology, &self.node_sets);
        }
        self.counters.push(counter);
        self.counter_of.insert(id, index);
        self.matchers.tell(
            matcher,
            match counted {
                Counted::Pods => Role::Counts { counter: index, skips_terminating: false },
                Counted::StayingPods | Counted::StayingPodsAndLeast => {
                    Role::Counts { counter: index, skips_terminating: true }
                }
                Counted::AwayHolders => Role::MustBeAway(index),
                Counted::ScoreHolders => Role::Scores(index, weight),
            },
        );
        index
    }

    /// Rules between pods, then what each class adds to and minds.
    fn connect(&mut self, classes: &mut [Class<'a>]) {
        for (index, class) in classes.iter_mut().enumerate() {
            let spec = class.spec;
            if spec.pod_affinity != PodAffinity::default() || spec.pod_anti_affinity != PodAffinity::default() {
                self.between_pods(index, class);
            }
        }
        for &(class, counter) in &self.holders {
            classes[class].counted.push(counter);
        }
        for class in classes {
            for role in self.matchers.roles_of(&class.namespace, class.labels) {
                match role {
                    Role::Counts { counter, skips_terminating: false } => class.counted.push(counter),
                    Role::Counts { counter, .. } => class.counted_while_staying.push(counter),
                    Role::MustBeAway(counter) => class.kept_away.push(counter),
                    Role::Scores(counter, weight) => class.between.push((counter, weight)),
                }
            }
        }
    }

    fn between_pods(&mut self, index: usize, class: &mut Class<'a>) {
        let (near, away) = (&class.spec.pod_affinity, &class.spec.pod_anti_affinity);
        let terms: Vec<Option<Term>> = near.required.iter().map(|term| self.term(class, term)).collect();
        let together: Option<Vec<Term>> = terms.iter().cloned().collect();
        class.near_itself =
            together.as_ref().is_some_and(|all| all.iter().all(|it| it.means(&class.namespace, class.labels)));
        // A term that means no pod is never met: a matcher of no terms would mean all, so it is counted by nobody.
        let matcher = together.map(|all| self.matchers.of(all));
        for (required, term) in near.required.iter().zip(terms) {
            let key = self.topology.key(&required.topology_key, &self.nodes.all);
            class.near.push(match matcher {
                Some(matcher) => self.counter((Counted::Pods, matcher, key, None, 0)),
                None => self.unmet(key),
            });
            if let Some(term) = term {
                self.held(index, Counted::ScoreHolders, term, key, self.profile.hard_pod_affinity_weight);
            }
        }
        for required in &away.required {
            let Some(term) = self.term(class, required) else { continue };
            let key = self.topology.key(&required.topology_key, &self.nodes.all);
            let matcher = self.matchers.of(vec![term.clone()]);
            class.away.push(self.counter((Counted::Pods, matcher, key, None, 0)));
            self.held(index, Counted::AwayHolders, term, key, 0);
        }
        for (preferred, sign) in near.preferred.iter().map(|it| (it, 1)).chain(away.preferred.iter().map(|it| (it, -1)))
        {
            let Some(term) = self.term(class, &preferred.term) else { continue };
            let key = self.topology.key(&preferred.term.topology_key, &self.nodes.all);
            let matcher = self.matchers.of(vec![term.clone()]);
            let weight = sign * i64::from(preferred.weight);
            class.between.push((self.counter((Counted::Pods, matcher, key, None, 0)), weight));
            if !self.profile.ignores_preferred_terms_of_others {
                self.held(index, Counted::ScoreHolders, term, key, weight);
            }
        }
    }

    /// Counts pods of a class as holders of a term, for pods the term means.
    fn held(&mut self, class: usize, counted: Counted, term: Term, key: usize, weight: i64) {
        if counted == Counted::ScoreHolders && weight == 0 {
            return;
        }
        let matcher = self.matchers.of(vec![term]);
        let counter = self.counter((counted, matcher, key, None, weight));
        self.holders.push((class, counter));
    }

    /// A counter that nobody adds to.
    fn unmet(&mut self, key: usize) -> usize {
        self.counters.push(Counter::new(key, None));
        self.counters.len() - 1
    }

    /// The pods that a term of a pod means; nothing where it means none.
    fn term(&self, class: &Class<'_>, term: &PodAffinityTerm) -> Option<Term> {
        let selector = term.selector_of(class.labels)?;
        let mut names: Vec<Arc<str>> = term.namespaces.iter().map(|name| name.as_str().into()).collect();
        match &term.namespace_selector {
            Some(all) if all.is_empty() => return Some(Term { namespaces: Namespaces::All, selector }),
            Some(wanted) => {
                let namespaces = self.inventory.namespaces.values();
                let named = namespaces.filter(|it| wanted.iter().all(|requirement| requirement.matches(&it.labels)));
                names.extend(named.map(|namespace| namespace.name.clone()));
            }
            None if names.is_empty() => names.push(class.namespace.clone()),
            None => {}
        }
        names.sort_unstable();
        names.dedup();
        Some(Term { namespaces: Namespaces::Listed(names), selector })
    }
}
