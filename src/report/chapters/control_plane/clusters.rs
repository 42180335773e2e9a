//! What istiod serves of which cluster.

use super::super::super::document::{Block, Cell, Column};
use super::super::super::text;
use super::super::table;
use crate::overhead::{Clusters, ControlPlane, ServedCluster};
use crate::policy::RemoteKind;

/// A row for each cluster, and one for all.
pub fn table_of(istiod: &ControlPlane) -> Option<Block> {
    let clusters = istiod.clusters.as_ref()?;
    let mut rows: Vec<Vec<Cell>> = clusters.served.iter().map(row).collect();
    rows.push(vec![
        Cell::Text("all".to_owned()),
        Cell::Text(String::new()),
        Cell::Number(text::count(istiod.proxies)),
        Cell::Number(services(clusters)),
        Cell::Number(String::new()),
        Cell::Number(text::count(clusters.endpoints)),
    ]);
    let columns = vec![
        Column::text("Cluster", 0),
        Column::text("Kind", 0),
        Column::number("Proxies", "", 0),
        Column::number("Services", "", 0),
        Column::number("Shared", "", 1),
        Column::number("Endpoints", "", 0),
    ];
    Some(table("What istiod serves of which cluster", columns, rows, usize::MAX))
}

fn row(cluster: &ServedCluster) -> Vec<Cell> {
    let name = cluster.name.as_ref().map_or_else(|| Cell::Text("this one".to_owned()), |name| Cell::Name(name.clone()));
    let shared = match (cluster.kind, cluster.shared_services) {
        (None, _) => String::new(),
        (Some(_), None) => "not known".to_owned(),
        (Some(_), Some(shared)) => text::count(shared),
    };
    vec![
        name,
        Cell::Text(cluster.kind.map_or("own", RemoteKind::as_str).to_owned()),
        Cell::Number(text::count(cluster.proxies)),
        Cell::Number(text::count(cluster.services)),
        Cell::Number(shared),
        Cell::Number(text::count(cluster.endpoints)),
    ]
}

/// All services; from the least there can be where that is not known.
fn services(clusters: &Clusters) -> String {
    let most = text::count(clusters.services);
    if clusters.least_services == clusters.services {
        return most;
    }
    format!("{} to {most}", text::count(clusters.least_services))
}
