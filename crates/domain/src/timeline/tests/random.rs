//! What holds for every timeline, in order or not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::text::Reason;
use crate::words::Word;

const ZONES: &[&str] = &["America/New_York", "America/Denver", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Etc/GMT+12"];
const HOUR: i64 = 60 * 60 * 1_000;
/// 2018-01-01, and as many hours after it as anything here happens.
const FIRST: i64 = 1_514_764_800_000;
const HOURS: i64 = 3 * 365 * 24;

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..HOURS).prop_map(|hours| Timestamp::from_millis(FIRST + hours * HOUR))
}

fn when(count: u128) -> impl Strategy<Value = When> {
    prop_oneof![
        4 => (0..1_000_i64).prop_map(|days| When::On(day("2018-01-01").plus_days(days))),
        2 => instant().prop_map(When::At),
        2 => (0..count, -60..60_i32).prop_map(|(to, days)| When::Relative { to: id(to), days }),
    ]
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    (select(ZONES), any::<bool>(), any::<bool>(), 0..600_u16).prop_map(|(zone, call, anywhere_on_earth, grace_minutes)| {
        let delivery = if call { Delivery::CallForProposals } else { Delivery::StaffLed };
        let terms = Terms { grace_minutes, anywhere_on_earth, ..Terms::default() };
        Calendar { terms, ..calendar(zone, delivery) }
    })
}

fn any_milestones() -> impl Strategy<Value = Vec<Milestone>> {
    (1..14_u128).prop_flat_map(|count| {
        let one = (select(MilestoneKind::ALL), when(count));
        let length = usize::try_from(count).unwrap_or_default();
        vec(one, length).prop_map(|list| (0..).zip(list).map(|(number, (kind, when))| milestone(number, kind, when)).collect())
    })
}

/// Any milestones that can be dated, in whatever order: each is set relative to one before it in the list, and of a kind that
/// stands once the second becomes a call.
fn any_timeline() -> impl Strategy<Value = Timeline> {
    (any_calendar(), any_milestones()).prop_map(|(calendar, milestones)| {
        let mut datable: Vec<Milestone> = Vec::new();
        for (number, mut milestone) in (0..).zip(milestones) {
            if datable.iter().any(|other| other.kind == milestone.kind) {
                milestone.kind = Call;
            }
            milestone.when = match milestone.when {
                When::Relative { .. } if number == 0 => When::On(day("2018-06-01")),
                When::Relative { to, days } => When::Relative { to: id(to.uuid().as_u128() % number), days },
                absolute @ (When::On(_) | When::At(_)) => absolute,
            };
            datable.push(milestone);
        }
        Timeline::resolve(&calendar, datable).unwrap()
    })
}

/// A year that can be planned: the kinds in order, so many days apart.
fn planned() -> impl Strategy<Value = Timeline> {
    (any_calendar(), vec((3..90_i64, any::<bool>()), 11)).prop_map(|(calendar, gaps)| {
        let mut on = day("2018-01-01");
        let milestones = (0..).zip(MilestoneKind::ALL.iter().zip(gaps)).map(|(number, (kind, (gap, relative)))| {
            on = on.plus_days(gap);
            let days = i32::try_from(gap).unwrap_or_default();
            let when = if relative && number > 0 { When::Relative { to: id(number - 1), days } } else { When::On(on) };
            milestone(number, *kind, when)
        });
        Timeline::plan(&calendar, milestones.collect()).unwrap()
    })
}

fn any_decisions() -> impl Strategy<Value = Decisions> {
    let maybe = || proptest::option::of(instant());
    let over = || proptest::option::weighted(0.2, instant());
    (maybe(), maybe(), over(), over()).prop_map(|(published_at, finalized_at, closed_at, cancelled_at)| {
        let cancelled = cancelled_at.zip(Reason::new("Called off").ok());
        Decisions { published_at, finalized_at, closed_at, cancelled }
    })
}

fn any_cohorts() -> impl Strategy<Value = Vec<CohortSpan>> {
    let span = (instant(), instant()).prop_map(|(kickoff_at, closes_at)| CohortSpan { kickoff_at, closes_at });
    vec(span, 0..4)
}

fn statuses(timeline: &Timeline, now: Timestamp) -> Vec<MilestoneStatus> {
    timeline.milestones().iter().map(|dated| dated.status(now)).collect()
}

