//! Services of the inventory with the workloads behind them, and what is known of their replicas.

use std::collections::BTreeMap;

use super::Inputs;
use super::carrying::{ReplicaCpu, Servers};
use crate::inventory::objects::Subset;
use crate::inventory::request::{application_cpu_limit, application_request};
use crate::inventory::{Service, Workload};
use crate::mesh::{self, hosts};
use crate::units::{Cores, Rate};

/// Services by host name, ready to be asked.
pub(super) struct Services<'a> {
    inputs: &'a Inputs<'a>,
    /// Indices of services by full host name.
    by_host: BTreeMap<String, usize>,
    /// Indices of the workloads behind each service.
    behind: Vec<Vec<usize>>,
}

/// Some workloads that answer for a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Backing {
    /// Their indices, in rising order.
    pub workloads: Vec<usize>,
}

impl Backing {
    /// Adds others, each once.
    pub fn add(&mut self, others: Option<Self>) {
        self.workloads.extend(others.unwrap_or_default().workloads);
        self.workloads.sort_unstable();
        self.workloads.dedup();
    }
}

impl<'a> Services<'a> {
    pub fn new(inputs: &'a Inputs<'a>) -> Self {
        let services = inputs.inventory.services.iter().enumerate();
        let named = services.filter(|(_, service)| !service.external_name);
        let by_host =
            named.map(|(index, service)| (hosts::of_service(&service.name.name, &service.name.namespace), index));
        Self { inputs, by_host: by_host.collect(), behind: mesh::behind_services(inputs.inventory) }
    }

    /// Host names of the services, in order, with their places in the inventory.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_host.iter().map(|(host, index)| (host.as_str(), *index))
    }

    /// The service of a host; `None` where the input has no such service.
    pub fn service(&self, host: &str) -> Option<&'a Service> {
        self.inputs.inventory.services.get(*self.by_host.get(host)?)
    }

    /// Namespace of the service of a host.
    pub fn namespace(&self, host: &str) -> Option<&'a str> {
        self.service(host).map(|service| &*service.name.namespace)
    }

    /// What stands behind a host; `None` where the input has no such service, or it selects nothing.
    pub fn behind(&self, host: &str) -> Option<Backing> {
        let workloads = self.behind.get(*self.by_host.get(host)?)?;
        (!workloads.is_empty()).then(|| Backing { workloads: workloads.clone() })
    }

    /// Those of them that are of a subset.
    pub fn of_subset(&self, backing: &Backing, subset: &Subset) -> Backing {
        let inventory = self.inputs.inventory;
        let is_of = |index: &&usize| inventory.workloads.get(**index).is_some_and(|it| subset.selects(&it.labels));
        Backing { workloads: backing.workloads.iter().filter(is_of).copied().collect() }
    }

    /// Requests per second that some workloads receive today, each counted once.
    pub fn requests(&self, backing: &Backing) -> Rate {
        backing.workloads.iter().filter_map(|&index| self.inputs.profiles.get(index)).map(|it| it.inbound_rps).sum()
    }

    /// Whether all of these requests were measured.
    pub fn are_measured(&self, backing: &Backing) -> bool {
        let mut profiles = backing.workloads.iter().filter_map(|&index| self.inputs.profiles.get(index));
        profiles.all(|profile| profile.rps_measured)
    }

    /// Where the requests of some workloads are known from.
    pub fn basis(&self, backing: &Backing) -> String {
        let profiles = backing.workloads.iter().filter_map(|&index| self.inputs.profiles.get(index));
        let measured = profiles.filter(|profile| profile.rps_measured).count();
        match backing.workloads.len() {
            all if all == measured => "requests as measured".to_owned(),
            _ if measured == 0 => "requests as the policy assumes".to_owned(),
            all => {
                format!("requests of {measured} of {all} workloads as measured, of the others as the policy assumes")
            }
        }
    }

    /// The replicas of some workloads; what their own figures do not say, those of all that share the requests do.
    pub fn servers(&self, backing: &Backing, sharing: &Backing) -> Servers {
        let replicas = self.workloads(backing).map(|workload| workload.replicas).fold(0, u64::saturating_add);
        let most = self.workloads(backing).map(most_replicas).fold(0, u64::saturating_add);
        Servers {
            replicas,
            most,
            today: self.busiest(sharing),
            measured: self.are_measured(sharing),
            cpu: self.cpu(backing, sharing),
        }
    }

    /// Names of some workloads.
    pub fn names(&self, backing: &Backing) -> Vec<String> {
        self.workloads(backing).map(|workload| workload.id.to_string()).collect()
    }

    pub fn workloads(&self, backing: &Backing) -> impl Iterator<Item = &'a Workload> {
        let inventory = self.inputs.inventory;
        backing.workloads.iter().filter_map(|&index| inventory.workloads.get(index))
    }

    /// Requests per second of a replica of the workload where it is most.
    fn busiest(&self, backing: &Backing) -> Rate {
        let each = backing.workloads.iter().filter_map(|&index| {
            let workload = self.inputs.inventory.workloads.get(index).filter(|workload| workload.replicas > 0)?;
            Some(self.inputs.profiles.get(index)?.inbound_rps / workload.replicas as f64)
        });
        each.fold(Rate::ZERO, Rate::max)
    }

    fn cpu(&self, backing: &Backing, sharing: &Backing) -> Option<ReplicaCpu> {
        let own = self.cpu_per_request(backing);
        let per_rps = own.or_else(|| self.cpu_per_request(sharing))?;
        let requests = self.workloads(backing).map(|workload| application_request(&workload.spec).cpu);
        let request = requests.min().filter(|request| !request.is_zero())?.to_cores();
        let limits: Option<Vec<_>> =
            self.workloads(backing).map(|workload| application_cpu_limit(&workload.spec)).collect();
        let limit = limits.and_then(|limits| limits.into_iter().min()).map(|limit| limit.to_cores().max(request));
        Some(ReplicaCpu { request, limit, per_rps, of_others: own.is_none() })
    }

    /// Measured CPU over measured requests, of workloads with both.
    fn cpu_per_request(&self, backing: &Backing) -> Option<Cores> {
        let (mut cpu, mut requests) = (Cores::ZERO, Rate::ZERO);
        for measured in self.workloads(backing).map(|workload| &workload.measured) {
            if let (Some(used), Some(received)) = (measured.app_cpu, measured.inbound_rps) {
                cpu += used;
                requests += received;
            }
        }
        let is_sound = cpu > Cores::ZERO && requests > Rate::ZERO;
        is_sound.then(|| cpu / requests.as_per_second())
    }
}

/// Replicas a workload may grow to.
fn most_replicas(workload: &Workload) -> u64 {
    workload.autoscaler.as_ref().map_or(workload.replicas, |it| it.max_replicas.max(workload.replicas))
}
