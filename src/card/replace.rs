//! A card with other figures.

use super::{CardError, ModelCard};
use crate::model::{
    Coefficient, CoefficientSet, IstiodCpu, IstiodLimits, IstiodMemory, IstiodWork, ProxyCpu, ProxyLatency,
    ProxyMemory, Ztunnel,
};

impl ModelCard {
    /// The same card with these coefficients in the place of its own of the same names; a name it does not have
    /// changes nothing.
    ///
    /// # Errors
    /// [`CardError::Coefficient`] for a figure out of its domain.
    pub fn with_coefficients(&self, replacements: &[Coefficient]) -> Result<Self, CardError> {
        let replaced = |own: &str| replacements.iter().find(|one: &&Coefficient| one.name == own).cloned();
        let all: Vec<Coefficient> =
            self.coefficients().into_iter().map(|own| replaced(&own.name).unwrap_or_else(|| own.clone())).collect();
        let section = |name: &str| CoefficientSet::of(name, &all);
        let istiod_cpu = IstiodCpu::new(section("istiod_cpu"))?;
        Ok(Self {
            proxy_memory: ProxyMemory::new(section("proxy_memory"))?,
            proxy_cpu: ProxyCpu::new(section("proxy_cpu"))?,
            proxy_latency: ProxyLatency::new(section("proxy_latency"))?,
            istiod_memory: IstiodMemory::new(section("istiod_memory"))?,
            istiod_work: IstiodWork::new(section("istiod_work"), &istiod_cpu)?,
            istiod_limits: IstiodLimits::new(section("istiod_limits"))?,
            istiod_cpu,
            ztunnel: Ztunnel::new(section("ztunnel_memory"), section("ztunnel_cpu"))?,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::card::TEST_CARD;

    #[test]
    fn a_card_with_its_own_coefficients_is_itself() {
        let own: Vec<_> = TEST_CARD.coefficients().into_iter().cloned().collect();
        let same = TEST_CARD.with_coefficients(&own).unwrap();
        for (before, after) in own.iter().zip(same.coefficients()) {
            assert!((before.value - after.value).abs() <= 1e-12 * before.value, "{}", before.name);
            assert_eq!((&before.name, before.measure, before.domain), (&after.name, after.measure, after.domain));
        }
    }

    #[test]
    fn what_is_replaced_is_used_and_checked() {
        let mut base = TEST_CARD.coefficients()[0].clone();
        (base.lower, base.value, base.upper) = (1e6, 2e6, 3e6);
        let other = TEST_CARD.with_coefficients(std::slice::from_ref(&base)).unwrap();
        assert_eq!(other.coefficients()[0].value, 2e6);
        base.lower = 5e6;
        assert!(TEST_CARD.with_coefficients(&[base]).is_err());
    }
}
