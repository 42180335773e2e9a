//! Istio's security objects; v1 and v1beta1 have the same form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::notes::FIELD_IGNORED;
use super::Oddity;
use super::istio::Wire;
use super::text::{Nullable, Seq, Text, TextMap};
use super::unknown::Unknown;
use crate::inventory::objects::{
    Attachment, AuthorizationAction, AuthorizationPolicy, MtlsMode, PeerAuthentication, RequestAuthentication,
    TargetRef,
};

/// `selector` of a policy.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PodSelector<'a> {
    #[serde(borrow)]
    pub(super) match_labels: TextMap<'a>,
}

/// An entry of `targetRefs`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct TargetWire<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

/// What a policy holds for: what it names before what it selects, as Istio has it.
pub(super) fn attachment(
    selector: Option<&PodSelector<'_>>,
    one: Option<&TargetWire<'_>>,
    several: &Seq<TargetWire<'_>>,
) -> Attachment {
    let target = |wire: &TargetWire<'_>| TargetRef { kind: (&wire.kind).into(), name: (&wire.name).into() };
    Attachment {
        selector: selector.map(|selector| selector.match_labels.to_labels()),
        targets: several.0.iter().chain(one).map(target).collect(),
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PeerAuthenticationSpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    #[serde(borrow)]
    mtls: Nullable<MtlsWire<'a>>,
    #[serde(borrow)]
    port_level_mtls: Nullable<BTreeMap<String, Nullable<MtlsWire<'a>>>>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MtlsWire<'a> {
    #[serde(borrow)]
    mode: Text<'a>,
}

/// How workloads take connections; nothing where it has no name.
pub(super) fn peer_authentication(
    wire: &Wire<'_, PeerAuthenticationSpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<PeerAuthentication> {
    let spec = &wire.spec;
    spec.unknown.note("spec", odd);
    let mode = mtls_mode(&spec.mtls, "spec.mtls.mode", odd);
    let mut ports = BTreeMap::new();
    for (port, wire) in &spec.port_level_mtls.0 {
        let field = "spec.portLevelMtls";
        match port.parse() {
            Ok(number) if number > 0 => {
                ports.insert(number, mtls_mode(wire, field, odd));
            }
            _ => odd.push(ignored(field, format!("{port:?} is no port in 1 … 65535; planned without it"))),
        }
    }
    Some(PeerAuthentication {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: attachment(spec.selector.as_ref(), None, &Seq::default()),
        mode,
        ports,
    })
}

fn mtls_mode(wire: &MtlsWire<'_>, field: &str, odd: &mut Vec<Oddity>) -> Option<MtlsMode> {
    match wire.mode.as_str() {
        "" | "UNSET" => None,
        "STRICT" => Some(MtlsMode::Strict),
        "PERMISSIVE" => Some(MtlsMode::Permissive),
        "DISABLE" => Some(MtlsMode::Disable),
        other => {
            let message = format!("{other:?} is none of UNSET, STRICT, PERMISSIVE, DISABLE; planned as UNSET");
            odd.push(ignored(field, message));
            None
        }
    }
}

pub(super) fn ignored(field: &str, message: String) -> Oddity {
    Oddity { kind: &FIELD_IGNORED, field: field.to_owned(), message }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthorizationPolicySpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    #[serde(borrow)]
    target_ref: Option<TargetWire<'a>>,
    #[serde(borrow)]
    target_refs: Seq<TargetWire<'a>>,
    #[serde(borrow)]
    action: Text<'a>,
    rules: Seq<RuleWire>,
    #[serde(rename = "provider")]
    _provider: IgnoredAny,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RuleWire {
    from: Seq<SourceWire>,
    to: Seq<OperationWire>,
    when: Seq<ConditionWire>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SourceWire {
    source: Nullable<BTreeMap<String, Seq<IgnoredAny>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OperationWire {
    operation: Nullable<BTreeMap<String, Seq<IgnoredAny>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ConditionWire {
    values: Seq<IgnoredAny>,
    not_values: Seq<IgnoredAny>,
}

impl RuleWire {
    /// Everything it compares a request with.
    fn values(&self) -> u64 {
        let listed = |lists: &BTreeMap<String, Seq<IgnoredAny>>| lists.values().map(|list| list.0.len()).sum::<usize>();
        let sources: usize = self.from.0.iter().map(|from| listed(&from.source)).sum();
        let operations: usize = self.to.0.iter().map(|to| listed(&to.operation)).sum();
        let conditions: usize = self.when.0.iter().map(|when| when.values.0.len() + when.not_values.0.len()).sum();
        (sources + operations + conditions) as u64
    }
}

/// Who may call; nothing where it has no name.
pub(super) fn authorization_policy(
    wire: &Wire<'_, AuthorizationPolicySpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<AuthorizationPolicy> {
    let spec = &wire.spec;
    spec.unknown.note("spec", odd);
    spec.rules.0.iter().for_each(|rule| rule.unknown.note("spec.rules", odd));
    let action = match spec.action.as_str() {
        "" | "ALLOW" => AuthorizationAction::Allow,
        "DENY" => AuthorizationAction::Deny,
        "AUDIT" => AuthorizationAction::Audit,
        "CUSTOM" => AuthorizationAction::Custom,
        other => {
            let message = format!("{other:?} is none of ALLOW, DENY, AUDIT, CUSTOM; planned as ALLOW");
            odd.push(ignored("spec.action", message));
            AuthorizationAction::Allow
        }
    };
    Some(AuthorizationPolicy {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: attachment(spec.selector.as_ref(), spec.target_ref.as_ref(), &spec.target_refs),
        action,
        rules: spec.rules.0.len() as u64,
        values: spec.rules.0.iter().map(RuleWire::values).sum(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RequestAuthenticationSpec<'a> {
    #[serde(borrow)]
    selector: Option<PodSelector<'a>>,
    #[serde(borrow)]
    target_ref: Option<TargetWire<'a>>,
    #[serde(borrow)]
    target_refs: Seq<TargetWire<'a>>,
    jwt_rules: Seq<IgnoredAny>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// Whose tokens are taken; nothing where it has no name.
pub(super) fn request_authentication(
    wire: &Wire<'_, RequestAuthenticationSpec<'_>>,
    odd: &mut Vec<Oddity>,
) -> Option<RequestAuthentication> {
    let spec = &wire.spec;
    spec.unknown.note("spec", odd);
    Some(RequestAuthentication {
        name: wire.metadata.object_name()?,
        created: (&wire.metadata.creation_timestamp).into(),
        attachment: attachment(spec.selector.as_ref(), spec.target_ref.as_ref(), &spec.target_refs),
        issuers: spec.jwt_rules.0.len() as u64,
    })
}
