//! Team applications: colleagues of one organization who apply to a cohort as one.
//!
//! Each of them has an application of their own, with their own answers and commitments; the team says that they are sent together.
//! All get a seat at once or all wait, side by side (or as many get one as fit, where they say so); and who waits so is offered a
//! seat together. What always holds: nobody is sent who has not agreed; whoever leaves makes the team smaller, and has no say in it
//! any more. Left out on purpose: what staff decide where applications are reviewed, since they decide about each person.

use std::collections::BTreeSet;

use crate::access::{Action, Actor, Tie};
use crate::applications::Application;
use crate::cohorts::Cohort;
use crate::ids::{CohortId, OrganizationId, PersonId, TeamId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::time::Timestamp;

/// The most people that a team can have.
pub const MOST_MEMBERS: usize = 10;

crate::words! {
    /// How a team takes seats.
    pub enum TeamMode {
        /// All of them, or none.
        AllOrNone = "all_or_none",
        /// As many as there are for them; the others wait.
        AsManyAsFit = "as_many_as_fit",
    }

    /// The states of a team application.
    pub enum TeamState {
        /// Its members are still to agree.
        Forming = "forming",
        /// Its members' applications have been sent.
        Sent = "sent",
        /// Given up before it was sent.
        Withdrawn = "withdrawn",
    }
}

/// The moves of a team application.
pub const MACHINE: Machine<TeamState> = {
    use TeamState::{Forming, Sent, Withdrawn};
    Machine {
        name: "team_application",
        transitions: &[
            Transition { action: Action::AgreeTeamApplication, from: &[Forming], to: &[Forming] },
            Transition { action: Action::SubmitTeamApplication, from: &[Forming], to: &[Sent] },
            Transition { action: Action::WithdrawTeamApplication, from: &[Forming], to: &[Withdrawn] },
        ],
    }
};

/// Where a team application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its members are still to agree.
    Forming,
    /// Sent.
    Sent {
        /// When.
        sent_at: Timestamp,
    },
    /// Given up.
    Withdrawn {
        /// When.
        withdrawn_at: Timestamp,
    },
}

/// A team application.
#[derive(Clone, Debug, PartialEq)]
pub struct Team {
    /// Which.
    pub id: TeamId,
    /// To which cohort.
    pub cohort_id: CohortId,
    /// Where its members work.
    pub organization_id: OrganizationId,
    /// Who began it.
    pub begun_by: PersonId,
    /// How it takes seats.
    pub mode: TeamMode,
    /// Who has agreed.
    pub agreed: BTreeSet<PersonId>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

impl Team {
    /// Begins one; whoever does agrees by that.
    pub fn begin(
        id: TeamId,
        cohort_id: CohortId,
        organization_id: OrganizationId,
        begun_by: PersonId,
        mode: TeamMode,
        now: Timestamp,
    ) -> Change<Self> {
        let (agreed, meta) = (BTreeSet::from([begun_by]), Meta::new(now));
        let made = Self { id, cohort_id, organization_id, begun_by, mode, agreed, standing: Standing::Forming, meta };
        let happened = made.happening("created");
        Change::one(made, happened)
    }

    /// The applications of its present members, of all that name it: those that are open, or enrollments.
    pub fn members(applications: &[Application]) -> impl Iterator<Item = &Application> {
        applications.iter().filter(|application| application.standing.live())
    }

