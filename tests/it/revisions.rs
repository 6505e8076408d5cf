//! Revisions that staff ask for, and extensions that they give, through HTTP.

use chrono::Duration;
use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::{Id, ProposalId};
use cohortium_domain::mails::MailKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::timeline::MilestoneKind;
use cohortium_store::{Error, Origin};
use cohortium_tests::api::{Api, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow as workflow;
use serde_json::json;

use crate::proposals::{AFTER_THE_CALL, begin, proposal, setting};

on_both_databases! {
    a_revision_goes_from_its_request_to_the_next_submission,
    a_revision_that_is_not_handed_in_is_none_as_the_clock_moves,
    a_revision_that_is_not_handed_in_is_none_where_jobs_stand_still,
    a_request_for_a_revision_is_refused_where_it_comes_to_nothing,
    a_draft_that_was_given_longer_is_handed_in_until_then,
    a_proposal_that_straddles_the_end_of_the_call_is_not_handed_in,
    a_withdrawn_proposal_stays_withdrawn,
}

async fn a_revision_goes_from_its_request_to_the_next_submission(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, path) = setting.submitted("Ana").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/accept")).await.expect(200);
    let ask = json!({"message": "Say what happens between the calls.", "due_on": "2019-10-08"});
    let asked = setting.staff.post(&format!("{path}/request-revision"), ask).await.expect(200);
    assert_eq!((&asked["state"], &asked["revision_due_at"]), (&json!("revision_requested"), &json!("2019-10-09T04:00:00.000Z")));
    assert!(asked.get("staged").is_none(), "what was staged was about the text that was there");
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::RevisionRequested, "ana@example.org"));
    assert!(mail.text.contains("Say what happens between the calls.") && mail.text.contains("2019-10-09, 00:00"), "{}", mail.text);

    let seen = ana.get(&path).await.expect(200);
    assert_eq!(seen["revision_requests"][0]["message"], "Say what happens between the calls.");
    assert_eq!(seen["allowed_actions"], json!(["update", "invite_facilitator", "submit", "withdraw"]));
    let changed = ana.patch(&path, json!({"title": "What a behavior tells us all"})).await.expect(200);
    assert_eq!(changed["title"], "What a behavior tells us all");
    let by_staff = setting.staff.get(&path).await.expect(200);
    assert_eq!(by_staff["title"], "What a behavior tells us", "staff see what was handed in");
    let hindered = setting.staff.act(&format!("{}/finalize-offerings", setting.program)).await;
    assert_eq!(
        (hindered.problem(409), &hindered.body["errors"][0]["params"]["state"]),
        ("not_ready", &json!("revision_requested"))
    );

    let again = ana.act(&format!("{path}/submit")).await.expect(200);
    assert_eq!((&again["state"], &again["submission"]), (&json!("submitted"), &json!(2)));
    assert_eq!(again["revision_requests"][0]["handed_in_at"], "2019-10-07T12:00:00.000Z");
    assert_eq!(setting.staff.get(&path).await.expect(200)["title"], "What a behavior tells us all");
    let texts = ana.get(&format!("{path}/submissions")).await.expect(200);
    let titles: Vec<_> =
        texts["items"].as_array().unwrap().iter().map(|text| (text["number"].clone(), text["title"].clone())).collect();
    assert_eq!(titles, [(json!(1), json!("What a behavior tells us")), (json!(2), json!("What a behavior tells us all"))]);
}

async fn a_revision_that_is_not_handed_in_is_none_as_the_clock_moves(database: TestDatabase) {
    a_revision_that_is_not_handed_in_is_none(database, true).await;
}

async fn a_revision_that_is_not_handed_in_is_none_where_jobs_stand_still(database: TestDatabase) {
    a_revision_that_is_not_handed_in_is_none(database, false).await;
}

