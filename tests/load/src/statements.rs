//! What a server asks of PostgreSQL: read from the database's own log, so that a ceiling runs the very same statements, whatever
//! they have become since.

use serde::{Deserialize, Serialize};

use crate::Done;
use crate::postgres::Cluster;

/// A statement, with the values of its parameters as PostgreSQL writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// With its parameters as `$1` and so on.
    pub sql: String,
    /// The parameters; null is none.
    pub parameters: Vec<Option<String>>,
}

/// How often something is done to be seen.
const TRIES: usize = 8;

/// The statements for which something is done, in a database that logs them. It is done several times: what a job of the server
/// does meanwhile makes some transcripts longer, so the shortest are those that hold nothing else. Gives them with the number of
/// the try.
pub fn observe(cluster: &Cluster, mut act: impl FnMut(usize) -> Done) -> Done<Vec<(usize, Vec<Statement>)>> {
    let mut seen = Vec::new();
    for one in 0..TRIES {
        cluster.log()?;
        act(one)?;
        seen.push((one, parse(&cluster.log()?)));
    }
    // The first has more to do: it fills what the server keeps in memory.
    let shortest = seen.iter().skip(1).map(|(_, statements)| statements.len()).min().unwrap_or_default();
    seen.retain(|(_, statements)| statements.len() == shortest);
    Ok(seen)
}

/// Lets a database log its statements, for connections that are made from now on.
pub fn log_all(cluster: &Cluster, database: &str) -> Done {
    cluster.sql(database, &format!("ALTER DATABASE {database} SET log_statement = 'all'")).map(drop)
}

/// The statements in a part of PostgreSQL's log.
fn parse(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    // What does not fit on a line goes on behind a tab.
    let log = log.replace("\n\t", "\n\u{0}").replace("\n\u{0}", " ");
    for line in log.lines() {
        let simple = line.split_once("LOG:  statement: ").map(|(_, sql)| sql);
        let prepared = line.split_once("LOG:  execute ").and_then(|(_, rest)| rest.split_once(": ")).map(|(_, sql)| sql);
        if let Some(sql) = simple.or(prepared) {
            statements.push(Statement { sql: sql.to_owned(), parameters: Vec::new() });
        } else if let (Some(told), Some(last)) = (details(line), statements.last_mut()) {
            last.parameters = parameters(told);
        }
    }
    statements
}

/// What a line tells of the parameters of the statement above it: until version 15 in lower case.
fn details(line: &str) -> Option<&str> {
    let (_, detail) = line.split_once("DETAIL:  ")?;
    detail.strip_prefix("Parameters: ").or_else(|| detail.strip_prefix("parameters: "))
}

/// The values in `$1 = 'it''s', $2 = NULL`.
fn parameters(told: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = told;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value;
            continue;
        };
        // Two quotes are one, and one alone is the end.
        let end = quoted.replace("''", "\u{0}\u{0}").find('\'').unwrap_or(quoted.len());
        let (text, behind) = quoted.split_at(end);
        values.push(Some(text.replace("''", "'")));
        rest = behind;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_from_the_log_with_their_parameters() {
        let log = "2026-11-22 00:00:00.000 UTC [7] LOG:  statement: BEGIN\n\
            2026-11-22 00:00:00.000 UTC [7] LOG:  execute sqlx_s_1: SELECT \"a\" FROM \"t\" WHERE \"b\" = $1 AND \"c\" = $2\n\
            2026-11-22 00:00:00.000 UTC [7] DETAIL:  Parameters: $1 = 'it''s = 1, $9 = ''x''', $2 = NULL, $3 = ''\n\
            2026-11-22 00:00:00.000 UTC [7] LOG:  disconnection\n";
        let values = vec![Some("it's = 1, $9 = 'x'".to_owned()), None, Some(String::new())];
        let select = Statement { sql: "SELECT \"a\" FROM \"t\" WHERE \"b\" = $1 AND \"c\" = $2".to_owned(), parameters: values };
        assert_eq!(parse(log), [Statement { sql: "BEGIN".to_owned(), parameters: Vec::new() }, select]);
    }
}
