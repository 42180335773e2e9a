//! What if: a cluster as planned, changed one way or another, and what holds then, side by side.
//!
//! A scenario is a list of steps. *Changes* are pure functions from inventory and policy to another inventory and
//! policy; the plan is made anew with them. *Losses* take nodes from the cluster as planned once everything in it
//! has its place. A *question* searches: how many, which, by which factor. Pods are placed by
//! [`crate::scheduler`]; ties go to the first node, so that rows differ by what differs in the scenario alone.

mod add_nodes;
mod ambient;
mod answer;
mod autoscalers;
mod case;
mod catalogue;
mod check;
mod consolidate;
mod course;
mod demand;
mod enrol;
mod enrol_in_turn;
mod fit_more;
mod growth;
mod known;
mod lose;
mod lose_each;
mod matrix;
mod placed;
mod row;
mod scale;
mod shapes;
mod standing;
mod traffic;

pub use add_nodes::with_nodes;
pub use answer::{Answer, EnrolStep, Loss, NamedCourse, ShapeAnswer};
pub use catalogue::catalogue;
pub use check::{Check, CheckKind};
pub use known::Unknown;
pub use matrix::{Matrix, Situation, matrix};
pub use placed::without_nodes;
pub use row::Row;
pub use standing::Standing;
