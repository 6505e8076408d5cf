//! Coalitions, the tenants, and their clocks.
//!
//! A coalition is `live` and runs by real time, or `sandbox` and runs by a test clock that its staff move. What always holds: a
//! test clock never goes back; a live coalition has none.

use crate::ids::CoalitionId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{FaultCode, Refusal};
use crate::second_factor::SecondFactorPolicy;
use crate::text::{Email, Slug, Title, WebAddress};
use crate::time::{Timestamp, Zone};

crate::words! {
    /// By which time a coalition runs.
    pub enum CoalitionMode {
        /// Real time.
        Live = "live",
        /// A test clock.
        Sandbox = "sandbox",
    }

    /// Which kind of clock a coalition has.
    pub enum ClockMode {
        /// The real time.
        Live = "live",
        /// An instant that staff set or advance.
        Test = "test",
    }
}

/// A coalition of schools.
#[derive(Clone, Debug, PartialEq)]
pub struct Coalition {
    /// Which.
    pub id: CoalitionId,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name.
    pub name: Title,
    /// The zone in which it lives.
    pub time_zone: Zone,
    /// Its own site.
    pub website: Option<WebAddress>,
    /// Where its office can be reached.
    pub contact_email: Option<Email>,
    /// Where the links in its mails lead.
    pub front_end_url: Option<WebAddress>,
    /// Of whom it asks for a second factor.
    pub second_factor: SecondFactorPolicy,
    /// Its clock.
    pub clock: Clock,
    /// Version and instants.
    pub meta: Meta,
}

/// What can be changed of a coalition: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoalitionUpdate {
    /// Its name.
    pub name: Option<Title>,
    /// The zone in which it lives.
    pub time_zone: Option<Zone>,
    /// Its own site; `Some(None)` clears it.
    pub website: Option<Option<WebAddress>>,
    /// Where its office can be reached; `Some(None)` clears it.
    pub contact_email: Option<Option<Email>>,
    /// Where the links in its mails lead; `Some(None)` clears it.
    pub front_end_url: Option<Option<WebAddress>>,
    /// Of whom it asks for a second factor.
    pub second_factor: Option<SecondFactorPolicy>,
}

impl Coalition {
    /// Whether it runs by real time.
    #[must_use]
    pub fn mode(&self) -> CoalitionMode {
        match self.clock {
            Clock::Live => CoalitionMode::Live,
            Clock::Test { .. } => CoalitionMode::Sandbox,
        }
    }

    /// A new coalition.
    pub fn create(id: CoalitionId, slug: Slug, name: Title, time_zone: Zone, clock: Clock, now: Timestamp) -> Change<Self> {
        let made = Self {
            id,
            slug,
            name,
            time_zone,
            website: None,
            contact_email: None,
            front_end_url: None,
            second_factor: SecondFactorPolicy::Optional,
            clock,
            meta: Meta::new(now),
        };
        let happened = made.happening("created").with("mode", made.mode().to_string());
        Change::one(made, happened)
    }

    /// Changes its settings. `second_factor_at` is when whoever does it has shown a second factor.
    ///
    /// # Errors
    /// It would ask for a second factor on the word of somebody who has shown none, and so lock out even that one.
    pub fn update(
        mut self,
        update: CoalitionUpdate,
        second_factor_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let before = self.second_factor;
        self.second_factor = update.second_factor.unwrap_or(before);
        if self.second_factor == SecondFactorPolicy::Required && before != self.second_factor && second_factor_at.is_none() {
            let what = "Show a second factor of your own first, or your grants would be withheld: enroll by POST /v1/me/totp, or sign in with a code";
            return Err(Refusal::NotReady { what: what.to_owned(), missing: Vec::new() });
        }
        if let Some(name) = update.name {
            self.name = name;
        }
        if let Some(zone) = update.time_zone {
            self.time_zone = zone;
        }
        if let Some(website) = update.website {
            self.website = website;
        }
        if let Some(email) = update.contact_email {
            self.contact_email = email;
        }
        if let Some(url) = update.front_end_url {
            self.front_end_url = url;
        }
        self.meta = self.meta.changed(now);
        let mut happened = self.happening("updated");
        if self.second_factor != before {
            happened = happened.with("second_factor", self.second_factor.to_string());
        }
        Ok(Change::one(self, happened))
    }

