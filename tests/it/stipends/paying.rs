//! Installments, from what they wait for to their payment, and by whom.

use cohortium_domain::access::Grant;
use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Payroll, amounts, file, led_by, path, session};
use crate::enrolling::Stage;

on_both_databases! {
    a_stipend_goes_from_its_plan_to_its_payments,
    nobody_approves_or_pays_their_own_or_approves_what_they_marked,
    a_completed_cohort_makes_due_and_a_cancelled_one_voids,
    of_twenty_who_approve_or_pay_at_once_one_does,
    a_tax_form_is_filed_in_the_place_of_the_last,
    money_needs_a_fresh_sign_in,
}

async fn a_stipend_goes_from_its_plan_to_its_payments(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let (staff, lead) = (&stage.staff, &payroll.lead);
    let stipend = staff.get(&payroll.stipend).await.expect(200);
    let shares: Vec<i64> = stipend["shares"].as_array().unwrap().iter().map(|one| one["amount_minor"].as_i64().unwrap()).collect();
    assert_eq!(shares, [250_000, 250_000]);
    let pending = |key: &str, amount_minor| (key.to_owned(), amount_minor, "pending".to_owned());
    assert_eq!(
        amounts(&payroll.installments().await),
        [
            pending("closeout", 50_000),
            pending("closeout", 50_001),
            pending("end", 99_999),
            pending("end", 100_000),
            pending("training", 100_000),
            pending("training", 100_000),
        ]
    );
    let training = payroll.installment("training").await;
    assert_eq!(staff.act(&format!("{training}/approve")).await.problem(409), "invalid_state_transition");

    payroll.hold("training").await;
    let due = staff.get(&training).await;
    let etag = due.header("etag").to_owned();
    let due = due.expect(200);
    assert_eq!((&due["state"], &due["marked_by"]), (&json!("due"), &json!(lead.person_id())));
    assert_eq!((&due["due_at"], &due["allowed_actions"]), (&json!("2019-11-01T12:00:00.000Z"), &json!(["approve", "void"])));
    assert_eq!(lead.get(&training).await.expect(200)["allowed_actions"], json!([]));
    assert_eq!(lead.act(&format!("{training}/approve")).await.problem(403), "permission_denied");
    let stale = staff.request(Method::POST, &format!("{training}/approve")).header("if-match", "\"1-0\"").send().await;
    assert_eq!(stale.problem(412), "precondition_failed");
    let approve = staff.request(Method::POST, &format!("{training}/approve")).header("if-match", &etag);
    let approved = approve.send().await.expect(200);
    assert_eq!((&approved["state"], &approved["approved_by"]), (&json!("approved"), &json!(staff.person_id())));

    let before = stage.entries().await;
    assert_eq!(payroll.pay(staff, &training).await.problem(409), "tax_form_missing");
    file(staff, lead, json!({"kind": "w8ben", "received_on": "2019-01-02", "expires_on": "2019-10-31"})).await;
    assert_eq!(payroll.pay(staff, &training).await.problem(409), "tax_form_missing", "it has run out");
    payroll.file_form().await;
    for paid_on in ["2019-10-31", "2019-11-02"] {
        let refused = staff.post(&format!("{training}/pay"), json!({"reference": "Check 1", "paid_on": paid_on})).await;
        assert_eq!((refused.problem(422), refused.faults()), ("validation_failed", vec![("#/paid_on", "out_of_range")]));
    }
    assert_eq!(stage.entries().await, before + 2, "but for the forms");
    let paid = payroll.pay(staff, &training).await.expect(200);
    assert_eq!(
        (&paid["state"], &paid["paid_on"], &paid["reference"]),
        (&json!("paid"), &json!("2019-11-01"), &json!("Check 1047"))
    );
    let mail = api.mail().await;
    assert_eq!((mail.kind, mail.to.as_str()), (MailKind::StipendPaid, "lea@example.org"));
    assert!(!mail.text.contains("1047") && !mail.text.contains("1000"), "{}", mail.text);
    for step in ["approve", "void", "pay"] {
        let body = match step {
            "void" => json!({"reason": "A mistake"}),
            "pay" => json!({"reference": "Again"}),
            _ => json!({}),
        };
        let answer = staff.post(&format!("{training}/{step}"), body).await;
        assert_eq!(answer.problem(409), "invalid_state_transition", "{step}");
    }
    let ledger = staff.get(&payroll.stipend).await.expect(200)["ledger"].clone();
    let expected = json!({
        "currency": "USD", "pending_minor": 300_000, "due_minor": 100_000, "approved_minor": 0, "paid_minor": 100_000, "void_minor": 0
    });
    assert_eq!(ledger, expected);
}

