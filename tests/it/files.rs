//! Files as answers of application forms, through HTTP.

use cohortium_domain::access::{ClientScope, Grant};
use cohortium_tests::api::{Answer, Api, Session, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow::files::FileStore;
use cohortium_workflow::jobs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, apply, state};
use crate::evidence::files::{PDF, PLACE, chunk, png};

on_both_databases! {
    a_file_answers_a_form_and_is_read_with_the_application,
    a_form_that_asks_for_a_file_is_not_answered_without_one,
    answers_name_no_file_but_ones_own,
    a_file_serves_several_applications,
    only_files_of_known_kinds_are_taken_and_no_more_than_fit,
    a_file_is_deleted_until_an_application_that_names_it_is_sent,
    of_an_application_and_a_deletion_at_once_one_succeeds,
    a_file_that_nothing_names_is_gone_after_thirty_days,
    a_file_is_kept_on_while_an_application_names_it,
    a_team_answers_each_with_files_of_their_own,
}

const NOBODYS_FILE: &str = "0192f5c4-7e1b-7cc3-9d5a-3f0c2a1b4d5e";

/// A program that asks for a file, and can be given more.
async fn asking<'a>(api: &'a Api, required: &[&str]) -> Stage<'a> {
    let stage = Stage::new(api, "first_come").await;
    let file = json!({"type": "string", "format": "x-file"});
    let schema = json!({
        "type": "object", "required": required, "additionalProperties": false,
        "properties": {"cv": file, "papers": {"type": "array", "maxItems": 3, "items": file}, "why": {"type": "string", "minLength": 3}},
    });
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), json!({ "schema": schema })).await.expect(200);
    stage
}

async fn upload(who: &Session<'_>) -> Answer {
    who.request(Method::POST, "/v1/me/files").file("cv.pdf", "application/pdf", PDF).send().await
}

