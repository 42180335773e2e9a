//! Which release of Istio runs, as the tags of its images tell.

use std::fmt;

use super::{Inventory, PROXY_CONTAINER, Workload};

/// A release of Istio: what is new in it came with its minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IstioRelease {
    /// Major number.
    pub major: u64,
    /// Minor number.
    pub minor: u64,
}

impl IstioRelease {
    /// The release that the tag of an image names, e.g. `istio/pilot:1.28.2-distroless`; `None` for `latest`, a digest or
    /// the name of a branch.
    #[must_use]
    pub fn of_image(image: &str) -> Option<Self> {
        let name = image.split('@').next()?.rsplit('/').next()?;
        let (_, tag) = name.split_once(':')?;
        let mut parts = tag.strip_prefix('v').unwrap_or(tag).split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?;
        let digits =
            minor.find(|c: char| !c.is_ascii_digit()).map_or(minor, |end| minor.get(..end).unwrap_or_default());
        Some(Self { major, minor: digits.parse().ok()? })
    }
}

impl fmt::Display for IstioRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Inventory {
    /// The release of the istiod that makes pods of Gateways: of several the oldest, and where none is in the input that
    /// of the proxy it made; `None` where a tag names no release.
    #[must_use]
    pub fn release_behind(&self, workload: &Workload) -> Option<IstioRelease> {
        let discovery = self.workloads.iter().filter(|it| it.is_istiod()).filter_map(Workload::discovery);
        let mut images = discovery.map(|container| container.image.as_str()).peekable();
        if images.peek().is_some() {
            let releases: Option<Vec<IstioRelease>> = images.map(IstioRelease::of_image).collect();
            return releases?.into_iter().min();
        }
        let proxy = workload.spec.containers.iter().find(|container| container.name == PROXY_CONTAINER)?;
        IstioRelease::of_image(&proxy.image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_releases() {
        for (image, release) in [
            ("registry.example.com/istio/pilot:1.28.2", Some((1, 28))),
            ("registry.example.com:5000/istio/pilot:1.26.0-distroless", Some((1, 26))),
            ("istio/pilot:v1.24.1@sha256:0123", Some((1, 24))),
            ("istio/pilot:1.29-alpha.0123abc", Some((1, 29))),
            ("istio/pilot:latest", None),
            ("istio/pilot:master", None),
            ("registry.example.com:5000/istio/pilot", None),
            ("istio/pilot@sha256:0123", None),
            ("istio/pilot:1", None),
            ("", None),
        ] {
            let expected = release.map(|(major, minor)| IstioRelease { major, minor });
            assert_eq!(IstioRelease::of_image(image), expected, "{image}");
        }
    }
}
