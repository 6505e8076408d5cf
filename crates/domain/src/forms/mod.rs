//! Application forms: the questions of a program, as a JSON Schema.
//!
//! What always holds: a form that was saved can be compiled, and judges any answers in bounded time, since it is limited in size,
//! its references stay inside it and do not run in circles, and its patterns are of the kind that cannot run for ever. An answer is
//! judged by the version of the form that it answers. Beside what JSON Schema knows, a question can be required only from a day on,
//! or frozen from one on, or answered with a file. Left out on purpose: how a form looks on a screen.

mod dated;
pub mod faults;
mod files;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ids::{FileId, ProgramId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::pointers::member;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::Timestamp;

pub use dated::FormOnDay;
use faults::faults_of;
pub use files::file_ids;
use files::options_with;

/// The most bytes that a form can take, as JSON.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// The most bytes that the answers to a form can take, as JSON.
pub const ANSWERS_BYTES_MAX: usize = 64 * 1024;
/// The deepest that a form can be nested, with its references followed.
pub const FORM_DEPTH_MAX: usize = 32;
/// The most objects and lists that a form can have, with its references followed.
pub const FORM_NODES_MAX: usize = 4_000;
/// The most patterns that a form can have, with its references followed.
pub const FORM_PATTERNS_MAX: usize = 64;

/// The dialect in which forms are written.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Where a form keeps what it refers to.
const DEFINITIONS: &str = "#/$defs/";
/// Keywords that would let a form refer to something else than its own definitions.
const FORBIDDEN: &[&str] = &["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "$vocabulary"];

/// A form as a JSON Schema that has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct FormSchema(Value);

impl Default for FormSchema {
    /// The form without questions.
    fn default() -> Self {
        Self(serde_json::json!({"type": "object", "properties": {}, "additionalProperties": false}))
    }
}

impl FormSchema {
    /// Takes a schema that makes a form.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with what is wrong at which place under `#/schema`.
    pub fn new(schema: Value) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        let bytes = schema.to_string().len();
        if bytes > FORM_BYTES_MAX {
            faults.push(too_long("#/schema", FORM_BYTES_MAX));
            return faults.check().map(|()| Self(schema));
        }
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            faults.push(Fault::new("#/schema/type", FaultCode::InvalidValue, "The answers are an object: it must be \"object\""));
        }
        Walk::new(&schema).check(&mut faults);
        faults::control_characters(&schema, "#/schema", &mut faults);
        for fault in faults_of(jsonschema::draft202012::meta::validator().iter_errors(&schema), &schema, "#/schema") {
            faults.push(fault);
        }
        faults.check()?;
        match options_with(&BTreeSet::new()).should_ignore_unknown_formats(false).build(&schema) {
            Ok(_) => Ok(Self(schema)),
            Err(error) => Err(Refusal::Invalid(faults_of(std::iter::once(error), &schema, "#/schema"))),
        }
    }

    /// Takes a schema that has been checked before, when it was saved.
    #[must_use]
    pub fn checked_before(schema: Value) -> Self {
        Self(schema)
    }

    /// The schema.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Everything that is wrong with the answers of a person who has these files, each at its pointer under `#/answers`.
    #[must_use]
    pub fn faults(&self, answers: &Value, files: &BTreeSet<FileId>) -> Vec<Fault> {
        if answers.to_string().len() > ANSWERS_BYTES_MAX {
            return vec![too_long("#/answers", ANSWERS_BYTES_MAX)];
        }
        let found = match options_with(files).build(&self.0) {
            Ok(validator) => faults::faults(&validator, answers, "#/answers"),
            Err(error) => faults_of(std::iter::once(error), answers, "#/answers"),
        };
        let mut all = Faults::default();
        for fault in found {
            all.push(fault);
        }
        faults::control_characters(answers, "#/answers", &mut all);
        all.into_vec()
    }

    /// Goes on when nothing is wrong with the answers of a person who has these files.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with all of it.
    pub fn check(&self, answers: &Value, files: &BTreeSet<FileId>) -> Result<(), Refusal> {
        let faults = self.faults(answers, files);
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }
}

