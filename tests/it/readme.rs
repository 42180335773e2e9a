//! What the README shows is what the program prints.
//!
//! Every `console` block that starts with `$ meshcap` is run and compared; ` | head -N` at the end of the
//! command shows its first N lines. After a change of output,
//! `MESHCAP_UPDATE_README=1 cargo test readme` writes the new one.

use std::fs;
use std::path::Path;
use std::process::Command;

const OPEN: &str = "```console\n$ meshcap ";
const CLOSE: &str = "```\n";

#[test]
fn the_readme_shows_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let mut actual = String::new();
    let mut rest = readme.as_str();
    let mut blocks = 0;
    while let Some(start) = rest.find(OPEN) {
        let (before, block) = rest.split_at(start + OPEN.len());
        let (command, shown) = block.split_once('\n').unwrap();
        let end = shown.find(CLOSE).unwrap();
        actual.push_str(before);
        actual.push_str(command);
        actual.push('\n');
        actual.push_str(&output_of(root, command));
        actual.push_str(CLOSE);
        rest = &shown[end + CLOSE.len()..];
        blocks += 1;
    }
    actual.push_str(rest);
    assert!(blocks >= 3, "the README shows only {blocks} runs");
    if std::env::var_os("MESHCAP_UPDATE_README").is_some() {
        fs::write(root.join("README.md"), actual).unwrap();
        return;
    }
    assert!(readme == actual, "README.md is out of date: run with MESHCAP_UPDATE_README=1 and read the difference");
}

fn output_of(root: &Path, command: &str) -> String {
    let Some((command, lines)) = command.split_once(" | head -") else { return whole_output_of(root, command) };
    let whole = whole_output_of(root, command);
    whole.lines().take(lines.parse().unwrap()).flat_map(|line| [line, "\n"]).collect()
}

fn whole_output_of(root: &Path, command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshcap"))
        .args(command.split_whitespace())
        .current_dir(root)
        .env("COLUMNS", "100")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
