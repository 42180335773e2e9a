//! Cards that say only how they differ from another.

use serde::de::DeserializeOwned;
use toml::Table;
use toml::Value;

use super::{CardError, embedded};

/// Key that names the card to start from.
const KEY: &str = "extends";
/// Most cards in a row; those embedded extend nothing or each other, so a longer row is a circle.
const LONGEST: usize = 8;

/// Reads a card; where it extends another, coefficient by coefficient in its place.
///
/// # Errors
/// [`CardError`] for text that is no card, for a base that is not embedded, and for cards that extend each other.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, CardError> {
    let syntax = |error: toml::de::Error| CardError::Syntax(error.to_string());
    // Without a base the text itself is read: its errors then name line and column.
    let mut table: Table = toml::from_str(text).map_err(syntax)?;
    if !table.contains_key(KEY) {
        return toml::from_str(text).map_err(syntax);
    }
    for _ in 0..LONGEST {
        let Some(base) = table.remove(KEY) else {
            return Value::Table(table).try_into().map_err(syntax);
        };
        let base =
            base.as_str().and_then(|name| embedded().iter().find(|(known, _)| *known == name)).ok_or_else(|| {
                let known: Vec<&str> = embedded().iter().map(|(name, _)| *name).collect();
                let expected = format!("the name of an embedded card: {}", known.join(", "));
                CardError::Field { field: KEY.to_owned(), found: base.to_string(), expected }
            })?;
        let mut whole: Table = toml::from_str(base.1).map_err(syntax)?;
        merge(&mut whole, table);
        table = whole;
    }
    let expected = "a card that does not come back to itself".to_owned();
    Err(CardError::Field { field: KEY.to_owned(), found: format!("a row of {LONGEST} cards"), expected })
}

/// Puts what a table says in the place of what the base says; a coefficient is replaced as a whole.
fn merge(base: &mut Table, own: Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(own)) if !own.contains_key("value") => merge(section, own),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ModelCard;

    const OWN: &str = r#"extends = "istio-1.24"
name = "ours"
title = "Our cluster"
date = "2026-10-01"

[proxy_latency]
time_per_cpu = { value = 2.0, lower = 1.8, upper = 2.2, unit = "ratio", source = "s", date = "d", conditions = "c" }
"#;

    #[test]
    fn what_is_said_replaces_what_is_extended() {
        let (own, base) = (ModelCard::from_toml(OWN).unwrap(), ModelCard::named("istio-1.24").unwrap());
        assert_eq!((own.name(), own.istio()), ("ours", "1.24"));
        assert_eq!(own.proxy_memory, base.proxy_memory);
        let factor = |card: &ModelCard| card.proxy_latency.coefficients()[0].value;
        assert_eq!((factor(&own), factor(&base) < 2.0), (2.0, true));
    }

    #[test]
    fn a_base_that_is_not_there_is_named() {
        for (from, to, expected) in [
            ("extends = \"istio-1.24\"", "extends = \"istio-0.1\"", "embedded card: generic, istio-1.24"),
            ("extends = \"istio-1.24\"", "extends = 3", "extends is \"3\""),
            ("time_per_cpu", "time_per_cup", "proxy_latency.time_per_cup is not a coefficient"),
            ("upper = 2.2", "upper = 1.0", "proxy_latency.time_per_cpu has lower"),
            ("\"ratio\"", "\"cores\"", "proxy_latency.time_per_cpu has unit \"cores\": expected ratio"),
            ("source = \"s\", ", "", "missing field `source`"),
            ("[proxy_latency]", "[proxy_latncy]", "proxy_latncy"),
            ("time_per_cpu = ", "time_per_cpu = 1\ntime_per_cpu = ", "duplicate key"),
        ] {
            let error = ModelCard::from_toml(&OWN.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
