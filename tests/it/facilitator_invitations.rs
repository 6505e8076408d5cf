//! Invitations to facilitate, through HTTP: from the address to the cohort.

use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::proposals::{AFTER_THE_CALL, Setting, begin, proposal, setting};

on_both_databases! {
    who_agrees_facilitates_the_cohort,
    an_invitation_says_nothing_about_who_has_the_address,
    nobody_else_sees_an_invitation_or_the_proposal_by_it,
    a_proposal_waits_for_every_answer,
    who_declines_is_not_asked_again_and_who_is_removed_reads_no_more,
    of_twenty_who_answer_at_once_one_does,
}

struct Written<'a> {
    setting: Setting<'a>,
    ana: Session<'a>,
    path: String,
}

/// Ana writes a proposal.
async fn written(api: &Api) -> Written<'_> {
    let setting = setting(api).await;
    let ana = api.person(setting.coalition, "Ana", &[]).await;
    let path = begin(&ana, &setting.list(), proposal()).await;
    Written { setting, ana, path }
}

impl Written<'_> {
    /// Asks whoever has an address; where the invitation is.
    async fn invite(&self, email: &str) -> String {
        let made = self.ana.post(&format!("{}/facilitators", self.path), json!({ "email": email })).await;
        let location = made.header("location").to_owned();
        let _ = made.expect(201);
        location
    }
}

async fn mine(who: &Session<'_>) -> Vec<Value> {
    who.get("/v1/me/facilitator-invitations").await.expect(200)["items"].as_array().unwrap().clone()
}

async fn who_agrees_facilitates_the_cohort(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let (setting, ana, path) = (&written.setting, &written.ana, &written.path);
    let ben = api.person(setting.coalition, "Ben", &[]).await;
    let invitation = written.invite("Ben@Example.org").await;
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::FacilitatorInvited, "Ben@Example.org"));
    assert!(!mail.text.contains("What a behavior") && !mail.text.contains("Ana"), "nothing that she typed: {}", mail.text);
    let found = mine(&ben).await;
    assert_eq!(
        (found.len(), &found[0]["state"], &found[0]["allowed_actions"]),
        (1, &json!("pending"), &json!(["accept", "decline"]))
    );
    let read = ben.get(path).await.expect(200);
    assert_eq!((&read["title"], &read["allowed_actions"]), (&json!("What a behavior tells us"), &json!([])));

    let accepted = ben.act(&format!("{invitation}/accept")).await.expect(200);
    assert_eq!((&accepted["state"], &accepted["person_id"]), (&json!("accepted"), &json!(ben.person_id())));
    assert_eq!(ana.get(path).await.expect(200)["co_facilitator_ids"], json!([ben.person_id()]));
    let listed = ben.get(&setting.list()).await.expect(200);
    assert_eq!(listed["items"][0]["id"], path.trim_start_matches("/v1/proposals/"), "it is among his proposals");
    for action in ["submit", "withdraw"] {
        assert_eq!(ben.act(&format!("{path}/{action}")).await.problem(403), "permission_denied", "{action}");
    }
    assert_eq!(ben.patch(path, json!({"title": "Mine"})).await.problem(403), "permission_denied");

    let _ = ana.act(&format!("{path}/submit")).await.expect(200);
    setting.clock(AFTER_THE_CALL).await;
    let _ = setting.staff.act(&format!("{path}/accept")).await.expect(200);
    let _ = setting.release().await;
    assert_eq!(ben.act(&format!("{path}/confirm")).await.problem(403), "permission_denied", "that is for her to say");
    let _ = ana.act(&format!("{path}/confirm")).await.expect(200);
    let _ = setting.staff.act(&format!("{}/finalize-offerings", setting.program)).await.expect(200);
    let cohort = ana.get(path).await.expect(200)["cohort_id"].as_str().unwrap().to_owned();
    let cohort = ana.get(&format!("/v1/cohorts/{cohort}")).await.expect(200);
    assert_eq!(cohort["facilitators"].as_array().unwrap().len(), 2);
    let led = ben.get("/v1/cohorts?mine=true").await.expect(200);
    assert_eq!(led["items"][0]["id"], cohort["id"], "he leads it, too");
    assert_eq!(ben.act(&format!("{invitation}/decline")).await.problem(409), "window_closed", "now staff must know of it");
}