async fn nobody_approves_or_pays_their_own_or_approves_what_they_marked(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let staff = api.person(stage.coalition, "Tia", &[Grant::Staff]).await;
    let cohort = led_by(&stage, "led by staff", &[&staff, &payroll.lead]).await;
    let made = stage.staff.act(&format!("{cohort}/stipend")).await.expect(201);
    for kind in ["training", "closeout"] {
        let held_by = if kind == "training" { &stage.staff } else { &payroll.lead };
        let _ = held_by.act(&format!("{}/hold", session(&stage.staff, &cohort, kind).await)).await.expect(200);
    }
    let of = |key: &str, who: &Session<'_>| {
        let person = json!(who.person_id());
        let found = made["installments"].as_array().unwrap().iter().find(|one| one["key"] == key && one["person_id"] == person);
        path(found.unwrap())
    };
    let before = stage.entries().await;
    let (marked, hers) = (of("training", &payroll.lead), of("closeout", &payroll.lead));
    assert_eq!(stage.staff.act(&format!("{marked}/approve")).await.problem(409), "same_person", "who marked it");
    assert_eq!(staff.act(&format!("{hers}/approve")).await.problem(409), "same_person", "who shares the stipend");
    assert_eq!(stage.staff.get(&marked).await.expect(200)["allowed_actions"], json!(["void"]));
    assert_eq!(stage.entries().await, before);

    let own = of("closeout", &staff);
    let _ = stage.staff.act(&format!("{own}/approve")).await.expect(200);
    file(&stage.staff, &staff, json!({"kind": "w9", "received_on": "2019-10-01"})).await;
    assert_eq!(payroll.pay(&staff, &own).await.problem(409), "same_person", "the payee");
    let _ = payroll.pay(&stage.staff, &own).await.expect(200);
}

async fn a_completed_cohort_makes_due_and_a_cancelled_one_voids(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    for step in ["publish", "start"] {
        let _ = stage.staff.act(&format!("{}/{step}", payroll.cohort)).await.expect(200);
    }
    let _ = payroll.lead.act(&format!("{}/complete", payroll.cohort)).await.expect(200);
    let end = stage.staff.get(&payroll.installment("end").await).await.expect(200);
    assert_eq!((&end["state"], &end["marked_by"]), (&json!("due"), &json!(payroll.lead.person_id())));

    let called_off = Payroll::of(&stage, "Max").await;
    let approved = called_off.approved("training").await;
    let _ = stage.staff.post(&format!("{}/cancel", called_off.cohort), json!({"reason": "Too few came"})).await.expect(200);
    let installments = called_off.installments().await;
    let told: Vec<_> = installments.iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(told.iter().filter(|state| **state == "void").count(), 5);
    assert!(installments.iter().filter(|one| one["state"] == "void").all(|one| one["void_reason"] == "Too few came"));
    called_off.file_form().await;
    let _ = called_off.pay(&stage.staff, &approved).await.expect(200);
    let late = stage.staff.act(&format!("{}/stipend", called_off.cohort)).await;
    assert_eq!(late.problem(409), "already_exists");
    let unpaid = led_by(&stage, "called off", &[&called_off.lead]).await;
    let _ = stage.staff.post(&format!("{unpaid}/cancel"), json!({"reason": "Too few came"})).await.expect(200);
    assert_eq!(stage.staff.act(&format!("{unpaid}/stipend")).await.problem(409), "invalid_state_transition");
}

