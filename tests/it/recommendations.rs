//! The cohorts that fit oneself, through HTTP.

use cohortium_domain::access::Actor;
use cohortium_domain::cohorts::{Audience, MeetingMode};
use cohortium_domain::ids::{Id, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::CapacityUpdate;
use cohortium_domain::text::{RoleKey, Title};
use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use cohortium_workflow as workflow;
use cohortium_workflow::cohorts::CohortWish;
use cohortium_workflow::input::Input;
use serde_json::{Value, json};

use crate::enrolling::{Stage, applied, cohort};

on_both_databases! {
    the_cohorts_that_fit_best_come_first,
    what_one_could_not_sign_up_to_is_not_recommended,
    however_many_cohorts_there_are_the_one_that_fits_best_comes_first,
}

async fn make(stage: &Stage<'_>, title: &str, max: u32, audience: Value) -> String {
    let mut wish = cohort(max);
    wish["title"] = json!(title);
    wish["audience"] = audience;
    let path = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await.header("location").to_owned();
    let _ = stage.staff.act(&format!("{path}/publish")).await.expect(200);
    path
}

fn audience(roles: &[&str]) -> Value {
    json!({"roles": roles, "levels": [], "organization_kinds": []})
}

async fn recommended(who: &Session<'_>, query: &str) -> Vec<(String, String, bool)> {
    let answer = who.get(&format!("/v1/me/recommended-cohorts{query}")).await.expect(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = answer["items"].as_array().unwrap().iter();
    items.map(|one| (text(&one["cohort"]["title"]), text(&one["eligibility"]["outcome"]), one["made_for_you"] == true)).collect()
}

fn one(title: &str, outcome: &str, made_for_you: bool) -> (String, String, bool) {
    (title.to_owned(), outcome.to_owned(), made_for_you)
}

async fn the_cohorts_that_fit_best_come_first(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let _ = make(&stage, "For anybody", 5, audience(&[])).await;
    let _ = make(&stage, "For teachers", 5, audience(&["teacher"])).await;
    let full = make(&stage, "For principals, and full", 1, audience(&["principal"])).await;
    let _ = make(&stage, "Room for principals", 5, audience(&["principal"])).await;
    let _ = applied(&stage.principal("Ana").await, &full).await;

    let ben = stage.principal("Ben").await;
    let all = [
        one("Room for principals", "met", true),
        one("For principals, and full", "met", true),
        one("For anybody", "met", false),
        one("For teachers", "unmet", false),
    ];
    assert_eq!(recommended(&ben, "").await, all);
    assert_eq!(recommended(&ben, "?limit=1").await, all[..1]);
    let answer = ben.get("/v1/me/recommended-cohorts").await.expect(200);
    let hint = &answer["items"][3]["eligibility"]["rules"][0];
    assert_eq!((&hint["rule"], &hint["outcome"]), (&json!("role"), &json!("unmet")));
    assert!(hint["hint"].as_str().unwrap().contains("teacher"));
    let nobody = recommended(&api.person(stage.coalition, "Nel", &[]).await, "").await;
    assert_eq!(nobody[0], one("For anybody", "met", false));
    assert!(nobody[1..].iter().all(|(_, outcome, _)| outcome == "unknown"), "{nobody:?}");

    // One of an organization and no more: what is asked of a seat is asked here too.
    let _ = stage.staff.patch(&stage.program, json!({"joining": {"max_per_organization": 1}})).await.expect(200);
    let last = recommended(&ben, "").await.pop().unwrap();
    let first = recommended(&ben, "").await.swap_remove(0);
    assert_eq!((first.0.as_str(), last.1.as_str()), ("Room for principals", "unmet"));
    let of_full = recommended(&ben, "").await.into_iter().find(|(title, ..)| title.ends_with("full")).unwrap();
    assert_eq!(of_full.1, "unmet", "Ana's seat counts");
}

async fn what_one_could_not_sign_up_to_is_not_recommended(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let ana = stage.principal("Ana").await;
    let _ = stage.draft_cohort(5).await;
    let applied_to = make(&stage, "Applied to", 5, audience(&[])).await;
    let leads = make(&stage, "Leads", 5, audience(&[])).await;
    let started = make(&stage, "Started", 5, audience(&[])).await;
    let open = make(&stage, "Open", 5, audience(&[])).await;
    let _ = applied(&ana, &applied_to).await;
    let _ = stage.staff.patch(&leads, json!({"facilitator_ids": [ana.person_id()]})).await.expect(200);
    let _ = stage.staff.act(&format!("{started}/start")).await.expect(200);
    assert_eq!(recommended(&ana, "").await, [one("Open", "met", false)]);
    let _ = stage.staff.post(&format!("{open}/cancel"), json!({"reason": "Too few people"})).await.expect(200);
    assert!(recommended(&ana, "").await.is_empty());
    for wrong in ["limit=0", "limit=51", "limit=x", "color=red"] {
        assert_eq!(ana.get(&format!("/v1/me/recommended-cohorts?{wrong}")).await.status, 400, "{wrong}");
    }
}

async fn however_many_cohorts_there_are_the_one_that_fits_best_comes_first(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let program = stage.program.rsplit('/').next().unwrap().parse().map(ProgramId::from_uuid).unwrap();
    let wish = |title: &str, roles: &[&str]| CohortWish {
        slug: None,
        title: Title::new(title).unwrap(),
        description: None,
        audience: Audience { roles: roles.iter().map(|role| RoleKey::new(role).unwrap()).collect(), ..Audience::default() },
        delivery: MeetingMode::Virtual,
        capacity: CapacityUpdate::default(),
        facilitators: Vec::new(),
        milestones: Vec::new(),
    };
    // More than are read at once, and the best of them the last by its title.
    let mut wishes: Vec<CohortWish> = (0..120).map(|number| wish(&format!("For anybody {number:03}"), &[])).collect();
    wishes.push(wish("Principals", &["principal"]));
    let made = api.write(stage.coalition, async |tx| {
        for wish in &wishes {
            let (cohort, _) = workflow::cohorts::create(tx, &Actor::Operator, program, &Input::given(wish.clone())).await?;
            workflow::cohorts::publish(tx, &Actor::Operator, cohort.id, Precondition::NotNeeded).await?;
        }
        Ok(())
    });
    let _: () = made.await;
    let ana = stage.principal("Ana").await;
    let found = recommended(&ana, "?limit=50").await;
    assert_eq!((found.len(), &found[0]), (50, &one("Principals", "met", true)));
}
