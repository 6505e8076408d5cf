use super::*;
use crate::access::{Actor, Grant};
use crate::ids::{Id, MilestoneId, PersonId};
use crate::journal::Change;
use crate::refusal::{FaultCode, Refusal};
use crate::text::Name;
use crate::timeline::{Milestone, MilestoneKind, Phase, Timeline, When};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn wish() -> ProgramCreate {
    ProgramCreate {
        slug: Slug::new("cop-2019-20").unwrap(),
        name: Title::new("Communities of Practice 2019-20").unwrap(),
        description: None,
        school_year: SchoolYear::new("2019-20").unwrap(),
        time_zone: "America/New_York".parse().unwrap(),
        delivery: Delivery::CallForProposals,
        enrollment_mode: EnrollmentMode::FirstCome,
        capacity: Capacity::default(),
        terms: Terms::default(),
        joining: JoiningTerms::default(),
    }
}

fn made(wish: ProgramCreate) -> Result<Change<Program>, Refusal> {
    Program::create(ProgramId::from_uuid(uuid::Uuid::from_u128(1)), wish, at("2019-08-01T12:00:00Z"))
}

fn draft() -> Program {
    made(wish()).unwrap().value
}

fn milestones() -> Vec<Milestone> {
    let days = [
        (MilestoneKind::ProposalsOpen, "2019-09-12"),
        (MilestoneKind::ProposalsDue, "2019-10-03"),
        (MilestoneKind::OfferingsFinal, "2019-10-10"),
        (MilestoneKind::SignupOpens, "2019-10-17"),
        (MilestoneKind::Kickoff, "2019-12-09"),
        (MilestoneKind::Closeout, "2020-06-15"),
    ];
    let milestone = |(number, (kind, date)): (u128, (MilestoneKind, &str))| Milestone {
        id: MilestoneId::from_uuid(uuid::Uuid::from_u128(number)),
        kind,
        label: Name::new(kind.default_label()).unwrap(),
        when: When::On(date.parse().unwrap()),
    };
    (0..).zip(days).map(milestone).collect()
}

fn timeline() -> Timeline {
    Timeline::plan(&draft().calendar(), milestones()).unwrap()
}

fn published() -> Program {
    draft().publish(&timeline(), at("2019-09-01T12:00:00Z")).unwrap().value
}

fn finalized() -> Program {
    published().finalize_offerings(&timeline(), at("2019-10-09T12:00:00Z")).unwrap().value
}

fn reason() -> Reason {
    Reason::new("Too few proposals came in").unwrap()
}

fn told(refusal: &Refusal) -> Vec<(&str, FaultCode)> {
    let Refusal::Invalid(faults) = refusal else { panic!("not invalid: {refusal}") };
    faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
}

#[test]
fn the_machine_of_programs() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn every_decision_in_every_state_leads_where_the_table_says_or_is_refused() {
    let now = at("2019-10-11T12:00:00Z");
    let closed = finalized().close(now).unwrap().value;
    let cancelled = published().cancel(&reason(), now).unwrap().value;
    for program in [draft(), published(), finalized(), closed, cancelled] {
        let outcomes = [
            (Action::PublishProgram, program.clone().publish(&timeline(), now)),
            (Action::FinalizeOfferings, program.clone().finalize_offerings(&timeline(), now)),
            (Action::CloseProgram, program.clone().close(now)),
            (Action::CancelProgram, program.clone().cancel(&reason(), now)),
            (Action::UpdateProgram, program.clone().update(ProgramUpdate::default(), now)),
        ];
        for (action, outcome) in outcomes {
            match outcome {
                Ok(change) => assert!(MACHINE.leads(program.state(), action, change.value.state()), "{}", action.name()),
                Err(refusal) => assert_eq!(Err(refusal), MACHINE.check(program.state(), action), "{}", action.name()),
            }
        }
    }
}

