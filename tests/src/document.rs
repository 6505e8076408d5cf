//! The OpenAPI document, as the tests walk it.

use cohortium_api::openapi::DOCUMENT;
use cohortium_domain::access::Action;
use reqwest::Method;
use serde_json::Value;

/// An operation of the document.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: &'static str,
    /// The method, in small letters.
    pub method: &'static str,
    /// The address, with its parameters in braces.
    pub path: &'static str,
    /// All that the document says of it.
    pub value: &'static Value,
}

impl Operation {
    /// All of them, in the order of the document.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let operations = members(&DOCUMENT, "/paths").flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, value)| Self { id: text(value, "operationId"), method: method.as_str(), path, value })
        });
        operations.collect()
    }

    /// What it is in the table of who may do what.
    ///
    /// # Panics
    /// When it does not stand there.
    #[must_use]
    pub fn action(&self) -> Action {
        Action::of_operation(self.id).unwrap_or_else(|| panic!("{} is no action", self.id))
    }

    /// The method, as a request has it.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn http_method(&self) -> Method {
        crate::api::must(self.method.to_uppercase().parse())
    }

    /// The statuses that it can answer with.
    pub fn statuses(&self) -> impl Iterator<Item = &'static str> {
        members(self.value, "/responses").map(|(status, _)| status)
    }

    /// Whether the document says that it can answer with this status.
    #[must_use]
    pub fn answers(&self, status: &str) -> bool {
        self.statuses().any(|one| one == status)
    }

    /// Whether its address has parameters.
    #[must_use]
    pub fn on_a_thing(&self) -> bool {
        self.path.contains('{')
    }
}

/// The members of an object of the document, by its JSON pointer; none, when it is not there.
pub fn members(value: &'static Value, pointer: &str) -> impl Iterator<Item = (&'static str, &'static Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

/// What a reference leads to; the value itself, when it is none.
///
/// # Panics
/// When the reference leads nowhere.
#[must_use]
pub fn resolved(value: &'static Value) -> &'static Value {
    let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
    DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// A member that is a text; empty, when it is none.
#[must_use]
pub fn text(value: &'static Value, member: &str) -> &'static str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}
