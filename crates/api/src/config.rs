//! The configuration: flags and `COHORTIUM_*` variables, checked whole before anything starts.
//!
//! What always holds: every fault is told at once, each in one line that says what to do; a secret can come from a file, and is
//! never shown.

mod checks;
mod files;
mod issuers;
mod limits;
mod mail;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::IpNet;

use crate::keys::{KeyFolder, check_given};
use crate::network::{Hosts, NetworkConfig, Origins, TrustedProxies};

pub use self::files::{Bucket, FileRoute, FilesArgs};
pub use self::issuers::IssuerArgs;
pub use self::limits::{LONGEST_HEADER, Limits, LoadArgs};
pub use self::mail::{MailArgs, MailRoute};

const DATABASE_FILE: &str = "cohortium.sqlite";
const KEYS_FOLDER: &str = "keys";
/// The file of the demo's secret, by which its folder is known.
pub(crate) const DEMO_SECRET_FILE: &str = "demo-secret";

/// Where data are kept.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// The folder of the data: the SQLite file and the signing keys.
    #[arg(long, env = "COHORTIUM_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// The database, when it is not the SQLite file of the data folder: `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(long, env = "COHORTIUM_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<Secret>,
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
    /// Another host as which the server answers, for example its name behind a proxy that does not pass `Host` on; can be given
    /// several times.
    #[arg(long = "allow-host", env = "COHORTIUM_ALLOW_HOSTS", value_delimiter = ',', value_name = "HOST")]
    pub allow_hosts: Vec<String>,
}

/// Where the signing keys are kept.
#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    /// The folder of the signing keys: `keys` in the data folder, when not given. A running server follows what is done to it.
    #[arg(long, env = "COHORTIUM_KEYS", value_name = "DIR")]
    pub keys: Option<PathBuf>,
}

impl KeysArgs {
    /// The folder of the signing keys, with this folder of the data.
    #[must_use]
    pub fn folder(&self, data: &Path) -> KeyFolder {
        KeyFolder::new(self.keys.clone().unwrap_or_else(|| data.join(KEYS_FOLDER)))
    }
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
    secret: Option<Secret>,
    /// A file that holds the secret, instead of --secret.
    #[arg(long, env = "COHORTIUM_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[command(flatten)]
    keys: KeysArgs,
    /// The signing keys themselves, instead of a folder: one or several P-256 keys as PEM (PKCS #8), of which the first signs and
    /// all are good.
    #[arg(long, env = "COHORTIUM_SIGNING_KEYS", hide_env_values = true, value_name = "PEM")]
    signing_keys: Option<Secret>,
    /// A file that holds the signing keys, instead of --signing-keys.
    #[arg(long, env = "COHORTIUM_SIGNING_KEYS_FILE", value_name = "FILE")]
    signing_keys_file: Option<PathBuf>,
    #[command(flatten)]
    mail: MailArgs,
    #[command(flatten)]
    files: FilesArgs,
    /// Where to serve /metrics, on a port of its own; nowhere, when not given.
    #[arg(long, env = "COHORTIUM_METRICS_LISTEN", value_name = "ADDR:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// A front end's origin that may call the API from a browser, for example `https://app.example.org`; can be given several
    /// times.
    #[arg(long = "allow-origin", env = "COHORTIUM_ALLOW_ORIGINS", value_delimiter = ',', value_name = "ORIGIN")]
    allow_origins: Vec<String>,
    /// The network of a proxy whose `X-Forwarded-For` is believed, for example `10.0.0.0/8`; can be given several times.
    #[arg(long = "trust-proxy", env = "COHORTIUM_TRUST_PROXIES", value_delimiter = ',', value_name = "CIDR")]
    trust_proxies: Vec<IpNet>,
    #[command(flatten)]
    issuers: IssuerArgs,
    /// Serve the API without Swagger UI at /docs.
    #[arg(long, env = "COHORTIUM_NO_DOCS")]
    no_docs: bool,
    #[command(flatten)]
    load: LoadArgs,
}

/// What `worker` is told.
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// Where the data are.
    #[command(flatten)]
    pub data: DataArgs,
    /// How mails are sent.
    #[command(flatten)]
    pub mail: MailArgs,
}

/// A text that is not shown.
#[derive(Clone)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

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
    /// From which keys are derived.
    pub secret: Secret,
    /// Where its signing keys are.
    pub keys: KeySource,
    /// What it takes from the network.
    pub network: NetworkConfig,
    /// What it takes on.
    pub limits: Limits,
    /// Where mails go.
    pub mail: MailRoute,
    /// Where files are kept.
    pub files: FileRoute,
}

