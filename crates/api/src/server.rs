//! The running server: its database, its keys, its jobs, and the end of it.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt::task::JoinHandle;
use actix_web::{App, HttpServer, web};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Environment, Error, Store};
use cohortium_workflow::jobs;
use cohortium_workflow::passwords::{HashCost, Passwords};
use fs4::FileExt;

use crate::build_app;
use crate::config::{Config, DataArgs, KeySource, MailRoute};
use crate::ctx::{Ctx, System};
use crate::keys::Keys;
use crate::mailer::Post;
use crate::tokens::Tokens;

const LOCK_FILE: &str = "lock";
/// How often the keys' folder is looked at.
const KEYS_INTERVAL: Duration = Duration::from_secs(5);

/// Why a server does not start: one line that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(pub String);

impl From<Error> for CannotStart {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Keeps other servers off the data folder for as long as it lives.
#[derive(Debug)]
pub struct DataLock(#[expect(dead_code, reason = "the lock is held by the open file")] File);

/// Takes the data folder for this process alone.
///
/// # Errors
/// It cannot be written, or another process has it.
pub fn lock_data(folder: &Path) -> Result<DataLock, CannotStart> {
    let shown = folder.display();
    let cannot = |error: io::Error| {
        CannotStart(format!("the folder {shown} cannot be written ({error}): make it writable, or choose another with --data"))
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let file = File::create(folder.join(LOCK_FILE)).map_err(cannot)?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(DataLock(file)),
        Err(_) => {
            Err(CannotStart(format!("another cohortium uses the folder {shown}: stop it first, or choose another with --data")))
        }
    }
}

/// Makes the data folder, connects to the database that belongs to it, and brings its schema up to date.
///
/// # Errors
/// What is wrong with the arguments, the folder or the database.
pub async fn open_data(args: &DataArgs) -> Result<Store, CannotStart> {
    let url = args.database().map_err(|faulty| CannotStart(faulty.to_string()))?;
    make_folder(&args.data)?;
    open_store(url.expose()).await
}

fn make_folder(folder: &Path) -> Result<(), CannotStart> {
    std::fs::create_dir_all(folder).map_err(|error| {
        CannotStart(format!(
            "the folder {} cannot be written ({error}): make it writable, or choose another with --data",
            folder.display()
        ))
    })
}

/// Connects to the database, and brings its schema up to date.
///
/// # Errors
/// It cannot be reached, or was made by a newer version.
pub async fn open_store(url: &str) -> Result<Store, CannotStart> {
    let environment: Arc<dyn Environment> = Arc::new(System::default());
    let store = Store::connect(url, environment).await?;
    store.migrate().await?;
    Ok(store)
}

/// What requests are served with.
///
/// # Errors
/// The signing keys cannot be read or made.
pub fn context(config: &Config, store: Store) -> Result<Ctx, CannotStart> {
    let environment = store.environment().clone();
    let tokens = Tokens::new(open_keys(&config.keys, environment.now())?, &config.network.public_url, environment.clone());
    let passwords = Passwords::new(cores(), &environment.random(), HashCost::default())?;
    let files = config.files.open().map_err(CannotStart)?;
    Ok(Ctx::new(store, tokens, passwords, config.secret.expose().as_bytes(), files, config.network.clone(), config.limits))
}

fn open_keys(source: &KeySource, now: Timestamp) -> Result<Keys, CannotStart> {
    match source {
        KeySource::Folder(folder) => Keys::of_folder(folder.clone(), now, false)
            .map_err(|error| CannotStart(format!("the signing keys in {} cannot be used: {error}", folder.path().display()))),
        KeySource::Given(pem) => Keys::given(pem.expose()).map_err(|error| CannotStart(format!("--signing-keys: {error}"))),
    }
}

/// Serves until it is told to stop.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(config: &Config, ctx: Ctx) -> Result<(), CannotStart> {
    let jobs = [
        actix_web::rt::spawn(run_jobs(ctx.store().clone(), post(&config.mail)?)),
        actix_web::rt::spawn(jobs::tidy_files(ctx.store().clone(), ctx.files().clone())),
        actix_web::rt::spawn(follow_keys(ctx.clone())),
    ];
    let (served, limits) = (ctx.clone(), config.limits);
    let server = HttpServer::new(move || build_app(served.clone()))
        .workers(cores())
        .keep_alive(limits.idle_time)
        .client_request_timeout(limits.head_time)
        // Each worker counts its own.
        .max_connections(limits.connections.div_ceil(cores()))
        .shutdown_timeout(limits.shutdown_time.as_secs())
        .bind(config.listen)
        .map_err(|error| CannotStart(format!("{} cannot be listened on ({error}): choose another with --listen", config.listen)))?;
    let metrics = config.metrics_listen.map(|listen| metrics_server(listen, ctx)).transpose()?.map(actix_web::rt::spawn);
    let ended = server.run().await;
    for job in jobs {
        job.abort();
        // Waited for, since what it holds of the database is given back while there is a runtime, or not at all.
        drop(job.await);
    }
    metrics.inspect(JoinHandle::abort);
    ended.map_err(|error| CannotStart(error.to_string()))
}

/// Takes up what is done to the keys' folder, so that no rotation needs a restart.
async fn follow_keys(ctx: Ctx) {
    let mut again = tokio::time::interval(KEYS_INTERVAL);
    loop {
        again.tick().await;
        let ctx = ctx.clone();
        if let Err(error) = actix_web::rt::task::spawn_blocking(move || ctx.tokens().keys().follow()).await {
            tracing::error!(%error, "following the signing keys failed");
        }
    }
}

/// Runs the jobs until it is told to stop.
///
/// # Errors
/// The database is SQLite, whose one server runs the jobs itself; or what is wrong with it.
pub async fn work(args: &DataArgs, mail: &MailRoute) -> Result<(), CannotStart> {
    if args.in_folder() {
        return Err(CannotStart("`cohortium serve` runs the jobs itself on SQLite; a worker needs --database-url".to_owned()));
    }
    let store = open_data(args).await?;
    let post = post(mail)?;
    tokio::select! {
        () = run_jobs(store, post) => Ok(()),
        told = tokio::signal::ctrl_c() => told.map_err(|error| CannotStart(error.to_string())),
    }
}

/// What brings mails to people; where there is nothing, that is said.
fn post(route: &MailRoute) -> Result<Option<Post>, CannotStart> {
    let post = Post::by(route).map_err(CannotStart)?;
    if post.is_none() {
        tracing::warn!("there is no --smtp-url: mails wait until there is one, so nobody can register or set a new password");
    }
    Ok(post)
}

/// The jobs, and the mails beside them: a mail server that is slow holds nothing up.
async fn run_jobs(store: Store, post: Option<Post>) {
    match post {
        Some(post) => drop(tokio::join!(jobs::run(store.clone()), jobs::send_mails(store, post))),
        None => jobs::run(store).await,
    }
}

/// The metrics, on a port that clients do not reach.
fn metrics_server(listen: SocketAddr, ctx: Ctx) -> Result<Server, CannotStart> {
    let app = move || {
        let ctx = ctx.clone();
        App::new().route("/metrics", web::get().to(move || std::future::ready(ctx.metrics().render())))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind(listen);
    let server = server
        .map_err(|error| CannotStart(format!("{listen} cannot be listened on ({error}): choose another with --metrics-listen")))?;
    Ok(server.run())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