#[test]
fn each_decision_is_kept_with_its_instant_and_told() {
    let types = |change: &Change<Program>| change.happened.iter().map(crate::journal::Happening::entry_type).collect::<Vec<_>>();
    let published = draft().publish(&timeline(), at("2019-09-01T12:00:00Z")).unwrap();
    assert_eq!(types(&published), ["program.published"]);
    assert_eq!(published.value.decisions.published_at, Some(at("2019-09-01T12:00:00Z")));
    assert_eq!(published.value.meta.updated_at, at("2019-09-01T12:00:00Z"));
    let cancelled = published.value.cancel(&reason(), at("2019-10-04T12:00:00Z")).unwrap();
    assert_eq!(types(&cancelled), ["program.cancelled"]);
    assert_eq!(cancelled.happened[0].reason, Some(reason()));
    assert_eq!(cancelled.value.decisions.cancelled, Some((at("2019-10-04T12:00:00Z"), reason())));
    let closed = finalized().close(at("2020-05-01T12:00:00Z")).unwrap();
    assert_eq!(types(&closed), ["program.closed"]);
    assert_eq!(closed.value.decisions.closed_at, Some(at("2020-05-01T12:00:00Z")));
    assert_eq!(closed.value.decisions.finalized_at, Some(at("2019-10-09T12:00:00Z")));
}

#[test]
fn a_program_is_published_with_a_complete_timeline_and_not_without() {
    let empty = Timeline::resolve(&draft().calendar(), Vec::new()).unwrap();
    assert!(matches!(draft().publish(&empty, at("2019-09-01T12:00:00Z")), Err(Refusal::TimelineOutOfOrder { .. })));
}

#[test]
fn numbers_out_of_bounds_are_all_told() {
    let terms = Terms { hold_days: 0, offer_days: 91, grace_minutes: 2_881, anywhere_on_earth: false, one_cohort: false };
    let refusal = made(ProgramCreate { capacity: Capacity { min: 0, max: 501 }, terms, ..wish() }).unwrap_err();
    let expected = ["#/capacity/min", "#/capacity/max", "#/terms/hold_days", "#/terms/offer_days", "#/terms/grace_minutes"];
    assert_eq!(told(&refusal), expected.map(|pointer| (pointer, FaultCode::OutOfRange)));
    let refusal = made(ProgramCreate { capacity: Capacity { min: 21, max: 20 }, ..wish() }).unwrap_err();
    assert_eq!(told(&refusal), [("#/capacity/min", FaultCode::OutOfRange)]);
    assert!(made(ProgramCreate { capacity: Capacity { min: 20, max: 20 }, ..wish() }).is_ok());
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let now = at("2019-08-02T12:00:00Z");
    let update = ProgramUpdate {
        name: Some(Title::new("Communities").unwrap()),
        description: Some(Some(Summary::new("A year together").unwrap())),
        capacity: CapacityUpdate { max: Some(15), ..CapacityUpdate::default() },
        terms: TermsUpdate { offer_days: Some(5), ..TermsUpdate::default() },
        ..ProgramUpdate::default()
    };
    let change = draft().update(update, now).unwrap();
    let changed = serde_json::json!(["name", "description", "capacity", "terms"]);
    assert_eq!(change.happened[0].data["changed"], changed);
    let updated = change.value;
    let expected = Program {
        name: Title::new("Communities").unwrap(),
        description: Some(Summary::new("A year together").unwrap()),
        capacity: Capacity { min: 10, max: 15 },
        terms: Terms { offer_days: 5, ..Terms::default() },
        meta: draft().meta.changed(now),
        ..draft()
    };
    assert_eq!(updated, expected);
    let cleared = updated.update(ProgramUpdate { description: Some(None), ..ProgramUpdate::default() }, now).unwrap().value;
    assert_eq!(cleared.description, None);
}

