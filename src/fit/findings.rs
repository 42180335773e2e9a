//! What a fit may notice about its data.

use crate::finding::{FindingKind, Severity};

/// A figure or a condition is not a number, or not above zero.
pub const MEASUREMENT_UNUSABLE: FindingKind = FindingKind {
    id: "measurement-unusable",
    severity: Severity::Warning,
    meaning: "a measured figure is not a number above zero, or a condition it was measured under is not a number of at least zero",
    why: "no law can be fitted to it, so the row is left out",
    remedy: "look at how the figure was taken; leave out runs in which the process was not running",
};

/// A measurement is far from all others.
pub const MEASUREMENT_OUTLIER: FindingKind = FindingKind {
    id: "measurement-outlier",
    severity: Severity::Warning,
    meaning: "a measurement lies far from what the law fitted to all of them predicts",
    why: "it counts little in the fit; if it is right, the law or its inputs miss something",
    remedy: "check the counts and the figure of that row; measure it again, or leave it out",
};

/// Nothing in the data tells a coefficient.
pub const COEFFICIENT_NOT_VARIED: FindingKind = FindingKind {
    id: "coefficient-not-varied",
    severity: Severity::Info,
    meaning: "the rows do not vary what a coefficient depends on",
    why: "it stays as the extended card has it, with the source it has there",
    remedy: "measure at least three runs that differ in it, if it matters to you",
};

/// Two coefficients cannot be told apart.
pub const COEFFICIENTS_COLLINEAR: FindingKind = FindingKind {
    id: "coefficients-collinear",
    severity: Severity::Warning,
    meaning: "what a coefficient depends on is constant or changes in step with something else in every row",
    why: "only their sum is known: the larger one is fitted and the other stays as the extended card has it",
    remedy: "vary one while the other stays, e.g. clusters without as many virtual hosts",
};

/// A coefficient ended at the end of what it may be.
pub const COEFFICIENT_AT_BOUND: FindingKind = FindingKind {
    id: "coefficient-at-bound",
    severity: Severity::Info,
    meaning: "the rows would have a coefficient lower or higher than it can be, such as a cost below zero",
    why: "noise, or something that saves where the law says it costs",
    remedy: "repeat the runs that vary it; its interval says how far it may be from there",
};

/// All rows are of one group.
pub const ONE_ENVIRONMENT: FindingKind = FindingKind {
    id: "one-environment",
    severity: Severity::Info,
    meaning: "all rows are of one group, so that no group can be left out to see how it is predicted",
    why: "intervals hold for that environment; the same load differs by half and more between machines",
    remedy: "add measurements of a second version or environment, as a group of its own",
};

/// A quantity has too few load points.
pub const QUANTITY_WITHHELD: FindingKind = FindingKind {
    id: "quantity-withheld",
    severity: Severity::Warning,
    meaning: "a quantity has fewer load points than its coefficients need",
    why: "a fit through so few would describe them and predict nothing, so the extended card's figures stay",
    remedy: "measure at more load points; the message says how many are needed",
};

/// No spread is wide enough.
pub const SPREAD_CLIPPED: FindingKind = FindingKind {
    id: "spread-too-wide",
    severity: Severity::Warning,
    meaning: "left-out rows miss their prediction by more than the largest spread a law can have, 100 %",
    why: "intervals of the card hold fewer than nine in ten of such rows",
    remedy: "fit groups that have little in common to cards of their own",
};

/// Kinds of findings raised by fits.
pub const FINDINGS: &[&FindingKind] = &[
    &MEASUREMENT_UNUSABLE,
    &MEASUREMENT_OUTLIER,
    &COEFFICIENT_NOT_VARIED,
    &COEFFICIENTS_COLLINEAR,
    &COEFFICIENT_AT_BOUND,
    &ONE_ENVIRONMENT,
    &QUANTITY_WITHHELD,
    &SPREAD_CLIPPED,
];