/// A file of somebody's; gives its id.
async fn uploaded(who: &Session<'_>) -> String {
    upload(who).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// Applies to a cohort with these answers, at once or later.
async fn answer(who: &Session<'_>, cohort: &str, answers: Value, submit: bool) -> Answer {
    who.post(&format!("{cohort}/applications"), json!({"answers": answers, "submit": submit})).await
}

async fn kept_files(api: &Api) -> usize {
    must(api.ctx().files().list().await).len()
}

/// The types of what has happened to a file, and when.
async fn happened(stage: &Stage<'_>, id: &str) -> Vec<(String, String)> {
    let events = stage.staff.get("/v1/events?limit=200").await.expect(200);
    let of_it = events["items"].as_array().unwrap().iter().filter(|event| event["subject"]["id"] == json!(id));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_it.map(|event| (text(&event["type"]), text(&event["occurred_at"]))).collect()
}

async fn verbs(stage: &Stage<'_>, id: &str) -> Vec<String> {
    happened(stage, id).await.into_iter().map(|(verb, _)| verb).collect()
}

async fn a_file_answers_a_form_and_is_read_with_the_application(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let (ana, lead) = (stage.principal("Ana").await, stage.principal("Lea").await);
    let cohort = stage.cohort(5).await;
    let _ = stage.staff.patch(&cohort, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let made = upload(&ana).await;
    let path = made.header("location").to_owned();
    let made = made.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (path.as_str(), &made["name"], &made["size"]),
        (format!("/v1/files/{id}").as_str(), &json!("cv.pdf"), &json!(PDF.len()))
    );
    assert_eq!((&made["in_use"], &made["kept_until"]), (&json!(false), &json!("2019-12-01T12:00:00.000Z")));
    assert_eq!(made["allowed_actions"], json!(["download", "delete"]));
    assert_eq!(ana.get(&path).await.expect(200), made);
    let download = format!("{path}/download");

    let stranger = api.person(stage.coalition, "Olu", &[Grant::Reviewer]).await;
    let reading = api.client(stage.coalition, &[ClientScope::ApplicationsRead]).await;
    let other = api.client(stage.coalition, &[ClientScope::MembersRead]).await;
    let before = stage.entries().await;
    for who in [&stage.staff, &lead, &stranger, &reading] {
        assert_eq!(who.get(&path).await.problem(404), "not_found", "no application names it");
        assert_eq!(who.get(&download).await.problem(404), "not_found");
    }
    assert_eq!(stage.entries().await, before);

    let application = answer(&ana, &cohort, json!({"cv": id}), true).await.expect(201);
    assert_eq!((&application["state"], &application["answers"]["cv"]), (&json!("enrolled"), &json!(id)));
    let now = ana.get(&path).await.expect(200);
    assert_eq!((&now["in_use"], now.get("kept_until"), &now["allowed_actions"]), (&json!(true), None, &json!(["download"])));
    assert_eq!(ana.get("/v1/me/files").await.expect(200)["items"][0]["in_use"], true);
    let own = ana.get(&download).await;
    assert_eq!((own.status, &own.bytes[..]), (200, PDF));
    assert_eq!(verbs(&stage, id).await, ["file.uploaded"], "one's own is nobody's business");
    for who in [&stage.staff, &lead, &reading] {
        assert_eq!(who.get(&path).await.expect(200)["allowed_actions"], json!(["download"]));
        let read = who.get(&download).await;
        assert_eq!((read.status, read.header("content-type"), &read.bytes[..]), (200, "application/pdf", PDF));
        assert!(
            read.header("content-disposition").starts_with("attachment; ")
                && read.header("content-security-policy").contains("sandbox")
        );
    }
    assert_eq!(verbs(&stage, id).await, ["file.uploaded", "file.read", "file.read", "file.read"]);
    let part = stage.staff.request(Method::GET, &download).header("range", "bytes=5-7").send().await;
    assert_eq!((part.status, &part.bytes[..]), (206, &PDF[5..=7]));
    let before = stage.entries().await;
    assert_eq!(stranger.get(&path).await.problem(404), "not_found");
    assert_eq!(stranger.get(&download).await.problem(404), "not_found");
    assert_eq!(other.get(&download).await.problem(403), "insufficient_scope");
    assert_eq!(stage.entries().await, before);
}

async fn a_form_that_asks_for_a_file_is_not_answered_without_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let ana = stage.principal("Ana").await;
    let cohort = stage.cohort(5).await;
    let before = stage.entries().await;
    assert_eq!(apply(&ana, &cohort).await.faults(), [("#/answers/cv", "required")]);
    let sent = answer(&ana, &cohort, json!({"cv": "cv.pdf"}), true).await;
    assert_eq!(sent.faults(), [("#/answers/cv", "invalid_format")]);
    assert_eq!(stage.entries().await, before);
    let draft = answer(&ana, &cohort, json!({}), false).await;
    let path = draft.header("location").to_owned();
    assert_eq!(ana.act(&format!("{path}/submit")).await.faults(), [("#/answers/cv", "required")]);
    let _ = ana.patch(&path, json!({"answers": {"cv": uploaded(&ana).await}})).await.expect(200);
    assert_eq!(ana.act(&format!("{path}/submit")).await.expect(200)["state"], "enrolled");
}

async fn answers_name_no_file_but_ones_own(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &[]).await;
    let (mia, ben) = (stage.stranger("Mia").await, stage.principal("Ben").await);
    let (cohort, other) = (stage.cohort(5).await, stage.cohort_named("Another", 5).await);
    let (sent, application) = applied(&mia, &cohort).await;
    let evidence = format!("/v1/verifications/{}/evidence", application["verification_id"].as_str().unwrap());
    let evidence = mia.request(Method::POST, &evidence).file("a.pdf", "application/pdf", PDF).send().await.expect(201);
    let draft = answer(&mia, &other, json!({}), false).await.header("location").to_owned();
    let own = uploaded(&mia).await;
    let foreign = uploaded(&ben).await;
    let third = stage.cohort_named("A third", 5).await;
    let before = (stage.entries().await, mia.get(&draft).await.expect(200), mia.get(&sent).await.expect(200));
    for file in [foreign.as_str(), NOBODYS_FILE, evidence["id"].as_str().unwrap()] {
        for answers in [json!({"cv": file}), json!({"cv": own, "papers": [own, file]})] {
            let pointer = if answers.get("papers").is_some() { "#/answers/papers/1" } else { "#/answers/cv" };
            for refused in [
                answer(&mia, &third, answers.clone(), false).await,
                answer(&mia, &third, answers.clone(), true).await,
                mia.patch(&draft, json!({ "answers": answers })).await,
                mia.patch(&sent, json!({ "answers": answers })).await,
            ] {
                assert_eq!((refused.problem(422), refused.faults()), ("validation_failed", vec![(pointer, "not_found")]));
            }
        }
    }
    let after = (stage.entries().await, mia.get(&draft).await.expect(200), mia.get(&sent).await.expect(200));
    assert_eq!(after, before);
    let _ = mia.patch(&sent, json!({"answers": {"cv": own, "papers": [own]}})).await.expect(200);
    let _ = mia.patch(&draft, json!({"answers": {"cv": own}})).await.expect(200);
    assert_eq!(mia.get(&format!("/v1/files/{foreign}")).await.problem(404), "not_found", "nor is anything told of it");
}

