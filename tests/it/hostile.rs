//! Damaged inputs, thousands of them, from a fixed seed: whatever comes in, there is an error or a plan,
//! and a plan can be rendered in every format.

use std::fs;
use std::path::Path;

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report::{self, TerminalOptions};
use meshcap::sources::{Limits, read_bytes};

/// Damaged inputs per seed file.
const ROUNDS: u64 = 120;
/// Pods beyond which a plan is right but slow in a debug build; such inventories are only assembled.
const MOST_PODS: u64 = 2_000;
/// Largest report of a small input.
const LARGEST_REPORT: usize = 32 << 20;

const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","labels":{"app":"a"},"ownerReferences":[{"kind":"ReplicaSet","name":"r","controller":true}]},"spec":{"nodeName":"n","containers":[{"name":"c","resources":{"requests":{"cpu":"250m","memory":"64Mi"},"limits":{"cpu":"1e0"}}}],"tolerations":[{"operator":"Exists"}]},"status":{"phase":"Running"}}"#;
const NODE: &str = r#"{"kind":"Node","metadata":{"name":"n","labels":{"a":"b"}},"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"4","memory":"8Gi","pods":"110"},"allocatable":{"cpu":"3900m","memory":"7Gi","pods":"110"}}}"#;
const CSV: &str = "namespace,name,replicas,cpu_request,memory_request,inbound_rps\nshop,web,2,100m,64Mi,10\nshop,\"b\"\"c\",1,0.5,1Gi,\n";

/// What hostile and careless writers put in the place of values.
const SPITE: [&str; 24] = [
    "null",
    "-1",
    "1e30",
    "9e99",
    "1e-30",
    "70000",
    "\"\"",
    "[]",
    "{}",
    "[null]",
    "{\"a\":{}}",
    "true",
    "\"\\u0000\"",
    "NaN",
    "\u{1b}[31m",
    "\u{202e}",
    "\r\n",
    "\t",
    "---\n",
    "&a *a",
    "<<: *a",
    "\u{feff}",
    "9223372036854775808",
    "\"",
];

/// Inputs of every format, small and whole.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let clusters = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/clusters");
    let file = |name: &str| fs::read(clusters.join(name)).unwrap();
    let list = format!(r#"{{"apiVersion":"v1","kind":"List","items":[{POD},{NODE}]}}"#);
    vec![
        ("istio.yaml", file("scoped/istio.yaml")),
        ("list.json", list.clone().into_bytes()),
        ("objects.json", format!("{POD}\n{NODE}\n---\n{POD}").into_bytes()),
        ("deployments.json", file("payments-live/deployments.json")),
        ("services.yaml", file("webshop/services.yaml")),
        ("workloads.yaml", file("ambient/workloads.yaml")),
        (
            "autoscaling.yaml",
            [file("webshop/autoscaling.yaml"), b"---\n".to_vec(), file("webshop/nodes.yaml")].concat(),
        ),
        ("mesh.yaml", file("ambient/mesh.yaml")),
        ("table.csv", CSV.as_bytes().to_vec()),
        ("list.json.gz", gzip(list.as_bytes())),
        ("bundle.tar", archive(&[("nodes.json", NODE), ("pods.json", &list), ("w.csv", CSV)])),
    ]
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, content).unwrap();
    packer.finish().unwrap()
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// A small generator of its own (xorshift64*): the damage never changes with a library.
struct Damage(u64);

impl Damage {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }

    /// One to four wounds: a byte changed, a part cut out, doubled or moved, a value replaced, an end missing.
    fn inflict(&mut self, content: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(content.len());
            let end = (at + self.below(40)).min(content.len());
            match self.below(8) {
                0 => content.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
                1 => drop(content.drain(at..end)),
                2 => drop(content.splice(at..at, content[at..end].to_vec())),
                3 => content.truncate(at),
                4 => content[at..end].reverse(),
                _ => self.replace_value(content, at),
            }
        }
    }

    /// Replaces what stands after the next colon or comma.
    fn replace_value(&mut self, content: &mut Vec<u8>, at: usize) {
        let spite = SPITE[self.below(SPITE.len())].bytes();
        let is_end = |byte: &u8| b",}]\n;".contains(byte);
        let Some(start) = content[at..].iter().position(|byte| b":,;".contains(byte)) else { return };
        let start = at + start + 1;
        let end = content[start..].iter().position(is_end).map_or(content.len(), |length| start + length);
        content.splice(start..end, spite);
    }
}

#[test]
fn damaged_inputs_give_an_error_or_a_plan() {
    let mut damage = Damage(0x6d65_7368_6361_7001);
    let mut planned = 0;
    let mut refused = 0;
    for (name, whole) in seeds() {
        assert!(read_bytes(name, &whole, &Limits::default()).is_ok(), "{name} is no seed");
        for round in 0..ROUNDS {
            let mut content = whole.clone();
            damage.inflict(&mut content);
            let outcome = std::panic::catch_unwind(|| plan(name, &content));
            match outcome {
                Ok(Some(())) => planned += 1,
                Ok(None) => refused += 1,
                Err(_) => panic!("{name}, round {round}: {}", String::from_utf8_lossy(&content)),
            }
        }
    }
    assert!(planned > 100 && refused > 100, "{planned} planned, {refused} refused: the damage is lopsided");
}

/// Reads, plans and renders; nothing for an input that is refused.
fn plan(name: &str, content: &[u8]) -> Option<()> {
    let reading = match read_bytes(name, content, &Limits::default()) {
        Ok(reading) => reading,
        Err(error) => {
            assert!(!error.found.is_empty() && error.to_string().len() < 4096, "{error}");
            return None;
        }
    };
    let assembled = assemble(reading.objects);
    let pods: u64 = assembled.inventory.workloads.iter().map(|workload| workload.replicas).sum();
    if pods > MOST_PODS {
        return Some(());
    }
    let mut policy = Policy::default();
    policy.injection.enroll.insert("all".to_owned());
    let plan = Plan::new(Inputs {
        findings: [reading.findings, assembled.findings].concat(),
        ..Inputs::new(assembled.inventory, policy, ModelCard::named("istio-1.24").unwrap())
    });
    let json = report::json(&plan);
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    let printed = [
        report::terminal(&plan, TerminalOptions { width: 60, color: false }),
        report::markdown(&plan),
        report::html(&plan),
        json,
    ];
    for text in printed {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}: a control character is printed");
        assert!(!text.is_empty() && text.len() < LARGEST_REPORT, "{name}: {} bytes", text.len());
    }
    Some(())
}
