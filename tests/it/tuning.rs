//! Recommendations: what was promised comes true, what was tuned stays, and no file of others is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use meshcap::card::ModelCard;
use meshcap::finding::Finding;
use meshcap::inventory::{Inventory, assemble};
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::sources::{self, Input, Limits};
use meshcap::synthetic::{self, Spec};
use meshcap::tuning::{Figures, Kind, Recommendation, Tuning, manifests, tune};
use serde_json::Value;

use crate::{shared, tuning_fields};

pub fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

fn read(paths: &[PathBuf]) -> (Inventory, Vec<Finding>) {
    let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
    let reading = sources::read(&inputs, &Limits::default(), &|_| ()).unwrap();
    let assembled = assemble(reading.objects);
    (assembled.inventory, [reading.findings, assembled.findings].concat())
}

pub fn inputs(paths: &[PathBuf], enroll: &str, calls: Option<PathBuf>) -> Inputs {
    let mut policy = Policy::default();
    policy.injection.enroll.extend((!enroll.is_empty()).then(|| enroll.to_owned()));
    let calls = calls.map(|path| sources::read_calls(&path).unwrap());
    Inputs { calls, ..Inputs::new(read(paths).0, policy, ModelCard::named("istio-1.24").unwrap()) }
}

/// The folder that `tune --emit` writes, by the same means.
fn emitted(tuning: &Tuning, folder: &Path) {
    for file in manifests(tuning.changes()) {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_saphyr::to_string(&file.object).unwrap()).unwrap();
    }
}

pub fn applied(tuning: &Tuning) -> Vec<&Recommendation> {
    tuning.recommendations.iter().filter(|it| it.is_applied()).collect()
}

pub fn kinds(tuning: &Tuning) -> BTreeSet<Kind> {
    applied(tuning).into_iter().map(|it| it.kind).collect()
}

/// Everything that holds of any tuning: the folder read back gives the tuned cluster and its figures, and tuning that
/// proposes nothing new.
pub fn keeps_its_promise(paths: &[PathBuf], inputs: &Inputs) -> Tuning {
    let tuning = tune(inputs, None);
    let folder = tempfile::tempdir().unwrap();
    emitted(&tuning, folder.path());
    tuning_fields::check(&manifests(tuning.changes()));
    let mut all = paths.to_vec();
    all.extend((!applied(&tuning).is_empty()).then(|| folder.path().to_owned()));
    let (inventory, findings) = read(&all);
    let odd: Vec<&Finding> =
        findings.iter().filter(|it| it.kind.id.contains("patch") || it.kind.id.contains("kustom")).collect();
    assert_eq!(odd, Vec::<&Finding>::new());
    assert_eq!(inventory, tuning.tuned);
    let plan = Plan::new(Inputs { inventory: inventory.clone(), ..inputs.clone() });
    assert_eq!(Figures::of(&plan, &inventory), tuning.figures_after);

    let again = tune(&Inputs { inventory, ..inputs.clone() }, None);
    let ids: Vec<&str> = applied(&again).into_iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, Vec::<&str>::new());
    tuning
}

#[test]
fn what_was_promised_comes_true() {
    let calls = Some(data("scoping/travel-calls.csv"));
    for (cluster, enroll, calls) in [
        ("webshop", "all", None),
        ("payments-live", "", None),
        ("payments-live", "all", None),
        ("scoped", "", calls),
        ("secured", "", None),
        ("ambient", "", None),
        ("waypoints", "", None),
        ("flat", "all", None),
        ("canary", "", None),
    ] {
        let paths = [data("clusters").join(cluster)];
        let tuning = keeps_its_promise(&paths, &inputs(&paths, enroll, calls));
        println!("{cluster} {enroll}: {} to apply", applied(&tuning).len());
    }
}

/// The applications people try meshes with.
#[test]
fn known_applications_get_proxies_scopes_and_istiod() {
    let Some(folder) = shared::data("known_applications_get_proxies_scopes_and_istiod") else { return };
    for (manifests, calls) in [
        ("online-boutique", "scoping/online-boutique-calls.csv"),
        ("bookinfo", "scoping/bookinfo-calls.csv"),
        ("hotel-reservation", "scoping/hotel-reservation-calls.csv"),
    ] {
        let paths = [folder.join("inventories").join(manifests)];
        let tuning = keeps_its_promise(&paths, &inputs(&paths, "all", Some(data(calls))));
        let kinds = kinds(&tuning);
        for kind in [Kind::ProxyResources, Kind::SidecarScopes, Kind::Istiod] {
            assert!(kinds.contains(&kind), "{manifests}: {kind} among {kinds:?}");
        }
        assert!(tuning.figures_after.memory_used < tuning.figures_before.memory_used, "{manifests}");
    }
}

#[test]
fn synthetic_clusters_keep_their_promise() {
    for seed in 1..4 {
        let mut json = Vec::new();
        synthetic::write(&Spec::new(6, 60, seed), &mut json).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cluster.json");
        fs::write(&path, json).unwrap();
        let paths = [path];
        let tuning = keeps_its_promise(&paths, &inputs(&paths, "all", None));
        assert!(!applied(&tuning).is_empty(), "{seed}");
    }
}

