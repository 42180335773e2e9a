//! Who calls whom.

use super::ObjectName;

/// One workload calls another, or a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Namespace and name of the workload that calls.
    pub from: ObjectName,
    /// Namespace and name of the service, or of the workload behind it; without a namespace, a host outside.
    pub to: ObjectName,
}
