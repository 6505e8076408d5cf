//! What a JSON Schema finds wrong with a value, as [`Fault`]s.
//!
//! One way for application forms and for the API's own request bodies, so that a client reads both alike. What always holds: each
//! place has one fault, the most telling one; no fault repeats the value that was sent; formats accept what the types of this crate
//! accept; a pattern takes time in proportion to the text it reads. Left out on purpose: fetching schemas from anywhere.

#[cfg(test)]
mod tests;

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use jsonschema::{Draft, JsonType, PatternOptions, Validator};
use serde_json::Value;

use super::files;
use crate::pointers::{in_fragment, member};
use crate::refusal::{Fault, FaultCode, Faults};
use crate::text::{Email, EmailDomain, TextFault, WebAddress};
use crate::time::{Date, Timestamp, Zone};

/// The most faults that are told of one value.
pub const FAULTS_MAX: usize = 100;
/// The most bytes that a compiled pattern can take.
const PATTERN_BYTES_MAX: usize = 512 * 1024;
/// The most values of an `enum` that a fault lists.
const LISTED_VALUES_MAX: usize = 20;

/// The options under which every schema is compiled here: draft 2020-12, offline, with formats and linear patterns.
#[must_use]
pub fn options() -> jsonschema::ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES_MAX))
        .with_format("date", |text: &str| text.parse::<Date>().is_ok_and(|date| date.to_string() == text))
        .with_format("date-time", |text: &str| text.parse::<Timestamp>().is_ok())
        .with_format("email", |text: &str| Email::new(text).is_ok())
        .with_format("hostname", |text: &str| EmailDomain::new(text).is_ok())
        .with_format("iana-time-zone", |text: &str| text.parse::<Zone>().is_ok())
        .with_format("uri", |text: &str| WebAddress::new(text).is_ok())
}

/// Everything that a schema finds wrong with a value, each at its pointer under `prefix` (`#` for the whole document).
#[must_use]
pub fn faults(validator: &Validator, value: &Value, prefix: &str) -> Vec<Fault> {
    faults_of(validator.iter_errors(value), value, prefix)
}

/// The same, of errors that were found already.
pub(super) fn faults_of<'e>(errors: impl Iterator<Item = ValidationError<'e>>, value: &Value, prefix: &str) -> Vec<Fault> {
    let mut findings = Findings { value, prefix, found: Vec::new(), unevaluated: Vec::new() };
    for error in errors {
        findings.note(&error);
    }
    findings.into_faults()
}

/// Faults as they are gathered: at each pointer the most telling one.
struct Findings<'a> {
    value: &'a Value,
    prefix: &'a str,
    found: Vec<Fault>,
    /// Members that no part of a composed schema has taken, with the pointer to what holds them.
    unevaluated: Vec<(String, Fault)>,
}

impl Findings<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind, of now or of a later release, is a fault at one place")]
    fn note(&mut self, error: &ValidationError<'_>) {
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for name in unexpected {
                    self.add(unknown(self.member(error, name)));
                }
            }
            // A schema that allows no member at all names none.
            ValidationErrorKind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
                let holder = self.value.pointer(error.instance_path().as_str()).and_then(Value::as_object);
                for (name, _) in holder.into_iter().flatten() {
                    self.add(unknown(self.member(error, name)));
                }
            }
            ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let faults = unexpected.iter().map(|name| (self.place(error), unknown(self.member(error, name))));
                self.unevaluated.extend(faults.collect::<Vec<_>>());
            }
            ValidationErrorKind::Required { property } => {
                let pointer = self.member(error, property.as_str().unwrap_or_default());
                self.add(Fault::new(pointer, FaultCode::Required, "It must be given"));
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                match best_branch(error, context) {
                    Some(branch) => branch.iter().for_each(|inner| self.note(inner)),
                    None => self.add(other(self.place(error))),
                }
            }
            ValidationErrorKind::Format { format } if format == files::FORMAT && names_file(error.instance()) => {
                self.add(Fault::new(
                    self.place(error),
                    FaultCode::NotFound,
                    "You have uploaded no such file, or it is there no more",
                ));
            }
            kind => self.add(fault(self.place(error), kind)),
        }
    }

    fn add(&mut self, fault: Fault) {
        if let Some(earlier) = self.found.iter_mut().find(|earlier| earlier.pointer == fault.pointer) {
            if rank(fault.code) < rank(earlier.code) {
                *earlier = fault;
            }
        } else if self.found.len() < FAULTS_MAX {
            self.found.push(fault);
        }
    }

    /// When a part of a composed schema fails, its members seem to be taken by none: they are called unknown only where all else is
    /// well.
    fn into_faults(mut self) -> Vec<Fault> {
        for (holder, fault) in std::mem::take(&mut self.unevaluated) {
            let inside = format!("{holder}/");
            let elsewhere = |other: &Fault| other.pointer != holder && !other.pointer.starts_with(&inside);
            if self.found.iter().all(|other| other.code == FaultCode::UnknownField || elsewhere(other)) {
                self.add(fault);
            }
        }
        self.found
    }

    fn place(&self, error: &ValidationError<'_>) -> String {
        format!("{}{}", self.prefix, in_fragment(error.instance_path().as_str()))
    }

    fn member(&self, error: &ValidationError<'_>, name: &str) -> String {
        member(&self.place(error), name)
    }
}

