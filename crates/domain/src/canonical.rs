//! Canonical JSON: one text for one value, whatever order its members came in. What is sealed or compared is this text.

use serde_json::Value;

/// The value with the members of each object in the order of their names, without white space.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            separated(text, ('[', ']'), items.iter(), write);
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            separated(text, ('{', '}'), sorted.into_iter(), |(name, value), text| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(value, text);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

fn separated<T>(text: &mut String, (open, close): (char, char), items: impl Iterator<Item = T>, write: impl Fn(T, &mut String)) {
    text.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_stand_in_the_order_of_their_names_at_every_depth() {
        let value = json!({"b": [{"z": 1, "a": "\"x\""}], "a": null, "c": {"y": true, "x": 1.5}});
        assert_eq!(canonical(&value), r#"{"a":null,"b":[{"a":"\"x\"","z":1}],"c":{"x":1.5,"y":true}}"#);
    }
}
