//! Compares an answer with a documented sample: same fields or more, same JSON types, all the way down.

use serde_json::Value;

/// What differs, one sentence each, with the path to it.
pub fn differences(sample: &Value, real: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("$", sample, real, &mut found);
    found
}

fn compare(path: &str, sample: &Value, real: &Value, found: &mut Vec<String>) {
    match (sample, real) {
        (Value::Object(sample), Value::Object(real)) => {
            for (name, value) in sample {
                match real.get(name) {
                    Some(real) => compare(&format!("{path}.{name}"), value, real, found),
                    None => found.push(format!("{path}.{name} is missing")),
                }
            }
        }
        (Value::Array(sample), Value::Array(real)) => {
            let Some(first) = sample.first() else { return };
            if real.is_empty() {
                found.push(format!("{path} is empty: nothing to compare with"));
            }
            for (i, real) in real.iter().enumerate() {
                compare(&format!("{path}[{i}]"), sample.get(i).unwrap_or(first), real, found);
            }
        }
        // what the sample shows as null may hold a text or an object
        (Value::Null, Value::Null | Value::String(_) | Value::Object(_)) => {}
        _ if kind(sample) == kind(real) => {}
        _ => found.push(format!("{path} is {}, documented as {}", kind(real), kind(sample))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn more_is_right_and_less_or_other_is_wrong() {
        let sample = json!({ "a": 1, "b": [{ "c": "x" }], "d": null });
        assert!(
            differences(&sample, &json!({ "a": 2, "b": [{ "c": "y", "z": 1 }], "d": {}, "e": 0 })).is_empty()
        );
        let wrong = differences(&sample, &json!({ "a": "1", "b": [{}], "d": 5 }));
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }
}
