//! Every example runs and says something. `cargo test` builds them beside this binary.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `target/<profile>/examples`, next to the folder of this test binary.
fn built() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.parent().and_then(Path::parent).unwrap().join("examples")
}

#[test]
fn every_example_runs() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names: Vec<String> = std::fs::read_dir(sources)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let program = built().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(program.is_file(), "{name} was not built: run the whole of `cargo test`, which builds examples");
        let output = Command::new(program).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{name} says nothing");
    }
}
