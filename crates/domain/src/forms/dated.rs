//! Questions that depend on the day: required only from one on, or frozen from one on.
//!
//! Two keywords of our own say so, each with a civil date of the program's zone, at a question: a member of the form's own
//! `properties`. What always holds: a draft is never frozen, since nothing was said with it yet.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::FormSchema;
use crate::ids::FileId;
use crate::pointers::member;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::time::Date;

/// From this day on the question must be answered.
const REQUIRED_FROM: &str = "x-required-from";
/// From this day on the answer of what was sent stays as it is.
const FROZEN_FROM: &str = "x-frozen-from";
/// Both.
pub(super) const KEYWORDS: [&str; 2] = [REQUIRED_FROM, FROZEN_FROM];

/// What is wrong with one of these keywords at this place.
pub(super) fn fault(pointer: &str, value: &Value) -> Option<&'static str> {
    let place: Vec<&str> = pointer.split('/').collect();
    match place.as_slice() {
        ["#", "schema", "properties", _, _] if date(value).is_none() => Some("It must be a date, as YYYY-MM-DD"),
        // A question can be called like a keyword, which makes it none.
        ["#", "schema", "properties", _, _] | [.., "properties", _] => None,
        _ => Some("Only at a question: a member of the form's own properties"),
    }
}

fn date(value: &Value) -> Option<Date> {
    let text = value.as_str()?;
    text.parse().ok().filter(|date: &Date| date.to_string() == text)
}

/// A form as it is on a day, for a person with files.
#[derive(Clone, Copy, Debug)]
pub struct FormOnDay<'a> {
    form: &'a FormSchema,
    day: Date,
    files: &'a BTreeSet<FileId>,
}

impl FormSchema {
    /// The form as it is on a day of the program's zone, for a person who has these files.
    #[must_use]
    pub fn on<'a>(&'a self, day: Date, files: &'a BTreeSet<FileId>) -> FormOnDay<'a> {
        FormOnDay { form: self, day, files }
    }
}

