//! JSON with each value on one line, if it fits.

use serde_json::Value;

/// A value as text with lines of at most `width` columns, where possible.
pub(super) fn compact(value: &Value, width: usize) -> String {
    let line = inline(value);
    if line.len() <= width {
        return line;
    }
    let inner = |value: &Value| compact(value, width.saturating_sub(2)).replace('\n', "\n  ");
    match value {
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| format!("  {}", inner(item))).collect();
            format!("[\n{}\n]", items.join(",\n"))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("  {key}: {}", inner(value)));
            format!("{{\n{}\n}}", entries.collect::<Vec<_>>().join(",\n"))
        }
        _ => line,
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) if map.len() == 2 && map.contains_key("line") => {
            format!("{}:{}", map["line"], map["character"])
        }
        Value::Object(map) if map.len() == 2 && map.contains_key("start") => {
            format!("{}-{}", inline(&map["start"]), inline(&map["end"]))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
