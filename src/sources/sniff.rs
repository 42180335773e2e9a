//! What a file is, by its first bytes; names and extensions are not asked.

use super::{prometheus, table, top};

/// What a file seems to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// gzip.
    Gzip,
    /// A tar archive.
    Tar,
    /// JSON of some kind.
    Json,
    /// YAML with Kubernetes' members, or only comments.
    Yaml,
    /// Text in columns whose header names an inventory, with its separator.
    Csv(u8),
    /// An answer of the Prometheus API.
    Prometheus,
    /// What `kubectl top pods` prints.
    Top,
    /// Parquet.
    Parquet,
    /// No inventory; the text says what it looks like.
    Other(String),
}

/// Bytes to look at; enough for a licence comment before the first line that tells.
pub(super) const PREFIX: usize = 16 * 1024;

/// Recognises the content that begins with `prefix`, and the lines of messages that stand before it:
/// `2>&1` sends warnings of kubectl the same way as its objects.
pub(super) fn sniff_past_messages(prefix: &[u8]) -> (&[u8], Content) {
    let end = prefix
        .split_inclusive(|&byte| byte == b'\n')
        .take_while(|line| line.ends_with(b"\n") && (is_message(line) || line.trim_ascii().is_empty()))
        .map(<[u8]>::len)
        .sum();
    let (messages, rest) = prefix.split_at_checked(end).unwrap_or((&[], prefix));
    if messages.trim_ascii().is_empty() {
        return (&[], sniff(prefix));
    }
    match sniff(rest) {
        found @ (Content::Json | Content::Yaml) if !rest.trim_ascii().is_empty() => (messages, found),
        _ => {
            let text = String::from_utf8_lossy(messages.trim_ascii());
            let line: String = text.lines().next().unwrap_or_default().chars().take(120).collect();
            (&[], Content::Other(format!("a message of a tool ({line})")))
        }
    }
}

/// Whether a line is something kubectl says to people.
fn is_message(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 6] = [
        b"Warning: ",
        b"error: ",
        b"Error from server",
        b"Unable to connect to the server",
        b"The connection to the server",
        b"No resources found",
    ];
    // A line of klog: W1123 06:35:40.123456    1234 warnings.go:70] …
    let is_klog = || match line.split_at_checked(5) {
        Some(([level, digits @ ..], [b' ', ..])) => {
            b"IWEF".contains(level) && digits.iter().all(u8::is_ascii_digit) && line.contains(&b']')
        }
        _ => false,
    };
    STARTS.iter().any(|start| line.starts_with(start)) || is_klog()
}

/// Recognises the content that begins with `prefix`.
fn sniff(prefix: &[u8]) -> Content {
    const TAR_MAGIC: std::ops::Range<usize> = 257..262;
    if prefix.starts_with(b"\x1f\x8b") {
        return Content::Gzip;
    }
    if prefix.get(TAR_MAGIC) == Some(b"ustar") {
        return Content::Tar;
    }
    if prefix.starts_with(b"PAR1") {
        return Content::Parquet;
    }
    if let Some(name) = foreign(prefix) {
        return Content::Other(name.to_owned());
    }
    let text = without_mark(prefix);
    match text.iter().position(|byte| !byte.is_ascii_whitespace()).and_then(|start| text.get(start..)) {
        None => Content::Other("an empty file".to_owned()),
        Some(text) if is_json(text) && prometheus::recognise(&String::from_utf8_lossy(text)) => Content::Prometheus,
        Some(text) if is_json(text) => Content::Json,
        Some(_) => sniff_lines(&String::from_utf8_lossy(text)),
    }
}

/// The bytes without a UTF-8 byte order mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn foreign(prefix: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "a zip archive (unpack it first)"),
        (b"\x28\xb5\x2f\xfd", "a zstd file (unpack it first)"),
        (b"\xfd7zXZ", "an xz file (unpack it first)"),
        (b"BZh", "a bzip2 file (unpack it first)"),
        (b"\xff\xfe", "UTF-16 text, as PowerShell redirects it (save it as UTF-8)"),
        (b"\xfe\xff", "UTF-16 text (save it as UTF-8)"),
        (b"\x7fELF", "a program"),
        (b"\x89PNG", "a picture"),
    ];
    let known = MAGIC.iter().find(|(magic, _)| prefix.starts_with(magic)).map(|(_, name)| *name);
    known.or_else(|| prefix.contains(&0).then_some("binary data"))
}

