//! Seats: how many are held, who may have the next one, and what time does to them.
//!
//! What always holds: no more seats are held than the cohort's maximum; while anyone waits, no newcomer takes a seat. The database
//! takes a seat by itself where nothing is to be decided (a seat is free, nobody waits, nothing has lapsed); everything else is
//! decided here, by whoever holds the cohort's lock, after it has been [settled](Settling). Left out on purpose: the statement
//! that takes a seat, which is the store's.

use crate::applications::Standing;
use crate::cohorts::Cohort;
use crate::journal::Happening;
use crate::time::{Timestamp, earliest};

mod moving;
mod settling;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

pub use moving::{Moved, Moving};
pub use settling::{PROMOTIONS_AT_ONCE, Settled, Settling, Waiting};

/// How many hold a seat in a cohort, and how many wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Seats held: by who is enrolled, by who was offered one, and by who waits for a verification.
    pub held: u32,
    /// Of these, by who is enrolled, or was until the cohort was completed.
    pub enrolled: u32,
    /// People on the waitlist.
    pub waiting: u32,
    /// No hold and no offer lapses before this.
    pub next_lapse_at: Option<Timestamp>,
    /// The last number drawn for the waitlist.
    pub last_number: u32,
}

/// A place on a waitlist: the smaller comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// 0, unless staff put it first: then less.
    pub priority: i32,
    /// In the order of joining, drawn under the cohort's lock.
    pub number: u32,
}

impl Place {
    /// The same number, with this priority: the greater comes first.
    #[must_use]
    pub fn with_priority(self, priority: u8) -> Self {
        Self { priority: -i32::from(priority), ..self }
    }

    /// Its priority, as it was given.
    #[must_use]
    pub fn given_priority(self) -> u8 {
        u8::try_from(self.priority.unsigned_abs()).unwrap_or(u8::MAX)
    }
}

/// What came of asking for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// One is held.
    Held {
        /// Until when, where it is not for good.
        until: Option<Timestamp>,
    },
    /// None is free, or others wait for it.
    Full {
        /// The place on the waitlist that was drawn instead.
        place: Place,
    },
    /// None was asked for: where applications are reviewed, submitting takes no seat.
    Unasked,
}

/// A seat that was free when it was asked for under the cohort's lock: whoever is given it takes it.
///
/// It carries the entries that giving it away asks for: one for each person who waits, cannot have it, and is passed over.
#[derive(Debug)]
pub struct FreeSeat {
    pub(crate) passing_over: Vec<Happening>,
}

impl Seats {
    /// Seats that a newcomer could have: none while anyone waits.
    #[must_use]
    pub fn left(&self, max: u32) -> u32 {
        if self.waiting > 0 { 0 } else { max.saturating_sub(self.held) }
    }

    /// The same as they are at an instant, whether or not what has lapsed by then has been settled.
    ///
    /// `lapsed` counts the holds and offers that ran out, and `next_lapse_at` is when the next one will; once sign-up has closed,
    /// only those who are enrolled are left.
    #[must_use]
    pub fn as_of(self, closed: bool, lapsed: u32, next_lapse_at: Option<Timestamp>) -> Self {
        if closed {
            Self { held: self.enrolled, waiting: 0, next_lapse_at: None, ..self }
        } else {
            Self { held: self.held.saturating_sub(lapsed), next_lapse_at, ..self }
        }
    }

    /// Counts a move of an application from one standing to another.
    pub fn count(&mut self, before: &Standing, after: &Standing) {
        let change = |count: &mut u32, was: bool, is: bool| {
            *count = count.saturating_add(u32::from(is)).saturating_sub(u32::from(was));
        };
        change(&mut self.held, before.holds_seat(), after.holds_seat());
        change(&mut self.enrolled, before.fills_seat(), after.fills_seat());
        change(&mut self.waiting, before.place().is_some(), after.place().is_some());
        self.next_lapse_at = earliest([self.next_lapse_at, after.lapses_at()]);
    }

    /// Draws the last place of the waitlist.
    pub fn draw_place(&mut self) -> Place {
        self.last_number = self.last_number.saturating_add(1);
        Place { priority: 0, number: self.last_number }
    }
}

impl Cohort {
    /// Asks for a seat for a newcomer, or else draws a place on the waitlist.
    ///
    /// For who holds the cohort's lock and has settled it; the store's statement answers the same where it can.
    pub fn ask_for_seat(&mut self, until: Option<Timestamp>) -> Seat {
        if self.seats.left(self.capacity.max) > 0 { Seat::Held { until } } else { Seat::Full { place: self.seats.draw_place() } }
    }
}
