//! Two coalitions alike, with whoever can call, and whatever can be called for.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cohortium_domain::access::{ClientScope, Grant};
use cohortium_domain::ids::{CoalitionId, EmploymentId, Id, ProposalId};
use cohortium_domain::links::{Link, LinkKind, Registration};
use cohortium_domain::text::{Email, Name};
use cohortium_domain::timeline::MilestoneKind;
use cohortium_domain::verifications::attestations::Attestation;
use cohortium_store::Environment;
use cohortium_tests::api::{Api, Session};
use cohortium_tests::issuer::Issuer;
use cohortium_workflow::links::Token;
use reqwest::Method;
use serde_json::{Value, json};

use super::table::{Role, Row, program, session};
use crate::evidence::files::PDF;
use crate::programs::dcsc_timeline;
use crate::proposals::proposal;
use crate::reviews::{rubric, scores};
use crate::second_factor::shown_by;

/// A server with two coalitions: ours, and theirs.
pub struct World<'a> {
    api: &'a Api,
    pub ours: Place<'a>,
    pub theirs: Place<'a>,
}

/// A coalition, with its people and its things.
pub struct Place<'a> {
    api: &'a Api,
    coalition: CoalitionId,
    sessions: BTreeMap<Role, Session<'a>>,
    expired: BTreeMap<Role, Session<'a>>,
    things: BTreeMap<&'static str, String>,
    basic: String,
}

impl<'a> World<'a> {
    pub async fn build(api: &'a Api, issuer: &Issuer) -> Self {
        Self { api, ours: Place::build(api, issuer, "dcsc").await, theirs: Place::build(api, issuer, "diso").await }
    }

    /// Whoever is allowed to do what the row says.
    pub fn caller(&self, row: &Row) -> Session<'a> {
        if row.operation.action().public() { self.nobody() } else { self.ours.session(row.may).clone() }
    }

    pub fn nobody(&self) -> Session<'a> {
        self.api.anonymous()
    }

    pub fn garbage(&self) -> Session<'a> {
        self.api.bearer("eyJhbGciOiJub25lIn0.e30.")
    }

    /// Who would be allowed, had its token not run out.
    pub fn expired(&self, row: &Row) -> Session<'a> {
        self.ours.expired[&row.may].clone()
    }

    /// How many journal entries there are in both coalitions.
    pub async fn entries(&self) -> [u64; 2] {
        [self.api.entries(self.ours.coalition).await, self.api.entries(self.theirs.coalition).await]
    }
}