async fn an_invitation_says_nothing_about_who_has_the_address(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let _ = api.person(written.setting.coalition, "Ben", &[]).await;
    let list = format!("{}/facilitators", written.path);
    let told = async |email: &str| {
        let mut told = written.ana.post(&list, json!({ "email": email })).await.expect(201);
        for own in ["id", "email"] {
            let _ = told.as_object_mut().unwrap().remove(own);
        }
        told
    };
    assert_eq!(told("ben@example.org").await, told("nobody@example.org").await);
    let mut to: Vec<String> = api.mails().await.iter().map(|letter| letter.to.to_string()).collect();
    to.sort();
    assert_eq!(to, ["ben@example.org", "nobody@example.org"]);

    let unproven = json!({"given_name": "Nobody", "family_name": "Yet", "email": "nobody@example.org"});
    let _ = written.setting.staff.post("/v1/people", unproven).await.expect(201);
    let listed = written.ana.get(&list).await.expect(200);
    let states: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["pending", "pending"]);
}

async fn nobody_else_sees_an_invitation_or_the_proposal_by_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let invitation = written.invite("ben@example.org").await;
    let cal = api.person(written.setting.coalition, "Cal", &[]).await;
    let before = api.entries(written.setting.coalition).await;
    assert!(mine(&cal).await.is_empty());
    assert_eq!(cal.get(&written.path).await.problem(404), "not_found");
    assert_eq!(cal.get(&invitation).await.problem(404), "not_found");
    for action in ["accept", "decline", "remove"] {
        assert_eq!(cal.act(&format!("{invitation}/{action}")).await.problem(404), "not_found", "{action}");
    }
    assert_eq!(written.ana.act(&format!("{invitation}/accept")).await.problem(403), "permission_denied", "it is not to her");
    let ana = written.ana.post(&format!("{}/facilitators", written.path), json!({"email": "ANA@example.org"})).await;
    assert_eq!(ana.problem(409), "same_person");
    let twice = written.ana.post(&format!("{}/facilitators", written.path), json!({"email": "BEN@example.org"})).await;
    assert_eq!(twice.problem(409), "already_exists");
    assert_eq!(api.entries(written.setting.coalition).await, before);
}

async fn a_proposal_waits_for_every_answer(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let (ana, submit) = (&written.ana, format!("{}/submit", written.path));
    let invitation = written.invite("ben@example.org").await;
    let before = api.entries(written.setting.coalition).await;
    let waiting = ana.act(&submit).await;
    assert_eq!(waiting.problem(409), "not_ready");
    let id = json!(invitation.trim_start_matches("/v1/facilitator-invitations/"));
    assert_eq!(waiting.body["errors"][0]["params"]["invitation_id"], id);
    assert_eq!(api.entries(written.setting.coalition).await, before);
    assert_eq!(ana.act(&format!("{invitation}/remove")).await.expect(200)["state"], "removed");
    assert_eq!(ana.act(&submit).await.expect(200)["state"], "submitted");
    let late = ana.post(&format!("{}/facilitators", written.path), json!({"email": "cal@example.org"})).await;
    assert_eq!(late.problem(409), "invalid_state_transition", "it was handed in");
}

async fn who_declines_is_not_asked_again_and_who_is_removed_reads_no_more(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let ben = api.person(written.setting.coalition, "Ben", &[]).await;
    let cal = api.person(written.setting.coalition, "Cal", &[]).await;
    let (to_ben, to_cal) = (written.invite("ben@example.org").await, written.invite("cal@example.org").await);
    assert_eq!(ben.act(&format!("{to_ben}/decline")).await.expect(200)["state"], "declined");
    let again = written.ana.post(&format!("{}/facilitators", written.path), json!({"email": "ben@example.org"})).await;
    assert_eq!(again.problem(409), "already_exists", "no means no");
    assert_eq!(ben.get(&written.path).await.problem(404), "not_found");
    let _ = cal.act(&format!("{to_cal}/accept")).await.expect(200);
    assert_eq!(written.ana.act(&format!("{to_cal}/remove")).await.expect(200)["state"], "removed");
    assert_eq!(cal.get(&written.path).await.problem(404), "not_found");
    assert_eq!(written.ana.get(&written.path).await.expect(200)["co_facilitator_ids"], json!([]));
    assert_eq!(cal.act(&format!("{to_cal}/accept")).await.problem(409), "invalid_state_transition");
    let asked_again = written.invite("cal@example.org").await;
    assert_eq!(cal.act(&format!("{asked_again}/accept")).await.expect(200)["state"], "accepted", "it was a mistake");
}

async fn of_twenty_who_answer_at_once_one_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let written = written(&api).await;
    let ben = api.person(written.setting.coalition, "Ben", &[]).await;
    let accept = format!("{}/accept", written.invite("ben@example.org").await);
    let answers = futures_util::future::join_all((0..20).map(|_| ben.act(&accept))).await;
    let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((statuses(200), statuses(409)), (1, 19));
    assert_eq!(written.ana.get(&written.path).await.expect(200)["co_facilitator_ids"].as_array().unwrap().len(), 1);
}
