//! Instants, civil dates and zones.
//!
//! What always holds: an instant has whole milliseconds, so that it is the same in memory, in both databases and in JSON; every
//! interval is half-open; nothing here asks what time it is.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{DateTime, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The earliest year in which anything can be dated.
pub const FIRST_YEAR: i32 = 1970;
/// The latest year in which anything can be dated.
pub const LAST_YEAR: i32 = 2199;

/// An instant, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// Takes an instant, and drops what is finer than a millisecond.
    #[must_use]
    pub fn new(instant: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_millis(instant.timestamp_millis()).unwrap_or(instant))
    }

    /// The instant this many milliseconds after 1970 began, or the nearest there is.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        Self(DateTime::from_timestamp_millis(millis).unwrap_or(if millis < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        }))
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The instant as chrono has it.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The instant this much later, or the last there is.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        self.0.checked_add_signed(duration).map_or(self, Self::new)
    }

    /// The instant so many minutes later, or the last there is.
    #[must_use]
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Duration::try_minutes(minutes).map_or(self, |duration| self.plus(duration))
    }

    /// Whether the year is one in which things can be dated.
    #[must_use]
    pub fn in_range(self) -> bool {
        (FIRST_YEAR..=LAST_YEAR).contains(&chrono::Datelike::year(&self.0))
    }

    /// The form with which instants leave the program: RFC 3339, UTC, three digits.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl FromStr for Timestamp {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant = DateTime::parse_from_rfc3339(text).map_err(|_| NotAnInstant)?;
        Some(Self::new(instant.to_utc())).filter(|instant| instant.in_range()).ok_or(NotAnInstant)
    }
}

/// A text is not an RFC 3339 instant, or lies outside the years that can be dated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not an RFC 3339 instant of the years {FIRST_YEAR} to {LAST_YEAR}, for example 2019-10-17T04:00:00.000Z")]
pub struct NotAnInstant;

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .min_length(Some(20))
            .max_length(Some(40))
            .description(Some("An instant (RFC 3339). Answers are in UTC, with three digits."))
            .into()
    }
}

impl ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timestamp")
    }
}

/// A civil date, without zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "NaiveDate", into = "NaiveDate")]
pub struct Date(NaiveDate);

impl Date {
    /// The date of these numbers, when there is one in the years that can be dated.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).and_then(|date| Self::try_from(date).ok())
    }

    /// The date as chrono has it.
    #[must_use]
    pub fn naive(self) -> NaiveDate {
        self.0
    }

    /// The date this many days later (or earlier, when negative), or the nearest there is.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        let count = Days::new(days.unsigned_abs());
        let moved = if days < 0 { self.0.checked_sub_days(count) } else { self.0.checked_add_days(count) };
        Self(moved.unwrap_or(self.0))
    }
}

impl TryFrom<NaiveDate> for Date {
    type Error = DateOutOfRange;

    fn try_from(date: NaiveDate) -> Result<Self, Self::Error> {
        if (FIRST_YEAR..=LAST_YEAR).contains(&chrono::Datelike::year(&date)) { Ok(Self(date)) } else { Err(DateOutOfRange) }
    }
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

impl FromStr for Date {
    type Err = DateOutOfRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        NaiveDate::from_str(text).map_err(|_| DateOutOfRange)?.try_into()
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialSchema for Date {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .min_length(Some(10))
            .max_length(Some(10))
            .description(Some("A civil date, as `YYYY-MM-DD`, in the program's time zone."))
            .into()
    }
}

impl ToSchema for Date {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Date")
    }
}

/// A date lies outside the years that can be dated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not a date of the years {FIRST_YEAR} to {LAST_YEAR}, as YYYY-MM-DD")]
pub struct DateOutOfRange;

/// A time of the day, as a clock on the wall shows it, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(NaiveTime);

impl WallTime {
    /// The time of these numbers, when there is one.
    #[must_use]
    pub const fn new(hour: u32, minute: u32) -> Option<Self> {
        match NaiveTime::from_hms_opt(hour, minute, 0) {
            Some(time) => Some(Self(time)),
            None => None,
        }
    }
}

