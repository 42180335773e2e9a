//! `KubeSchedulerConfiguration`: plugins switched off, weights and arguments.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::InputError;
use super::{document, open};
use crate::inventory::objects::TopologySpread;
use crate::scheduler::{DefaultSpread, KubernetesVersion, Plugin, Profile, StrategyKind};

/// A profile as configured, and what of the file has no effect here.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredProfile {
    /// The profile.
    pub profile: Profile,
    /// Settings that are not followed, each in a few words.
    pub ignored: Vec<String>,
}

/// Reads the first profile of a scheduler configuration, YAML or JSON.
///
/// # Errors
/// [`InputError`] when the file cannot be read, or is no `KubeSchedulerConfiguration`.
pub fn read_scheduler_config(path: &Path, version: KubernetesVersion) -> Result<ConfiguredProfile, InputError> {
    let text = open::text(path)?;
    parse(&path.display().to_string(), &text, version)
}

const EXPECTED: &str = "a KubeSchedulerConfiguration (apiVersion kubescheduler.config.k8s.io/v1)";

fn parse(name: &str, text: &str, version: KubernetesVersion) -> Result<ConfiguredProfile, InputError> {
    const GIVE: &str = "give the file that kube-scheduler is started with (--config)";
    let broken = |found: String| InputError::new(name, found, EXPECTED, GIVE);
    let json = document::to_json(text).map_err(broken)?;
    let config: Configuration = serde_json::from_slice(&json).map_err(|error| broken(error.to_string()))?;
    if config.kind != "KubeSchedulerConfiguration" {
        return Err(broken(format!("an object of kind {:?}", config.kind)));
    }
    let mut read = ConfiguredProfile { profile: Profile::new(version), ignored: Vec::new() };
    read.profile.percentage_of_nodes = config.percentage_of_nodes_to_score;
    if config.profiles.len() > 1 {
        read.ignored.push(format!("{} profiles beside the first", config.profiles.len() - 1));
    }
    if !config.extenders.is_empty() {
        read.ignored.push("extenders".to_owned());
    }
    if let Some(profile) = config.profiles.into_iter().next() {
        read.profile.percentage_of_nodes = profile.percentage_of_nodes_to_score.or(read.profile.percentage_of_nodes);
        read.profile.scheduler = profile.scheduler_name.filter(|name| name != "default-scheduler");
        read.plugins(&profile.plugins);
        for one in profile.plugin_config {
            read.arguments(&one).map_err(|error| broken(format!("arguments of {}: {error}", one.name)))?;
        }
    }
    Ok(read)
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Configuration {
    kind: String,
    percentage_of_nodes_to_score: Option<u32>,
    profiles: Vec<ProfileWire>,
    extenders: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProfileWire {
    scheduler_name: Option<String>,
    percentage_of_nodes_to_score: Option<u32>,
    plugins: Plugins,
    plugin_config: Vec<PluginConfig>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Plugins {
    multi_point: PluginSet,
    filter: PluginSet,
    score: PluginSet,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PluginSet {
    enabled: Vec<PluginWire>,
    disabled: Vec<PluginWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PluginWire {
    name: String,
    weight: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PluginConfig {
    name: String,
    args: Value,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct FitArguments {
    scoring_strategy: Option<StrategyWire>,
    ignored_resources: Vec<String>,
    ignored_resource_groups: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct StrategyWire {
    #[serde(rename = "type")]
    kind: String,
    resources: Vec<ResourceWire>,
    requested_to_capacity_ratio: RatioWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourceWire {
    name: String,
    weight: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RatioWire {
    shape: Vec<PointWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PointWire {
    utilization: i64,
    score: i64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BalanceArguments {
    resources: Vec<ResourceWire>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct AffinityArguments {
    hard_pod_affinity_weight: Option<i64>,
    ignore_preferred_terms_of_existing_pods: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SpreadArguments {
    default_constraints: Vec<ConstraintWire>,
    defaulting_type: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ConstraintWire {
    max_skew: Option<i32>,
    topology_key: String,
    when_unsatisfiable: String,
}

impl ConfiguredProfile {
    fn plugins(&mut self, plugins: &Plugins) {
        for (set, filters, scores) in
            [(&plugins.multi_point, true, true), (&plugins.filter, true, false), (&plugins.score, false, true)]
        {
            for plugin in &set.disabled {
                self.disable(&plugin.name, filters, scores);
            }
            for plugin in &set.enabled {
                self.enable(plugin, filters, scores);
            }
        }
    }

    fn disable(&mut self, name: &str, filters: bool, scores: bool) {
        let all = name == "*";
        let off = |plugin: Plugin| all || plugin.name() == name;
        if !all && Plugin::from_name(name).is_none() {
            self.ignored.push(format!("plugin {name}, switched off"));
        }
        if filters {
            self.profile.filters_off.extend(Plugin::FILTERING.into_iter().filter(|plugin| off(*plugin)));
        }
        if scores {
            self.profile.weights.retain(|(plugin, _)| !off(*plugin));
        }
    }

    fn enable(&mut self, wanted: &PluginWire, filters: bool, scores: bool) {
        let Some(plugin) = Plugin::from_name(&wanted.name) else {
            self.ignored.push(format!("plugin {}", wanted.name));
            return;
        };
        if filters {
            self.profile.filters_off.retain(|off| *off != plugin);
        }
        if scores && Plugin::SCORING.contains(&plugin) {
            // Without a weight a plugin that is named counts once.
            let weight = wanted.weight.filter(|weight| *weight != 0).unwrap_or(1);
            match self.profile.weights.iter_mut().find(|(known, _)| *known == plugin) {
                Some((_, known)) => *known = weight,
                None => self.profile.weights.push((plugin, weight)),
            }
        }
    }

    fn arguments(&mut self, config: &PluginConfig) -> Result<(), serde_json::Error> {
        let args = if config.args.is_null() { Value::Object(Default::default()) } else { config.args.clone() };
        match config.name.as_str() {
            "NodeResourcesFit" => self.fit(serde_json::from_value(args)?),
            "NodeResourcesBalancedAllocation" => {
                let balance: BalanceArguments = serde_json::from_value(args)?;
                if !balance.resources.is_empty() {
                    self.profile.balanced = balance.resources.into_iter().map(|resource| resource.name).collect();
                }
            }
            "InterPodAffinity" => {
                let affinity: AffinityArguments = serde_json::from_value(args)?;
                self.profile.hard_pod_affinity_weight = affinity.hard_pod_affinity_weight.unwrap_or(1);
                self.profile.ignores_preferred_terms_of_others = affinity.ignore_preferred_terms_of_existing_pods;
            }
            "PodTopologySpread" => {
                let spread: SpreadArguments = serde_json::from_value(args)?;
                if spread.defaulting_type == "List" || !spread.default_constraints.is_empty() {
                    let list = spread.default_constraints.into_iter().map(constraint).collect();
                    self.profile.default_spread = DefaultSpread::List(list);
                }
            }
            other => self.ignored.push(format!("arguments of {other}")),
        }
        Ok(())
    }

    fn fit(&mut self, fit: FitArguments) {
        if !fit.ignored_resources.is_empty() || !fit.ignored_resource_groups.is_empty() {
            self.ignored.push("resources that NodeResourcesFit ignores".to_owned());
        }
        let Some(strategy) = fit.scoring_strategy else { return };
        let points = strategy.requested_to_capacity_ratio.shape.iter().map(|point| (point.utilization, point.score));
        self.profile.strategy.kind = match strategy.kind.as_str() {
            "MostAllocated" => StrategyKind::MostAllocated,
            "RequestedToCapacityRatio" => StrategyKind::RequestedToCapacityRatio(points.collect()),
            _ => StrategyKind::LeastAllocated,
        };
        if !strategy.resources.is_empty() {
            let weighed = |resource: ResourceWire| (resource.name, resource.weight.unwrap_or(1));
            self.profile.strategy.resources = strategy.resources.into_iter().map(weighed).collect();
        }
    }
}

fn constraint(wire: ConstraintWire) -> TopologySpread {
    TopologySpread {
        max_skew: wire.max_skew.unwrap_or(1),
        topology_key: wire.topology_key,
        hard: wire.when_unsatisfiable == "DoNotSchedule",
        ..TopologySpread::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(profile: &str) -> ConfiguredProfile {
        let text = format!(
            "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\npercentageOfNodesToScore: 30\nprofiles:\n- {profile}"
        );
        parse("scheduler.yaml", &text, KubernetesVersion::V1_34).unwrap()
    }

    #[test]
    fn weights_and_plugins_that_are_off() {
        let read = read(
            "plugins:
    multiPoint: {disabled: [{name: ImageLocality}, {name: DefaultBinder}]}
    filter: {disabled: [{name: NodePorts}]}
    score: {enabled: [{name: NodeResourcesFit, weight: 9}, {name: Coscheduling, weight: 2}]}",
        );
        assert_eq!(read.profile.percentage_of_nodes, Some(30));
        assert_eq!(read.profile.filters_off, [Plugin::NodePorts]);
        assert_eq!(read.profile.weight(Plugin::NodeResourcesFit), 9);
        assert_eq!(read.profile.weight(Plugin::ImageLocality), 0);
        assert_eq!(read.profile.weight(Plugin::TaintToleration), 3);
        assert_eq!(read.ignored, ["plugin DefaultBinder, switched off", "plugin Coscheduling"]);
    }

    #[test]
    fn arguments_of_plugins() {
        let read = read(
            "pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: RequestedToCapacityRatio
        resources: [{name: cpu, weight: 3}, {name: nvidia.com/gpu, weight: 5}]
        requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
  - name: InterPodAffinity
    args: {hardPodAffinityWeight: 7}
  - name: PodTopologySpread
    args: {defaultingType: List, defaultConstraints: [{maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}
  - name: NodeAffinity
    args: {}",
        );
        let profile = read.profile;
        assert_eq!(profile.strategy.kind, StrategyKind::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]));
        assert_eq!(profile.strategy.resources, [("cpu".to_owned(), 3), ("nvidia.com/gpu".to_owned(), 5)]);
        assert_eq!(profile.hard_pod_affinity_weight, 7);
        let DefaultSpread::List(list) = profile.default_spread else { panic!("a list") };
        assert_eq!((list.len(), list[0].max_skew, list[0].hard), (1, 2, true));
        assert_eq!(read.ignored, ["arguments of NodeAffinity"]);
    }

    #[test]
    fn what_is_no_configuration_is_said() {
        for (text, expected) in [
            ("kind: Pod", "an object of kind \"Pod\""),
            ("[1, 2]", "scheduler.yaml: found"),
            ("kind: KubeSchedulerConfiguration\nprofiles: 3", "scheduler.yaml: found invalid type"),
            ("a: [", "broken YAML"),
        ] {
            let error = parse("scheduler.yaml", text, KubernetesVersion::V1_34).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
