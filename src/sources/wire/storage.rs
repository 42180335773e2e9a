//! Volumes of pods, and the storage of a cluster.

use serde::Deserialize;

use super::affinity::NodeSelectorWire;
use super::amounts::declared;
use super::pod::RequirementWire;
use super::text::{Int, Nullable, Seq, Text, TextMap};
use super::{Metadata, Oddity};
use crate::inventory::objects::{
    CsiNode, Disk, DiskKind, NodeSelectorTerm, ObjectName, Operator, PersistentVolume, PersistentVolumeClaim,
    Requirement, StorageClass, Volume,
};
use crate::units::Bytes;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct VolumeWire<'a> {
    #[serde(borrow)]
    persistent_volume_claim: Option<ClaimNameWire<'a>>,
    #[serde(borrow)]
    ephemeral: Option<EphemeralWire<'a>>,
    #[serde(borrow)]
    gce_persistent_disk: Option<DiskWire<'a>>,
    #[serde(borrow)]
    aws_elastic_block_store: Option<DiskWire<'a>>,
    #[serde(borrow)]
    rbd: Option<DiskWire<'a>>,
    #[serde(borrow)]
    iscsi: Option<DiskWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ClaimNameWire<'a> {
    #[serde(borrow)]
    claim_name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct EphemeralWire<'a> {
    #[serde(borrow)]
    volume_claim_template: Nullable<ClaimTemplateWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ClaimTemplateWire<'a> {
    #[serde(borrow)]
    spec: Nullable<ClaimSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DiskWire<'a> {
    #[serde(borrow)]
    pd_name: Text<'a>,
    #[serde(borrow, rename = "volumeID")]
    volume_id: Text<'a>,
    #[serde(borrow)]
    monitors: Seq<Text<'a>>,
    #[serde(borrow)]
    pool: Text<'a>,
    #[serde(borrow)]
    image: Text<'a>,
    #[serde(borrow)]
    iqn: Text<'a>,
    read_only: Option<bool>,
}

/// The claim that a template makes for a pod.
pub(super) fn own_claim(template: &ClaimTemplateWire<'_>) -> Volume {
    Volume::Ephemeral(template.spec.storage_class_name.to_option())
}

/// A volume of a pod, if it can decide where the pod runs.
pub(super) fn volume(wire: &VolumeWire<'_>) -> Option<Volume> {
    if let Some(claim) = &wire.persistent_volume_claim {
        return Some(Volume::Claim((&claim.claim_name).into()));
    }
    if let Some(ephemeral) = &wire.ephemeral {
        return Some(own_claim(&ephemeral.volume_claim_template));
    }
    let disks = [
        (&wire.gce_persistent_disk, DiskKind::GcePersistentDisk),
        (&wire.aws_elastic_block_store, DiskKind::AwsElasticBlockStore),
        (&wire.rbd, DiskKind::Rbd),
        (&wire.iscsi, DiskKind::Iscsi),
    ];
    let (disk, kind) = disks.into_iter().find_map(|(disk, kind)| disk.as_ref().map(|disk| (disk, kind)))?;
    let id = match kind {
        DiskKind::GcePersistentDisk => (&disk.pd_name).into(),
        DiskKind::AwsElasticBlockStore => (&disk.volume_id).into(),
        DiskKind::Iscsi => (&disk.iqn).into(),
        DiskKind::Rbd => {
            let monitors: Vec<&str> = disk.monitors.0.iter().map(Text::as_str).collect();
            format!("{}/{}/{}", monitors.join(","), disk.pool.as_str(), disk.image.as_str())
        }
    };
    Some(Volume::Disk(Disk { kind, id, read_only: disk.read_only.unwrap_or_default() }))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PersistentVolumeWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<PersistentVolumeSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PersistentVolumeSpec<'a> {
    #[serde(borrow)]
    capacity: TextMap<'a>,
    #[serde(borrow)]
    access_modes: Seq<Text<'a>>,
    #[serde(borrow)]
    claim_ref: Option<ClaimReference<'a>>,
    #[serde(borrow)]
    storage_class_name: Text<'a>,
    #[serde(borrow)]
    node_affinity: Nullable<VolumeAffinity<'a>>,
    #[serde(borrow)]
    csi: Option<CsiSource<'a>>,
    #[serde(borrow)]
    gce_persistent_disk: Option<DiskWire<'a>>,
    #[serde(borrow)]
    aws_elastic_block_store: Option<DiskWire<'a>>,
    #[serde(borrow)]
    azure_disk: Option<AzureDisk<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClaimReference<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct VolumeAffinity<'a> {
    #[serde(borrow)]
    required: Option<NodeSelectorWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct CsiSource<'a> {
    #[serde(borrow)]
    driver: Text<'a>,
    #[serde(borrow)]
    volume_handle: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct AzureDisk<'a> {
    #[serde(borrow)]
    disk_name: Text<'a>,
}

