//! What it costs to know who calls: the token's signature, and the session, the account and the grants behind it as they are now.

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use cohortium_api::auth::identify;
use cohortium_api::config::{Config, FileRoute, KeySource, KeysArgs, Limits, MailRoute, Secret, sqlite_url};
use cohortium_api::ctx::Ctx;
use cohortium_api::network::{Hosts, NetworkConfig, Origins, TrustedProxies};
use cohortium_api::rate_limits::RateLimitArgs;
use cohortium_api::server::{context, open_store};
use uuid::Uuid;

use crate::client::{Load, bearer};
use crate::measure::{Contestant, Figures, compare as in_turns};
use crate::postgres::Cluster;
use crate::server::{PUBLIC_URL, SECRET, cpu_of};
use crate::world::{Plan, World};
use crate::{Done, Site};

/// How often in a turn.
const TIMES: usize = 5_000;

/// Compares, on each database, knowing who calls with verifying the signature each time: one after the other, in this process.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    cluster.create("auth", None)?;
    on(site, "PostgreSQL", Some(cluster), &cluster.url("auth"))?;
    on(site, "SQLite", None, &sqlite_url(&site.path().join("auth-sqlite")))
}

fn on(site: &Site, database: &str, cluster: Option<&Cluster>, url: &str) -> Done {
    let data = site.path().join(if cluster.is_some() { "auth-postgres" } else { "auth-sqlite" });
    let world = World::make(&data, cluster.map(|_| url), Plan { cohorts: 0, seats: 1, people: 0 })?;
    let token = world.token(&world.staff)?;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(bearer(&token))?);
    let config = Config {
        keys: KeySource::Folder(KeysArgs { keys: None }.folder(&data)),
        files: FileRoute::in_data(&data),
        data,
        database_url: Secret::new(url.to_owned()),
        listen: ([127, 0, 0, 1], 0).into(),
        metrics_listen: None,
        secret: Secret::new(SECRET.to_owned()),
        network: NetworkConfig {
            public_url: PUBLIC_URL.to_owned(),
            hosts: Hosts::local(Vec::new()),
            origins: Origins::Localhost,
            proxies: TrustedProxies::default(),
            issuers: Vec::new(),
            docs: false,
        },
        mail: MailRoute::Nowhere,
        limits: Limits { rates: RateLimitArgs::all(NonZeroU16::MAX), ..Limits::default() },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ctx: Ctx = runtime.block_on(async { Ok::<_, Box<dyn std::error::Error>>(context(&config, open_store(url).await?)?) })?;
    let known = || {
        times(cluster, || {
            let known = runtime.block_on(identify(&ctx, &headers, Uuid::nil()));
            known.map(drop).map_err(|problem| format!("{problem:?}").into())
        })
    };
    let verified = || times(None, || ctx.tokens().check(&token).map(drop).map_err(|problem| format!("{problem:?}").into()));
    let contestants = vec![Contestant::new("who calls is known", known), Contestant::new("the signature is verified", verified)];
    let title = format!("Authentication on {database}: added to each request, one after the other (to be reached: under 10 µs)");
    in_turns(&title, site.terms.rounds, contestants)?;
    println!();
    Ok(())
}

/// Does it again and again.
fn times(cluster: Option<&Cluster>, mut act: impl FnMut() -> Done) -> Done<Figures> {
    let used = || Ok::<_, Box<dyn std::error::Error>>((cpu_of(std::process::id())?, cluster.map(Cluster::cpu).transpose()?));
    let (own_before, database_before) = used()?;
    let began = Instant::now();
    let mut latencies: Vec<Duration> = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        act()?;
        latencies.push(began.elapsed());
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    let (own, database) = used()?;
    let database = database.zip(database_before).map(|(after, before)| after.saturating_sub(before));
    Ok(Figures::of(&Load { elapsed, latencies }, own.saturating_sub(own_before), database))
}