/// Whether a value that is no file of the person's is the id of one at least.
fn names_file(value: &Value) -> bool {
    value.as_str().and_then(files::file_id).is_some()
}

/// Which of two faults at one place tells more: the lesser.
fn rank(code: FaultCode) -> u8 {
    match code {
        FaultCode::Required | FaultCode::InvalidType => 0,
        FaultCode::TooShort | FaultCode::TooLong | FaultCode::OutOfRange | FaultCode::Duplicate => 1,
        FaultCode::InvalidFormat => 2,
        FaultCode::InvalidValue | FaultCode::NotFound | FaultCode::OutOfOrder | FaultCode::Frozen => 3,
        FaultCode::UnknownField => 4,
        // No schema finds these.
        FaultCode::PasswordTooCommon | FaultCode::TokenInvalid => 5,
    }
}

/// Of the branches of an `anyOf` or `oneOf`, that which the value was most likely meant for.
fn best_branch<'e>(
    error: &ValidationError<'_>,
    branches: &'e [Vec<ValidationError<'static>>],
) -> Option<&'e [ValidationError<'static>]> {
    branches.iter().min_by_key(|branch| (misfit(error, branch), branch.len())).map(Vec::as_slice)
}

/// How little a branch was meant: it is `null`, of another type, or tagged otherwise.
fn misfit(union: &ValidationError<'_>, branch: &[ValidationError<'static>]) -> u8 {
    let depth = |error: &ValidationError<'_>| error.instance_path().segments().count();
    let at_union = depth(union);
    let of_error = |error: &ValidationError<'static>| {
        let kind = error.kind();
        if matches!(kind, ValidationErrorKind::Type { kind: TypeKind::Single(JsonType::Null) }) && depth(error) == at_union {
            3
        } else if matches!(kind, ValidationErrorKind::Type { .. }) && depth(error) == at_union {
            2
        } else {
            let tag = matches!(kind, ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. });
            u8::from(tag && depth(error) <= at_union + 1)
        }
    };
    branch.iter().map(of_error).max().unwrap_or(0)
}

