//! Stipends, through HTTP: from the plan to the payment, by whom, and what the bookkeeper gets.

use cohortium_domain::access::{ClientScope, Grant};
use cohortium_domain::ids::PersonId;
use cohortium_domain::mails::MailKind;
use cohortium_tests::api::{Answer, Api, Session, at};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::enrolling::Stage;

on_both_databases! {
    a_plan_is_replaced_and_its_faults_are_told,
    a_stipend_goes_from_its_plan_to_its_payments,
    an_agreement_keeps_the_terms_under_which_it_was_made,
    a_cohort_has_one_agreement_however_many_make_it,
    staff_share_a_stipend_as_long_as_nothing_was_decided,
    nobody_approves_or_pays_their_own_or_approves_what_they_marked,
    a_completed_cohort_makes_due_and_a_cancelled_one_voids,
    of_twenty_who_approve_or_pay_at_once_one_does,
    a_payee_sees_their_own_and_nobody_else_does,
    lists_are_filtered_and_summed,
    a_tax_form_is_filed_in_the_place_of_the_last,
    the_ledger_is_a_list_for_spreadsheets,
    money_needs_a_fresh_sign_in,
}

/// Five thousand dollars in three installments.
pub fn plan() -> Value {
    let installment = |key: &str, amount_minor: i64, due_when: &str| json!({"key": key, "label": format!("After: {key}"), "amount_minor": amount_minor, "due_when": due_when});
    json!({
        "amount": {"amount_minor": 500_000, "currency": "USD"},
        "installments": [
            installment("training", 200_000, "training_held"),
            installment("closeout", 100_001, "closeout_held"),
            installment("end", 199_999, "cohort_completed"),
        ]
    })
}

/// A cohort with a training and a close-out, a day before, and its stipend.
pub struct Payroll<'a> {
    pub stage: &'a Stage<'a>,
    lead: Session<'a>,
    co_lead: Session<'a>,
    cohort: String,
    stipend: String,
}

impl<'a> Payroll<'a> {
    /// With a lead of this name, and a second one.
    pub async fn of(stage: &'a Stage<'a>, name: &str) -> Self {
        let lead = stage.api.person(stage.coalition, name, &[]).await;
        let co_lead = stage.api.person(stage.coalition, &format!("{name}too"), &[]).await;
        let _ = stage.staff.put(&format!("{}/stipend-plan", stage.program), plan()).await.expect(200);
        let cohort = led_by(stage, &format!("cohort of {name}"), &[&lead, &co_lead]).await;
        let made = stage.staff.act(&format!("{cohort}/stipend")).await;
        let stipend = made.header("location").to_owned();
        let _ = made.expect(201);
        Self { stage, lead, co_lead, cohort, stipend }
    }

    /// The session of a kind is marked as held by the lead.
    async fn hold(&self, kind: &str) {
        let _ = self.lead.act(&format!("{}/hold", session(&self.lead, &self.cohort, kind).await)).await.expect(200);
    }

    async fn installments(&self) -> Vec<Value> {
        self.stage.staff.get(&self.stipend).await.expect(200)["installments"].as_array().unwrap().clone()
    }

    /// The address of what the lead is paid after something.
    async fn installment(&self, key: &str) -> String {
        let lead = json!(self.lead.person_id());
        path(self.installments().await.iter().find(|one| one["key"] == key && one["person_id"] == lead).unwrap())
    }

    /// The same, once its session was held and staff have approved it.
    pub async fn approved(&self, kind: &str) -> String {
        self.hold(kind).await;
        let installment = self.installment(kind).await;
        let _ = self.stage.staff.act(&format!("{installment}/approve")).await.expect(200);
        installment
    }

    async fn file_form(&self) {
        file(&self.stage.staff, &self.lead, json!({"kind": "w9", "received_on": "2019-10-01"})).await;
    }

    async fn pay(&self, who: &Session<'_>, installment: &str) -> Answer {
        who.post(&format!("{installment}/pay"), json!({"reference": "Check 1047"})).await
    }
}

