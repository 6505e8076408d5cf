//! Stipends, through HTTP.

mod agreements;
mod paying;
mod reading;

use cohortium_tests::api::{Answer, Session};
use serde_json::{Value, json};

use crate::enrolling::Stage;

/// Five thousand dollars in three installments.
pub fn plan() -> Value {
    json!({
        "amount": {"amount_minor": 500_000, "currency": "USD"},
        "installments": [
            installment("training", 200_000, "training_held"),
            installment("closeout", 100_001, "closeout_held"),
            installment("end", 199_999, "cohort_completed"),
        ]
    })
}

fn installment(key: &str, amount_minor: i64, due_when: &str) -> Value {
    json!({"key": key, "label": format!("After: {key}"), "amount_minor": amount_minor, "due_when": due_when})
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
