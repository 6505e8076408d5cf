//! A server for one test, and whoever calls it.
//!
//! A test runs the whole server on a port of its own and speaks HTTP with it. People sign in without a password, since hashing is
//! slow on purpose; what signing in by password does has tests of its own.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use cohortium_api::build_app;
use cohortium_api::config::Limits;
use cohortium_api::ctx::Ctx;
use cohortium_api::files::Files;
use cohortium_api::keys::{KeyFolder, Keys};
use cohortium_api::network::{Hosts, NetworkConfig, Origins, TrustedProxies};
use cohortium_api::rate_limits::RateLimitArgs;
use cohortium_api::tokens::Tokens;
use cohortium_domain::access::{Actor, ClientScope, Grant};
use cohortium_domain::api_clients::ApiClientCreate;
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::ids::{CoalitionId, Id, PersonId};
use cohortium_domain::people::PersonCreate;
use cohortium_domain::text::{Email, Name, Slug, Title};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{Environment, Origin, Store, Tx};
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;
use cohortium_workflow::jobs;
use cohortium_workflow::mails::Letter;
use cohortium_workflow::passwords::{HashCost, Passwords};
use tempfile::TempDir;

use crate::database::TestDatabase;
use crate::environment::TestEnvironment;
use crate::mails::Mailbox;

mod answer;
mod session;

pub use answer::Answer;
pub use session::{Call, Session};

/// Where changes of the tests' own making come from.
pub const ORIGIN: Origin = Origin { door: "test", request_id: None };

/// How long a server of the tests waits for a request, and works on it.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a server of the tests is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it takes from the network.
    pub network: NetworkConfig,
    /// What it takes on.
    pub limits: Limits,
    /// What keeps its files; a folder of its own, where nothing is said.
    pub files: Option<Files>,
    /// How much work its hashes of passwords are.
    pub hash_cost: HashCost,
}

impl From<Limits> for Settings {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let network = NetworkConfig {
            public_url: "https://cohortium.test".to_owned(),
            hosts: Hosts::local(vec!["cohortium.test".to_owned()]),
            origins: Origins::Localhost,
            proxies: TrustedProxies::default(),
            issuers: Vec::new(),
            docs: true,
        };
        Self { network, limits: Api::limits(), files: None, hash_cost: HashCost::default() }
    }
}

/// A running server.
pub struct Api {
    address: SocketAddr,
    ctx: Ctx,
    environment: Arc<TestEnvironment>,
    keys: Arc<TempDir>,
    files: Arc<TempDir>,
    client: reqwest::Client,
    mailbox: Mailbox,
    handle: ServerHandle,
}

impl Drop for Api {
    fn drop(&mut self) {
        // Told to stop, and not waited for: the process ends with the test.
        drop(self.handle.stop(false));
    }
}

