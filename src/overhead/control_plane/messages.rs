//! The largest message each kind of configuration makes, against what a proxy accepts.

use super::super::Inputs;
use crate::inventory::WorkloadId;
use crate::mesh::XdsBytes;
use crate::units::Bytes;

/// The largest message of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargestMessage {
    /// Kind of configuration: CDS, EDS, LDS or RDS.
    pub kind: &'static str,
    /// Its size, an order of magnitude.
    pub bytes: Bytes,
    /// The workload whose proxies are sent it.
    pub workload: WorkloadId,
    /// Proxies that are sent one as large or larger than half of the limit.
    pub proxies_near: u64,
    /// Largest message a proxy's agent accepts.
    pub limit: Bytes,
    /// How it stands with the limit.
    pub room: Room,
}

/// How a message stands with the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Less than half of it.
    Ample,
    /// Half of it or more: published sizes of an object differ by a factor of two.
    Near,
    /// More than the limit.
    Above,
}

impl Room {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ample => "ample",
            Self::Near => "near",
            Self::Above => "above",
        }
    }

    fn of(bytes: u64, limit: u64) -> Self {
        if bytes > limit {
            return Self::Above;
        }
        if bytes >= limit.div_ceil(2) { Self::Near } else { Self::Ample }
    }
}

/// A kind and how large what is sent of it is.
type Kind = (&'static str, fn(&XdsBytes) -> Bytes);

const KINDS: [Kind; 4] = [
    ("CDS", |sent| sent.clusters),
    ("EDS", |sent| sent.endpoints),
    ("LDS", |sent| sent.listeners),
    ("RDS", |sent| sent.routes),
];

/// The largest message of every kind that is sent at all.
pub(super) fn largest(inputs: &Inputs<'_>) -> Vec<LargestMessage> {
    let limit = inputs.card.istiod_limits.largest_message();
    let of_kind = |(kind, size): &Kind| {
        let members = inputs.inventory.workloads.iter().zip(&inputs.mesh.members).zip(&inputs.visibility.workloads);
        let sent = members
            .filter(|((workload, member), _)| member.mode.runs_envoy() && workload.replicas > 0)
            .map(|((workload, _), visible)| (workload, size(&visible.xds)));
        let mut largest: Option<(&WorkloadId, Bytes)> = None;
        let mut near = 0_u64;
        for (workload, bytes) in sent {
            if Room::of(bytes.get(), limit.get()) != Room::Ample {
                near = near.saturating_add(workload.replicas);
            }
            if largest.is_none_or(|(_, most)| bytes > most) {
                largest = Some((&workload.id, bytes));
            }
        }
        let (workload, bytes) = largest.filter(|(_, bytes)| !bytes.is_zero())?;
        let room = Room::of(bytes.get(), limit.get());
        Some(LargestMessage { kind, bytes, workload: workload.clone(), proxies_near: near, limit, room })
    };
    KINDS.iter().filter_map(of_kind).collect()
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn half_of_the_limit_is_near() {
        for (bytes, room) in
            [(0, Room::Ample), (49, Room::Ample), (50, Room::Near), (100, Room::Near), (101, Room::Above)]
        {
            assert_eq!(Room::of(bytes, 100), room, "{bytes}");
        }
    }
}