async fn a_revision_that_is_not_handed_in_is_none(database: TestDatabase, jobs: bool) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, path) = setting.submitted("Ana").await;
    setting.clock(AFTER_THE_CALL).await;
    let ask = json!({"message": "Say more", "due_at": "2019-10-08T12:00:00Z"});
    let _ = setting.staff.post(&format!("{path}/request-revision"), ask).await.expect(200);
    let _ = ana.patch(&path, json!({"title": "Half a revision"})).await.expect(200);
    if jobs {
        setting.clock("2019-10-08T12:00:00Z").await;
    } else {
        setting.clock_without_jobs("2019-10-08T12:00:00Z").await;
    }
    let told: Vec<MailKind> = api.mails().await.iter().map(|mail| mail.kind).collect();
    let lapsed = vec![MailKind::RevisionLapsed];
    assert_eq!(told, if jobs { lapsed.clone() } else { Vec::new() }, "there is nothing to ask for any more");
    let told = setting.staff.get("/v1/events?type=proposal.revision_lapsed").await.expect(200);
    assert_eq!(told["items"].as_array().unwrap().len(), usize::from(jobs));
    let read = ana.get(&path).await.expect(200);
    assert_eq!(
        (&read["state"], &read["title"], &read["submission"]),
        (&json!("submitted"), &json!("What a behavior tells us"), &json!(1))
    );
    let before = api.entries(setting.coalition).await;
    assert_eq!(ana.act(&format!("{path}/submit")).await.problem(409), "invalid_state_transition");
    assert_eq!(ana.patch(&path, json!({"title": "Too late"})).await.problem(409), "invalid_state_transition");
    assert_eq!(api.entries(setting.coalition).await, before);
    let staged = setting.staff.act(&format!("{path}/accept")).await.expect(200);
    assert_eq!(staged["staged"], json!({"decision": "accept"}), "it is judged as it was");
    let told: Vec<MailKind> = api.mails().await.iter().map(|mail| mail.kind).collect();
    assert_eq!(told, if jobs { Vec::new() } else { lapsed }, "the author is told once");
    let _ = setting.release().await;
}

async fn a_request_for_a_revision_is_refused_where_it_comes_to_nothing(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (_, path) = setting.submitted("Ana").await;
    let ana = api.person(setting.coalition, "Eve", &[]).await;
    let draft = begin(&ana, &setting.list(), proposal()).await;
    let before = api.entries(setting.coalition).await;
    let ask = async |path: &str, body| setting.staff.post(&format!("{path}/request-revision"), body).await;
    let neither = ask(&path, json!({"message": "Say more"})).await;
    assert_eq!((neither.problem(422), neither.faults()), ("validation_failed", vec![("#/due_on", "required")]));
    let both = ask(&path, json!({"message": "Say more", "due_on": "2019-10-08", "due_at": "2019-10-08T12:00:00Z"})).await;
    assert_eq!(both.faults(), [("#/due_at", "duplicate")]);
    let past = ask(&path, json!({"message": "Say more", "due_on": "2019-09-19"})).await;
    assert_eq!((past.problem(422), past.faults()), ("validation_failed", vec![("#/due_on", "out_of_range")]));
    let early = ask(&draft, json!({"message": "Say more", "due_on": "2019-10-08"})).await;
    assert_eq!(early.problem(409), "invalid_state_transition", "it is a draft");
    assert_eq!(api.entries(setting.coalition).await, before);
    assert!(api.mails().await.is_empty());
}

