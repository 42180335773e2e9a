//! Laws of scoping on random meshes, and a second count of everything, proxy by proxy, without sharing
//! anything between them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::mesh::{exported, inventory, rule, service, sidecar, texts, virtual_service, visible, workload};
use crate::inventory::{Inventory, Service, Sidecar};
use crate::mesh::{ProxyMode, VisibleConfig};

const NAMESPACES: [&str; 3] = ["a", "b", "istio-system"];
const HOSTS: [&str; 9] = [
    "*/*",
    "./*",
    "~/*",
    "a/*",
    "b/*",
    "istio-system/*",
    "*/s0.a.svc.cluster.local",
    "b/s1.b.svc.cluster.local",
    "*/*.b.svc.cluster.local",
];
const EXPORTS: [&str; 6] = ["", "*", ".", "a", "~", ".,b"];
const PORTS: [(&str, u16); 5] = [("http", 80), ("http", 8080), ("tcp", 80), ("x", 80), ("tcp", 5432)];

fn a_service() -> impl Strategy<Value = Service> {
    let ports = prop::sample::subsequence(&PORTS[..], 1..3);
    (0..3_usize, 0..4_u32, ports, prop::sample::select(&EXPORTS[..]), any::<bool>()).prop_map(
        |(namespace, name, ports, to, headless)| {
            let mut service = service(NAMESPACES[namespace], &format!("s{name}"), &ports);
            service.headless = headless;
            if to.is_empty() { service } else { exported(service, to) }
        },
    )
}

fn a_sidecar() -> impl Strategy<Value = Sidecar> {
    let hosts = prop::collection::vec(prop::sample::select(&HOSTS[..]), 1..4);
    (0..3_usize, hosts, any::<bool>(), 0..100_u32).prop_map(|(namespace, hosts, selects, name)| Sidecar {
        selector: selects.then(|| super::mesh::labels(&[("app", "s0")])),
        ..sidecar(NAMESPACES[namespace], &format!("n{name}"), &hosts)
    })
}

/// Services and Sidecars; in each namespace pods for two of its services.
fn a_mesh() -> impl Strategy<Value = Inventory> {
    let services = prop::collection::vec(a_service(), 1..10);
    let sidecars = prop::collection::vec(a_sidecar(), 0..4);
    let rules = prop::collection::vec((0..3_usize, 0..4_u32, 1..3_usize, prop::sample::select(&EXPORTS[..])), 0..4);
    let routes = prop::collection::vec((0..3_usize, 0..5_u32, 0..3_usize, 0..4_u32), 0..4);
    (services, sidecars, rules, routes).prop_map(|(services, sidecars, rules, routes)| {
        let services: BTreeMap<_, _> = services.into_iter().map(|it| (it.name.clone(), it)).collect();
        let pods = NAMESPACES.iter().flat_map(|of| (0..2_u64).map(|n| workload(of, &format!("s{n}"), n + 1)));
        let mut mesh = inventory(pods.collect(), services.into_values().collect());
        let sidecars: BTreeMap<_, _> = sidecars.into_iter().map(|it| (it.name.clone(), it)).collect();
        mesh.istio.sidecars = sidecars.into_values().collect();
        mesh.istio.destination_rules = rules
            .into_iter()
            .enumerate()
            .map(|(number, (of, name, subsets, to))| {
                let to: Vec<&str> = to.split(',').filter(|it| !it.is_empty()).collect();
                let host = format!("s{name}.a.svc.cluster.local");
                let mut rule = rule(NAMESPACES[of], &host, &["v1", "v2"][..subsets], &to);
                rule.name.name = format!("r{number}").into();
                rule
            })
            .collect();
        mesh.istio.virtual_services = routes
            .into_iter()
            .enumerate()
            .map(|(number, (of, host, matches, to))| {
                virtual_service(
                    NAMESPACES[of],
                    &format!("v{number}"),
                    &[&format!("s{host}")],
                    matches,
                    &format!("s{to}"),
                )
            })
            .collect();
        mesh
    })
}

fn counts(sent: VisibleConfig) -> [u64; 5] {
    [sent.clusters, sent.endpoints, sent.listeners, sent.virtual_hosts, sent.routes]
}

fn sent(mesh: &Inventory) -> Vec<[u64; 5]> {
    visible(mesh, ProxyMode::Sidecar).into_iter().map(counts).collect()
}

fn no_more(narrow: &[[u64; 5]], wide: &[[u64; 5]], of: &[usize]) -> Result<(), TestCaseError> {
    for (narrow, wide) in narrow.iter().zip(wide) {
        for &index in of {
            prop_assert!(narrow[index] <= wide[index], "{narrow:?} of {wide:?}");
        }
    }
    Ok(())
}