async fn of_twenty_who_approve_or_pay_at_once_one_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    payroll.file_form().await;
    payroll.hold("training").await;
    let installment = payroll.installment("training").await;
    let before = stage.entries().await;
    let approve = format!("{installment}/approve");
    let approvals = join_all((0..20).map(|_| stage.staff.act(&approve))).await;
    let payments = join_all((0..20).map(|_| payroll.pay(&stage.staff, &installment))).await;
    for answers in [approvals, payments] {
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        let refused = answers.iter().filter(|answer| answer.status != 200);
        assert!(refused.clone().all(|answer| answer.problem(409) == "invalid_state_transition"));
    }
    assert_eq!((stage.entries().await, api.mails().await.len()), (before + 2, 1), "paid once, and told once");
}

async fn a_tax_form_is_filed_in_the_place_of_the_last(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let lead = api.person(stage.coalition, "Lea", &[]).await;
    let path = format!("/v1/people/{}/tax-form", lead.person_id());
    let none = stage.staff.get(&path).await;
    let etag = none.header("etag").to_owned();
    let none = none.expect(200);
    assert_eq!((&none["version"], none.get("kind")), (&json!(0), None));
    assert_eq!(lead.get(&path).await.problem(403), "permission_denied");
    let put = |etag: &str, form: Value| stage.staff.request(Method::PUT, &path).header("if-match", etag).json(&form).send();
    let before = stage.entries().await;
    let refused = put(&etag, json!({"kind": "w8ben", "received_on": "2019-11-02"})).await;
    assert_eq!(refused.faults(), [("#/expires_on", "required"), ("#/received_on", "out_of_range")]);
    assert_eq!(stage.entries().await, before);

    let form = json!({"kind": "w9", "received_on": "2019-11-01"});
    let answers = join_all((0..6).map(|_| put(&etag, form.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem(412) == "precondition_failed"));
    let next = json!({"kind": "w8ben", "received_on": "2019-11-01", "expires_on": "2022-12-31"});
    let filed = stage.staff.put(&path, next).await.expect(200);
    assert_eq!((&filed["kind"], &filed["expires_on"], &filed["version"]), (&json!("w8ben"), &json!("2022-12-31"), &json!(2)));
    let told = stage.staff.get("/v1/events?type=person.tax_form_filed").await.expect(200);
    let kinds: Vec<_> = told["items"].as_array().unwrap().iter().map(|event| event["data"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["w9", "w8ben"]);
}

async fn money_needs_a_fresh_sign_in(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    payroll.hold("training").await;
    let installment = payroll.installment("training").await;
    let before = stage.entries().await;
    api.environment().set(at("2019-11-01T12:16:00Z"));
    let refresh = json!({"refresh_token": stage.staff.refresh_token()});
    let tokens = api.anonymous().post("/v1/auth/refresh", refresh).await.expect(200);
    let staff = api.bearer(tokens["access_token"].as_str().unwrap());
    let form = format!("/v1/people/{}/tax-form", payroll.lead.person_id());
    for answer in [
        staff.act(&format!("{installment}/approve")).await,
        staff.post(&format!("{installment}/pay"), json!({"reference": "Check 1"})).await,
        staff.post(&format!("{installment}/void"), json!({"reason": "A mistake"})).await,
        staff.put(&form, json!({"kind": "w9", "received_on": "2019-11-01"})).await,
        staff.get(&format!("{}/stipend-ledger.csv", stage.program)).await,
    ] {
        assert_eq!(answer.problem(401), "insufficient_user_authentication");
    }
    let _ = staff.get(&installment).await.expect(200);
    assert_eq!(stage.entries().await, before);
}
