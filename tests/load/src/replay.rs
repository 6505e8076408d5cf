//! Doing again, many times, what a server was seen to do once: the same statements with the same parameters, but for what must
//! differ.
//!
//! What always holds: a parameter that was the same in two transcripts stays as it is; one that names somebody or something given
//! is filled with whoever or whatever is next; an id that was new in both is new each time; and a number that differed counts on
//! from go to go. Instants and texts that differed stay those of the first: nothing is decided by them.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, NaiveDate, Utc};
use cohortium_api::ctx::System;
use cohortium_store::Environment;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::Done;
use crate::statements::Statement;

/// What is done again.
pub struct Script {
    /// Its statements.
    pub steps: Vec<Step>,
    /// How many new ids one go needs.
    new: usize,
    /// How many facts are given for one go.
    facts: usize,
}

/// One statement.
pub struct Step {
    /// With its parameters as `$1` and so on.
    pub sql: String,
    /// What stands for them.
    pub arguments: Vec<Argument>,
}

/// What stands for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    Null,
    /// The same each time.
    Given(String),
    /// A variable, by its number: first the facts, then the new ids.
    Variable(usize),
    /// A number that is greater by the number of the go.
    Counting(i64),
}

impl Script {
    /// From two transcripts of the same, each with the ids that were given for it.
    pub fn of(one: (&[Uuid], &[Statement]), other: (&[Uuid], &[Statement])) -> Done<Self> {
        let mut script = Self { steps: Vec::new(), new: 0, facts: one.0.len() };
        let mut new_ids: Vec<&str> = Vec::new();
        for (first, second) in one.1.iter().zip(other.1) {
            if first.sql != second.sql || first.parameters.len() != second.parameters.len() {
                return Err(format!("two transcripts differ:\n{}\n{}", first.sql, second.sql).into());
            }
            let pairs = first.parameters.iter().zip(&second.parameters);
            let arguments = pairs.map(|(value, twin)| match (value, twin) {
                (Some(value), Some(twin)) => script.argument(&mut new_ids, (value, twin), (one.0, other.0)),
                (Some(value), None) => Argument::Given(value.clone()),
                (None, _) => Argument::Null,
            });
            let arguments = arguments.collect();
            script.steps.push(Step { sql: first.sql.clone(), arguments });
        }
        script.new = new_ids.len();
        Ok(script)
    }

    /// What stands for a parameter, by its values in both transcripts.
    fn argument<'a>(&self, new_ids: &mut Vec<&'a str>, values: (&'a str, &str), facts: (&[Uuid], &[Uuid])) -> Argument {
        let (value, twin) = values;
        if let (Ok(number), Ok(_)) = (value.parse::<i64>(), twin.parse::<i64>())
            && value != twin
        {
            return Argument::Counting(number);
        }
        let (Ok(id), Ok(other)) = (value.parse::<Uuid>(), twin.parse::<Uuid>()) else { return Argument::Given(value.to_owned()) };
        if let Some(fact) = facts.0.iter().zip(facts.1).position(|pair| pair == (&id, &other)) {
            return Argument::Variable(fact);
        }
        if id == other {
            return Argument::Given(value.to_owned());
        }
        let known = new_ids.iter().position(|known| *known == value);
        let place = known.unwrap_or(new_ids.len());
        if known.is_none() {
            new_ids.push(value);
        }
        Argument::Variable(self.facts + place)
    }

    /// The variables of one go: these facts, and new ids.
    pub fn variables(&self, facts: &[Uuid]) -> Vec<Uuid> {
        let new_ids = (0..self.new).map(|_| System::default().ordered_uuid());
        facts.iter().copied().chain(new_ids).collect()
    }