/// Clusters, endpoints and listeners; a virtual service that loses its service on a port may bring its host
/// to port 80 as one without.
const NEVER_MORE: [usize; 3] = [0, 1, 2];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_sidecar_never_adds(mesh in a_mesh()) {
        let mut wide = mesh.clone();
        wide.istio.sidecars.clear();
        // Where a route leads to a service that its namespace does not show to itself, istiod follows it.
        let hidden = mesh.services.iter().any(|it| it.annotations.values().any(|to| to != "*" && !to.contains('.')));
        prop_assume!(!hidden || mesh.istio.virtual_services.is_empty());
        no_more(&sent(&mesh), &sent(&wide), &NEVER_MORE)?;
    }

    #[test]
    fn showing_to_fewer_never_adds(mesh in a_mesh(), chosen in any::<prop::sample::Index>()) {
        let mut narrow = mesh.clone();
        let index = chosen.index(narrow.services.len());
        let mut public = mesh;
        public.services[index].annotations.clear();
        narrow.services[index] = exported(narrow.services[index].clone(), ".");
        no_more(&sent(&narrow), &sent(&public), &NEVER_MORE)?;
    }

    #[test]
    fn more_egress_hosts_never_remove(mesh in a_mesh(), more in prop::sample::select(&HOSTS[..])) {
        prop_assume!(!mesh.istio.sidecars.is_empty());
        let mut wide = mesh.clone();
        wide.istio.sidecars[0].egress[0].hosts.push(more.to_owned());
        no_more(&sent(&mesh), &sent(&wide), &NEVER_MORE)?;
    }

    #[test]
    fn sharing_scopes_changes_no_count(mesh in a_mesh()) {
        let naive: Vec<[u64; 5]> = (0..mesh.workloads.len()).map(|index| naive::sent(&mesh, index)).collect();
        prop_assert_eq!(sent(&mesh), naive);
    }

    #[test]
    fn the_order_of_services_changes_no_count(mesh in a_mesh()) {
        let mut turned = mesh.clone();
        turned.services.reverse();
        prop_assert_eq!(sent(&mesh), sent(&turned));
    }
}

/// One proxy at a time, straight from the objects: every question is asked of every object again.
mod naive {
    use super::*;
    use crate::inventory::{DestinationRule, Workload};

    pub fn sent(mesh: &Inventory, index: usize) -> [u64; 5] {
        let workload = &mesh.workloads[index];
        let me = &*workload.id.namespace;
        let sidecar = sidecar(mesh, workload);
        let hosts: Vec<String> = sidecar.map_or(texts(&["*/*"]), |it| it.egress[0].hosts.clone());
        let shown: Vec<&Service> = mesh.services.iter().filter(|it| is_shown(it, me)).collect();
        let listened: Vec<&Service> =
            shown.iter().copied().filter(|it| is_wanted(&hosts, me, &it.name.namespace, &full(it))).collect();
        let routes: Vec<_> = mesh
            .istio
            .virtual_services
            .iter()
            .filter(|it| {
                let host = format!("{}.{}.svc.cluster.local", it.hosts[0], it.name.namespace);
                let takes = |pattern: &str| matches(pattern, &host) || matches(&host, pattern);
                wanted(&hosts, me, &it.name.namespace, &takes)
            })
            .collect();
        let mut clustered = listened.clone();
        if sidecar.is_some() {
            for route in &routes {
                let to = &route.http[0].destinations[0].host;
                let target = format!("{to}.{}.svc.cluster.local", route.name.namespace);
                let found = mesh.services.iter().find(|it| full(it) == target);
                clustered.extend(found.filter(|it| *it.name.namespace == *me || is_shown(it, me)));
            }
        }
        let clustered: BTreeMap<String, &Service> = clustered.into_iter().map(|it| (full(it), it)).collect();

        let mut counts = [8, 0, 4, 4, 4];
        for service in clustered.values() {
            let subsets = subsets(mesh, me, service);
            let ports: BTreeSet<u16> = service.ports.iter().map(|port| port.port).collect();
            counts[0] += ports.len() as u64 * (1 + subsets);
            // No pod has a label version.
            counts[1] += ports.len() as u64 * pods(mesh, service);
        }
        let mut http: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        let mut others: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for service in &listened {
            let mut numbers = BTreeSet::new();
            for port in service.ports.iter().filter(|port| numbers.insert(port.port)) {
                match port.name.as_str() {
                    "http" => http.entry(port.port).or_default().push(full(service)),
                    "x" => others.entry(port.port).or_default().push(full(service)),
                    _ => {}
                }
                if port.name != "http" {
                    let own = u64::from(is_behind(workload, service));
                    let per_pod = pods(mesh, service) - own.min(pods(mesh, service));
                    counts[2] += if service.headless { per_pod } else { 1 };
                }
                if port.name == "x" && !service.headless {
                    counts[3] += 1;
                    counts[4] += first_route(&routes, &full(service)).unwrap_or(1);
                }
            }
        }
        for (port, mut names) in http {
            names.extend(others.get(&port).cloned().unwrap_or_default());
            counts[2] += 1;
            counts[3] += 1;
            counts[4] += 1;
            let mut open: BTreeSet<String> = names.iter().cloned().collect();
            let mut brought = BTreeSet::new();
            for route in &routes {
                let host = format!("{}.{}.svc.cluster.local", route.hosts[0], route.name.namespace);
                let virtual_host = match names.contains(&host) {
                    true => open.remove(&host),
                    false => port == 80 && brought.insert(host),
                };
                if virtual_host {
                    counts[3] += 1;
                    counts[4] += route.http[0].matches.len().max(1) as u64;
                }
            }
            counts[3] += open.len() as u64;
            counts[4] += open.len() as u64;
        }
        let leads: Vec<&Service> = mesh.services.iter().filter(|it| is_behind(workload, it)).collect();
        let inbound: BTreeSet<u16> = leads.iter().flat_map(|it| it.ports.iter().map(|port| port.port)).collect();
        let carries_http = |number: &u16| {
            leads.iter().any(|it| it.ports.iter().find(|port| port.port == *number).is_some_and(|it| it.name != "tcp"))
        };
        let http = inbound.iter().filter(|number| carries_http(number)).count() as u64;
        counts[0] += inbound.len() as u64;
        counts[1] += inbound.len() as u64;
        counts[3] += 2 * http;
        counts[4] += 2 * http;
        counts
    }

