//! Recommendations for pods that istiod makes of a Gateway: said in the ConfigMap that it merges in.

use std::fs;

use meshcap::card::ModelCard;
use meshcap::finding::Finding;
use meshcap::inventory::{Inventory, assemble};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::sources::{self, Limits};
use meshcap::tuning::{Kind, Question, Recommendation, Tuning, manifests, tune};
use serde_json::Value;

use crate::tuning::{applied, data, inputs, keeps_its_promise};

fn read(text: &str) -> (Inventory, Vec<Finding>) {
    let reading = sources::read_bytes("cluster.yaml", text.as_bytes(), &Limits::default()).unwrap();
    let assembled = assemble(reading.objects);
    (assembled.inventory, [reading.findings, assembled.findings].concat())
}

fn found<'t>(tuning: &'t Tuning, id: &str) -> &'t Recommendation {
    tuning.recommendations.iter().find(|it| it.id == id).unwrap_or_else(|| panic!("{id}"))
}

/// An entry of an emitted ConfigMap.
fn entry(tuning: &Tuning, path: &str, key: &str) -> Value {
    let all = manifests(tuning.changes());
    let file = all.iter().find(|it| it.path == path).unwrap_or_else(|| panic!("{path}"));
    serde_saphyr::from_str(file.object["data"][key].as_str().unwrap_or_else(|| panic!("{path}: {key}"))).unwrap()
}

#[test]
fn busy_waypoints_get_what_they_need_through_their_gateway() {
    let paths = [data("clusters/waypoints")];
    let tuning = keeps_its_promise(&paths, &inputs(&paths, "", None));
    for id in ["gateways/tickets/waypoint", "gateways/tickets/public-istio"] {
        assert!(found(&tuning, id).is_applied(), "{id}: {:?}", found(&tuning, id).withheld);
    }
    let paths: Vec<String> = manifests(tuning.changes()).into_iter().map(|it| it.path).collect();
    // istiod undoes what is changed about these.
    assert!(!paths.iter().any(|path| path.contains("deployment-waypoint") || path.contains("deployment-public")));
    assert!(!paths.iter().any(|path| path.contains("horizontalpodautoscaler")), "{paths:?}");

    let own = "patches/tickets/configmap-waypoint-options.yaml";
    let deployment = entry(&tuning, own, "deployment");
    assert_eq!(deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"], 60);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_ne!(container["resources"]["requests"]["cpu"], "50m");
    let autoscaler = entry(&tuning, own, "horizontalPodAutoscaler");
    assert_eq!(
        (autoscaler["spec"]["minReplicas"].clone(), autoscaler["spec"]["maxReplicas"].clone()),
        (2.into(), 4.into())
    );
    assert_eq!(autoscaler["spec"]["metrics"][0]["resource"]["name"], "cpu");

    let new = entry(&tuning, "resources/tickets/configmap-public-meshcap.yaml", "deployment");
    assert_eq!(new["spec"]["replicas"], 2);
    assert!(paths.iter().any(|path| path == "patches/tickets/gateway-public.yaml"));
}

const SMALL: &str = "\
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a}}
status: {allocatable: {cpu: '8', memory: 16Gi, pods: '110'}}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {kubernetes.io/hostname: b}}
status: {allocatable: {cpu: '8', memory: 16Gi, pods: '110'}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod, sidecar.istio.io/inject: 'false'}}
    spec: {containers: [{name: discovery, image: istio/pilot:TAG}]}
---
";

/// A gateway that has too little memory for its own start.
fn gateway(reference: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge, namespace: shop}}\n\
         spec: {{gatewayClassName: istio{reference}, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}\n---\n"
    )
}

const NAMED: &str = ", infrastructure: {parametersRef: {group: '', kind: ConfigMap, name: options}}";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge-istio, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}
  template:
    metadata: {labels: {gateway.networking.k8s.io/gateway-name: edge, sidecar.istio.io/inject: 'false'}}
    spec:
      containers:
      - name: istio-proxy
        image: istio/proxyv2:TAG
        args: [proxy, router]
        resources: {requests: {cpu: 10m, memory: 8Mi}, limits: {memory: 16Mi}}
---
";

fn options(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: options, namespace: shop}}\ndata:\n{data}\n---\n")
}

fn tuned(cluster: &str) -> Tuning {
    let card = ModelCard::named("istio-1.24").unwrap();
    tune(&Inputs::new(read(cluster).0, Policy::default(), card), None)
}

