//! The running server: its database, its keys, its jobs, and the end of it.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpServer, web};
use cohortium_store::{Environment, Error, Store};
use cohortium_workflow::jobs;
use cohortium_workflow::passwords::Passwords;
use fs4::FileExt;

use crate::build_app;
use crate::config::{Config, DataArgs, keys_folder};
use crate::ctx::{Ctx, System};
use crate::keys::SigningKey;
use crate::tokens::Tokens;

const LOCK_FILE: &str = "lock";
/// How long requests in flight may take to end when the server stops.
const SHUTDOWN_SECONDS: u64 = 20;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
const MOST_CONNECTIONS: usize = 4_096;

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
    let folder = keys_folder(&config.data);
    let cannot = |error: io::Error| CannotStart(format!("the signing keys in {} cannot be used: {error}", folder.display()));
    let mut keys = SigningKey::load_from(&folder).map_err(cannot)?;
    if keys.is_empty() {
        keys.push(SigningKey::generate_in(&folder).map_err(cannot)?);
    }
    let environment = store.environment().clone();
    let tokens = Tokens::new(keys, &config.public_url, environment.clone());
    let passwords = Passwords::new(cores(), &environment.random())?;
    Ok(Ctx::new(
        store,
        tokens,
        passwords,
        config.secret.expose().as_bytes(),
        config.public_url.clone(),
        config.origins.clone(),
        config.rate_limits,
    ))
}

/// Serves until it is told to stop.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(config: &Config, ctx: Ctx) -> Result<(), CannotStart> {
    let jobs = actix_web::rt::spawn(jobs::run(ctx.store().clone()));
    let served = ctx.clone();
    let server = HttpServer::new(move || build_app(served.clone()))
        .workers(cores())
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .max_connections(MOST_CONNECTIONS)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .bind(config.listen)
        .map_err(|error| CannotStart(format!("{} cannot be listened on ({error}): choose another with --listen", config.listen)))?;
    let metrics = config.metrics_listen.map(|listen| metrics_server(listen, ctx)).transpose()?.map(actix_web::rt::spawn);
    let ended = server.run().await;
    jobs.abort();
    metrics.inspect(actix_web::rt::task::JoinHandle::abort);
    ended.map_err(|error| CannotStart(error.to_string()))
}

/// Runs the jobs until it is told to stop.
///
/// # Errors
/// The database is SQLite, whose one server runs the jobs itself.
pub async fn work(store: Store) -> Result<(), CannotStart> {
    if !store.shared() {
        return Err(CannotStart("`cohortium serve` runs the jobs itself on SQLite; a worker needs --database-url".to_owned()));
    }
    tokio::select! {
        () = jobs::run(store) => Ok(()),
        told = tokio::signal::ctrl_c() => told.map_err(|error| CannotStart(error.to_string())),
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