    /// A script for pgbench: go by go, each client takes the next row of its table that is its own. All values go as parameters of
    /// prepared statements, as a server's do. Gives the script and the values that stay, which pgbench is to know as `name_0` and
    /// so on.
    pub fn for_pgbench(&self, name: &str) -> (String, Vec<String>) {
        let columns: Vec<String> = (0..self.facts + self.new).map(|column| format!("v{column}")).collect();
        let mut script = String::from("\\set go :go + 1\n\\set n :client_id + :go * :clients\n");
        for number in self.counting() {
            let _ = writeln!(script, "\\set at_{number} {number} + :n");
        }
        let _ = writeln!(script, "SELECT {} FROM {name} WHERE n = :n \\gset", columns.join(", "));
        let mut given: Vec<String> = Vec::new();
        for step in &self.steps {
            let placed = with_arguments(&step.sql, |number| match step.arguments.get(number)? {
                Argument::Null => Some("NULL".to_owned()),
                Argument::Variable(variable) => Some(format!(":v{variable}")),
                Argument::Counting(from) => Some(format!(":at_{from}")),
                Argument::Given(value) => {
                    let place = given.iter().position(|known| known == value).unwrap_or_else(|| {
                        given.push(value.clone());
                        given.len() - 1
                    });
                    Some(format!(":{name}_{place}"))
                }
            });
            let _ = writeln!(script, "{placed};");
        }
        (script, given)
    }

    /// The numbers from which something counts on.
    fn counting(&self) -> BTreeSet<i64> {
        let arguments = self.steps.iter().flat_map(|step| &step.arguments);
        arguments.filter_map(|argument| if let Argument::Counting(from) = argument { Some(*from) } else { None }).collect()
    }

    /// The statements that make and fill a table with the variables of each go.
    pub fn goes(&self, name: &str, goes: &[Vec<Uuid>]) -> String {
        let columns: Vec<String> = (0..self.facts + self.new).map(|column| format!("v{column} text NOT NULL")).collect();
        let mut text = format!(
            "DROP TABLE IF EXISTS {name};\nCREATE TABLE {name} (n bigint PRIMARY KEY, {});\nCOPY {name} FROM STDIN;\n",
            columns.join(", ")
        );
        for (number, variables) in goes.iter().enumerate() {
            let values: Vec<String> = variables.iter().map(Uuid::to_string).collect();
            let _ = writeln!(text, "{number}\t{}", values.join("\t"));
        }
        text + &format!("\\.\nVACUUM ANALYZE {name};\nCHECKPOINT;\n")
    }
}

/// A statement with something else in the places of its parameters, where there is something.
fn with_arguments(sql: &str, mut argument: impl FnMut(usize) -> Option<String>) -> String {
    let mut parts = sql.split('$');
    let mut placed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, behind) = part.split_at(digits);
        let found = number.parse::<usize>().ok().and_then(|number| argument(number.checked_sub(1)?));
        match found {
            Some(argument) => placed.push_str(&argument),
            None => placed.extend(["$", number]),
        }
        placed.push_str(behind);
    }
    placed
}

/// A statement as SQLite takes it: it has one writer, and no locks on rows.
pub fn for_sqlite(sql: &str) -> String {
    if sql == "BEGIN" {
        return "BEGIN IMMEDIATE".to_owned();
    }
    let locks = [" FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE"];
    locks.iter().find_map(|lock| sql.strip_suffix(lock)).unwrap_or(sql).to_owned()
}

/// A value of a type that both databases know. PostgreSQL's log tells no types: the form of a text tells which it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// An id.
    Uuid(Uuid),
    /// An instant.
    Instant(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
    /// A number.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// JSON.
    Json(Json),
    /// A text.
    Text(String),
}

impl Value {
    /// From its text in PostgreSQL's log.
    pub fn of(text: &str) -> Self {
        let hexadecimal = |digits: &str| {
            let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
            pairs.collect::<Option<Vec<u8>>>()
        };
        let json = || text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten();
        None.or_else(|| text.parse().ok().map(Self::Uuid))
            .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok().map(|at| Self::Instant(at.to_utc())))
            .or_else(|| text.parse().ok().map(Self::Day))
            .or_else(|| text.parse().ok().map(Self::Number))
            .or_else(|| text.strip_prefix("\\x").and_then(hexadecimal).map(Self::Bytes))
            .or_else(|| json().map(Self::Json))
            .unwrap_or_else(|| Self::Text(text.to_owned()))
    }
}

