use super::*;
use crate::access::{ClientScope, Grant};
use crate::applications::fixtures::{application, at, id, open_cohort};
use crate::applications::{Answers, Standing};
use serde_json::json;

/// The owner of all files here.
const OWNER: u128 = 7;
/// A file is looked at again after so many hours.
const THIRTY_DAYS: i64 = 30 * 24;

fn content(bytes: usize) -> Content {
    Content { name: Name::clipped("cv.pdf"), media_type: FileType::Pdf, bytes: vec![b'x'; bytes] }
}

/// Uploaded at hour 100.
fn file(number: u128) -> File {
    File::upload(id(number), &content(10), id(OWNER), Held::default(), at(100)).unwrap().value
}

/// One of the owner's that names these files.
fn naming(numbers: &[u128], standing: Standing) -> Application {
    let named: Vec<FileId> = numbers.iter().copied().map(id).collect();
    let values = [("papers".to_owned(), json!(named))].into_iter().collect();
    let draft = standing == Standing::Draft;
    let submitted_at = (!draft).then(|| at(101));
    Application { answers: Answers { form_version: 1, values }, submitted_at, ..application(OWNER, standing) }
}

fn draft(numbers: &[u128]) -> FileUses {
    FileUses::of(&[naming(numbers, Standing::Draft)])
}

fn sent(numbers: &[u128]) -> FileUses {
    FileUses::of(&[naming(numbers, Standing::Submitted { hold_until: None }), naming(&[], Standing::Draft)])
}

fn somebody(number: u128, grants: &[Grant]) -> Actor {
    Actor::Person { id: id(number), grants: grants.iter().copied().collect() }
}

#[test]
fn a_file_is_uploaded_with_what_is_known_of_it_and_nothing_personal_in_the_journal() {
    let made = File::upload(id(1), &content(10), id(OWNER), Held::default(), at(100)).unwrap();
    assert_eq!((made.value.size, made.value.kept_until), (10, at(100 + THIRTY_DAYS)));
    assert_eq!(made.value.sha256, content(10).sha256());
    assert_eq!(made.happened[0].entry_type(), "file.uploaded");
    assert!(!serde_json::to_string(&made.happened[0].data).unwrap().contains("cv.pdf"));
}

#[test]
fn nobody_uploads_without_end() {
    let room = |unnamed: u64, bytes: u64| Held { unnamed, bytes }.make_room(10).is_ok();
    assert!(room(UNNAMED_MAX - 1, 0) && !room(UNNAMED_MAX, 0));
    assert!(room(0, BYTES_OF_PERSON_MAX - 10) && !room(0, BYTES_OF_PERSON_MAX - 9));
    let many = Held { unnamed: UNNAMED_MAX, bytes: 0 };
    assert!(matches!(File::upload(id(1), &content(1), id(OWNER), many, at(100)), Err(Refusal::Invalid(_))));
}

#[test]
fn what_is_held_is_what_is_there_and_only_what_nothing_names_counts_one_by_one() {
    let files = [file(1), file(2), file(3)];
    assert_eq!(Held::of(&files, &draft(&[1]), at(101)), Held { unnamed: 2, bytes: 30 });
    assert_eq!(Held::of(&files, &sent(&[1, 2, 3]), at(101)), Held { unnamed: 0, bytes: 30 });
    assert_eq!(Held::of(&files, &draft(&[1]), at(100 + THIRTY_DAYS)), Held { unnamed: 0, bytes: 10 });
}