async fn a_draft_that_was_given_longer_is_handed_in_until_then(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (_, other) = setting.submitted("Ben").await;
    let ana = api.person(setting.coalition, "Ana", &[]).await;
    let path = begin(&ana, &setting.list(), proposal()).await;
    let extend = format!("{path}/extend");
    assert_eq!(ana.post(&extend, json!({"until_on": "2019-10-08", "reason": "I was ill"})).await.problem(403), "permission_denied");
    let short = setting.staff.post(&extend, json!({"until_on": "2019-10-03", "reason": "She was ill"})).await;
    assert_eq!(short.faults(), [("#/until_on", "out_of_range")], "that is the end of the call for everybody");
    let given = setting.staff.post(&extend, json!({"until_on": "2019-10-07", "reason": "She was ill"})).await.expect(200);
    assert_eq!(given["extended_until"], "2019-10-08T04:00:00.000Z");
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::SubmissionExtended, "ana@example.org"));
    assert!(!mail.text.contains("ill"), "the reason is the office's: {}", mail.text);

    setting.clock("2019-10-08T03:59:59.999Z").await;
    assert_eq!(ana.get(&path).await.expect(200)["extended_until"], "2019-10-08T04:00:00.000Z");
    let _ = setting.staff.act(&format!("{other}/accept")).await.expect(200);
    let waiting = setting.staff.act(&format!("{}/release", setting.list())).await;
    assert_eq!((waiting.problem(409), waiting.faults().len()), ("not_ready", 1), "somebody better may still come");
    let _ = ana.act(&format!("{path}/submit")).await.expect(200);
    let cal = api.person(setting.coalition, "Cal", &[]).await;
    let late = begin(&cal, &setting.list(), proposal()).await;
    assert_eq!(cal.act(&format!("{late}/submit")).await.problem(409), "window_closed", "the others had their time");

    let longer = json!({"until_at": "2019-10-08T04:30:00Z", "reason": "The network was down"});
    let _ = setting.staff.post(&format!("{late}/extend"), longer).await.expect(200);
    setting.clock("2019-10-08T04:30:00Z").await;
    let over = cal.act(&format!("{late}/submit")).await;
    assert_eq!((over.problem(409), &over.body["closed_at"]), ("window_closed", &json!("2019-10-08T04:30:00.000Z")));
}

async fn a_proposal_that_straddles_the_end_of_the_call_is_not_handed_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition_with("dcsc", Clock::Live).await;
    let ana = api.person(coalition, "Ana", &[]).await;
    let days = [
        (MilestoneKind::ProposalsOpen, "2019-11-01"),
        (MilestoneKind::ProposalsDue, "2019-11-20"),
        (MilestoneKind::OfferingsFinal, "2020-01-10"),
        (MilestoneKind::SignupOpens, "2020-01-15"),
        (MilestoneKind::Kickoff, "2020-02-03"),
        (MilestoneKind::Closeout, "2020-06-15"),
    ];
    let program = api.program(coalition, "year", &days).await;
    let path = begin(&ana, &format!("/v1/programs/{program}/proposals"), proposal()).await;
    let id = ProposalId::from_uuid(path.trim_start_matches("/v1/proposals/").parse().unwrap());
    let author = Actor::Person { id: ana.person_id(), grants: std::collections::BTreeSet::<Grant>::new() };
    let before = api.entries(coalition).await;
    api.environment().set(at("2019-11-21T04:59:59.999Z"));
    let origin = Origin { door: "test", request_id: None };
    let submitted = api.store().write(coalition, origin, async |tx| {
        let submitted = workflow::proposals::submit(tx, &author, id, Precondition::NotNeeded).await;
        api.environment().pass(Duration::milliseconds(1));
        submitted
    });
    assert!(matches!(submitted.await, Err(Error::Refused(Refusal::WindowClosed { .. }))), "it was over when it would have been in");
    assert_eq!(api.entries(coalition).await, before);
}

async fn a_withdrawn_proposal_stays_withdrawn(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, path) = setting.submitted("Ana").await;
    let (_, other) = setting.submitted("Ben").await;
    setting.clock(AFTER_THE_CALL).await;
    for each in [&path, &other] {
        let _ = setting.staff.act(&format!("{each}/accept")).await.expect(200);
    }
    assert_eq!(ana.act(&format!("{path}/withdraw")).await.expect(200)["state"], "withdrawn");
    let released = setting.release().await;
    assert_eq!(released["accepted"], json!([other.trim_start_matches("/v1/proposals/")]));
    assert_eq!(api.mails().await.len(), 1, "who has withdrawn is told nothing");
    let before = api.entries(setting.coalition).await;
    for action in ["submit", "confirm", "decline", "withdraw"] {
        assert_eq!(ana.act(&format!("{path}/{action}")).await.problem(409), "invalid_state_transition", "{action}");
    }
    for action in ["accept", "reject", "reserve"] {
        assert_eq!(setting.staff.act(&format!("{path}/{action}")).await.problem(409), "invalid_state_transition", "{action}");
    }
    assert_eq!(api.entries(setting.coalition).await, before);
    assert_eq!(ana.get(&path).await.expect(200)["allowed_actions"], json!([]));
}