    /// The application of somebody who agrees to it or sends it: as long as it is forming, only a present member does.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`]; or it is not forming any more.
    pub fn own<'a>(&self, applications: &'a [Application], actor: &Actor, action: Action) -> Result<&'a Application, Refusal> {
        let own = Self::members(applications).find(|member| actor.is(member.person_id));
        own.ok_or_else(|| match self.standing {
            Standing::Forming => Refusal::Forbidden("Only for a member of the team".to_owned()),
            Standing::Sent { .. } | Standing::Withdrawn { .. } => MACHINE.refuse(self.state(), action),
        })
    }

    /// Goes on when it is somebody's to give up: only who began it does.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`].
    pub fn require_begun_by(&self, actor: &Actor) -> Result<(), Refusal> {
        if actor.is(self.begun_by) { Ok(()) } else { Err(Refusal::Forbidden("Only for who began it".to_owned())) }
    }

    /// A member agrees to apply with the others.
    ///
    /// # Errors
    /// It is not forming any more.
    pub fn agree(mut self, member: PersonId, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::AgreeTeamApplication)?;
        self.agreed.insert(member);
        self.meta = self.meta.changed(now);
        let happened = self.happening("agreed").with("person_id", member.to_string());
        Ok(Change::one(self, happened))
    }

    /// Sends it, with the applications of those who are its members still.
    ///
    /// # Errors
    /// It is not forming any more, or is no team, or somebody has not agreed.
    pub fn send(self, members: &[PersonId], now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::SubmitTeamApplication)?;
        let waited_for = members.iter().filter(|member| !self.agreed.contains(member));
        let missing: Vec<Fault> = waited_for
            .map(|member| {
                Fault::new("#/members", FaultCode::Required, "This member has not agreed").with("person_id", member.to_string())
            })
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::NotReady { what: "Every member must agree first, or withdraw".to_owned(), missing });
        }
        if members.is_empty() {
            return Err(Refusal::NotReady { what: "Nobody is left in this team".to_owned(), missing });
        }
        Ok(self.becomes(Standing::Sent { sent_at: now }, "sent", now))
    }

    /// Its members go on in another cohort, into which theirs was merged.
    pub fn go_on_in(mut self, cohort: CohortId, now: Timestamp) -> Change<Self> {
        let from = std::mem::replace(&mut self.cohort_id, cohort);
        self.meta = self.meta.changed(now);
        let happened = self.happening("moved").with("from_cohort_id", from.to_string());
        Change::one(self, happened)
    }

    /// Gives it up.
    ///
    /// # Errors
    /// It is not forming any more.
    pub fn withdraw(self, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::WithdrawTeamApplication)?;
        Ok(self.becomes(Standing::Withdrawn { withdrawn_at: now }, "withdrawn", now))
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> TeamState {
        match self.standing {
            Standing::Forming => TeamState::Forming,
            Standing::Sent { .. } => TeamState::Sent,
            Standing::Withdrawn { .. } => TeamState::Withdrawn,
        }
    }

    /// What this caller can do to it now; `applications` are all that name it.
    #[must_use]
    pub fn allowed_actions(&self, applications: &[Application], tie: &Tie<'_>) -> Vec<&'static str> {
        let its_own = |action| {
            if action == Action::WithdrawTeamApplication {
                return self.require_begun_by(tie.actor).is_ok();
            }
            self.own(applications, tie.actor, action).is_ok()
        };
        MACHINE.allowed(self.state(), tie, its_own)
    }

    fn becomes(mut self, standing: Standing, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.standing = standing;
        self.meta = self.meta.changed(now);
        let happened = self.happening(verb);
        Change::one(self, happened)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::TeamApplication, self.id), verb)
            .with("cohort_id", self.cohort_id.to_string())
            .with("organization_id", self.organization_id.to_string())
            .with("state", self.state().to_string())
    }
}

