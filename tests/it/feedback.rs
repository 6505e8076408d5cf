//! What staff write about proposals, and what a release tells, through HTTP and by mail.

use cohortium_domain::mails::MailKind;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use reqwest::Method;
use serde_json::{Value, json};

use crate::proposals::{AFTER_THE_CALL, setting};

on_both_databases! {
    an_author_reads_the_letter_once_the_decision_is_released,
    feedback_is_replaced_by_who_has_read_it,
    a_preview_tells_what_the_release_tells_and_what_hinders_it,
    whoever_gets_a_place_that_came_free_is_told,
    whoever_gets_no_place_is_told,
}

async fn an_author_reads_the_letter_once_the_decision_is_released(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, path) = setting.submitted("Ana").await;
    let feedback = format!("{path}/feedback");
    assert_eq!(setting.staff.get(&feedback).await.expect(200)["version"], 0);
    let words = json!({"note": "Ask Sam first", "letter": "The cases that you name are ours."});
    let written = setting.staff.put(&feedback, words).await.expect(200);
    assert_eq!((&written["note"], &written["version"]), (&json!("Ask Sam first"), &json!(1)));
    assert_eq!(ana.get(&feedback).await.problem(403), "permission_denied");
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/reject")).await.expect(200);
    assert!(ana.get(&path).await.expect(200).get("letter").is_none(), "nothing before the release");
    assert!(api.mails().await.is_empty());

    let _ = setting.release().await;
    let _ = setting.staff.put(&feedback, json!({"letter": "On second thoughts"})).await.expect(200);
    let seen = ana.get(&path).await.expect(200);
    assert_eq!((&seen["state"], &seen["letter"]), (&json!("rejected"), &json!("The cases that you name are ours.")));
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::ProposalRejected, "ana@example.org"));
    assert!(mail.text.contains("The cases that you name are ours."), "{}", mail.text);
    assert!(!mail.text.contains("Sam") && !mail.text.contains("second thoughts"), "{}", mail.text);
}

async fn feedback_is_replaced_by_who_has_read_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (ana, path) = setting.submitted("Ana").await;
    let feedback = format!("{path}/feedback");
    let put = |if_match: &'static str| {
        setting.staff.request(Method::PUT, &feedback).header("if-match", if_match).json(&json!({"note": "Good"})).send()
    };
    let before = api.entries(setting.coalition).await;
    assert_eq!(setting.staff.request(Method::PUT, &feedback).json(&json!({})).send().await.problem(428), "precondition_required");
    assert_eq!(put("\"1-x\"").await.problem(412), "precondition_failed");
    assert_eq!(ana.put(&feedback, json!({"letter": "I accept myself"})).await.problem(403), "permission_denied");
    assert_eq!(api.entries(setting.coalition).await, before);
    assert_eq!(put("\"0-x\"").await.expect(200)["version"], 1);
    assert_eq!(put("\"0-x\"").await.problem(412), "precondition_failed");
    let cleared = setting.staff.put(&feedback, json!({})).await.expect(200);
    assert_eq!((cleared.get("note"), &cleared["version"]), (None, &json!(2)));
}

async fn a_preview_tells_what_the_release_tells_and_what_hinders_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let all = [setting.submitted("Ana").await, setting.submitted("Ben").await, setting.submitted("Cal").await];
    let preview = format!("{}/release/preview", setting.list());
    let seen = async || setting.staff.get(&preview).await.expect(200);
    assert_eq!(all[0].0.get(&preview).await.problem(403), "permission_denied");
    let hindered = seen().await["hindered_by"].clone();
    assert_eq!(
        hindered.as_array().unwrap().len(),
        5,
        "the call is open, nothing is staged, and of three nothing is decided: {hindered}"
    );
    setting.clock(AFTER_THE_CALL).await;
    for ((_, path), decision) in all.iter().zip(["accept", "reject", "reserve"]) {
        let _ = setting.staff.put(&format!("{path}/feedback"), json!({"letter": format!("We {decision} it.")})).await.expect(200);
        let _ = setting.staff.act(&format!("{path}/{decision}")).await.expect(200);
    }
    let before = api.entries(setting.coalition).await;
    let told = seen().await;
    assert_eq!((&told["hindered_by"], api.entries(setting.coalition).await), (&json!([]), before));
    let decisions = told["decisions"].as_array().unwrap();
    let of = |name: &str| decisions.iter().find(|told| told["given_name"] == name).unwrap();
    assert_eq!((&of("Ana")["decision"], &of("Ana")["lapses_at"]), (&json!("accept"), &json!("2019-10-11T04:00:00.000Z")));
    assert_eq!((&of("Ben")["decision"], &of("Ben")["email"]), (&json!("reject"), &json!("ben@example.org")));
    assert_eq!((&of("Cal")["decision"], &of("Cal")["reserve_rank"]), (&json!("reserve"), &json!(1)));
    assert!(of("Ana")["text"].as_str().unwrap().contains("We accept it."));

    let _ = setting.release().await;
    let mut sent: Vec<Value> = api.mails().await.iter().map(|mail| json!([mail.to.as_str(), mail.subject, mail.text])).collect();
    let mut previewed: Vec<Value> = decisions.iter().map(|told| json!([told["email"], told["subject"], told["text"]])).collect();
    for told in [&mut sent, &mut previewed] {
        told.sort_by_key(ToString::to_string);
    }
    assert_eq!(sent, previewed, "word for word");
}

async fn whoever_gets_a_place_that_came_free_is_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let all = [setting.submitted("Ana").await, setting.submitted("Ben").await, setting.submitted("Cal").await];
    setting.clock(AFTER_THE_CALL).await;
    for ((_, path), decision) in all.iter().zip(["accept", "reserve", "reserve"]) {
        let _ = setting.staff.act(&format!("{path}/{decision}")).await.expect(200);
    }
    let _ = setting.release().await;
    assert_eq!(api.mails().await.len(), 3);
    let _ = all[0].0.act(&format!("{}/decline", all[0].1)).await.expect(200);
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::ProposalPromoted, "ben@example.org"));
    setting.clock("2019-10-16T12:00:00Z").await;
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::ProposalPromoted, "cal@example.org"), "who said nothing in time lost it");
}

async fn whoever_gets_no_place_is_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let setting = setting(&api).await;
    let (_, path) = setting.submitted("Ana").await;
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/reserve")).await.expect(200);
    let _ = setting.release().await;
    assert_eq!(api.mail().await.kind, MailKind::ProposalReserved);
    let _ = setting.staff.act(&format!("{}/finalize-offerings", setting.program)).await.expect(200);
    assert_eq!(api.mail().await.kind, MailKind::ProposalNotPlaced);
}
