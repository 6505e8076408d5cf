//! What people, staff and time do to the cohort, as the workflows have it done.

use super::*;

impl World {
    pub(super) fn begin(&mut self, person: u8) -> Result<(), Refusal> {
        drop(self.settle());
        if self.live(person).is_some() {
            return Err(Refusal::AlreadyApplied);
        }
        self.begin_with(person, None)
    }

    pub(super) fn begin_with(&mut self, person: u8, team_id: Option<TeamId>) -> Result<(), Refusal> {
        let new = self.next_id();
        let whose = (&self.cohort, id::<PersonId>(person.into()));
        let draft = ApplicationDraft { team_id, ..ApplicationDraft::default() };
        let change = Application::begin(new, whose, draft, &[], Some(&window()), at(self.now))?;
        self.applications.insert(new, change.value);
        Ok(())
    }

    pub(super) fn add(&mut self, person: u8) -> Result<(), Refusal> {
        let mut settled = self.settle();
        let new = self.next_id();
        let blank = || Application::blank(new, &self.cohort, id(person.into()), Answers::default(), at(self.now)).value;
        let draft = self.live(person).cloned().unwrap_or_else(blank);
        let eligibility = self.eligibility(&draft);
        let (applicant, why) = (self.applicant(person, &eligibility), reason("the superintendent asked for it"));
        let change = draft.clone().add(&self.cohort, || settled.seat_to_offer(), (&applicant, &why), &self.signup, at(self.now))?;
        self.assert_none_passed_over_silently(std::slice::from_ref(&change));
        self.applications.insert(draft.id, draft.clone());
        self.added.insert(draft.id);
        self.save(&change, Action::CreateAddition, true);
        Ok(())
    }

    /// Of one organization, as far as that goes: the team is what is drawn on for its waiting.
    pub(super) fn apply_together(&mut self, first: u8) -> Result<(), Refusal> {
        drop(self.settle());
        let members = [first, first % PEOPLE + 1, (first + 1) % PEOPLE + 1];
        if members.iter().any(|member| self.live(*member).is_some()) {
            return Err(Refusal::AlreadyApplied);
        }
        let before = (self.cohort.clone(), self.applications.clone());
        let seats = self.cohort.seats_for_team(TeamMode::AllOrNone, members.len());
        let team = id(self.next_number.replace(self.next_number.get() + 1));
        for (place, member) in members.into_iter().enumerate() {
            let sent = self.send_with_team(member, team, place < seats);
            if sent.is_err() {
                (self.cohort, self.applications) = before; // the transaction is rolled back
                return sent;
            }
        }
        drop(self.settle());
        Ok(())
    }

    pub(super) fn send_with_team(&mut self, person: u8, team: TeamId, takes_seat: bool) -> Result<(), Refusal> {
        self.begin_with(person, Some(team))?;
        let draft = self.of(person)?;
        let eligibility = self.eligibility(&draft);
        let applicant = self.applicant(person, &eligibility);
        let seat = match self.signup.mode {
            EnrollmentMode::RollingReview => Seat::Unasked,
            EnrollmentMode::FirstCome if takes_seat => Seat::Held { until: applicant.holds_until(&self.signup, at(self.now)) },
            EnrollmentMode::FirstCome => Seat::Full { place: self.cohort.seats.draw_place() },
        };
        let change = draft.submit(&applicant, seat, &self.signup, at(self.now))?;
        self.save(&change, Action::SubmitApplication, true);
        Ok(())
    }

    pub(super) fn submit(&mut self, person: u8) -> Result<(), Refusal> {
        let draft = self.of(person)?;
        let asks = self.signup.mode == EnrollmentMode::FirstCome;
        let eligibility = self.eligibility(&draft);
        let until = self.applicant(person, &eligibility).holds_until(&self.signup, at(self.now));
        let before = self.cohort.seats;
        let fast = asks && self.most_of_one.is_none() && self.statement(until);
        if asks && !fast {
            drop(self.settle());
        }
        let eligibility = self.eligibility(&draft);
        let applicant = self.applicant(person, &eligibility);
        let mut asked = self.cohort.clone();
        let seat = match (asks, fast) {
            (false, _) => Seat::Unasked,
            (true, true) => Seat::Held { until },
            (true, false) => asked.ask_for_seat(until),
        };
        match self.of(person)?.submit(&applicant, seat, &self.signup, at(self.now)) {
            Ok(change) => {
                assert!(!change.value.standing.holds_seat() || asked.seats.waiting == 0, "a newcomer passed who waits");
                let mut counted = before;
                counted.count(&draft.standing, &change.value.standing);
                if fast {
                    assert_eq!(self.cohort.seats, counted, "the statement counts as the domain does");
                    self.save(&change, Action::SubmitApplication, false);
                } else {
                    self.cohort = asked;
                    self.save(&change, Action::SubmitApplication, true);
                }
                Ok(())
            }
            Err(refusal) => {
                if fast {
                    self.cohort.seats = before; // the transaction is rolled back
                }
                Err(refusal)
            }
        }
    }

