//! Team applications, through HTTP.

use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, state};

on_both_databases! {
    a_team_that_fits_takes_its_seats_together,
    a_team_that_does_not_fit_waits_side_by_side_and_is_offered_seats_together,
    as_many_of_a_team_take_seats_as_fit_where_it_says_so,
    who_leaves_makes_the_team_smaller,
    a_team_is_sent_by_itself_and_not_before_everybody_has_agreed,
    only_colleagues_can_be_named_and_why_not_is_not_told,
    under_review_each_member_is_there_to_be_decided_about,
    whom_staff_add_meanwhile_makes_the_team_smaller,
    a_team_goes_along_when_its_cohort_is_merged_into_another,
}

/// Begins a team with these colleagues; gives its address and the team.
async fn begun(who: &Session<'_>, cohort: &str, colleagues: &[&str], mode: &str) -> (String, Value) {
    let colleagues: Vec<String> = colleagues.iter().map(|name| format!("{name}@example.org").to_lowercase()).collect();
    let made = who.post(&format!("{cohort}/team-applications"), json!({"colleagues": colleagues, "mode": mode})).await;
    (made.header("location").to_owned(), made.expect(201))
}

/// Begins a team, and sends it.
async fn sent(members: &[&Session<'_>], cohort: &str, colleagues: &[&str], mode: &str) -> Value {
    let (team, _) = begun(members[0], cohort, colleagues, mode).await;
    for member in &members[1..] {
        let _ = member.act(&format!("{team}/agree")).await.expect(200);
    }
    members[0].act(&format!("{team}/submit")).await.expect(200)
}

fn states(team: &Value) -> Vec<&str> {
    let mut states: Vec<&str> =
        team["members"].as_array().unwrap().iter().map(|member| member["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    states
}

/// The address of the application of a member.
fn application_of(team: &Value, who: &Session<'_>) -> String {
    let id = json!(who.person_id().to_string());
    let member = team["members"].as_array().unwrap().iter().find(|member| member["person_id"] == id).unwrap();
    format!("/v1/applications/{}", member["application_id"].as_str().unwrap())
}

async fn a_team_that_fits_takes_its_seats_together(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let cohort = stage.cohort(3).await;
    let (path, team) = begun(&ana, &cohort, &["Ben"], "all_or_none").await;
    assert_eq!((&team["state"], states(&team)), (&json!("forming"), vec!["draft", "draft"]));
    assert_eq!(team["allowed_actions"], json!(["agree", "submit", "withdraw"]));
    assert_eq!(stage.seats(&cohort).await, (0, 3, 0), "who has not sent anything holds nothing");
    let agreed = ben.act(&format!("{path}/agree")).await.expect(200);
    assert_eq!(agreed["allowed_actions"], json!(["agree", "submit"]), "who began it can give it up");
    let sent = ben.act(&format!("{path}/submit")).await.expect(200);
    assert_eq!((&sent["state"], states(&sent)), (&json!("sent"), vec!["enrolled", "enrolled"]));
    assert_eq!(stage.seats(&cohort).await, (2, 1, 0));
    assert_eq!(ana.act(&format!("{path}/submit")).await.problem(409), "invalid_state_transition");
}

async fn a_team_that_does_not_fit_waits_side_by_side_and_is_offered_seats_together(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let (dan, eva) = (stage.principal("Dan").await, stage.principal("Eva").await);
    let cohort = stage.cohort(2).await;
    let (first, _) = applied(&dan, &cohort).await;
    let team = sent(&[&ana, &ben], &cohort, &["Ben"], "all_or_none").await;
    assert_eq!(states(&team), ["waitlisted", "waitlisted"], "one seat is not enough for two");
    let (_, later) = applied(&cy, &cohort).await;
    let later = format!("/v1/applications/{}", later["id"].as_str().unwrap());
    assert_eq!(state(&cy, &later).await, "offered", "who comes behind passes only while the team does not fit");
    let passed = stage.staff.get("/v1/events?limit=200").await.expect(200);
    let passed: Vec<&Value> =
        passed["items"].as_array().unwrap().iter().filter(|e| e["type"] == "application.passed_over").collect();
    assert!(passed.len() >= 2 && passed.iter().all(|entry| entry["data"]["unmet"] == json!(["team_does_not_fit"])), "{passed:?}");
    assert_eq!(ana.get(&application_of(&team, &ana)).await.expect(200)["waitlist_position"], 1, "its place is kept");
    let (behind, _) = applied(&eva, &cohort).await;
    let _ = cy.act(&format!("{later}/withdraw")).await.expect(200);
    assert_eq!(state(&eva, &behind).await, "offered");
    // The first of two seats comes free for nobody: the team is to have both.
    let _ = eva.act(&format!("{behind}/withdraw")).await.expect(200);
    assert_eq!((state(&ana, &application_of(&team, &ana)).await.as_str(), stage.seats(&cohort).await), ("waitlisted", (1, 0, 2)));
    let _ = dan.act(&format!("{}/withdraw", first.replace("applications", "enrollments"))).await.expect(200);
    for who in [&ana, &ben] {
        assert_eq!(state(who, &application_of(&team, who)).await, "offered");
    }
    assert_eq!(stage.seats(&cohort).await, (2, 0, 0));
}

async fn as_many_of_a_team_take_seats_as_fit_where_it_says_so(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let cohort = stage.cohort(2).await;
    let team = sent(&[&ana, &ben, &cy], &cohort, &["Ben", "Cy"], "as_many_as_fit").await;
    assert_eq!(states(&team), ["enrolled", "enrolled", "waitlisted"]);
    assert_eq!(stage.seats(&cohort).await, (2, 0, 1));
}

async fn who_leaves_makes_the_team_smaller(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let dan = stage.principal("Dan").await;
    let cohort = stage.cohort(2).await;
    let team = sent(&[&ana, &ben, &cy], &cohort, &["Ben", "Cy"], "all_or_none").await;
    assert_eq!(states(&team), ["waitlisted", "waitlisted", "waitlisted"]);
    let _ = cy.act(&format!("{}/withdraw", application_of(&team, &cy))).await.expect(200);
    let now = ana.get(&format!("/v1/team-applications/{}", team["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(states(&now), ["offered", "offered", "withdrawn"], "two fit");
    // Before it is sent, too.
    let other = stage.cohort_named("other", 2).await;
    let (path, forming) = begun(&ana, &other, &["Ben", "Dan"], "all_or_none").await;
    let _ = ben.act(&format!("{}/withdraw", application_of(&forming, &ben))).await.expect(200);
    let before = stage.entries().await;
    for action in ["agree", "submit"] {
        assert_eq!(ben.act(&format!("{path}/{action}")).await.problem(403), "permission_denied", "who left has no say in it");
    }
    assert_eq!(ben.get(&path).await.expect(200)["allowed_actions"], json!([]));
    assert_eq!(stage.entries().await, before);
    let _ = dan.act(&format!("{path}/agree")).await.expect(200);
    assert_eq!(states(&ana.act(&format!("{path}/submit")).await.expect(200)), ["enrolled", "enrolled", "withdrawn"]);
}

async fn a_team_is_sent_by_itself_and_not_before_everybody_has_agreed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let form =
        json!({"schema": {"type": "object", "required": ["why"], "properties": {"why": {"type": "string", "maxLength": 100}}}});
    let _ = stage.staff.put(&format!("{}/application-form", stage.program), form).await.expect(200);
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let cohort = stage.cohort(5).await;
    let wish = json!({"colleagues": ["ben@example.org"], "answers": {"why": "We are few"}});
    let made = ana.post(&format!("{cohort}/team-applications"), wish).await;
    let path = made.header("location").to_owned();
    let team = made.expect(201);
    assert_eq!(team["mode"], "all_or_none");
    let before = stage.entries().await;
    let early = ana.act(&format!("{path}/submit")).await;
    assert_eq!((early.problem(409), early.faults().len()), ("not_ready", 1));
    let own = application_of(&team, &ben);
    assert_eq!(ben.act(&format!("{path}/agree")).await.problem(422), "validation_failed", "answers are missing");
    assert_eq!(ben.act(&format!("{own}/submit")).await.problem(409), "not_ready", "it is sent with its team");
    assert_eq!(ben.get(&own).await.expect(200)["allowed_actions"], json!(["update", "withdraw"]));
    assert_eq!(ben.act(&format!("{path}/withdraw")).await.problem(403), "permission_denied");
    assert_eq!(cy.get(&path).await.problem(404), "not_found");
    assert_eq!(cy.act(&format!("{path}/agree")).await.problem(404), "not_found");
    assert_eq!(stage.entries().await, before);
    let _ = ben.patch(&own, json!({"answers": {"why": "So are we"}})).await.expect(200);
    let _ = ben.act(&format!("{path}/agree")).await.expect(200);
    let given_up = ana.act(&format!("{path}/withdraw")).await.expect(200);
    assert_eq!((&given_up["state"], states(&given_up)), (&json!("withdrawn"), vec!["withdrawn", "withdrawn"]));
    assert_eq!(ana.act(&format!("{path}/submit")).await.problem(409), "invalid_state_transition");
}

async fn only_colleagues_can_be_named_and_why_not_is_not_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let _ = stage.stranger("Eva").await;
    let cohort = stage.cohort(5).await;
    let _ = applied(&ben, &cohort).await;
    let before = stage.entries().await;
    let path = format!("{cohort}/team-applications");
    let named = |addresses: Value| ana.post(&path, json!({ "colleagues": addresses }));
    // Of another organization, with an application of their own, nobody, and oneself: all alike.
    let refused = named(json!(["eva@example.org", "ben@example.org", "nobody@example.org", "ana@example.org"])).await;
    assert_eq!(refused.problem(422), "validation_failed");
    assert_eq!(refused.faults().len(), 4);
    let told: Vec<&Value> = refused.body["errors"].as_array().unwrap().iter().map(|fault| &fault["detail"]).collect();
    assert!(told.iter().all(|detail| *detail == told[0]), "{told:?}");
    assert_eq!(named(json!([])).await.problem(422), "validation_failed");
    assert_eq!(stage.entries().await, before);
}

async fn under_review_each_member_is_there_to_be_decided_about(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "rolling_review").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let cohort = stage.cohort(5).await;
    let team = sent(&[&ana, &ben], &cohort, &["Ben"], "all_or_none").await;
    assert_eq!(states(&team), ["submitted", "submitted"]);
    let _ = stage.staff.act(&format!("{}/offer", application_of(&team, &ana))).await.expect(200);
    assert_eq!(state(&ben, &application_of(&team, &ben)).await, "submitted");
    let seen = stage.staff.get(&format!("/v1/team-applications/{}", team["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(states(&seen), ["offered", "submitted"]);
}

async fn whom_staff_add_meanwhile_makes_the_team_smaller(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben, cy) = (stage.principal("Ana").await, stage.principal("Ben").await, stage.principal("Cy").await);
    let cohort = stage.cohort(3).await;
    let add = async |cohort: &str| {
        let wish = json!({"person_id": ben.person_id(), "reason": "The superintendent asked for it"});
        stage.staff.post(&format!("{cohort}/additions"), wish).await.expect(201)
    };
    let (path, _) = begun(&ana, &cohort, &["Ben", "Cy"], "all_or_none").await;
    let _ = add(&cohort).await;
    let _ = cy.act(&format!("{path}/agree")).await.expect(200);
    assert_eq!(states(&ana.act(&format!("{path}/submit")).await.expect(200)), ["enrolled", "enrolled", "enrolled"]);
    assert_eq!(stage.seats(&cohort).await, (3, 0, 0));
    // It can be given up, too.
    let other = stage.cohort_named("other", 3).await;
    let (path, forming) = begun(&ana, &other, &["Ben"], "all_or_none").await;
    let _ = add(&other).await;
    assert_eq!(states(&ana.act(&format!("{path}/withdraw")).await.expect(200)), ["enrolled", "withdrawn"]);
    assert_eq!(state(&ben, &application_of(&forming, &ben)).await, "enrolled");
}

async fn a_team_goes_along_when_its_cohort_is_merged_into_another(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (ana, ben) = (stage.principal("Ana").await, stage.principal("Ben").await);
    let (here, there) = (stage.cohort(3).await, stage.cohort_named("there", 3).await);
    let (path, _) = begun(&ana, &here, &["Ben"], "all_or_none").await;
    let merged = json!({"into_cohort_id": there.rsplit('/').next().unwrap(), "reason": "Too few people"});
    let _ = stage.staff.post(&format!("{here}/merge"), merged).await.expect(200);
    let team = ben.act(&format!("{path}/agree")).await.expect(200);
    assert_eq!((team["cohort_id"].as_str(), states(&team)), (there.rsplit('/').next(), vec!["draft", "draft"]), "each once");
    assert_eq!(states(&ana.act(&format!("{path}/submit")).await.expect(200)), ["enrolled", "enrolled"]);
    assert_eq!(stage.seats(&there).await, (2, 1, 0));
}