/// The fault that an error at one place is.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever has no code of its own, now or in a later release, is an invalid value"
)]
fn fault(pointer: String, kind: &ValidationErrorKind) -> Fault {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => Fault::new(pointer, FaultCode::InvalidType, format!("It must be of type {}", type_names(kind))),
        Kind::Enum { options } => one_of(pointer, options),
        Kind::Constant { expected_value } => Fault::new(pointer, FaultCode::InvalidValue, format!("It must be {expected_value}")),
        Kind::MinLength { limit } => too_short(pointer, *limit, "character"),
        Kind::MinItems { limit } => too_short(pointer, *limit, "item"),
        Kind::MinProperties { limit } => too_short(pointer, *limit, "member"),
        Kind::MaxLength { limit } => too_long(pointer, *limit, "character"),
        Kind::MaxItems { limit } => too_long(pointer, *limit, "item"),
        Kind::MaxProperties { limit } => too_long(pointer, *limit, "member"),
        Kind::Minimum { limit } => out_of_range(pointer, "At least", "min", limit),
        Kind::Maximum { limit } => out_of_range(pointer, "At most", "max", limit),
        Kind::ExclusiveMinimum { limit } => out_of_range(pointer, "More than", "more_than", limit),
        Kind::ExclusiveMaximum { limit } => out_of_range(pointer, "Less than", "less_than", limit),
        Kind::MultipleOf { multiple_of } => {
            Fault::new(pointer, FaultCode::InvalidValue, format!("It must be a multiple of {multiple_of}"))
        }
        Kind::UniqueItems => Fault::new(pointer, FaultCode::Duplicate, "An item stands in it twice"),
        Kind::Pattern { .. } => Fault::new(pointer, FaultCode::InvalidFormat, "It is not of the form that it must have"),
        Kind::Format { format } => Fault::new(pointer, FaultCode::InvalidFormat, format_detail(format)),
        Kind::FalseSchema => unknown(pointer),
        _ => other(pointer),
    }
}

fn unknown(pointer: String) -> Fault {
    Fault::new(pointer, FaultCode::UnknownField, "There is no such member")
}

fn other(pointer: String) -> Fault {
    Fault::new(pointer, FaultCode::InvalidValue, "It is not one of the values that are allowed here")
}

fn too_short(pointer: String, least: u64, noun: &str) -> Fault {
    Fault::new(pointer, FaultCode::TooShort, format!("At least {}", counted(least, noun))).with("min", least)
}

fn too_long(pointer: String, most: u64, noun: &str) -> Fault {
    Fault::new(pointer, FaultCode::TooLong, format!("At most {}", counted(most, noun))).with("max", most)
}

fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn out_of_range(pointer: String, bound: &str, name: &str, limit: &Value) -> Fault {
    Fault::new(pointer, FaultCode::OutOfRange, format!("{bound} {limit}")).with(name, limit.clone())
}

fn one_of(pointer: String, options: &Value) -> Fault {
    let listed: Vec<String> = options.as_array().into_iter().flatten().map(ToString::to_string).collect();
    if listed.is_empty() || listed.len() > LISTED_VALUES_MAX {
        return other(pointer);
    }
    Fault::new(pointer, FaultCode::InvalidValue, format!("It must be one of {}", listed.join(", ")))
        .with("allowed", options.clone())
}

fn type_names(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

fn format_detail(format: &str) -> String {
    match format {
        "uuid" => "It must be a UUID in its hyphenated form".to_owned(),
        "date" => "It must be a date of the years 1970 to 2199, as YYYY-MM-DD".to_owned(),
        "date-time" => "It must be an RFC 3339 instant of the years 1970 to 2199, for example 2019-10-17T04:00:00.000Z".to_owned(),
        "email" => "It must be an e-mail address, for example ana@example.org".to_owned(),
        "hostname" => "It must be a domain name in lower case, for example example.org".to_owned(),
        "iana-time-zone" => "It must be a time zone of the IANA database, for example America/New_York".to_owned(),
        "uri" => "It must be an address that begins with https:// or http://".to_owned(),
        files::FORMAT => "It must be the id of a file that you have uploaded".to_owned(),
        "regex" => "It must be a regular expression, without look-around and back-references, and not a huge one".to_owned(),
        other => format!("It must be of the format {other}"),
    }
}

/// Adds each text and each name in a value that has a control character other than a tab or a line break, as [`crate::text`] does.
pub(super) fn control_characters(value: &Value, pointer: &str, faults: &mut Faults) {
    match value {
        Value::String(text) => check_text(text, pointer, faults),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                control_characters(item, &member(pointer, &index.to_string()), faults);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let pointer = member(pointer, name);
                check_text(name, &pointer, faults);
                control_characters(value, &pointer, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn check_text(text: &str, pointer: &str, faults: &mut Faults) {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        faults.push(Fault::new(pointer, FaultCode::InvalidFormat, TextFault::ControlCharacter.to_string()));
    }
}
