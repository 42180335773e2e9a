//! Istio's objects and settings.

use super::*;

#[test]
fn reads_istio_objects_of_every_version() {
    for version in ["v1", "v1beta1", "v1alpha3"] {
        for kind in ["Sidecar", "VirtualService", "DestinationRule", "ServiceEntry", "WorkloadEntry"] {
            let object = format!(
                r#"{{"apiVersion":"networking.istio.io/{version}","kind":"{kind}","metadata":{{"name":"a"}},"spec":{{"new":[1]}}}}"#
            );
            check("x", &object, &format!("{kind} 1"));
        }
        let gateway =
            format!(r#"{{"apiVersion":"networking.istio.io/{version}","kind":"Gateway","metadata":{{"name":"a"}}}}"#);
        check("x", &gateway, "Gateway (Istio) 1");
    }
    for kind in ["HTTPRoute", "GRPCRoute", "Gateway"] {
        let object =
            format!(r#"{{"apiVersion":"gateway.networking.k8s.io/v1","kind":"{kind}","metadata":{{"name":"a"}}}}"#);
        check("x", &object, &format!("{kind} 1"));
    }
    check(
        "x",
        r#"{"kind":"SidecarList","apiVersion":"networking.istio.io/v1","items":[{"metadata":{"name":"a"}}]}"#,
        "Sidecar 1",
    );
    check_error(
        "x",
        r#"{"apiVersion":"networking.istio.io/v1","kind":"LaterKind","metadata":{"name":"a"}}"#,
        &["LaterKind"],
    );
}

#[test]
fn a_sidecar_is_read_with_ports_and_selector() {
    let text = "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  workloadSelector: {labels: {app: cart}}
  ingress:
  - port: {number: 9080, protocol: HTTP, name: x}
    defaultEndpoint: 127.0.0.1:8080
  egress:
  - port: {number: 9080, protocol: HTTP}
    hosts: ['./*']
  - captureMode: NONE
    bind: 127.0.0.1
    hosts: ['istio-system/*', '~/*']
";
    let Object::Sidecar(sidecar) = only("x.yaml", text) else { panic!("a Sidecar") };
    assert_eq!(sidecar.name.to_string(), "shop/default");
    assert_eq!(sidecar.selector.unwrap()["app"], "cart");
    assert_eq!((sidecar.ingress[0].number, sidecar.ingress[0].protocol.as_str()), (9080, "HTTP"));
    let ports: Vec<_> = sidecar.egress.iter().map(|it| (it.port.as_ref().map(|it| it.number), it.bound)).collect();
    assert_eq!(ports, [(Some(9080), false), (None, true)]);
    assert_eq!(sidecar.egress[1].hosts, ["istio-system/*", "~/*"]);
    let wrong = text.replace("['./*']", "7");
    let strange = wrong.replace("number: 9080", "number: 99999");
    assert!(read("x.yaml", format!("{wrong}---\n{text}")).is_ok_and(|it| it.objects.len() == 1));
    let reading = read("x.yaml", format!("{strange}---\n{}", text.replace("9080", "0"))).unwrap();
    let noticed = findings(&reading);
    assert!(noticed["object-skipped"][0].contains("spec.egress[0].hosts"), "{noticed:?}");
    assert!(noticed["field-ignored"][0].contains("spec.egress.port"), "{noticed:?}");
}

#[test]
fn routes_keep_delegates_weights_and_mirrors() {
    let text = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop, creationTimestamp: '2024-01-01T00:00:00Z'}
spec:
  hosts: [cart]
  exportTo: ['.']
  http:
  - match: [{port: 80, gateways: [mesh]}, {uri: {exact: /}}]
    route:
    - {destination: {host: cart, subset: v1, port: {number: 80}}, weight: 90}
    - {destination: {host: cart, subset: v2}, weight: 10}
    mirror: {host: shadow}
  - delegate: {name: inner}
  tcp:
  - route: [{destination: {host: db}}]
";
    let Object::VirtualService(service) = only("x.yaml", text) else { panic!("a VirtualService") };
    assert_eq!(service.created, "2024-01-01T00:00:00Z");
    assert_eq!(service.http[0].matches.len(), 2);
    assert_eq!(service.http[0].matches[0].port, Some(80));
    let weights: Vec<_> = service.http[0].destinations.iter().map(|it| (it.host.as_str(), it.weight)).collect();
    assert_eq!(weights, [("cart", Some(90)), ("cart", Some(10)), ("shadow", None)]);
    assert_eq!(service.http[1].delegate.as_ref().unwrap().to_string(), "shop/inner");
    assert_eq!(service.opaque[0].host, "db");
}

#[test]
fn routes_keep_what_divides_requests_and_how_long_answers_may_take() {
    let text = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop}
spec:
  hosts: [cart]
  http:
  - match: [{headers: {user: {exact: jane}}, uri: {prefix: /}}, {uri: {prefix: /beta}, port: 80}]
    route: [{destination: {host: cart, subset: v2}}]
    timeout: 1.5s
    retries: {attempts: 3, perTryTimeout: 400ms, retryOn: '5xx'}
  - route: [{destination: {host: cart}}]
    mirrors: [{destination: {host: shadow}, percentage: {value: 2.5}}]
";
    let Object::VirtualService(service) = only("x.yaml", text) else { panic!("a VirtualService") };
    let [some, all] = &service.http[..] else { panic!("{service:?}") };
    assert_eq!(some.matches.iter().map(|it| it.conditions.clone()).collect::<Vec<_>>(), [["headers"], ["uri"]]);
    assert_eq!(some.timeout.map(Seconds::as_seconds), Some(1.5));
    let retries = some.retries.as_ref().unwrap();
    assert_eq!((retries.attempts, retries.retry_on.as_str()), (Some(3), "5xx"));
    assert_eq!(retries.per_try_timeout.map(Seconds::as_seconds), Some(0.4));
    assert_eq!((all.timeout, all.retries.is_none()), (None, true));
    assert_eq!(all.destinations[1].mirror.map(|it| it.share.get()), Some(0.025));
    let text = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{group: '', kind: Service, name: cart}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    filters:
    - {type: RequestMirror, requestMirror: {backendRef: {name: shadow, port: 80}, fraction: {numerator: 1, denominator: 8}}}
    backendRefs: [{name: cart-v1, port: 80, weight: 9}, {name: cart-v2, port: 80}]
    timeouts: {request: 10s}
    retry: {attempts: 1, codes: [503]}
  - matches: [{method: GET, headers: [{name: a, value: b}]}]
";
    let Object::GatewayRoute(route) = only("x.yaml", text) else { panic!("an HTTPRoute") };
    let rule = &route.rules[0];
    assert!(rule.matches[0].conditions.is_empty());
    assert_eq!(route.rules[1].matches[0].conditions, ["headers", "method"]);
    let weights: Vec<_> = rule.destinations.iter().map(|it| (it.weight, it.mirror.map(|it| it.share.get()))).collect();
    assert_eq!(weights, [(Some(9), None), (None, None), (None, Some(0.125))]);
    assert_eq!((rule.timeout.map(Seconds::as_seconds), rule.retries.as_ref().unwrap().attempts), (Some(10.0), Some(1)));
}

