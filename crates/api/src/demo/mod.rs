//! The demo: two programs as they really were, told as dated deeds and played through the workflows.
//!
//! What always holds: a demo's coalitions are sandboxes, and what is played up to an instant is the same each time. Left out on
//! purpose: any rule, and any shortcut past one.

mod dcsc;
mod diso;
mod paper;
mod stage;

use std::num::NonZeroU16;
use std::path::PathBuf;

use clap::Args;
use cohortium_domain::passwords::{Hints, Password};
use cohortium_domain::text::{Email, Slug, TextFault};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::Environment;
use serde::Serialize;

use crate::config::{
    Config, DEMO_SECRET_FILE, FileRoute, KeySource, KeysArgs, Limits, ListenArgs, MailArgs, MailRoute, Secret, sqlite_url,
};
use crate::ctx::{Ctx, System};
use crate::keys::{KeyFolder, write_private};
use crate::network::{Hosts, NetworkConfig, Origins, TrustedProxies};
use crate::rate_limits::RateLimitArgs;
use crate::server::{CannotStart, context, lock_data, open_store};
use stage::{Halt, Place, Script};

/// The password of every sign-in of the demo. It opens nothing but the demo.
pub const PASSWORD: &str = "practice makes community";
/// Where mails are written, when there is no mail server.
const MAIL_FOLDER: &str = "mail";
/// Where DCSC's story stands when nothing is said.
const DCSC_STANDS_AT: &str = "2019-11-20T17:00:00Z";
/// Where DISO's stands.
const DISO_STANDS_AT: &str = "2024-10-15T18:00:00Z";
/// Where it begins.
const DISO_BEGINS_AT: &str = "2024-08-01T15:00:00Z";

/// What `demo` is told.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The folder of the demo's data.
    #[arg(long, env = "COHORTIUM_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    mail: MailArgs,
    /// Play a story up to here: a date (its end, where the story is told), or an instant. From 2024-08-01 on that is DISO's, and
    /// before it DCSC's. Whichever is not named stands at 2024-10-15, or at 2019-11-20.
    #[arg(long, value_name = "T")]
    at: Option<String>,
    /// Start over with new data.
    #[arg(long)]
    fresh: bool,
    /// Print where everything is as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Where everything is.
#[derive(Debug, Serialize)]
struct Program {
    base_url: String,
    docs_url: String,
    openapi_url: String,
    sign_ins: Vec<SignIn>,
}

/// Somebody as whom one can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// The coalition's slug.
    pub coalition: &'static str,
    /// As what.
    pub role: &'static str,
    /// Who.
    pub person: &'static str,
    /// The address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
}