#[test]
fn what_istiod_would_not_take_is_withheld_with_the_reason() {
    let whole =
        |tag: &str, gateway: &str, options: &str| format!("{SMALL}{gateway}{DEPLOYMENT}{options}").replace("TAG", tag);
    let plain = gateway("");
    let named = gateway(NAMED);
    let entry = options("  deployment: '{spec: {template: {spec: {priorityClassName: high}}}}'");
    for (case, cluster, why) in [
        ("new", whole("1.26.0", &plain, ""), None),
        ("amended", whole("1.28.2", &named, &entry), None),
        ("before 1.26", whole("1.25.3", &plain, ""), Some("1.25.3 takes no changes")),
        ("no release", whole("latest", &plain, ""), Some("neither image nor labels of istiod name one")),
        ("no Gateway", whole("1.28.2", "", ""), Some("Gateway shop/edge, which is not in the input")),
        ("no ConfigMap", whole("1.28.2", &named, ""), Some("ConfigMap shop/options, which is not in the input")),
        (
            "another kind",
            whole("1.28.2", &gateway(&NAMED.replace("ConfigMap", "Secret")), ""),
            Some("names a Secret options"),
        ),
        (
            "shared",
            whole("1.28.2", &(named.clone() + &named.replace("edge", "other")), &entry),
            Some("several Gateways name ConfigMap shop/options"),
        ),
        (
            "unknown entry",
            whole("1.28.2", &named, &options("  deployment: '{}'\n  ingress: '{}'")),
            Some("refuses ConfigMap shop/options for its entries ingress"),
        ),
        ("broken", whole("1.28.2", &named, &options("  deployment: '{spec: ['")), Some("broken YAML")),
        (
            "no map",
            whole("1.28.2", &named, &options("  deployment: 'replicas 3'")),
            Some("no part of a Kubernetes object"),
        ),
        (
            "environment",
            whole(
                "1.28.2",
                &named,
                &options(
                    "  deployment: '{spec: {template: {spec: {containers: [{name: istio-proxy, env: [{name: A, value: hush}]}]}}}}'",
                ),
            ),
            Some("sets environment variables"),
        ),
    ] {
        let tuning = tuned(&cluster);
        let it = found(&tuning, "gateways/shop/edge-istio");
        match why {
            None => assert!(it.is_applied(), "{case}: {:?}", it.withheld),
            Some(why) => {
                let said = it.withheld.as_ref().unwrap_or_else(|| panic!("{case}")).to_string();
                assert!(said.contains(why), "{case}: {said}");
                assert!(it.changes.is_empty(), "{case}");
            }
        }
        assert!(!format!("{:?}", tuning.tuned).contains("hush"), "{case}");
    }
}

/// Gateways of other implementations have the same label.
#[test]
fn pods_that_another_controller_makes_are_left_to_it() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: edge-istio, namespace: shop, ownerReferences: [{kind: Gateway, name: edge}]}\n\
         spec: {minAvailable: 2, selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}}\n---\n";
    let deployment = DEPLOYMENT.replace("replicas: 1", "replicas: 2");
    let withheld = |cluster: String| {
        let cluster = format!("{SMALL}{}{cluster}{budget}", gateway("")).replace("TAG", "1.28.2");
        let (inventory, card) = (read(&cluster).0, ModelCard::named("istio-1.24").unwrap());
        let inputs = Inputs::new(inventory, Policy::default(), card);
        let plan = Plan::new(inputs.clone());
        let question = Question::new(&inputs, &plan);
        question.members().find(|it| &*it.workload.id.name == "edge-istio").unwrap().not_patchable()
    };
    assert_eq!(withheld(deployment.clone()), None);
    let other = withheld(deployment.replace("name: istio-proxy", "name: envoy"));
    assert!(other.as_ref().is_some_and(|why| why.contains("another controller than istiod")), "{other:?}");
}