fn is_json(text: &[u8]) -> bool {
    let mut bytes = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next(), bytes.next()) {
        (Some(b'{'), next) => matches!(next, None | Some(b'"' | b'}')),
        (Some(b'['), next) => matches!(next, None | Some(b'{' | b'[' | b']' | b'"')),
        _ => text.starts_with(b"==== START logs"),
    }
}

fn sniff_lines(text: &str) -> Content {
    // Values of Istio's charts have no kind.
    const MEMBERS: [&str; 5] = ["apiVersion:", "kind:", "items:", "metadata:", "meshConfig:"];
    let is_member = |line: &str| {
        let line = line.strip_prefix("---").map_or(line, str::trim_start);
        let line = line.strip_prefix("- ").unwrap_or(line).trim_start_matches(['"', '\'', '{']);
        MEMBERS.iter().any(|member| line.replacen(['"', '\''], "", 1).starts_with(member))
    };
    let is_comment = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with("---") || line.starts_with('%')
    };
    // The last line may be cut.
    let mut lines = text.lines();
    if lines.clone().any(is_member) || lines.clone().all(is_comment) {
        return Content::Yaml;
    }
    let first = lines.find(|line| !line.trim().is_empty()).unwrap_or_default();
    let lower = first.trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html"].iter().any(|tag| lower.starts_with(tag)) {
        return Content::Other("an HTML page".to_owned());
    }
    if lower.starts_with('<') {
        return Content::Other("XML".to_owned());
    }
    if top::recognise(first) {
        return Content::Top;
    }
    if is_printed_table(first) {
        return Content::Other("a table as kubectl prints it for people (add -o json)".to_owned());
    }
    if let Some((separator, cells)) = table::header(first) {
        return match table::is_inventory(&cells) {
            true => Content::Csv(separator),
            false => Content::Other(format!(
                "a table with the columns {} (a table of workloads has `name` and at least one of its other columns)",
                shortened(&cells)
            )),
        };
    }
    if text.contains("isEntrypoint:") || (text.contains("services:") && text.contains("script:")) {
        return Content::Other("an isotope service graph".to_owned());
    }
    let keys: Vec<String> = text.lines().filter_map(yaml_key).collect();
    Content::Other(if keys.is_empty() { "plain text".to_owned() } else { describe_keys(&keys) })
}

/// Whether a line is the header of `kubectl get`: words in capitals, wide apart.
fn is_printed_table(line: &str) -> bool {
    let is_header = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || "-()/%".contains(c));
    let mut words = line.split_whitespace();
    matches!(words.next(), Some("NAME" | "NAMESPACE")) && line.contains("  ") && words.all(is_header)
}

fn yaml_key(line: &str) -> Option<String> {
    let (key, rest) = line.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    (is_key && (rest.is_empty() || rest.starts_with(' '))).then(|| key.to_owned())
}

/// What an object with such members is.
pub(super) fn describe_keys(keys: &[String]) -> String {
    let has = |key: &str| keys.iter().any(|known| known == key);
    let known = [
        (has("configs") || has("config_dump"), "an Envoy config_dump"),
        (has("cluster_statuses"), "the output of Envoy's /clusters"),
        (has("workloads") && has("policies"), "a ztunnel config_dump"),
        (has("InstanceTypes") || (has("name") && has("offerings")), "a table of instance types"),
        (has("CPU") && has("RAM"), "a price table"),
        (has("DurationHistogram"), "a Fortio result"),
        (has("status") && has("data"), "an answer of the Prometheus API"),
        (has("services") && has("defaults"), "an isotope service graph"),
        (has("msg") || (has("level") && (has("time") || has("ts"))), "a log"),
        (has("apiVersion") && !has("kind"), "an object with an apiVersion but no kind"),
    ];
    match known.iter().find(|(matches, _)| *matches) {
        Some((_, name)) => (*name).to_owned(),
        None if keys.is_empty() => "an object without members".to_owned(),
        None => format!("an object with the members {}", shortened(keys)),
    }
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 6;
    const LONGEST: usize = 40;
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| name.chars().take(LONGEST).collect()).collect();
    if names.len() > SHOWN {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}