/// A persistent volume; nothing where it has no name.
pub(super) fn persistent_volume(wire: &PersistentVolumeWire<'_>, odd: &mut Vec<Oddity>) -> Option<PersistentVolume> {
    let spec = &wire.spec;
    let csi = spec.csi.as_ref().map(|csi| ((&csi.driver).into(), (&csi.volume_handle).into()));
    // In-tree disks are handled by these drivers since Kubernetes 1.23.
    let gce =
        || spec.gce_persistent_disk.as_ref().map(|disk| ("pd.csi.storage.gke.io".to_owned(), (&disk.pd_name).into()));
    let aws =
        || spec.aws_elastic_block_store.as_ref().map(|disk| ("ebs.csi.aws.com".to_owned(), (&disk.volume_id).into()));
    let azure = || spec.azure_disk.as_ref().map(|disk| ("disk.csi.azure.com".to_owned(), (&disk.disk_name).into()));
    let claim = spec.claim_ref.as_ref().filter(|claim| !claim.name.is_empty());
    Some(PersistentVolume {
        name: wire.metadata.cluster_name()?,
        labels: wire.metadata.labels(),
        claim: claim.map(|claim| ObjectName::new(claim.namespace.as_str(), claim.name.as_str())),
        storage_class: (&spec.storage_class_name).into(),
        capacity: storage_of(&spec.capacity, "spec.capacity", odd),
        access_modes: texts(&spec.access_modes),
        node_affinity: spec.node_affinity.required.as_ref().map(NodeSelectorWire::terms),
        csi: csi.or_else(gce).or_else(aws).or_else(azure),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ClaimWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<ClaimMetadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<ClaimSpec<'a>>,
}

/// Metadata with the one annotation that counts here.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ClaimMetadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    annotations: Nullable<StorageAnnotations<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StorageAnnotations<'a> {
    #[serde(borrow, rename = "volume.kubernetes.io/selected-node")]
    selected_node: Text<'a>,
    #[serde(borrow, rename = "storageclass.kubernetes.io/is-default-class")]
    is_default: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ClaimSpec<'a> {
    #[serde(borrow)]
    volume_name: Text<'a>,
    #[serde(borrow)]
    storage_class_name: Text<'a>,
    #[serde(borrow)]
    access_modes: Seq<Text<'a>>,
    #[serde(borrow)]
    resources: Nullable<ClaimResources<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClaimResources<'a> {
    #[serde(borrow)]
    requests: TextMap<'a>,
}

/// A claim; nothing where it has no name.
pub(super) fn claim(wire: &ClaimWire<'_>, odd: &mut Vec<Oddity>) -> Option<PersistentVolumeClaim> {
    let (metadata, spec) = (&wire.metadata, &wire.spec);
    let namespace = if metadata.namespace.is_empty() { "default" } else { metadata.namespace.as_str() };
    (!metadata.name.is_empty()).then(|| PersistentVolumeClaim {
        name: ObjectName::new(namespace, metadata.name.as_str()),
        volume: spec.volume_name.to_option(),
        storage_class: (&spec.storage_class_name).into(),
        request: storage_of(&spec.resources.requests, "spec.resources.requests", odd),
        access_modes: texts(&spec.access_modes),
        selected_node: metadata.annotations.selected_node.to_option(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StorageClassWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<ClaimMetadata<'a>>,
    #[serde(borrow)]
    provisioner: Text<'a>,
    #[serde(borrow)]
    volume_binding_mode: Text<'a>,
    #[serde(borrow)]
    allowed_topologies: Seq<TopologyTerm<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct TopologyTerm<'a> {
    #[serde(borrow)]
    match_label_expressions: Seq<RequirementWire<'a>>,
}

/// A storage class; nothing where it has no name.
pub(super) fn storage_class(wire: &StorageClassWire<'_>) -> Option<StorageClass> {
    let term = |term: &TopologyTerm<'_>| NodeSelectorTerm {
        expressions: term.match_label_expressions.0.iter().map(one_of).collect(),
        fields: Vec::new(),
    };
    let metadata = &wire.metadata;
    (!metadata.name.is_empty()).then(|| StorageClass {
        name: metadata.name.as_str().into(),
        provisioner: (&wire.provisioner).into(),
        waits_for_pod: wire.volume_binding_mode.as_str() == "WaitForFirstConsumer",
        allowed_topologies: wire.allowed_topologies.0.iter().map(term).collect(),
        is_default: metadata.annotations.is_default.as_str() == "true",
    })
}

/// Expressions of topologies have values and no operator.
fn one_of(wire: &RequirementWire<'_>) -> Requirement {
    Requirement { operator: Operator::In, ..super::pod::requirement(wire) }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct CsiNodeWire<'a> {
    #[serde(borrow)]
    metadata: Nullable<Metadata<'a>>,
    #[serde(borrow)]
    spec: Nullable<CsiNodeSpec<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CsiNodeSpec<'a> {
    #[serde(borrow)]
    drivers: Seq<DriverWire<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DriverWire<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    allocatable: Nullable<DriverLimit>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DriverLimit {
    count: Int,
}

/// Drivers of a node; nothing where it has no name.
pub(super) fn csi_node(wire: &CsiNodeWire<'_>) -> Option<CsiNode> {
    let driver = |wire: &DriverWire<'_>| ((&wire.name).into(), wire.allocatable.count.count());
    Some(CsiNode { name: wire.metadata.cluster_name()?, drivers: wire.spec.drivers.0.iter().map(driver).collect() })
}

fn storage_of(amounts: &TextMap<'_>, field: &str, odd: &mut Vec<Oddity>) -> Bytes {
    Bytes::new(declared(amounts, field, odd).extended.get("storage").copied().unwrap_or(0))
}

fn texts(list: &Seq<Text<'_>>) -> Vec<String> {
    list.0.iter().map(String::from).collect()
}

/// Whether a pod mounts a claim, its own included.
pub(super) fn mounts_claim(volumes: &[Volume]) -> bool {
    volumes.iter().any(|volume| !matches!(volume, Volume::Disk(_)))
}
