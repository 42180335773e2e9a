//! Who may talk to whom, and how: mutual TLS, authorization, tokens.

use std::collections::BTreeMap;

use super::{Labels, ObjectName};

/// What a policy holds for: some workloads, or what it names, or all of its namespace. Without either in the
/// root namespace it holds for the whole mesh.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// Labels of the pods it holds for; `None` and empty for all.
    pub selector: Option<Labels>,
    /// Gateways, services and other objects it names instead.
    pub targets: Vec<TargetRef>,
}

/// An object of the same namespace that a policy names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TargetRef {
    /// Kind, e.g. `Gateway`.
    pub kind: String,
    /// Name.
    pub name: String,
}

impl Attachment {
    /// Whether it names no workload: then it holds for its namespace, or for the mesh.
    #[must_use]
    pub fn is_general(&self) -> bool {
        self.targets.is_empty() && self.selector.as_ref().is_none_or(Labels::is_empty)
    }
}

/// How a port takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MtlsMode {
    /// Mutual TLS only.
    Strict,
    /// Mutual TLS and plaintext.
    #[default]
    Permissive,
    /// Plaintext only.
    Disable,
}

impl MtlsMode {
    /// As Istio writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "STRICT",
            Self::Permissive => "PERMISSIVE",
            Self::Disable => "DISABLE",
        }
    }
}

/// `security.istio.io/*/PeerAuthentication`: how workloads take connections.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerAuthentication {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`; of several objects the oldest holds.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// Mode; `None` leaves it to what holds otherwise.
    pub mode: Option<MtlsMode>,
    /// Modes of single ports of the pods; `None` as above.
    pub ports: BTreeMap<u16, Option<MtlsMode>>,
}

/// `security.istio.io/*/AuthorizationPolicy`: who may call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizationPolicy {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// What it does.
    pub action: AuthorizationAction,
    /// Rules; none of action `ALLOW` lets nobody through, which proxies evaluate as one.
    pub rules: u64,
    /// Alternatives in the rules together: every path, method, principal, address, value.
    pub values: u64,
}

/// What an [`AuthorizationPolicy`] does with what matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AuthorizationAction {
    /// Let it through, and nothing else.
    #[default]
    Allow,
    /// Refuse it.
    Deny,
    /// Note it.
    Audit,
    /// Ask a provider.
    Custom,
}

/// `security.istio.io/*/RequestAuthentication`: whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestAuthentication {
    /// Namespace and name.
    pub name: ObjectName,
    /// `metadata.creationTimestamp`.
    pub created: String,
    /// What it holds for.
    pub attachment: Attachment,
    /// Issuers whose tokens it takes, one of each `jwtRules`.
    pub issuers: u64,
}