impl Api {
    /// Starts a server on the database.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database.url(), Settings::default()).await
    }

    /// What a server of the tests takes on: the usual, and as many requests as a test likes. It waits as long as a busy machine
    /// takes.
    #[must_use]
    pub fn limits() -> Limits {
        let rates = RateLimitArgs::all(NonZeroU16::MAX);
        Limits { rates, head_time: PATIENCE, body_time: PATIENCE, work_time: PATIENCE, ..Limits::default() }
    }

    /// Starts a server on the database, set up like this.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_with(url: &str, settings: impl Into<Settings>) -> Self {
        let folders = [Arc::new(must(tempfile::tempdir())), Arc::new(must(tempfile::tempdir()))];
        Self::run(url, Arc::default(), folders, settings.into()).await
    }

    /// Starts another copy of the server, with the same database, clock and folders.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_beside(&self, database: &TestDatabase) -> Self {
        let folders = [Arc::clone(&self.keys), Arc::clone(&self.files)];
        Self::run(database.url(), Arc::clone(&self.environment), folders, Settings::default()).await
    }

    async fn run(url: &str, environment: Arc<TestEnvironment>, folders: [Arc<TempDir>; 2], settings: Settings) -> Self {
        let [keys, files] = folders;
        let store = Store::connect(url, environment.clone()).await.unwrap_or_else(|error| panic!("no store: {error}"));
        let ctx = context(store, &environment, (&keys, &files), settings);
        let (address, handle) = serve(ctx.clone());
        Self { address, ctx, environment, keys, files, client: reqwest::Client::new(), mailbox: Mailbox::default(), handle }
    }

    /// Runs the jobs beside the requests, as the real server does, for as long as the process lives.
    pub fn run_jobs(&self) {
        let store = self.store().clone();
        std::thread::spawn(move || actix_web::rt::System::new().block_on(jobs::run(store)));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process's clock, to be moved.
    #[must_use]
    pub fn environment(&self) -> &TestEnvironment {
        &self.environment
    }

    /// Where the server's signing keys are.
    #[must_use]
    pub fn key_folder(&self) -> KeyFolder {
        KeyFolder::new(self.keys.path().to_owned())
    }

    /// Where the server keeps files.
    #[must_use]
    pub fn file_folder(&self) -> &std::path::Path {
        self.files.path()
    }

    /// What the server works with.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// What the server remembers.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.ctx.store()
    }

    /// Makes a sandbox coalition whose clock stands where the process's does.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn coalition(&self, slug: &str) -> CoalitionId {
        let now = self.environment.now();
        self.coalition_with(slug, Clock::Test { now }).await
    }

    /// Makes a coalition with this clock, in New York.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn coalition_with(&self, slug: &str, clock: Clock) -> CoalitionId {
        let id = CoalitionId::from_uuid(self.environment.ordered_uuid());
        let zone: Zone = must("America/New_York".parse());
        let name = must(Title::new(&format!("Coalition {slug}")));
        let change = Coalition::create(id, must(Slug::new(slug)), name, zone, clock, self.environment.now());
        must(self.store().system().found(change, &Actor::Operator, ORIGIN, async |_| Ok(())).await);
        id
    }

    /// Makes a person of a coalition, with these grants, and signs it in.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn person(&self, coalition: CoalitionId, given_name: &str, grants: &[Grant]) -> Session<'_> {
        let given = PersonCreate {
            given_name: must(Name::new(given_name)),
            family_name: must(Name::new("Tester")),
            email: must(Email::new(&format!("{given_name}@example.org").to_lowercase())),
            email_proven: true,
            time_zone: None,
            external_id: None,
        };
        let made = self.write(coalition, async |tx| {
            let person = workflow::people::create(tx, &Actor::Operator, &Input::given(given.clone())).await?;
            for grant in grants {
                workflow::accounts::grant(tx, &Actor::Operator, person.id, *grant).await?;
            }
            workflow::accounts::set_password(tx, &Actor::Operator, person.id, "no password").await?;
            Ok(person)
        });
        let person = made.await;
        self.sign_in(coalition, person.id).await
    }

    /// Signs a person in.
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn sign_in(&self, coalition: CoalitionId, person: PersonId) -> Session<'_> {
        let refresh = self.ctx.tokens().refresh_token();
        let issued = self.write(coalition, async |tx| workflow::sign_ins::begin(tx, person, None, &refresh).await).await;
        let token = must(self.ctx.tokens().issue(issued));
        Session { token: Some(token), refresh_token: Some(refresh), person: Some(person), ..self.anonymous() }
    }

    /// Makes an API client of a coalition, with these scopes, and gives it a token.
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn client(&self, coalition: CoalitionId, scopes: &[ClientScope]) -> Session<'_> {
        let given = ApiClientCreate { name: must(Name::new("CRM")), scopes: scopes.iter().copied().collect() };
        let secret = self.ctx.tokens().client_secret();
        let expires_at = self.environment.now().plus(chrono::Duration::minutes(10));
        let input = Input::given(given.clone());
        let made =
            self.write(coalition, async |tx| workflow::api_clients::create(tx, &Actor::Operator, &input, &secret).await).await;
        let known = must(self.store().system().client_by_secret(&workflow::sign_ins::token_hash(&secret)).await);
        let known = known.unwrap_or_else(|| panic!("the client is not known"));
        let issue = async |tx: &mut Tx| workflow::api_clients::issue_token(tx, &known, &given.scopes, expires_at).await;
        let token = self.write(coalition, issue).await;
        self.bearer(&must(self.ctx.tokens().issue_to_client(made.id, token, &given.scopes)))
    }

    /// Gives a person a password.
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn set_password(&self, coalition: CoalitionId, person: PersonId, password: &str) {
        let hash = must(self.ctx.passwords().hash(password, [7; 16]).await);
        self.write(coalition, async |tx| workflow::accounts::set_password(tx, &Actor::Operator, person, &hash).await).await;
    }

    /// Sends the mails that are due: what came since they were last looked at.
    ///
    /// # Panics
    /// When they cannot be sent.
    pub async fn mails(&self) -> Vec<Letter> {
        must(jobs::send_due_mails(self.store(), &self.mailbox).await);
        self.mailbox.empty()
    }

    /// The only mail that is due.
    ///
    /// # Panics
    /// When there is none, or several.
    pub async fn mail(&self) -> Letter {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        mails.remove(0)
    }

    /// Somebody without a token.
    #[must_use]
    pub fn anonymous(&self) -> Session<'_> {
        Session { api: self, token: None, refresh_token: None, person: None }
    }

    /// Somebody with this token.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Session<'_> {
        Session { token: Some(token.to_owned()), ..self.anonymous() }
    }

    /// Writes straight to the store, as one transaction.
    ///
    /// # Panics
    /// When the write fails.
    pub async fn write<T>(&self, coalition: CoalitionId, work: impl AsyncFn(&mut Tx) -> cohortium_store::Result<T>) -> T {
        must(self.store().write(coalition, ORIGIN, work).await)
    }

    /// How many journal entries a coalition has: the same before and after whatever changed nothing.
    ///
    /// # Panics
    /// When the journal cannot be read.
    pub async fn entries(&self, coalition: CoalitionId) -> u64 {
        must(self.store().system().sequence(coalition).await);
        must(must(self.store().read(coalition).await).check_journal().await).checked
    }
}

