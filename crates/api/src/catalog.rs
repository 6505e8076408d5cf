//! The catalog's memory: what the public reads, rendered once, and given out until the instant at which anything of it changes.
//!
//! What always holds: an entry is given out only while the coalition's generation is the one before its query, and, by a real clock, before
//! the next instant at which anything derived from the time changes. It is made by one caller at a time. Left out on purpose: filtered
//! lists and later pages, which come from the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header;
use cohortium_domain::access::Actor;
use cohortium_domain::coalitions::{Coalition, CoalitionMode};
use cohortium_domain::ids::CoalitionId;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Slug;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Generation, Read};

use crate::ctx::Ctx;
use crate::problem::Problem;
use crate::reply::{Answer, Reply};

/// At most so many things are kept; beyond, all are forgotten and made anew as they are asked for.
const MOST_ENTRIES: usize = 10_000;

/// What is kept.
#[derive(Default)]
pub struct Catalog {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Entry>>>>>,
}

struct Entry {
    coalition: CoalitionId,
    generation: Generation,
    /// By a real clock, until here; a sandbox's clock does not move without a write.
    until: Option<Timestamp>,
    reply: Reply,
}

/// Something of the catalog, just made.
pub struct Rendered {
    /// The answer.
    pub reply: Reply,
    /// The next instant at which it is no longer true.
    pub until: Option<Timestamp>,
}

impl Catalog {
    /// What the address names, from memory where that is current.
    ///
    /// # Errors
    /// There is no such coalition; the closure's own.
    pub async fn get(
        &self,
        ctx: &Ctx,
        path: &str,
        slug: &Slug,
        render: impl AsyncFnOnce(&Read, &Coalition) -> Result<Rendered, Error>,
    ) -> Answer {
        let slot = self.slot(path);
        let mut kept = slot.lock().await;
        if let Some(entry) = kept.as_ref().filter(|entry| entry.current(ctx)) {
            return Ok(entry.reply.clone());
        }
        match make(ctx, slug, render).await {
            Ok(entry) => Ok(kept.insert(entry).reply.clone()),
            Err(error) => {
                *kept = None;
                self.forget(path);
                Err(Problem::of(error, &Actor::Anonymous))
            }
        }
    }

    /// What was asked for in particular, past the memory.
    ///
    /// # Errors
    /// There is no such coalition; the closure's own.
    pub async fn get_past(
        &self,
        ctx: &Ctx,
        slug: &Slug,
        render: impl AsyncFnOnce(&Read, &Coalition) -> Result<Rendered, Error>,
    ) -> Answer {
        make(ctx, slug, render).await.map(|entry| entry.reply).map_err(|error| Problem::of(error, &Actor::Anonymous))
    }

    fn slot(&self, path: &str) -> Arc<tokio::sync::Mutex<Option<Entry>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST_ENTRIES {
            slots.clear();
        }
        slots.entry(path.to_owned()).or_default().clone()
    }

    fn forget(&self, path: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }
}

impl Entry {
    fn current(&self, ctx: &Ctx) -> bool {
        ctx.store().generation(self.coalition) == self.generation && self.until.is_none_or(|until| ctx.now() < until)
    }
}

async fn make(
    ctx: &Ctx,
    slug: &Slug,
    render: impl AsyncFnOnce(&Read, &Coalition) -> Result<Rendered, Error>,
) -> Result<Entry, Error> {
    let found = ctx.store().system().coalition_by_slug(slug).await?;
    let coalition = found.ok_or(Refusal::Hidden("coalition"))?;
    // Read before the query: a write in between makes the entry one of the past.
    let generation = ctx.store().generation(coalition.id);
    let rendered = render(&ctx.store().read(coalition.id).await?, &coalition).await?;
    let until = rendered.until.filter(|_| coalition.mode() == CoalitionMode::Live);
    let reply = rendered.reply.with(header::CACHE_CONTROL, "public, no-cache");
    Ok(Entry { coalition: coalition.id, generation, until, reply })
}
