//! Recommendations that are alike, taken together: what a person decides in one go.

use super::{Kind, Recommendation, Saves};

/// Recommendations to apply of one kind, all against a danger or none of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    /// Their kind.
    pub kind: Kind,
    /// The namespace they are in; `None` where they are in several, or about the whole mesh.
    pub namespace: Option<&'a str>,
    /// The recommendations in their order; never empty.
    pub members: Vec<&'a Recommendation>,
    /// What each saves by itself, added up: all of them together may save less or more.
    pub saves: Saves,
}

impl Group<'_> {
    /// The name of its only member, or what the names of all begin with and `*`, as in a waiver.
    #[must_use]
    pub fn name(&self) -> String {
        match (self.members.as_slice(), self.namespace) {
            ([only], _) => only.id.clone(),
            (_, Some(namespace)) => format!("{}/{namespace}/*", self.kind),
            (_, None) => format!("{}/*", self.kind),
        }
    }

    /// Whether its members remove a danger.
    #[must_use]
    pub fn is_danger(&self) -> bool {
        self.members.iter().any(|it| it.risk.removes.is_some())
    }
}

/// What is to be applied, in its order, in groups that are as small as `most` groups allow: each by itself, by kind and
/// namespace, or by kind, which may still be more.
pub(super) fn groups(ranked: &[Recommendation], most: usize) -> Vec<Group<'_>> {
    let applied: Vec<&Recommendation> = ranked.iter().filter(|it| it.is_applied()).collect();
    let by_id = grouped(&applied, |it| Some(it.id.as_str()));
    if by_id.len() <= most {
        return by_id;
    }
    let by_namespace = grouped(&applied, namespace);
    if by_namespace.len() <= most { by_namespace } else { grouped(&applied, |_| None) }
}

/// The namespace of the one workload it is about.
fn namespace(recommendation: &Recommendation) -> Option<&str> {
    recommendation.workload.as_deref()?.split_once('/').map(|(namespace, _)| namespace)
}

fn grouped<'a>(applied: &[&'a Recommendation], by: fn(&Recommendation) -> Option<&str>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for it in applied {
        let place = *places.entry((it.kind, it.risk.removes.is_some(), by(it))).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => {
                group.saves = group.saves + it.saves;
                group.namespace = group.namespace.filter(|known| Some(*known) == namespace(it));
                group.members.push(it);
            }
            None => {
                groups.push(Group { kind: it.kind, namespace: namespace(it), members: vec![it], saves: it.saves });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Change;
    use crate::inventory::objects::{Patch, WorkloadPatch};
    use crate::units::{Cores, Memory};

    fn recommendation(kind: Kind, workload: &str, danger: bool) -> Recommendation {
        let mut it = Recommendation::new(kind, workload, workload, Vec::new()).of_workload(workload);
        it.changes = vec![Change::Patch(Patch::Workload(WorkloadPatch::default()))];
        it.risk.removes = danger.then(|| "it may be killed".to_owned());
        it.saves.memory = Memory::from_mib(8.0);
        it.saves.cpu = Cores::from_millis(10.0);
        it
    }

    #[test]
    fn groups_are_as_small_as_there_is_room_for() {
        let ranked = [
            recommendation(Kind::ProxyResources, "b/x", true),
            recommendation(Kind::ProxyResources, "a/x", true),
            recommendation(Kind::ProxyResources, "a/y", true),
            recommendation(Kind::Gateways, "a/z", false),
            recommendation(Kind::ProxyResources, "a/z", false),
            Recommendation::new(Kind::Istiod, "mesh", "istiod", Vec::new()),
        ];
        for (most, names, sizes) in [
            (
                9,
                "proxy-resources/b/x proxy-resources/a/x proxy-resources/a/y gateways/a/z proxy-resources/a/z",
                "11111",
            ),
            (4, "proxy-resources/b/x proxy-resources/a/* gateways/a/z proxy-resources/a/z", "1211"),
            (3, "proxy-resources/* gateways/a/z proxy-resources/a/z", "311"),
            (1, "proxy-resources/* gateways/a/z proxy-resources/a/z", "311"),
        ] {
            let groups = groups(&ranked, most);
            let found: Vec<String> = groups.iter().map(Group::name).collect();
            assert_eq!(found.join(" "), names, "{most}");
            assert_eq!(groups.iter().map(|it| it.members.len().to_string()).collect::<String>(), sizes);
            let all = groups.iter().fold(Saves::default(), |sum, it| sum + it.saves);
            assert!((all.memory.as_mib() - 40.0).abs() < 1e-9);
        }
    }
}