proptest! {
    #[test]
    fn a_phase_never_goes_back(
        timeline in prop_oneof![any_timeline(), planned()],
        decisions in any_decisions(),
        cohorts in any_cohorts(),
        (one, other) in (instant(), instant()),
    ) {
        let (earlier, later) = (one.min(other), one.max(other));
        let at = |now| phase(&timeline, &decisions, &cohorts, now);
        prop_assert!(at(earlier).phase <= at(later).phase);
        let both = statuses(&timeline, earlier).into_iter().zip(statuses(&timeline, later));
        prop_assert!(both.into_iter().all(|(before, after)| before <= after));
        prop_assert_eq!(at(earlier), at(earlier), "it depends on nothing else");
    }

    #[test]
    fn nothing_changes_before_the_next_change_and_something_does_then(
        timeline in prop_oneof![any_timeline(), planned()],
        decisions in any_decisions(),
        cohorts in any_cohorts(),
        now in instant(),
        parts in vec(0..1_000_i64, 8),
    ) {
        let outlook = |instant| (phase(&timeline, &decisions, &cohorts, instant), statuses(&timeline, instant));
        let next = next_change_at(&timeline, &decisions, &cohorts, now);
        let horizon = next.map_or(FIRST + 2 * HOURS * HOUR, |next| next.millis() - 1);
        prop_assert!(horizon >= now.millis());
        for part in parts {
            let between = Timestamp::from_millis(now.millis() + (horizon - now.millis()) * part / 1_000);
            prop_assert_eq!(outlook(between), outlook(now), "at {}", between);
        }
        prop_assert_eq!(outlook(Timestamp::from_millis(horizon)), outlook(now));
        if let Some(next) = next {
            prop_assert_ne!(outlook(next), outlook(now));
        }
    }

    #[test]
    fn the_list_of_phases_agrees_with_the_phase_at_each_instant(
        timeline in prop_oneof![any_timeline(), planned()],
        decisions in any_decisions(),
        cohorts in any_cohorts(),
        now in instant(),
    ) {
        let spans = phases(&timeline, &decisions, &cohorts);
        let covers = |span: &&PhaseSpan| span.starts_at.is_none_or(|start| start <= now) && span.ends_at.is_none_or(|end| now < end);
        let here: Vec<_> = spans.iter().filter(covers).map(|span| span.phase).collect();
        prop_assert_eq!(here, vec![phase(&timeline, &decisions, &cohorts, now).phase]);
        for pair in spans.windows(2) {
            prop_assert_eq!(pair[0].ends_at, pair[1].starts_at);
            prop_assert!(pair[0].phase < pair[1].phase);
        }
    }

    #[test]
    fn any_list_is_planned_or_refused_with_faults_in_its_own_members(calendar in any_calendar(), milestones in any_milestones()) {
        let count = milestones.len();
        match Timeline::plan(&calendar, milestones) {
            Ok(timeline) => prop_assert_eq!(timeline.check(), Ok(())),
            Err(Refusal::Invalid(faults) | Refusal::TimelineOutOfOrder { faults }) => {
                prop_assert!(!faults.is_empty());
                for fault in faults {
                    let index = fault.pointer.split('/').nth(2).map(str::parse::<usize>);
                    prop_assert!(index.is_none_or(|index| index.is_ok_and(|index| index < count)), "{}", fault.pointer);
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_cohort_that_sets_nothing_changes_nothing(timeline in planned()) {
        let cohort = timeline.for_cohort(&CohortDates::default());
        let of_program: Vec<_> = timeline.milestones().iter().filter(|dated| dated.kind().of_cohort()).cloned().collect();
        prop_assert_eq!(cohort.milestones(), of_program);
    }

    #[test]
    fn the_whole_year_is_gone_through_when_everything_is_decided_on_time(timeline in planned()) {
        let before = Timestamp::from_millis(FIRST - HOUR);
        let years = preview(&timeline, &timeline, &Decisions::default(), &[], before);
        let phases: Vec<_> = years.phases.iter().map(|span| span.phase).collect();
        let call = timeline.calendar().delivery == Delivery::CallForProposals;
        let of_a_call = [Phase::AcceptingProposals, Phase::ReviewingProposals, Phase::OfferingsFinal];
        let expected: Vec<_> =
            Phase::ALL.iter().copied().filter(|phase| *phase != Phase::Cancelled && (call || !of_a_call.contains(phase))).collect();
        prop_assert_eq!(phases, expected);
        prop_assert!(years.changes.is_empty() && !years.reason_required);
    }
}