#[test]
fn what_the_year_follows_from_is_settled_when_a_program_is_published() {
    let update = ProgramUpdate {
        slug: Slug::new("another").ok(),
        time_zone: Some(Zone::UTC),
        delivery: Some(Delivery::StaffLed),
        enrollment_mode: Some(EnrollmentMode::RollingReview),
        terms: TermsUpdate { anywhere_on_earth: Some(true), hold_days: Some(3), ..TermsUpdate::default() },
        ..ProgramUpdate::default()
    };
    let now = at("2019-09-02T12:00:00Z");
    assert!(draft().update(update.clone(), now).is_ok());
    let refusal = published().update(update, now).unwrap_err();
    let expected = ["#/slug", "#/time_zone", "#/delivery", "#/enrollment_mode", "#/terms/anywhere_on_earth"];
    assert_eq!(told(&refusal), expected.map(|pointer| (pointer, FaultCode::Frozen)));
    let same = ProgramUpdate { slug: Some(published().slug), time_zone: Some(published().time_zone), ..ProgramUpdate::default() };
    assert!(published().update(same, now).is_ok(), "to say again what stands changes nothing");
}

#[test]
fn offerings_are_finalized_after_the_call_and_before_the_year_is_over() {
    let generous = TermsUpdate { grace_minutes: Some(60), ..TermsUpdate::default() };
    let program =
        draft().update(ProgramUpdate { terms: generous, ..ProgramUpdate::default() }, at("2019-08-02T12:00:00Z")).unwrap().value;
    let timeline = Timeline::plan(&program.calendar(), milestones()).unwrap();
    let program = program.publish(&timeline, at("2019-09-01T12:00:00Z")).unwrap().value;
    let finalize = |instant| program.clone().finalize_offerings(&timeline, at(instant));
    let Err(Refusal::WindowClosed { opens_at, .. }) = finalize("2019-10-04T04:59:59.999Z") else { panic!("within the grace") };
    assert_eq!(opens_at, Some(at("2019-10-04T05:00:00Z")));
    assert!(finalize("2019-10-04T05:00:00Z").is_ok());
    assert!(finalize("2019-12-01T00:00:00Z").is_ok(), "late, but not too late");
    assert!(matches!(finalize("2020-06-16T04:00:00Z"), Err(Refusal::WindowClosed { closed_at: Some(_), .. })));
}

#[test]
fn a_staff_led_program_has_no_offerings_to_finalize() {
    let program = made(ProgramCreate { delivery: Delivery::StaffLed, ..wish() }).unwrap().value;
    let timeline = Timeline::plan(&program.calendar(), milestones()).unwrap();
    let program = program.publish(&timeline, at("2019-09-01T12:00:00Z")).unwrap().value;
    let refusal = program.finalize_offerings(&timeline, at("2019-10-09T12:00:00Z")).unwrap_err();
    let Refusal::InvalidTransition { from_here, .. } = refusal else { panic!("{refusal}") };
    assert!(!from_here.contains(&Action::FinalizeOfferings));
}

#[test]
fn staff_are_told_what_they_can_do_and_others_nothing() {
    let staff = Actor::Person { id: PersonId::from_uuid(uuid::Uuid::nil()), grants: [Grant::Staff].into() };
    let person = Actor::Person { id: PersonId::from_uuid(uuid::Uuid::nil()), grants: [].into() };
    let allowed = |program: &Program, phase| program.allowed_actions(&staff, phase);
    assert_eq!(allowed(&draft(), Phase::Draft), ["update", "publish", "cancel"]);
    assert_eq!(allowed(&published(), Phase::AcceptingProposals), ["update", "close", "cancel"]);
    assert_eq!(allowed(&published(), Phase::ReviewingProposals), ["update", "finalize_offerings", "close", "cancel"]);
    assert_eq!(allowed(&finalized(), Phase::OfferingsFinal), ["update", "close", "cancel"]);
    assert!(published().allowed_actions(&person, Phase::ReviewingProposals).is_empty());
}

mod timelines {
    use super::*;

    fn moved(index: usize, date: &str) -> Vec<Milestone> {
        let mut milestones = milestones();
        milestones[index].when = When::On(date.parse().unwrap());
        milestones
    }

    fn replace(
        milestones: Vec<Milestone>,
        reason: Option<&Reason>,
        now: &str,
    ) -> Result<Option<Change<(Program, Timeline)>>, Refusal> {
        published().replace_timeline(&timeline(), milestones, reason, at(now))
    }