#[test]
fn a_config_map_decides_what_is_planned() {
    let options = options(
        "  deployment: |\n    spec:\n      replicas: 3\n      template: {spec: {containers: [{name: istio-proxy, resources: {requests: {cpu: 300m}}}]}}\n\
         \x20 podDisruptionBudget: '{spec: {minAvailable: 1}}'",
    );
    let defaults = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all, namespace: istio-system, labels: {gateway.istio.io/defaults-for-class: istio}}\n\
        data:\n  deployment: '{spec: {replicas: 2, template: {spec: {containers: [{name: istio-proxy, resources: {requests: {memory: 96Mi}}}]}}}}'\n---\n";
    let elsewhere = defaults.replace("namespace: istio-system", "namespace: shop").replace("96Mi", "97Mi");
    for (case, cluster, expected) in [
        ("made already", format!("{}{DEPLOYMENT}{options}", gateway(NAMED)), (3, "300m", "8Mi")),
        ("to be made", format!("{}{options}", gateway(NAMED)), (3, "300m", "128Mi")),
        ("by class", format!("{}{DEPLOYMENT}{defaults}", gateway("")), (2, "10m", "96Mi")),
        ("class in another namespace", format!("{}{DEPLOYMENT}{elsewhere}", gateway("")), (1, "10m", "8Mi")),
        ("both", format!("{}{DEPLOYMENT}{options}{defaults}", gateway(NAMED)), (3, "300m", "96Mi")),
        ("unnamed", format!("{}{DEPLOYMENT}{options}", gateway("")), (1, "10m", "8Mi")),
        (
            "scaled",
            format!("{}{DEPLOYMENT}{options}", gateway(NAMED)).replace(
                "  podDisruptionBudget",
                "  horizontalPodAutoscaler: '{spec: {minReplicas: 4, maxReplicas: 6}}'\n  podDisruptionBudget",
            ),
            (4, "300m", "8Mi"),
        ),
    ] {
        let cluster = format!("{SMALL}{cluster}").replace("TAG", "1.28.2");
        let (inventory, findings) = read(&cluster);
        assert!(!findings.iter().any(|it| it.kind.id.contains("gateway-parameters")), "{case}: {findings:?}");
        let plan =
            Plan::new(Inputs::new(inventory.clone(), Policy::default(), ModelCard::named("istio-1.24").unwrap()));
        let it = plan.workloads.iter().find(|it| it.name == "edge-istio").unwrap_or_else(|| panic!("{case}"));
        let requests = it.proxy.as_ref().unwrap().requests.to_resources();
        let shown = (meshcap::quantity::print_cpu(requests.cpu), meshcap::quantity::print_bytes(requests.memory));
        assert_eq!((it.replicas, shown.0.as_str(), shown.1.as_str()), expected, "{case}");
        let budgets: Vec<String> = inventory.disruption_budgets.iter().map(|it| it.name.to_string()).collect();
        let is_named = cluster.contains(NAMED);
        assert_eq!(budgets, if is_named { vec!["shop/edge-istio".to_owned()] } else { Vec::new() }, "{case}");
        assert_eq!(inventory.gateway_parameters.is_empty(), case == "unnamed", "{case}");
    }
}

#[test]
fn a_budget_that_istiod_makes_is_opened_in_the_config_map() {
    let cluster = format!(
        "{SMALL}{}{}{}apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: edge-istio, namespace: shop, ownerReferences: [{{kind: Gateway, name: edge}}]}}\n\
         spec: {{minAvailable: 2, selector: {{matchLabels: {{gateway.networking.k8s.io/gateway-name: edge}}}}}}\n",
        gateway(NAMED),
        DEPLOYMENT.replace("replicas: 1", "replicas: 2"),
        options("  podDisruptionBudget: '{spec: {minAvailable: 2}}'"),
    )
    .replace("TAG", "1.28.2");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    fs::write(&path, &cluster).unwrap();
    let card = ModelCard::named("istio-1.24").unwrap();
    let tuning = keeps_its_promise(&[path], &Inputs::new(read(&cluster).0, Policy::default(), card));
    let it = found(&tuning, "disruption-budgets/shop/edge-istio");
    assert!(it.is_applied(), "{:?}", it.withheld);
    let budget = entry(&tuning, "patches/shop/configmap-options.yaml", "podDisruptionBudget");
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
    assert!(budget["spec"]["minAvailable"].is_null());
}

#[test]
fn pods_of_a_gateway_are_spread_through_its_config_map() {
    let name = "edge-istio-6d5f";
    let pods: String = (0..2)
        .map(|number| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-{number}\n  namespace: shop\n  labels: {{gateway.networking.k8s.io/gateway-name: edge}}\n  \
                 ownerReferences: [{{kind: ReplicaSet, name: {name}, uid: b, controller: true}}]\n\
                 spec: {{nodeName: a, containers: [{{name: istio-proxy, image: 'istio/proxyv2:1.28.2', args: [proxy, router], resources: {{requests: {{cpu: 100m, memory: 128Mi}}}}}}]}}\nstatus: {{phase: Running}}\n---\n"
            )
        })
        .collect();
    let set = format!(
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: {name}, namespace: shop, ownerReferences: [{{kind: Deployment, name: edge-istio, uid: a, controller: true}}]}}\n\
         spec: {{replicas: 2, selector: {{matchLabels: {{gateway.networking.k8s.io/gateway-name: edge}}}}, template: {{metadata: {{labels: {{gateway.networking.k8s.io/gateway-name: edge}}}}}}}}\n---\n"
    );
    let cluster = format!("{SMALL}{}{}{set}{pods}", gateway(""), DEPLOYMENT.replace("replicas: 1", "replicas: 2"));
    let cluster = cluster.replace("TAG", "1.28.2");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    fs::write(&path, &cluster).unwrap();
    let card = ModelCard::named("istio-1.24").unwrap();
    let tuning = keeps_its_promise(&[path], &Inputs::new(read(&cluster).0, Policy::default(), card));
    assert!(applied(&tuning).iter().any(|it| it.kind == Kind::TopologySpread), "{:?}", tuning.recommendations);
    let deployment = entry(&tuning, "resources/shop/configmap-edge-meshcap.yaml", "deployment");
    let spread = &deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0];
    assert_eq!(spread["topologyKey"], "kubernetes.io/hostname");
}
