//! Calendars (RFC 5545), for those who want a year's dates beside their own.

use cohortium_domain::programs::Course;
use cohortium_domain::timeline::{DatedMilestone, When};
use icalendar::{Calendar, Component, Event, EventLike};

/// What kind of body a calendar is.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

const PRODUCT: &str = "-//Cohortium//Cohortium//EN";

/// A program's timeline: a milestone on a day is an event of that day, one at an instant begins then.
#[must_use]
pub fn of_timeline(course: &Course) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0")).append_property(("PRODID", PRODUCT)).append_property(("METHOD", "PUBLISH"));
    calendar.name(course.program.name.as_str());
    calendar.timezone(course.program.time_zone.name());
    calendar.extend(course.timeline.milestones().iter().map(|dated| event(course, dated)));
    calendar.to_string()
}

fn event(course: &Course, dated: &DatedMilestone) -> Event {
    // A client may choose a milestone's id, so that it is unique in its program alone.
    let mut event = Event::with_uid(&format!("{}.{}@cohortium", dated.id(), course.program.id));
    event.timestamp(course.program.meta.updated_at.utc());
    event.summary(dated.milestone.label.as_str());
    event.description(course.program.name.as_str());
    match dated.milestone.when {
        When::At(instant) => event.starts(instant.utc()),
        When::On(_) | When::Relative { .. } => event.all_day(dated.on.naive()),
    };
    event.done()
}
