//! What pods ask for and nodes offer.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use crate::units::{Bytes, Millicores};

/// Amounts of the resources the scheduler counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Resources {
    /// CPU.
    pub cpu: Millicores,
    /// Memory.
    pub memory: Bytes,
    /// Local ephemeral storage.
    pub ephemeral_storage: Bytes,
    /// Extended resources and huge pages by name, in their own unit (`nvidia.com/gpu`: pieces).
    pub extended: BTreeMap<String, u64>,
}

impl Resources {
    /// CPU and memory only.
    #[must_use]
    pub fn new(cpu: Millicores, memory: Bytes) -> Self {
        Self { cpu, memory, ..Self::default() }
    }

    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.cpu.is_zero()
            && self.memory.is_zero()
            && self.ephemeral_storage.is_zero()
            && self.extended.values().all(|&amount| amount == 0)
    }

    /// The larger amount of each resource.
    #[must_use]
    pub fn max(mut self, other: &Self) -> Self {
        self.cpu = self.cpu.max(other.cpu);
        self.memory = self.memory.max(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.max(other.ephemeral_storage);
        for (name, &amount) in &other.extended {
            let own = self.extended.entry(name.clone()).or_default();
            *own = (*own).max(amount);
        }
        self
    }

    /// What is left of each resource after taking `other`, never below zero.
    #[must_use]
    pub fn saturating_sub(mut self, other: &Self) -> Self {
        self.cpu = self.cpu.saturating_sub(other.cpu);
        self.memory = self.memory.saturating_sub(other.memory);
        self.ephemeral_storage = self.ephemeral_storage.saturating_sub(other.ephemeral_storage);
        for (name, &amount) in &other.extended {
            if let Some(own) = self.extended.get_mut(name) {
                *own = own.saturating_sub(amount);
            }
        }
        self
    }

    /// Whether this much fits into `free`: every resource asked for is available.
    #[must_use]
    pub fn fits_in(&self, free: &Self) -> bool {
        self.cpu <= free.cpu
            && self.memory <= free.memory
            && self.ephemeral_storage <= free.ephemeral_storage
            && self
                .extended
                .iter()
                .all(|(name, &amount)| amount == 0 || free.extended.get(name).is_some_and(|&have| amount <= have))
    }
}

impl AddAssign<&Resources> for Resources {
    fn add_assign(&mut self, other: &Resources) {
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.ephemeral_storage += other.ephemeral_storage;
        for (name, &amount) in &other.extended {
            let own = self.extended.entry(name.clone()).or_default();
            *own = own.saturating_add(amount);
        }
    }
}

impl Add<&Resources> for Resources {
    type Output = Resources;
    fn add(mut self, other: &Resources) -> Resources {
        self += other;
        self
    }
}

/// What a container asks for (requests) and may use at most (limits).
///
/// A resource that is not declared is absent, which is not the same as zero: an absent CPU request
/// with a limit means "request equals limit", an explicit 0 means "none".
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Requirements {
    /// Declared requests.
    pub requests: Declared,
    /// Declared limits.
    pub limits: Declared,
}

/// Declared amounts, each of them optional.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Declared {
    /// CPU, if declared.
    pub cpu: Option<Millicores>,
    /// Memory, if declared.
    pub memory: Option<Bytes>,
    /// Local ephemeral storage, if declared.
    pub ephemeral_storage: Option<Bytes>,
    /// Extended resources and huge pages by name.
    pub extended: BTreeMap<String, u64>,
}

impl Declared {
    /// CPU and memory only.
    #[must_use]
    pub fn new(cpu: Option<Millicores>, memory: Option<Bytes>) -> Self {
        Self { cpu, memory, ..Self::default() }
    }

    /// Whether nothing is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none() && self.ephemeral_storage.is_none() && self.extended.is_empty()
    }

    /// Every resource not declared here taken from `fallback`.
    #[must_use]
    pub fn or(&self, fallback: &Self) -> Self {
        let mut extended = fallback.extended.clone();
        extended.extend(self.extended.iter().map(|(name, &amount)| (name.clone(), amount)));
        Self {
            cpu: self.cpu.or(fallback.cpu),
            memory: self.memory.or(fallback.memory),
            ephemeral_storage: self.ephemeral_storage.or(fallback.ephemeral_storage),
            extended,
        }
    }

    /// As amounts, with what is not declared as zero.
    #[must_use]
    pub fn to_resources(&self) -> Resources {
        Resources {
            cpu: self.cpu.unwrap_or_default(),
            memory: self.memory.unwrap_or_default(),
            ephemeral_storage: self.ephemeral_storage.unwrap_or_default(),
            extended: self.extended.clone(),
        }
    }
}

impl Requirements {
    /// Requests as admission leaves them: where only a limit is declared, the request equals it.
    #[must_use]
    pub fn effective_requests(&self) -> Declared {
        self.requests.or(&self.limits)
    }
}