impl<'a> Place<'a> {
    async fn build(api: &'a Api, issuer: &Issuer, slug: &str) -> Self {
        let coalition = api.coalition(slug).await;
        let mut place = Self {
            api,
            coalition,
            sessions: BTreeMap::new(),
            expired: BTreeMap::new(),
            things: BTreeMap::new(),
            basic: String::new(),
        };
        for role in Role::ALL {
            let grants: &[Grant] = match role {
                Role::Owner => &[Grant::Owner],
                Role::Staff => &[Grant::Staff],
                Role::Reviewer => &[Grant::Reviewer],
                Role::Member | Role::Author | Role::Facilitator | Role::Applicant => &[],
            };
            let session = api.person(coalition, &format!("{role:?}"), grants).await;
            place.expired.insert(role, expired(api, coalition, &session).await);
            place.sessions.insert(role, session);
        }
        let author = place.session(Role::Author).person_id();
        let second = api.sign_in(coalition, author).await;
        let listed = second.get("/v1/me/sessions").await.expect(200);
        let current = listed["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
        place.keep("sign-in", current["id"].as_str().unwrap().to_owned());
        place.keep("person", place.session(Role::Author).person_id().to_string());
        let with_app = api.person(coalition, "Enrolled", &[]).await;
        let _ = with_app.act("/v1/me/totp").await.expect(200);
        place.keep("person with an app", with_app.person_id().to_string());
        let app = place.session(Role::Applicant).act("/v1/me/totp").await.expect(200);
        place.keep("secret of an app", app["secret"].as_str().unwrap().to_owned());
        api.set_password(coalition, place.session(Role::Member).person_id(), "a phrase that the member knows").await;
        place.links().await;
        place.identities(issuer, slug).await;
        place.api_client().await;
        place.members().await;
        place.proposals().await;
        place.programs(slug).await;
        place.program(api).await;
        place.cohorts().await;
        place.stipends().await;
        place.keep("cohort in the catalog", format!("{slug}/cohorts/cohort"));
        place
    }

    /// People who are on their way to an account or an address, and the tokens of their links.
    async fn links(&mut self) {
        let movable = self.api.person(self.coalition, "Movable", &[]).await.person_id();
        let other = self.api.person(self.coalition, "Resetting", &[]).await.person_id();
        self.keep("movable person", movable.to_string());
        let email = |name: &str| Email::new(&format!("{name}@example.org")).unwrap();
        let registration = Registration { given_name: Name::new("Reg").unwrap(), family_name: Name::new("Tester").unwrap() };
        let environment = self.api.store().environment().clone();
        for (name, kind) in [
            ("token to register", LinkKind::Register),
            ("token to set up", LinkKind::SetUpAccount),
            ("token to confirm", LinkKind::ChangeEmail),
        ] {
            let token = Token::make(&*environment);
            let asked = self.api.write(self.coalition, async |tx| {
                let (id, now) = (tx.make_opaque_id(), tx.process_now());
                let link = match kind {
                    LinkKind::Register => Link::to_register(id, email("reg"), registration.clone(), now),
                    LinkKind::ChangeEmail => Link::ask(id, kind, Some(movable), email("moved"), now),
                    LinkKind::SetUpAccount | LinkKind::ResetPassword | LinkKind::Attest => {
                        Link::ask(id, kind, Some(other), email("resetting"), now)
                    }
                };
                tx.add_link(&link).await?;
                tx.give_token(link.id, link.person_id, &token.hash).await
            });
            asked.await;
            self.keep(name, token.text.clone());
        }
    }

    /// Who the author is at an outside issuer, and who it might be there as well.
    async fn identities(&mut self, issuer: &Issuer, slug: &str) {
        let author = self.session(Role::Author).clone();
        let token = |subject| issuer.token(slug, subject, self.api.environment().now());
        let (linked, other) = (token("author"), token("somebody"));
        self.make(&author, "identity", "/v1/me/identities", json!({ "access_token": linked })).await;
        self.keep("outside token", other);
    }

    /// An API client with its secret.
    async fn api_client(&mut self) {
        let wish = json!({"name": "CRM", "scopes": ["members:read"]});
        let made = self.session(Role::Owner).post("/v1/api-clients", wish).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (id, secret) = (text(&made["id"]), text(&made["secrets"][0]["id"]));
        self.basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{}", text(&made["client_secret"]))));
        self.keep("client secret", format!("{id}/secrets/{secret}"));
        self.keep("api client", id);
    }

    /// What the client sends to the token endpoints.
    pub fn basic(&self) -> &str {
        &self.basic
    }

    /// Organizations, roles and employments.
    async fn members(&mut self) {
        let staff = self.session(Role::Staff).clone();
        let author = self.session(Role::Author).clone();
        let _ = staff.put("/v1/roles", json!({"roles": [{"key": "principal", "label": "Principal"}]})).await.expect(200);
        self.make(
            &staff,
            "organization",
            "/v1/organizations",
            json!({"name": "Cedar Hollow", "kind": "charter_school", "state": "DC", "email_domains": ["cedarhollow.example"]}),
        )
        .await;
        let employment = json!({
            "organization_id": self.id("organization"), "role": "principal", "level": "school", "starts_on": "2015-08-01", "ends_on": "2016-06-30"
        });
        let path = format!("/v1/people/{}/employments", self.session(Role::Member).person_id());
        self.make(&staff, "employment", &path, employment.clone()).await;
        self.make(&author, "own employment", "/v1/me/employments", employment).await;
    }

    /// Proposals of the author: one as a draft whose call is open, and others handed in, whose call is over.
    async fn proposals(&mut self) {
        let (staff, author) = (self.session(Role::Staff).clone(), self.session(Role::Author).clone());
        for (name, due) in
            [("call", "2019-12-31"), ("past call", "2019-11-20"), ("call to finalize", "2019-11-20"), ("judged call", "2019-11-20")]
        {
            let days = [
                (MilestoneKind::ProposalsOpen, "2019-11-01"),
                (MilestoneKind::ProposalsDue, due),
                (MilestoneKind::OfferingsFinal, "2020-01-10"),
                (MilestoneKind::SignupOpens, "2020-01-15"),
                (MilestoneKind::Kickoff, "2020-02-03"),
                (MilestoneKind::Closeout, "2020-06-15"),
            ];
            let program = self.api.program(self.coalition, &name.replace(' ', "-"), &days).await;
            self.keep(name, program.to_string());
        }
        let open = format!("/v1/programs/{}/proposals", self.id("call"));
        for name in ["draft proposal", "joint proposal", "proposal to revise"] {
            self.make(&author, name, &open, proposal()).await;
        }
        let _ = author.act(&format!("/v1/proposals/{}/submit", self.id("proposal to revise"))).await.expect(200);
        for (name, email) in [("invitation", "applicant@example.org"), ("invitation to remove", "nobody@example.org")] {
            let facilitators = format!("/v1/proposals/{}/facilitators", self.id("joint proposal"));
            self.make(&author, name, &facilitators, json!({ "email": email })).await;
        }
        let past = format!("/v1/programs/{}/proposals", self.id("past call"));
        for name in ["proposal", "proposal to reject", "proposal to reserve", "proposal to decline"] {
            self.make(&author, name, &past, proposal()).await;
            let _ = author.act(&format!("/v1/proposals/{}/submit", self.id(name))).await.expect(200);
        }
        let _ = staff.act(&format!("/v1/proposals/{}/accept", self.id("proposal to decline"))).await.expect(200);
        self.reviews(&staff, &author).await;
        let _ = staff.put("/v1/clock", json!({"now": "2019-11-22T12:00:00Z"})).await.expect(200);
    }

    /// Proposals that the reviewer reviews, and one that nobody does.
    async fn reviews(&mut self, staff: &Session<'a>, author: &Session<'a>) {
        let (program, reviewer) = (format!("/v1/programs/{}", self.id("judged call")), self.session(Role::Reviewer).clone());
        let _ = staff.put(&format!("{program}/rubric"), rubric()).await.expect(200);
        for (name, review) in [
            ("judged proposal", Some("review")),
            ("second judged proposal", Some("review to reopen")),
            ("third judged proposal", Some("review to give back")),
            ("fourth judged proposal", Some("review to remove")),
            ("proposal to judge", None),
        ] {
            self.make(author, name, &format!("{program}/proposals"), proposal()).await;
            let path = format!("/v1/proposals/{}", self.id(name));
            let _ = author.act(&format!("{path}/submit")).await.expect(200);
            if let Some(review) = review {
                self.make(staff, review, &format!("{path}/reviews"), json!({"reviewer_id": reviewer.person_id()})).await;
            }
        }
        let path = format!("/v1/reviews/{}", self.id("review to reopen"));
        let _ = reviewer.patch(&path, json!({ "scores": scores(4) })).await.expect(200);
        let _ = reviewer.act(&format!("{path}/submit")).await.expect(200);
        let changed = ProposalId::from_uuid(self.id("second judged proposal").parse().unwrap());
        crate::reviews::hand_in_anew(self.api, self.coalition, changed).await;
    }

    /// A published program, and a verification that it asks for.
    async fn program(&mut self, api: &Api) {
        let program = crate::programs::published(self.session(Role::Staff)).await;
        let program = crate::verifications::id_in(&program);
        let employment = json!({
            "organization_id": self.id("organization"), "role": "principal", "level": "school", "starts_on": "2019-08-01"
        });
        let author = self.session(Role::Author).clone();
        self.make(&author, "current employment", "/v1/me/employments", employment).await;
        let employment = EmploymentId::from_uuid(self.id("current employment").parse().unwrap());
        let verification = crate::verifications::ask(api, self.coalition, program, employment).await;
        let path = format!("/v1/verifications/{}", verification.id);
        let uploaded =
            author.request(Method::POST, &format!("{path}/evidence")).file("letter.pdf", "application/pdf", PDF).send().await;
        let document = uploaded.expect(201)["id"].as_str().unwrap().to_owned();
        self.keep("document", format!("{}/evidence/{document}", verification.id));
        let asks = json!({"supervisor_email": "pat@cedarhollow.example"});
        let _ = author.post(&format!("{path}/attestations"), asks).await.expect(201);
        let token = Token::make(&**self.api.store().environment());
        let given = self.api.write(self.coalition, async |tx| {
            let asked = tx.attestations_of([verification.id]).await?;
            let link = asked.iter().find_map(Attestation::link_id).unwrap();
            tx.give_token(link, None, &token.hash).await
        });
        given.await;
        self.keep("token to attest", token.text);
        self.keep("verification", verification.id.to_string());
    }

    /// Programs, each for what is done to it.
    async fn programs(&mut self, slug: &str) {
        let staff = self.session(Role::Staff).clone();
        for name in ["program", "draft program", "program to close", "program to cancel"] {
            self.make(&staff, name, "/v1/programs", program(&name.replace(' ', "-"))).await;
            let path = format!("/v1/programs/{}", self.id(name));
            let _ = staff.put(&format!("{path}/timeline"), dcsc_timeline()).await.expect(200);
            if name != "draft program" {
                let _ = staff.act(&format!("{path}/publish")).await.expect(200);
            }
        }
        self.keep("catalog", slug.to_owned());
        self.keep("program in the catalog", format!("{slug}/programs/program"));
    }

    /// Cohorts of the facilitator's, under review and first come, and in each of them an application of the applicant's.
    async fn cohorts(&mut self) {
        let (staff, lead) = (self.session(Role::Staff).clone(), self.session(Role::Facilitator).clone());
        let applicant = self.session(Role::Applicant).clone();
        let school = json!({
            "name": "Elm Grove", "kind": "charter_school", "state": "DC", "membership": "active", "email_domains": ["example.org"]
        });
        self.make(&staff, "school", "/v1/organizations", school).await;
        let employment =
            json!({"organization_id": self.id("school"), "role": "principal", "level": "school", "starts_on": "2018-08-01"});
        self.make(&applicant, "applicant's employment", "/v1/me/employments", employment).await;
        for (name, mode) in [("reviewed program", "rolling_review"), ("first program", "first_come")] {
            let mut wish = program(&name.replace(' ', "-"));
            wish["delivery"] = json!("staff_led");
            wish["enrollment_mode"] = json!(mode);
            self.make(&staff, name, "/v1/programs", wish).await;
            let day = |kind: &str, on: &str| json!({"kind": kind, "on": on});
            let days = [
                day("signup_opens", "2019-11-01"),
                day("signup_soft_deadline", "2019-11-15"),
                day("kickoff", "2020-02-03"),
                day("closeout", "2020-06-15"),
            ];
            let path = format!("/v1/programs/{}", self.id(name));
            let _ = staff.put(&format!("{path}/timeline"), json!({ "milestones": days })).await.expect(200);
            let _ = staff.act(&format!("{path}/publish")).await.expect(200);
        }
        for (name, program, application, submit) in [
            ("cohort", "reviewed program", Some("draft application"), false),
            ("draft cohort", "reviewed program", None, false),
            ("cohort to start", "reviewed program", Some("application to offer"), true),
            ("cohort to cancel", "reviewed program", Some("application to decline"), true),
            ("second cohort", "reviewed program", Some("application to waitlist"), true),
            ("third cohort", "reviewed program", Some("application to withdraw"), true),
            ("fourth cohort", "first program", Some("enrollment"), true),
            ("fifth cohort", "first program", Some("enrollment to remove"), true),
            ("sixth cohort", "first program", None, false),
            ("seventh cohort", "first program", None, false),
            ("eighth cohort", "first program", None, false),
            ("ninth cohort", "first program", None, false),
            ("tenth cohort", "first program", None, false),
            ("cohort to merge", "first program", Some("enrollment to move"), true),
        ] {
            let wish = json!({"title": name, "delivery": "virtual", "facilitator_ids": [lead.person_id()]});
            self.make(&staff, name, &format!("/v1/programs/{}/cohorts", self.id(program)), wish).await;
            let path = format!("/v1/cohorts/{}", self.id(name));
            if name != "draft cohort" {
                let _ = staff.act(&format!("{path}/publish")).await.expect(200);
            }
            if let Some(application) = application {
                self.make(&applicant, application, &format!("{path}/applications"), json!({ "submit": submit })).await;
            }
        }
        let wish = json!({
            "title": "full cohort", "delivery": "virtual", "facilitator_ids": [lead.person_id()], "capacity": {"min": 1, "max": 1}
        });
        self.make(&staff, "full cohort", &format!("/v1/programs/{}/cohorts", self.id("first program")), wish).await;
        let path = format!("/v1/cohorts/{}", self.id("full cohort"));
        let _ = staff.act(&format!("{path}/publish")).await.expect(200);
        let addition = json!({"person_id": self.session(Role::Author).person_id(), "reason": "The office asked the school"});
        let _ = staff.post(&format!("{path}/additions"), addition).await.expect(201);
        self.make(&applicant, "waiting application", &format!("{path}/applications"), json!({"submit": true})).await;
        self.teams(&applicant).await;
        let file = applicant.request(Method::POST, "/v1/me/files").file("cv.pdf", "application/pdf", PDF).send().await;
        self.keep("file", file.expect(201)["id"].as_str().unwrap().to_owned());
        let draft = json!({"answers": {"cv": self.id("file")}});
        let drafts = format!("/v1/cohorts/{}/applications", self.id("tenth cohort"));
        self.make(&applicant, "draft that names a file", &drafts, draft).await;
        let sessions = format!("/v1/cohorts/{}/sessions", self.id("cohort"));
        self.make(&lead, "session", &sessions, session("2020-03-03")).await;
    }

    /// A cohort of the facilitator's with a stipend, of which two installments are due.
    async fn stipends(&mut self) {
        let (staff, lead) = (self.session(Role::Staff).clone(), self.session(Role::Facilitator).clone());
        let plan = format!("/v1/programs/{}/stipend-plan", self.id("reviewed program"));
        let _ = staff.put(&plan, crate::stipends::plan()).await.expect(200);
        let wish = json!({"title": "paid cohort", "delivery": "virtual", "facilitator_ids": [lead.person_id()]});
        let cohorts = format!("/v1/programs/{}/cohorts", self.id("reviewed program"));
        self.make(&staff, "paid cohort", &cohorts, wish).await;
        self.keep("facilitator", lead.person_id().to_string());
        let sessions = format!("/v1/cohorts/{}/sessions", self.id("paid cohort"));
        for (name, kind) in [("training", "training"), ("closeout", "closeout"), ("past session", "call")] {
            let mut past = session("2019-11-20");
            past["kind"] = json!(kind);
            self.make(&lead, name, &sessions, past).await;
        }
        let made = staff.act(&format!("/v1/cohorts/{}/stipend", self.id("paid cohort"))).await.expect(201);
        for name in ["training", "closeout"] {
            let _ = lead.act(&format!("/v1/sessions/{}/hold", self.id(name))).await.expect(200);
        }
        let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        self.keep("stipend", id(&made));
        self.keep("installment", id(&made["installments"][0]));
        self.keep("installment to void", id(&made["installments"][1]));
    }

    /// Teams of the applicant and a colleague, who has agreed.
    async fn teams(&mut self, applicant: &Session<'_>) {
        let colleague = self.api.person(self.coalition, "Colleague", &[]).await;
        let employment =
            json!({"organization_id": self.id("school"), "role": "principal", "level": "school", "starts_on": "2018-08-01"});
        let _ = colleague.post("/v1/me/employments", employment).await.expect(201);
        for (name, cohort) in [("team", "seventh cohort"), ("team to withdraw", "eighth cohort")] {
            let path = format!("/v1/cohorts/{}/team-applications", self.id(cohort));
            self.make(applicant, name, &path, json!({"colleagues": ["colleague@example.org"]})).await;
            let _ = colleague.act(&format!("/v1/team-applications/{}/agree", self.id(name))).await.expect(200);
        }
    }

    /// Makes a thing by HTTP, and keeps its id under this name.
    async fn make(&mut self, who: &Session<'_>, name: &'static str, path: &str, body: Value) {
        let made = who.post(path, body).await.expect(201);
        self.keep(name, made["id"].as_str().unwrap().to_owned());
    }

    /// A client of the coalition's with these scopes.
    pub async fn client(&self, scopes: &[ClientScope]) -> Session<'a> {
        self.api.client(self.coalition, scopes).await
    }

    fn keep(&mut self, name: &'static str, id: String) {
        self.things.insert(name, id);
    }

    pub fn coalition(&self) -> CoalitionId {
        self.coalition
    }

    pub fn session(&self, role: Role) -> &Session<'a> {
        &self.sessions[&role]
    }

    /// The id of a thing.
    pub fn id(&self, name: &str) -> &str {
        self.things.get(name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// What the applicant's app shows.
    pub fn code(&self) -> String {
        shown_by(self.id("secret of an app"), self.api.environment().now())
    }

    /// All things, by name.
    pub fn things(&self) -> impl Iterator<Item = (&str, &str)> {
        self.things.iter().map(|(name, id)| (*name, id.as_str()))
    }
}

/// The same person, signed in an hour ago.
async fn expired<'a>(api: &'a Api, coalition: CoalitionId, session: &Session<'_>) -> Session<'a> {
    let now = api.environment().now();
    api.environment().set(now.plus(chrono::Duration::hours(-1)));
    let session = api.sign_in(coalition, session.person_id()).await;
    api.environment().set(now);
    session
}
