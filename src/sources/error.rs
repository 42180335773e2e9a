//! The one error of reading: where, what was found, what was expected, what to do.

/// An input that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: found {found}, expected {expected}; {remedy}")]
pub struct InputError {
    /// File, and line and column where they are known: `pods.json:3:14`, `dump.tar.gz!nodes.json`.
    pub place: String,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What to do about it.
    pub remedy: String,
}

/// What an inventory is, for messages.
pub(super) const INVENTORY: &str = "Kubernetes objects (kubectl JSON or YAML, a cluster-info dump, a support bundle) or a table of workloads, pods or nodes";
/// What to do with a file that is none.
pub(super) const GIVE_INVENTORY: &str =
    "give the output of `kubectl get nodes,pods,deployments,services -A -o json` or a folder of such files";

impl InputError {
    /// An error at a place.
    pub(super) fn new(
        place: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), found: found.into(), expected: expected.into(), remedy: remedy.into() }
    }

    /// The operating system would not give the file or folder.
    pub(super) fn unreadable(place: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let (found, remedy) = match error.kind() {
            ErrorKind::NotFound => ("no such file or folder".to_owned(), "check the path"),
            ErrorKind::PermissionDenied => ("permission denied".to_owned(), "make the file readable for this user"),
            _ => (format!("a read error ({error})"), "check the file, or fetch it again"),
        };
        Self::new(place, found, "a readable file or folder", remedy)
    }

    /// The content is no inventory, though it can be read.
    pub(super) fn no_inventory(place: &str, looks_like: &str) -> Self {
        Self::new(place, looks_like, INVENTORY, GIVE_INVENTORY)
    }
}

/// Why one file could not be used; an error when it was named, less when it lay in a folder.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is broken.
    Broken(InputError),
    /// It is something else; the text says what it looks like.
    NoInventory(String),
    /// A limit of the whole run is reached: nothing more may be read.
    Exhausted(InputError),
}

impl From<InputError> for Trouble {
    fn from(error: InputError) -> Self {
        Self::Broken(error)
    }
}
