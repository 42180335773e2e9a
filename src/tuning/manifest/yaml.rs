//! YAML as a value of a ConfigMap has it: blocks of maps and lists.

use serde_json::Value;

/// A value as a YAML document, with a line break at its end.
pub(super) fn text(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => block(value, 0, &mut text),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut text),
        scalar => {
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
    text
}

/// Members or items, a line each; the first line is not indented, since it may stand behind a dash.
fn block(value: &Value, depth: usize, into: &mut String) {
    let indent = " ".repeat(depth);
    let mut is_first = true;
    let mut begin = |into: &mut String| {
        if !std::mem::take(&mut is_first) {
            into.push_str(&indent);
        }
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                begin(into);
                into.push_str(&plain_or_quoted(key));
                into.push(':');
                if is_block(value) {
                    into.push('\n');
                    into.push_str(&" ".repeat(depth + 2));
                    block(value, depth + 2, into);
                } else {
                    into.push(' ');
                    into.push_str(&flow(value));
                    into.push('\n');
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                begin(into);
                into.push_str("- ");
                if is_block(item) {
                    block(item, depth + 2, into);
                } else {
                    into.push_str(&flow(item));
                    into.push('\n');
                }
            }
        }
        _ => {}
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// What stands in one line. JSON is YAML as well.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => plain_or_quoted(text),
        other => other.to_string(),
    }
}

/// Text without quotes where nobody can take it for anything else.
fn plain_or_quoted(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    let may_mean_else = matches!(
        text.to_ascii_lowercase().as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
    );
    if is_word && !may_mean_else { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

#[cfg(all(test, feature = "sources"))]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn people_can_read_it() {
        let value = json!({"spec": {"replicas": 3, "containers": [{"name": "istio-proxy", "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}}}],
            "minAvailable": null, "empty": {}, "none": [], "args": ["on", "a b", "x"]}});
        let expected = "spec:\n  args:\n    - \"on\"\n    - \"a b\"\n    - x\n  containers:\n    - name: istio-proxy\n      resources:\n        requests:\n          cpu: \"250m\"\n          memory: \"1Gi\"\n  empty: {}\n  minAvailable: null\n  none: []\n  replicas: 3\n";
        assert_eq!(text(&value), expected);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            "[a-z0-9:#.-]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9:/# .-]{1,8}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_read_back_as_it_was(value in any_value()) {
            let back: Value = serde_saphyr::from_str(&text(&value)).unwrap();
            prop_assert_eq!(back, value);
        }
    }
}