async fn led_by(stage: &Stage<'_>, title: &str, leads: &[&Session<'_>]) -> String {
    let leads: Vec<_> = leads.iter().map(|lead| lead.person_id()).collect();
    let wish = json!({"title": title, "delivery": "virtual", "facilitator_ids": leads});
    let made = stage.staff.post(&format!("{}/cohorts", stage.program), wish).await;
    let cohort = made.header("location").to_owned();
    let _ = made.expect(201);
    for kind in ["training", "closeout"] {
        let held = json!({"kind": kind, "title": kind, "on": "2019-10-31", "wall_time": "09:00", "duration_minutes": 60, "delivery": "virtual"});
        let _ = stage.staff.post(&format!("{cohort}/sessions"), held).await.expect(201);
    }
    cohort
}

/// The address of a cohort's session of a kind.
async fn session(who: &Session<'_>, cohort: &str, kind: &str) -> String {
    let sessions = who.get(&format!("{cohort}/sessions")).await.expect(200);
    let found = sessions["items"].as_array().unwrap().iter().find(|session| session["kind"] == kind).unwrap().clone();
    format!("/v1/sessions/{}", found["id"].as_str().unwrap())
}

fn path(installment: &Value) -> String {
    format!("/v1/stipend-installments/{}", installment["id"].as_str().unwrap())
}

async fn file(staff: &Session<'_>, whose: &Session<'_>, form: Value) {
    let _ = staff.put(&format!("/v1/people/{}/tax-form", whose.person_id()), form).await.expect(200);
}

fn amounts(installments: &[Value]) -> Vec<(String, i64, String)> {
    let told = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        (text("key"), one["amount"]["amount_minor"].as_i64().unwrap(), text("state"))
    };
    let mut told: Vec<_> = installments.iter().map(told).collect();
    told.sort();
    told
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
    let expected = json!({"currency": "USD", "pending_minor": 300_000, "due_minor": 100_000, "approved_minor": 0, "paid_minor": 100_000, "void_minor": 0});
    assert_eq!(ledger, expected);
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

async fn a_payee_sees_their_own_and_nobody_else_does(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let stranger = api.person(stage.coalition, "Sid", &[]).await;
    let theirs = payroll.installment("training").await;
    for (payee, count) in [(&payroll.lead, 3), (&payroll.co_lead, 3)] {
        let seen = payee.get(&payroll.stipend).await.expect(200);
        let installments = seen["installments"].as_array().unwrap();
        assert!(installments.len() == count && installments.iter().all(|one| one["person_id"] == json!(payee.person_id())));
        assert_eq!((seen["ledger"]["pending_minor"].as_i64(), &seen["allowed_actions"]), (Some(250_000), &json!([])));
        let mine = payee.get("/v1/me/stipends").await.expect(200);
        assert_eq!((&mine["items"][0]["id"], &mine["ledgers"][0]["pending_minor"]), (&seen["id"], &json!(250_000)));
    }
    assert_eq!(payroll.co_lead.get(&theirs).await.problem(404), "not_found");
    assert_eq!(stranger.get(&payroll.stipend).await.problem(404), "not_found");
    assert_eq!(stranger.get("/v1/me/stipends").await.expect(200)["items"], json!([]));
    assert_eq!(payroll.lead.get("/v1/stipends").await.problem(403), "permission_denied");
    let bookkeeper = api.client(stage.coalition, &[ClientScope::StipendsRead]).await;
    assert_eq!(bookkeeper.get(&payroll.stipend).await.expect(200)["installments"].as_array().unwrap().len(), 6);
    let _ = bookkeeper.get(&theirs).await.expect(200);
    let crm = api.client(stage.coalition, &[ClientScope::MembersRead]).await;
    assert_eq!(crm.get("/v1/stipends").await.problem(403), "insufficient_scope");
}

