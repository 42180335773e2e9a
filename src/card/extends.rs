//! Cards that say only how they differ from another.

use serde::de::DeserializeOwned;
use toml::Table;
use toml::Value;

use super::{CardError, embedded};

/// Key that names the card to start from.
const KEY: &str = "extends";
/// Most cards in a row; those embedded extend nothing or each other, so a longer row is a circle.
const LONGEST: usize = 8;

/// What a card extends, where that is no embedded card but a file beside it.
///
/// # Errors
/// [`CardError`] for text that is no TOML.
pub fn file_extended(text: &str) -> Result<Option<String>, CardError> {
    let table: Table = toml::from_str(text).map_err(|error: toml::de::Error| CardError::Syntax(error.to_string()))?;
    let named = table.get(KEY).and_then(Value::as_str);
    Ok(named.filter(|name| embedded_text(name).is_none()).map(str::to_owned))
}

/// Reads a card; where it extends another, coefficient by coefficient in its place. The texts are those of the card
/// and of the files it extends, each extending the next; the last extends an embedded card or nothing.
///
/// # Errors
/// [`CardError`] for text that is no card, for a base that is not there, and for cards that extend each other.
pub(super) fn read<T: DeserializeOwned>(texts: &[&str]) -> Result<T, CardError> {
    let syntax = |error: toml::de::Error| CardError::Syntax(error.to_string());
    let text = texts.first().copied().unwrap_or_default();
    // Without a base the text itself is read: its errors then name line and column.
    let mut table: Table = toml::from_str(text).map_err(syntax)?;
    if !table.contains_key(KEY) {
        return toml::from_str(text).map_err(syntax);
    }
    let mut files = texts.iter().skip(1);
    for _ in 0..texts.len() + LONGEST {
        let Some(base) = table.remove(KEY) else {
            return Value::Table(table).try_into().map_err(syntax);
        };
        let text = match files.next() {
            Some(file) => file,
            None => base.as_str().and_then(embedded_text).ok_or_else(|| {
                let known: Vec<&str> = embedded().iter().map(|(name, _)| *name).collect();
                let expected = format!("the name of an embedded card: {}; or a file beside the card", known.join(", "));
                let found = base.as_str().map_or_else(|| base.to_string(), str::to_owned);
                CardError::Field { field: KEY.to_owned(), found, expected }
            })?,
        };
        let mut whole: Table = toml::from_str(text).map_err(syntax)?;
        merge(&mut whole, table);
        table = whole;
    }
    let expected = "a card that does not come back to itself".to_owned();
    Err(CardError::Field { field: KEY.to_owned(), found: format!("a row of {LONGEST} cards"), expected })
}

fn embedded_text(name: &str) -> Option<&'static str> {
    embedded().iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
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
    fn a_card_may_extend_files() {
        let middle = OWN.replacen("name = \"ours\"", "name = \"theirs\"", 1).replace("= 2.0", "= 1.9");
        let own = "extends = \"theirs.toml\"\nname = \"mine\"\n";
        assert_eq!(super::file_extended(own).unwrap().as_deref(), Some("theirs.toml"));
        assert_eq!(super::file_extended(&middle).unwrap(), None);
        let card = ModelCard::from_layers(&[own, &middle]).unwrap();
        assert_eq!((card.name(), card.title(), card.istio()), ("mine", "Our cluster", "1.24"));
        assert_eq!(card.proxy_latency.coefficients()[0].value, 1.9);
        let error = ModelCard::from_toml(own).unwrap_err().to_string();
        assert!(error.contains("theirs.toml") && error.contains("or a file beside the card"), "{error}");
    }

    #[test]
    fn a_base_that_is_not_there_is_named() {
        for (from, to, expected) in [
            ("extends = \"istio-1.24\"", "extends = \"istio-0.1\"", "embedded card: envoy-1.40, generic, istio-1.24"),
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
