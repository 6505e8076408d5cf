//! Whole years through HTTP, as everybody in them sees them: the office, those who lead a cohort, those who join one, and the
//! public.

mod dcsc;
mod diso;

use cohortium_domain::access::Grant;
use cohortium_domain::coalitions::Clock;
use cohortium_domain::ids::CoalitionId;
use cohortium_tests::api::{Answer, Api, Session, at};
use serde_json::{Value, json};

/// A coalition with its office, and a school whose people have addresses at it.
struct Year<'a> {
    api: &'a Api,
    coalition: CoalitionId,
    slug: &'static str,
    staff: Session<'a>,
    school: String,
}

impl<'a> Year<'a> {
    async fn begin(api: &'a Api, slug: &'static str, clock: Clock) -> Self {
        let coalition = api.coalition_with(slug, clock).await;
        let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
        let role = |key: &str| json!({"key": key, "label": key});
        let _ = staff.put("/v1/roles", json!({"roles": [role("principal"), role("teacher")]})).await.expect(200);
        let school = json!({
            "name": "Cedar Hollow", "kind": "charter_school", "state": "CO", "membership": "active", "email_domains": ["example.org"],
        });
        let school = id(&staff.post("/v1/organizations", school).await.expect(201));
        Self { api, coalition, slug, staff, school }
    }

    async fn set_clock(&self, now: &str) {
        let _ = self.staff.put("/v1/clock", json!({ "now": now })).await.expect(200);
    }

    /// Moves the clock to the last second before an instant, and gives what takes it there.
    async fn second_before(&self, instant: &str) -> Value {
        self.set_clock(&at(instant).plus(chrono::Duration::seconds(-1)).to_string()).await;
        json!({ "to": instant })
    }

    /// Moves the clock on.
    async fn advance(&self, by: Value) {
        let _ = self.staff.post("/v1/clock/advance", by).await.expect(200);
    }

    /// Somebody who works at the school in this role, since 2018 and until a day, where one is named.
    async fn works(&self, name: &str, role: &str, until: Option<&str>) -> Session<'a> {
        let person = self.api.person(self.coalition, name, &[]).await;
        let mut employment = json!({"organization_id": self.school, "role": role, "level": "school", "starts_on": "2018-08-01"});
        if let Some(until) = until {
            employment["ends_on"] = json!(until);
        }
        let list = format!("/v1/people/{}/employments", person.person_id());
        let _ = self.staff.post(&list, employment).await.expect(201);
        person
    }

    /// What the public reads of the program: its phase, and what comes next on which day.
    async fn public(&self) -> (String, String) {
        let catalog = self.api.anonymous().get(&format!("/v1/catalog/{}", self.slug)).await.expect(200);
        let program = &catalog["programs"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let next = program.get("next_milestone").map(|next| format!("{} {}", text(&next["kind"]), text(&next["on"])));
        (text(&program["phase"]), next.unwrap_or_default())
    }

    /// What the public reads of a cohort.
    async fn public_cohort(&self, path: &str) -> Value {
        let address = format!("/v1/catalog/{}/cohorts", self.slug);
        let cohorts = self.api.anonymous().get(&address).await.expect(200);
        let found = cohorts["items"].as_array().unwrap().iter().find(|cohort| path.ends_with(&id(cohort))).unwrap();
        let alone = format!("{address}/{}", found["slug"].as_str().unwrap());
        let alone = self.api.anonymous().get(&alone).await.expect(200);
        assert!(found.as_object().unwrap().iter().all(|(name, value)| alone[name] == *value), "{found} in the list, alone {alone}");
        found.clone()
    }

    /// Sets the program's year and what participants accept, and publishes it.
    async fn publish(&self, program: Value, milestones: Value) -> String {
        let made = self.staff.post("/v1/programs", program).await;
        let path = made.header("location").to_owned();
        let _ = made.expect(201);
        let _ = self.staff.put(&format!("{path}/timeline"), milestones).await.expect(200);
        let promise = json!({"label": "Every meeting", "text": "I come to every meeting of my cohort."});
        let _ = self.staff.put(&format!("{path}/commitments"), json!({"commitments": [promise]})).await.expect(200);
        let _ = self.staff.act(&format!("{path}/publish")).await.expect(200);
        path
    }
}

/// Sends an application to a cohort, accepting what is asked for: the refusal says what that is.
async fn sign_up(who: &Session<'_>, cohort: &str) -> Answer {
    let list = format!("{cohort}/applications");
    let asked = who.post(&list, json!({"submit": true})).await;
    let commitments = asked_for(&asked);
    who.post(&list, json!({"submit": true, "commitments": commitments})).await
}

/// What an answer asks to be accepted, as it is accepted.
fn asked_for(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.problem(422), "commitments_missing");
    let faults = answer.body["errors"].as_array().unwrap().iter();
    faults.map(|fault| json!({"commitment_id": fault["params"]["commitment_id"], "version": fault["params"]["version"]})).collect()
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// A test clock that shows this instant.
fn sandbox(now: &str) -> Clock {
    Clock::Test { now: at(now) }
}

/// Where an application is read.
fn path_of(application: &Value) -> String {
    format!("/v1/applications/{}", id(application))
}
