//! ImageLocality: nodes that hold a pod's images start it sooner.
//!
//! `sum = Σ int(size × nodes with the image ÷ nodes)` over the pod's images on the node, held within
//! 23 MiB … 1000 MiB per container: `100 (sum − least) ÷ (most − least)`. Source: `plugins/imagelocality`.

use std::sync::Arc;

use super::super::class::Class;
use super::super::matcher::Lookup;
use super::super::state::State;
use super::MOST;
use crate::inventory::{Container, Node, PodSpec};

const LEAST: i64 = 23 * 1024 * 1024;
const MOST_PER_CONTAINER: i64 = 1000 * 1024 * 1024;

/// Which nodes hold which image, and how large it is there.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Images {
    /// Numbers of images by name.
    numbers: Arc<Lookup<Arc<str>, u32>>,
    /// Nodes with their sizes by image, in order.
    held: Arc<[Vec<(u32, i64)>]>,
    /// Images by node.
    on_node: Arc<[Vec<u32>]>,
    /// Nodes of the cluster that hold each image.
    holders: Vec<u32>,
    /// Nodes of the cluster.
    nodes: u32,
}

/// The images of a pod that some node holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in super::super) struct PodImages {
    numbers: Vec<u32>,
    containers: i64,
}

impl Images {
    pub(in super::super) fn new(nodes: &[&Node]) -> Self {
        let mut numbers: Lookup<Arc<str>, u32> = Lookup::default();
        let mut held: Vec<Vec<(u32, i64)>> = Vec::new();
        let mut on_node = vec![Vec::new(); nodes.len()];
        for (index, (node, on_node)) in nodes.iter().zip(&mut on_node).enumerate() {
            for image in &node.images {
                for name in &image.names {
                    let number = *numbers.entry(name.clone()).or_insert_with(|| {
                        held.push(Vec::new());
                        held.len() as u32 - 1
                    });
                    let Some(held) = held.get_mut(number as usize) else { continue };
                    if held.last().is_none_or(|(last, _)| *last != index as u32) {
                        held.push((index as u32, super::super::nodes::bounded(image.size.get())));
                        on_node.push(number);
                    }
                }
            }
        }
        Self {
            numbers: Arc::new(numbers),
            holders: held.iter().map(|nodes| nodes.len() as u32).collect(),
            held: held.into(),
            on_node: on_node.into(),
            nodes: nodes.len() as u32,
        }
    }

    /// The images of a pod, one a container.
    pub(in super::super) fn of(&self, spec: &PodSpec) -> PodImages {
        let containers = || spec.init_containers.iter().chain(&spec.containers);
        let number = |container: &Container| self.numbers.get(&*with_tag(&container.image)).copied();
        PodImages { numbers: containers().filter_map(number).collect(), containers: containers().count() as i64 }
    }

    /// A node joins the cluster or leaves it.
    pub(in super::super) fn change_nodes(&mut self, node: usize, joins: bool) {
        let change = if joins { 1 } else { -1 };
        self.nodes = self.nodes.saturating_add_signed(change);
        for &image in self.on_node.get(node).into_iter().flatten() {
            if let Some(holders) = self.holders.get_mut(image as usize) {
                *holders = holders.saturating_add_signed(change);
            }
        }
    }

    fn score(&self, images: &PodImages, node: usize) -> i64 {
        let counted = |&image: &u32| {
            let held = self.held.get(image as usize)?;
            let index = held.binary_search_by_key(&(node as u32), |(node, _)| *node).ok()?;
            let share = f64::from(*self.holders.get(image as usize)?) / f64::from(self.nodes);
            held.get(index).map(|(_, size)| (*size as f64 * share) as i64)
        };
        let sum = images.numbers.iter().filter_map(counted).fold(0, i64::saturating_add);
        of_sum(sum, MOST_PER_CONTAINER * images.containers.max(1))
    }
}

impl PodImages {
    /// Whether no node holds any of them.
    pub(in super::super) fn are_nowhere(&self) -> bool {
        self.numbers.is_empty()
    }
}

/// Score of a node.
pub(in super::super) fn score(state: &State<'_>, class: &Class<'_>, node: usize) -> i64 {
    if class.images.are_nowhere() { 0 } else { state.images.score(&class.images, node) }
}

fn of_sum(sum: i64, most: i64) -> i64 {
    MOST * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
}

/// An image without a tag is the latest.
fn with_tag(image: &str) -> String {
    let tagged = image.rfind(':') > image.rfind('/');
    if tagged { image.to_owned() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::objects::NodeImage;
    use crate::units::Bytes;

    /// Golden vector: 300 MiB on two of ten nodes, two containers.
    #[test]
    fn large_images_that_many_nodes_hold_count() {
        let held = NodeImage { names: vec!["shop/cart:1".into()], size: Bytes::from_mib(300) };
        let node =
            |index: usize| Node { images: if index < 2 { vec![held.clone()] } else { vec![] }, ..Node::default() };
        let nodes: Vec<Node> = (0..10).map(node).collect();
        let container = |image: &str| Container { image: image.to_owned(), ..Container::default() };
        let spec = PodSpec { containers: vec![container("shop/cart:1"), container("none")], ..PodSpec::default() };
        let mut images = Images::new(&nodes.iter().collect::<Vec<_>>());
        let of_pod = images.of(&spec);
        let scores: Vec<i64> = (0..10).map(|node| images.score(&of_pod, node)).collect();
        assert_eq!(scores, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        (1..9).for_each(|node| images.change_nodes(node, false));
        assert_eq!(images.score(&of_pod, 0), 6, "one of two nodes");
    }

    #[test]
    fn sums_are_held_within_bounds() {
        for (mebibytes, expected) in [(0, 0), (23, 0), (1000, 100), (2000, 100), (511, 49)] {
            assert_eq!(of_sum(mebibytes * 1024 * 1024, MOST_PER_CONTAINER), expected, "{mebibytes} MiB");
        }
    }

    #[test]
    fn images_without_a_tag_are_the_latest() {
        for (image, expected) in [("a", "a:latest"), ("a:1", "a:1"), ("host:5000/a", "host:5000/a:latest")] {
            assert_eq!(with_tag(image), expected);
        }
    }
}