/// Where the signing keys are.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In a folder, which is followed.
    Folder(KeyFolder),
    /// Here, as PEM.
    Given(Secret),
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
    /// Whether the data are in the folder alone: in its SQLite file.
    #[must_use]
    pub fn in_folder(&self) -> bool {
        self.database_url.is_none() && self.database_url_file.is_none()
    }

    /// The database's address.
    ///
    /// # Errors
    /// What is wrong with what was given.
    pub fn database(&self) -> Result<Secret, Faulty> {
        let given = one_of("--database-url", self.database_url.as_ref(), self.database_url_file.as_deref())
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
        let mail = self.mail.route().unwrap_or_else(|Faulty(found)| {
            faults.extend(found);
            MailRoute::Nowhere
        });
        let files = self.files.route(&self.data.data).unwrap_or_else(|Faulty(found)| {
            faults.extend(found);
            FileRoute::in_data(&self.data.data)
        });
        let secret = self.read_secret(&mut faults);
        let keys = self.key_source(&mut faults);
        let network = self.network(&mut faults);
        if self.metrics_listen.is_some_and(|listen| listen.port() == self.listen.listen.port()) {
            faults.push("--metrics-listen: must be another port than --listen, one that clients do not reach".to_owned());
        }
        if self.data.data.join(DEMO_SECRET_FILE).exists() {
            faults.push(format!(
                "--data {}: holds the demo, whose passwords everybody knows; choose another",
                self.data.data.display()
            ));
        }
        let limits = self.load.limits(&mut faults);
        if !faults.is_empty() {
            return Err(Faulty(faults));
        }
        Ok(Config {
            data: self.data.data.clone(),
            database_url,
            listen: self.listen.listen,
            metrics_listen: self.metrics_listen,
            secret,
            keys,
            network,
            limits,
            mail,
            files,
        })
    }

    fn read_secret(&self, faults: &mut Vec<String>) -> Secret {
        match one_of("--secret", self.secret.as_ref(), self.secret_file.as_deref()) {
            Ok(Some(secret)) => {
                faults.extend(checks::secret_fault(&secret));
                return Secret(secret);
            }
            Ok(None) => faults.push(
                "--secret: is missing; give it, or COHORTIUM_SECRET, or the name of its file as COHORTIUM_SECRET_FILE".to_owned(),
            ),
            Err(fault) => faults.push(fault),
        }
        Secret(String::new())
    }

    /// Where the keys are. Those of the demo are on every machine that ever ran it, and are not taken.
    fn key_source(&self, faults: &mut Vec<String>) -> KeySource {
        let folder = self.keys.folder(&self.data.data);
        match one_of("--signing-keys", self.signing_keys.as_ref(), self.signing_keys_file.as_deref()) {
            Ok(Some(_)) if self.keys.keys.is_some() => faults.push("--keys: give it, or --signing-keys, but not both".to_owned()),
            Ok(Some(pem)) => {
                faults.extend(check_given(&pem).err().map(|error| format!("--signing-keys: {error}")));
                return KeySource::Given(Secret(pem));
            }
            Ok(None) => match folder.read() {
                Ok(ring) if ring.has_demo_key() => {
                    let shown = folder.path().display();
                    faults.push(format!(
                        "--keys {shown}: holds a key that the demo made; choose another folder, or remove demo-*.pk8"
                    ));
                }
                Ok(_) => {}
                Err(error) => faults.push(format!("--keys {}: cannot be used: {error}", folder.path().display())),
            },
            Err(fault) => faults.push(fault),
        }
        KeySource::Folder(folder)
    }

    fn network(&self, faults: &mut Vec<String>) -> NetworkConfig {
        let public_url = self.public_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let (origins, mut hosts) = (filled(&self.allow_origins), filled(&self.listen.allow_hosts));
        faults.extend(checks::public_url_fault(&public_url));
        faults.extend(origins.iter().filter_map(|origin| checks::origin_fault(origin)));
        faults.extend(hosts.iter().filter_map(|host| checks::host_fault(host)));
        faults.extend(self.trust_proxies.iter().filter_map(checks::proxy_fault));
        hosts.extend(checks::origin_of(&public_url).map(str::to_owned));
        let issuers = self.issuers.issuers(&public_url, faults);
        NetworkConfig {
            public_url,
            issuers,
            hosts: Hosts::only(hosts),
            origins: Origins::Only(origins),
            proxies: TrustedProxies::new(self.trust_proxies.clone()),
            docs: !self.no_docs,
        }
    }
}

