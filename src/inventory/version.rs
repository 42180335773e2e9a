//! The version of Istio that is installed.

use std::fmt;

use super::{Inventory, PROXY_CONTAINER, Workload};

/// A version of Istio. What stands behind the numbers (`-distroless`, `-rc.1`, a vendor's suffix) is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IstioVersion {
    major: u32,
    minor: u32,
    patch: u32,
}

impl IstioVersion {
    /// Of three numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `1.27.1`, `1.27.1-distroless` or `v1.27`; `None` for anything else, such as `latest`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let numbers = text.split(['-', '+']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u32>().ok());
        let (major, minor) = (parts.next()??, parts.next()??);
        let patch = parts.next().map_or(Some(0), |patch| patch)?;
        parts.next().is_none().then_some(Self { major, minor, patch })
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Inventory {
    /// The oldest istiod of the input, which understands least; `None` where there is none, or one does not say which
    /// version it is.
    #[must_use]
    pub fn istio_version(&self) -> Option<IstioVersion> {
        let running = self.workloads.iter().filter(|workload| workload.replicas > 0 && workload.is_istiod());
        let mut versions: Vec<IstioVersion> = running.map(version_of).collect::<Option<_>>()?;
        versions.sort_unstable();
        versions.first().copied()
    }

    /// The version of the istiod that makes pods of Gateways; where none is in the input that of the proxy it made, by the
    /// tag of its image.
    #[must_use]
    pub fn version_behind(&self, made: &Workload) -> Option<IstioVersion> {
        if self.workloads.iter().any(Workload::is_istiod) {
            return self.istio_version();
        }
        let proxy = made.spec.containers.iter().find(|container| container.name == PROXY_CONTAINER)?;
        IstioVersion::parse(tag(&proxy.image)?)
    }
}

/// By the tag of its image, else by the labels of its chart.
fn version_of(istiod: &Workload) -> Option<IstioVersion> {
    let of_image = istiod.discovery().and_then(|container| IstioVersion::parse(tag(&container.image)?));
    let label = |name: &str| istiod.labels.get(name).map(String::as_str);
    let chart = || label("helm.sh/chart").and_then(|chart| chart.strip_prefix("istiod-"));
    of_image
        .or_else(|| IstioVersion::parse(label("app.kubernetes.io/version")?))
        .or_else(|| IstioVersion::parse(chart()?))
}

/// The tag of an image: a colon before the last slash is that of a port, and a digest comes behind.
fn tag(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next()?;
    let name = name.split('@').next()?;
    name.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::inventory::objects::{Container, Labels, PodSpec};
    use crate::inventory::{Measured, ReplicasBasis, WorkloadId};

    fn istiod(name: &str, image: &str, labels: &[(&str, &str)]) -> Workload {
        let container = Container { name: "discovery".to_owned(), image: image.to_owned(), ..Container::default() };
        let labels: Labels = labels.iter().map(|&(key, value)| (key.into(), value.into())).collect();
        Workload {
            id: WorkloadId::new("istio-system", "Deployment", name),
            replicas: 1,
            replicas_basis: ReplicasBasis::Declared,
            autoscaler: None,
            labels: Arc::new(labels),
            annotations: Arc::default(),
            spec: Arc::new(PodSpec { containers: vec![container], ..PodSpec::default() }),
            measured: Measured::default(),
            pods: 0..0,
        }
    }

    #[track_caller]
    fn check(workloads: Vec<Workload>, expected: Option<&str>) {
        let inventory = Inventory { workloads, ..Inventory::default() };
        assert_eq!(inventory.istio_version().map(|it| it.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_oldest_istiod_decides() {
        check(vec![], None);
        check(vec![istiod("a", "docker.io/istio/pilot:1.27.1", &[])], Some("1.27.1"));
        check(vec![istiod("a", "registry:5000/istio/pilot:1.28.2-distroless@sha256:12", &[])], Some("1.28.2"));
        check(vec![istiod("a", "registry:5000/istio/pilot", &[])], None);
        check(vec![istiod("a", "pilot:latest", &[("app.kubernetes.io/version", "1.26.0")])], Some("1.26.0"));
        check(vec![istiod("a", "pilot@sha256:12", &[("helm.sh/chart", "istiod-1.24.3")])], Some("1.24.3"));
        check(vec![istiod("a", "pilot:1.30.0", &[]), istiod("b", "pilot:1.9.4", &[])], Some("1.9.4"));
        check(vec![istiod("a", "pilot:1.30.0", &[]), istiod("b", "pilot:mine", &[])], None);
        let stopped = Workload { replicas: 0, ..istiod("b", "pilot:1.9.4", &[]) };
        check(vec![istiod("a", "pilot:1.30.0", &[]), stopped], Some("1.30.0"));
    }

    #[test]
    fn without_an_istiod_the_proxy_it_made_tells() {
        let proxy =
            Container { name: PROXY_CONTAINER.to_owned(), image: "proxyv2:1.26.2".to_owned(), ..Container::default() };
        let spec = Arc::new(PodSpec { containers: vec![proxy], ..PodSpec::default() });
        let made = Workload { spec, id: WorkloadId::new("shop", "Deployment", "edge"), ..istiod("a", "", &[]) };
        for (workloads, expected) in [
            (vec![], Some("1.26.2")),
            (vec![istiod("a", "pilot:1.28.0", &[])], Some("1.28.0")),
            (vec![istiod("a", "pilot:mine", &[])], None),
        ] {
            let inventory = Inventory { workloads, ..Inventory::default() };
            assert_eq!(inventory.version_behind(&made).map(|it| it.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn only_numbers_are_versions() {
        for (text, expected) in [
            ("1.27.1", Some((1, 27, 1))),
            ("v1.27", Some((1, 27, 0))),
            ("1.20.8-asm.3", Some((1, 20, 8))),
            ("1.27.1.4", None),
            ("1", None),
            ("1.x.2", None),
            ("", None),
            ("-1.2.3", None),
            ("99999999999.1.1", None),
        ] {
            let expected = expected.map(|(major, minor, patch)| IstioVersion::new(major, minor, patch));
            assert_eq!(IstioVersion::parse(text), expected, "{text}");
        }
    }
}
