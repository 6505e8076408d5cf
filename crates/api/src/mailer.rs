//! How letters travel: over SMTP, or, where a demo has no mail server, into files.
//!
//! What always holds: a letter is the same message in every attempt, with the same Message-ID; nothing of it, nor its address, is
//! logged. No header holds a line break.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use cohortium_domain::mails::Unsent;
use cohortium_workflow::mails::{Letter, Mailer};
use lettre::address::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport, Tokio1Executor};

use crate::config::{MailRoute, Secret};
use crate::keys::write_private;

/// How long a mail server may take for each of its answers.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take for a letter: less than anybody has it.
const LETTER_TIMEOUT: Duration = Duration::from_secs(40);
/// What a mail server answers to whoever may not send at all: our configuration's fault, not the letter's.
const NOT_SIGNED_IN: [u16; 4] = [530, 534, 535, 538];
/// What a mail server answers that goes away.
const GOING_AWAY: u16 = 421;

/// What brings letters to people.
pub enum Post {
    /// A mail server.
    Smtp(SmtpPost),
    /// Files in a folder: for the demo.
    Files(FilePost),
}

impl Post {
    /// By this route; nothing, when there is none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn by(route: &MailRoute) -> Result<Option<Self>, String> {
        Ok(match route {
            MailRoute::Smtp { url, from } => Some(Self::Smtp(SmtpPost::new(url, from)?)),
            MailRoute::Files(folder) => Some(Self::Files(FilePost { folder: folder.clone() })),
            MailRoute::Nowhere => None,
        })
    }
}

impl Mailer for Post {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        match self {
            Self::Smtp(post) => post.send(letter).await,
            Self::Files(post) => post.send(letter).await,
        }
    }
}

/// A mail server.
pub struct SmtpPost {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl SmtpPost {
    /// The one at this address (`smtps://USER:PASSWORD@HOST`), with mails from this one.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn new(url: &Secret, from: &str) -> Result<Self, String> {
        let from = from.parse().map_err(|_| "--mail-from: must be an e-mail address, such as noreply@example.org".to_owned())?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).map_err(|_| {
            "--smtp-url: must be smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST:587?tls=required".to_owned()
        })?;
        Ok(Self { transport: transport.timeout(Some(ANSWER_TIMEOUT)).build(), from })
    }
}

impl Mailer for SmtpPost {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        let message = message(letter, &self.from)?;
        match tokio::time::timeout(LETTER_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let why = why(error.status().map(u16::from));
                tracing::warn!(mail = %letter.id, status = error.status().map(u16::from), ?why, "the mail server did not take a mail");
                Err(why)
            }
            Err(_) => Err(Unsent::Unreachable),
        }
    }
}

/// What an answer means; none, when there was none.
fn why(status: Option<u16>) -> Unsent {
    match status {
        None | Some(GOING_AWAY) => Unsent::Unreachable,
        Some(status) if NOT_SIGNED_IN.contains(&status) => Unsent::Unreachable,
        Some(500..) => Unsent::Never,
        Some(_) => Unsent::NotNow,
    }
}

/// A folder in which every letter is a file.
pub struct FilePost {
    folder: PathBuf,
}

impl Mailer for FilePost {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        let message = message(letter, &Address::new("noreply", "cohortium.example").map_err(|_| Unsent::Never)?)?;
        let instant = letter.written_at.to_string().replace(':', "-");
        let path = self.folder.join(format!("{instant}-{}-{}.eml", letter.kind, letter.id));
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| write_private(&path, &message.formatted()));
        written.map_err(|error| {
            tracing::warn!(%error, path = %path.display(), "a mail cannot be written");
            Unsent::Unreachable
        })?;
        tracing::info!(path = %path.display(), kind = %letter.kind, "a mail was written into a file");
        Ok(())
    }
}

/// The letter as a message (RFC 5322) that no machine answers (RFC 3834).
fn message(letter: &Letter, from: &Address) -> Result<Message, Unsent> {
    let defect = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, mail = %letter.id, "a mail cannot be written as a message");
        Unsent::Never
    };
    let address = |text: &str| text.parse::<Address>().map_err(|error| defect(&error));
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(in_one_line(&letter.from_name)), from.clone()))
        .to(Mailbox::new(None, address(letter.to.as_str())?))
        .subject(letter.subject)
        .date(SystemTime::from(letter.written_at.utc()))
        .message_id(Some(format!("<{}@{}>", letter.id, from.domain())))
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN);
    if let Some(office) = &letter.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(office.as_str())?));
    }
    builder.body(letter.text.clone()).map_err(|error| defect(&error))
}

/// A name that stays in its header: lettre makes no header of one with a line break.
fn in_one_line(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a mail server at this address would be sent passwords and tokens for everybody to read.
#[must_use]
pub fn in_the_open(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("smtp://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let local = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
    !local && !rest.contains("tls=required")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cohortium_domain::ids::{Id, MailId};
    use cohortium_domain::mails::MailKind;
    use cohortium_domain::text::Email;
    use cohortium_domain::time::Timestamp;

    fn letter() -> Letter {
        Letter {
            id: MailId::from_uuid(uuid::Uuid::nil()),
            kind: MailKind::VerifyEmail,
            from_name: "Schools \"of\" DC, Ünited".to_owned(),
            reply_to: Some(Email::new("office@dcsc.example").unwrap()),
            to: Email::new("ana@example.org").unwrap(),
            subject: "Confirm your e-mail address",
            text: "Grüße\n\n    abc\n".to_owned(),
            written_at: Timestamp::from_millis(1_574_251_200_000),
        }
    }

    fn formatted(letter: &Letter) -> String {
        let from = "noreply@example.org".parse().unwrap();
        String::from_utf8(message(letter, &from).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_letter_is_the_same_message_in_every_attempt() {
        let message = formatted(&letter());
        assert_eq!(message, formatted(&letter()));
        for line in [
            "Message-ID: <00000000-0000-0000-0000-000000000000@example.org>",
            "Date: Wed, 20 Nov 2019 12:00:00 +0000",
            "To: ana@example.org",
            "Reply-To: office@dcsc.example",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(message.lines().any(|one| one == line), "{line} is not in\n{message}");
        }
    }

    #[test]
    fn no_name_breaks_out_of_its_header() {
        let message = formatted(&Letter { from_name: "A\r\nBcc: eve@example.org".to_owned(), ..letter() });
        let headers: Vec<&str> = message.lines().map(|line| line.split(':').next().unwrap()).take(3).collect();
        assert_eq!(headers, ["From", "To", "Subject"], "{message}");
    }

    #[test]
    fn an_answer_of_the_mail_server_says_whether_to_try_again() {
        for (status, expected) in [
            (None, Unsent::Unreachable),
            (Some(421), Unsent::Unreachable),
            (Some(450), Unsent::NotNow),
            (Some(451), Unsent::NotNow),
            (Some(535), Unsent::Unreachable),
            (Some(550), Unsent::Never),
            (Some(554), Unsent::Never),
        ] {
            assert_eq!(why(status), expected, "{status:?}");
        }
    }

    #[test]
    fn only_a_mail_server_on_this_machine_is_spoken_to_in_the_open() {
        for (url, open) in [
            ("smtps://u:p@mail.example.org", false),
            ("smtp://u:p@mail.example.org:587?tls=required", false),
            ("smtp://mail.example.org", true),
            ("smtp://mail.example.org?tls=opportunistic", true),
            ("smtp://localhost:25", false),
            ("smtp://localhost.example.org:25", true),
            ("smtp://127.0.0.1", false),
        ] {
            assert_eq!(in_the_open(url), open, "{url}");
        }
    }
}