    fn full(service: &Service) -> String {
        format!("{}.{}.svc.cluster.local", service.name.name, service.name.namespace)
    }

    fn matches(pattern: &str, host: &str) -> bool {
        match pattern.strip_prefix('*') {
            Some(end) => host.ends_with(end),
            None => pattern == host,
        }
    }

    fn is_shown(service: &Service, to: &str) -> bool {
        let Some(exports) = service.annotations.get("networking.istio.io/exportTo") else { return true };
        let exports: Vec<&str> = exports.split(',').collect();
        let own = *service.name.namespace == *to;
        exports.contains(&"*")
            || (!exports.contains(&"~") && ((exports.contains(&".") && own) || exports.contains(&to)))
    }

    fn wanted(hosts: &[String], me: &str, namespace: &str, takes: &dyn Fn(&str) -> bool) -> bool {
        hosts.iter().any(|host| {
            let (of, pattern) = host.split_once('/').unwrap();
            let is_meant = of == namespace || of == "*" || (of == "." && me == namespace);
            is_meant && takes(pattern)
        })
    }

    fn is_wanted(hosts: &[String], me: &str, namespace: &str, name: &str) -> bool {
        wanted(hosts, me, namespace, &|pattern| matches(pattern, name))
    }

    fn sidecar<'a>(mesh: &'a Inventory, workload: &Workload) -> Option<&'a Sidecar> {
        let of = |namespace: &str, selects: bool| {
            mesh.istio.sidecars.iter().find(|it| {
                *it.name.namespace == *namespace
                    && it.selector.is_some() == selects
                    && it.selector.iter().flatten().all(|(key, value)| workload.labels.get(key) == Some(value))
            })
        };
        let own = &workload.id.namespace;
        of(own, true).or_else(|| of(own, false)).or_else(|| of("istio-system", false))
    }

    fn is_behind(workload: &Workload, service: &Service) -> bool {
        workload.id.namespace == service.name.namespace && workload.labels.get("app") == service.selector.get("app")
    }

    fn pods(mesh: &Inventory, service: &Service) -> u64 {
        mesh.workloads.iter().filter(|it| is_behind(it, service)).map(|it| it.replicas).sum()
    }

    fn first_route(routes: &[&crate::inventory::VirtualService], name: &str) -> Option<u64> {
        let route = routes.iter().find(|it| format!("{}.{}.svc.cluster.local", it.hosts[0], it.name.namespace) == name);
        route.map(|it| it.http[0].matches.len().max(1) as u64)
    }

    /// Rules by hand: the proxies' own namespace, the service's, the root's.
    fn subsets(mesh: &Inventory, me: &str, service: &Service) -> u64 {
        let for_host = |namespace: &str| -> Vec<&DestinationRule> {
            let rules = mesh.istio.destination_rules.iter();
            rules.filter(|it| *it.name.namespace == *namespace && it.host == full(service)).collect()
        };
        let lists = |rule: &DestinationRule, entry: &str| rule.export_to.0.iter().any(|it| it == entry);
        let kept = |rule: &DestinationRule| {
            rule.export_to.0.len() == 1 && (lists(rule, ".") || lists(rule, &rule.name.namespace))
        };
        let own: Vec<&DestinationRule> = for_host(me)
            .into_iter()
            .filter(|rule| {
                let local = rule.export_to.0.is_empty() || lists(rule, "*") || lists(rule, ".") || lists(rule, me);
                if me == "istio-system" { kept(rule) } else { local }
            })
            .collect();
        let exported = |namespace: &str| -> Vec<&DestinationRule> {
            let shown = |rule: &&DestinationRule| {
                let named = (lists(rule, ".") && namespace == me) || lists(rule, me);
                !kept(rule) && (rule.export_to.0.is_empty() || lists(rule, "*") || (!lists(rule, "~") && named))
            };
            for_host(namespace).into_iter().filter(shown).collect()
        };
        let found = [own, exported(&service.name.namespace), exported("istio-system")];
        let rules = found.into_iter().find(|rules| !rules.is_empty()).unwrap_or_default();
        let names: BTreeSet<&str> =
            rules.iter().flat_map(|rule| &rule.subsets).map(|subset| subset.name.as_str()).collect();
        names.len() as u64
    }
}
