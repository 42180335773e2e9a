//! ImageLocality: nodes that hold a pod's images start it sooner.
//!
//! `sum = Σ int(size × nodes with the image ÷ nodes)` over the pod's images on the node, held within
//! 23 MiB … 1000 MiB per container: `100 (sum − least) ÷ (most − least)`. Source: `plugins/imagelocality`.

use std::sync::Arc;

use super::super::class::Class;
use super::super::matcher::Lookup;
use super::MOST;
use crate::inventory::{Node, PodSpec};

const LEAST: i64 = 23 * 1024 * 1024;
const MOST_PER_CONTAINER: i64 = 1000 * 1024 * 1024;

/// Which nodes hold which image, and how large it is there.
#[derive(Debug, Default)]
pub(in super::super) struct Images {
    by_name: Lookup<Arc<str>, Vec<(u32, i64)>>,
    nodes: usize,
}

impl Images {
    pub(in super::super) fn new(nodes: &[&Node]) -> Self {
        let mut by_name: Lookup<Arc<str>, Vec<(u32, i64)>> = Lookup::default();
        for (index, node) in nodes.iter().enumerate() {
            for image in &node.images {
                for name in &image.names {
                    let held = by_name.entry(name.clone()).or_default();
                    if held.last().is_none_or(|(last, _)| *last != index as u32) {
                        held.push((index as u32, super::super::nodes::bounded(image.size.get())));
                    }
                }
            }
        }
        Self { by_name, nodes: nodes.len() }
    }

    /// Scores of all nodes for a pod; nothing where no node holds any of its images.
    pub(in super::super) fn scores(&self, spec: &PodSpec) -> Option<Vec<i64>> {
        let containers = || spec.init_containers.iter().chain(&spec.containers);
        let mut sums: Option<Vec<i64>> = None;
        for container in containers() {
            let Some(held) = self.by_name.get(&*with_tag(&container.image)) else { continue };
            let share = held.len() as f64 / self.nodes as f64;
            let sums = sums.get_or_insert_with(|| vec![0; self.nodes]);
            for &(node, size) in held {
                sums[node as usize] += (size as f64 * share) as i64;
            }
        }
        let most = MOST_PER_CONTAINER * containers().count().max(1) as i64;
        sums.map(|sums| sums.into_iter().map(|sum| of_sum(sum, most)).collect())
    }
}

/// Score of a node.
pub(in super::super) fn score(class: &Class<'_>, node: usize) -> i64 {
    class.images.as_ref().map_or(0, |scores| scores[node])
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
    use crate::inventory::Container;
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
        let scores = Images::new(&nodes.iter().collect::<Vec<_>>()).scores(&spec).unwrap();
        assert_eq!(scores, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
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
