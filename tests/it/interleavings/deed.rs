//! What somebody does, through HTTP.

use cohortium_tests::api::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::{PEOPLE, Play};
use crate::enrolling::apply;
use crate::seeds::Numbers;

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// The person applies.
    Apply,
    /// The person applies to the other cohort.
    ApplyThere,
    /// The person and two colleagues apply as one, all or none.
    Team,
    /// Staff offer the person a place in the other of the two cohorts.
    Transfer,
    /// Staff merge the other cohort into the first, and make a new one.
    Merge,
    /// The person does this to the application.
    Person(&'static str),
    /// The person leaves the cohort.
    Leave,
    /// Staff do this to the application.
    Staff(&'static str),
    /// Staff do this to the verification.
    Verification(&'static str),
    /// Staff write down that the person works there no more, or does again.
    Employment {
        /// Whether it ended.
        ended: bool,
    },
    /// Staff put the person first on the waitlist, or back.
    Prioritize(usize),
    /// Staff remove the person.
    Remove,
    /// Staff change the number of seats.
    Seats(usize),
    /// Time passes.
    Hours(usize),
}

impl Deed {
    pub fn any(mode: &str, numbers: &mut Numbers) -> Self {
        let of_time = |numbers: &mut Numbers| match numbers.below(4) {
            0 => Self::Hours(1 + numbers.below(48)),
            1 => Self::Remove,
            _ => Self::Seats(1 + numbers.below(4)),
        };
        let shared = numbers.below(26);
        match (mode, shared) {
            (_, 0..=4) => Self::Apply,
            (_, 5) => Self::Person("withdraw"),
            (_, 6) | ("first_come", 15 | 16) => Self::Leave,
            (_, 7 | 8) => Self::Person("confirm"),
            (_, 9 | 10) => Self::Verification("verify"),
            (_, 11) => Self::Verification("revoke"),
            (_, 12) | ("first_come", 17 | 18) => Self::Employment { ended: numbers.below(3) > 0 },
            (_, 13 | 14) => of_time(numbers),
            (_, 19) => Self::Prioritize(numbers.below(3)),
            (_, 20) => Self::ApplyThere,
            (_, 21 | 22) => Self::Transfer,
            (_, 23) => Self::Merge,
            (_, 24 | 25) => Self::Team,
            ("first_come", _) => Self::Staff("decline"),
            (_, 15..=17) => Self::Staff("waitlist"),
            _ => Self::Staff("offer"),
        }
    }
}

impl Play<'_> {
    /// Does something; nothing, where there is nothing yet to do it to.
    pub async fn act(&self, person: usize, deed: Deed) -> Option<Answer> {
        let copy = self.next_copy();
        let (who, staff) = (&self.people[person].through(copy), &self.stage.staff.through(copy));
        let application = self.applications.borrow()[person].clone();
        let path = |kind: &str| Some(format!("/v1/{kind}/{}", application.as_ref()?["id"].as_str()?));
        let reason = json!({"reason": "It was looked into"});
        Some(match deed {
            Deed::Apply => self.keep(person, apply(who, &self.cohort).await),
            Deed::ApplyThere => {
                let other = self.other.borrow().clone();
                self.keep(person, apply(who, &other).await)
            }
            Deed::Team => self.apply_together(person).await,
            Deed::Transfer => {
                let here = application.as_ref()?["cohort_id"].as_str()?.to_owned();
                let other = self.other.borrow().clone();
                let to = if self.cohort.ends_with(&here) { other } else { self.cohort.clone() };
                let wish = json!({"to_cohort_id": to.rsplit('/').next()?, "reason": "It was looked into"});
                self.keep(person, staff.post(&format!("{}/transfer", path("applications")?), wish).await)
            }
            Deed::Merge => {
                let other = self.other.borrow().clone();
                let wish = json!({"into_cohort_id": self.cohort.rsplit('/').next()?, "reason": "Too few people"});
                let answer = staff.post(&format!("{other}/merge"), wish).await;
                if answer.status == 200 {
                    let another = self.stage.cohort_named(&format!("after-{}", other.rsplit('/').next()?), 3).await;
                    *self.other.borrow_mut() = another;
                }
                answer
            }
            Deed::Person(verb) => who.act(&format!("{}/{verb}", path("applications")?)).await,
            Deed::Leave => who.act(&format!("{}/withdraw", path("enrollments")?)).await,
            Deed::Staff("decline") => {
                staff.post(&format!("{}/decline", path("applications")?), json!({"reason_code": "full"})).await
            }
            Deed::Staff(verb) => staff.act(&format!("{}/{verb}", path("applications")?)).await,
            Deed::Employment { ended } => {
                let ends_on = if ended { json!("2019-10-31") } else { Value::Null };
                staff.patch(&self.employments[person], json!({ "ends_on": ends_on })).await
            }
            Deed::Prioritize(priority) => {
                let body = json!({"priority": priority, "reason": "It was looked into"});
                staff.post(&format!("{}/prioritize", path("applications")?), body).await
            }
            Deed::Remove => staff.post(&format!("{}/remove", path("enrollments")?), reason).await,
            Deed::Verification(verb) => {
                let verification = application.as_ref()?["verification_id"].as_str()?;
                staff.post(&format!("/v1/verifications/{verification}/{verb}"), reason).await
            }
            Deed::Seats(max) => staff.patch(&self.cohort, json!({"capacity": {"max": max}})).await,
            Deed::Hours(hours) => staff.request(Method::POST, "/v1/clock/advance").json(&json!({ "hours": hours })).send().await,
        })
    }

    /// One after the other: it is begun, everybody agrees, and it is sent. Something else can come between.
    async fn apply_together(&self, person: usize) -> Answer {
        let colleagues = [(person + 2) % PEOPLE, (person + 4) % PEOPLE];
        let wish = json!({"colleagues": colleagues.map(|number| format!("p{number}@example.org"))});
        let made = self.people[person].post(&format!("{}/team-applications", self.cohort), wish).await;
        if made.status != 201 {
            return made;
        }
        let path = made.header("location").to_owned();
        for colleague in colleagues {
            let _ = self.people[colleague].through(self.next_copy()).act(&format!("{path}/agree")).await;
        }
        let sent = self.people[person].through(self.next_copy()).act(&format!("{path}/submit")).await;
        for member in made.body["members"].as_array().unwrap() {
            let id = member["person_id"].as_str().unwrap();
            let number = self.people.iter().position(|person| person.person_id().to_string() == id).unwrap();
            let path = format!("/v1/applications/{}", member["application_id"].as_str().unwrap());
            let application = self.people[number].get(&path).await.expect(200);
            self.applications.borrow_mut()[number] = Some(application);
        }
        sent
    }

    /// Keeps in mind what a person has applied with last.
    fn keep(&self, person: usize, answer: Answer) -> Answer {
        if answer.status == 201 {
            self.applications.borrow_mut()[person] = Some(answer.body.clone());
        }
        answer
    }
}
