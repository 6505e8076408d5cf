//! What differs between two timelines, and what would come of it.

use super::*;

fn draft(kind: MilestoneKind, text: &str) -> MilestoneDraft {
    MilestoneDraft { id: None, kind, label: Name::new(kind.default_label()).unwrap(), when: When::On(day(text)) }
}

fn replanned(edit: impl FnOnce(&mut Vec<Milestone>)) -> Timeline {
    let mut milestones = dcsc_milestones();
    edit(&mut milestones);
    Timeline::plan(dcsc().calendar(), milestones).unwrap()
}

#[test]
fn each_milestone_that_differs_is_one_change() {
    let new = replanned(|milestones| {
        milestones[5].when = When::On(day("2019-12-10"));
        milestones[6].label = Name::new("Day in Washington").unwrap();
        milestones.remove(7);
        milestones.push(milestone(70, Call, When::On(day("2020-06-01"))));
    });
    let program = crate::ids::ProgramId::from_uuid(uuid::Uuid::nil());
    let told: Vec<_> = changes(&dcsc(), &new)
        .iter()
        .map(|change| {
            let happening = change.happening(program, None);
            format!("{} {}", happening.entry_type(), serde_json::to_string(&happening.data).unwrap())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert_eq!(changes(&dcsc(), &dcsc()), []);
}

#[test]
fn what_hangs_on_a_moved_milestone_moves_too() {
    let relative = |kickoff: &str| {
        replanned(|milestones| {
            milestones[5].when = When::On(day(kickoff));
            milestones[6].when = When::Relative { to: id(5), days: 52 };
        })
    };
    let kinds: Vec<_> =
        changes(&relative("2019-12-09"), &relative("2019-12-10")).iter().map(|one| one.milestone().kind()).collect();
    assert_eq!(kinds, [Kickoff, InPersonTraining]);
}

#[test]
fn to_say_the_same_day_in_another_way_is_a_change_that_rewrites_nothing() {
    let new = replanned(|milestones| milestones[5].when = When::Relative { to: id(4), days: 25 });
    let preview = preview(&dcsc(), &new, &published("2019-09-01T00:00:00Z"), &[], at("2020-12-01T00:00:00Z"));
    assert!(matches!(preview.changes[..], [MilestoneChange::Moved { .. }]));
    assert!(!preview.reason_required);
}

#[test]
fn a_preview_gives_the_phases_as_if_everything_were_decided_on_time() {
    let new = replanned(|milestones| milestones[3].when = When::On(day("2019-10-21")));
    let preview = preview(&dcsc(), &new, &Decisions::default(), &[], at("2019-09-01T12:00:00Z"));
    insta::assert_snapshot!(table(&preview.phases));
    assert_eq!(preview.changes.len(), 1);
    let late = super::super::preview(&dcsc(), &new, &published("2019-09-01T00:00:00Z"), &[], at("2019-11-01T00:00:00Z"));
    let signup = late.phases.iter().find(|span| span.phase == Phase::SignupOpen).unwrap();
    assert_eq!(signup.starts_at, Some(at("2019-11-01T00:00:00Z")), "what is late could be decided now at the earliest");
    assert!(late.reason_required, "sign-up had opened");
}

#[test]
fn a_milestone_without_an_id_replaces_the_one_of_its_kind() {
    let old = dcsc();
    let mut next = 200;
    let mut fresh = || {
        next += 1;
        id(next)
    };
    let drafts = vec![
        draft(Kickoff, "2019-12-10"),
        draft(Call, "2020-03-16"),
        draft(Call, "2020-02-15"),
        MilestoneDraft { id: Some(id(9)), ..draft(Call, "2020-04-16") },
        MilestoneDraft { id: Some(id(150)), ..draft(Call, "2020-04-17") },
        draft(Call, "2020-05-20"),
        draft(Call, "2020-05-21"),
        draft(ConfirmationsDue, "2019-10-08"),
    ];
    let ids: Vec<_> = assign_ids(&old, drafts, &mut fresh).into_iter().map(|milestone| milestone.id).collect();
    let same_time_first = [id(5), id(8), id(7), id(9), id(150), id(10)];
    assert_eq!(ids[..6], same_time_first);
    assert_eq!(ids[6..], [id(201), id(202)], "what is left is new");
}
