//! What a question found.

use super::check::{Check, CheckKind};
use crate::course::Course;
use crate::model::Convergent;
use crate::units::{MoneyPerHour, Share};

/// What was asked, answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Further pods of a workload that fit.
    FitMore {
        /// The workload.
        workload: String,
        /// How many.
        pods: u64,
        /// What keeps the next one out.
        binding: String,
    },
    /// Shapes of nodes that take what has no place, cheapest first; those that cannot come last.
    Shapes {
        /// Pods that need a place.
        pods: u64,
        /// The shapes.
        shapes: Vec<ShapeAnswer>,
    },
    /// What each loss does, worst first.
    Losses(Vec<Loss>),
    /// How far traffic can grow.
    Growth {
        /// The largest factor at which every check holds that holds at 1; `None` where some traffic is too much already.
        factor: Option<f64>,
        /// What fails first beyond it; none up to the largest factor tried.
        breaks: Vec<Check>,
    },
    /// What each namespace does on top of those before it.
    Enrolment(Vec<EnrolStep>),
    /// Nodes that can go together.
    Removable(Vec<String>),
    /// What takes time, and how it goes.
    Courses(Vec<NamedCourse>),
}

/// A course over time.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedCourse {
    /// `drain`, `rollout`, `restart`, `upgrade` or `way back`.
    pub name: &'static str,
    /// How it goes.
    pub course: Course,
    /// Until the proxies of its largest wave are connected and configured; `None` where none has a proxy.
    pub connected: Option<Convergent>,
}

/// One shape of node.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeAnswer {
    /// Its name.
    pub shape: String,
    /// How many are needed.
    pub nodes: u64,
    /// No packing of these pods on this shape uses fewer, spare nodes aside.
    pub at_least: u64,
    /// Price of all of them.
    pub price: MoneyPerHour,
    /// Pods that fit on none of them.
    pub impossible: u64,
    /// What their DaemonSet pods take of each: the larger of CPU and memory as a share.
    pub daemon_share: Share,
}

/// What the loss of a node or zone does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What is lost.
    pub member: String,
    /// Pods that have to move.
    pub moved: u64,
    /// Pods that find no other place.
    pub unplaced: u64,
    /// Why the first of them finds none; empty where all do.
    pub reason: String,
}

/// A namespace that joins the mesh after others.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrolStep {
    /// The namespace.
    pub namespace: String,
    /// Pods of it.
    pub pods: u64,
    /// Pods without a node once it has joined.
    pub unplaced: u64,
    /// Share of CPU that is then free.
    pub cpu_headroom: f64,
    /// Share of memory that is then free.
    pub memory_headroom: f64,
    /// What is then missed and was met before any joined.
    pub missed: Vec<CheckKind>,
}
