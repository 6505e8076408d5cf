//! What a server mails: kept in memory, or taken by a mail server of a test's own.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use cohortium_domain::mails::Unsent;
use cohortium_workflow::mails::{Letter, Mailer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::api::must;

/// Keeps letters in memory.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<Letter>>);

impl Mailbox {
    /// The letters that came since they were last taken out.
    #[must_use]
    pub fn empty(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mailer for Mailbox {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
        Ok(())
    }
}

/// The token that a mail brings: behind `#token=`, or on a line of its own.
///
/// # Panics
/// When it brings none.
#[track_caller]
#[must_use]
pub fn token_in(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.split("#token=").last().unwrap_or(word));
    let mut found =
        words.filter(|word| word.len() == 43 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    found.next_back().map_or_else(|| panic!("no token in {text}"), str::to_owned)
}

/// A mail server that speaks as much SMTP as there must be.
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    messages: Vec<String>,
    answers: VecDeque<&'static str>,
}

impl SmtpServer {
    /// Starts one, on a port of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        Self::listening_on(must(TcpListener::bind("127.0.0.1:0").await))
    }

    /// Starts one at the address of another that is gone.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_at(address: SocketAddr) -> Self {
        Self::listening_on(must(TcpListener::bind(address).await))
    }

    fn listening_on(listener: TcpListener) -> Self {
        let (address, taken) = (must(listener.local_addr()), Arc::new(Mutex::new(Taken::default())));
        let server = taken.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, server.clone()));
            }
        });
        Self { address, taken }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers to the next message, in place of taking it.
    pub fn answer_next(&self, answer: &'static str) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).answers.push_back(answer);
    }

    /// The messages that it took, decoded.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).messages.clone()
    }
}

/// One conversation (RFC 5321), as far as a client needs it.
async fn converse(mut stream: TcpStream, taken: Arc<Mutex<Taken>>) {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    if writer.write_all(b"220 test\r\n").await.is_err() {
        return;
    }
    while let Ok(Some(line)) = lines.next_line().await {
        let command = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match command.as_str() {
            "EHLO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 yes",
            "DATA" => {
                if writer.write_all(b"354 go on\r\n").await.is_err() {
                    return;
                }
                let mut message = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    message.push(line.strip_prefix('.').map(str::to_owned).unwrap_or(line));
                }
                take(&taken, &message.join("\n"))
            }
            "QUIT" => "221 bye",
            _ => "502 what",
        };
        if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() || command == "QUIT" {
            return;
        }
    }
}

fn take(taken: &Mutex<Taken>, message: &str) -> &'static str {
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = taken.answers.pop_front() {
        return answer;
    }
    taken.messages.push(message.replace("=\n", "").replace("=3D", "="));
    "250 yes"
}
