//! The catalog's memory: what the public reads, rendered once, and given out until the instant at which anything of it changes.
//!
//! What always holds: an entry is given out only while the coalition's generation is the one before its query, and, by a real
//! clock, before the next instant at which anything derived from the time changes. It is made by one caller at a time. Left out on
//! purpose: filtered lists and later pages, which come from the database.

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
        // What is remembered is given out even while the server has its hands full.
        if let Some(reply) = slot.try_lock().ok().and_then(|kept| current(kept.as_ref(), ctx)) {
            return Ok(reply);
        }
        let found = ctx.work(&Actor::Anonymous, async {
            let mut kept = slot.lock().await;
            if let Some(reply) = current(kept.as_ref(), ctx) {
                return Ok(reply);
            }
            *kept = None;
            Ok(kept.insert(make(ctx, slug, render).await?).reply.clone())
        });
        found.await.inspect_err(|_| self.forget(path))
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
        ctx.work(&Actor::Anonymous, async { Ok(make(ctx, slug, render).await?.reply) }).await
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

/// What is remembered, where it is current.
fn current(kept: Option<&Entry>, ctx: &Ctx) -> Option<Reply> {
    let current = |entry: &&Entry| {
        ctx.store().generation(entry.coalition) == entry.generation && entry.until.is_none_or(|until| ctx.now() < until)
    };
    kept.filter(current).map(|entry| entry.reply.clone())
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