#[test]
fn json_names_what_was_promised() {
    let paths = [data("clusters/webshop")];
    let tuning = tune(&inputs(&paths, "all", None), None);
    let json: Value = serde_json::from_str(&report::tuning_json(&tuning)).unwrap();
    let all = json["recommendations"].as_array().unwrap();
    assert_eq!(all.len(), tuning.recommendations.len());
    for (written, it) in all.iter().zip(&tuning.recommendations) {
        for member in
            ["id", "subject", "kind", "current", "lower", "target", "upper", "saves", "risk", "patch", "withheld"]
        {
            assert!(written.get(member).is_some(), "{member}");
        }
        assert_eq!(written["withheld"].is_null(), it.withheld.is_none());
        assert_eq!(written["patch"].as_array().unwrap().is_empty(), it.changes.is_empty());
    }
    let schema: Value = serde_json::from_str(&report::tuning_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&json));
}

/// A small mesh, and what a case adds to it.
fn small(further: &str, policy: &str, calls: &str) -> Tuning {
    const SMALL: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart, resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{port: 80, name: http}]}
---
";
    let text = format!("{SMALL}{further}");
    let reading = sources::read_bytes("case.yaml", text.as_bytes(), &Limits::default()).unwrap();
    let inventory = assemble(reading.objects).inventory;
    let policy = Policy::from_toml(policy).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv");
    fs::write(&path, format!("from,to\n{calls}")).unwrap();
    let calls = (!calls.is_empty()).then(|| sources::read_calls(&path).unwrap());
    tune(
        &Inputs { calls, ..Inputs::new(inventory, policy, ModelCard::named("istio-1.24").unwrap()) },
        Some("2027-01-15"),
    )
}

const OTHER: &str = "
apiVersion: v1
kind: Service
metadata: {name: far, namespace: elsewhere}
spec: {selector: {app: far}, ports: [{port: 80, name: http}, {port: 81, name: http-b}, {port: 82, name: http-c}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: far, namespace: elsewhere}
spec:
  selector: {matchLabels: {app: far}}
  template: {metadata: {labels: {app: far}}, spec: {containers: [{name: far, image: far}]}}
";

/// Each case with a recommendation and why it is withheld, or that it is applied.
#[test]
fn odd_input_is_answered_with_a_reason() {
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: cart, namespace: shop}\n";
    let blocking = format!("{budget}spec: {{minAvailable: 2, selector: {{matchLabels: {{app: cart}}}}}}\n");
    let never = format!("{budget}spec: {{maxUnavailable: 0, selector: {{matchLabels: {{app: cart}}}}}}\n");
    let everyone = format!("{budget}spec: {{maxUnavailable: 0}}\n---\n{}", OTHER.replace("elsewhere", "shop"));
    let lost = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: lost, namespace: shop}\n\
                spec: {scaleTargetRef: {kind: Deployment, name: nobody}, minReplicas: 2, maxReplicas: 4}\n";
    let zero = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: zero, namespace: shop}\nspec:\n  selector: {matchLabels: {app: zero}}\n  \
                template:\n    metadata: {labels: {app: zero}, annotations: {sidecar.istio.io/proxyCPULimit: \"0\", sidecar.istio.io/proxyMemoryLimit: \"0\"}}\n    \
                spec: {containers: [{name: zero, image: zero}]}\n";
    let tiny = "[control_plane]\nreplica_memory = \"1Mi\"";
    let waived = "[[tuning.waivers]]\nid = \"proxy-resources/*\"\nreason = \"load test\"\nuntil = \"2027-01-15\"";
    let expired = "[[tuning.waivers]]\nid = \"proxy-resources/*\"\nreason = \"load test\"\nuntil = \"2027-01-14\"";
    let cycle = "shop/cart,elsewhere/far\nelsewhere/far,shop/cart\nshop/cart,shop/cart\n";
    for (case, further, policy, calls, id, answer) in [
        ("no calls", OTHER, "", "", "sidecar-scopes/shop", Some("nobody said who calls whom")),
        ("no calls for istiod", OTHER, "", "", "discovery-selectors/mesh", Some("nobody said who calls whom")),
        ("a workload nobody calls", OTHER, "", "shop/cart,shop/cart\n", "sidecar-scopes/shop", None),
        ("budget that blocks", &blocking, "", "", "disruption-budgets/shop/cart", None),
        ("budget of nothing", &never, "", "", "disruption-budgets/shop/cart", None),
        ("budget over all", &everyone, "", "", "disruption-budgets/shop/cart", Some("protects several workloads")),
        ("autoscaler without target", lost, "", "", "istiod/mesh", None),
        ("zero limits", zero, "", "", "proxy-resources/shop/zero", None),
        ("policy nobody can meet", "", tiny, "", "istiod/mesh", Some("infeasible: each of 100 replicas needs")),
        ("waived", "", waived, "", "proxy-resources/shop/cart", Some("waived until 2027-01-15: load test")),
        ("waiver expired", "", expired, "", "proxy-resources/shop/cart", None),
        ("excluded", "", "[tuning]\nexclude = [\"shop/*\"]", "", "proxy-resources/shop/cart", Some("tuning.exclude")),
    ] {
        let tuning = small(further, policy, calls);
        let names: Vec<&str> = tuning.recommendations.iter().map(|it| it.id.as_str()).collect();
        let found = tuning.recommendations.iter().find(|it| it.id == id);
        let found = found.unwrap_or_else(|| panic!("{case}: no {id} among {names:?}"));
        match answer {
            None => assert!(found.is_applied(), "{case}: {:?}", found.withheld),
            Some(words) => {
                let why = found.withheld.as_ref().map(ToString::to_string).unwrap_or_default();
                assert!(why.contains(words), "{case}: {why}");
            }
        }
        tuning_fields::check(&manifests(tuning.changes()));
    }
    // A circle of calls is no trouble: each proxy keeps what it calls, and nothing is left to scope.
    let tuning = small(OTHER, "", cycle);
    assert!(tuning.recommendations.iter().all(|it| it.kind != Kind::SidecarScopes || it.withheld.is_none()));
}

/// A single replica whose budget lets none go.
#[test]
fn a_budget_of_one_replica_is_not_loosened() {
    let further = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: one, namespace: shop}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: one}}\n  \
                   template: {metadata: {labels: {app: one}}, spec: {containers: [{name: one, image: one}]}}\n---\n\
                   apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: one, namespace: shop}\n\
                   spec: {minAvailable: 1, selector: {matchLabels: {app: one}}}\n";
    let tuning = small(further, "", "");
    let found = tuning.recommendations.iter().find(|it| it.id == "disruption-budgets/shop/one").unwrap();
    assert!(found.withheld.as_ref().is_some_and(|why| why.to_string().contains("single replica")));
}

