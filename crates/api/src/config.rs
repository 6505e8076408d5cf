//! The configuration: flags and `COHORTIUM_*` variables, checked whole before anything starts.
//!
//! What always holds: every fault is told at once, each in one line that says what to do; a secret can come from a file, and is never shown.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::rate_limits::RateLimitArgs;

/// The least length of the server's secret.
const SECRET_LEAST: usize = 32;
const DATABASE_FILE: &str = "cohortium.sqlite";
const KEYS_FOLDER: &str = "keys";

/// Where data are kept.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// The folder of the data: the SQLite file and the signing keys.
    #[arg(long, env = "COHORTIUM_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// The database, when it is not the SQLite file of the data folder: `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(long, env = "COHORTIUM_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// A file that holds the database's address, instead of --database-url.
    #[arg(long, env = "COHORTIUM_DATABASE_URL_FILE", value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
}

/// How the server listens.
#[derive(Args, Clone, Debug)]
pub struct ListenArgs {
    /// The address and port to listen on.
    #[arg(long, env = "COHORTIUM_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
}

/// What `serve` is told.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
    /// Where clients reach the server, for example `https://api.example.org`.
    #[arg(long, env = "COHORTIUM_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// The secret from which the keys of cursors and links are derived: 32 characters or more.
    #[arg(long, env = "COHORTIUM_SECRET", hide_env_values = true, value_name = "SECRET")]
    secret: Option<String>,
    /// A file that holds the secret, instead of --secret.
    #[arg(long, env = "COHORTIUM_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Where to serve /metrics, on a port of its own; nowhere, when not given.
    #[arg(long, env = "COHORTIUM_METRICS_LISTEN", value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// A front end's origin that may call the API from a browser, for example `https://app.example.org`; can be given several times.
    #[arg(long = "allow-origin", env = "COHORTIUM_ALLOW_ORIGINS", value_delimiter = ',', value_name = "ORIGIN")]
    allow_origins: Vec<String>,
    #[command(flatten)]
    rate_limits: RateLimitArgs,
}

/// A text that is not shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A text that is not to be shown.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What a server runs by.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the data.
    pub data: PathBuf,
    /// The database's address.
    pub database_url: Secret,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it serves its metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// Where clients reach it, without a slash at the end.
    pub public_url: String,
    /// From which keys are derived.
    pub secret: Secret,
    /// Which front ends may call from a browser.
    pub origins: Origins,
    /// How much each caller may ask.
    pub rate_limits: RateLimitArgs,
}

/// Which front ends may call from a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// These.
    Only(Vec<String>),
    /// Whatever runs on this machine: for the demo alone.
    Localhost,
}

/// What is wrong with a configuration: each fault a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Faulty(pub Vec<String>);

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl DataArgs {
    /// The database's address.
    ///
    /// # Errors
    /// What is wrong with what was given.
    pub fn database(&self) -> Result<Secret, Faulty> {
        let given = one_of("--database-url", self.database_url.as_deref(), self.database_url_file.as_deref())
            .map_err(|fault| Faulty(vec![fault]))?;
        match given {
            None => Ok(Secret(sqlite_url(&self.data))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => Ok(Secret(url)),
            Some(_) => Err(Faulty(vec![
                "--database-url: must begin with postgres:// (without it, a SQLite file in --data is used)".to_owned(),
            ])),
        }
    }
}

/// The folder of the signing keys.
#[must_use]
pub fn keys_folder(data: &Path) -> PathBuf {
    data.join(KEYS_FOLDER)
}

/// The address of the SQLite file in a folder.
#[must_use]
pub fn sqlite_url(data: &Path) -> String {
    format!("sqlite://{}", data.join(DATABASE_FILE).display())
}

impl ServeArgs {
    /// The configuration, when nothing is wrong with it.
    ///
    /// # Errors
    /// Every fault.
    pub fn config(&self) -> Result<Config, Faulty> {
        let mut faults = Vec::new();
        let database_url = self.data.database().unwrap_or_else(|Faulty(found)| {
            faults.extend(found);
            Secret(String::new())
        });
        let secret = self.read_secret(&mut faults);
        let public_url = self.checked_public_url(&mut faults);
        for origin in &self.allow_origins {
            if !is_origin(origin) {
                faults.push(format!(
                    "--allow-origin {origin}: must be one exact origin, such as https://app.example.org, without a path or a *"
                ));
            }
        }
        if !faults.is_empty() {
            return Err(Faulty(faults));
        }
        Ok(Config {
            data: self.data.data.clone(),
            database_url,
            listen: self.listen.listen,
            metrics_listen: self.metrics_listen,
            public_url,
            secret,
            origins: Origins::Only(self.allow_origins.clone()),
            rate_limits: self.rate_limits,
        })
    }

    fn read_secret(&self, faults: &mut Vec<String>) -> Secret {
        match one_of("--secret", self.secret.as_deref(), self.secret_file.as_deref()) {
            Ok(Some(secret)) if secret.chars().count() >= SECRET_LEAST => return Secret(secret),
            Ok(Some(_)) => {
                faults.push(format!("--secret: at least {SECRET_LEAST} characters, for example from `openssl rand -base64 48`"));
            }
            Ok(None) => faults.push(
                "--secret: is missing; give it, or COHORTIUM_SECRET, or the name of its file as COHORTIUM_SECRET_FILE".to_owned(),
            ),
            Err(fault) => faults.push(fault),
        }
        Secret(String::new())
    }

    fn checked_public_url(&self, faults: &mut Vec<String>) -> String {
        let url = self.public_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        if url.is_empty() {
            faults.push(
                "--public-url: is missing; give the address at which clients reach the server, for example https://api.example.org"
                    .to_owned(),
            );
        } else if !url.starts_with("https://") {
            faults.push("--public-url: must begin with https://, because tokens travel on it".to_owned());
        }
        url
    }
}

/// A value given by itself or by the name of its file, but not by both.
fn one_of(flag: &str, value: Option<&str>, file: Option<&Path>) -> Result<Option<String>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err(format!("{flag}: give it, or {flag}-file, but not both")),
        (Some(value), None) => Ok(Some(value.to_owned())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("{flag}-file {}: cannot be read: {error}", file.display()))?;
            Ok(Some(text.trim().to_owned()))
        }
        (None, None) => Ok(None),
    }
}

fn is_origin(origin: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn args() -> ServeArgs {
        ServeArgs {
            data: DataArgs { data: PathBuf::from("data"), database_url: None, database_url_file: None },
            listen: ListenArgs { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) },
            public_url: Some("https://api.example.org/".to_owned()),
            secret: Some("0123456789abcdef0123456789abcdef".to_owned()),
            secret_file: None,
            metrics_listen: None,
            allow_origins: vec!["https://app.example.org".to_owned()],
            rate_limits: RateLimitArgs::all(NonZeroU16::MAX),
        }
    }

    #[test]
    fn a_whole_configuration_is_taken() {
        let config = args().config().unwrap();
        assert_eq!(config.public_url, "https://api.example.org");
        assert_eq!(config.database_url.expose(), "sqlite://data/cohortium.sqlite");
        assert!(!format!("{config:?}").contains("0123456789abcdef"), "a secret is never shown");
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faulty = ServeArgs {
            data: DataArgs { database_url: Some("mysql://x".to_owned()), ..args().data },
            public_url: Some("http://api.example.org".to_owned()),
            secret: Some("short".to_owned()),
            allow_origins: vec!["*".to_owned(), "https://a.example/path".to_owned()],
            ..args()
        };
        assert_eq!(faulty.config().unwrap_err().0.len(), 5);
    }
}
