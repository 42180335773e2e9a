//! What a namespace uses of its sidecars.

use std::collections::BTreeSet;

use crate::inventory::objects::RouteParent;
use crate::mesh::{Feature, WorkloadFeatures, hosts};
use crate::tuning::{Member, Question};

/// What a namespace uses of its sidecars, each in words with the name of an object.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// What a waypoint does instead.
    pub(super) waypoint: Vec<String>,
    /// What nothing in ambient mode does.
    pub(super) without_like: Vec<String>,
    /// What ends.
    pub(super) lost: Vec<String>,
}

/// What the workloads of a namespace use.
///
/// Authorization policies are known by their number of rules, not by what these look at; each counts as one that looks
/// at requests.
pub(super) fn needs(question: &Question<'_>, namespace: &str, members: &[Member<'_>]) -> Needs {
    let istio = &question.inventory().istio;
    let services = question.inventory().services.iter().filter(|service| &*service.name.namespace == namespace);
    let own: Vec<String> = services.map(|service| hosts::of_service(&service.name.name, namespace)).collect();
    let concerns = |host: &str, of: &str| {
        let host = hosts::resolved(host, of);
        own.iter().any(|own| hosts::covers(&host, own))
    };
    let mut needs = Needs::default();
    let routes = istio.virtual_services.iter().filter(|it| !it.http.is_empty() || !it.opaque.is_empty());
    let routes = routes.filter(|it| it.hosts.iter().any(|host| concerns(host, &it.name.namespace)));
    needs.waypoint.extend(routes.map(|it| format!("VirtualService {}", it.name)));
    let attached = istio.routes.iter().filter(|it| {
        it.parents.iter().any(|parent| matches!(parent, RouteParent::Service(name) if &*name.namespace == namespace))
    });
    needs.waypoint.extend(attached.map(|it| format!("{} {}", it.kind, it.name)));
    let rules = istio.destination_rules.iter().filter(|it| concerns(&it.host, &it.name.namespace));
    needs.waypoint.extend(rules.map(|it| format!("DestinationRule {}", it.name)));
    let mut by_feature = |which: &[Feature], into: fn(&mut Needs) -> &mut Vec<String>| {
        let of = |features: &WorkloadFeatures| -> Vec<String> {
            let origins = features.origins.iter().filter(|origin| origin.is_read && which.contains(&origin.feature));
            origins.map(|origin| origin.from.clone()).collect()
        };
        let found: BTreeSet<String> = members.iter().flat_map(|it| of(&it.plan.features)).collect();
        into(&mut needs).extend(found);
    };
    by_feature(&[Feature::Authorization, Feature::Jwt], |needs| &mut needs.waypoint);
    by_feature(&[Feature::Wasm, Feature::EnvoyFilter], |needs| &mut needs.without_like);
    let sidecars = istio.sidecars.iter().filter(|it| &*it.name.namespace == namespace);
    needs.lost.extend(sidecars.map(|it| format!("Sidecar {}", it.name)));
    needs
}