#[test]
fn a_file_is_there_for_thirty_days_and_as_long_as_an_application_names_it() {
    let (end, later) = (at(100 + THIRTY_DAYS), at(100 + 2 * THIRTY_DAYS));
    let before = Timestamp::from_millis(end.millis() - 1);
    let (nobody, kept) = (FileUses::default(), file(1));
    assert!(kept.there(&nobody, before) && !kept.there(&nobody, end));
    assert!(kept.there(&draft(&[1]), later) && kept.there(&sent(&[1]), later) && !kept.there(&sent(&[2]), later));
    assert_eq!(kept.clone().run_out(&nobody, before), None, "its time is not over");
    let Some(RunOut::Deleted(happened)) = kept.clone().run_out(&sent(&[2]), end) else { panic!("it is kept for nothing") };
    assert_eq!(
        (happened.entry_type(), happened.data["person_id"].as_str()),
        ("file.deleted".to_owned(), Some(id::<PersonId>(OWNER).to_string().as_str()))
    );
    for uses in [draft(&[1]), sent(&[1])] {
        let Some(RunOut::Kept(change)) = kept.clone().run_out(&uses, end) else { panic!("it is named") };
        assert_eq!((change.value.kept_until, change.happened[0].verb), (later, "kept"));
        let again = change.value.run_out(&nobody, later);
        assert!(matches!(again, Some(RunOut::Deleted(_))), "once nothing names it any more");
    }
}

#[test]
fn a_file_is_deleted_until_an_application_that_names_it_is_sent() {
    assert!(file(1).delete(&FileUses::default()).is_ok() && file(1).delete(&draft(&[1])).is_ok());
    assert_eq!(file(1).delete(&sent(&[2])).unwrap().verb, "deleted");
    assert!(matches!(file(1).delete(&sent(&[1])), Err(Refusal::FileInUse(_))));
    let ended = FileUses::of(&[naming(&[1], Standing::Withdrawn { at: at(105), enrolled_at: None })]);
    assert!(matches!(file(1).delete(&ended), Err(Refusal::FileInUse(_))), "what was sent is looked up later too");
}

#[test]
fn a_file_is_its_owners_and_theirs_who_may_read_an_application_that_names_it() {
    let mut cohort = open_cohort(1, 3);
    cohort.facilitators = vec![id(8)];
    let reads = |actor: &Actor, named: bool| {
        let by_application = named.then(|| Tie { concerned: actor.is(id(OWNER)), ..cohort.tie(actor) });
        let ties = file(1).ties(actor, by_application);
        let outcome = |action| Tie::require_one(&ties, action, SubjectKind::File);
        assert_eq!(outcome(Action::GetFile), outcome(Action::DownloadFile), "both or none");
        match outcome(Action::GetFile) {
            Ok(()) => true,
            Err(Refusal::Hidden("file")) => false,
            Err(other) => panic!("{other}"),
        }
    };
    let client = Actor::Client { id: id(99), scopes: [ClientScope::ApplicationsRead].into() };
    let other_client = Actor::Client { id: id(99), scopes: [ClientScope::MembersRead].into() };
    for (actor, unnamed, named) in [
        (somebody(OWNER, &[]), true, true),
        (somebody(8, &[]), false, true),
        (somebody(9, &[Grant::Staff]), false, true),
        (somebody(9, &[Grant::Owner]), false, true),
        (somebody(9, &[Grant::Reviewer]), false, false),
        (somebody(9, &[]), false, false),
        (client, false, true),
        (other_client, false, false),
        (Actor::Anonymous, false, false),
    ] {
        assert_eq!((reads(&actor, false), reads(&actor, true)), (unnamed, named), "{actor:?}");
    }
}

#[test]
fn what_can_be_done_is_told_to_whom_it_is_allowed() {
    let (owner, staff) = (somebody(OWNER, &[]), somebody(9, &[Grant::Staff]));
    let own = file(1).ties(&owner, []);
    assert_eq!(file(1).allowed_actions(&own, &draft(&[1])), ["download", "delete"]);
    assert_eq!(file(1).allowed_actions(&own, &sent(&[1])), ["download"]);
    assert_eq!(file(1).allowed_actions(&file(1).ties(&staff, [Tie::none(&staff)]), &draft(&[1])), ["download"]);
}
