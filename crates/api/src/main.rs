//! The binary `cohortium`: its commands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cohortium_api::config::{DataArgs, ServeArgs, WorkerArgs};
use cohortium_api::demo::DemoArgs;
use cohortium_api::server::{CannotStart, context, lock_data, open_data, open_store, serve, work};
use cohortium_api::{commands, openapi};
use tracing_subscriber::EnvFilter;

/// The exit code for a configuration that cannot be used (sysexits.h).
const EX_CONFIG: u8 = 78;

/// The back end on which a coalition of schools runs its Communities of Practice.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API.
    Serve(Box<ServeArgs>),
    /// Run the jobs without serving, beside servers on the same PostgreSQL.
    Worker(WorkerArgs),
    /// Serve two real programs, to try it out.
    Demo(DemoArgs),
    /// Bring the database's schema up to date.
    Migrate(DataArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Coalitions.
    #[command(subcommand)]
    Coalition(commands::CoalitionCommand),
    /// Owners of coalitions.
    #[command(subcommand)]
    Owner(commands::OwnerCommand),
    /// Signing keys.
    #[command(subcommand)]
    Keys(commands::KeysCommand),
    /// The journal.
    #[command(subcommand)]
    Journal(commands::JournalCommand),
}

#[actix_web::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("COHORTIUM_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(CannotStart(said)) => {
            eprintln!("cohortium: {said}");
            ExitCode::from(EX_CONFIG)
        }
    }
}

async fn run(command: Command) -> Result<(), CannotStart> {
    match command {
        Command::Serve(args) => {
            let config = args.config().map_err(|faulty| CannotStart(faulty.to_string()))?;
            let _lock = lock_data(&config.data)?;
            let store = open_store(config.database_url.expose()).await?;
            serve(&config, context(&config, store)?).await
        }
        Command::Worker(args) => {
            let mail = args.mail.route().map_err(|faulty| CannotStart(faulty.to_string()))?;
            work(&args.data, &mail).await
        }
        Command::Demo(args) => {
            let (config, ctx, _lock) = args.prepare().await?;
            serve(&config, ctx).await
        }
        Command::Migrate(args) => {
            let _lock = lock_data(&args.data)?;
            open_data(&args).await.map(drop)
        }
        Command::Openapi => {
            print!("{}", openapi::text());
            Ok(())
        }
        Command::Coalition(command) => command.run().await,
        Command::Owner(command) => command.run().await,
        Command::Keys(command) => command.run(),
        Command::Journal(command) => command.run().await,
    }
}
