//! A PostgreSQL of this run's own, on a disk and durable, as in production; `tests/postgres` keeps it.

use std::cell::Cell;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::server::cpu_of_family;
use crate::{Done, Site};

/// The cluster. It is gone soon after this process is.
pub struct Cluster {
    folder: PathBuf,
    url: String,
    /// How much of its log has been read.
    read: Cell<u64>,
}

impl Cluster {
    /// Starts it.
    pub fn start(site: &Site) -> Done<Self> {
        let folder = site.path().join("postgres");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../postgres");
        let mut command = Command::new(script);
        command.arg(&folder).arg(std::process::id().to_string()).arg("durable");
        let mut keeper = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut complaint = String::new();
        keeper.stderr.take().map(|mut pipe| pipe.read_to_string(&mut complaint)).transpose()?;
        let url = std::fs::read_to_string(folder.join("url")).map_err(|_| format!("PostgreSQL does not start: {complaint}"))?;
        let cluster = Self { folder, url: url.trim().to_owned(), read: Cell::new(0) };
        let settings = ["server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers"];
        let told: Vec<String> = settings
            .iter()
            .map(|name| cluster.sql("postgres", &format!("SHOW {name}")).map(|value| format!("{name} {value}")))
            .collect::<Done<_>>()?;
        println!("PostgreSQL: {}\n", told.join(", "));
        Ok(cluster)
    }

    /// Makes a database, as a copy of another where one is named, in which then nobody may be.
    pub fn create(&self, name: &str, template: Option<&str>) -> Done {
        let template = template.map_or_else(String::new, |template| format!(" TEMPLATE {template}"));
        self.sql("postgres", &format!("CREATE DATABASE {name}{template}")).map(drop)
    }

    /// The address of a database.
    pub fn url(&self, name: &str) -> String {
        self.url.replace("/postgres?", &format!("/{name}?"))
    }

    /// Runs statements in a database, and gives what they print.
    pub fn sql(&self, database: &str, statements: &str) -> Done<String> {
        let mut command = Command::new(self.folder.join("psql"));
        command.arg(self.url(database)).args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        let mut psql = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = psql.stdin.take() {
            stdin.write_all(statements.as_bytes())?;
        }
        let output = psql.wait_with_output()?;
        if output.status.success() {
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into())
        }
    }

    /// What the log says that it has not said before.
    pub fn log(&self) -> Done<String> {
        let log = std::fs::read(self.folder.join("log"))?;
        let new = log.get(usize::try_from(self.read.get())?..).unwrap_or_default();
        self.read.set(u64::try_from(log.len())?);
        Ok(String::from_utf8_lossy(new).into_owned())
    }

    /// The CPU's time that all its processes have used.
    pub fn cpu(&self) -> Done<Duration> {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        cpu_of_family(pid.lines().next().unwrap_or_default().trim().parse()?)
    }

    /// One of PostgreSQL's own programs, to be run on a database.
    pub fn program(&self, name: &str) -> Done<Command> {
        // psql is a link to where they all are.
        let psql = std::fs::read_link(self.folder.join("psql"))?;
        Ok(Command::new(psql.with_file_name(name)))
    }
}