impl FormOnDay<'_> {
    /// Everything that is wrong with some answers on this day, each at its pointer under `#/answers`.
    #[must_use]
    pub fn faults(&self, answers: &Map<String, Value>) -> Vec<Fault> {
        let mut faults = self.form.faults(&Value::Object(answers.clone()), self.files);
        for question in self.questions_since(REQUIRED_FROM).filter(|question| !answers.contains_key(*question)) {
            let pointer = member("#/answers", question);
            if faults.iter().all(|fault| fault.pointer != pointer) {
                faults.push(Fault::new(pointer, FaultCode::Required, "It must be given"));
            }
        }
        faults
    }

    /// Goes on when nothing is wrong with some answers on this day.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with all of it.
    pub fn check(&self, answers: &Map<String, Value>) -> Result<(), Refusal> {
        let faults = self.faults(answers);
        if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
    }

    /// Everything that is wrong with answers that are to come in the place of those that were sent: also those that are frozen.
    #[must_use]
    pub fn faults_of_change(&self, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Fault> {
        let frozen: Vec<&str> =
            self.questions_since(FROZEN_FROM).filter(|question| before.get(*question) != after.get(*question)).collect();
        let mut faults = self.faults(after);
        for question in frozen {
            let pointer = member("#/answers", question);
            faults.retain(|fault| fault.pointer != pointer);
            faults.push(Fault::new(pointer, FaultCode::Frozen, "It cannot be changed any more"));
        }
        faults
    }

    /// The questions at which a keyword names this day or one before.
    fn questions_since(&self, keyword: &'static str) -> impl Iterator<Item = &str> {
        let questions = self.form.as_value().get("properties").and_then(Value::as_object).into_iter().flatten();
        let since = move |question: &Value| question.get(keyword).and_then(date).is_some_and(|day| day <= self.day);
        questions.filter(move |(_, question)| since(question)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Those of somebody who has uploaded nothing.
    const NONE: &BTreeSet<FileId> = &BTreeSet::new();

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn form() -> FormSchema {
        FormSchema::new(json!({
            "type": "object",
            "required": ["why"],
            "additionalProperties": false,
            "properties": {
                "why": {"type": "string", "x-frozen-from": "2019-11-01"},
                "meals": {"type": "string", "minLength": 3, "x-required-from": "2019-11-14", "x-frozen-from": "2019-12-01"},
                "x-frozen-from": {"type": "string"}
            }
        }))
        .unwrap()
    }

    fn answers(value: Value) -> Map<String, Value> {
        if let Value::Object(answers) = value { answers } else { panic!("{value}") }
    }

    fn told(faults: Vec<Fault>) -> Vec<(String, FaultCode)> {
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn a_question_is_required_from_its_day_on() {
        let form = form();
        let silent = answers(json!({"why": "I work alone"}));
        assert_eq!(form.on(day("2019-11-13"), NONE).check(&silent), Ok(()));
        let required = ("#/answers/meals".to_owned(), FaultCode::Required);
        assert_eq!(told(form.on(day("2019-11-14"), NONE).faults(&silent)), std::slice::from_ref(&required));
        assert_eq!(form.on(day("2019-11-14"), NONE).check(&answers(json!({"why": "x", "meals": "none"}))), Ok(()));
        let all = told(form.on(day("2019-11-14"), NONE).faults(&answers(json!({}))));
        assert_eq!(all, [("#/answers/why".to_owned(), FaultCode::Required), required], "all that is missing is told");
        let short = told(form.on(day("2019-11-14"), NONE).faults(&answers(json!({"why": "x", "meals": "no"}))));
        assert_eq!(short, [("#/answers/meals".to_owned(), FaultCode::TooShort)]);
    }

    #[test]
    fn an_answer_is_frozen_from_its_day_on() {
        let form = form();
        let before = answers(json!({"why": "I work alone"}));
        let change = |on: &str, after: Value| told(form.on(day(on), NONE).faults_of_change(&before, &answers(after)));
        let other = json!({"why": "We are two now", "meals": "none"});
        assert_eq!(change("2019-10-31", other.clone()), []);
        assert_eq!(change("2019-11-01", other), [("#/answers/why".to_owned(), FaultCode::Frozen)]);
        assert_eq!(change("2019-11-01", json!({})), [("#/answers/why".to_owned(), FaultCode::Frozen)], "nor is it taken away");
        assert_eq!(change("2019-11-30", json!({"why": "I work alone", "meals": "none"})), []);
        let late = change("2019-12-01", json!({"why": "I work alone", "meals": "none"}));
        assert_eq!(late, [("#/answers/meals".to_owned(), FaultCode::Frozen)], "nor given for the first time");
        assert_eq!(
            change("2019-12-01", json!({"why": "I work alone", "x-frozen-from": "x"})),
            [("#/answers/meals".to_owned(), FaultCode::Required)]
        );
    }

    #[test]
    fn the_keywords_stand_at_questions_and_name_dates() {
        let refused = |schema: Value| match FormSchema::new(schema) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(faults)) => told(faults),
            Err(other) => panic!("{other}"),
        };
        for wrong in [json!("2019-11-31"), json!("soon"), json!(7), json!("2019-11-1")] {
            let schema = json!({"type": "object", "properties": {"a": {"type": "string", "x-required-from": wrong}}});
            assert_eq!(refused(schema), [("#/schema/properties/a/x-required-from".to_owned(), FaultCode::InvalidValue)], "{wrong}");
        }
        let inside = json!({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"x-frozen-from": "2019-11-01"}}}}});
        let at = "#/schema/properties/a/properties/b/x-frozen-from";
        assert_eq!(refused(inside), [(at.to_owned(), FaultCode::InvalidValue)]);
        let whole = json!({"type": "object", "x-frozen-from": "2019-11-01"});
        assert_eq!(refused(whole), [("#/schema/x-frozen-from".to_owned(), FaultCode::InvalidValue)]);
        let shared =
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"x-frozen-from": "2019-11-01"}}});
        assert_eq!(refused(shared), [("#/schema/$defs/a/x-frozen-from".to_owned(), FaultCode::InvalidValue)]);
    }
}
