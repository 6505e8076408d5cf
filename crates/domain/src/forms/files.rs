//! Questions that are answered with files: texts of the format `x-file`, each the id of a file that its person has uploaded.
//!
//! What always holds: where the form asks for a file, no answers are taken that name one which is not there, or not the person's
//! own; those of a draft neither. Wherever the id of a file stands in some answers, they name it: so a file is kept as long as
//! anybody could look for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::FormSchema;
use super::faults::options;
use crate::ids::{FileId, Id};
use crate::refusal::{FaultCode, Refusal};

/// What says of a text that it is the id of a file.
pub(super) const FORMAT: &str = "x-file";
/// How long the hyphenated form of a UUID is: the others are not taken.
const ID_CHARACTERS: usize = 36;

/// The options under which forms are compiled: for a person who has these files.
pub(super) fn options_with(files: &BTreeSet<FileId>) -> jsonschema::ValidationOptions<'static> {
    let files = Arc::new(files.clone());
    options().with_format(FORMAT, move |text: &str| file_id(text).is_some_and(|file| files.contains(&file)))
}

/// The id of a file that a text is, where it is one.
pub(super) fn file_id(text: &str) -> Option<FileId> {
    let uuid = if text.len() == ID_CHARACTERS { Uuid::try_parse(text).ok() } else { None };
    uuid.map(FileId::from_uuid)
}

/// The ids of files that some answers can mean.
#[must_use]
pub fn file_ids(answers: &Map<String, Value>) -> BTreeSet<FileId> {
    let mut found = BTreeSet::new();
    answers.values().for_each(|answer| gather(answer, &mut found));
    found
}

fn gather(answer: &Value, found: &mut BTreeSet<FileId>) {
    match answer {
        Value::String(text) => found.extend(file_id(text)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(members) => members.values().for_each(|member| gather(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl FormSchema {
    /// Whether it asks for a file anywhere.
    #[must_use]
    pub fn asks_for_files(&self) -> bool {
        asks(self.as_value())
    }

    /// Goes on when some answers, of which nothing else is judged yet, name no file that is not among these.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with each that they name.
    pub fn check_files(&self, answers: &Map<String, Value>, files: &BTreeSet<FileId>) -> Result<(), Refusal> {
        if !self.asks_for_files() {
            return Ok(());
        }
        let mut faults = self.faults(&Value::Object(answers.clone()), files);
        faults.retain(|fault| fault.code == FaultCode::NotFound);
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }
}

fn asks(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.get("format").is_some_and(|format| format == FORMAT) || members.values().any(asks),
        Value::Array(items) => items.iter().any(asks),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(number: u128) -> FileId {
        FileId::from_uuid(Uuid::from_u128(number))
    }

    fn answers(value: Value) -> Map<String, Value> {
        if let Value::Object(answers) = value { answers } else { panic!("{value}") }
    }

    fn form() -> FormSchema {
        let schema = json!({
            "type": "object",
            "required": ["cv"],
            "additionalProperties": false,
            "properties": {
                "cv": {"type": "string", "format": "x-file"},
                "papers": {"type": "array", "maxItems": 2, "uniqueItems": true, "items": {"$ref": "#/$defs/file"}},
                "either": {"anyOf": [{"type": "object", "properties": {"scan": {"$ref": "#/$defs/file"}}}, {"type": "boolean"}]},
                "why": {"type": "string", "minLength": 3}
            },
            "$defs": {"file": {"type": "string", "format": "x-file"}}
        });
        FormSchema::new(schema).unwrap()
    }

    fn told(outcome: Result<(), Refusal>) -> Vec<(String, FaultCode)> {
        let faults = match outcome {
            Ok(()) => Vec::new(),
            Err(Refusal::Invalid(faults)) => faults,
            Err(other) => panic!("{other}"),
        };
        let mut told: Vec<_> = faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect();
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told
    }

    #[test]
    fn a_file_is_named_by_its_id_wherever_the_form_asks_for_one() {
        let files = BTreeSet::from([id(1), id(2)]);
        let judge = |value: Value| told(form().check(&value, &files));
        assert_eq!(judge(json!({"cv": id(1), "papers": [id(1), id(2)], "either": {"scan": id(2)}})), []);
        let foreign = judge(json!({"cv": id(3), "papers": [id(1), id(4)], "either": {"scan": id(5)}}));
        let expected = ["#/answers/cv", "#/answers/either/scan", "#/answers/papers/1"];
        assert_eq!(foreign, expected.map(|pointer| (pointer.to_owned(), FaultCode::NotFound)));
        assert_eq!(judge(json!({"cv": "letter.pdf"})), [("#/answers/cv".to_owned(), FaultCode::InvalidFormat)]);
        let bare = id(1).to_string().replace('-', "");
        assert_eq!(judge(json!({ "cv": bare })), [("#/answers/cv".to_owned(), FaultCode::InvalidFormat)], "without its hyphens");
        assert_eq!(judge(json!({})), [("#/answers/cv".to_owned(), FaultCode::Required)]);
        let many = judge(json!({"cv": id(1), "papers": [id(1), id(2), id(1)]}));
        assert!(many.iter().all(|(pointer, _)| pointer == "#/answers/papers") && !many.is_empty());
    }

    #[test]
    fn of_a_draft_nothing_is_judged_but_which_files_it_names() {
        let files = BTreeSet::from([id(1)]);
        let judge = |value: Value| told(form().check_files(&answers(value), &files));
        assert_eq!(judge(json!({"why": "x", "either": 7, "unknown": true, "cv": "letter.pdf"})), []);
        assert_eq!(judge(json!({"papers": [id(1)]})), []);
        let named = judge(json!({"why": "x", "papers": [id(9)]}));
        assert_eq!(named, [("#/answers/papers/0".to_owned(), FaultCode::NotFound)]);
        let plain = FormSchema::new(json!({"type": "object", "properties": {"format": {"type": "string"}}})).unwrap();
        assert!(form().asks_for_files() && !plain.asks_for_files());
        assert_eq!(told(plain.check_files(&answers(json!({"format": id(9)})), &files)), [], "it asks for no file");
    }

    #[test]
    fn answers_name_a_file_wherever_its_id_stands() {
        let found =
            file_ids(&answers(json!({"a": id(1), "b": [{"c": id(2)}, 7, null], "d": format!("see {}", id(3)), "e": id(1)})));
        assert_eq!(found, BTreeSet::from([id(1), id(2)]));
    }
}