#[test]
fn traffic_policies_are_read_for_hosts_subsets_and_ports() {
    let text = "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: d, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool:
      tcp: {maxConnections: 100, connectTimeout: 250ms}
      http: {http1MaxPendingRequests: 10, http2MaxRequests: 200, maxRequestsPerConnection: 50, maxRetries: 3}
    outlierDetection: {consecutive5xxErrors: 7, interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 150, minHealthPercent: 30}
    loadBalancer:
      localityLbSetting:
        enabled: true
        distribute: [{from: eu/a/*, to: {'eu/a/*': 80, 'eu/b/*': 20}}]
        failover: [{from: eu, to: us}]
    portLevelSettings:
    - {port: {number: 80}, tls: {mode: SIMPLE}, outlierDetection: {consecutiveErrors: 2}}
  subsets:
  - {name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 5}}}}
";
    let reading = read("x.yaml", text).unwrap();
    let message = &findings(&reading)["field-ignored"][0];
    assert!(message.contains("spec.trafficPolicy.outlierDetection.maxEjectionPercent"), "{message}");
    let Object::DestinationRule(rule) = &reading.objects[0].object else { panic!("a DestinationRule") };
    let settings = &rule.policy.settings;
    let pool = settings.pool.as_ref().unwrap();
    assert_eq!((pool.max_connections, pool.max_pending, pool.max_requests), (Some(100), Some(10), Some(200)));
    assert_eq!((pool.max_requests_per_connection, pool.max_retries), (Some(50), Some(3)));
    assert_eq!(pool.connect_timeout.map(Seconds::as_seconds), Some(0.25));
    let outliers = settings.outliers.as_ref().unwrap();
    assert_eq!(
        (outliers.consecutive_5xx, outliers.max_ejection_percent, outliers.min_health_percent),
        (Some(7), None, Some(30))
    );
    assert_eq!(outliers.base_ejection_time.map(Seconds::as_seconds), Some(60.0));
    let locality = settings.locality.as_ref().unwrap();
    assert_eq!((locality.enabled, locality.distribute[0].to["eu/b/*"]), (Some(true), 20));
    assert_eq!(locality.failover, [("eu".to_owned(), "us".to_owned())]);
    let of_port = rule.policy.ports[&80].outliers.as_ref().unwrap();
    assert_eq!((of_port.consecutive_gateway_errors, rule.port_tls[&80].as_str()), (Some(2), "SIMPLE"));
    assert_eq!(rule.subsets[0].policy.settings.pool.as_ref().unwrap().max_connections, Some(5));
    let mesh = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"istio"},"data":{"mesh":"localityLbSetting: {enabled: false}"}}"#;
    let Object::MeshConfig(mesh) = only("x", mesh) else { panic!("mesh settings") };
    assert_eq!(mesh.locality.and_then(|it| it.enabled), Some(false));
}

#[test]
fn mesh_settings_come_from_three_places() {
    let settings =
        "rootNamespace: config\ndefaultServiceExportTo: ['.']\ndiscoverySelectors:\n- matchLabels: {mesh: \"on\"}\n";
    let indented = |by: &str| settings.replace('\n', &format!("\n{by}"));
    let json = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "istio-1-24", "namespace": "istio-system"},
        "data": {"mesh": settings, "meshNetworks": "networks: {}"}});
    let config_map = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio}}\ndata:\n  secret: hush\n  mesh: |\n    {}\n",
        indented("    ")
    );
    let operator = format!(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec:\n  values: {{pilot: {{env: {{PILOT_FILTER_GATEWAY_CLUSTER_CONFIG: true}}}}}}\n  meshConfig:\n    {}\n",
        indented("    ")
    );
    let values = format!(
        "pilot:\n  env: {{PILOT_FILTER_GATEWAY_CLUSTER_CONFIG: \"true\"}}\nmeshConfig:\n  {}\n",
        indented("  ")
    );
    for (content, filters) in
        [(json.to_string(), None), (config_map, None), (operator, Some(true)), (values, Some(true))]
    {
        let Object::MeshConfig(mesh) = only("x", &content) else { panic!("mesh settings: {content}") };
        assert_eq!(mesh.root_namespace(), "config", "{content}");
        assert_eq!(mesh.service_export_to.0, ["."]);
        assert_eq!(mesh.discovery_selectors[0][0].key, "mesh");
        assert_eq!(mesh.filter_gateway_clusters, filters, "{content}");
        assert!(!format!("{mesh:?}").contains("hush"));
    }
    let other =
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"app"},"data":{"mesh":"rootNamespace: x"}}"#;
    check("x", &format!("{other}\n{POD}"), "Pod 1");
    let broken = json.to_string().replace("rootNamespace: config", "rootNamespace: [");
    let reading = read("x", broken).unwrap();
    assert!(findings(&reading)["field-ignored"][0].contains("data.mesh"), "{:?}", reading.findings);
}

/// Of istiod's variables in Helm values the named ones are read, numbers and durations, and no other.
#[test]
fn settings_of_istiod_are_read_and_nothing_else_of_its_environment() {
    use crate::inventory::objects::PilotSettings;
    use crate::units::Rate;
    let settings = |pilot: &str| {
        let reading = read("values.yaml", format!("pilot: {pilot}\nmeshConfig: {{}}\n")).unwrap();
        assert!(!format!("{reading:?}").contains("hunter2"));
        let [sourced] = &reading.objects[..] else { panic!("{:?}", reading.objects) };
        let Object::MeshConfig(mesh) = &sourced.object else { panic!("{sourced:?}") };
        (mesh.pilot.settings, findings(&reading).get("field-ignored").map_or(0, Vec::len))
    };
    let all = "{keepaliveMaxServerConnectionAge: 10m, env: {PASSWORD: hunter2, PILOT_PUSH_THROTTLE: 40, \
               PILOT_MAX_REQUESTS_PER_SECOND: \"62.5\", PILOT_DEBOUNCE_AFTER: 500ms, PILOT_DEBOUNCE_MAX: 20s, \
               PILOT_ENABLE_EDS_DEBOUNCE: \"false\"}}";
    let read = PilotSettings {
        push_throttle: Some(40),
        connection_rate: Some(Rate::per_second(62.5)),
        debounce_after: Some(Seconds::new(0.5)),
        debounce_max: Some(Seconds::new(20.0)),
        connection_age: Some(Seconds::new(600.0)),
        endpoint_debounce: Some(false),
    };
    assert_eq!(settings(all), (read, 0));
    // 0 is istiod's way of saying that it decides itself.
    assert_eq!(settings("{env: {PILOT_PUSH_THROTTLE: 0}}"), (PilotSettings::default(), 0));
    let odd = "{keepaliveMaxServerConnectionAge: old, env: {PILOT_PUSH_THROTTLE: hunter, PILOT_MAX_REQUESTS_PER_SECOND: -1, \
               PILOT_DEBOUNCE_AFTER: \"100\", PILOT_DEBOUNCE_MAX: never, PILOT_ENABLE_EDS_DEBOUNCE: maybe}}";
    let (read, ignored) = settings(odd);
    assert_eq!(read, PilotSettings::default());
    assert!(ignored > 0);
}

/// What is odd in Istio's policies is named with object and field.
#[test]
fn odd_policies_are_named_with_their_field() {
    let object = |version: &str, kind: &str, spec: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: odd, namespace: shop}}\nspec: {spec}\n")
    };
    let (security, telemetry) = ("security.istio.io/v1", "telemetry.istio.io/v1");
    for (version, kind, spec, finding, field) in [
        (security, "PeerAuthentication", "{mtls: {mode: STRIKT}}", "field-ignored", "spec.mtls.mode"),
        (
            security,
            "PeerAuthentication",
            "{portLevelMtls: {http: {mode: STRICT}}}",
            "field-ignored",
            "spec.portLevelMtls",
        ),
        (security, "PeerAuthentication", "{mtsl: {mode: STRICT}}", "field-unknown", "spec.mtsl"),
        (security, "AuthorizationPolicy", "{action: PERMIT}", "field-ignored", "spec.action"),
        (security, "AuthorizationPolicy", "{rule: []}", "field-unknown", "spec.rule"),
        (security, "AuthorizationPolicy", "{rules: [{form: []}]}", "field-unknown", "spec.rules.form"),
        (security, "RequestAuthentication", "{jwtRule: []}", "field-unknown", "spec.jwtRule"),
        (
            telemetry,
            "Telemetry",
            "{tracing: [{randomSamplingPercentage: 200}]}",
            "field-ignored",
            "randomSamplingPercentage",
        ),
        (telemetry, "Telemetry", "{accessLogging: [{disable: true}]}", "field-unknown", "spec.accessLogging.disable"),
        (telemetry, "Telemetry", "{metrics: [{overrides: [{disabled: maybe}]}]}", "field-ignored", "disabled"),
        ("networking.istio.io/v1beta1", "ProxyConfig", "{concurency: 2}", "field-unknown", "spec.concurency"),
        (
            "networking.istio.io/v1beta1",
            "ProxyConfig",
            "{environmentVariables: {SECRET_TTL: tomorrow, PASSWORD: hunter2}}",
            "field-ignored",
            "environmentVariables.SECRET_TTL",
        ),
        (
            "networking.istio.io/v1",
            "DestinationRule",
            "{trafficPolicy: {tls: {mode: PLAIN}}}",
            "field-ignored",
            "spec.trafficPolicy.tls.mode",
        ),
        ("security.istio.io/v2", "AuthorizationPolicy", "{}", "api-version-unknown", "apiVersion"),
        ("networking.istio.io/v1", "Telemetry", "{}", "api-version-unknown", "telemetry.istio.io/v1"),
    ] {
        let reading = read("x.yaml", object(version, kind, spec)).unwrap();
        let found = findings(&reading);
        let messages = found.get(finding).unwrap_or_else(|| panic!("{kind} {spec}: {found:?}"));
        let named = messages.iter().any(|it| it.contains("shop/odd") && it.contains(field));
        assert!(named, "{kind} {spec}: {messages:?}");
        assert!(!format!("{reading:?}").contains("hunter2"));
    }
}