    /// The store's one statement, by which a seat is taken without a lock.
    pub(super) fn statement(&mut self, until: Option<Timestamp>) -> bool {
        let max = self.cohort.capacity.max;
        let seats = &mut self.cohort.seats;
        let free = seats.held < max && seats.waiting == 0 && seats.next_lapse_at.is_none_or(|lapse| lapse > at(self.now));
        if free {
            seats.held += 1;
            seats.enrolled += u32::from(until.is_none());
            seats.next_lapse_at = earliest([seats.next_lapse_at, until]);
        }
        free
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the strategy makes no other action")]
    pub(super) fn decide(&mut self, person: u8, action: Action) -> Result<(), Refusal> {
        let mut settled = self.settle();
        let application = self.of(person)?;
        let eligibility = self.eligibility(&application);
        let applicant = self.applicant(person, &eligibility);
        let (signup, now) = (self.signup, at(self.now));
        let dead = application.clone().as_of(&signup, now).state() == ApplicationState::Expired;
        let change = match action {
            Action::WithdrawApplication => application.withdraw(&signup, now),
            Action::ConfirmApplication => application.confirm(&[], &applicant, &signup, now),
            Action::WithdrawEnrollment => application.leave(&signup, now),
            Action::AdmitApplication => application.admit(&applicant, &signup, now),
            Action::OfferApplication => application.offer(|| settled.seat_to_offer(), &applicant, &signup, now),
            Action::WaitlistApplication => {
                let place = self.cohort.clone().seats.draw_place();
                let change = application.put_on_waitlist(place, &signup, now);
                self.cohort.seats.last_number += u32::from(change.is_ok());
                change
            }
            Action::DeclineApplication => application.decline(DeclineReason::Full, None, &signup, now),
            Action::RemoveEnrollment => application.remove(&reason("never came"), &signup, now),
            Action::MoveApplication => application.give_way(&elsewhere(person), &signup, now),
            other => panic!("{other:?}"),
        }?;
        assert!(!dead, "{action:?} honored what was past its time");
        if action == Action::OfferApplication {
            self.assert_none_passed_over_silently(std::slice::from_ref(&change));
        }
        self.save(&change, action, true);
        Ok(())
    }

    pub(super) fn come_over(&mut self, person: u8) -> Result<(), Refusal> {
        let mut settled = self.settle();
        if self.live(person).is_some() {
            return Err(Refusal::AlreadyApplied);
        }
        let place = elsewhere(person);
        let eligibility = self.eligibility(&place);
        let applicant = self.applicant(person, &eligibility);
        let (signup, now, because) = (self.signup, at(self.now), reason("a better fit"));
        let cohort = self.cohort.clone();
        let seat = || settled.seat_to_offer();
        let transfer = place.transfer(self.next_id(), (&cohort, &signup), seat, &applicant, (&because, &signup), now)?;
        self.assert_none_passed_over_silently(std::slice::from_ref(&transfer.offer));
        self.cohort.seats.count(&Standing::Draft, &transfer.offer.value.standing);
        self.applications.insert(transfer.offer.value.id, transfer.offer.value);
        Ok(())
    }

    pub(super) fn take_in(&mut self, people: &[u8], all: bool) -> Result<(), Refusal> {
        let mut settled = self.settle();
        self.cohort.require_signup_open(Some(&self.signup.window), at(self.now))?;
        let come = people.iter().map(|person| {
            let application = elsewhere(*person);
            Waiting { application, employments: self.employments(*person), verified: self.verified(*person) }
        });
        let come: Vec<Waiting> = come.collect();
        let theirs = self.applications.values().filter(|own| own.standing.live()).map(|own| (own.person_id, own.clone())).collect();
        let rules = self.rules.clone();
        let (from, signup, now) = (self.signup, self.signup, at(self.now));
        let moving = Moving { there: &mut settled, from, signup, rules, required: Vec::new(), theirs, now };
        let make_id = || self.next_id();
        let moved = if all { moving.all(come, make_id)? } else { moving.as_many_as_fit(come, make_id) };
        let changes: Vec<Change<Application>> = moved.into_iter().flat_map(|one| one.there).collect();
        self.assert_none_passed_over_silently(&changes);
        self.cohort = settled.cohort;
        for change in changes {
            self.applications.insert(change.value.id, change.value);
        }
        Ok(())
    }

    pub(super) fn save(&mut self, change: &Change<Application>, action: Action, count: bool) {
        let before = self.applications.insert(change.value.id, change.value.clone()).unwrap();
        assert!(MACHINE.leads(before.state(), action, change.value.state()), "{action:?} is no row from {}", before.state());
        if count {
            self.cohort.seats.count(&before.standing, &change.value.standing);
        }
    }

    pub(super) fn settle(&mut self) -> Settled {
        let mut settling =
            Settling::begin(self.cohort.clone(), self.signup, self.rules.clone(), self.seats_by_organization(None), at(self.now));
        let lapsed =
            |application: &&Application| application.standing.expiry(&self.signup).is_some_and(|(when, _)| when <= at(self.now));
        for application in self.applications.values().filter(lapsed) {
            settling.expire(application.clone());
        }
        let mut considered = BTreeSet::new();
        for application in self.queue() {
            if !settling.asks_for_more() {
                break;
            }
            match application.team_id {
                None => settling.consider(&self.waiting(application)),
                Some(team) if considered.insert(team) => {
                    let team = self.queue().into_iter().filter(|member| member.team_id == Some(team));
                    settling.consider_together(&team.map(|member| self.waiting(member)).collect::<Vec<_>>());
                }
                Some(_) => {}
            }
        }
        let standing = self.applications.values().filter(|application| !lapsed(application));
        let settled = settling.finish(earliest(standing.map(|application| application.standing.lapses_at())));
        self.assert_none_passed_over_silently(&settled.changes);
        self.assert_teams_are_promoted_whole(&settled.changes);
        for change in &settled.changes {
            let promoted = change.value.state() == ApplicationState::Offered;
            let action = if promoted { Action::PromoteApplication } else { Action::ExpireApplication };
            self.save(change, action, false);
        }
        self.cohort = settled.cohort.clone();
        settled
    }
}
