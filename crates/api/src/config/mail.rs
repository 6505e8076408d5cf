//! Where mails go.

use std::path::PathBuf;

use clap::Args;

use super::{Faulty, Secret, one_of};
use crate::mailer::{SmtpPost, in_the_open};

/// How mails are sent.
#[derive(Args, Clone, Debug)]
pub struct MailArgs {
    /// The mail server: `smtps://USER:PASSWORD@HOST`, or `smtp://USER:PASSWORD@HOST:587?tls=required`. Without one, mails wait.
    #[arg(long, env = "COHORTIUM_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub(super) smtp_url: Option<Secret>,
    /// A file that holds the mail server's address, instead of --smtp-url.
    #[arg(long, env = "COHORTIUM_SMTP_URL_FILE", value_name = "FILE")]
    pub(super) smtp_url_file: Option<PathBuf>,
    /// The address from which mails are sent, for example `noreply@example.org`.
    #[arg(long, env = "COHORTIUM_MAIL_FROM", value_name = "ADDRESS")]
    pub(super) mail_from: Option<String>,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum MailRoute {
    /// To a mail server.
    Smtp {
        /// Its address, with the password to it.
        url: Secret,
        /// From which address they come.
        from: String,
    },
    /// Into a folder, as files: for the demo.
    Files(PathBuf),
    /// Nowhere: they wait.
    Nowhere,
}

impl MailArgs {
    /// Where mails go, as far as it was told.
    ///
    /// # Errors
    /// Every fault.
    pub fn route(&self) -> Result<MailRoute, Faulty> {
        let url =
            one_of("--smtp-url", self.smtp_url.as_ref(), self.smtp_url_file.as_deref()).map_err(|fault| Faulty(vec![fault]))?;
        match (url, &self.mail_from) {
            (None, _) => Ok(MailRoute::Nowhere),
            (Some(_), None) => Err(Faulty(vec![
                "--mail-from: is missing; give the address from which mails are sent, for example noreply@example.org".to_owned(),
            ])),
            (Some(url), Some(_)) if in_the_open(&url) => {
                Err(Faulty(vec!["--smtp-url: add ?tls=required, because links travel on it".to_owned()]))
            }
            (Some(url), Some(from)) => {
                let url = Secret::new(url);
                SmtpPost::new(&url, from).map_err(|fault| Faulty(vec![fault]))?;
                Ok(MailRoute::Smtp { url, from: from.clone() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_go_to_a_mail_server_that_is_spoken_to_in_secret_or_nowhere() {
        let route = |url: Option<&str>, from: Option<&str>| {
            let (smtp_url, mail_from) = (url.map(|url| Secret::new(url.to_owned())), from.map(str::to_owned));
            MailArgs { smtp_url, smtp_url_file: None, mail_from }.route()
        };
        let from = Some("noreply@example.org");
        assert!(matches!(route(None, None), Ok(MailRoute::Nowhere)));
        assert!(matches!(route(Some("smtp://localhost:25"), from), Ok(MailRoute::Smtp { .. })));
        for (url, from, flag) in [
            ("smtps://mail.example.org", None, "--mail-from"),
            ("smtps://mail.example.org", Some("nobody"), "--mail-from"),
            ("smtp://mail.example.org", from, "--smtp-url"),
            ("https://mail.example.org", from, "--smtp-url"),
        ] {
            let Faulty(faults) = route(Some(url), from).unwrap_err();
            assert!(faults.len() == 1 && faults[0].starts_with(flag), "{url} {from:?}: {faults:?}");
        }
    }
}
