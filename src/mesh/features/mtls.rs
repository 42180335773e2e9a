//! Mutual TLS: how a workload takes connections, and how those it calls do.

use std::collections::BTreeSet;

use super::super::scope::{has, hosts};
use super::super::{Mesh, ProxyMode};
use super::attached::{Attached, Policy};
use super::{Feature, Origin, WorkloadFeatures};
use crate::inventory::objects::{MtlsMode, TlsMode};
use crate::inventory::{Inventory, PeerAuthentication, Service, Workload};
use crate::policy::FeaturePolicy;
use crate::units::Share;

/// What decides about mutual TLS.
///
/// A connection has it where the client has a proxy and the server takes it: clients and servers that are not
/// known to be outside the mesh are taken to have one. TLS to a server outside with `SIMPLE` or `MUTUAL` costs
/// the client's proxy like mutual TLS does.
pub(super) struct Mtls<'a> {
    inventory: &'a Inventory,
    policies: Attached<'a, PeerAuthentication>,
    /// Whether clients use it wherever they can.
    automatic: bool,
    /// Services that take plaintext only or are called in it, and services in all, where any is.
    plain: Option<(u64, u64)>,
}

/// How a workload takes connections, and what says so.
struct Inbound {
    mode: MtlsMode,
    /// Share of its ports that take it.
    share: f64,
    words: String,
    from: String,
}

impl<'a> Mtls<'a> {
    pub fn new(inventory: &'a Inventory, mesh: &Mesh, policy: &FeaturePolicy) -> Self {
        let istio = &inventory.istio;
        let policies = Attached::new(&istio.peer_authentications, istio.mesh.root_namespace());
        let automatic = istio.mesh.auto_mtls.unwrap_or(policy.mtls);
        let mut mtls = Self { inventory, policies, automatic, plain: None };
        mtls.plain = mtls.plain_services(mesh);
        mtls
    }

    /// Decides about both sides of a workload.
    pub fn decide(&self, workload: &Workload, mode: ProxyMode, features: &mut WorkloadFeatures) {
        let mut origins = Vec::new();
        if let Some(inbound) = self.inbound(workload, mode).filter(|_| mode == ProxyMode::Sidecar) {
            // STRICT refuses what is not mutual TLS, whatever clients do by themselves.
            let is_used = self.automatic || inbound.mode == MtlsMode::Strict;
            features.inbound.mtls = Share::new(if is_used { inbound.share } else { 0.0 }).unwrap_or_default();
            let words =
                if is_used { inbound.words } else { format!("{}, and clients do not ask for it", inbound.words) };
            origins.push(Origin::read(Feature::Mtls, format!("inbound {words}"), inbound.from));
        }
        if let Some(automatic) = self.inventory.istio.mesh.auto_mtls {
            features.outbound.mtls = Share::all_if(automatic);
            let words = if automatic { "outbound wherever it can be" } else { "outbound off" };
            origins.push(Origin::read(Feature::Mtls, words, "enableAutoMtls of the mesh settings"));
        }
        if let Some((plain, all)) = self.plain.filter(|_| features.outbound.mtls > Share::ZERO) {
            features.outbound.mtls = Share::new((all - plain) as f64 / all.max(1) as f64).unwrap_or_default();
            let words = format!("outbound plaintext to {plain} of {all} services of the mesh, each called alike");
            origins.push(Origin::read(Feature::Mtls, words, "PeerAuthentications and DestinationRules with DISABLE"));
        }
        features.decide(origins);
    }

    fn inbound(&self, workload: &Workload, mode: ProxyMode) -> Option<Inbound> {
        let levels = self.policies.in_order(workload, mode);
        let decisive = levels.iter().rev().find_map(|policy| policy.mode.map(|mode| (mode, *policy)));
        let ports = levels.iter().rev().find(|policy| !policy.ports.is_empty());
        let from = decisive.map(|(_, policy)| policy).or(ports.copied())?.title();
        let general = decisive.map_or(MtlsMode::default(), |(mode, _)| mode);
        let inbound = Inbound {
            mode: general,
            share: if general == MtlsMode::Disable { 0.0 } else { 1.0 },
            words: general.as_str().to_owned(),
            from,
        };
        let Some(policy) = ports else { return Some(inbound) };
        let mode_of = |port: &u16| policy.ports.get(port).copied().flatten().unwrap_or(general);
        let mut own = self.ports(workload);
        own.extend(policy.ports.keys());
        let open = own.iter().filter(|port| mode_of(port) != MtlsMode::Disable).count();
        let single: Vec<String> =
            policy.ports.keys().map(|port| format!("{} on port {port}", mode_of(port).as_str())).collect();
        Some(Inbound {
            mode: own.iter().map(mode_of).min().unwrap_or(general),
            share: open as f64 / own.len().max(1) as f64,
            words: format!("{}, {}", inbound.words, single.join(", ")),
            from: policy.title(),
        })
    }

    /// Ports of the pods that services lead to.
    fn ports(&self, workload: &Workload) -> BTreeSet<u16> {
        let services = self.inventory.services.iter().filter(|service| is_behind(workload, service));
        services.flat_map(|service| &service.ports).map(|port| port.target.parse().unwrap_or(port.port)).collect()
    }

    /// Services with a proxy behind them that take plaintext only or are called in it.
    fn plain_services(&self, mesh: &Mesh) -> Option<(u64, u64)> {
        let istio = &self.inventory.istio;
        let says_so = istio.destination_rules.iter().any(|rule| rule.tls == Some(TlsMode::Disable))
            || istio.peer_authentications.iter().any(|it| it.mode == Some(MtlsMode::Disable));
        if !says_so {
            return None;
        }
        let members = || self.inventory.workloads.iter().zip(&mesh.members);
        let (mut plain, mut all) = (0, 0);
        for service in &self.inventory.services {
            let mut behind = members()
                .filter(|(workload, member)| member.mode == ProxyMode::Sidecar && is_behind(workload, service))
                .peekable();
            if behind.peek().is_none() {
                continue;
            }
            all += 1;
            let takes_none = behind.all(|(workload, member)| {
                self.inbound(workload, member.mode).is_some_and(|inbound| inbound.share == 0.0)
            });
            plain += u64::from(takes_none || self.is_called_in_plaintext(service));
        }
        (plain > 0).then_some((plain, all))
    }

    fn is_called_in_plaintext(&self, service: &Service) -> bool {
        let own = hosts::of_service(&service.name.name, &service.name.namespace);
        self.inventory.istio.destination_rules.iter().any(|rule| {
            rule.tls == Some(TlsMode::Disable)
                && hosts::covers(&hosts::resolved(&rule.host, &rule.name.namespace), &own)
        })
    }
}

fn is_behind(workload: &Workload, service: &Service) -> bool {
    let is_of_namespace = service.name.namespace == workload.id.namespace;
    is_of_namespace && !service.selector.is_empty() && has(&workload.labels, &service.selector)
}