async fn a_file_serves_several_applications(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let ana = stage.principal("Ana").await;
    let (first, second) = (stage.cohort(5).await, stage.cohort_named("Another", 5).await);
    let (lead, to) = (stage.principal("Lea").await, stage.cohort_named("A third", 5).await);
    let _ = stage.staff.patch(&to, json!({"facilitator_ids": [lead.person_id()]})).await.expect(200);
    let id = uploaded(&ana).await;
    let made = answer(&ana, &first, json!({"cv": id}), true).await.expect(201);
    assert_eq!(answer(&ana, &second, json!({"cv": id}), true).await.expect(201)["state"], "enrolled");
    let path = format!("/v1/files/{id}");
    assert_eq!(lead.get(&path).await.problem(404), "not_found", "no application to a cohort of hers names it");
    let to = to.rsplit('/').next().unwrap();
    let transfer = format!("/v1/applications/{}/transfer", made["id"].as_str().unwrap());
    let _ = stage.staff.post(&transfer, json!({"to_cohort_id": to, "reason": "She asked for it"})).await.expect(201);
    assert_eq!(lead.get(&path).await.expect(200)["in_use"], true, "answers go along, and the files that they name");
}

async fn only_files_of_known_kinds_are_taken_and_no_more_than_fit(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &[]).await;
    let ana = stage.principal("Ana").await;
    let cohort = stage.cohort(5).await;
    let send = |name: &'static str, declared: &'static str, bytes: Vec<u8>| {
        ana.request(Method::POST, "/v1/me/files").file(name, declared, &bytes).send()
    };
    let before = (stage.entries().await, kept_files(&api).await);
    let page = b"<html><script>alert(1)</script></html>".to_vec();
    let large = [PDF, &vec![b' '; 10 * 1024 * 1024], b"\n%%EOF"].concat();
    assert_eq!(send("page.html", "text/html", page.clone()).await.problem(415), "unsupported_media_type");
    assert_eq!(send("page.pdf", "application/pdf", page).await.problem(415), "unsupported_media_type");
    assert_eq!(send("large.pdf", "application/pdf", large).await.problem(413), "payload_too_large");
    assert_eq!(send("half.pdf", "application/pdf", PDF[..20].to_vec()).await.faults(), [("#/file", "invalid_format")]);
    assert_eq!(ana.post("/v1/me/files", json!({})).await.problem(415), "unsupported_media_type");
    assert_eq!((stage.entries().await, kept_files(&api).await), before);

    let told = send("gps.png", "image/png", png(3, 2, &[chunk(b"tEXt", PLACE)])).await.header("location").to_owned();
    let shown = ana.get(&format!("{told}/download")).await;
    assert!(shown.header("content-type") == "image/png" && !shown.bytes.windows(PLACE.len()).any(|part| part == PLACE));
    let mut last = String::new();
    for _ in 1..19 {
        last = uploaded(&ana).await;
    }
    let once = || ana.request(Method::POST, "/v1/me/files").file("cv.pdf", "application/pdf", PDF).header("idempotency-key", "one");
    let (first, again) = (once().send().await, once().send().await);
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text), "though there is no more room");
    let before = stage.entries().await;
    assert_eq!(upload(&ana).await.faults(), [("#/file", "out_of_range")], "twenty that nothing names");
    assert_eq!(stage.entries().await, before);
    let _ = answer(&ana, &cohort, json!({"cv": last}), false).await.expect(201);
    let _ = upload(&ana).await.expect(201);
    database.execute("UPDATE files SET size = 10485760").await;
    let before = stage.entries().await;
    let _ = ana.delete(&format!("/v1/me/files/{}", told.rsplit('/').next().unwrap())).await;
    assert_eq!(upload(&ana).await.faults(), [("#/file", "out_of_range")], "nor more than a hundred mebibytes");
    assert_eq!(stage.entries().await, before + 1, "but for the deletion");
}

