//! The wire to a server: one on which a test writes HTTP byte by byte, and one to PostgreSQL that it can cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::api::{Answer, must};
use crate::database::TestDatabase;

/// Writes bytes to a server, and reads what it answers until it has told a whole body or closes the connection.
///
/// # Panics
/// When there is no answer.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = must(TcpStream::connect(address).await);
    must(stream.write_all(request).await);
    let mut received = Vec::new();
    while whole(&received).is_none() && must(stream.read_buf(&mut received).await) > 0 {}
    let (head, text) = whole(&received).unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&received)));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        (must(name.parse::<reqwest::header::HeaderName>()), must(value.trim().parse::<reqwest::header::HeaderValue>()))
    };
    let body = serde_json::from_str(&text).unwrap_or_default();
    let bytes = text.clone().into_bytes();
    Answer { status: status.unwrap_or_default(), headers: lines.map(header).collect(), text, bytes, body }
}

/// The head and the body, when all of it is there.
fn whole(received: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(received);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
    (body.len() >= length).then(|| (head.to_owned(), body.to_owned()))
}

/// A wire to a PostgreSQL database: whoever connects by it loses the database when it is cut.
#[derive(Debug)]
pub struct Wire {
    end: End,
    url: String,
    address: SocketAddr,
    carrying: Option<JoinHandle<()>>,
}

/// Where the database listens.
#[derive(Clone, Debug)]
enum End {
    Socket(PathBuf),
    Port(String, u16),
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.take().inspect(JoinHandle::abort);
    }
}

impl Wire {
    /// A wire to a database.
    ///
    /// # Panics
    /// When it is not PostgreSQL.
    pub async fn to(database: &TestDatabase) -> Self {
        let options: PgConnectOptions = must(database.url().parse());
        let end = match options.get_socket() {
            Some(folder) => End::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => End::Port(options.get_host().to_owned(), options.get_port()),
        };
        let listener = must(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await);
        let address = must(listener.local_addr());
        let user = database.url().split_once("://").and_then(|(_, rest)| rest.split_once('@')).map_or("postgres", |(user, _)| user);
        let name = options.get_database().unwrap_or_default();
        let url = format!("postgres://{user}@{address}/{name}?sslmode=disable");
        let carrying = Some(tokio::spawn(carry(listener, end.clone())));
        Self { end, url, address, carrying }
    }

    /// The database's address by way of the wire.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts it: what is open breaks, and nothing can be opened.
    pub async fn cut(&mut self) {
        if let Some(carrying) = self.carrying.take() {
            carrying.abort();
            // The listener is gone when the task is.
            let _ = carrying.await;
        }
    }

    /// Mends it.
    ///
    /// # Panics
    /// When the port is taken meanwhile.
    pub async fn mend(&mut self) {
        let listener = must(TcpListener::bind(self.address).await);
        self.carrying = Some(tokio::spawn(carry(listener, self.end.clone())));
    }
}

/// Carries what comes in, as long as it is not aborted.
async fn carry(listener: TcpListener, end: End) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let end = end.clone();
        open.spawn(async move {
            match end {
                End::Socket(path) => join(stream, UnixStream::connect(path).await).await,
                End::Port(host, port) => join(stream, TcpStream::connect((host, port)).await).await,
            }
        });
    }
}

async fn join<T: AsyncRead + AsyncWrite + Unpin>(mut one: TcpStream, other: std::io::Result<T>) {
    if let Ok(mut other) = other {
        // However it ends, both are closed.
        let _ = copy_bidirectional(&mut one, &mut other).await;
    }
}
