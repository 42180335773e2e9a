//! Which destination rule holds for a host, as a proxy of a namespace sees it.

use std::collections::BTreeMap;

use super::hosts;
use super::registry::{Discovery, Host};
use crate::inventory::objects::{ExportTo, Subset};
use crate::inventory::{DestinationRule, Inventory};

/// Destination rules by namespace, ready to be asked.
pub struct Rules<'a> {
    root_namespace: &'a str,
    default_export: &'a ExportTo,
    /// What proxies of the rule's own namespace find first.
    local: BTreeMap<&'a str, Pool<'a>>,
    /// What proxies of other namespaces may find.
    exported: BTreeMap<&'a str, Pool<'a>>,
    /// Rules of the root namespace that only its own proxies see.
    root_only: Pool<'a>,
}

/// Rules of one namespace by host, oldest first; rules of one host are taken together.
#[derive(Default)]
struct Pool<'a> {
    exact: BTreeMap<String, Vec<&'a DestinationRule>>,
    /// Longest first.
    wildcards: Vec<(String, Vec<&'a DestinationRule>)>,
}

impl<'a> Rules<'a> {
    /// The rules of the namespaces istiod looks at. Rules that hold for chosen workloads only are left out.
    #[must_use]
    pub fn new(inventory: &'a Inventory) -> Self {
        let mesh = &inventory.istio.mesh;
        let mut rules = Self {
            root_namespace: mesh.root_namespace(),
            default_export: &mesh.destination_rule_export_to,
            local: BTreeMap::new(),
            exported: BTreeMap::new(),
            root_only: Pool::default(),
        };
        let discovered = Discovery::new(inventory);
        let all = inventory.istio.destination_rules.iter();
        for rule in all.filter(|rule| !rule.has_selector && discovered.holds(&rule.name.namespace)) {
            rules.add(rule);
        }
        rules
    }

    fn add(&mut self, rule: &'a DestinationRule) {
        let own = &*rule.name.namespace;
        let listed = &rule.export_to.0;
        let lists = |entry: &str| listed.iter().any(|it| it == entry);
        if listed.is_empty() || lists("*") || lists(".") || lists(own) {
            self.local.entry(own).or_default().add(rule);
        }
        let default_is_private = listed.is_empty() && self.default_export.0.iter().any(|it| it == ".");
        let is_private = default_is_private || (listed.len() == 1 && (lists(".") || lists(own)));
        if !is_private {
            self.exported.entry(own).or_default().add(rule);
        } else if own == self.root_namespace {
            self.root_only.add(rule);
        }
    }

    /// The rules that hold for a host of a namespace as proxies of the namespace `client` see it, oldest first:
    /// those of their own namespace come before those of the host's, and those before those of the root namespace.
    #[must_use]
    pub fn of(&self, client: &str, host: &str, namespace: &str) -> Vec<&'a DestinationRule> {
        let own = if client == self.root_namespace {
            self.root_only.find(host)
        } else {
            self.local.get(client).and_then(|pool| pool.find(host))
        };
        match own {
            Some(rules) => rules.to_vec(),
            None => [namespace, self.root_namespace]
                .into_iter()
                .map(|namespace| self.exported_by(namespace, host, client))
                .find(|rules| !rules.is_empty())
                .unwrap_or_default(),
        }
    }

    /// Subsets of a host for proxies of a namespace, those of all rules that hold.
    pub(super) fn subsets(&self, client: &str, host: &Host<'_>) -> Vec<&'a Subset> {
        let rules = self.of(client, &host.name, host.namespace);
        let mut subsets: Vec<&Subset> = Vec::new();
        for subset in rules.iter().flat_map(|rule| &rule.subsets) {
            if subsets.iter().all(|known| known.name != subset.name) {
                subsets.push(subset);
            }
        }
        subsets
    }

    fn exported_by(&self, namespace: &str, host: &str, client: &str) -> Vec<&'a DestinationRule> {
        let found = self.exported.get(namespace).and_then(|pool| pool.find(host)).unwrap_or_default();
        let shown = |rule: &&&DestinationRule| rule.export_to.shows(namespace, client, self.default_export);
        found.iter().filter(shown).copied().collect()
    }
}

impl<'a> Pool<'a> {
    fn add(&mut self, rule: &'a DestinationRule) {
        let host = hosts::resolved(&rule.host, &rule.name.namespace).into_owned();
        if !hosts::is_wildcard(&host) {
            self.exact.entry(host).or_default().push(rule);
            return;
        }
        match self.wildcards.iter_mut().find(|(known, _)| *known == host) {
            Some((_, rules)) => rules.push(rule),
            None => {
                self.wildcards.push((host, vec![rule]));
                self.wildcards.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            }
        }
    }

    /// Rules of the most specific host that covers `host`.
    fn find(&self, host: &str) -> Option<&[&'a DestinationRule]> {
        let exact = self.exact.get(host);
        let wildcard = || self.wildcards.iter().find(|(pattern, _)| hosts::covers(pattern, host)).map(|(_, it)| it);
        exact.or_else(wildcard).map(Vec::as_slice)
    }
}
