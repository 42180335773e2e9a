//! The rules of the house: which module may use which, and what the core must not contain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every module and what it may import, in an order in which each only uses what stands above it.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("parallel", &[]),
    ("finding", &[]),
    ("quantity", &["units"]),
    ("estimate", &["units"]),
    ("resources", &["units"]),
    ("measurement", &["finding", "units"]),
    ("composition", &["finding", "measurement", "units"]),
    ("policy", &["quantity", "units"]),
    ("inventory", &["finding", "policy", "quantity", "resources", "units"]),
    ("scheduler", &["finding", "inventory", "parallel", "quantity", "resources", "units"]),
    ("course", &["inventory", "policy", "resources", "scheduler", "units"]),
    ("model", &["estimate", "units"]),
    ("card", &["estimate", "finding", "model", "policy", "quantity", "resources", "units"]),
    ("fit", &["card", "finding", "model"]),
    ("latency", &["card", "composition", "estimate", "finding", "measurement", "model", "units"]),
    ("mesh", &["card", "finding", "inventory", "policy", "quantity", "resources", "units"]),
    ("profile", &["inventory", "model", "policy", "units"]),
    (
        "overhead",
        &[
            "card",
            "estimate",
            "finding",
            "inventory",
            "mesh",
            "model",
            "policy",
            "profile",
            "quantity",
            "resources",
            "units",
        ],
    ),
    ("placement", &["finding", "inventory", "parallel", "policy", "quantity", "resources", "units"]),
    (
        "groundwork",
        &["card", "finding", "inventory", "mesh", "overhead", "placement", "policy", "profile", "resources", "units"],
    ),
    (
        "telemetry",
        &[
            "card",
            "estimate",
            "finding",
            "inventory",
            "mesh",
            "model",
            "overhead",
            "policy",
            "profile",
            "quantity",
            "units",
        ],
    ),
    (
        "scenario",
        &[
            "card",
            "course",
            "finding",
            "groundwork",
            "inventory",
            "mesh",
            "model",
            "overhead",
            "parallel",
            "placement",
            "policy",
            "resources",
            "scheduler",
            "units",
        ],
    ),
    ("resilience", &["estimate", "finding", "inventory", "mesh", "model", "policy", "profile", "units"]),
    (
        "plan",
        &[
            "card",
            "estimate",
            "finding",
            "groundwork",
            "inventory",
            "latency",
            "measurement",
            "mesh",
            "model",
            "overhead",
            "placement",
            "policy",
            "profile",
            "quantity",
            "scenario",
            "scheduler",
            "resilience",
            "telemetry",
            "units",
        ],
    ),
    (
        "modes",
        &[
            "card",
            "estimate",
            "finding",
            "latency",
            "mesh",
            "overhead",
            "parallel",
            "placement",
            "plan",
            "policy",
            "profile",
            "resources",
            "units",
        ],
    ),
    (
        "tuning",
        &[
            "card",
            "course",
            "estimate",
            "groundwork",
            "inventory",
            "mesh",
            "model",
            "overhead",
            "parallel",
            "placement",
            "plan",
            "policy",
            "quantity",
            "resilience",
            "resources",
            "scenario",
            "scheduler",
            "telemetry",
            "units",
        ],
    ),
    (
        "report",
        &[
            "card",
            "composition",
            "course",
            "estimate",
            "finding",
            "fit",
            "latency",
            "measurement",
            "mesh",
            "model",
            "modes",
            "overhead",
            "placement",
            "plan",
            "policy",
            "quantity",
            "resilience",
            "resources",
            "scenario",
            "telemetry",
            "tuning",
            "units",
        ],
    ),
    (
        "sources",
        &[
            "card",
            "composition",
            "finding",
            "inventory",
            "measurement",
            "model",
            "quantity",
            "resources",
            "scheduler",
            "units",
        ],
    ),
    ("synthetic", &["units"]),
    ("calibrate", &["finding", "measurement", "units"]),
    (
        "cli",
        &[
            "calibrate",
            "card",
            "composition",
            "finding",
            "fit",
            "inventory",
            "latency",
            "measurement",
            "model",
            "modes",
            "placement",
            "plan",
            "policy",
            "quantity",
            "report",
            "scenario",
            "scheduler",
            "sources",
            "synthetic",
            "tuning",
            "units",
        ],
    ),
];

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Files of the library with the module each belongs to.
fn library() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            // Tests may look upwards: a law is tested with the card that holds its coefficients.
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            let is_code =
                module != "lib" && module != "main" && !inside.ends_with("tests.rs") && !inside.ends_with("sample.rs");
            let in_tests = inside.components().any(|part| part.as_os_str() == "tests");
            (is_code && !in_tests).then_some((module, path, text))
        })
        .collect()
}

/// Modules named after `crate::` in a text, comments left out, grouped imports included.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let word = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (position, prefix) in code.match_indices("crate::") {
        let rest = &code[position + prefix.len()..];
        match rest.strip_prefix('{') {
            None => {
                found.insert(word(rest));
            }
            Some(group) => {
                let mut depth = 0;
                let mut start = true;
                for (index, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        _ if start && depth == 0 && !character.is_whitespace() => {
                            found.insert(word(&group[index..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_IMPORT.iter().map(|(module, imports)| (*module, imports.iter().copied().collect())).collect();
    for (module, path, text) in library() {
        let allowed = allowed.get(module.as_str()).unwrap_or_else(|| panic!("{module} is not in the table"));
        for import in imports(&text) {
            let known = import == module || allowed.contains(import.as_str());
            assert!(known, "{} imports crate::{import}, which the table does not allow {module}", path.display());
        }
    }
}

#[test]
fn the_table_has_one_direction() {
    for (index, (module, imports)) in MAY_IMPORT.iter().enumerate() {
        for import in *imports {
            let stands = MAY_IMPORT[..index].iter().any(|(above, _)| above == import);
            assert!(stands, "{module} may import {import}, which does not stand above it");
        }
    }
}

#[test]
fn the_table_allows_nothing_unused() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, _, text) in library() {
        used.entry(module).or_default().extend(imports(&text));
    }
    let mut unused = Vec::new();
    for (module, imports) in MAY_IMPORT {
        for import in *imports {
            if !used[*module].contains(*import) {
                unused.push(format!("{module} may import {import} but does not"));
            }
        }
    }
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn grouped_imports_are_seen() {
    let text = "use crate::{units::{Bytes, Cores}, policy};\n// crate::cli\nlet x = crate::mesh::Y;";
    assert_eq!(imports(text).into_iter().collect::<Vec<_>>(), ["mesh", "policy", "units"]);
}

#[test]
fn no_data_frame_in_the_core() {
    for (module, path, text) in library() {
        if module != "sources" {
            assert!(!text.contains("polars"), "{} mentions polars", path.display());
        }
        if module != "report" {
            assert!(!text.contains("plotters"), "{} mentions plotters", path.display());
        }
    }
}