impl FromStr for WallTime {
    type Err = NotAWallTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 5 {
            NaiveTime::parse_from_str(text, "%H:%M").map(Self).map_err(|_| NotAWallTime)
        } else {
            Err(NotAWallTime)
        }
    }
}

/// A text is not a time of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Not a time of the day, as HH:MM from 00:00 to 23:59")]
pub struct NotAWallTime;

impl std::fmt::Display for WallTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.format("%H:%M").fmt(f)
    }
}

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for WallTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .min_length(Some(5))
            .max_length(Some(5))
            .description(Some("A time of the day on the wall of the meeting's time zone, as `HH:MM`."))
            .into()
    }
}

impl ToSchema for WallTime {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WallTime")
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// A wall time was skipped when the clocks were set forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The clocks are set forward at this time: it does not exist in this zone. Choose a time before or after")]
pub struct InsideGap;

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The first instant of a civil day (a day whose midnight does not exist begins at its first instant).
    #[must_use]
    pub fn start_of_day(self, date: Date) -> Timestamp {
        self.first_instant_from(date.0.and_time(NaiveTime::MIN))
    }

    /// The instant at which a civil day is over: the first of the next.
    #[must_use]
    pub fn end_of_day(self, date: Date) -> Timestamp {
        self.start_of_day(date.plus_days(1))
    }

    /// The instant of a wall time; of two, where the clocks were set back, the earlier.
    ///
    /// # Errors
    /// A wall time that was skipped when the clocks were set forward.
    pub fn at(self, date: Date, time: WallTime) -> Result<Timestamp, InsideGap> {
        match self.0.from_local_datetime(&date.0.and_time(time.0)) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Ok(Timestamp::new(instant.to_utc())),
            LocalResult::None => Err(InsideGap),
        }
    }

    /// The civil date on which an instant falls here.
    #[must_use]
    pub fn date_of(self, instant: Timestamp) -> Date {
        Date(instant.0.with_timezone(&self.0).date_naive())
    }

    /// What a clock on the wall shows here at an instant, to the minute.
    #[must_use]
    pub fn wall_time_of(self, instant: Timestamp) -> WallTime {
        let local = instant.0.with_timezone(&self.0).time();
        WallTime(local.with_second(0).and_then(|time| time.with_nanosecond(0)).unwrap_or(local))
    }

    /// The name in the IANA database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    fn first_instant_from(self, midnight: NaiveDateTime) -> Timestamp {
        // No gap in the database is longer than a day, and all begin and end on a quarter of an hour, or on a minute long ago.
        let mut local = midnight;
        for _ in 0..=MINUTES_A_DAY {
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => return Timestamp::new(instant.to_utc()),
                LocalResult::None => local += Duration::minutes(1),
            }
        }
        Timestamp::new(midnight.and_utc())
    }
}

const MINUTES_A_DAY: u32 = 24 * 60;

/// The instant at which a civil day is over everywhere on Earth: twelve hours after it is over in UTC.
#[must_use]
pub fn end_of_day_anywhere_on_earth(date: Date) -> Timestamp {
    Zone::UTC.end_of_day(date).plus(Duration::hours(12))
}

impl FromStr for Zone {
    type Err = NoSuchZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Tz::from_str(text).map(Self).map_err(|_| NoSuchZone)
    }
}

/// A text names no zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("No such time zone in the IANA database; one looks like America/New_York")]
pub struct NoSuchZone;

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Zone {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("iana-time-zone".to_owned())))
            .min_length(Some(1))
            .max_length(Some(64))
            .pattern(Some("^[A-Za-z0-9_+/-]+$"))
            .description(Some("A time zone of the IANA database, for example America/New_York."))
            .examples([serde_json::json!("America/New_York")])
            .into()
    }
}

impl ToSchema for Zone {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("TimeZone")
    }
}

/// The nearest of instants of which each may be missing.
#[must_use]
pub fn earliest(instants: impl IntoIterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    instants.into_iter().flatten().min()
}
