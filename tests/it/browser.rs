//! Pages in a real browser, where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks that a page logs nothing and never scrolls sideways, on a desk and on a telephone.
pub fn shows(page: &str) {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    for width in [1280, 390] {
        let (dom, log) = browse(&browser, folder.path(), &framed(page, width));
        let complaints: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert_eq!(complaints, Vec::<&str>::new());
        assert!(dom.contains(&format!("measured {width}/{width}")), "scrolls sideways at {width}: {}", measured(&dom));
    }
}

/// The page in a frame of a given width: headless browsers have no narrow windows. A page that
/// would scroll sideways is wider than its frame.
fn framed(page: &str, width: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<!doctype html><meta charset=utf-8><body style=\"margin:0\"><p id=out></p>\
         <iframe style=\"border:0;width:{width}px;height:900px\" srcdoc=\"{page}\"></iframe><script>\
         const frame = document.querySelector('iframe');\
         frame.onload = () => {{ const root = frame.contentDocument.documentElement;\
         document.getElementById('out').textContent = 'measured ' + root.scrollWidth + '/' + frame.clientWidth; }};\
         </script>"
    )
}

fn measured(dom: &str) -> &str {
    dom.split("measured ").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or("not measured")
}

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        eprintln!("skipped: no chromium, chromium-browser or google-chrome on the path");
    }
    found
}

fn browse(browser: &Path, folder: &Path, page: &str) -> (String, String) {
    let file = folder.join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--v=0", "--window-size=1400,1000", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}
