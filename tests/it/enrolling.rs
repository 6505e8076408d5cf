//! What the tests of cohorts and applications begin with: a coalition in whose program one can sign up.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::coalitions::{Clock, Coalition};
use cohortium_domain::ids::CoalitionId;
use cohortium_tests::api::{Answer, Api, Session, at};
use serde_json::{Value, json};

/// A coalition with a program whose sign-up is open, from Oct 17 to the kick-off on Dec 9; it is Nov 1, at noon.
pub struct Stage<'a> {
    pub api: &'a Api,
    pub coalition: CoalitionId,
    pub staff: Session<'a>,
    /// Where an address at the organization verifies by itself.
    pub school: String,
    /// Where it does not.
    pub other_school: String,
    /// The address of the program.
    pub program: String,
}

impl<'a> Stage<'a> {
    /// With a program of this enrollment mode.
    pub async fn new(api: &'a Api, mode: &str) -> Self {
        Self::with_clock(api, mode, Clock::Test { now: at("2019-11-01T12:00:00Z") }).await
    }

    /// The same, in a coalition with this clock.
    pub async fn with_clock(api: &'a Api, mode: &str, clock: Clock) -> Self {
        api.environment().set(at("2019-11-01T12:00:00Z"));
        let coalition = api.coalition_with("dcsc", clock).await;
        let staff = api.person(coalition, "Sam", &[Grant::Staff]).await;
        let roles = json!({"roles": [{"key": "principal", "label": "Principal"}, {"key": "teacher", "label": "Teacher"}]});
        let _ = staff.put("/v1/roles", roles).await.expect(200);
        let school = |name: &str, domains: &[&str]| {
            let school =
                json!({"name": name, "kind": "charter_school", "state": "DC", "membership": "active", "email_domains": domains});
            staff.post("/v1/organizations", school)
        };
        let (first, second) = (school("Cedar Hollow", &["example.org"]).await, school("Elm Grove", &[]).await);
        let program = json!({
            "slug": "cop", "name": "Communities of Practice", "school_year": "2019-20", "time_zone": "America/New_York",
            "delivery": "staff_led", "enrollment_mode": mode, "capacity": {"min": 2, "max": 20},
            "terms": {"hold_days": 3, "offer_days": 3},
        });
        let program = staff.post("/v1/programs", program).await;
        let path = program.header("location").to_owned();
        let _ = program.expect(201);
        let on = |kind: &str, day: &str| json!({"kind": kind, "on": day});
        let timeline = json!({"milestones": [
            on("signup_opens", "2019-10-17"),
            on("signup_soft_deadline", "2019-11-14"),
            on("kickoff", "2019-12-09"),
            on("closeout", "2020-06-15"),
        ]});
        let _ = staff.put(&format!("{path}/timeline"), timeline).await.expect(200);
        let _ = staff.act(&format!("{path}/publish")).await.expect(200);
        Self { api, coalition, school: id(first.expect(201)), other_school: id(second.expect(201)), staff, program: path }
    }

    /// Makes a cohort for principals with so many seats, and publishes it; gives its address.
    pub async fn cohort(&self, max: u32) -> String {
        let path = self.draft_cohort(max).await;
        let _ = self.staff.act(&format!("{path}/publish")).await.expect(200);
        path
    }

    /// The same, with this title.
    pub async fn cohort_named(&self, title: &str, max: u32) -> String {
        let mut wish = cohort(max);
        wish["title"] = json!(title);
        let made = self.staff.post(&format!("{}/cohorts", self.program), wish).await;
        let path = made.header("location").to_owned();
        let _ = made.expect(201);
        let _ = self.staff.act(&format!("{path}/publish")).await.expect(200);
        path
    }

    /// Makes a cohort for principals with so many seats; gives its address.
    pub async fn draft_cohort(&self, max: u32) -> String {
        let made = self.staff.post(&format!("{}/cohorts", self.program), cohort(max)).await;
        let path = made.header("location").to_owned();
        let _ = made.expect(201);
        path
    }

    /// A principal, whose employment is verified as soon as it is asked for.
    pub async fn principal(&self, name: &str) -> Session<'a> {
        self.employed(name, &self.school, "principal").await
    }

    /// A principal, whose employment staff must verify.
    pub async fn stranger(&self, name: &str) -> Session<'a> {
        self.employed(name, &self.other_school, "principal").await
    }

    /// Somebody who works in a role at a school.
    pub async fn employed(&self, name: &str, school: &str, role: &str) -> Session<'a> {
        let person = self.api.person(self.coalition, name, &[]).await;
        let employment = json!({"organization_id": school, "role": role, "level": "school", "starts_on": "2018-08-01"});
        let _ = person.post("/v1/me/employments", employment).await.expect(201);
        person
    }

    /// Moves the coalition's clock.
    pub async fn reach(&self, instant: &str) {
        let _ = self.staff.put("/v1/clock", json!({"now": instant})).await.expect(200);
    }

    /// Moves the coalition's clock, and lets nothing happen on the way: as where jobs stand still.
    pub async fn reach_without_jobs(&self, instant: &str) {
        let moved = self.api.write(self.coalition, async |tx| {
            let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
            tx.save(coalition.move_clock(at(instant))?, &Actor::Operator).await
        });
        let _ = moved.await;
    }

    /// Takes the employment for verified on which an application stands.
    pub async fn verify(&self, application: &Value) -> Answer {
        let path = format!("/v1/verifications/{}/verify", application["verification_id"].as_str().unwrap());
        self.staff.post(&path, json!({"reason": "The school was asked"})).await
    }

    /// The cohort's counters: held, left and waiting.
    pub async fn seats(&self, cohort: &str) -> (u64, u64, u64) {
        let cohort = self.staff.get(cohort).await.expect(200);
        let number = |value: &Value| value.as_u64().unwrap();
        (number(&cohort["seats"]["held"]), number(&cohort["seats"]["left"]), number(&cohort["waitlist_length"]))
    }

    pub async fn entries(&self) -> u64 {
        self.api.entries(self.coalition).await
    }
}

/// What a cohort for principals is made of.
pub fn cohort(max: u32) -> Value {
    json!({
        "title": "Rural Leadership", "delivery": "virtual", "capacity": {"min": 1, "max": max},
        "audience": {"roles": ["principal"], "levels": [], "organization_kinds": []},
    })
}

/// Applies to a cohort, at once.
pub async fn apply(who: &Session<'_>, cohort: &str) -> Answer {
    who.post(&format!("{cohort}/applications"), json!({"submit": true})).await
}

/// The same, of somebody who may; gives the address of the application and its state.
pub async fn applied(who: &Session<'_>, cohort: &str) -> (String, Value) {
    let made = apply(who, cohort).await;
    (made.header("location").to_owned(), made.expect(201))
}

/// The state of an application, as its owner reads it.
pub async fn state(who: &Session<'_>, application: &str) -> String {
    who.get(application).await.expect(200)["state"].as_str().unwrap().to_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "the body of an answer is handed over as it comes")]
pub fn id(thing: Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}