    /// Moves the test clock.
    ///
    /// # Errors
    /// The coalition is live, or the instant lies before what the clock shows.
    pub fn move_clock(mut self, to: Timestamp) -> Result<Change<Self>, Refusal> {
        let Clock::Test { now: from } = self.clock else {
            return Err(Refusal::Forbidden(
                "Only a sandbox has a clock that can be moved; a live coalition runs by real time".to_owned(),
            ));
        };
        if to < from {
            return Err(Refusal::invalid("#/now", FaultCode::OutOfRange, format!("The clock never goes back: it shows {from}")));
        }
        self.clock = Clock::Test { now: to };
        self.meta = self.meta.changed(to);
        let happened = self.happening("clock_moved").with("from", from.to_string()).with("to", to.to_string());
        Ok(Change::one(self, happened))
    }

    /// That a sandbox is put out of reach, to be made anew.
    ///
    /// # Errors
    /// The coalition is live.
    pub fn retire(&self) -> Result<Happening, Refusal> {
        match self.mode() {
            CoalitionMode::Sandbox => Ok(self.happening("retired")),
            CoalitionMode::Live => Err(Refusal::Forbidden("Only a sandbox can be reset".to_owned())),
        }
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Coalition, self.id), verb)
    }
}

/// The clock of a coalition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Real time.
    Live,
    /// An instant that staff set or advance.
    Test {
        /// What it shows.
        now: Timestamp,
    },
}

impl Clock {
    /// What it shows, given the real time.
    #[must_use]
    pub fn read(self, process_now: Timestamp) -> Timestamp {
        match self {
            Self::Live => process_now,
            Self::Test { now } => now,
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn mode(self) -> ClockMode {
        match self {
            Self::Live => ClockMode::Live,
            Self::Test { .. } => ClockMode::Test,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn coalition(clock: Clock) -> Result<Coalition, crate::text::TextFault> {
        let id = CoalitionId::from_uuid(uuid::Uuid::nil());
        Ok(Coalition::create(id, Slug::new("dcsc")?, Title::new("Charters")?, Zone::UTC, clock, Timestamp::from_millis(0)).value)
    }

    #[test]
    fn a_test_clock_goes_forward_and_never_back() {
        let at = Timestamp::from_millis;
        let sandbox = coalition(Clock::Test { now: at(10) }).unwrap();
        let moved = sandbox.clone().move_clock(at(20)).unwrap();
        assert_eq!(moved.value.clock.read(at(99)), at(20), "a sandbox does not look at the real time");
        assert_eq!(moved.happened[0].entry_type(), "coalition.clock_moved");
        assert!(sandbox.clone().move_clock(at(10)).is_ok(), "standing still is not going back");
        assert!(matches!(sandbox.move_clock(at(9)), Err(Refusal::Invalid(_))));
    }

    #[test]
    fn a_second_factor_is_asked_for_by_who_has_shown_one() {
        use SecondFactorPolicy::{Optional, Required};
        let now = Timestamp::from_millis(7);
        let policy = |second_factor| CoalitionUpdate { second_factor: Some(second_factor), ..CoalitionUpdate::default() };
        let before = coalition(Clock::Live).unwrap();
        assert_eq!(before.second_factor, Optional);
        assert!(matches!(before.clone().update(policy(Required), None, now), Err(Refusal::NotReady { .. })));
        let change = before.clone().update(policy(Required), Some(now), now).unwrap();
        assert_eq!((change.value.second_factor, &change.happened[0].data["second_factor"]), (Required, &"required".into()));
        for update in [policy(Optional), policy(Required), CoalitionUpdate::default()] {
            assert!(change.value.clone().update(update, None, now).is_ok(), "nobody is locked out by that");
        }
        let other = before.update(CoalitionUpdate::default(), None, now).unwrap();
        assert_eq!((other.value.second_factor, other.happened[0].data.len()), (Optional, 0));
    }

    #[test]
    fn a_live_coalition_has_no_clock_to_move() {
        let live = coalition(Clock::Live).unwrap();
        assert_eq!(live.clock.read(Timestamp::from_millis(7)), Timestamp::from_millis(7));
        assert!(matches!(live.retire(), Err(Refusal::Forbidden(_))));
        assert!(matches!(live.move_clock(Timestamp::from_millis(8)), Err(Refusal::Forbidden(_))));
    }
}
