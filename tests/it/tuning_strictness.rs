//! Laws over whole runs of `tune`, on small clusters drawn at random.

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::measurement::Slo;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::sources::latency::{LatencyOptions, read_latency_bytes};
use meshcap::sources::{self, Limits};
use meshcap::tuning::{Kind, Tuning, tune};
use meshcap::units::{Bytes, Millicores, Share};
use proptest::prelude::*;

/// A shop of two services on three nodes, with what was measured of it.
#[derive(Debug, Clone)]
struct Shop {
    replicas: [u64; 2],
    rps: [f64; 2],
    /// CPU of a request of each service, in milliseconds.
    cost: [f64; 2],
    /// CPU request of each proxy, in thousandths of a core, as annotations say it.
    proxy: u64,
    /// Seed of the measured response times.
    seed: u64,
}

fn shop() -> impl Strategy<Value = Shop> {
    let pair = |of: std::ops::Range<f64>| [of.clone(), of].prop_map(|it| it);
    let replicas = [1_u64..12, 1_u64..12];
    (replicas, pair(1.0..900.0), pair(0.2..6.0), 10_u64..1500, 0_u64..1000)
        .prop_map(|(replicas, rps, cost, proxy, seed)| Shop { replicas, rps, cost, proxy, seed })
}

impl Shop {
    fn manifests(&self) -> String {
        let mut text = String::from(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n---\n",
        );
        for node in ["a", "b", "c"] {
            text.push_str(&format!(
                "apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\nstatus: {{allocatable: {{cpu: \"16\", memory: 64Gi, pods: \"110\"}}}}\n---\n"
            ));
        }
        for (name, replicas) in ["web", "store"].iter().zip(self.replicas) {
            let proxy = self.proxy;
            text.push_str(&format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n\
                 spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80}}]}}\n---\n\
                 apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
                 selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n      \
                 annotations: {{sidecar.istio.io/proxyCPU: {proxy}m, sidecar.istio.io/proxyMemory: 128Mi, sidecar.istio.io/proxyCPULimit: 2000m, sidecar.istio.io/proxyMemoryLimit: 1Gi}}\n    \
                 spec: {{containers: [{{name: app, image: app, resources: {{requests: {{cpu: 500m, memory: 256Mi}}, limits: {{cpu: \"1\"}}}}}}]}}\n---\n"
            ));
        }
        text
    }

    fn demand(&self) -> String {
        let mut text = String::from("namespace,name,kind,inbound_rps,app_cpu_cores,response_mean_ms,response_p99_ms\n");
        for ((name, rps), cost) in ["web", "store"].iter().zip(self.rps).zip(self.cost) {
            text.push_str(&format!(
                "shop,{name},Deployment,{rps},{},{},{}\n",
                rps * cost / 1000.0,
                cost * 3.0,
                cost * 20.0
            ));
        }
        text
    }

    /// Response times of `web`, a few hundred.
    fn samples(&self) -> String {
        let mut text = String::from("request,latency_ms\n");
        for request in 0..400_u64 {
            let draw = (request * 7919 + self.seed * 104_729) % 1009;
            text.push_str(&format!("{request},{}\n", 3.0 + draw as f64 / 100.0));
        }
        text
    }

    fn inputs(&self, policy: Policy, slo: Option<&str>) -> Inputs {
        let mut objects =
            sources::read_bytes("shop.yaml", self.manifests().as_bytes(), &Limits::default()).unwrap().objects;
        objects
            .extend(sources::read_bytes("demand.csv", self.demand().as_bytes(), &Limits::default()).unwrap().objects);
        let inventory = assemble(objects).inventory;
        let mut inputs = Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap());
        if let Some(slo) = slo {
            let reading = read_latency_bytes("web.csv", self.samples().as_bytes(), &LatencyOptions::default()).unwrap();
            inputs.response_times = reading.measurements;
            inputs.objectives = vec![slo.parse::<Slo>().unwrap()];
        }
        inputs
    }

    fn tuned(&self, policy: Policy, slo: Option<&str>) -> Tuning {
        tune(&self.inputs(policy, slo), None)
    }
}

/// What a workload or istiod is given: replicas, requests and limits, the larger the more; no limit is the most.
fn resources(plan: &Plan) -> Vec<(String, Vec<u64>)> {
    let limit = |cpu: Option<Millicores>, memory: Option<Bytes>| {
        [cpu.map_or(u64::MAX, Millicores::get), memory.map_or(u64::MAX, Bytes::get)]
    };
    let of_workload = |it: &meshcap::plan::WorkloadPlan| {
        let mut given = vec![it.replicas];
        if let Some(proxy) = &it.proxy {
            given.extend([
                proxy.requests.cpu.unwrap_or_default().get(),
                proxy.requests.memory.unwrap_or_default().get(),
            ]);
            given.extend(limit(proxy.limits.cpu, proxy.limits.memory));
        }
        (it.name.clone(), given)
    };
    let istiod = &plan.control_plane;
    let of_istiod = vec![istiod.replicas, istiod.cpu_request.get(), istiod.memory_request.get()];
    plan.workloads.iter().map(of_workload).chain([("istiod".to_owned(), of_istiod)]).collect()
}

/// Nothing is given less under the stricter of two.
fn never_less(loose: &Tuning, strict: &Tuning) -> Result<(), TestCaseError> {
    for ((name, less), (_, more)) in resources(&loose.after).into_iter().zip(resources(&strict.after)) {
        for (less, more) in less.iter().zip(&more) {
            prop_assert!(more >= less, "{name}: {less} under the loose, {more} under the strict one");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2) })]

    /// A tighter objective never recommends fewer resources, whether it is met or not.
    #[test]
    fn a_tighter_objective_never_takes_resources_away(shop in shop(), a in 5.0_f64..40.0, b in 5.0_f64..40.0) {
        let at = |millis: f64| shop.tuned(Policy::default(), Some(&format!("p99<{millis:.3}ms")));
        never_less(&at(a.max(b)), &at(a.min(b)))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Nor does a policy that wants more of the demand covered.
    #[test]
    fn a_stricter_quantile_never_takes_resources_away(shop in shop(), a in 0.5_f64..0.99, b in 0.5_f64..0.99) {
        let at = |quantile: f64| {
            let mut policy = Policy::default();
            policy.sizing.quantile = Share::new(quantile).unwrap();
            shop.tuned(policy, None)
        };
        never_less(&at(a.min(b)), &at(a.max(b)))?;
    }

    /// Nor one that wants more room in replicas.
    #[test]
    fn a_lower_target_utilization_never_takes_resources_away(shop in shop(), a in 0.2_f64..1.0, b in 0.2_f64..1.0) {
        let at = |target: f64| {
            let mut policy = Policy::default();
            policy.resilience.target_utilization = Share::new(target).unwrap();
            shop.tuned(policy, None)
        };
        never_less(&at(a.max(b)), &at(a.min(b)))?;
    }

    /// Nor one that wants more room on nodes.
    #[test]
    fn more_headroom_never_takes_resources_away(shop in shop(), a in 0.0_f64..0.9, b in 0.0_f64..0.9) {
        let at = |target: f64| {
            let mut policy = Policy::default();
            policy.headroom.target = Share::new(target).unwrap();
            shop.tuned(policy, None)
        };
        never_less(&at(a.min(b)), &at(a.max(b)))?;
    }

    /// Ejection and the loss of one host never leave fewer than carry the load, nor is anything acute left that a
    /// recommendation could have taken away.
    #[test]
    fn nothing_that_was_recommended_is_dangerous(shop in shop()) {
        let tuning = shop.tuned(Policy::default(), None);
        for case in tuning.after.resilience.ejections {
            prop_assert!(!case.leaves_too_few(), "{case:?}");
            let spare = case.spare().unwrap();
            prop_assert!(case.left_alone() < spare, "{} of {spare}", case.left_alone());
        }
        for it in tuning.recommendations.iter().filter(|it| it.kind == Kind::OutlierDetection && it.is_applied()) {
            prop_assert!(it.saves.guards >= 0.999, "{it:?}");
        }
        let guards = tuning.after.resilience.guards;
        prop_assert!(guards.pools.iter().all(|case| case.refusing().is_empty() && !case.is_unlimited()));
        prop_assert!(guards.timeouts.iter().all(|case| case.cutting().is_empty() && !case.is_endless()));
    }
}