async fn lists_are_filtered_and_summed(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let (first, second) = (Payroll::of(&stage, "Lea").await, Payroll::of(&stage, "Max").await);
    let _ = first.approved("training").await;
    let list = async |query: &str| {
        let page = stage.staff.get(&format!("/v1/stipends?{query}")).await.expect(200);
        let stipends: Vec<String> =
            page["items"].as_array().unwrap().iter().map(|one| format!("/v1/stipends/{}", one["id"].as_str().unwrap())).collect();
        (stipends, page)
    };
    // They were made at the same instant, and stand in the order of their ids.
    let mut both = vec![first.stipend.clone(), second.stipend.clone()];
    both.sort();
    let (all, page) = list("").await;
    assert_eq!((&all, page["ledgers"].as_array().unwrap().len()), (&both, 1));
    let sums = |page: &Value, name: &str| page["ledgers"][0][name].as_i64().unwrap();
    assert_eq!(
        (sums(&page, "approved_minor"), sums(&page, "due_minor"), sums(&page, "pending_minor")),
        (100_000, 100_000, 800_000)
    );
    let (approved, page) = list("state=approved&state=paid").await;
    assert_eq!(approved, [first.stipend.clone()]);
    assert_eq!((sums(&page, "approved_minor"), sums(&page, "pending_minor")), (100_000, 0), "what was asked for");
    let (hers, page) = list(&format!("person_id={}", second.lead.person_id())).await;
    assert_eq!((hers, sums(&page, "pending_minor")), (vec![second.stipend.clone()], 250_000));
    let (none, page) = list(&format!("state=paid&cohort_id={}", first.cohort.trim_start_matches("/v1/cohorts/"))).await;
    assert!(none.is_empty() && page["ledgers"] == json!([]));
    let (of_program, _) = list(&format!("program_id={}", stage.program.trim_start_matches("/v1/programs/"))).await;
    assert_eq!(of_program, both);
    let (one, page) = list("limit=1&with_total=true").await;
    assert_eq!((one.as_slice(), &page["total"], sums(&page, "pending_minor")), (&both[..1], &json!(2), 800_000));
    let (next, page) = list(&format!("limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((next.as_slice(), page.get("next_cursor")), (&both[1..], None));
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

async fn the_ledger_is_a_list_for_spreadsheets(database: TestDatabase) {
    let api = Api::start(&database).await;
    let stage = Stage::new(&api, "first_come").await;
    let payroll = Payroll::of(&stage, "Lea").await;
    let named = json!({"given_name": "=HYPERLINK(\"http://evil\")", "family_name": "+1", "external_id": "crm-7"});
    let _ = stage.staff.patch(&format!("/v1/people/{}", payroll.lead.person_id()), named).await.expect(200);
    let employment = json!({"organization_id": stage.school, "role": "principal", "level": "school", "starts_on": "2018-08-01"});
    let _ = payroll.lead.post("/v1/me/employments", employment).await.expect(201);
    let _ = stage.staff.patch(&payroll.cohort, json!({"title": "Rural \"leaders\",\nall"})).await.expect(200);
    payroll.file_form().await;
    let paid = payroll.approved("training").await;
    let _ = stage.staff.post(&format!("{paid}/pay"), json!({"reference": "-7+1"})).await.expect(200);

    let path = format!("{}/stipend-ledger.csv", stage.program);
    let file = stage.staff.get(&path).await;
    assert_eq!(file.status, 200, "{}", file.text);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"stipends-cop.csv\"");
    // The client takes the mark away where it reads text.
    assert!(file.text.trim_start_matches('\u{feff}').starts_with("installment_id,stipend_id,program,"), "{}", file.text);
    assert_eq!(file.text.matches("\r\n").count(), 7, "a line for each, and one for the names");
    let line = "\"'=HYPERLINK(\"\"http://evil\"\")\",'+1,lea@example.org,Cedar Hollow,,training,After: training,1000.00,100000,USD,paid,\
                2019-11-01,2019-11-01,2019-11-01,'-7+1,\r\n";
    assert!(file.text.contains(line), "{}", file.text);
    assert!(file.text.contains("\"Rural \"\"leaders\"\",\nall\"") && file.text.contains(",crm-7,"), "{}", file.text);
    let hers = stage.staff.get(&format!("{path}?state=paid&person_id={}", payroll.lead.person_id())).await;
    assert_eq!(hers.text.matches("\r\n").count(), 2);
    assert_eq!(payroll.lead.get(&path).await.problem(403), "permission_denied");
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
