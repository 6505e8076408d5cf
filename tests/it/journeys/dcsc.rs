//! DCSC's year: a call for proposals, cohorts made of those that were confirmed, and a sign-up for who comes first.

use cohortium_domain::access::Grant;
use cohortium_tests::api::{Api, Session};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::on_both_databases;
use serde_json::{Value, json};

use super::{Year, asked_for, id, path_of, sandbox, sign_up};
use crate::programs::{dcsc, dcsc_timeline};
use crate::proposals::proposal;

on_both_databases! {
    a_year_goes_from_its_call_to_its_close_milestone_by_milestone,
}

/// A phase, and the milestone that comes next, with its day.
type Stand = (&'static str, &'static str);

/// An instant of the year at which the public reads another thing than a second before: New York's midnights, and the start of the
/// kick-off.
type Turn = (&'static str, Stand, Stand);

const CALL_OPENS: Turn =
    ("2019-09-12T04:00:00Z", ("scheduled", "proposals_open 2019-09-12"), ("accepting_proposals", "proposals_due 2019-10-03"));
const CALL_ENDS: Turn = (
    "2019-10-04T04:00:00Z",
    ("accepting_proposals", "proposals_due 2019-10-03"),
    ("reviewing_proposals", "offerings_final 2019-10-10"),
);
const CONFIRMATIONS_DUE: Turn = (
    "2019-10-11T04:00:00Z",
    ("reviewing_proposals", "offerings_final 2019-10-10"),
    ("reviewing_proposals", "signup_opens 2019-10-17"),
);
const SIGNUP_OPENS: Turn =
    ("2019-10-17T04:00:00Z", ("offerings_final", "signup_opens 2019-10-17"), ("signup_open", "signup_soft_deadline 2019-11-14"));
const SOFT_DEADLINE: Turn =
    ("2019-11-15T05:00:00Z", ("signup_open", "signup_soft_deadline 2019-11-14"), ("signup_late", "kickoff 2019-12-09"));
const DAY_OF_THE_KICKOFF: Turn =
    ("2019-12-09T05:00:00Z", ("signup_late", "kickoff 2019-12-09"), ("signup_late", "in_person_training 2020-01-30"));
const KICKOFF: Turn =
    ("2019-12-09T21:00:00Z", ("signup_late", "in_person_training 2020-01-30"), ("in_session", "in_person_training 2020-01-30"));
const CLOSEOUT: Turn = ("2020-06-16T04:00:00Z", ("in_session", "closeout 2020-06-15"), ("closed", ""));

/// What comes between the kick-off and the close-out; in March New York's clocks go forward.
const MEETINGS: [Turn; 5] = [
    ("2020-01-30T05:00:00Z", ("in_session", "in_person_training 2020-01-30"), ("in_session", "call 2020-02-14")),
    ("2020-02-14T05:00:00Z", ("in_session", "call 2020-02-14"), ("in_session", "call 2020-03-16")),
    ("2020-03-16T04:00:00Z", ("in_session", "call 2020-03-16"), ("in_session", "call 2020-04-15")),
    ("2020-04-15T04:00:00Z", ("in_session", "call 2020-04-15"), ("in_session", "call 2020-05-15")),
    ("2020-05-15T04:00:00Z", ("in_session", "call 2020-05-15"), ("in_session", "closeout 2020-06-15")),
];

/// The year, its program's address, and two groups: one that fills, and one that does not.
struct Dcsc<'a> {
    year: Year<'a>,
    program: String,
}

/// A group, and who leads it.
struct Group<'a> {
    facilitator: Session<'a>,
    path: String,
}

async fn a_year_goes_from_its_call_to_its_close_milestone_by_milestone(database: TestDatabase) {
    let api = Api::start(&database).await;
    let dcsc = Dcsc::planned(&api).await;
    let proposals = dcsc.call_for_proposals().await;
    dcsc.decide(&proposals).await;
    let [full, small] = dcsc.finalize(proposals).await;
    let amara = dcsc.first_come(&full).await;
    dcsc.a_small_group_is_at_risk(&small).await;
    dcsc.kick_off(&small).await;
    dcsc.meet(&full, &amara).await;
    dcsc.close(&[full, small], &amara).await;
}

