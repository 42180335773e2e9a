//! Names of hosts as Istio compares them.

use std::borrow::Cow;

/// Domain of Kubernetes' services; a cluster with another one is not told from its objects.
const SERVICE_DOMAIN: &str = "svc.cluster.local";

/// Host name of a Kubernetes service.
#[must_use]
pub fn of_service(name: &str, namespace: &str) -> String {
    format!("{name}.{namespace}.{SERVICE_DOMAIN}")
}

/// The service of a host name as `namespace/name`; other hosts as they are.
#[must_use]
pub fn short(host: &str) -> String {
    let service = host.strip_suffix(SERVICE_DOMAIN).and_then(|rest| rest.strip_suffix('.'));
    let parts = service.and_then(|service| service.rsplit_once('.'));
    parts.map_or_else(|| host.to_owned(), |(name, namespace)| format!("{namespace}/{name}"))
}

/// A host as an object of `namespace` means it: a name without a dot is a service of that namespace.
#[must_use]
pub fn resolved<'a>(host: &'a str, namespace: &str) -> Cow<'a, str> {
    let is_short = !host.contains('.') && !host.starts_with('*') && !host.is_empty();
    if is_short {
        return Cow::Owned(of_service(&host.to_ascii_lowercase(), namespace));
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) { host.to_ascii_lowercase().into() } else { host.into() }
}

/// Whether a host begins with a wildcard.
pub(super) fn is_wildcard(host: &str) -> bool {
    host.starts_with('*')
}

/// Whether everything that `host` stands for is meant by `pattern`.
#[must_use]
pub fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.strip_prefix('*').unwrap_or(host).ends_with(suffix),
        None => pattern == host,
    }
}

/// Whether two hosts have something in common.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    covers(a, b) || covers(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_shown_by_namespace_and_name() {
        for (host, expected) in [
            ("cart.shop.svc.cluster.local", "shop/cart"),
            ("api.example.com", "api.example.com"),
            ("cart.svc.cluster.local", "cart.svc.cluster.local"),
            ("", ""),
        ] {
            assert_eq!(short(host), expected);
        }
    }

    #[test]
    fn short_names_are_of_the_own_namespace() {
        for (host, expected) in [
            ("cart", "cart.shop.svc.cluster.local"),
            ("cart.shop", "cart.shop"),
            ("Cart.shop.svc.cluster.local", "cart.shop.svc.cluster.local"),
            ("*", "*"),
            ("*.example.com", "*.example.com"),
        ] {
            assert_eq!(resolved(host, "shop"), expected);
        }
    }

    #[test]
    fn wildcards_cover_what_ends_like_them() {
        for (pattern, host, covered, overlapping) in [
            ("*", "a.b", true, true),
            ("*.b", "a.b", true, true),
            ("*.b", "b", false, false),
            ("*.b", "*.a.b", true, true),
            ("*.a.b", "*.b", false, true),
            ("a.b", "*.b", false, true),
            ("a.b", "a.b", true, true),
            ("a.b", "c.b", false, false),
        ] {
            assert_eq!((covers(pattern, host), overlap(pattern, host)), (covered, overlapping), "{pattern} {host}");
        }
    }
}
