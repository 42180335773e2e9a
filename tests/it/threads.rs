//! The number of threads changes how long a plan takes, and nothing else.

use meshcap::card::ModelCard;
use meshcap::inventory::assemble;
use meshcap::plan::{Inputs, Plan};
use meshcap::policy::Policy;
use meshcap::report;
use meshcap::sources::{self, Limits, Reading};
use meshcap::synthetic::{self, Spec};

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut json = Vec::new();
    synthetic::write(&Spec::new(80, 800, 3), &mut json).unwrap();
    // Several batches, so that one is decoded while the next is read.
    assert!(json.len() > 3 * (4 << 20), "{} bytes", json.len());

    let (reading, text) = with_threads(1, || plan(&json));
    for threads in [2, 5] {
        let (again, again_text) = with_threads(threads, || plan(&json));
        assert!(again == reading, "{threads} threads read something else");
        assert!(again_text == text, "{threads} threads plan something else");
    }
}

#[test]
fn an_error_is_the_first_of_the_file_on_any_number_of_threads() {
    let mut json = Vec::new();
    synthetic::write(&Spec::new(80, 800, 3), &mut json).unwrap();
    // Broken in its middle, and once more at its end.
    let middle = json.len() / 2 + json[json.len() / 2..].iter().position(|&byte| byte == b':').unwrap();
    json[middle] = b'#';
    json.truncate(json.len() - 10);
    let error = |threads| with_threads(threads, || read(&json).unwrap_err().to_string());
    let expected = error(1);
    assert!(expected.contains("broken JSON"), "{expected}");
    assert_eq!(error(4), expected);
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

fn read(json: &[u8]) -> Result<Reading, sources::InputError> {
    sources::read_bytes("cluster.json", json, &Limits::default())
}

fn plan(json: &[u8]) -> (Reading, String) {
    let reading = read(json).unwrap();
    let inventory = assemble(reading.objects.clone()).inventory;
    let plan = Plan::new(Inputs::new(inventory, Policy::default(), ModelCard::named("istio-1.24").unwrap()));
    (reading, report::json(&plan))
}