fn context(store: Store, environment: &Arc<TestEnvironment>, (keys, files): (&TempDir, &TempDir), settings: Settings) -> Ctx {
    let Settings { network, limits, files: given, hash_cost } = settings;
    let keys = must(Keys::of_folder(KeyFolder::new(keys.path().to_owned()), environment.now(), false));
    let tokens = Tokens::new(keys, &network.public_url, environment.clone());
    let passwords = must(Passwords::new(2, &[7; 16], hash_cost));
    let files = given.unwrap_or_else(|| must(Files::in_folder(files.path())));
    Ctx::new(store, tokens, passwords, b"a secret of the tests, and of them alone", files, network, limits)
}

/// Serves in a thread of its own, which lasts as long as the process.
fn serve(ctx: Ctx) -> (SocketAddr, ServerHandle) {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (head_time, idle_time) = (ctx.limits().head_time, ctx.limits().idle_time);
            let server = HttpServer::new(move || build_app(ctx.clone())).workers(2).disable_signals();
            let server = must(server.keep_alive(idle_time).client_request_timeout(head_time).bind("127.0.0.1:0"));
            let address = server.addrs().first().copied().unwrap_or_else(|| panic!("no address"));
            let running = server.run();
            must(sender.send((address, running.handle())));
            must(running.await);
        });
    });
    must(receiver.recv())
}

/// What must be had for a test to go on.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn must<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

/// An instant.
///
/// # Panics
/// When it is none.
#[track_caller]
#[must_use]
pub fn at(text: &str) -> Timestamp {
    must(text.parse())
}