/// Everybody as whom one can sign in.
#[must_use]
pub fn sign_ins() -> Vec<SignIn> {
    let of = |coalition, list: &[(&'static str, &'static str, &'static str)]| {
        let sign_in = |(role, person, email): &(&'static str, &'static str, &'static str)| SignIn {
            coalition,
            role,
            person,
            email,
            password: PASSWORD,
        };
        list.iter().map(sign_in).collect::<Vec<_>>()
    };
    [of("dcsc", dcsc::SIGN_INS), of("diso", diso::SIGN_INS)].concat()
}

impl DemoArgs {
    /// Makes the data where there are none, and gives back what to serve them with. Keep the lock while serving.
    ///
    /// # Errors
    /// What is wrong, in a line.
    pub async fn prepare(&self) -> Result<(Config, Ctx, crate::server::DataLock), CannotStart> {
        let lock = lock_data(&self.data)?;
        self.begin_keys()?;
        if self.fresh {
            self.start_over()?;
        }
        let store = open_store(&sqlite_url(&self.data)).await?;
        let config = self.config()?;
        let ctx = context(&config, store)?;
        self.play(&ctx).await?;
        let place = place(&config);
        println!("{}", if self.json { serde_json::to_string(&place).unwrap_or_default() } else { told(&place) });
        Ok((config, ctx, lock))
    }

    fn key_folder(&self) -> KeyFolder {
        KeysArgs { keys: None }.folder(&self.data)
    }

    /// Makes the demo's key, and sees that the folder is the demo's: what is real is neither played over nor removed.
    fn begin_keys(&self) -> Result<(), CannotStart> {
        let folder = self.key_folder();
        let shown = folder.path().display();
        let now = System::default().now();
        let ring =
            folder.read_or_begin(now, true).map_err(|error| CannotStart(format!("the keys in {shown} cannot be used: {error}")))?;
        if ring.has_demo_key() {
            return Ok(());
        }
        Err(CannotStart(format!(
            "{shown} holds keys that are not the demo's: choose another folder with --data, or remove this one"
        )))
    }

    async fn play(&self, ctx: &Ctx) -> Result<(), CannotStart> {
        let played = ctx.store().system().coalition_by_slug(&slug("dcsc")?).await?.is_some();
        match (&self.at, played) {
            (Some(_), true) => {
                Err(CannotStart("--at plays the year anew: add --fresh, which starts over with new data".to_owned()))
            }
            (None, true) => Ok(()),
            (at, false) => {
                let (dcsc_until, diso_until) = stand_at(at.as_deref())?;
                play_dcsc(ctx, dcsc_until).await?;
                play_diso(ctx, diso_until).await
            }
        }
    }

    fn start_over(&self) -> Result<(), CannotStart> {
        let url = sqlite_url(&self.data);
        let file = url.trim_start_matches("sqlite://");
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(format!("{file}{suffix}")) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(CannotStart(format!("{file}{suffix} cannot be removed: {error}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn config(&self) -> Result<Config, CannotStart> {
        let file = self.data.join(DEMO_SECRET_FILE);
        let cannot = |error: std::io::Error| CannotStart(format!("{} cannot be used: {error}", file.display()));
        let mail = match self.mail.route().map_err(|faulty| CannotStart(faulty.to_string()))? {
            MailRoute::Nowhere => MailRoute::Files(self.data.join(MAIL_FOLDER)),
            route @ (MailRoute::Smtp { .. } | MailRoute::Files(_)) => route,
        };
        let secret = if file.exists() {
            std::fs::read_to_string(&file).map_err(cannot)?
        } else {
            let made = crate::ctx::random_text();
            write_private(&file, made.as_bytes()).map_err(cannot)?;
            made
        };
        Ok(Config {
            data: self.data.clone(),
            database_url: Secret::new(sqlite_url(&self.data)),
            listen: self.listen.listen,
            metrics_listen: None,
            secret: Secret::new(secret),
            keys: KeySource::Folder(self.key_folder()),
            network: NetworkConfig {
                public_url: format!("http://{}", self.listen.listen),
                hosts: Hosts::local(self.listen.allow_hosts.clone()),
                origins: Origins::Localhost,
                proxies: TrustedProxies::default(),
                issuers: Vec::new(),
                docs: true,
            },
            // Whoever tries it out hurries, and comes from one address.
            limits: Limits { rates: RateLimitArgs::all(NonZeroU16::MAX), ..Limits::default() },
            mail,
            files: FileRoute::in_data(&self.data),
        })
    }
}

fn place(config: &Config) -> Program {
    let base_url = config.network.public_url.clone();
    Program {
        docs_url: format!("{base_url}/docs/"),
        openapi_url: format!("{base_url}/openapi/v1.json"),
        base_url,
        sign_ins: sign_ins(),
    }
}

/// Plays DCSC's year up to an instant.
///
/// # Errors
/// The story does not go as it is written: a defect.
pub async fn play_dcsc(ctx: &Ctx, until: Timestamp) -> Result<(), CannotStart> {
    let password_hash = password_hash(ctx, dcsc::PLACE).await?;
    settle(dcsc::play(script(ctx, until, &password_hash)).await)
}

/// Plays DISO's year up to an instant.
///
/// # Errors
/// The story does not go as it is written: a defect.
pub async fn play_diso(ctx: &Ctx, until: Timestamp) -> Result<(), CannotStart> {
    let password_hash = password_hash(ctx, diso::PLACE).await?;
    settle(diso::play(script(ctx, until, &password_hash)).await)
}

fn script<'a>(ctx: &'a Ctx, until: Timestamp, password_hash: &'a str) -> Script<'a> {
    Script { store: ctx.store(), files: ctx.files(), until, password_hash }
}

/// Whether a story is told of the coalition with this slug.
#[must_use]
pub fn tells(slug: &str) -> bool {
    sign_ins().iter().any(|sign_in| sign_in.coalition == slug)
}

/// Plays the story of a slug anew, to where it stands when nothing is said. Tells where that is.
///
/// # Errors
/// The story does not go as it is written: a defect.
pub async fn play_again(ctx: &Ctx, slug: &str) -> Result<Timestamp, CannotStart> {
    if slug == "dcsc" {
        let until = instant(DCSC_STANDS_AT)?;
        play_dcsc(ctx, until).await.map(|()| until)
    } else {
        let until = instant(DISO_STANDS_AT)?;
        play_diso(ctx, until).await.map(|()| until)
    }
}

fn settle(played: Result<(), Halt>) -> Result<(), CannotStart> {
    match played {
        Ok(()) | Err(Halt::Curtain) => Ok(()),
        Err(Halt::Broken(said)) => Err(CannotStart(format!("the demo did not go as it is written: {said}"))),
    }
}

/// A hash of the demo's password, for the people of a coalition.
async fn password_hash(ctx: &Ctx, place: Place<'_>) -> Result<String, CannotStart> {
    let broken = |fault: TextFault| CannotStart(fault.to_string());
    let email = Email::new(&format!("owner@{}.example", place.slug)).map_err(broken)?;
    let password = Password::new(PASSWORD).map_err(|fault| CannotStart(fault.to_string()))?;
    let hints = Hints::new(&email, &Slug::new(place.slug).map_err(broken)?, place.name);
    Ok(ctx.passwords().choose(&password, &hints, ctx.store().environment().random()).await?)
}

/// Where the two stories stand: whatever is named falls into one of them, and the other stands where it does by itself.
fn stand_at(named: Option<&str>) -> Result<(Timestamp, Timestamp), CannotStart> {
    let (dcsc_stands, diso_stands) = (instant(DCSC_STANDS_AT)?, instant(DISO_STANDS_AT)?);
    let Some(text) = named else { return Ok((dcsc_stands, diso_stands)) };
    let of_diso = stands_at(text, diso::PLACE)?;
    Ok(if of_diso < instant(DISO_BEGINS_AT)? { (stands_at(text, dcsc::PLACE)?, diso_stands) } else { (dcsc_stands, of_diso) })
}

/// The end of a day where a story is told, or an instant.
fn stands_at(text: &str, place: Place<'_>) -> Result<Timestamp, CannotStart> {
    if let Ok(date) = text.parse() {
        let zone: Zone = place.zone.parse().map_err(|fault| CannotStart(format!("{fault}")))?;
        return Ok(zone.end_of_day(date).plus_minutes(-1));
    }
    text.parse().map_err(|_| {
        CannotStart(format!("--at {text}: must be a date, such as 2019-12-09, or an instant, such as 2019-12-09T21:00:00Z"))
    })
}

fn instant(text: &str) -> Result<Timestamp, CannotStart> {
    text.parse().map_err(|fault| CannotStart(format!("{text}: {fault}")))
}

fn slug(text: &str) -> Result<Slug, CannotStart> {
    Slug::new(text).map_err(|fault| CannotStart(format!("{text}: {fault}")))
}

/// Where everything is, for somebody at a terminal.
fn told(place: &Program) -> String {
    let row =
        |sign_in: &SignIn| format!("  {:<6} {:<12} {:<18} {}", sign_in.coalition, sign_in.role, sign_in.person, sign_in.email);
    let rows: Vec<String> = place.sign_ins.iter().map(row).collect();
    format!(
        r#"
Cohortium runs, with two coalitions' years in it.

  API         {base_url}
  Swagger UI  {docs_url}
  Document    {openapi_url}

  {where_:<6} {role:<12} {who:<18} e-mail
{rows}

  The password is the same for all: {PASSWORD}
  Mails are written into files, and the log tells where.

A token, for example as DCSC's staff:

  curl -s {base_url}/v1/auth/login -H 'content-type: application/json' \
    -d '{{"coalition":"dcsc","email":"staff@dcsc.example","password":"{PASSWORD}"}}'

Ctrl-C stops it; started again, it goes on with the same data. `demo --fresh` starts over.
"#,
        base_url = place.base_url,
        docs_url = place.docs_url,
        openapi_url = place.openapi_url,
        where_ = "where",
        role = "as",
        who = "who",
        rows = rows.join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_falls_into_one_of_the_stories_and_the_other_stands_where_it_does() {
        let told = |named| stand_at(named).unwrap().into();
        let [dcsc, diso] = [DCSC_STANDS_AT, DISO_STANDS_AT].map(|text| instant(text).unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (named, stand) in [
            (None, [dcsc, diso]),
            (Some("2019-10-17"), [at("2019-10-18T03:59:00Z"), diso]),
            (Some("2024-07-31"), [at("2024-08-01T03:59:00Z"), diso]),
            (Some("2024-09-30"), [dcsc, at("2024-10-01T05:59:00Z")]),
            (Some("2024-09-30T12:00:00Z"), [dcsc, at("2024-09-30T12:00:00Z")]),
        ] {
            let stands: [Timestamp; 2] = told(named);
            assert_eq!(stands, stand, "{named:?}");
        }
        assert!(stand_at(Some("soon")).is_err());
    }
}
