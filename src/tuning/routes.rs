//! What a tuner sets for requests of a route goes into the route that holds, or into a new virtual service.

use std::collections::BTreeMap;

use super::{Question, Recommendation, Withheld, http_routes};
use crate::inventory::objects::{Destination, HttpRoute, HttpRoutePatch, Patch, RoutePatch, VirtualServicePatch};
use crate::inventory::{Change, ObjectName, VirtualService};
use crate::mesh::hosts;
use crate::resilience::Routed;

/// A route of a virtual service of the input; `None` where there is none such.
pub(super) fn route<'a>(question: &Question<'a>, service: &ObjectName, index: usize) -> Option<&'a HttpRoute> {
    let services = &question.inventory().istio.virtual_services;
    services.iter().find(|known| known.name == *service)?.http.get(index)
}

/// Lets a recommendation set something for the routes at some places of one service; `wanted` is asked for each route.
pub(super) fn set(
    question: &Question<'_>,
    host: &str,
    places: &[Routed],
    wanted: &dyn Fn(Option<&HttpRoute>) -> RoutePatch,
    mut found: Recommendation,
) -> Recommendation {
    let mut patches: BTreeMap<&ObjectName, VirtualServicePatch> = BTreeMap::new();
    let mut rules: BTreeMap<&ObjectName, HttpRoutePatch> = BTreeMap::new();
    for place in places {
        match place {
            Routed::By { service, index } => {
                let Some(route) = route(question, service, *index) else { continue };
                let patch = wanted(Some(route));
                if patch == RoutePatch::default() {
                    continue;
                }
                let first = route.destinations.first().filter(|it| it.mirror.is_none());
                let patch = RoutePatch {
                    host: first.map(|it| it.host.clone()),
                    has_retries: route.retries.is_some() && patch.says_retries(),
                    ..patch
                };
                let known = patches
                    .entry(service)
                    .or_insert_with(|| VirtualServicePatch { name: service.clone(), ..VirtualServicePatch::default() });
                known.routes.insert(*index, patch);
            }
            Routed::ByWildcard { service } => {
                let why = format!("VirtualService {service} holds for many hosts: give this one a route of its own");
                return found.withhold(Withheld::NotPatchable(why));
            }
            Routed::ByApi { kind, route, index } => {
                let wanted_of = |rule: &HttpRoute| wanted(Some(rule));
                match http_routes::rule(question, (kind, route, *index), &wanted_of) {
                    Ok(None) => {}
                    Ok(Some(rule)) => {
                        let known = rules
                            .entry(route)
                            .or_insert_with(|| HttpRoutePatch { name: route.clone(), ..HttpRoutePatch::default() });
                        known.rules.insert(*index, rule);
                    }
                    Err(why) => return found.withhold(why),
                }
            }
            Routed::Nowhere => match new(question, host, &wanted(None)) {
                Ok(service) => found.changes = vec![Change::VirtualService(Box::new(service))],
                Err(why) => return found.withhold(why),
            },
        }
    }
    found.changes.extend(patches.into_values().map(|patch| Change::Patch(Patch::VirtualService(patch))));
    found.changes.extend(rules.into_values().map(|patch| Change::Patch(Patch::HttpRoute(patch))));
    found
}

/// A virtual service that changes nothing but what is wanted: without ports, requests go to the port they were sent to.
fn new(question: &Question<'_>, host: &str, wanted: &RoutePatch) -> Result<VirtualService, Withheld> {
    let short = hosts::short(host);
    let name = short.split_once('/').map(|(namespace, name)| ObjectName::new(namespace, name));
    let name = name.ok_or_else(|| Withheld::NotPatchable(format!("{host} is no service of the cluster")))?;
    if question.inventory().istio.virtual_services.iter().any(|known| known.name == name) {
        let why = format!("a VirtualService {name} is there for another host: write one of another name");
        return Err(Withheld::NotPatchable(why));
    }
    let to = Destination { host: host.to_owned(), ..Destination::default() };
    let mut service = VirtualService {
        name: name.clone(),
        hosts: vec![host.to_owned()],
        http: vec![HttpRoute { destinations: vec![to], ..HttpRoute::default() }],
        ..VirtualService::default()
    };
    let routes = BTreeMap::from([(0, wanted.clone())]);
    VirtualServicePatch { name, routes }.apply(&mut service);
    Ok(service)
}
