//! Recommendations: what was promised comes true, what was tuned stays, and no file of others is touched.

use std::collections::BTreeSet;
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

use crate::shared;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

fn read(paths: &[PathBuf]) -> (Inventory, Vec<Finding>) {
    let inputs: Vec<Input> = paths.iter().cloned().map(Input::Path).collect();
    let reading = sources::read(&inputs, &Limits::default(), &|_| ()).unwrap();
    let assembled = assemble(reading.objects);
    (assembled.inventory, [reading.findings, assembled.findings].concat())
}

fn inputs(paths: &[PathBuf], enroll: &str, calls: Option<PathBuf>) -> Inputs {
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

fn applied(tuning: &Tuning) -> Vec<&Recommendation> {
    tuning.recommendations.iter().filter(|it| it.is_applied()).collect()
}

fn kinds(tuning: &Tuning) -> BTreeSet<Kind> {
    applied(tuning).into_iter().map(|it| it.kind).collect()
}

/// Everything that holds of any tuning: the folder read back gives the tuned cluster and its figures, and tuning that
/// proposes nothing new.
pub fn keeps_its_promise(paths: &[PathBuf], inputs: &Inputs) -> Tuning {
    let tuning = tune(inputs, None);
    let folder = tempfile::tempdir().unwrap();
    emitted(&tuning, folder.path());
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
        ("flat", "all", None),
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
