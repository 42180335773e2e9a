//! NodePorts: a port of the node is claimed once.
//!
//! Ports clash by number, protocol and address; `0.0.0.0` is every address. Source: `plugins/nodeports`.

use super::super::Reason;
use super::super::class::Class;
use super::super::state::State;

/// Refuses nodes where a port is taken.
pub(in super::super) fn filter(state: &State<'_>, class: &Class<'_>, node: usize) -> Option<Reason> {
    if class.ports.is_empty() {
        return None;
    }
    let taken = class.ports.iter().find(|port| state.ports[node].iter().any(|other| other.clashes(port)));
    taken.map(|port| Reason::Port(port.port, port.protocol))
}