/// Without measured traffic CPU stays as it is, whatever the proxy asks for.
#[test]
fn cpu_is_not_touched_without_traffic() {
    for it in applied(&small("", "", "")).into_iter().filter(|it| it.kind == Kind::ProxyResources) {
        let cpu = it.settings.iter().find(|setting| setting.name == "CPU request").unwrap();
        assert!(!cpu.changes(), "{}", it.id);
    }
}

fn meshcap(arguments: &[&str]) -> std::process::Output {
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_meshcap")).args(arguments).output().unwrap()
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.insert(path, bytes);
        }
    }
    files
}

#[test]
fn the_folder_is_written_once_and_never_over_others() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tuning");
    let cluster = data("clusters/webshop").display().to_string();
    let emit = |further: &[&str]| {
        let arguments = ["tune", &cluster, "--enroll", "all", "--emit", out.to_str().unwrap()];
        meshcap(&[&arguments[..], further].concat())
    };
    assert!(emit(&[]).status.success());
    let first = files(&out);
    assert!(first.keys().any(|path| path.ends_with("kustomization.yaml")) && first.len() > 5, "{:?}", first.keys());
    assert!(
        first.values().all(|bytes| String::from_utf8_lossy(bytes).lines().next().unwrap().contains("meshcap tune"))
    );
    assert!(emit(&[]).status.success());
    assert_eq!(files(&out), first);

    // What the folder promises, the plan says.
    let promised = meshcap(&["tune", &cluster, "--enroll", "all", "--json"]);
    let promised: Value = serde_json::from_slice(&promised.stdout).unwrap();
    let plan = meshcap(&["plan", &cluster, out.to_str().unwrap(), "--enroll", "all", "--json"]);
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["verdict"]["outcome"], promised["after"]["outcome"]);
    assert_eq!(plan["headroom"]["nodes_to_add"], promised["after"]["nodes_to_add"]);

    let own = out.join("kustomization.yaml");
    fs::write(&own, "# mine\n").unwrap();
    let refused = emit(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--force"));
    assert_eq!(fs::read_to_string(&own).unwrap(), "# mine\n");
    assert!(emit(&["--force"]).status.success());
    assert_eq!(files(&out), first);

    // What a later run no longer wants goes; what others put there stays.
    fs::write(out.join("notes.txt"), "mine").unwrap();
    let stale = out.join("patches/shop/deployment-gone.yaml");
    fs::write(&stale, format!("{}\nkind: Deployment\n", String::from_utf8_lossy(&first[&own]).lines().next().unwrap()))
        .unwrap();
    assert!(emit(&[]).status.success());
    assert!(!stale.exists() && out.join("notes.txt").exists());
}

#[test]
fn what_cannot_be_is_refused_with_a_way_out() {
    let cluster = data("clusters/webshop").display().to_string();
    for (arguments, words) in [
        (vec!["--max-change", "0"], "0.5"),
        (vec!["--max-change", "2"], "0.5"),
        (vec!["--today", "soon"], "2027-03-31"),
        (vec!["--explain", "nothing/at/all"], "no recommendation is called"),
        (vec!["--force"], "--emit"),
    ] {
        let output = meshcap(&[&["tune", &cluster][..], &arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains(words),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
