//! How full nodes are, as a figure: by CPU and by memory, fullest first.

use super::document::{Block, Chart, ChartData, NodeShare};
use super::text;

/// Most node columns drawn; more nodes are averaged.
const MOST_COLUMNS: usize = 120;

/// What is asked for of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeUse {
    /// In millicores.
    pub cpu: Use,
    /// In bytes.
    pub memory: Use,
}

/// What is asked for of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// By proxies of the mesh.
    pub mesh: u64,
    /// By all pods.
    pub requested: u64,
    /// What pods may use.
    pub allocatable: u64,
}

/// The figure, with the share that may be requested by policy, in [0, 1]; nothing where no node offers anything.
pub fn figure(nodes: &[NodeUse], ceiling: f64) -> Option<Block> {
    let strip = |of: fn(&NodeUse) -> Use| {
        let mut shares: Vec<NodeShare> = nodes.iter().filter_map(|node| share(of(node))).collect();
        shares.sort_by(|a, b| (b.apps + b.mesh).total_cmp(&(a.apps + a.mesh)).then(b.mesh.total_cmp(&a.mesh)));
        shares
    };
    let (cpu, memory) = (strip(|node| node.cpu), strip(|node| node.memory));
    let above = |shares: &[NodeShare]| {
        let above = shares.iter().filter(|share| share.apps + share.mesh > ceiling).count() as f64;
        text::percent(above / shares.len().max(1) as f64)
    };
    let alt = format!(
        "Share of allocatable requested on {}, fullest first. Above the policy's ceiling of {}: {} of nodes by CPU, {} \
         by memory.",
        text::counted(nodes.len() as u64, "node", "nodes"),
        text::percent(ceiling),
        above(&cpu),
        above(&memory)
    );
    let grouping = if nodes.len() > MOST_COLUMNS {
        format!(" Each column averages about {} nodes.", nodes.len().div_ceil(MOST_COLUMNS))
    } else {
        String::new()
    };
    let caption = format!(
        "One column per node, fullest first; each half is sorted by itself. The dashed line leaves the policy's \
         headroom free.{grouping}"
    );
    if cpu.is_empty() || memory.is_empty() {
        return None;
    }
    let data = ChartData::Nodes { cpu: averaged(&cpu), memory: averaged(&memory), ceiling };
    Some(Block::Chart(Chart { title: "How full the nodes are", caption, alt, data }))
}

fn share(used: Use) -> Option<NodeShare> {
    let Use { mesh, requested, allocatable } = used;
    if allocatable == 0 {
        return None;
    }
    let share = |amount: u64| amount as f64 / allocatable as f64;
    Some(NodeShare { apps: share(requested.saturating_sub(mesh)), mesh: share(mesh.min(requested)) })
}

/// At most [`MOST_COLUMNS`] shares, each the mean of neighbours.
fn averaged(shares: &[NodeShare]) -> Vec<NodeShare> {
    let size = shares.len().div_ceil(MOST_COLUMNS).max(1);
    let mean = |group: &[NodeShare]| {
        let number = group.len() as f64;
        NodeShare {
            apps: group.iter().map(|share| share.apps).sum::<f64>() / number,
            mesh: group.iter().map(|share| share.mesh).sum::<f64>() / number,
        }
    };
    shares.chunks(size).map(mean).collect()
}