/// What was really given: an empty variable gives one empty text.
fn filled(given: &[String]) -> Vec<String> {
    given.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// A value given by itself or by the name of its file, but not by both.
fn one_of(flag: &str, value: Option<&Secret>, file: Option<&Path>) -> Result<Option<String>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err(format!("{flag}: give it, or {flag}-file, but not both")),
        (Some(value), None) => Ok(Some(value.expose().to_owned())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("{flag}-file {}: cannot be read: {error}", file.display()))?;
            Ok(Some(text.trim().to_owned()))
        }
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use cohortium_domain::time::Timestamp;

    use crate::rate_limits::RateLimitArgs;

    use super::*;

    const SECRET: &str = "5f0c1e9ab27d4c83a6f1e0d2b4c6978a";

    /// What is right, with the data in a folder.
    fn args(data: &Path) -> ServeArgs {
        ServeArgs {
            data: DataArgs { data: data.to_owned(), database_url: None, database_url_file: None },
            listen: ListenArgs {
                listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
                allow_hosts: vec!["server".to_owned(), String::new()],
            },
            public_url: Some("https://api.example.org/".to_owned()),
            secret: Some(Secret::new(SECRET.to_owned())),
            secret_file: None,
            keys: KeysArgs { keys: None },
            signing_keys: None,
            signing_keys_file: None,
            mail: MailArgs {
                smtp_url: Some(Secret::new("smtps://us:a-secret-of-the-mail-server@mail.example.org".to_owned())),
                smtp_url_file: None,
                mail_from: Some("noreply@example.org".to_owned()),
            },
            files: FilesArgs::default(),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
            allow_origins: vec!["https://app.example.org".to_owned()],
            trust_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            issuers: IssuerArgs { allow_issuers: vec!["dcsc https://login.example.org https://api.example.org".to_owned()] },
            no_docs: false,
            load: LoadArgs { max_requests: 100, max_connections: 1_000, rates: RateLimitArgs::default() },
        }
    }

    fn faults(args: &ServeArgs) -> Vec<String> {
        args.config().err().map_or_else(Vec::new, |faulty| faulty.0)
    }

    #[test]
    fn a_whole_configuration_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let config = args(place.path()).config().unwrap();
        assert_eq!(config.network.public_url, "https://api.example.org");
        assert!(config.network.hosts.know("api.example.org") && config.network.hosts.know("server:8080"));
        assert_eq!(config.network.issuers.len(), 1);
        assert!(!config.network.hosts.know("localhost") && !config.network.hosts.know("app.example.org"));
        assert_eq!(config.database_url.expose(), sqlite_url(place.path()));
        assert_eq!(config.limits, Limits { requests: 100, connections: 1_000, ..Limits::default() });
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let place = tempfile::tempdir().unwrap();
        let right = args(place.path());
        let faulty = ServeArgs {
            data: DataArgs { database_url: Some(Secret::new("mysql://x".to_owned())), ..right.data },
            listen: ListenArgs { allow_hosts: vec!["*".to_owned()], ..right.listen },
            public_url: Some("http://api.example.org".to_owned()),
            secret: Some(Secret::new("changeme".to_owned())),
            signing_keys: Some(Secret::new("changeme".to_owned())),
            metrics_listen: Some(right.listen.listen),
            allow_origins: vec!["*".to_owned(), "null".to_owned(), "http://app.example.org".to_owned()],
            trust_proxies: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
            issuers: IssuerArgs { allow_issuers: vec!["dcsc http://login.example.org https://api.example.org".to_owned()] },
            load: LoadArgs { max_requests: 0, max_connections: 0, ..right.load },
            ..right
        };
        let told = faults(&faulty);
        assert_eq!(told.len(), 14, "{told:#?}");
        assert!(
            told.iter().all(|fault| fault.starts_with("--") && !fault.contains('\n') && !fault.contains("changeme")),
            "{told:#?}"
        );
    }

    #[test]
    fn a_secret_is_never_shown() {
        let place = tempfile::tempdir().unwrap();
        let url = "postgres://ada:hunter2@localhost/x".to_owned();
        let right = args(place.path());
        let secret = ServeArgs { data: DataArgs { database_url: Some(Secret::new(url)), ..right.data }, ..right };
        for shown in [format!("{secret:?}"), format!("{:?}", secret.config().unwrap())] {
            assert!(!shown.contains(SECRET) && !shown.contains("hunter2") && !shown.contains("a-secret"), "{shown}");
        }
    }

    #[test]
    fn what_the_demo_made_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let serve = args(place.path());
        serve.keys.folder(place.path()).read_or_begin(Timestamp::from_millis(0), true).unwrap();
        let told = faults(&serve);
        assert!(told.len() == 1 && told[0].starts_with("--keys ") && told[0].contains("demo"), "{told:?}");
        std::fs::write(place.path().join(DEMO_SECRET_FILE), SECRET).unwrap();
        let elsewhere = ServeArgs { keys: KeysArgs { keys: Some(place.path().join("elsewhere")) }, ..serve };
        let told = faults(&elsewhere);
        assert!(told.len() == 1 && told[0].starts_with("--data ") && told[0].contains("demo"), "{told:?}");
    }

    #[test]
    fn keys_come_from_one_place() {
        let place = tempfile::tempdir().unwrap();
        let right = args(place.path());
        let both = ServeArgs {
            signing_keys: Some(Secret::new("x".to_owned())),
            keys: KeysArgs { keys: Some(place.path().join("keys")) },
            ..right
        };
        assert_eq!(faults(&both), ["--keys: give it, or --signing-keys, but not both"]);
        let missing = ServeArgs { signing_keys_file: Some(place.path().join("missing")), ..args(place.path()) };
        assert!(faults(&missing)[0].starts_with("--signing-keys-file "));
        let folder = right_folder(place.path());
        std::fs::write(folder.path().join("1-broken.pk8"), "broken").unwrap();
        assert!(faults(&args(place.path()))[0].contains("1-broken.pk8"));
    }

    fn right_folder(data: &Path) -> KeyFolder {
        let folder = KeysArgs { keys: None }.folder(data);
        folder.read_or_begin(Timestamp::from_millis(0), false).unwrap();
        folder
    }
}
