//! Each keyword of a schema, and what a client is told of it.

use super::*;
use crate::text::Text;
use proptest::prelude::*;
use serde_json::json;
use utoipa::PartialSchema;

fn told(schema: &Value, value: &Value) -> Vec<(String, FaultCode)> {
    let validator = options().build(schema).unwrap();
    faults(&validator, value, "#").into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn one(schema: &Value, value: &Value) -> Fault {
    let validator = options().build(schema).unwrap();
    let mut found = faults(&validator, value, "#/answers");
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn at(pointer: &str, code: FaultCode) -> (String, FaultCode) {
    (pointer.to_owned(), code)
}

#[test]
fn each_keyword_has_its_code_its_words_and_its_bound() {
    let cases = [
        (json!({"type": "string"}), json!(1)),
        (json!({"type": ["string", "null"]}), json!(1)),
        (json!({"enum": ["a", "b"]}), json!("c")),
        (json!({"const": "a"}), json!("c")),
        (json!({"minLength": 2}), json!("a")),
        (json!({"maxLength": 2}), json!("abc")),
        (json!({"minItems": 1}), json!([])),
        (json!({"maxItems": 1}), json!([1, 2])),
        (json!({"minProperties": 1}), json!({})),
        (json!({"maxProperties": 0}), json!({"a": 1})),
        (json!({"minimum": 5}), json!(4)),
        (json!({"maximum": 5.5}), json!(6)),
        (json!({"exclusiveMinimum": 5}), json!(5)),
        (json!({"exclusiveMaximum": 5}), json!(5)),
        (json!({"multipleOf": 5}), json!(4)),
        (json!({"uniqueItems": true}), json!([1, 1])),
        (json!({"pattern": "^a$"}), json!("b")),
        (json!({"format": "email"}), json!("b")),
        (json!({"format": "ipv4"}), json!("b")),
        (json!({"not": {"const": 1}}), json!(1)),
        (json!({"contains": {"const": 1}}), json!([2])),
        (json!({"propertyNames": {"maxLength": 1}}), json!({"ab": 1})),
        (json!({"oneOf": [{"type": "integer"}, {"minimum": 2}]}), json!(3)),
        (json!({"properties": {"a": false}}), json!({"a": 1})),
        (json!({"required": ["a"]}), json!({})),
        (json!({"dependentRequired": {"a": ["b"]}}), json!({"a": 1})),
        (json!({"additionalProperties": false}), json!({"a": 1})),
        (json!({"unevaluatedProperties": false}), json!({"a": 1})),
    ];
    let lines: Vec<String> = cases
        .into_iter()
        .map(|(schema, value)| {
            let fault = one(&schema, &value);
            let params = if fault.params.is_empty() { String::new() } else { Value::Object(fault.params).to_string() };
            format!("{schema} | {} | {} | {} | {params}", fault.pointer, fault.code, fault.detail)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn all_faults_are_told_each_at_its_place() {
    let schema = json!({
        "type": "object",
        "required": ["name", "items"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string"},
            "items": {"type": "array", "items": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}
        }
    });
    let value = json!({"items": [{"n": 1}, {}, {"n": "x"}], "extra": 1, "more/~": 2, "spa ce": 3, "ä": 4});
    assert_eq!(
        told(&schema, &value).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        [
            at("#/%C3%A4", FaultCode::UnknownField),
            at("#/extra", FaultCode::UnknownField),
            at("#/items/1/n", FaultCode::Required),
            at("#/items/2/n", FaultCode::InvalidType),
            at("#/more~1~0", FaultCode::UnknownField),
            at("#/name", FaultCode::Required),
            at("#/spa%20ce", FaultCode::UnknownField),
        ]
        .into()
    );
}

#[test]
fn a_place_has_one_fault_the_most_telling() {
    let schema = json!({"type": "string", "minLength": 3, "pattern": "^[a-z]+$", "format": "email"});
    assert_eq!(told(&schema, &json!("")), [at("#", FaultCode::TooShort)]);
    assert_eq!(told(&schema, &json!("abc def")), [at("#", FaultCode::InvalidFormat)]);
    assert_eq!(told(&schema, &json!(7)), [at("#", FaultCode::InvalidType)]);
}

#[test]
fn of_several_branches_the_faults_of_the_one_that_was_meant_are_told() {
    let x = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let optional = json!({"oneOf": [{"type": "null"}, x]});
    assert_eq!(told(&optional, &json!({"n": "x"})), [at("#/n", FaultCode::InvalidType)]);
    assert_eq!(one(&optional, &json!("x")).detail, "It must be of type object");
    assert_eq!(told(&optional, &json!(null)), []);

    let tagged = |tag: &str, member: &str| json!({"type": "object", "required": ["kind", member], "properties": {"kind": {"const": tag}, member: {"type": "string"}}});
    let union = json!({"anyOf": [tagged("on", "date"), tagged("at", "instant")]});
    assert_eq!(told(&union, &json!({"kind": "at"})), [at("#/instant", FaultCode::Required)]);
    assert_eq!(told(&union, &json!({"kind": "at", "instant": 1})), [at("#/instant", FaultCode::InvalidType)]);
    let nested = json!({"properties": {"when": union}});
    assert_eq!(told(&nested, &json!({"when": {"kind": "on"}})), [at("#/when/date", FaultCode::Required)]);
}

#[test]
fn a_member_that_is_known_but_wrong_is_not_called_unknown() {
    let base = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "deep": {"properties": {"n": {"type": "integer"}}}}});
    let schema = json!({"allOf": [base], "properties": {"own": {"type": "string"}}, "unevaluatedProperties": false});
    assert_eq!(told(&schema, &json!({"id": 1, "own": "a"})), [at("#/id", FaultCode::InvalidType)]);
    assert_eq!(told(&schema, &json!({"id": "a", "deep": {"n": "x"}})), [at("#/deep/n", FaultCode::InvalidType)]);
    assert_eq!(told(&schema, &json!({"id": "a", "other": 1})), [at("#/other", FaultCode::UnknownField)]);
}

#[test]
fn no_fault_repeats_what_was_sent_nor_is_there_an_end_of_them() {
    let secret = "correct horse battery staple";
    for schema in [json!({"type": "integer"}), json!({"enum": ["a"]}), json!({"maxLength": 3}), json!({"format": "date"})] {
        let fault = one(&schema, &json!(secret));
        assert!(!serde_json::to_string(&fault).unwrap().contains(secret));
    }
    let many: Vec<_> = (0..500).collect();
    assert_eq!(told(&json!({"items": {"type": "string"}}), &json!(many)).len(), FAULTS_MAX);
}

#[test]
fn a_pattern_cannot_run_for_ever_nor_grow_without_end() {
    let evil = json!({"pattern": "^(a+)+$"});
    assert_eq!(told(&evil, &json!(format!("{}b", "a".repeat(50_000)))), [at("#", FaultCode::InvalidFormat)]);
    assert!(options().build(&json!({"pattern": "^(?=a)a$"})).is_err(), "what needs another engine is refused");
    assert!(options().build(&json!({"pattern": "(((.{100}){100}){100}){100}"})).is_err());
}

#[test]
fn formats_accept_what_the_types_accept() {
    let accepts = |format: &str, text: &str| options().build(&json!({"format": format})).unwrap().is_valid(&json!(text));
    for (format, good, bad) in [
        ("uuid", "0192f5c4-0000-7000-8000-000000000000", "0192f5c4000070008000000000000000"),
        ("date", "2019-12-09", "2019-12-9"),
        ("date", "2199-12-31", "2200-01-01"),
        ("date-time", "2019-12-09T12:00:00-05:00", "2019-12-09T12:00:00"),
        ("date-time", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z"),
        ("email", "ana@example.org", "ana@example"),
        ("hostname", "example.org", "Example.org"),
        ("uri", "https://example.org/a", "ftp://example.org"),
        ("iana-time-zone", "America/Denver", "America/Gotham"),
    ] {
        assert!(accepts(format, good) && !accepts(format, bad), "{format}");
    }
}

#[test]
fn what_has_passed_the_schema_of_a_text_can_be_read() {
    fn passes<T: PartialSchema>(text: &str) -> bool {
        options().build(&serde_json::to_value(T::schema()).unwrap()).unwrap().is_valid(&json!(text))
    }
    fn agree<const MIN: usize, const MAX: usize>(text: &str) {
        let read = Text::<MIN, MAX>::new(text).is_ok();
        assert!(read || !passes::<Text<MIN, MAX>>(text), "{text:?} is no text of {MIN} to {MAX} characters");
        assert!(!read || text.trim() != text || passes::<Text<MIN, MAX>>(text), "{text:?} is one");
    }
    for text in ["", " ", "a", " a", "ab", "a ", "  ab  ", "abc", "a b", "a\nb", "a\u{0}b", "abcd", "abcde", "\u{85}a"] {
        agree::<0, 4>(text);
        agree::<1, 4>(text);
        agree::<2, 4>(text);
        agree::<3, 4>(text);
    }
}

proptest! {
    #[test]
    fn what_has_passed_a_format_can_be_read(text in "[-0-9TZ:.+ a-z@/]{0,30}", date in "[-+ ]?[0-9]{4}[- ][0-9]{1,2}[- ][0-9]{1,2}") {
        let passes = |format: &str, text: &str| options().build(&json!({"format": format})).unwrap().is_valid(&json!(text));
        for text in [text, date] {
            let read = |format: &str| match format {
                "date" => serde_json::from_value::<Date>(json!(text)).is_ok(),
                "date-time" => serde_json::from_value::<Timestamp>(json!(text)).is_ok(),
                "email" => serde_json::from_value::<Email>(json!(text)).is_ok(),
                "uri" => serde_json::from_value::<WebAddress>(json!(text)).is_ok(),
                "iana-time-zone" => serde_json::from_value::<Zone>(json!(text)).is_ok(),
                _ => serde_json::from_value::<uuid::Uuid>(json!(text)).is_ok(),
            };
            for format in ["date", "date-time", "email", "uri", "iana-time-zone", "uuid"] {
                prop_assert!(!passes(format, &text) || read(format), "{} {}", format, text);
            }
        }
    }
}
