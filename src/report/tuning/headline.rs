//! The answer: how much there is to do, and what it gives.

use super::super::document::{Headline, Tone};
use super::super::text;
use super::saved;
use crate::tuning::{Recommendation, Tuning};

/// What applying everything gives.
pub fn headline(tuning: &Tuning) -> Headline {
    let applied = tuning.recommendations.iter().filter(|it| it.is_applied()).count() as u64;
    let count = |is: fn(&Recommendation) -> bool| tuning.recommendations.iter().filter(|it| is(it)).count() as u64;
    let withheld = count(|it| it.withheld.is_some());
    let by_hand = count(Recommendation::is_by_hand);
    let dangers =
        tuning.recommendations.iter().filter(|it| it.is_applied() && it.risk.removes.is_some()).count() as u64;
    let mut advice = Vec::new();
    if by_hand > 0 {
        let end = if by_hand == 1 { "is" } else { "are" };
        let things = text::counted(by_hand, "recommendation", "recommendations");
        advice.push(format!("{things} {end} to be carried out by hand."));
    }
    if withheld > 0 {
        let end = if withheld == 1 { "is withheld, with its reason" } else { "are withheld, each with its reason" };
        advice.push(format!("{} {end}.", text::counted(withheld, "recommendation", "recommendations")));
    }
    if applied == 0 {
        let sentence = match by_hand {
            0 => "Nothing to change that is sure enough.",
            _ => "Nothing to apply that is sure enough.",
        };
        let sentence = sentence.to_owned();
        return Headline { badge: "as it is", tone: Tone::Good, sentence, advice };
    }
    let (before, after) = (&tuning.figures_before, &tuning.figures_after);
    if before.nodes_to_add != after.nodes_to_add {
        advice.push(format!(
            "Nodes to add go from {} to {}.",
            text::count(before.nodes_to_add),
            text::count(after.nodes_to_add)
        ));
    }
    for ((name, was), (_, is)) in before.dangers.by_name().into_iter().zip(after.dangers.by_name()) {
        if was != is {
            advice.push(format!("Of {name} there are {} instead of {}.", text::count(is), text::count(was)));
        }
    }
    if before.dangers.unguarded != after.dangers.unguarded {
        let (was, is) = (text::count(before.dangers.unguarded), text::count(after.dangers.unguarded));
        advice.push(format!("Of guards {is} are missing instead of {was}."));
    }
    let effect = saved(&tuning.saves).unwrap_or_else(|| "no change of requests".to_owned());
    let sentence = format!(
        "{} to apply, {} of them against a danger; together: {effect}.",
        text::counted(applied, "recommendation", "recommendations"),
        text::count(dangers),
    );
    let (badge, tone) = if dangers > 0 { ("act", Tone::Caution) } else { ("save", Tone::Good) };
    Headline { badge, tone, sentence, advice }
}

/// What one recommendation is about.
pub fn of_one(recommendation: &Recommendation) -> Headline {
    let effects = saved(&recommendation.saves);
    let saves = effects.is_some();
    let what = recommendation.settings.iter().filter(|setting| setting.changes()).map(|setting| {
        let today = setting.current.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        format!("{} {today} → {}", setting.name, setting.target)
    });
    let what: Vec<String> = what.collect();
    let (badge, tone) = match (&recommendation.withheld, &recommendation.risk.removes) {
        (Some(_), _) => ("withheld", Tone::Neutral),
        (None, Some(_)) => ("danger", Tone::Bad),
        (None, None) if recommendation.saves.guards > 0.0 => ("guards", Tone::Good),
        (None, None) if saves => ("saves", Tone::Good),
        (None, None) => ("sets", Tone::Neutral),
    };
    let sentence = format!("{}: {}.", recommendation.subject, what.join(", "));
    let advice = effects.map(|effects| format!("Simulated alone: {effects}.")).into_iter().collect();
    Headline { badge, tone, sentence, advice }
}
