//! JSON as it comes in: strictly. A duplicate member, or nesting beyond the limit, is refused before anything is made of it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::problem::{Code, Problem};

/// Reads a body that is nested no deeper than so many levels.
///
/// # Errors
/// [`Code::JsonTooDeep`] or [`Code::MalformedJson`].
pub fn parse(bytes: &[u8], deepest: u32) -> Result<Value, Problem> {
    let too_deep = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value =
        Strict { levels: deepest, too_deep: &too_deep }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        if too_deep.get() {
            return Problem::new(Code::JsonTooDeep).detail(format!("At most {deepest} levels"));
        }
        Problem::new(Code::MalformedJson).detail(format!("At line {}, column {}", error.line(), error.column()))
    })
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    /// How many more may be opened.
    levels: u32,
    too_deep: &'a Cell<bool>,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let Some(levels) = self.levels.checked_sub(1) else {
            self.too_deep.set(true);
            return Err(E::custom("nested too deeply"));
        };
        Ok(Self { levels, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(text: &str) -> Code {
        parse(text.as_bytes(), 32).unwrap_err().code()
    }

    #[test]
    fn what_is_json_is_read_as_it_stands() {
        assert_eq!(parse(br#" {"a":[1,-2,1.5,"x",null,true]} "#, 32), Ok(json!({"a": [1, -2, 1.5, "x", null, true]})));
    }

    #[test]
    fn what_is_not_is_refused() {
        for text in ["", "{", "{} x", "nul", "{\"a\":1,\"a\":2}", "[1,]", "1e400", "NaN", "\u{feff}{}", "\"\\ud800\""] {
            assert_eq!(code(text), Code::MalformedJson, "{text}");
        }
        assert_eq!(parse(&[b'"', 0xff, b'"'], 32).unwrap_err().code(), Code::MalformedJson);
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(32).as_bytes(), 32).is_ok());
        assert_eq!(code(&nested(33)), Code::JsonTooDeep);
        assert_eq!(code(&"[".repeat(1_000_000)), Code::JsonTooDeep);
    }
}
