//! Days of 23, 25 and fewer hours; the end of a day anywhere on Earth; relative days.

use super::*;

/// A staff-led year around one kick-off.
fn around(time_zone: &str, opens: &str, kickoff: &str, closeout: &str) -> Timeline {
    let milestones = on_days(&[(SignupOpens, opens), (Kickoff, kickoff), (Closeout, closeout)]);
    Timeline::plan(&calendar(time_zone, Delivery::StaffLed), milestones).unwrap()
}

#[test]
fn a_day_on_which_the_clocks_are_set_forward_has_twenty_three_hours() {
    let timeline = around("America/New_York", "2020-03-01", "2020-03-08", "2020-03-09");
    let kickoff = timeline.first(Kickoff).unwrap();
    assert_eq!(kickoff.starts_at, at("2020-03-08T05:00:00Z"));
    assert_eq!(kickoff.current_until, at("2020-03-09T04:00:00Z"));
}

#[test]
fn a_day_on_which_the_clocks_are_set_back_has_twenty_five_hours() {
    let timeline = around("America/Denver", "2024-11-01", "2024-11-02", "2024-11-03");
    let closeout = timeline.first(Closeout).unwrap();
    assert_eq!(closeout.starts_at, at("2024-11-03T06:00:00Z"));
    assert_eq!(closeout.closes_at, Some(at("2024-11-04T07:00:00Z")));
}

#[test]
fn a_day_whose_midnight_does_not_exist_begins_at_its_first_instant() {
    for (name, date, first_instant) in [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("America/Asuncion", "2023-10-01", "2023-10-01T04:00:00Z"),
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
    ] {
        let before = day(date).plus_days(-1).to_string();
        let timeline = around(name, &before, date, date);
        let kickoff = timeline.first(Kickoff).unwrap();
        assert_eq!(kickoff.starts_at, at(first_instant), "{name}");
        assert_eq!(kickoff.starts_at, zone(name).end_of_day(day(&before)), "{name}: no instant lies between the two days");
        assert_eq!(zone(name).date_of(kickoff.starts_at), day(date), "{name}");
    }
}

#[test]
fn a_day_whose_midnight_comes_twice_begins_with_the_earlier() {
    let timeline = around("America/Havana", "2024-11-01", "2024-11-03", "2024-11-04");
    assert_eq!(timeline.first(Kickoff).unwrap().starts_at, at("2024-11-03T04:00:00Z"));
}

#[test]
fn a_day_that_a_zone_left_out_is_over_when_it_begins() {
    let timeline = around("Pacific/Apia", "2011-12-29", "2011-12-30", "2011-12-31");
    let kickoff = timeline.first(Kickoff).unwrap();
    assert_eq!(kickoff.starts_at, at("2011-12-30T10:00:00Z"), "the first instant of the day after");
    assert_eq!(kickoff.status(kickoff.starts_at), MilestoneStatus::Past);
}

#[test]
fn an_instant_is_never_refused_and_lies_on_the_day_that_the_zone_says() {
    let milestones = vec![
        milestone(0, SignupOpens, When::On(day("2019-10-17"))),
        milestone(1, Kickoff, When::At(at("2020-03-08T07:00:00Z"))),
        milestone(2, Closeout, When::At(at("2020-06-16T03:30:00Z"))),
    ];
    let timeline = Timeline::plan(&calendar("America/New_York", Delivery::StaffLed), milestones).unwrap();
    let kickoff = timeline.first(Kickoff).unwrap();
    assert_eq!((kickoff.on, kickoff.starts_at), (day("2020-03-08"), at("2020-03-08T07:00:00Z")));
    assert_eq!(kickoff.status(at("2020-03-08T05:00:00Z")), MilestoneStatus::Current, "from the beginning of its day");
    let closeout = timeline.first(Closeout).unwrap();
    assert_eq!(closeout.on, day("2020-06-15"));
    assert_eq!(closeout.closes_at, Some(at("2020-06-16T04:00:00Z")), "a close-out ends with its day");
}

#[test]
fn what_is_due_at_an_instant_is_due_then() {
    let mut milestones = dcsc_milestones();
    milestones[1].when = When::At(at("2019-10-03T21:00:00Z"));
    milestones[2].when = When::At(at("2019-10-10T16:00:00Z"));
    let timeline = Timeline::plan(dcsc().calendar(), milestones).unwrap();
    assert_eq!(timeline.first(ProposalsDue).unwrap().closes_at, Some(at("2019-10-03T21:00:00Z")));
    assert_eq!(timeline.first(OfferingsFinal).unwrap().closes_at, Some(at("2019-10-10T16:00:00Z")));
}

#[test]
fn anywhere_on_earth_what_is_due_has_until_the_day_is_over_everywhere_and_nothing_else_has() {
    let mut calendar = calendar("America/New_York", Delivery::CallForProposals);
    calendar.terms.anywhere_on_earth = true;
    let timeline = Timeline::plan(&calendar, dcsc_milestones()).unwrap();
    let due = timeline.first(ProposalsDue).unwrap();
    assert_eq!(due.closes_at, Some(at("2019-10-04T12:00:00Z")));
    assert_eq!(due.status(at("2019-10-04T11:59:59.999Z")), MilestoneStatus::Current, "current as long as it can be met");
    assert_eq!(timeline.first(SignupSoftDeadline).unwrap().closes_at, Some(at("2019-11-15T12:00:00Z")));
    assert_eq!(timeline.first(SignupOpens), dcsc().first(SignupOpens));
    assert_eq!(timeline.first(OfferingsFinal), dcsc().first(OfferingsFinal));
    assert_eq!(timeline.first(Closeout), dcsc().first(Closeout));
}

#[test]
fn relative_days_are_civil_days_whatever_the_clocks_do() {
    let milestones = vec![
        milestone(0, SignupOpens, When::Relative { to: id(1), days: -30 }),
        milestone(1, Kickoff, When::Relative { to: id(2), days: -45 }),
        milestone(2, Closeout, When::At(at("2020-04-10T22:00:00Z"))),
    ];
    let timeline = Timeline::plan(&calendar("America/New_York", Delivery::StaffLed), milestones).unwrap();
    let on = |kind| timeline.first(kind).unwrap().on;
    assert_eq!((on(Kickoff), on(SignupOpens)), (day("2020-02-25"), day("2020-01-26")));
    assert_eq!(timeline.first(Kickoff).unwrap().starts_at, at("2020-02-25T05:00:00Z"), "before the clocks are set forward");
}

#[test]
fn holds_and_offers_end_with_the_nth_civil_day_and_at_the_latest_at_kickoff() {
    let (new_york, kickoff) = (zone("America/New_York"), at("2020-06-01T00:00:00Z"));
    let ends = |from, days| end_of_nth_civil_day(new_york, at(from), days, kickoff);
    assert_eq!(ends("2019-11-20T04:59:59.999Z", 5), at("2019-11-25T05:00:00Z"), "late on the 19th");
    assert_eq!(ends("2019-11-20T05:00:00.000Z", 5), at("2019-11-26T05:00:00Z"), "early on the 20th");
    assert_eq!(ends("2020-03-06T17:00:00Z", 3), at("2020-03-10T04:00:00Z"), "over the night of the 8th, which is an hour short");
    assert_eq!(ends("2020-05-30T17:00:00Z", 5), kickoff);
}
