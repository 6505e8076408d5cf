//! Seats: a cohort is entered (locked and settled), what is done to its applications is counted, and when it is left, what came
//! free goes to whoever waits.
//!
//! What always holds: the counters of a cohort are written only by who holds its lock, but for the one statement that takes a free
//! seat; whatever frees a seat gives it on in the same transaction; and what happens on a waitlist is kept as its moves.

use std::collections::{BTreeMap, BTreeSet};

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, Standing};
use cohortium_domain::cohorts::{Cohort, Signup, Year};
use cohortium_domain::eligibility::{Rule, SeatsByOrganization};
use cohortium_domain::ids::{ApplicationId, CohortId, TeamId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::seats::{FreeSeat, Place, Settled, Settling};
use cohortium_domain::teams::{Team, TeamMode};
use cohortium_domain::time::Timestamp;
use cohortium_domain::waitlist;
use cohortium_store::{Result, Tx};

use crate::applications::{InCohort, facts};

/// So many applications expire in one go; the rest follow in the next, and read expired meanwhile.
const EXPIRED_AT_ONCE: u64 = 500;
/// So many of a waitlist are read at once.
const QUEUE_PAGE: u64 = 50;

/// A cohort that is locked, and has been settled.
pub(crate) struct Entered {
    /// The year of its program.
    pub year: Year,
    settled: Settled,
    /// The applications that settling changed since it was entered.
    changed: Vec<Application>,
}

/// Locks a cohort and settles it.
pub(crate) async fn enter(tx: &mut Tx, id: CohortId) -> Result<Entered> {
    let cohort = tx.lock_cohort(id).await?;
    let year = tx.year(cohort.program_id).await?;
    let mut entered = Entered { year, settled: Settled::untouched(cohort), changed: Vec::new() };
    entered.settle(tx).await?;
    Ok(entered)
}

/// Several cohorts that are locked, and have been settled.
pub(crate) struct EnteredTogether(BTreeMap<CohortId, Entered>);

/// Locks cohorts in the one order, and settles them.
pub(crate) async fn enter_together(tx: &mut Tx, ids: impl IntoIterator<Item = CohortId>) -> Result<EnteredTogether> {
    let mut entered = BTreeMap::new();
    for id in ids.into_iter().collect::<BTreeSet<_>>() {
        entered.insert(id, enter(tx, id).await?);
    }
    Ok(EnteredTogether(entered))
}

impl EnteredTogether {
    /// One of them.
    pub fn get(&mut self, id: CohortId) -> Result<&mut Entered> {
        self.0.get_mut(&id).ok_or_else(|| Refusal::Hidden(SubjectKind::Cohort.noun()).into())
    }

    /// One of them, where it is one.
    pub fn find(&mut self, id: CohortId) -> Option<&mut Entered> {
        self.0.get_mut(&id)
    }

    /// Whether this holds of one of them.
    pub fn any(&self, holds: impl Fn(&Entered) -> bool) -> bool {
        self.0.values().any(holds)
    }

    /// Which they are.
    pub fn ids(&self) -> Vec<CohortId> {
        self.0.keys().copied().collect()
    }

    /// One of them, which is left by itself.
    pub fn take(&mut self, id: CohortId) -> Result<Entered> {
        self.0.remove(&id).ok_or_else(|| Refusal::Hidden(SubjectKind::Cohort.noun()).into())
    }

    /// Leaves them all. Gives the application as it then is.
    pub async fn leave_with(self, tx: &mut Tx, application: Application) -> Result<InCohort> {
        self.leave_others(tx, application.cohort_id).await?.leave_with(tx, application).await
    }

    /// Leaves them all but one.
    pub async fn leave_others(mut self, tx: &mut Tx, but: CohortId) -> Result<Entered> {
        let one = self.take(but)?;
        self.leave(tx).await?;
        Ok(one)
    }

    /// Leaves them all.
    pub async fn leave(self, tx: &mut Tx) -> Result<()> {
        for entered in self.0.into_values() {
            entered.leave(tx).await?;
        }
        Ok(())
    }
}

impl Entered {
    /// The cohort, its counters as they are now.
    pub fn cohort(&self) -> &Cohort {
        &self.settled.cohort
    }

    /// The same, to be changed.
    pub fn cohort_mut(&mut self) -> &mut Cohort {
        &mut self.settled.cohort
    }

    /// Sign-up to the cohort.
    pub fn signup(&self) -> Result<Signup> {
        signup(&self.year, self.cohort())
    }

    /// A seat that staff can offer.
    pub fn seat_to_offer(&mut self) -> Result<FreeSeat, Refusal> {
        self.settled.seat_to_offer()
    }

    /// The cohort as it was settled, to take in the people of another.
    pub fn settled_mut(&mut self) -> &mut Settled {
        &mut self.settled
    }

    /// An application that settling changed since the cohort was entered.
    pub fn changed(&self, id: ApplicationId) -> Option<&Application> {
        self.changed.iter().find(|application| application.id == id)
    }

    /// Saves what was done to an application of the cohort, and counts it.
    pub async fn save(
        &mut self,
        tx: &mut Tx,
        before: &Standing,
        change: Change<Application>,
        actor: &Actor,
    ) -> Result<Application> {
        let (was, is) = (before.place(), change.value.standing.place());
        let position = match (was, is) {
            (None, Some(_)) => Some(self.cohort().seats.waiting + 1),
            (Some(was), Some(is)) if was != is => Some(tx.waiting_before(self.cohort().id, is).await? + 1),
            _ => None,
        };
        let saved = save_with_moves(tx, (was, position), change, actor).await?;
        self.cohort_mut().seats.count(before, &saved.standing);
        Ok(saved)
    }

    /// Saves what was done to an application of the cohort that is counted already.
    pub async fn keep(&self, tx: &mut Tx, change: Change<Application>, actor: &Actor) -> Result<Application> {
        let before = tx.find::<Application>(change.value.id).await?;
        let (was, is) = (before.and_then(|before| before.standing.place()), change.value.standing.place());
        let position = match is.filter(|_| was != is) {
            Some(is) => Some(tx.waiting_before(self.cohort().id, is).await? + 1),
            None => None,
        };
        save_with_moves(tx, (was, position), change, actor).await
    }

    /// Leaves the cohort: what came free goes to whoever waits, and the counters are kept. Gives the application as it then is.
    pub async fn leave_with(mut self, tx: &mut Tx, application: Application) -> Result<InCohort> {
        self.settle(tx).await?;
        tx.keep_seats(self.cohort()).await?;
        let application = self.changed(application.id).cloned().unwrap_or(application);
        Ok(InCohort { application, cohort: self.settled.cohort, year: self.year })
    }

    /// Leaves the cohort: what came free goes to whoever waits, and the counters are kept.
    pub async fn leave(mut self, tx: &mut Tx) -> Result<(Cohort, Year)> {
        self.settle(tx).await?;
        tx.keep_seats(self.cohort()).await?;
        Ok((self.settled.cohort, self.year))
    }

    /// Lets expire what has lapsed, and promotes who waits, as far as that goes in one go.
    async fn settle(&mut self, tx: &mut Tx) -> Result<()> {
        let Some(signup) = self.year.signup(self.cohort()) else { return Ok(()) };
        if let Some(deadline) = self.cohort().next_change_at(Some(&signup.window), tx.now()) {
            tx.relies_on(deadline);
        }
        let cohort = self.cohort().clone();
        let (due, next_lapse_at) = lapsed(tx, &cohort, &signup).await?;
        let rules = self.year.rules(&cohort);
        let seats = if limits_organizations(&rules) {
            tx.seats_by_organization(cohort.id, None).await?
        } else {
            SeatsByOrganization::default()
        };
        let mut settling = Settling::begin(cohort, signup, rules, seats, tx.now());
        for application in due {
            settling.expire(application);
        }
        consider_queue(tx, &mut settling, self.cohort().id).await?;
        let mut settled = settling.finish(next_lapse_at);
        let mut moves = Vec::new();
        for change in std::mem::take(&mut settled.changes) {
            moves.extend(waitlist::moves(settled.places.get(&change.value.id).copied(), &change, None, tx.now()));
            let saved = tx.save(change, &Actor::Time).await?;
            self.changed.retain(|earlier| earlier.id != saved.id);
            self.changed.push(saved);
        }
        tx.add_waitlist_moves(settled.cohort.id, &moves).await?;
        self.settled = settled;
        Ok(())
    }
}

/// Saves a change of an application that had this place, with what it is to the waitlist: `position` is the one that it reaches.
async fn save_with_moves(
    tx: &mut Tx,
    (was, position): (Option<Place>, Option<u32>),
    change: Change<Application>,
    actor: &Actor,
) -> Result<Application> {
    let moves = waitlist::moves(was, &change, position, tx.now());
    let saved = tx.save(change, actor).await?;
    tx.add_waitlist_moves(saved.cohort_id, &moves).await?;
    Ok(saved)
}

/// Sign-up to a cohort.
pub(crate) fn signup(year: &Year, cohort: &Cohort) -> Result<Signup> {
    year.signup(cohort).ok_or_else(|| {
        let what = "Sign-up to this cohort has not opened yet".to_owned();
        Refusal::WindowClosed { what, opens_at: None, closed_at: None }.into()
    })
}

/// Whether the rules limit how many of one organization take part: then a seat is taken only under the cohort's lock.
pub(crate) fn limits_organizations(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| matches!(rule, Rule::MaxPerOrganization(_)))
}

