//! The change feed, and the journal from which it is read.

use actix_web::get;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cohortium_domain::ids::EntryId;
use cohortium_domain::time::Timestamp;
use cohortium_store::{JournalEntry, JournalFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Params;
use crate::problem::Problem;
use crate::reply::{Answer, Reply};

/// How many entries come at once when nothing is said.
const DEFAULT_LIMIT: u64 = 50;

/// Which events are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// After this position: the `position` of the last event that you have.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<u64>,
    /// Of one of these types.
    #[param(inline, max_items = 50)]
    #[serde(default, rename = "type")]
    types: Vec<EntryType>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
}

/// Which entries are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JournalQuery {
    /// After this position.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    after: Option<u64>,
    /// Of one of these types.
    #[param(inline, max_items = 50)]
    #[serde(default, rename = "type")]
    types: Vec<EntryType>,
    /// About this thing.
    subject_id: Option<Uuid>,
    /// By this person or client.
    actor_id: Option<Uuid>,
    /// How many at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
}

/// The type of an entry: the kind of thing, and what happened to it.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 3, max_length = 80, pattern = "^[a-z_]+\\.[a-z_]+$")]
struct EntryType(String);

/// What an entry is about.
#[derive(Serialize, ToSchema)]
struct EventSubject {
    /// What kind of thing.
    #[serde(rename = "type")]
    #[schema(max_length = 40)]
    kind: String,
    /// Which.
    id: Uuid,
}

/// Something that happened, for those outside who keep up with it. Nothing personal.
#[derive(Serialize, ToSchema)]
struct Event {
    id: EntryId,
    /// Its place: without gaps, and none is ever added before it.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    position: u64,
    #[serde(rename = "type")]
    #[schema(max_length = 80)]
    kind: String,
    occurred_at: Timestamp,
    subject: EventSubject,
    /// The particulars: ids, states and external ids.
    data: serde_json::Map<String, serde_json::Value>,
}

/// Events in the order of their positions.
#[derive(Serialize, ToSchema)]
struct EventPage {
    /// The events.
    #[schema(max_items = 200)]
    items: Vec<Event>,
    /// What to send as `after` for those that follow; absent when there are none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    next_cursor: Option<String>,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
pub(super) struct JournalActor {
    /// What kind of actor: a person, a client, time, or the operator.
    #[schema(max_length = 20)]
    kind: String,
    /// Which, where it has an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
}

impl JournalActor {
    pub(super) fn new(kind: String, id: Option<Uuid>) -> Self {
        Self { kind, id }
    }
}

/// An entry of the journal.
#[derive(Serialize, ToSchema)]
#[schema(as = JournalEntry)]
struct JournalEntryView {
    #[serde(flatten)]
    event: Event,
    actor: JournalActor,
    /// By which door it came: `http`, `job`, `command` or `demo`.
    #[schema(max_length = 20)]
    origin: String,
    /// By which request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Uuid>,
    /// Why, where somebody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// SHA-256 over the seal before and this entry (base64url, RFC 4648).
    #[schema(min_length = 43, max_length = 43)]
    seal: String,
}

/// Entries in the order of their positions.
#[derive(Serialize, ToSchema)]
struct JournalEntryPage {
    /// The entries.
    #[schema(max_items = 200)]
    items: Vec<JournalEntryView>,
    /// What to send as `after` for those that follow; absent when there are none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    next_cursor: Option<String>,
}

/// What checking the journal found.
#[derive(Serialize, ToSchema)]
struct JournalCheck {
    /// Whether the chain is whole.
    intact: bool,
    /// How many entries were found in order.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    checked: u64,
    /// The first position at which it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    broken_at: Option<u64>,
}

fn event(entry: JournalEntry) -> Event {
    Event {
        id: entry.id,
        position: entry.position,
        kind: entry.entry_type,
        occurred_at: entry.occurred_at,
        subject: EventSubject { kind: entry.subject_kind, id: entry.subject_id },
        data: entry.data,
    }
}

fn journal_entry(entry: JournalEntry) -> JournalEntryView {
    JournalEntryView {
        actor: JournalActor::new(entry.actor_kind.clone(), entry.actor_id),
        origin: entry.origin.clone(),
        request_id: entry.request_id,
        reason: entry.reason.clone(),
        seal: BASE64_URL_SAFE_NO_PAD.encode(entry.seal),
        event: event(entry),
    }
}

fn types(query: &[EntryType]) -> Vec<String> {
    query.iter().map(|one| one.0.clone()).collect()
}

/// Gives every committed entry its place, so that what was done before this request is seen by it.
async fn sequence(ctx: &Ctx, caller: &Caller) -> Result<(), Problem> {
    ctx.work(&caller.actor, ctx.store().system().sequence(caller.coalition_id)).await
}

/// Where the next page begins: none, when this one was not full.
fn next(entries: &[JournalEntry], limit: u64) -> Option<String> {
    let full = u64::try_from(entries.len()).is_ok_and(|count| count == limit);
    entries.last().filter(|_| full).map(|entry| entry.position.to_string())
}

/// Read the change feed
///
/// What happened in the coalition, in the order of the journal: without gaps, and nothing is ever added before what you have seen.
/// Keep the last `position`, and ask with it as `after`.
#[utoipa::path(tag = "Oversight", params(EventsQuery), responses((status = 200, description = "Events.", body = EventPage)))]
#[get("/v1/events")]
async fn list_events(caller: Caller, ctx: Ctx, query: Params<EventsQuery>) -> Answer {
    sequence(&ctx, &caller).await?;
    let filter = JournalFilter { after: query.after.unwrap_or(0), types: types(&query.types), ..JournalFilter::default() };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    ctx.read(&caller, async |read| {
        let entries = read.journal(&filter, limit).await?;
        let next_cursor = next(&entries, limit);
        Ok(Reply::ok(&EventPage { items: entries.into_iter().map(event).collect(), next_cursor }))
    })
    .await
}

/// Read the journal
///
/// Every entry, with who did it, by which door and why.
#[utoipa::path(tag = "Oversight", params(JournalQuery), responses((status = 200, description = "Entries.", body = JournalEntryPage)))]
#[get("/v1/journal")]
async fn list_journal(caller: Caller, ctx: Ctx, query: Params<JournalQuery>) -> Answer {
    sequence(&ctx, &caller).await?;
    let filter = JournalFilter {
        after: query.after.unwrap_or(0),
        types: types(&query.types),
        subject_id: query.subject_id,
        actor_id: query.actor_id,
    };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    ctx.read(&caller, async |read| {
        let entries = read.journal(&filter, limit).await?;
        let next_cursor = next(&entries, limit);
        Ok(Reply::ok(&JournalEntryPage { items: entries.into_iter().map(journal_entry).collect(), next_cursor }))
    })
    .await
}

/// Check the journal
///
/// Works out every seal again. A changed, deleted, added or reordered entry breaks the chain at its position.
#[utoipa::path(tag = "Oversight", responses((status = 200, description = "What was found.", body = JournalCheck)))]
#[get("/v1/journal/verify")]
async fn verify_journal(caller: Caller, ctx: Ctx) -> Answer {
    sequence(&ctx, &caller).await?;
    ctx.read(&caller, async |read| {
        let report = read.check_journal().await?;
        Ok(Reply::ok(&JournalCheck { intact: report.broken_at.is_none(), checked: report.checked, broken_at: report.broken_at }))
    })
    .await
}

room!(list_events, list_journal, verify_journal);
