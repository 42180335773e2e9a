//! Real data that lies beside a developer's checkout, and is absent on a user's machine.

use std::path::PathBuf;

/// The folder of real data, or `None` after saying that the test was skipped.
pub fn data(test: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("{test}: skipped, there is no ../shared/data beside this checkout");
    None
}
