//! Plans, and the agreements that are made from them.

use cohortium_domain::ids::PersonId;
use cohortium_tests::api::Api;
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Payroll, amounts, led_by, path, plan, session};
use crate::enrolling::Stage;

on_both_databases! {
    a_plan_is_replaced_and_its_faults_are_told,
    an_agreement_keeps_the_terms_under_which_it_was_made,
    a_cohort_has_one_agreement_however_many_make_it,
    staff_share_a_stipend_as_long_as_nothing_was_decided,
}

async fn a_plan_is_replaced_and_its_faults_are_told(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let path = format!("{}/stipend-plan", stage.program);
    let none = stage.staff.get(&path).await.expect(200);
    assert_eq!((&none["version"], &none["installments"], none.get("amount")), (&json!(0), &json!([]), None));
    let made = stage.staff.put(&path, plan()).await.expect(200);
    assert_eq!((&made["version"], &made["installments"]), (&json!(1), &plan()["installments"]));
    assert_eq!(stage.staff.get(&path).await.expect(200), made);

    let before = stage.entries().await;
    let mut wrong = plan();
    wrong["installments"][1]["key"] = json!("training");
    wrong["installments"][2]["amount_minor"] = json!(200_000);
    let refused = stage.staff.put(&path, wrong).await;
    assert_eq!(refused.problem(422), "validation_failed");
    assert_eq!(refused.faults(), [("#/installments", "invalid_value"), ("#/installments/1/key", "duplicate")]);
    assert_eq!(refused.body["errors"][0]["params"], json!({"sum_minor": 500_001, "amount_minor": 500_000}));
    let mut unheard = plan();
    unheard["installments"][0]["due_when"] = json!("moon_landed");
    assert_eq!(stage.staff.put(&path, unheard).await.faults(), [("#/installments/0/due_when", "invalid_value")]);
    let nothing = json!({"installments": plan()["installments"]});
    assert_eq!(stage.staff.put(&path, nothing).await.faults(), [("#/amount", "required")]);
    assert_eq!(stage.staff.request(Method::PUT, &path).json(&plan()).send().await.problem(428), "precondition_required");
    assert_eq!(stage.entries().await, before);

    let taken_back = stage.staff.put(&path, json!({"installments": []})).await.expect(200);
    assert_eq!((&taken_back["version"], taken_back.get("amount")), (&json!(2), None));
    let cohort = led_by(&stage, "unpaid", &[&stage.staff]).await;
    assert_eq!(stage.staff.act(&format!("{cohort}/stipend")).await.problem(409), "not_ready");
}

async fn an_agreement_keeps_the_terms_under_which_it_was_made(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let before = stage.staff.get(&payroll.stipend).await.expect(200);
    let other = json!({
        "amount": {"amount_minor": 700_000, "currency": "CAD"},
        "installments": [{"key": "all", "label": "All", "amount_minor": 700_000, "due_when": "training_held"}]
    });
    let _ = stage.staff.put(&format!("{}/stipend-plan", stage.program), other).await.expect(200);
    assert_eq!(stage.staff.get(&payroll.stipend).await.expect(200), before);
    // What was held before the agreement is due with it, by whoever marked it.
    let next = led_by(&stage, "the next", &[&payroll.lead]).await;
    let _ = payroll.lead.act(&format!("{}/hold", session(&payroll.lead, &next, "training").await)).await.expect(200);
    let made = stage.staff.act(&format!("{next}/stipend")).await.expect(201);
    assert_eq!(amounts(made["installments"].as_array().unwrap()), [("all".to_owned(), 700_000, "due".to_owned())]);
    assert_eq!(made["installments"][0]["marked_by"], json!(payroll.lead.person_id()));
    assert_eq!((&made["plan_version"], &made["amount"]["currency"]), (&json!(2), &json!("CAD")));
}

async fn a_cohort_has_one_agreement_however_many_make_it(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let _ = stage.staff.put(&format!("{}/stipend-plan", stage.program), plan()).await.expect(200);
    let lead = api.person(stage.coalition, "Lea", &[]).await;
    let cohort = led_by(&stage, "raced for", &[&lead]).await;
    let make = format!("{cohort}/stipend");
    let answers = join_all((0..20).map(|_| stage.staff.act(&make))).await;
    let refused = answers.iter().filter(|answer| answer.status != 201);
    assert_eq!(refused.map(|answer| answer.problem(409)).collect::<Vec<_>>(), ["already_exists"; 19]);
    assert_eq!(stage.staff.get("/v1/stipends?with_total=true").await.expect(200)["total"], 1);
    let nobody = led_by(&stage, "led by nobody", &[]).await;
    assert_eq!(stage.staff.act(&format!("{nobody}/stipend")).await.problem(409), "not_ready");
}

async fn staff_share_a_stipend_as_long_as_nothing_was_decided(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let (lead, co_lead) = (payroll.lead.person_id(), payroll.co_lead.person_id());
    let share = |person: &PersonId, amount_minor: i64| json!({"person_id": person, "amount_minor": amount_minor});
    let before = stage.entries().await;
    let wrong = json!({"shares": [share(&lead, 300_000), share(&stage.staff.person_id(), 200_001)]});
    let refused = stage.staff.patch(&payroll.stipend, wrong).await;
    assert_eq!(refused.faults(), [("#/shares", "invalid_value"), ("#/shares/1/person_id", "not_found")]);
    assert_eq!(stage.entries().await, before);

    let one_sided = json!({"shares": [share(&lead, 499_999), share(&co_lead, 1)]});
    let shared = stage.staff.patch(&payroll.stipend, one_sided.clone()).await.expect(200);
    assert_eq!((&shared["shares"], &shared["version"]), (&one_sided["shares"], &json!(2)));
    let told = amounts(shared["installments"].as_array().unwrap());
    assert_eq!(told.iter().map(|(_, amount_minor, _)| amount_minor).sum::<i64>(), 500_000);
    assert_eq!(told.len(), 4, "a cent cannot be parted: {told:?}");

    let alone = json!({"shares": [share(&co_lead, 500_000)]});
    let shared = stage.staff.patch(&payroll.stipend, alone.clone()).await.expect(200);
    assert_eq!(shared["installments"].as_array().unwrap().len(), 3);
    assert_eq!(payroll.lead.get(&payroll.stipend).await.problem(404), "not_found", "it is not hers any more");
    let first = path(&shared["installments"][0]);
    let _ = stage.staff.post(&format!("{first}/void"), json!({"reason": "Paid by the school"})).await.expect(200);
    assert_eq!(stage.staff.patch(&payroll.stipend, alone).await.faults(), [("#/shares", "frozen")]);
    assert_eq!(stage.staff.get(&payroll.stipend).await.expect(200)["allowed_actions"], json!([]));
}
