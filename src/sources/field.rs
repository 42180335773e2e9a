//! Which field a place in some JSON belongs to.

/// Path of the member at a line and column, both from 1: `spec.containers[0].resources`.
pub(super) fn field_at(json: &[u8], line: usize, column: usize) -> String {
    let line_start = match line {
        0 | 1 => 0,
        _ => memchr::memchr_iter(b'\n', json).nth(line - 2).map_or(json.len(), |newline| newline + 1),
    };
    let end = (line_start + column.saturating_sub(1)).min(json.len());
    path(json.get(..end).unwrap_or_default())
}

enum Level {
    Object(String),
    Array(u64),
}

fn path(before: &[u8]) -> String {
    let mut levels: Vec<Level> = Vec::new();
    let mut pos = 0;
    let mut at_key = false;
    while let Some(&byte) = before.get(pos) {
        pos += 1;
        match byte {
            b'{' => {
                levels.push(Level::Object(String::new()));
                at_key = true;
            }
            b'[' => levels.push(Level::Array(0)),
            b'}' | b']' => {
                levels.pop();
            }
            b',' => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                _ => at_key = true,
            },
            b'"' => {
                let start = pos;
                while let Some(&byte) = before.get(pos) {
                    pos += if byte == b'\\' { 2 } else { 1 };
                    if byte == b'"' {
                        break;
                    }
                }
                if let (true, Some(Level::Object(key))) = (at_key, levels.last_mut()) {
                    let text = before.get(start..pos.saturating_sub(1)).unwrap_or_default();
                    *key = String::from_utf8_lossy(text).into_owned();
                    at_key = false;
                }
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for level in &levels {
        match level {
            Level::Object(key) if key.is_empty() => {}
            Level::Object(key) if path.is_empty() => path.push_str(key),
            Level::Object(key) => {
                path.push('.');
                path.push_str(key);
            }
            Level::Array(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_member_under_the_cursor() {
        let json = br#"{"metadata":{"name":"a"},"spec":{"containers":[{},{"image":7}]}}"#;
        let column = 1 + json.iter().position(|&byte| byte == b'7').unwrap();
        assert_eq!(field_at(json, 1, column), "spec.containers[1].image");
        assert_eq!(field_at(b"{\n\"kind\": \"a\\\"b\",\n\"spec\": 1}", 3, 9), "spec");
        assert_eq!(field_at(b"", 9, 9), "");
    }
}
