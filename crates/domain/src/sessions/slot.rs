//! When a session is: a day and a time on the wall of a zone, and the instants that follow.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::{Date, Timestamp, WallTime, Zone};

/// The shortest a session can be, in minutes.
pub const SHORTEST_MINUTES: u16 = 5;
/// The longest a session can be, in minutes.
pub const LONGEST_MINUTES: u16 = 24 * 60;

const _: () = assert!(SHORTEST_MINUTES == 5 && LONGEST_MINUTES == 1440, "the bounds below are these");

/// When a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SessionSlot)]
pub struct Slot {
    /// On which day.
    pub on: Date,
    /// At what time of the day.
    pub wall_time: WallTime,
    /// In which zone.
    pub time_zone: Zone,
    /// For how long.
    #[schema(minimum = 5, maximum = 1440)]
    pub duration_minutes: u16,
    /// The instant of that day and time in that zone.
    pub starts_at: Timestamp,
}

impl Slot {
    /// The slot at this day and time.
    ///
    /// # Errors
    /// The clocks skip this time on that day, or no session is so long: each with a pointer to the member at fault.
    pub fn new(on: Date, wall_time: WallTime, time_zone: Zone, duration_minutes: u16) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        if !(SHORTEST_MINUTES..=LONGEST_MINUTES).contains(&duration_minutes) {
            let detail = format!("From {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes");
            let fault = Fault::new("#/duration_minutes", FaultCode::OutOfRange, detail);
            faults.push(fault.with("min", SHORTEST_MINUTES).with("max", LONGEST_MINUTES));
        }
        match time_zone.at(on, wall_time) {
            Ok(starts_at) => {
                faults.check()?;
                Ok(Self { on, wall_time, time_zone, duration_minutes, starts_at })
            }
            Err(gap) => {
                faults.push(Fault::new("#/wall_time", FaultCode::InvalidValue, gap.to_string()).with("on", on.to_string()));
                Err(Refusal::Invalid(faults.into_vec()))
            }
        }
    }

    /// When it is over.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.starts_at.plus(Duration::minutes(self.duration_minutes.into()))
    }
}
