//! What must hold after each step.

use super::*;

impl World {
    /// Who was given a seat before others on the waitlist was so with an entry for each of them.
    pub(super) fn assert_none_passed_over_silently(&self, changes: &[Change<Application>]) {
        let mut accounted = BTreeSet::new();
        for change in changes {
            for entry in change.happened.iter().filter(|entry| entry.verb == "passed_over") {
                accounted.insert(ApplicationId::from_uuid(entry.subject.id));
            }
            accounted.insert(change.value.id);
            if !change.value.standing.holds_seat() {
                continue;
            }
            let before = |other: &Application| {
                let own = self.applications.get(&change.value.id).and_then(|own| own.standing.place());
                own.is_none_or(|own| other.standing.place().is_some_and(|place| place < own))
            };
            let silent = self.queue().into_iter().find(|other| before(other) && !accounted.contains(&other.id));
            assert_eq!(silent, None, "was passed over silently");
        }
    }

    pub(super) fn assert_teams_are_promoted_whole(&self, changes: &[Change<Application>]) {
        let promoted = |id| changes.iter().any(|change| change.value.id == id && change.value.state() == ApplicationState::Offered);
        let gone = |id| changes.iter().any(|change| change.value.id == id && change.value.state() == ApplicationState::Expired);
        for change in changes.iter().filter(|change| promoted(change.value.id) && change.value.team_id.is_some()) {
            let fellows = self.queue().into_iter().filter(|other| other.team_id == change.value.team_id && !gone(other.id));
            assert!(fellows.into_iter().all(|fellow| promoted(fellow.id)), "a part of a team was promoted");
        }
    }

    /// What must hold after each step.
    pub(super) fn check(&self) {
        let seats = self.cohort.seats;
        let count = |holds: fn(&Standing) -> bool| count(self.applications.values(), holds);
        assert!(seats.held <= self.cohort.capacity.max, "oversold: {seats:?}");
        assert_eq!(seats.held, count(Standing::holds_seat));
        assert_eq!(seats.enrolled, count(Standing::fills_seat));
        assert_eq!(seats.waiting, count(|standing| standing.place().is_some()));
        let lapse = earliest(self.applications.values().map(|application| application.standing.lapses_at()));
        assert!(lapse.is_none() || seats.next_lapse_at <= lapse && seats.next_lapse_at.is_some(), "{seats:?} but {lapse:?}");
        if let Some(most) = self.most_of_one {
            for organization in 0..ORGANIZATIONS {
                // Whom staff added counts, but was not held to the rule.
                let counts =
                    |other: &&Application| person_of(other) % ORGANIZATIONS == organization && !self.added.contains(&other.id);
                let of_it = self.applications.values().filter(counts);
                assert!(self::count(of_it, Standing::holds_seat) <= most, "more than {most} of one organization");
            }
        }
        self.check_reading();
    }

    /// What is read without settling is what settling would find.
    pub(super) fn check_reading(&self) {
        let now = at(self.now);
        let read: Vec<Application> =
            self.applications.values().map(|application| application.clone().as_of(&self.signup, now)).collect();
        let lapsed = count(self.applications.values(), |standing| standing.lapses_at().is_some_and(|when| when <= now));
        let seats = self.cohort.seats.as_of(now >= at(KICKOFF), lapsed, None);
        assert_eq!(seats.held, count(read.iter(), Standing::holds_seat));
        assert_eq!(seats.waiting, count(read.iter(), |standing| standing.place().is_some()));
    }
}
