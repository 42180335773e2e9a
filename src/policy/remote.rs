//! Other clusters of the mesh that this cluster's istiod looks at.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::PolicyError;

/// Another cluster of the mesh, as this cluster's istiod meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteCluster {
    /// Its name in the report.
    pub name: String,
    /// Whether its proxies connect here.
    pub kind: RemoteKind,
    /// Proxies that connect to this istiod: sidecars, gateways, waypoints and ztunnels. Of a remote cluster at least
    /// one; of a primary none.
    #[serde(default)]
    pub proxies: u64,
    /// Its services.
    pub services: u64,
    /// Endpoints of all its services' ports together.
    pub endpoints: u64,
    /// Services among them that this cluster, or one listed before, has by the same namespace and name: those are one
    /// service to istiod. Without it all count as services of their own.
    pub shared_services: Option<u64>,
    /// Services of the whole mesh that each of its proxies sees. Without it the share that proxies of this cluster
    /// see.
    pub visible_services: Option<u64>,
}

/// How another cluster takes part in the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteKind {
    /// Without an istiod: its proxies connect to this one, which reads its services and endpoints.
    Remote,
    /// With an istiod of its own: this one reads its services and endpoints.
    Primary,
}

impl RemoteKind {
    /// Name in policies and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Primary => "primary",
        }
    }
}

impl RemoteCluster {
    /// Services that nothing before it has, as far as is known: at most all of its own.
    #[must_use]
    pub fn further_services(&self) -> u64 {
        self.services.saturating_sub(self.shared_services.unwrap_or(0))
    }
}

/// Most clusters, and most of anything in one.
const MOST_CLUSTERS: usize = 1_000;
const MOST_OBJECTS: u64 = 1_000_000_000;

/// What is wrong with a list of clusters, if anything.
pub(super) fn check(clusters: &[RemoteCluster]) -> Result<(), PolicyError> {
    let wrong = |message: String| Err(PolicyError { message: format!("control_plane.remote_clusters {message}") });
    if clusters.len() > MOST_CLUSTERS {
        return wrong(format!("holds {} clusters; {MOST_CLUSTERS} are allowed", clusters.len()));
    }
    let mut names = BTreeSet::new();
    for (place, cluster) in clusters.iter().enumerate() {
        if cluster.name.trim().is_empty() {
            return wrong(format!("has no name in entry {}: give each cluster one", place + 1));
        }
        if !names.insert(cluster.name.as_str()) {
            return wrong(format!("names {:?} twice: give each cluster a name of its own", cluster.name));
        }
        if let Some(message) = cluster.wrong() {
            return wrong(format!("{:?}: {message}", cluster.name));
        }
    }
    Ok(())
}

impl RemoteCluster {
    fn wrong(&self) -> Option<&'static str> {
        let visible = self.visible_services.unwrap_or(0);
        if [self.proxies, self.services, self.endpoints, visible].iter().any(|&count| count > MOST_OBJECTS) {
            return Some("proxies, services, endpoints and visible_services must be at most 10⁹");
        }
        if self.shared_services.is_some_and(|shared| shared > self.services) {
            return Some("shared_services must be at most its services");
        }
        if self.services == 0 && self.endpoints > 0 {
            return Some("services is 0 and endpoints is not: endpoints are those of services");
        }
        match self.kind {
            RemoteKind::Remote if self.proxies == 0 => {
                Some("proxies must be given, 1 or more, for a cluster of kind \"remote\": they connect to this istiod")
            }
            RemoteKind::Primary if self.proxies > 0 || self.visible_services.is_some() => Some(
                "proxies and visible_services must be left out for a cluster of kind \"primary\": its proxies connect \
                 to its own istiod",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    fn policy(clusters: &str) -> Result<Policy, PolicyError> {
        Policy::from_toml(&format!("control_plane.remote_clusters = [{clusters}]"))
    }

    #[test]
    fn clusters_are_read() {
        let read = policy(
            r#"{ name = "eu", kind = "remote", proxies = 9, services = 5, endpoints = 8, shared_services = 2 },
               { name = "us", kind = "primary", services = 7, endpoints = 3 }"#,
        );
        let clusters = read.unwrap().control_plane.remote_clusters;
        let further: Vec<_> = clusters.iter().map(|it| (it.kind, it.proxies, it.further_services())).collect();
        assert_eq!(further, [(RemoteKind::Remote, 9, 3), (RemoteKind::Primary, 0, 7)]);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (clusters, words) in [
            (r#"{ name = "eu", kind = "primary", endpoints = 1 }"#, "services"),
            (r#"{ name = "eu", kind = "primary", services = 1 }"#, "endpoints"),
            (r#"{ name = "eu", services = 1, endpoints = 1 }"#, "kind"),
            (r#"{ name = "eu", kind = "external", services = 1, endpoints = 1 }"#, "external"),
            (r#"{ name = "eu", kind = "primary", services = 1, endpoints = 1, pods = 3 }"#, "pods"),
            (r#"{ name = "eu", kind = "primary", services = -1, endpoints = 1 }"#, "-1"),
            (r#"{ name = "eu", kind = "primary", services = nan, endpoints = 1 }"#, "nan"),
            (r#"{ name = "eu", kind = "primary", services = 2000000000, endpoints = 1 }"#, "10⁹"),
            (r#"{ name = "eu", kind = "remote", services = 1, endpoints = 1 }"#, "proxies must be given"),
            (r#"{ name = "eu", kind = "primary", proxies = 1, services = 1, endpoints = 1 }"#, "left out"),
            (r#"{ name = "eu", kind = "primary", services = 1, endpoints = 1, visible_services = 1 }"#, "left out"),
            (r#"{ name = "eu", kind = "primary", services = 1, endpoints = 1, shared_services = 2 }"#, "at most"),
            (r#"{ name = "eu", kind = "primary", services = 0, endpoints = 2 }"#, "endpoints are those of services"),
            (r#"{ name = " ", kind = "primary", services = 1, endpoints = 1 }"#, "no name in entry 1"),
            (
                r#"{ name = "eu", kind = "primary", services = 1, endpoints = 1 },
                   { name = "eu", kind = "remote", proxies = 1, services = 1, endpoints = 1 }"#,
                "\"eu\" twice",
            ),
        ] {
            let message = policy(clusters).unwrap_err().to_string();
            assert!(message.contains(words), "{clusters}: {message}");
        }
        let many = |number: usize| {
            let one = |place| format!("{{ name = \"{place}\", kind = \"primary\", services = 1, endpoints = 1 }}");
            policy(&(0..number).map(one).collect::<Vec<_>>().join(","))
        };
        assert!(many(MOST_CLUSTERS).is_ok());
        assert!(many(MOST_CLUSTERS + 1).unwrap_err().to_string().contains("1001 clusters"));
    }
}