/// Binds a value to a query of either database.
macro_rules! bind {
    ($query:expr, $value:expr) => {
        match $value {
            $crate::replay::Value::Uuid(value) => $query.bind(*value),
            $crate::replay::Value::Instant(value) => $query.bind(*value),
            $crate::replay::Value::Day(value) => $query.bind(*value),
            $crate::replay::Value::Number(value) => $query.bind(*value),
            $crate::replay::Value::Bytes(value) => $query.bind(value.as_slice()),
            $crate::replay::Value::Json(value) => $query.bind(value),
            $crate::replay::Value::Text(value) => $query.bind(value.as_str()),
        }
    };
}
pub(crate) use bind;

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(parameters: &[&str]) -> Vec<Statement> {
        let parameters = parameters.iter().map(|value| Some((*value).to_owned())).collect();
        vec![Statement { sql: "UPDATE t SET a = $1 WHERE b = $2 AND c = $3".to_owned(), parameters }]
    }

    #[test]
    fn what_was_given_is_filled_in_and_what_was_new_is_new_each_time() {
        let id = |number: u128| Uuid::from_u128(number);
        let text = |number: u128| id(number).to_string();
        let (one, other) = (statement(&[&text(1), &text(9), "x"]), statement(&[&text(2), &text(8), "x"]));
        let script = Script::of((&[id(1)], &one), (&[id(2)], &other)).unwrap();
        let arguments = [Argument::Variable(0), Argument::Variable(1), Argument::Given("x".to_owned())];
        assert_eq!(script.steps[0].arguments, arguments);
        assert_eq!(script.variables(&[id(5)])[0], id(5));
        let (pgbench, given) = script.for_pgbench("goes");
        assert!(pgbench.ends_with("UPDATE t SET a = :v0 WHERE b = :v1 AND c = :goes_0;\n"), "{pgbench}");
        assert_eq!(given, ["x"]);
    }

    #[test]
    fn a_number_that_differed_counts_on() {
        let (one, other) = (statement(&["31", "5", "x"]), statement(&["33", "5", "x"]));
        let script = Script::of((&[], &one), (&[], &other)).unwrap();
        assert_eq!(script.steps[0].arguments[..2], [Argument::Counting(31), Argument::Given("5".to_owned())]);
        let (pgbench, _) = script.for_pgbench("goes");
        assert!(pgbench.contains("\\set at_31 31 + :n\n") && pgbench.contains("SET a = :at_31 WHERE"), "{pgbench}");
    }

    #[test]
    fn transcripts_of_different_things_are_refused() {
        let other = vec![Statement { sql: "SELECT 1".to_owned(), parameters: Vec::new() }];
        assert!(Script::of((&[], &statement(&[])), (&[], &other)).is_err());
    }

    #[test]
    fn the_form_of_a_text_tells_its_type() {
        assert_eq!(Value::of("12"), Value::Number(12));
        assert_eq!(Value::of("\\x0aff"), Value::Bytes(vec![10, 255]));
        assert!(matches!(Value::of("2026-11-22 00:15:00.125+00"), Value::Instant(_)));
        assert!(matches!(Value::of("2026-11-22"), Value::Day(_)));
        assert!(matches!(Value::of("{\"a\": null}"), Value::Json(_)));
        assert_eq!(Value::of("first_come"), Value::Text("first_come".to_owned()));
    }

    #[test]
    fn sqlite_locks_no_rows() {
        assert_eq!(for_sqlite("SELECT 1 FOR UPDATE"), "SELECT 1");
        assert_eq!(for_sqlite("BEGIN"), "BEGIN IMMEDIATE");
    }
}