async fn a_file_is_deleted_until_an_application_that_names_it_is_sent(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let ana = stage.principal("Ana").await;
    let cohort = stage.cohort(5).await;
    let id = uploaded(&ana).await;
    let (path, own) = (format!("/v1/files/{id}"), format!("/v1/me/files/{id}"));
    let draft = answer(&ana, &cohort, json!({"cv": id}), false).await.header("location").to_owned();
    let olu = api.person(stage.coalition, "Olu", &[]).await;
    let before = stage.entries().await;
    assert_eq!(stage.staff.delete(&own).await.problem(403), "permission_denied", "who sees it may not delete it");
    assert_eq!(olu.delete(&own).await.problem(404), "not_found");
    assert_eq!(ana.request(Method::DELETE, &own).send().await.problem(428), "precondition_required");
    let stale = ana.request(Method::DELETE, &own).header("if-match", "\"7-0\"").send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    assert_eq!(stage.entries().await, before);
    assert_eq!(ana.delete(&own).await.status, 204, "a draft does not hold it");
    assert_eq!(ana.get(&path).await.problem(404), "not_found");
    assert_eq!(ana.delete(&own).await.problem(404), "not_found");
    assert_eq!(verbs(&stage, &id).await, ["file.uploaded", "file.deleted"]);
    let before = stage.entries().await;
    assert_eq!(ana.act(&format!("{draft}/submit")).await.faults(), [("#/answers/cv", "not_found")], "it is there no more");
    assert_eq!(stage.entries().await, before);
    assert_eq!(ana.get(&draft).await.expect(200)["answers"]["cv"], json!(id), "a draft is shown as it was written");

    let next = uploaded(&ana).await;
    let _ = ana.patch(&draft, json!({"answers": {"cv": next}})).await.expect(200);
    assert_eq!(ana.act(&format!("{draft}/submit")).await.expect(200)["state"], "enrolled");
    let before = stage.entries().await;
    assert_eq!(ana.delete(&format!("/v1/me/files/{next}")).await.problem(409), "file_in_use");
    let enrollment = draft.replace("applications", "enrollments");
    let _ = ana.act(&format!("{enrollment}/withdraw")).await.expect(200);
    assert_eq!(ana.delete(&format!("/v1/me/files/{next}")).await.problem(409), "file_in_use", "whatever became of it");
    assert_eq!(stage.entries().await, before + 1, "but for the withdrawal");
    assert_eq!(stage.staff.get(&format!("/v1/files/{next}/download")).await.bytes, PDF);

    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 1, "the bytes of the one that was deleted");
    assert_eq!(kept_files(&api).await, 1);
}

async fn of_an_application_and_a_deletion_at_once_one_succeeds(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let cohort = stage.cohort(20).await;
    for name in ["Ana", "Ben", "Cy", "Dan", "Eva", "Fay"] {
        let who = stage.principal(name).await;
        let id = uploaded(&who).await;
        let path = format!("/v1/me/files/{id}");
        let (sent, deleted) = tokio::join!(answer(&who, &cohort, json!({"cv": id}), true), who.delete(&path));
        match (sent.status, deleted.status) {
            (201, 409) => assert_eq!(who.get(&format!("/v1/files/{id}/download")).await.bytes, PDF),
            (422, 204) => assert_eq!(sent.faults(), [("#/answers/cv", "not_found")]),
            other => panic!("{other:?}: {} {}", sent.text, deleted.text),
        }
    }
}

async fn a_file_that_nothing_names_is_gone_after_thirty_days(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let ana = stage.principal("Ana").await;
    let cohort = stage.cohort(5).await;
    let (id, moved) = (uploaded(&ana).await, uploaded(&ana).await);
    stage.reach("2019-12-01T11:59:59Z").await;
    assert_eq!(ana.get("/v1/me/files").await.expect(200)["items"].as_array().unwrap().len(), 2);
    stage.reach_without_jobs("2019-12-01T12:00:00Z").await;
    assert_eq!(ana.get(&format!("/v1/files/{id}")).await.problem(404), "not_found", "though no job has run");
    assert_eq!(ana.get(&format!("/v1/files/{id}/download")).await.problem(404), "not_found");
    assert_eq!(ana.get("/v1/me/files").await.expect(200)["items"], json!([]));
    let before = stage.entries().await;
    assert_eq!(answer(&ana, &cohort, json!({"cv": id}), true).await.faults(), [("#/answers/cv", "not_found")]);
    assert_eq!(stage.entries().await, before);
    must(jobs::settle(api.store(), false).await);
    assert_eq!(verbs(&stage, &id).await, ["file.uploaded", "file.deleted"]);
    assert_eq!(verbs(&stage, &moved).await, ["file.uploaded", "file.deleted"]);
    assert_eq!(database.number("SELECT count(*) FROM files").await, 0);
    must(jobs::settle(api.store(), false).await);
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 2);
    assert_eq!(kept_files(&api).await, 0);
}

