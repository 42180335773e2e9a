//! What a sidecar does to an autoscaler that looks at the whole pod.
//!
//! **Law.** The utilization of a pod is `(U_a + U_p) / (R_a + R_p)`: use and request of application and proxy added up.
//! Where the proxy uses `κ = U_p / U_a` of what the application does, an application at `T` of its request makes a pod at
//! `T' = T · R_a · (1 + κ) / (R_a + R_p)`; a target `T` of the pod therefore lets the application come to
//! `T · (R_a + R_p) / (R_a · (1 + κ))` of its request before a replica is added. Replicas for a use are
//! `⌈U / (T · R)⌉`, with both of the pod or both of the application.
//!
//! **Source.** Kubernetes, "Horizontal Pod Autoscaling" (utilization is the sum over containers; `ContainerResource` looks at
//! one), kubernetes/kubernetes#86349.
//!
//! **Assumptions.** Proxy and application use CPU in step.

use crate::units::{Cores, Ratio};

/// CPU of a pod's application and of its proxy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dilution {
    app_request: Cores,
    proxy_request: Cores,
    /// Use of the proxy over that of the application, at least 0.
    proxy_share: f64,
}

impl Dilution {
    /// From what both request and use; `None` where the application requests or uses nothing.
    #[must_use]
    pub fn new(requests: (Cores, Cores), used: (Cores, Cores)) -> Option<Self> {
        let (app_request, proxy_request) = requests;
        let proxy_share = used.1 / used.0;
        let is_sound = app_request > Cores::ZERO && proxy_request >= Cores::ZERO && used.0 > Cores::ZERO;
        (is_sound && proxy_share.is_finite() && proxy_share >= 0.0).then_some(Self {
            app_request,
            proxy_request,
            proxy_share,
        })
    }

    /// Target of the pod at which its application is at `target` of its own request.
    #[must_use]
    pub fn corrected(&self, target: Ratio) -> Ratio {
        target * (self.app_request * (1.0 + self.proxy_share) / (self.app_request + self.proxy_request))
    }

    /// What the application uses of its request when the pod is at `target`.
    #[must_use]
    pub fn effective(&self, target: Ratio) -> Ratio {
        target / self.corrected(Ratio::new(1.0)).as_number()
    }

    /// Replicas at a target of the pod when the applications of all together use so much.
    #[must_use]
    pub fn replicas(&self, app_used: Cores, target: Ratio) -> u64 {
        let each = self.app_request * self.effective(target).as_number();
        let count = app_used / each;
        if count.is_finite() { (count * (1.0 - 1e-9)).ceil().max(0.0) as u64 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pod(requests: (f64, f64), used: (f64, f64)) -> Option<Dilution> {
        let cores = |(app, proxy)| (Cores::from_millis(app), Cores::from_millis(proxy));
        Dilution::new(cores(requests), cores(used))
    }

    #[test]
    fn an_idle_sidecar_lets_the_application_run_over() {
        // 100m of application and 100m of an idle proxy: 80 % of the pod are 160 % of the application.
        let idle = pod((100.0, 100.0), (50.0, 0.0)).unwrap();
        assert!((idle.effective(Ratio::new(0.8)).as_number() - 1.6).abs() < 1e-9);
        assert!((idle.corrected(Ratio::new(0.8)).as_number() - 0.4).abs() < 1e-9);
        assert_eq!(idle.replicas(Cores::from_millis(800.0), Ratio::new(0.8)), 5);
        assert_eq!(idle.replicas(Cores::from_millis(800.0), Ratio::new(0.4)), 10);
    }

    #[test]
    fn a_busy_sidecar_scales_too_early() {
        // 500m and 100m, where the proxy uses half of what the application does: 80 % are 64 % of the application.
        let busy = pod((500.0, 100.0), (100.0, 50.0)).unwrap();
        assert!((busy.effective(Ratio::new(0.8)).as_number() - 0.64).abs() < 1e-9);
        assert_eq!(pod((0.0, 100.0), (1.0, 1.0)), None);
        assert_eq!(pod((100.0, 100.0), (0.0, 1.0)), None);
    }

    proptest! {
        #[test]
        fn correcting_and_taking_effect_undo_each_other(
            app in 1.0_f64..4000.0, proxy in 0.0_f64..2000.0, used in 1.0_f64..4000.0, share in 0.0_f64..3.0, target in 0.05_f64..1.5,
        ) {
            let pod = pod((app, proxy), (used, used * share)).unwrap();
            let back = pod.effective(pod.corrected(Ratio::new(target))).as_number();
            prop_assert!((back - target).abs() < 1e-9 * target.max(1.0), "{back}");
        }
    }
}