impl<'a> Dcsc<'a> {
    async fn planned(api: &'a Api) -> Self {
        let year = Year::begin(api, "dcsc", sandbox("2019-09-03T14:00:00Z")).await;
        let mut program = dcsc();
        program["joining"] = json!({"active_membership": true});
        let program = year.publish(program, dcsc_timeline()).await;
        Self { year, program }
    }

    /// What the public reads a second before the instant.
    async fn before(&self, (instant, before, _): Turn) -> Value {
        let there = self.year.second_before(instant).await;
        self.reads(before, instant).await;
        there
    }

    /// The clock goes on to the instant, and the public reads another thing.
    async fn at(&self, there: Value, (instant, _, after): Turn) {
        self.year.advance(there).await;
        self.reads(after, instant).await;
    }

    async fn turns(&self, turn: Turn) {
        let there = self.before(turn).await;
        self.at(there, turn).await;
    }

    async fn reads(&self, (phase, next): Stand, instant: &str) {
        assert_eq!(self.year.public().await, (phase.to_owned(), next.to_owned()), "around {instant}");
    }

    async fn draft(&self, name: &str) -> (Session<'a>, String) {
        let author = self.year.works(name, "principal", None).await;
        let mut content = proposal();
        (content["title"], content["preferred_capacity"]) = (json!(format!("{name}'s group")), json!({"min": 2, "max": 3}));
        let made = author.post(&format!("{}/proposals", self.program), content).await;
        let path = made.header("location").to_owned();
        let _ = made.expect(201);
        (author, path)
    }

    /// Four are handed in while the call is open, and a fifth comes too late.
    async fn call_for_proposals(&self) -> Vec<(Session<'a>, String)> {
        let there = self.before(CALL_OPENS).await;
        let (ana, first) = self.draft("Ana").await;
        let submit = |path: &str| format!("{path}/submit");
        assert_eq!(ana.act(&submit(&first)).await.problem(409), "window_closed", "a second too early");
        self.at(there, CALL_OPENS).await;
        assert_eq!(ana.act(&submit(&first)).await.expect(200)["state"], "submitted");

        let mut proposals = vec![(ana, first)];
        for name in ["Ben", "Cal", "Dee"] {
            let (author, path) = self.draft(name).await;
            self.year.advance(json!({"days": 3, "hours": 2})).await;
            let _ = author.act(&submit(&path)).await.expect(200);
            proposals.push((author, path));
        }
        let (eve, late) = self.draft("Eve").await;
        assert_eq!(eve.get(&proposals[0].1).await.problem(404), "not_found", "it is its author's, and the office's");
        self.turns(CALL_ENDS).await;
        assert_eq!(eve.act(&submit(&late)).await.problem(409), "window_closed", "at the very instant");
        proposals
    }