async fn a_file_is_kept_on_while_an_application_names_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &[]).await;
    let ana = stage.principal("Ana").await;
    let cohort = stage.cohort(5).await;
    let (id, other) = (uploaded(&ana).await, uploaded(&ana).await);
    let (path, draft) = (format!("/v1/files/{id}"), answer(&ana, &cohort, json!({"cv": id}), false).await);
    let draft = draft.header("location").to_owned();
    stage.reach_without_jobs("2019-12-02T00:00:00Z").await;
    assert_eq!(ana.get(&path).await.expect(200).get("kept_until"), None, "also while no job runs");
    let listed = ana.get("/v1/me/files?with_total=true").await.expect(200);
    assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &json!(id)));
    stage.reach("2019-12-02T00:01:00Z").await;
    assert_eq!(verbs(&stage, &other).await, ["file.uploaded", "file.deleted"]);
    let kept = |at: &str| ("file.kept".to_owned(), at.to_owned());
    assert_eq!(happened(&stage, &id).await.last(), Some(&kept("2019-12-02T00:00:00.000Z")));
    api.environment().pass(chrono::Duration::hours(2));
    assert_eq!(must(jobs::remove_loose_files(api.store(), api.ctx().files()).await), 1);
    api.environment().pass(chrono::Duration::hours(-2));
    let _ = ana.patch(&draft, json!({"answers": {}})).await.expect(200);
    assert_eq!(ana.get(&path).await.expect(200)["kept_until"], "2020-01-01T00:00:00.000Z", "nothing names it any more");
    assert_eq!(state(&ana, &draft).await, "draft");
    stage.reach("2020-01-02T00:00:00Z").await;
    assert_eq!(ana.get(&path).await.problem(404), "not_found");
    let deleted = ("file.deleted".to_owned(), "2020-01-01T00:00:00.000Z".to_owned());
    assert_eq!(happened(&stage, &id).await.last(), Some(&deleted), "at its own instant");
}

async fn a_team_answers_each_with_files_of_their_own(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = asking(&api, &["cv"]).await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let cohort = stage.cohort(5).await;
    let (anas, bens) = (uploaded(&ana).await, uploaded(&ben).await);
    let begin = |file: &str| {
        let body = json!({"colleagues": ["ben@example.org"], "answers": {"cv": file}});
        ana.request(Method::POST, &format!("{cohort}/team-applications")).json(&body).send()
    };
    let before = stage.entries().await;
    assert_eq!(begin(&bens).await.faults(), [("#/answers/cv", "not_found")]);
    assert_eq!(stage.entries().await, before);
    let begun = begin(&anas).await;
    let team = begun.header("location").to_owned();
    assert_eq!(ben.get(&format!("/v1/files/{anas}")).await.problem(404), "not_found", "a team shares no answers");
    assert_eq!(ben.act(&format!("{team}/agree")).await.faults(), [("#/answers/cv", "required")]);
    let bens_draft = ben.get("/v1/me/applications").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
    let bens_draft = format!("/v1/applications/{bens_draft}");
    assert_eq!(ben.patch(&bens_draft, json!({"answers": {"cv": anas}})).await.faults(), [("#/answers/cv", "not_found")]);
    let _ = ben.patch(&bens_draft, json!({"answers": {"cv": bens}})).await.expect(200);
    let _ = ben.act(&format!("{team}/agree")).await.expect(200);
    let _ = ben.delete(&format!("/v1/me/files/{bens}")).await;
    let before = stage.entries().await;
    let refused = ana.act(&format!("{team}/submit")).await;
    assert_eq!(refused.faults(), [("#/answers/cv", "not_found")], "what was there when he agreed is there no more");
    assert_eq!(stage.entries().await, before);
    let _ = ben.patch(&bens_draft, json!({"answers": {"cv": uploaded(&ben).await}})).await.expect(200);
    assert_eq!(ana.act(&format!("{team}/submit")).await.expect(200)["state"], "sent");
}