    #[test]
    fn a_date_to_come_is_moved_freely_and_each_move_is_told() {
        let change = replace(moved(3, "2019-10-21"), None, "2019-10-12T12:00:00Z").unwrap().unwrap();
        let (program, new) = change.value;
        assert_eq!(program.meta.updated_at, at("2019-10-12T12:00:00Z"));
        assert_eq!(new.first(MilestoneKind::SignupOpens).unwrap().starts_at, at("2019-10-21T04:00:00Z"));
        assert_eq!(
            change.happened.iter().map(crate::journal::Happening::entry_type).collect::<Vec<_>>(),
            ["program.milestone_moved"]
        );
    }

    #[test]
    fn a_date_that_is_past_is_moved_or_removed_only_with_a_reason() {
        let reason = Reason::new("A storm closed the schools").unwrap();
        let mut without_opening = milestones();
        without_opening.push(Milestone {
            id: MilestoneId::from_uuid(uuid::Uuid::from_u128(9)),
            kind: MilestoneKind::DecisionsAnnounced,
            ..without_opening[2].clone()
        });
        let with_announcement =
            published().replace_timeline(&timeline(), without_opening, None, at("2019-09-02T12:00:00Z")).unwrap().unwrap().value.1;
        let now = "2019-10-12T12:00:00Z";
        let removed = published().replace_timeline(&with_announcement, milestones(), None, at(now));
        assert!(matches!(removed, Err(Refusal::ReasonRequired(_))), "{removed:?}");
        assert!(published().replace_timeline(&with_announcement, milestones(), Some(&reason), at(now)).is_ok());

        assert!(matches!(replace(moved(1, "2019-10-08"), None, now), Err(Refusal::ReasonRequired(_))));
        let change = replace(moved(1, "2019-10-08"), Some(&reason), now).unwrap().unwrap();
        assert_eq!(change.happened[0].reason, Some(reason));
        assert!(replace(moved(1, "2019-10-08"), None, "2019-10-03T12:00:00Z").is_ok(), "its day is not over");
    }

    #[test]
    fn the_same_timeline_again_changes_nothing() {
        assert_eq!(replace(milestones(), None, "2019-12-12T12:00:00Z"), Ok(None));
    }

    #[test]
    fn a_milestone_keeps_its_kind() {
        let mut milestones = milestones();
        milestones[0].kind = MilestoneKind::Call;
        let refusal = replace(milestones, None, "2019-09-02T12:00:00Z").unwrap_err();
        assert_eq!(told(&refusal), [("#/milestones/0/kind", FaultCode::Frozen)]);
    }

    #[test]
    fn what_is_out_of_order_or_over_is_refused() {
        assert!(matches!(replace(moved(3, "2019-12-24"), None, "2019-10-01T00:00:00Z"), Err(Refusal::TimelineOutOfOrder { .. })));
        let cancelled = published().cancel(&reason(), at("2019-10-04T12:00:00Z")).unwrap().value;
        let replaced = cancelled.replace_timeline(&timeline(), moved(3, "2019-10-21"), None, at("2019-10-05T12:00:00Z"));
        assert!(matches!(replaced, Err(Refusal::InvalidTransition { .. })));
    }
}

#[test]
fn a_draft_is_there_for_staff_alone() {
    let staff = Actor::Person { id: PersonId::from_uuid(uuid::Uuid::nil()), grants: [Grant::Staff].into() };
    let person = Actor::Person { id: PersonId::from_uuid(uuid::Uuid::nil()), grants: [].into() };
    assert_eq!(draft().require(&staff, Action::UpdateProgram), Ok(()));
    assert!(matches!(draft().require(&person, Action::GetProgram), Err(Refusal::Hidden(_))));
    assert!(matches!(draft().require(&person, Action::UpdateProgram), Err(Refusal::Hidden(_))));
    assert_eq!(published().require(&person, Action::GetProgram), Ok(()));
    assert!(matches!(published().require(&person, Action::UpdateProgram), Err(Refusal::Forbidden(_))));
    let called_off = draft().cancel(&reason(), at("2019-09-01T12:00:00Z")).unwrap().value;
    assert!(!called_off.visible_to(&person), "nobody had heard of it");
}
