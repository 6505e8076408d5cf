//! What happened on waitlists, as rows: written under the cohort's lock, and never changed.

use cohortium_domain::applications::Application;
use cohortium_domain::ids::{ApplicationId, CohortId, Id};
use cohortium_domain::seats::Place;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_domain::waitlist::{WaitlistMove, WaitlistSpot, WaitlistStep};
use cohortium_domain::words::Word;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ActiveValue, ColumnTrait, Order};

use crate::applications::{from_place, to_place};
use crate::entity::waitlist_move::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::page::{Key, Page, PageRequest, Position};
use crate::record::{json, number, optional, to_json, word};
use crate::{Read, Tx};

const TABLE: &str = "waitlist_moves";
/// So many moves are followed at once.
const FOLLOWED_AT_ONCE: u64 = 500;

impl Read {
    /// A page of what the moves of its waitlist were to an application, in their order.
    ///
    /// # Errors
    /// The database's.
    pub async fn waitlist_history(&self, application: &Application, page: &PageRequest) -> Result<Page<WaitlistStep>> {
        let after = match &page.after {
            Some(Position { key: Key::Number(number), .. }) => *number,
            Some(_) | None => 0,
        };
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let total = if page.with_total {
            let all = self.follow_waitlist(application, 0, usize::MAX).await?;
            u64::try_from(all.len()).ok()
        } else {
            None
        };
        let mut steps = self.follow_waitlist(application, after, limit.saturating_add(1)).await?;
        let more = steps.len() > limit;
        steps.truncate(limit);
        let at = |(number, _): &(i64, WaitlistStep)| Position { key: Key::Number(*number), id: application.id.uuid() };
        let next = steps.last().filter(|_| more).map(at);
        Ok(Page { items: steps.into_iter().map(|(_, step)| step).collect(), next, total })
    }

    /// So many steps behind a move, with the numbers of their moves: followed from where the application last came to a place by
    /// then.
    async fn follow_waitlist(&self, application: &Application, after: i64, most: usize) -> Result<Vec<(i64, WaitlistStep)>> {
        let Some((first, last)) = self.own_moves(application.id, after).await? else { return Ok(Vec::new()) };
        let mut spot = WaitlistSpot::before(application.id);
        let (mut steps, mut next) = (Vec::new(), first);
        loop {
            let rows = self.rows::<Entity>().filter(Column::CohortId.eq(application.cohort_id.uuid()));
            let rows = rows.filter(Column::Number.gte(next)).filter_if(last, |last| Column::Number.lte(last));
            // Who joins comes behind everybody: of others, that is nothing to follow.
            let rows = rows.filter(Column::ApplicationId.eq(application.id.uuid()).or(Column::PlaceBefore.is_not_null()));
            let rows = rows.order_by(Column::Number, Order::Asc).limit(FOLLOWED_AT_ONCE).all().await?;
            let Some(end) = rows.last().map(|row| row.number) else { return Ok(steps) };
            for row in rows {
                let number = row.number;
                let step = spot.follow(&from_row(&row)?);
                steps.extend(step.filter(|_| number > after).map(|step| (number, step)));
                if steps.len() >= most {
                    return Ok(steps);
                }
            }
            next = end.saturating_add(1);
        }
    }

    /// The number of the move by which an application last came to a place up to a move, or did first; and that of the one by which
    /// it left, where it has.
    async fn own_moves(&self, application: ApplicationId, by: i64) -> Result<Option<(i64, Option<i64>)>> {
        let own = || self.rows::<Entity>().filter(Column::ApplicationId.eq(application.uuid()));
        let came = || own().filter(Column::PlaceAfter.is_not_null());
        let last = came().filter(Column::Number.lte(by)).order_by(Column::Number, Order::Desc).limit(1).one().await?;
        let begin = match last {
            Some(last) => Some(last),
            None => came().order_by(Column::Number, Order::Asc).limit(1).one().await?,
        };
        let Some(begin) = begin else { return Ok(None) };
        let left = own().filter(Column::PlaceBefore.is_not_null()).filter(Column::PlaceAfter.is_null());
        let left = left.order_by(Column::Number, Order::Desc).limit(1).one().await?;
        Ok(Some((begin.number, left.map(|left| left.number))))
    }
}

impl Tx {
    /// Keeps what happened on the waitlist of a cohort, which must be locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_waitlist_moves(&self, cohort: CohortId, moves: &[WaitlistMove]) -> Result<()> {
        let rows = moves.iter().map(|one| ActiveModel {
            number: ActiveValue::NotSet,
            coalition_id: ActiveValue::Set(self.coalition_id().uuid()),
            cohort_id: ActiveValue::Set(cohort.uuid()),
            application_id: ActiveValue::Set(one.application_id.uuid()),
            occurred_at: ActiveValue::Set(one.at.utc()),
            cause: ActiveValue::Set(one.cause.as_str().to_owned()),
            place_before: ActiveValue::Set(one.before.map(from_place)),
            place_after: ActiveValue::Set(one.after.map(from_place)),
            position: ActiveValue::Set(one.position.map(i64::from)),
            unmet: ActiveValue::Set(to_json(&one.unmet)),
            reason: ActiveValue::Set(one.reason.as_ref().map(|reason| reason.as_str().to_owned())),
        });
        self.add(rows.collect()).await
    }
}

fn from_row(row: &Model) -> Result<WaitlistMove> {
    let place = |column: &str, place: Option<i64>| -> Result<Option<Place>> {
        place.map(|place| to_place(TABLE, column, place)).transpose()
    };
    Ok(WaitlistMove {
        application_id: ApplicationId::from_uuid(row.application_id),
        at: Timestamp::new(row.occurred_at),
        cause: word(TABLE, "cause", &row.cause)?,
        before: place("place_before", row.place_before)?,
        after: place("place_after", row.place_after)?,
        position: row.position.map(|position| number(TABLE, "position", position)).transpose()?,
        unmet: json(TABLE, "unmet", &row.unmet)?,
        reason: optional(TABLE, "reason", row.reason.as_deref(), Reason::new)?,
    })
}