impl Cohort {
    /// How many of a team of so many get a seat now, for who holds the cohort's lock and has settled it.
    #[must_use]
    pub fn seats_for_team(&self, mode: TeamMode, members: usize) -> usize {
        let left = usize::try_from(self.seats.left(self.capacity.max)).unwrap_or(usize::MAX);
        match mode {
            TeamMode::AllOrNone if members > left => 0,
            TeamMode::AllOrNone | TeamMode::AsManyAsFit => left.min(members),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications;
    use crate::applications::fixtures::{application, at, id, open_cohort};
    use crate::words::Word;

    fn team(standing: Standing) -> Team {
        Team { standing, ..Team::begin(id(1), id(2), id(3), id(10), TeamMode::AllOrNone, at(100)).value }
    }

    fn in_state(state: TeamState) -> Team {
        team(match state {
            TeamState::Forming => Standing::Forming,
            TeamState::Sent => Standing::Sent { sent_at: at(150) },
            TeamState::Withdrawn => Standing::Withdrawn { withdrawn_at: at(150) },
        })
    }

    #[test]
    fn the_moves_of_a_team_application() {
        insta::assert_snapshot!(MACHINE.describe().table());
    }

    #[test]
    fn in_each_state_the_table_says_what_can_be_done_and_nothing_else_can() {
        for state in TeamState::ALL {
            let taken = [
                (Action::AgreeTeamApplication, in_state(*state).agree(id(11), at(200))),
                (Action::SubmitTeamApplication, in_state(*state).send(&[id(10)], at(200))),
                (Action::WithdrawTeamApplication, in_state(*state).withdraw(at(200))),
            ];
            for (action, taken) in taken {
                match taken {
                    Ok(change) => assert!(MACHINE.leads(*state, action, change.value.state()), "{state} {action:?}"),
                    Err(refusal) => {
                        assert!(matches!(refusal, Refusal::InvalidTransition { .. }) && MACHINE.check(*state, action).is_err());
                    }
                }
            }
        }
    }

    fn person(number: u128) -> Actor {
        Actor::Person { id: id(number), grants: BTreeSet::new() }
    }

    #[test]
    fn whoever_has_left_has_no_say_in_it_and_only_who_began_it_gives_it_up() {
        let left = applications::Standing::Withdrawn { at: at(150), enrolled_at: None };
        let all =
            [application(10, applications::Standing::Draft), application(11, applications::Standing::Draft), application(12, left)];
        let allowed = |number| {
            let actor = person(number);
            let tie = Tie { concerned: true, ..Tie::none(&actor) };
            team(Standing::Forming).allowed_actions(&all, &tie)
        };
        for (number, member, began_it, expected) in [
            (10, true, true, &["agree", "submit", "withdraw"][..]),
            (11, true, false, &["agree", "submit"]),
            (12, false, false, &[]),
        ] {
            let own = team(Standing::Forming).own(&all, &person(number), Action::SubmitTeamApplication).is_ok();
            assert_eq!(own, member, "{number}");
            assert_eq!(team(Standing::Forming).require_begun_by(&person(number)).is_ok(), began_it, "{number}");
            assert_eq!(allowed(number), expected, "{number}");
        }
        let own = |standing| team(standing).own(&all, &person(12), Action::AgreeTeamApplication).map(drop);
        assert!(matches!(own(Standing::Forming), Err(Refusal::Forbidden(_))));
        let over = own(Standing::Withdrawn { withdrawn_at: at(150) });
        assert!(matches!(over, Err(Refusal::InvalidTransition { .. })), "{over:?}");
        assert!(matches!(team(Standing::Forming).require_begun_by(&person(11)), Err(Refusal::Forbidden(_))));
        assert_eq!(Team::members(&all).count(), 2);
    }

    #[test]
    fn a_team_is_sent_once_everybody_who_is_in_it_still_has_agreed() {
        let forming = team(Standing::Forming);
        let Err(Refusal::NotReady { missing, .. }) = forming.clone().send(&[id(10), id(11), id(12)], at(200)) else {
            panic!("nobody but who began it has agreed")
        };
        assert_eq!(missing.len(), 2);
        let agreed = forming.agree(id(11), at(200)).unwrap().value;
        assert!(matches!(agreed.clone().send(&[], at(200)), Err(Refusal::NotReady { .. })));
        assert_eq!(agreed.send(&[id(10), id(11)], at(200)).unwrap().value.standing, Standing::Sent { sent_at: at(200) });
    }

    #[test]
    fn a_team_gets_all_seats_or_none_or_as_many_as_fit() {
        let mut cohort = open_cohort(1, 3);
        for (held, waiting, all_or_none, as_many) in [(0, 0, 3, 3), (1, 0, 0, 2), (3, 0, 0, 0), (0, 1, 0, 0)] {
            cohort.seats.held = held;
            cohort.seats.waiting = waiting;
            assert_eq!(cohort.seats_for_team(TeamMode::AllOrNone, 3), all_or_none, "{held} held, {waiting} waiting");
            assert_eq!(cohort.seats_for_team(TeamMode::AsManyAsFit, 3), as_many, "{held} held, {waiting} waiting");
        }
    }
}
