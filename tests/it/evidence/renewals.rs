//! What is asked for in time, and what is told when a verification is taken back.

use cohortium_domain::mails::MailKind;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::json;

use super::Waiting;

on_both_databases! {
    a_person_is_asked_once_to_renew_in_time,
    who_loses_a_verification_is_told,
    a_policy_says_how_long_and_when,
}

async fn a_person_is_asked_once_to_renew_in_time(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let _ = world.decide("verify", json!({"reason": "The school was asked"})).await.expect(200);
    assert_eq!(world.read().await["valid_until"], "2020-11-01T04:00:00.000Z");
    let _ = api.mails().await;
    world.stage.reach("2020-10-02T03:59:59.999Z").await;
    assert_eq!((api.mails().await.len(), world.read().await["missing"].clone()), (0, json!([])));
    world.stage.reach("2020-10-02T04:00:00Z").await;
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::VerificationEnding, "mia@example.org"));
    assert_eq!(world.read().await["missing"][0]["what"], "evidence");
    world.stage.reach("2020-10-20T04:00:00Z").await;
    assert_eq!(api.mails().await.len(), 0, "once");
    let (_, address) = world.document().await;
    assert!(address.contains("/evidence/"), "a document can be shown while it is verified still");
    assert_eq!(world.verbs().await, ["opened", "verified", "renewal_asked", "document_added"]);
}

async fn who_loses_a_verification_is_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let _ = world.decide("verify", json!({"reason": "The school was asked"})).await.expect(200);
    let _ = api.mails().await;
    let listed = async |query: &str| {
        let page = world.stage.staff.get(&format!("/v1/applications?{query}")).await.expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(listed("flagged=true").await, 0);
    let _ = world.decide("revoke", json!({"reason": "The school was asked again"})).await.expect(200);
    assert_eq!(api.mail().await.kind, MailKind::VerificationRevoked);
    assert_eq!((listed("flagged=true").await, listed("flagged=false").await), (1, 0), "staff find it");
    let _ = world.decide("reopen", json!({})).await.expect(200);
    assert_eq!(listed("flagged=true").await, 1, "it is enrolled, and not verified");
    let _ = world.decide("verify", json!({"reason": "They had mixed up two people"})).await.expect(200);
    assert_eq!((listed("flagged=true").await, listed("flagged=false").await), (0, 1), "verified again");
    let employment = world.read().await["employment_id"].as_str().unwrap().to_owned();
    let _ = world.stage.staff.patch(&format!("/v1/employments/{employment}"), json!({"ends_on": "2019-12-01"})).await.expect(200);
    assert_eq!(listed("flagged=true").await, 1, "it ends before the cohort begins");
    let enrollment = world.application.replace("applications", "enrollments");
    let _ = world.stage.staff.post(&format!("{enrollment}/remove"), json!({"reason": "She has left the school"})).await.expect(200);
    assert_eq!(listed("flagged=true").await, 0, "decided");
}

async fn a_policy_says_how_long_and_when(database: TestDatabase) {
    let api = Api::start(&database).await;
    let world = Waiting::new(&api).await;
    let path = format!("{}/verification-policy", world.stage.program);
    let policy = json!({"accepted_kinds": ["document"], "least_strength": 3, "valid_days": 100, "membership_required": false});
    let read = world.stage.staff.put(&path, policy.clone()).await.expect(200);
    assert_eq!((&read["retention_days"], &read["renewal_notice_days"]), (&json!(90), &json!(30)), "the usual");
    let mut longer = policy;
    longer["retention_days"] = json!(10);
    longer["renewal_notice_days"] = json!(0);
    let _ = world.stage.staff.put(&path, longer.clone()).await.expect(200);
    let uploaded = world.upload("letter.pdf", "application/pdf", super::files::PDF).await.expect(201);
    assert_eq!(uploaded["document"]["kept_until"], "2019-11-12T05:00:00.000Z");
    longer["retention_days"] = json!(0);
    assert_eq!(world.stage.staff.put(&path, longer).await.faults(), [("#/retention_days", "out_of_range")]);
}
