//! Which of Istio's standard metrics a proxy reports, and what their labels tell apart.

/// How each of Istio's standard metrics is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metrics {
    /// `istio_requests_total`.
    pub requests: Metric,
    /// `istio_request_duration_milliseconds`.
    pub duration: Metric,
    /// `istio_request_bytes`.
    pub request_size: Metric,
    /// `istio_response_bytes`.
    pub response_size: Metric,
    /// The four `istio_tcp_*` counters.
    pub tcp: Metric,
}

/// How one metric is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Whether it is reported at all.
    pub is_on: bool,
    /// Whether its labels tell outcomes apart: response code, response flags, gRPC status.
    pub outcome: bool,
    /// Whether its labels tell peers apart.
    pub peer: bool,
}

impl Metric {
    /// With all labels.
    pub const FULL: Self = Self { is_on: true, outcome: true, peer: true };
    /// Not reported.
    pub const OFF: Self = Self { is_on: false, ..Self::FULL };

    /// Sets of labels met with so many peers, of which each alone would make `sets`.
    pub(super) fn label_sets(self, peers: f64, sets: f64) -> f64 {
        let told_apart = if self.peer { peers } else { peers.min(1.0) };
        let each = if self.outcome { sets } else { 1.0 };
        if self.is_on { told_apart * each } else { 0.0 }
    }
}

impl Metrics {
    /// As Istio ships.
    pub const ALL: Self = Self::of(Metric::FULL);
    /// None at all.
    pub const NONE: Self = Self::of(Metric::OFF);

    const fn of(metric: Metric) -> Self {
        Self { requests: metric, duration: metric, request_size: metric, response_size: metric, tcp: metric }
    }

    /// Whether anything is reported.
    #[must_use]
    pub fn any(self) -> bool {
        let Self { requests, duration, request_size, response_size, tcp } = self;
        [requests, duration, request_size, response_size, tcp].iter().any(|it| it.is_on)
    }

    /// The same, each metric changed.
    #[must_use]
    pub fn each(self, change: impl Fn(Metric) -> Metric) -> Self {
        Self {
            requests: change(self.requests),
            duration: change(self.duration),
            request_size: change(self.request_size),
            response_size: change(self.response_size),
            tcp: change(self.tcp),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::ALL
    }
}
