//! The operations of the document, as the server looks them up: by address and method, with what each takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use cohortium_domain::access::Action;
use cohortium_domain::forms;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::DOCUMENT;

/// An operation of the document.
pub struct Operation {
    /// What it is in the table of who may do what.
    pub action: Action,
    /// The address, with its parameters in braces.
    pub template: String,
    /// The query parameters it takes.
    pub parameters: Vec<Parameter>,
    /// What it takes as a body, where it takes one.
    body: Option<Body>,
}

/// A query parameter.
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Whether it can be repeated.
    pub many: bool,
    /// The type of one value: `string`, `integer` or `boolean`.
    pub kind: String,
    schema: Value,
    validator: OnceLock<Option<Validator>>,
}

struct Body {
    required: bool,
    schema: Value,
    validator: OnceLock<Option<Validator>>,
}

/// The operations of one address, by method.
pub type Methods = BTreeMap<String, Operation>;

/// All operations, by the address as actix writes it.
pub static OPERATIONS: LazyLock<HashMap<String, Methods>> = LazyLock::new(|| {
    let paths = DOCUMENT.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
    paths.iter().map(|(template, methods)| (template.clone(), methods_of(template, methods))).collect()
});

fn methods_of(template: &str, methods: &Value) -> Methods {
    let members = methods.as_object().cloned().unwrap_or_default();
    let operations =
        members.iter().filter_map(|(method, operation)| Some((method.to_uppercase(), operation_of(template, operation)?)));
    operations.collect()
}

fn operation_of(template: &str, operation: &Value) -> Option<Operation> {
    let action = Action::of_operation(operation.get("operationId")?.as_str()?)?;
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let body = operation.pointer("/requestBody/content/application~1json/schema").cloned();
    let required = operation.pointer("/requestBody/required").and_then(Value::as_bool).unwrap_or(false);
    Some(Operation {
        action,
        template: template.to_owned(),
        parameters: parameters.iter().filter_map(parameter_of).collect(),
        body: body.map(|schema| Body { required, schema, validator: OnceLock::new() }),
    })
}

fn parameter_of(parameter: &Value) -> Option<Parameter> {
    if parameter.get("in")?.as_str()? != "query" {
        return None;
    }
    let schema = resolve(parameter.get("schema")?.clone());
    let many = schema.get("type").and_then(Value::as_str) == Some("array");
    let one = if many { resolve(schema.get("items")?.clone()) } else { schema.clone() };
    Some(Parameter {
        name: parameter.get("name")?.as_str()?.to_owned(),
        required: parameter.get("required").and_then(Value::as_bool).unwrap_or(false),
        many,
        kind: one.get("type").and_then(Value::as_str).unwrap_or("string").to_owned(),
        schema,
        validator: OnceLock::new(),
    })
}

/// The schema that a reference leads to.
fn resolve(schema: Value) -> Value {
    let target =
        schema.get("$ref").and_then(Value::as_str).and_then(|reference| DOCUMENT.pointer(reference.trim_start_matches('#')));
    target.cloned().unwrap_or(schema)
}

impl Operation {
    /// Whether a request can leave the body out.
    pub fn body_optional(&self) -> bool {
        self.body.as_ref().is_none_or(|body| !body.required)
    }

    /// What checks the body; nothing, when the operation takes none.
    pub fn body_validator(&self) -> Option<&Validator> {
        self.body.as_ref().and_then(|body| body.validator.get_or_init(|| validator(&body.schema)).as_ref())
    }
}

impl Parameter {
    /// What checks the value.
    pub fn validator(&self) -> Option<&Validator> {
        self.validator.get_or_init(|| validator(&self.schema)).as_ref()
    }
}

/// A schema of the document, with all that it may refer to, made ready to check values.
fn validator(schema: &Value) -> Option<Validator> {
    let mut root: Map<String, Value> = schema.as_object().cloned().unwrap_or_default();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("components".to_owned(), json!({ "schemas": DOCUMENT.pointer("/components/schemas") }));
    match forms::faults::options().build(&Value::Object(root)) {
        Ok(validator) => Some(validator),
        Err(error) => {
            tracing::error!(%error, "a schema of the document cannot be used");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_document_is_an_action_and_its_schemas_can_be_used() {
        let mut count = 0;
        for (template, methods) in OPERATIONS.iter() {
            let documented = DOCUMENT.pointer(&format!("/paths/{}", template.replace('~', "~0").replace('/', "~1"))).unwrap();
            assert_eq!(methods.len(), documented.as_object().unwrap().len(), "{template}: an operationId is no action");
            for operation in methods.values() {
                count += 1;
                assert_eq!(operation.body.is_some(), operation.body_validator().is_some(), "{template}");
                assert!(operation.parameters.iter().all(|parameter| parameter.validator().is_some()), "{template}");
            }
        }
        assert!(count > 0);
    }
}
