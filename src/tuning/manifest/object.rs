//! Whole objects.

use serde_json::{Map, Value, json};

use super::{head, put, traffic};
use crate::inventory::objects::{Operator, Requirement, Server};
use crate::inventory::{
    Autoscaler, DestinationRule, DisruptionBudget, Gateway, Labels, Metric, MetricTarget, ProxySettings, Sidecar,
    VirtualService,
};

/// `networking.istio.io/v1/Sidecar`.
pub(super) fn sidecar(sidecar: &Sidecar) -> Value {
    let mut object = head("networking.istio.io/v1", "Sidecar", &sidecar.name);
    let mut spec = json!({});
    if let Some(labels) = &sidecar.selector {
        put(&mut spec, "workloadSelector", json!({ "labels": texts(labels) }));
    }
    let egress = sidecar.egress.iter().map(|listener| json!({ "hosts": listener.hosts }));
    put(&mut spec, "egress", egress.collect());
    put(&mut object, "spec", spec);
    object
}

/// `gateway.networking.k8s.io/v1/Gateway`: listeners by number and protocol, each for every host.
pub(super) fn gateway(gateway: &Gateway) -> Value {
    let mut object = head("gateway.networking.k8s.io/v1", "Gateway", &gateway.name);
    if let (false, Some(metadata)) = (gateway.labels.is_empty(), object.get_mut("metadata")) {
        put(metadata, "labels", texts(&gateway.labels));
    }
    let listener = |server: &Server| {
        let name = format!("{}-{}", server.protocol.to_ascii_lowercase(), server.port);
        json!({ "name": name, "port": server.port, "protocol": server.protocol })
    };
    let listeners: Vec<Value> = gateway.servers.iter().map(listener).collect();
    put(&mut object, "spec", json!({ "gatewayClassName": gateway.class, "listeners": listeners }));
    object
}

/// `networking.istio.io/v1beta1/ProxyConfig`.
pub(super) fn proxy_config(settings: &ProxySettings) -> Value {
    let mut object = head("networking.istio.io/v1beta1", "ProxyConfig", &settings.name);
    let mut spec = json!({});
    if let Some(labels) = &settings.selector {
        put(&mut spec, "selector", json!({ "matchLabels": texts(labels) }));
    }
    if let Some(workers) = settings.concurrency {
        put(&mut spec, "concurrency", json!(workers));
    }
    put(&mut object, "spec", spec);
    object
}

/// `networking.istio.io/v1/DestinationRule` with what it asks for every port; it has no subsets.
pub(super) fn destination_rule(rule: &DestinationRule) -> Value {
    let mut object = head("networking.istio.io/v1", "DestinationRule", &rule.name);
    let settings = &rule.policy.settings;
    let policy = traffic::policy(settings.pool.as_ref(), settings.outliers.as_ref(), settings.retry_budget);
    put(&mut object, "spec", json!({ "host": rule.host, "trafficPolicy": policy }));
    object
}

/// `networking.istio.io/v1/VirtualService` with routes that match everything.
pub(super) fn virtual_service(service: &VirtualService) -> Value {
    let mut object = head("networking.istio.io/v1", "VirtualService", &service.name);
    let http = service.http.iter().map(|route| {
        let to = route.destinations.iter().map(|it| json!({ "destination": { "host": it.host } }));
        let mut written = json!({ "route": to.collect::<Vec<Value>>() });
        if let Some(timeout) = route.timeout {
            put(&mut written, "timeout", traffic::duration(timeout));
        }
        if let Some(retries) = &route.retries {
            put(&mut written, "retries", traffic::retries(retries.attempts, retries.per_try_timeout));
        }
        written
    });
    put(&mut object, "spec", json!({ "hosts": service.hosts, "http": http.collect::<Vec<Value>>() }));
    object
}

/// `autoscaling/v2/HorizontalPodAutoscaler`.
pub(super) fn autoscaler(autoscaler: &Autoscaler) -> Value {
    let mut object = head("autoscaling/v2", "HorizontalPodAutoscaler", &autoscaler.name);
    let target = json!({ "apiVersion": "apps/v1", "kind": autoscaler.target_kind, "name": &*autoscaler.target_name });
    let mut spec = json!({
        "scaleTargetRef": target,
        "minReplicas": autoscaler.min_replicas,
        "maxReplicas": autoscaler.max_replicas,
    });
    if !autoscaler.metrics.is_empty() {
        put(&mut spec, "metrics", metrics(&autoscaler.metrics));
    }
    put(&mut object, "spec", spec);
    object
}

/// `spec.metrics` of an autoscaler.
pub(super) fn metrics(metrics: &[Metric]) -> Value {
    metrics.iter().map(metric).collect()
}

fn metric(metric: &Metric) -> Value {
    let target = |target: &MetricTarget| match target {
        MetricTarget::Utilization(percent) => json!({ "type": "Utilization", "averageUtilization": percent }),
        MetricTarget::AverageValue(amount) => json!({ "type": "AverageValue", "averageValue": amount }),
    };
    match metric {
        Metric::Pod { resource, target: wanted } => {
            json!({ "type": "Resource", "resource": { "name": resource, "target": target(wanted) } })
        }
        Metric::Container { container, resource, target: wanted } => json!({
            "type": "ContainerResource",
            "containerResource": { "name": resource, "container": container, "target": target(wanted) },
        }),
        Metric::Other(written) => written.clone(),
    }
}

/// `policy/v1/PodDisruptionBudget`.
pub(super) fn disruption_budget(budget: &DisruptionBudget) -> Value {
    let mut object = head("policy/v1", "PodDisruptionBudget", &budget.name);
    let mut spec = json!({ "selector": selector(&budget.selector) });
    for (key, amount) in [("minAvailable", &budget.min_available), ("maxUnavailable", &budget.max_unavailable)] {
        if let Some(amount) = amount {
            put(&mut spec, key, number_or_text(amount));
        }
    }
    put(&mut object, "spec", spec);
    object
}

/// What may be a number or a share.
pub(super) fn number_or_text(amount: &str) -> Value {
    amount.parse::<u64>().map_or_else(|_| json!(amount), |number| json!(number))
}

/// A label selector: what asks for one value as `matchLabels`, anything else as an expression.
pub(super) fn selector(requirements: &[Requirement]) -> Value {
    let mut labels = Map::new();
    let mut expressions = Vec::new();
    for requirement in requirements {
        match (&requirement.operator, requirement.values.as_slice()) {
            (Operator::In, [value]) => {
                labels.insert(requirement.key.clone(), json!(value));
            }
            (operator, values) => {
                let mut expression = json!({ "key": requirement.key, "operator": name(operator) });
                if !values.is_empty() {
                    put(&mut expression, "values", json!(values));
                }
                expressions.push(expression);
            }
        }
    }
    let mut selector = json!({});
    if !labels.is_empty() {
        put(&mut selector, "matchLabels", Value::Object(labels));
    }
    if !expressions.is_empty() {
        put(&mut selector, "matchExpressions", Value::Array(expressions));
    }
    selector
}

fn name(operator: &Operator) -> &str {
    match operator {
        Operator::In => "In",
        Operator::NotIn => "NotIn",
        Operator::Exists => "Exists",
        Operator::DoesNotExist => "DoesNotExist",
        Operator::Gt => "Gt",
        Operator::Lt => "Lt",
        Operator::Unknown(name) => name,
    }
}

fn texts(labels: &Labels) -> Value {
    Value::Object(labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect())
}
