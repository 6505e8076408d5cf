//! Documents: who may add one, what staff verify by one, and how long it is kept.

use super::*;
use crate::files::BYTES_OF_PERSON_MAX;
use crate::files::content::{Content, FileType};
use crate::ids::FileId;
use crate::verifications::documents::{Document, FILES_MAX, Held, Upload};

/// Uploads a document for this verification.
pub(super) fn uploaded(
    world: &World,
    verification: &Verification,
    evidence_id: EvidenceId,
    held: Held,
    now: Timestamp,
) -> Result<Change<Document>, Refusal> {
    let content = Content { name: Name::clipped("letter.pdf"), media_type: FileType::Pdf, bytes: vec![1, 2, 3] };
    let upload = Upload { evidence_id, file_id: FileId::from_uuid(Uuid::from_u128(9)), content: &content };
    Document::add(&upload, verification, held, (&world.policy, world.grounds().zone), now)
}

fn document(world: &World) -> Change<Document> {
    let id = EvidenceId::from_uuid(Uuid::from_u128(7));
    uploaded(world, &world.open(), id, Held::default(), noon("2019-11-20")).unwrap()
}

#[test]
fn a_document_verifies_when_staff_have_looked_at_it_and_not_before() {
    let (world, at, now) = (World::new(), noon("2019-11-19"), noon("2019-11-20"));
    let shown = evidence(EvidenceKind::Document, at);
    assert_eq!(world.review(&world.open(), std::slice::from_ref(&shown), now).state(), Open);
    let verified = world.open().verify(&staff(99), &shown, &reason(), &world.grounds(), now).unwrap();
    assert_eq!(verified.value.valid_until(), Some(midnight_after("2020-11-18")), "counted from its own day");
    assert_eq!(verified.happened[0].reason, Some(reason()));
}

#[test]
fn a_document_that_the_policy_does_not_take_or_that_was_found_wanting_does_not_verify() {
    let now = noon("2019-11-20");
    let refused = |world: &World, verification: Verification, shown: &Evidence| {
        let outcome = verification.verify(&staff(99), shown, &reason(), &world.grounds(), now);
        assert!(matches!(&outcome, Err(Refusal::Invalid(faults)) if faults[0].pointer == "#/evidence_id"), "{outcome:?}");
    };
    let mut world = World::new();
    let rejected = world.open().reject(&staff(99), reason(), now).unwrap().value;
    let opened = rejected.supplement(Action::UploadEvidence, now).unwrap().unwrap().value;
    refused(&world, opened.clone(), &evidence(EvidenceKind::Document, noon("2019-11-19")));
    let newer = evidence(EvidenceKind::Document, Timestamp::from_millis(now.millis() + 1));
    let then = noon("2019-11-21");
    assert!(opened.verify(&staff(99), &newer, &reason(), &world.grounds(), then).is_ok(), "a new one verifies");
    refused(&world, world.open(), &evidence(EvidenceKind::Document, noon("2018-11-01")));
    world.policy.accepted_kinds = vec![EvidenceKind::EmailDomain];
    refused(&world, world.open(), &evidence(EvidenceKind::Document, noon("2019-11-19")));
}

#[test]
fn a_document_is_kept_for_its_days_and_then_only_what_is_known_of_it() {
    let world = World { policy: PolicyTerms { retention_days: 10, ..PolicyTerms::default() }, ..World::new() };
    let (kept, end) = (document(&world).value, midnight_after("2019-11-30"));
    let before = Timestamp::from_millis(end.millis() - 1);
    assert!(kept.kept_until == end && kept.there(before) && !kept.there(end));
    assert_eq!(kept.clone().run_out(&world.open(), before), None);
    let gone = kept.run_out(&world.open(), noon("2019-12-24")).unwrap();
    assert_eq!((gone.value.deleted_at, gone.happened[0].verb), (Some(end), "document_deleted"));
    assert_eq!(gone.value.run_out(&world.open(), noon("2019-12-24")), None, "once");
}

#[test]
fn nobody_uploads_without_end() {
    let room = |files: u64, bytes: u64| Held { files, bytes }.make_room(10).is_ok();
    assert!(room(FILES_MAX - 1, 0) && !room(FILES_MAX, 0));
    assert!(room(0, BYTES_OF_PERSON_MAX - 10) && !room(0, BYTES_OF_PERSON_MAX - 9));
}