/// What may have to expire now, and when the next hold or offer lapses among the rest.
async fn lapsed(tx: &Tx, cohort: &Cohort, signup: &Signup) -> Result<(Vec<Application>, Option<Timestamp>)> {
    let next = cohort.seats.next_lapse_at;
    if tx.now() >= signup.window.closes_at {
        return Ok((tx.unsettled_applications(cohort.id, EXPIRED_AT_ONCE).await?, None));
    }
    if next.is_none_or(|lapse| lapse > tx.now()) {
        return Ok((Vec::new(), next));
    }
    Ok((tx.lapsed_applications(cohort.id, EXPIRED_AT_ONCE).await?, tx.next_lapse_at(cohort.id).await?))
}

async fn consider_queue(tx: &Tx, settling: &mut Settling, cohort: CohortId) -> Result<()> {
    let (mut behind, mut considered) = (None, BTreeSet::new());
    while settling.asks_for_more() {
        let page = tx.queue(cohort, behind, QUEUE_PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        behind = last.standing.place();
        let teams = tx.find_all::<Team>(page.iter().filter_map(|waiting| waiting.team_id)).await?;
        let all_or_none = |id: &TeamId| teams.get(id).is_some_and(|team| team.mode == TeamMode::AllOrNone);
        for waiting in facts::of_queue(tx, page).await? {
            match waiting.application.team_id.filter(all_or_none) {
                None => settling.consider(&waiting),
                Some(team) if considered.insert(team) => {
                    let members = waiting_together(tx, cohort, team).await?;
                    settling.consider_together(&facts::of_queue(tx, members).await?);
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// The members of a team who wait in a cohort, in their order.
pub(crate) async fn waiting_together(tx: &Tx, cohort: CohortId, team: TeamId) -> Result<Vec<Application>> {
    let mut members = tx.applications_of_team(team).await?;
    members.retain(|member| member.cohort_id == cohort && member.standing.place().is_some());
    members.sort_by_key(|member| member.standing.place());
    Ok(members)
}
