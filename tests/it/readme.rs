//! What the README and the chapters in `docs/` show is what the program prints, and what they link to exists.
//!
//! Every `console` block that starts with `$ meshcap` is run and compared; ` | head -N` at the end of the
//! command shows its first N lines. After a change of output,
//! `MESHCAP_UPDATE_README=1 cargo test readme` writes the new one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const OPEN: &str = "```console\n$ meshcap ";
const CLOSE: &str = "```\n";

#[test]
fn the_readme_shows_real_output() {
    let blocks = pages().iter().map(|page| shows_real_output(page)).sum::<usize>();
    assert!(blocks >= 20, "README and docs show only {blocks} runs");
}

/// The README, and the chapters behind it.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapters = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = chapters.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

/// How many runs a page shows; fails where it shows something else than is printed.
fn shows_real_output(page: &Path) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(page).unwrap();
    let mut actual = String::new();
    let mut rest = text.as_str();
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
    if std::env::var_os("MESHCAP_UPDATE_README").is_some() {
        fs::write(page, actual).unwrap();
        return blocks;
    }
    let page = page.display();
    assert!(text == actual, "{page} is out of date: run with MESHCAP_UPDATE_README=1 and read the difference");
    blocks
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            let there =
                fs::read_to_string(&target).unwrap_or_else(|error| panic!("{}: {link}: {error}", page.display()));
            let has = anchor.is_empty() || there.lines().any(|line| anchor_of(line) == anchor);
            assert!(has, "{}: nothing is called {link}", page.display());
        }
    }
}

/// The anchor that a line of Markdown makes if it is a heading.
fn anchor_of(line: &str) -> String {
    let Some(title) = line.strip_prefix('#').map(|rest| rest.trim_start_matches('#').trim()) else {
        return String::new();
    };
    let kept = title.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
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
