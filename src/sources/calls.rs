//! Who calls whom, as a table of two columns.

use std::path::Path;

use super::InputError;
use super::open;
use crate::inventory::objects::{Call, ObjectName};

/// Most calls read; the largest published call graphs have some ten thousand services.
const MOST_CALLS: usize = 5_000_000;

/// Reads calls: lines of `from,to` under a header, each `namespace/name`; a `to` without a namespace is a
/// host outside.
///
/// # Errors
/// [`InputError`] when the file cannot be read, has no such header, or a line has no two names.
pub fn read_calls(path: &Path) -> Result<Vec<Call>, InputError> {
    let text = open::text(path)?;
    let name = path.display().to_string();
    parse(&name, &text)
}

fn parse(name: &str, text: &str) -> Result<Vec<Call>, InputError> {
    const EXPECTED: &str = "a table with the header from,to and lines such as shop/cart,shop/redis";
    let mut lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate();
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
    let header = lines.find(|(_, line)| is_content(line));
    let columns: Vec<String> =
        header.map(|(_, line)| line.split(',').map(cell).map(str::to_ascii_lowercase).collect()).unwrap_or_default();
    let column = |wanted: &str| columns.iter().position(|name| name == wanted);
    let (Some(from), Some(to)) = (column("from"), column("to")) else {
        let found = format!("the header {:?}", columns.join(","));
        return Err(InputError::new(name, found, EXPECTED, "name the columns from and to"));
    };
    let mut calls = Vec::new();
    for (number, line) in lines.filter(|(_, line)| is_content(line)) {
        let cells: Vec<&str> = line.split(',').map(cell).collect();
        let named = |index: usize| cells.get(index).copied().filter(|cell| !cell.is_empty());
        let caller = named(from).and_then(|from| from.split_once('/'));
        let (Some((namespace, caller)), Some(callee)) = (caller, named(to)) else {
            let place = format!("{name}:{}", number + 1);
            let shown: String = line.chars().take(80).collect();
            return Err(InputError::new(place, format!("{shown:?}"), EXPECTED, "write both names in full"));
        };
        let (of, callee) = callee.split_once('/').unwrap_or(("", callee));
        calls.push(Call { from: ObjectName::new(namespace, caller), to: ObjectName::new(of, callee) });
        if calls.len() > MOST_CALLS {
            let found = format!("more than {MOST_CALLS} calls");
            return Err(InputError::new(name, found, "a call graph", "give each pair of names once"));
        }
    }
    Ok(calls)
}

fn cell(text: &str) -> &str {
    text.trim().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let read = parse("calls.csv", text);
        let shown = match read {
            Ok(calls) => calls.iter().map(|it| format!("{} > {}", it.from, it.to)).collect::<Vec<_>>().join("; "),
            Err(error) => error.to_string(),
        };
        assert!(shown.contains(expected), "{expected:?} in {shown:?}");
    }

    #[test]
    fn calls_are_named_in_full() {
        check("from,to\nshop/cart,shop/redis\n", "shop/cart > shop/redis");
        check("# who calls whom\nto,from,rps\n\"api.example.com\",shop/cart,5\n", "shop/cart > api.example.com");
        check("\u{feff}From,To\r\na/b,c/d\r\n\r\n", "a/b > c/d");
        check("from,to\n", "");
        check("source,target\na/b,c/d\n", "the header \"source,target\"");
        check("from,to\na/b,c/d\ncart,c/d\n", "calls.csv:3");
        check("from,to\na/b\n", "calls.csv:2");
        check("", "the header \"\"");
    }
}