    /// Ana and Ben are accepted, Cal is in reserve, Dee is not accepted; Ben confirms too late, so that Cal has his place.
    async fn decide(&self, proposals: &[(Session<'_>, String)]) {
        let [(ana, first), (ben, second), (cal, third), (dee, fourth)] = proposals else { panic!("there are four") };
        let staff = &self.year.staff;
        for (path, decision) in [(first, "accept"), (second, "accept"), (third, "reserve"), (fourth, "reject")] {
            let _ = staff.post(&format!("{path}/{decision}"), json!({"reason": "Read by two of us"})).await.expect(200);
        }
        let state = async |who: &Session<'_>, path: &str| who.get(path).await.expect(200)["state"].clone();
        assert_ne!(state(dee, fourth).await, "rejected", "nobody knows before all do");
        let _ = staff.act(&format!("{}/proposals/release", self.program)).await.expect(200);
        assert_eq!((state(dee, fourth).await, state(ana, first).await), (json!("rejected"), json!("accepted")));
        let confirm = |path: &str| format!("{path}/confirm");
        assert_eq!(ana.act(&confirm(first)).await.expect(200)["state"], "confirmed");

        let there = self.before(CONFIRMATIONS_DUE).await;
        assert_eq!(state(ben, second).await, "accepted");
        self.at(there, CONFIRMATIONS_DUE).await;
        let late = ben.act(&confirm(second)).await;
        assert_eq!((late.problem(409), &late.body["current_state"]), ("invalid_state_transition", &json!("declined")));
        assert_eq!(state(cal, third).await, "accepted", "the first in reserve has the place");
        assert_eq!(staff.get(&self.program).await.expect(200)["blocked_by"], json!(["offerings_not_final"]));
        let finalize = format!("{}/finalize-offerings", self.program);
        assert_eq!(staff.act(&finalize).await.status, 409, "one acceptance is still open");
        let _ = cal.act(&confirm(third)).await.expect(200);
        assert_eq!(cal.act(&finalize).await.problem(403), "permission_denied");
        let program = staff.act(&finalize).await.expect(200);
        assert_eq!((&program["phase"], &program["blocked_by"]), (&json!("offerings_final"), &json!([])));
    }

    /// The two that were confirmed are groups now, which their authors lead.
    async fn finalize(&self, proposals: Vec<(Session<'a>, String)>) -> [Group<'a>; 2] {
        let cohorts = self.year.staff.get("/v1/cohorts").await.expect(200);
        assert_eq!(cohorts["items"].as_array().unwrap().len(), 2);
        let mut authors = proposals.into_iter().map(|(author, _)| author);
        let (ana, cal) = (authors.next().unwrap(), authors.nth(1).unwrap());
        [ana, cal].map(|facilitator| {
            let leads = |cohort: &&Value| cohort["facilitators"][0]["person_id"] == json!(facilitator.person_id());
            let cohort = cohorts["items"].as_array().unwrap().iter().find(leads).unwrap();
            assert_eq!((&cohort["state"], &cohort["enrollment_status"]), (&json!("open"), &json!("not_open")));
            Group { path: format!("/v1/cohorts/{}", id(cohort)), facilitator }
        })
    }

    /// Three seats for the three who come first; the fourth waits.
    async fn first_come(&self, group: &Group<'_>) -> Session<'a> {
        let there = self.before(SIGNUP_OPENS).await;
        let mut people = Vec::new();
        for name in ["Amara", "Bo", "Carmen", "Dev"] {
            people.push(self.year.works(name, "principal", None).await);
        }
        let list = format!("{}/applications", group.path);
        let early = people[0].post(&list, json!({"submit": true})).await;
        assert_eq!((early.problem(409), &early.body["opens_at"]), ("window_closed", &json!("2019-10-17T04:00:00.000Z")));
        self.at(there, SIGNUP_OPENS).await;

        let asked = asked_for(&people[0].post(&list, json!({"submit": true})).await);
        assert_eq!(asked.len(), 1 + 7, "a promise, and each of seven sessions");
        for (who, state) in people.iter().zip(["enrolled", "enrolled", "enrolled", "waitlisted"]) {
            self.year.advance(json!({"minutes": 1})).await;
            assert_eq!(sign_up(who, &group.path).await.expect(201)["state"], state);
        }
        let cohort = people[3].get(&group.path).await.expect(200);
        assert_eq!(cohort["seats"], json!({"min": 2, "max": 3, "held": 3, "left": 0}));
        assert_eq!((&cohort["enrollment_status"], &cohort["waitlist_length"]), (&json!("waitlist_only"), &json!(1)));
        assert_eq!(group.facilitator.post(&list, json!({})).await.problem(409), "same_person", "who leads it takes no seat");
        people.swap_remove(0)
    }

    /// One has signed up where two are needed; a second one comes late.
    async fn a_small_group_is_at_risk(&self, group: &Group<'_>) {
        let elena = self.year.works("Elena", "principal", None).await;
        assert_eq!(sign_up(&elena, &group.path).await.expect(201)["state"], "enrolled");
        let risk = async || {
            let cohort = self.year.public_cohort(&group.path).await;
            (cohort["at_risk"].clone(), cohort["enrollment_status"].clone())
        };
        let there = self.before(SOFT_DEADLINE).await;
        assert_eq!(risk().await.0, json!(false));
        self.at(there, SOFT_DEADLINE).await;
        assert_eq!(risk().await, (json!(true), json!("closing_soon")));
        let frank = self.year.works("Frank", "principal", None).await;
        assert_eq!(sign_up(&frank, &group.path).await.expect(201)["state"], "enrolled", "late, and welcome");
        assert_eq!(risk().await.0, json!(false));
    }

    /// The kick-off closes sign-up: a draft that nobody sent is no more.
    async fn kick_off(&self, group: &Group<'_>) {
        let grace = self.year.works("Grace", "principal", None).await;
        let draft = grace.post(&format!("{}/applications", group.path), json!({})).await.expect(201);
        let (draft, cohort) = (path_of(&draft), group.path.as_str());
        self.turns(DAY_OF_THE_KICKOFF).await;
        let there = self.before(KICKOFF).await;
        assert_eq!(grace.get(&draft).await.expect(200)["state"], "draft");
        assert_eq!(self.year.public_cohort(cohort).await["state"], "open");
        self.at(there, KICKOFF).await;
        let gone = grace.get(&draft).await.expect(200);
        assert_eq!((&gone["state"], &gone["expiry_cause"]), (&json!("expired"), &json!("signup_closed")));
        let seen = self.year.public_cohort(cohort).await;
        assert_eq!((&seen["state"], &seen["enrollment_status"]), (&json!("in_session"), &json!("closed")));
        let late = grace.post(&format!("{cohort}/applications"), json!({})).await;
        assert_eq!((late.problem(409), &late.body["closed_at"]), ("window_closed", &json!("2019-12-09T21:00:00.000Z")));
    }

    /// The meetings are for the group's own people.
    async fn meet(&self, group: &Group<'_>, amara: &Session<'_>) {
        let list = format!("{}/sessions", group.path);
        let sessions = amara.get(&list).await.expect(200);
        let starts = sessions["items"].as_array().unwrap().iter().map(|session| session["starts_at"].as_str().unwrap());
        let starts: Vec<&str> = starts.collect();
        assert_eq!(starts.len(), 7);
        assert_eq!((starts[0], starts[6]), ("2019-12-09T21:00:00.000Z", "2020-06-15T20:00:00.000Z"), "at four in New York");
        let stranger = self.year.works("Hassan", "principal", None).await;
        assert_eq!(stranger.get(&list).await.problem(403), "permission_denied", "everybody knows of the group itself");
        let kickoff = format!("/v1/sessions/{}", id(&sessions["items"][0]));
        assert_eq!(amara.get(&kickoff).await.expect(200)["kind"], "kickoff");
        assert_eq!(stranger.get(&kickoff).await.problem(404), "not_found");
        assert_eq!(group.facilitator.get(&list).await.expect(200), sessions);
        for turn in MEETINGS {
            self.turns(turn).await;
        }
    }

    /// In June the facilitators complete their groups, and the office closes the program.
    async fn close(&self, groups: &[Group<'_>], amara: &Session<'_>) {
        let staff = &self.year.staff;
        self.turns(CLOSEOUT).await;
        for Group { facilitator, path } in groups {
            let complete = format!("{path}/complete");
            assert_eq!(amara.act(&complete).await.problem(403), "permission_denied");
            assert_eq!(facilitator.act(&complete).await.expect(200)["state"], "completed");
        }
        let mine = amara.get("/v1/me/enrollments").await.expect(200);
        assert_eq!((&mine["items"][0]["state"], mine["items"].as_array().unwrap().len()), (&json!("completed"), 1));
        let closed = staff.act(&format!("{}/close", self.program)).await.expect(200);
        assert_eq!((&closed["phase"], &closed["allowed_actions"]), (&json!("closed"), &json!([])));
        self.reads(("closed", ""), "the end").await;
        let everybody = staff.get("/v1/enrollments?state=completed").await.expect(200);
        assert_eq!(everybody["items"].as_array().unwrap().len(), 5);
        let owner = self.year.api.person(self.year.coalition, "Olu", &[Grant::Owner]).await;
        assert_eq!(owner.get("/v1/journal/verify").await.expect(200)["intact"], true);
    }
}
