//! What is wrong with istiod as it is, or will be.

use super::super::findings::{Cases, ISTIOD_BELOW_NEED, ISTIOD_SINGLE_REPLICA};
use super::super::{ControlPlane, Inputs, cpu_needed, memory_needed};
use super::findings::{ISTIOD_AUTOSCALER_FLAPS, ISTIOD_RECONNECT_SLOW, ISTIOD_SCALE_UP_SLOW, XDS_MESSAGE_LARGE};
use super::times::Event;
use super::{Operation, Room};
use crate::model::ControlPlaneLoad;
use crate::quantity::{print_bytes, print_cpu};
use crate::units::{Bytes, Millicores, Seconds};

/// Compares what is deployed with what is needed; the policy's floors are wishes, not needs.
pub(super) fn size(needed: &ControlPlane, inputs: &Inputs<'_>, share: &ControlPlaneLoad, cases: &mut Cases) {
    let Some((replicas, requests)) = &needed.deployed else { return };
    let sizing = &inputs.policy.sizing;
    let memory_needed = memory_needed(&needed.memory, sizing, Bytes::ZERO);
    let cpu_needed = cpu_needed(&inputs.card.istiod_cpu.pushing(1, share), sizing, Millicores::ZERO);
    let (memory, cpu) = (requests.memory.unwrap_or_default(), requests.cpu.unwrap_or_default());

    let mut shortfalls = Vec::new();
    if memory < memory_needed {
        shortfalls.push(format!("memory request {} below need {}", print_bytes(memory), print_bytes(memory_needed)));
    }
    if cpu < cpu_needed {
        shortfalls.push(format!("CPU request {} below need {}", print_cpu(cpu), print_cpu(cpu_needed)));
    }
    if *replicas < needed.replicas && *replicas != 1 {
        shortfalls.push(format!("{replicas} replicas, {} needed", needed.replicas));
    }
    let limit_needed = needed.memory_limit_needed();
    if let Some(limit) = needed.memory_limit.filter(|limit| *limit < limit_needed) {
        shortfalls.push(format!("memory limit {} below peak {}", print_bytes(limit), print_bytes(limit_needed)));
    }
    if !shortfalls.is_empty() {
        cases.add(&ISTIOD_BELOW_NEED, "", &"istiod", shortfalls.join(", "));
    }
    if *replicas == 1 {
        let detail = format!("1 replica serves {} proxies, {} needed", needed.proxies, needed.replicas);
        cases.add(&ISTIOD_SINGLE_REPLICA, "", &"istiod", detail);
    }
}

/// What is wrong with how it behaves.
pub(super) fn behaviour(operation: &Operation, inputs: &Inputs<'_>, cases: &mut Cases) {
    reconnect(operation, inputs.policy.control_plane.reconnect_within, cases);
    autoscaler(operation, cases);
    for message in operation.messages.iter().filter(|message| message.room != Room::Ample) {
        let standing = if message.room == Room::Above { "above" } else { "near" };
        let detail = format!(
            "{} of about {} in {} of its proxies and those like it, {standing} the limit of {}",
            message.kind,
            print_bytes(message.bytes),
            message.proxies_near,
            print_bytes(message.limit),
        );
        cases.add(&XDS_MESSAGE_LARGE, message.kind, &message.workload, detail);
    }
}

fn reconnect(operation: &Operation, within: Seconds, cases: &mut Cases) {
    let Some(restart) = operation.times.iter().find(|time| time.event == Event::Restart) else { return };
    if restart.time.value <= within {
        return;
    }
    let detail = format!(
        "{} proxies need {:.0} s to connect to {} of {} cores, {:.0} s wanted",
        restart.proxies,
        restart.time.value.as_seconds(),
        counted(operation.replicas),
        operation.runtime.cores,
        within.as_seconds(),
    );
    cases.add(&ISTIOD_RECONNECT_SLOW, "", &"istiod", detail);
}

fn autoscaler(operation: &Operation, cases: &mut Cases) {
    let Some(autoscaling) = &operation.autoscaling else { return };
    let (rest, push) = (autoscaling.at_rest, autoscaling.under_push);
    if push <= rest {
        return;
    }
    if autoscaling.flaps {
        let between = autoscaling.between_pushes.unwrap_or_default().as_seconds() / 60.0;
        let detail = format!("{rest} at rest, {push} under push, a full push every {between:.0} min on average");
        cases.add(&ISTIOD_AUTOSCALER_FLAPS, "", &"istiod", detail);
    }
    let detail = format!(
        "from {rest} to {push} replicas: a third of the connections has moved after {:.0} min",
        autoscaling.rebalanced_after.as_seconds() / 180.0
    );
    cases.add(&ISTIOD_SCALE_UP_SLOW, "", &"istiod", detail);
}

fn counted(replicas: u64) -> String {
    if replicas == 1 { "1 replica".to_owned() } else { format!("{replicas} replicas") }
}