fn too_long(pointer: &str, bytes: usize) -> Fault {
    Fault::new(pointer, FaultCode::TooLong, format!("At most {bytes} bytes, as JSON without white space")).with("max", bytes)
}

/// The application form of a program. Its version is that of the row: each form that is saved is another.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationForm {
    /// Whose.
    pub program_id: ProgramId,
    /// The questions.
    pub schema: FormSchema,
    /// Version and instants.
    pub meta: Meta,
}

impl ApplicationForm {
    /// The form of a program that asks nothing yet.
    #[must_use]
    pub fn initial(program_id: ProgramId, now: Timestamp) -> Self {
        Self { program_id, schema: FormSchema::default(), meta: Meta::new(now) }
    }

    /// Puts another form in the place of this.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with what is wrong with it.
    pub fn replace(mut self, schema: Value, now: Timestamp) -> Result<Change<Self>, Refusal> {
        self.schema = FormSchema::new(schema)?;
        self.meta = self.meta.changed(now);
        let happened = Happening::new(Subject::new(SubjectKind::Program, self.program_id), "application_form_replaced");
        Ok(Change::one(self, happened))
    }
}

/// A walk through a form with its references followed, as far as a form may reach.
struct Walk<'a> {
    root: &'a Value,
    nodes: usize,
    patterns: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Value) -> Self {
        Self { root, nodes: 0, patterns: 0, depth: 0 }
    }

    fn check(mut self, faults: &mut Faults) {
        self.visit(self.root, Some("#/schema"), 0, faults);
        if self.nodes > FORM_NODES_MAX || self.depth > FORM_DEPTH_MAX {
            let detail = "With its references followed, the form is too large or too deep, or one of them leads back to itself";
            faults.push(Fault::new("#/schema", FaultCode::InvalidValue, detail));
        }
        if self.patterns > FORM_PATTERNS_MAX {
            let detail = format!("At most {FORM_PATTERNS_MAX} patterns, with references followed");
            faults.push(Fault::new("#/schema", FaultCode::TooLong, detail).with("max", FORM_PATTERNS_MAX));
        }
    }

    /// `pointer` is where the node stands; what is only referred to is judged where it stands.
    fn visit(&mut self, node: &'a Value, pointer: Option<&str>, depth: usize, faults: &mut Faults) {
        self.nodes = self.nodes.saturating_add(1);
        self.depth = self.depth.max(depth);
        if self.nodes > FORM_NODES_MAX || depth > FORM_DEPTH_MAX {
            return;
        }
        let below = |name: &str| pointer.map(|pointer| member(pointer, name));
        match node {
            Value::Object(members) => {
                for (name, value) in members {
                    self.visit_member(name, value, below(name).as_deref(), depth, faults);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visit(item, below(&index.to_string()).as_deref(), depth + 1, faults);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.nodes = self.nodes.saturating_sub(1),
        }
    }

    fn visit_member(&mut self, name: &str, value: &'a Value, pointer: Option<&str>, depth: usize, faults: &mut Faults) {
        let mut wrong = |detail: &str| {
            if let Some(pointer) = pointer {
                faults.push(Fault::new(pointer, FaultCode::InvalidValue, detail));
            }
        };
        match (name, value) {
            ("$ref", Value::String(reference)) => match self.definition(reference) {
                Some(target) => return self.visit(target, None, depth + 1, faults),
                None => wrong("A reference must lead to one of the form's own definitions, as #/$defs/name"),
            },
            ("$schema", value) if value.as_str() != Some(DIALECT) => wrong("Forms are written in JSON Schema 2020-12"),
            ("pattern", Value::String(_)) => self.patterns = self.patterns.saturating_add(1),
            ("patternProperties", Value::Object(patterns)) => self.patterns = self.patterns.saturating_add(patterns.len()),
            (name, _) if FORBIDDEN.contains(&name) => wrong("A form refers to nothing but its own definitions"),
            (name, value) if dated::KEYWORDS.contains(&name) => {
                if let Some(detail) = pointer.and_then(|pointer| dated::fault(pointer, value)) {
                    wrong(detail);
                }
            }
            _ => {}
        }
        self.visit(value, pointer, depth + 1, faults);
    }

    fn definition(&self, reference: &str) -> Option<&'a Value> {
        let name = reference.strip_prefix(DEFINITIONS).filter(|name| !name.contains(['/', '~', '%']))?;
        self.root.get("$defs")?.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;
    use serde_json::json;

    fn refused(schema: Value) -> Vec<(String, FaultCode)> {
        match FormSchema::new(schema) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(faults)) => faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    /// Those of somebody who has uploaded nothing.
    const NONE: &BTreeSet<FileId> = &BTreeSet::new();

    fn form() -> FormSchema {
        let schema = json!({
            "$schema": DIALECT,
            "type": "object",
            "required": ["why"],
            "additionalProperties": false,
            "properties": {
                "why": {"$ref": "#/$defs/paragraph", "title": "Why do you want to join?"},
                "years": {"type": "integer", "minimum": 0, "maximum": 60},
                "topics": {"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"enum": ["behavior", "504"]}},
                "site": {"type": "string", "format": "uri"}
            },
            "$defs": {"paragraph": {"type": "string", "minLength": 10, "maxLength": 2000}}
        });
        FormSchema::new(schema).unwrap()
    }

    #[test]
    fn answers_are_judged_whole() {
        assert_eq!(form().check(&json!({"why": "Because I work alone", "years": 3, "topics": ["504"]}), NONE), Ok(()));
        let faults = form().faults(&json!({"years": 61, "topics": ["504", "x"], "site": "ftp://a", "extra": true}), NONE);
        let told: std::collections::BTreeMap<_, _> = faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect();
        let expected = [
            ("#/answers/extra", FaultCode::UnknownField),
            ("#/answers/site", FaultCode::InvalidFormat),
            ("#/answers/topics/1", FaultCode::InvalidValue),
            ("#/answers/why", FaultCode::Required),
            ("#/answers/years", FaultCode::OutOfRange),
        ];
        assert_eq!(told, expected.map(|(pointer, code)| (pointer.to_owned(), code)).into());
        assert!(matches!(form().check(&json!([]), NONE), Err(Refusal::Invalid(_))), "answers are an object");
    }

    #[test]
    fn answers_are_limited_in_size() {
        let open = FormSchema::new(json!({"type": "object"})).unwrap();
        assert_eq!(open.check(&json!({"a": "x".repeat(ANSWERS_BYTES_MAX - 8)}), NONE), Ok(()));
        assert!(open.check(&json!({"a": "x".repeat(ANSWERS_BYTES_MAX - 7)}), NONE).is_err());
    }

    #[test]
    fn control_characters_are_in_no_form_and_in_no_answer() {
        let open = FormSchema::new(json!({"type": "object"})).unwrap();
        let faults = open.faults(&json!({"a": ["line\nbreak", "nul\u{0}"], "b\u{7}": 1}), NONE);
        let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(told, [("#/answers/a/1", FaultCode::InvalidFormat), ("#/answers/b%07", FaultCode::InvalidFormat)]);
        assert_eq!(refused(json!({"type": "object", "title": "\u{0}"})), [("#/schema/title".to_owned(), FaultCode::InvalidFormat)]);
    }

    #[test]
    fn the_form_of_a_new_program_asks_nothing() {
        let now = Timestamp::from_millis(0);
        let form = ApplicationForm::initial(ProgramId::from_uuid(uuid::Uuid::nil()), now);
        assert_eq!(form.schema.check(&json!({}), NONE), Ok(()));
        assert_eq!(form.schema.faults(&json!({"a": 1}), NONE)[0].code, FaultCode::UnknownField);
        let schema = form.schema.as_value().clone();
        assert!(form.replace(schema, now).is_ok(), "and it keeps the rules for forms");
    }

    #[test]
    fn what_is_no_schema_is_refused_with_every_place() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "text"}, "b": {"minLength": -1}, "c": 7}});
        let pointers: Vec<_> = refused(schema).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["#/schema/properties/a/type", "#/schema/properties/b/minLength", "#/schema/properties/c"]);
        assert_eq!(refused(json!({"type": "string"})), [("#/schema/type".to_owned(), FaultCode::InvalidValue)]);
        assert!(!refused(json!(true)).is_empty() && !refused(json!([])).is_empty() && !refused(json!({})).is_empty());
    }

    #[test]
    fn a_form_refers_to_nothing_but_its_own_definitions() {
        for (member, value) in [
            ("$ref", json!("https://example.org/form.json")),
            ("$ref", json!("#")),
            ("$ref", json!("#/properties/a")),
            ("$ref", json!("#/$defs/missing")),
            ("$dynamicRef", json!("#a")),
            ("$id", json!("https://example.org/form.json")),
            ("$anchor", json!("a")),
            ("$schema", json!("http://json-schema.org/draft-07/schema#")),
        ] {
            let schema = json!({"type": "object", "properties": {"a": {member: value}}});
            let found = refused(schema);
            assert!(
                found.iter().any(|(pointer, _)| *pointer == format!("#/schema/properties/a/{member}")),
                "{member} {value}: {found:?}"
            );
        }
    }

    #[test]
    fn references_that_run_in_circles_or_multiply_are_refused() {
        let with =
            |definitions: Value| json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions});
        let circles = [
            json!({"d0": {"$ref": "#/$defs/d0"}}),
            json!({"d0": {"$ref": "#/$defs/d1"}, "d1": {"allOf": [{"$ref": "#/$defs/d0"}]}}),
            json!({"d0": {"properties": {"child": {"$ref": "#/$defs/d0"}}}}),
        ];
        for circle in circles {
            assert_eq!(refused(with(circle.clone())), [("#/schema".to_owned(), FaultCode::InvalidValue)], "{circle}");
        }
        let mut doubling: serde_json::Map<String, Value> = (0..14)
            .map(|n| {
                (
                    format!("d{n}"),
                    json!({"allOf": [{"$ref": format!("#/$defs/d{}", n + 1)}, {"$ref": format!("#/$defs/d{}", n + 1)}]}),
                )
            })
            .collect();
        doubling.insert("d14".to_owned(), json!({"type": "string"}));
        assert_eq!(refused(with(Value::Object(doubling))), [("#/schema".to_owned(), FaultCode::InvalidValue)]);
    }

    #[test]
    fn a_form_is_limited_in_size_depth_and_patterns() {
        let titled = |characters: usize| json!({"type": "object", "title": "x".repeat(characters)});
        let overhead = titled(0).to_string().len();
        assert_eq!(refused(titled(FORM_BYTES_MAX - overhead)), []);
        assert_eq!(refused(titled(FORM_BYTES_MAX - overhead + 1)), [("#/schema".to_owned(), FaultCode::TooLong)]);

        let deep = (0..FORM_DEPTH_MAX).fold(json!({"type": "string"}), |inner, _| json!({"not": inner}));
        assert_eq!(refused(json!({"type": "object", "not": deep})), [("#/schema".to_owned(), FaultCode::InvalidValue)]);

        let patterned = |count: usize| {
            let questions: serde_json::Map<String, Value> =
                (0..count).map(|n| (format!("q{n}"), json!({"pattern": "^[a-z]{2,9}$"}))).collect();
            json!({"type": "object", "properties": questions})
        };
        assert_eq!(refused(patterned(FORM_PATTERNS_MAX)), []);
        assert_eq!(refused(patterned(FORM_PATTERNS_MAX + 1)), [("#/schema".to_owned(), FaultCode::TooLong)]);
    }

    #[test]
    fn patterns_and_formats_that_could_not_be_asserted_are_refused() {
        let question = |schema: Value| json!({"type": "object", "properties": {"a": schema}});
        assert_eq!(refused(question(json!({"pattern": "^(a+)+$"}))), [], "it is read in linear time");
        for bad in [
            json!({"pattern": "("}),
            json!({"pattern": "^(?=a)"}),
            json!({"pattern": r"(a)\1"}),
            json!({"format": "shoe-size"}),
            json!({"format": "x-picture"}),
        ] {
            assert_eq!(refused(question(bad.clone())).len(), 1, "{bad}");
        }
    }
}
