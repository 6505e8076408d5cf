//! Servers, as processes of their own, and what they use.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Done;
use crate::client::{Connection, get};

/// By what address the server's clients would know it.
pub const PUBLIC_URL: &str = "https://load.test";
/// A secret that keeps nothing, though it looks like one, or no server would take it.
pub const SECRET: &str = "nH3kP0v7dTq2sXz9LbR5mWc8yJf1gUaE4iKo6ZpVtQs";
/// The length of a tick in which Linux tells the CPU's time.
const TICK: Duration = Duration::from_millis(10);
/// A limit of requests that is counted, and never reached.
const OUT_OF_REACH: u32 = 4_000_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// How many cores there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A server that runs as long as this value lives.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// From its start until it was ready.
    pub started_in: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is being thrown away: whatever became of it, there is nothing more to do.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Server {
    /// Cohortium, as in production: with its log, on this data folder, and on this PostgreSQL where one is named.
    pub fn cohortium(data: &Path, database_url: Option<&str>) -> Done<Self> {
        let program = beside("cohortium")?;
        let mut command = Command::new(program);
        command.args(["serve", "--public-url", PUBLIC_URL, "--secret", SECRET, "--data"]).arg(data);
        for limit in ["requests", "writes", "catalog", "anonymous"] {
            command.args([format!("--{limit}-per-minute"), OUT_OF_REACH.to_string()]);
        }
        if let Some(url) = database_url {
            command.args(["--database-url", url]);
        }
        Self::start(command, "/health/ready")
    }

    /// A ceiling, with these arguments.
    pub fn ceiling(arguments: &[&str]) -> Done<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("ceiling").args(arguments);
        Self::start(command, "/")
    }

    fn start(mut command: Command, ready_at: &str) -> Done<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        command.args(["--listen", &address.to_string()]);
        // What is logged costs its making, and goes nowhere.
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let child = command.spawn()?;
        let mut server = Self { child, address, started_in: Duration::ZERO };
        while !answers(address, ready_at) {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{command:?} ended: {status}").into());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{command:?} does not get ready").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        server.started_in = began.elapsed();
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU's time that it has used.
    pub fn cpu(&self) -> Done<Duration> {
        cpu_of(self.child.id())
    }

    /// The memory that it holds, in MiB: now, and at its height.
    pub fn memory(&self) -> Done<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default()
        };
        Ok((kib("VmRSS:") / 1024, kib("VmHWM:") / 1024))
    }
}

fn answers(address: SocketAddr, path: &str) -> bool {
    Connection::open(address).and_then(|mut connection| connection.send(&get(path, &[]))).is_ok_and(|status| status != 503)
}

/// A program that was built together with this one.
fn beside(name: &str) -> Done<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    if program.exists() { Ok(program) } else { Err(format!("{} is not built: `tests/run --load` does", program.display()).into()) }
}

/// The CPU's time that a process has used.
pub fn cpu_of(process: u32) -> Done<Duration> {
    Ok(time(&stat(process)?, 2))
}

/// The same of a process, the children that it has waited for, and those that it has.
pub fn cpu_of_family(parent: u32) -> Done<Duration> {
    let mut total = time(&stat(parent)?, 4);
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that has ended meanwhile is counted with those that the parent has waited for, the next time.
        let Ok(fields) = stat(process) else { continue };
        if fields.get(PARENT) == Some(&parent) {
            total += time(&fields, 2);
        }
    }
    Ok(total)
}

/// In what is told of a process: its parent, and its time as a user, followed by that of the system and both of its children.
const PARENT: usize = 1;
const USER: usize = 11;

fn time(fields: &[u32], kinds: usize) -> Duration {
    TICK * fields.iter().skip(USER).take(kinds).sum::<u32>()
}

/// What Linux tells of a process behind its name (`proc_pid_stat(5)`): numbers, but for what does not matter here.
fn stat(process: u32) -> Done<Vec<u32>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text.rsplit_once(") ").ok_or("no name in /proc/PID/stat")?;
    Ok(fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect())
}
