//! Mails about going on in another cohort: a place was offered there, or one's own cohort was merged or called off.
//!
//! What always holds: what is said is how it stands when the mail is sent; who was released with the cohort, and goes on nowhere,
//! is told nothing here.

use cohortium_domain::applications::{Application, Standing};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::cohorts::Standing as Ended;
use cohortium_domain::ids::{ApplicationId, Id};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::people::Person;
use cohortium_domain::text::Title;
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_store::{Read, Result, Tx};

use super::Words;
use super::letters::{INDENT, instant};

/// From which cohort somebody goes on in which.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passage {
    /// The application in the other cohort, as it is now.
    pub application: Application,
    /// The name of that cohort.
    pub to: Title,
    /// The name of the one before.
    pub from: Title,
    /// Whether that was merged, and not called off.
    pub merged: bool,
    /// The name of their program.
    pub program: Title,
}

/// Asks for a mail to whoever was offered a place in another cohort.
pub(crate) async fn to_offered(tx: &Tx, offer: &Application) -> Result<()> {
    ask(tx, MailKind::TransferOffered, offer).await
}

/// Asks for a mail to whoever goes on in another cohort than the one of this application, which has ended with that.
pub(crate) async fn to_moved(tx: &Tx, ended: &Application) -> Result<()> {
    if ended.standing.transferred_to().is_some() { ask(tx, MailKind::CohortChanged, ended).await } else { Ok(()) }
}

async fn ask(tx: &Tx, kind: MailKind, application: &Application) -> Result<()> {
    let person: Person = tx.get(application.person_id).await?;
    let mail = Mail::ask(tx.make_opaque_id(), kind, Some(person.id), person.email, None, tx.process_now());
    tx.add_mail(&mail.about(application.id)).await
}

/// What a mail is about, while there is something to say: what it tells still holds.
pub(super) async fn passage(read: &Read, mail: &Mail) -> Result<Option<Passage>> {
    let Some(subject) = mail.subject_id.map(ApplicationId::from_uuid) else { return Ok(None) };
    let subject: Application = read.get(subject).await?;
    let other = subject.standing.transferred_to().or(subject.transferred_from);
    let Some(other) = other else { return Ok(None) };
    let other: Application = read.get(other).await?;
    let (before, application) = if mail.kind == MailKind::TransferOffered { (other, subject) } else { (subject, other) };
    let (from, to) = (read.cohort(before.cohort_id).await?, read.cohort(application.cohort_id).await?);
    let year = read.year(to.program_id).await?;
    let application = match year.signup(&to) {
        Some(signup) => application.as_of(&signup, read.now()),
        None => application,
    };
    let merged = matches!(from.standing, Ended::Cancelled { merged_into: Some(_), .. });
    let passage = Passage { application, to: to.title, from: from.title, merged, program: year.program.name };
    Ok(Some(passage).filter(|passage| passage.holds(mail.kind)))
}

impl Passage {
    fn holds(&self, kind: MailKind) -> bool {
        if kind == MailKind::TransferOffered { self.until().is_some() } else { self.application.standing.live() }
    }

    pub(super) fn offered(&self, coalition: &Coalition, zone: Zone) -> Words {
        let Self { to, from, program, .. } = self;
        let (name, until, way) = (&coalition.name, self.told_until(zone), self.way(coalition));
        (
            "A place in another cohort is offered to you",
            format!(
                "A place in “{to}” of {program} of {name} is offered to you, for the one that you have in “{from}”. Confirm it until \
                 {until}, and you give up the other; if you do not, you keep that.\n{way}"
            ),
        )
    }

    pub(super) fn changed(&self, coalition: &Coalition, zone: Zone) -> Words {
        let Self { to, from, program, .. } = self;
        let (name, way) = (&coalition.name, self.way(coalition));
        let happened = if self.merged { format!("was merged into “{to}”") } else { "was called off".to_owned() };
        let follows = match self.application.standing {
            Standing::Offered { .. } => {
                let until = self.told_until(zone);
                format!("A place in “{to}” is held for you: confirm it until {until}; after that it goes to others.")
            }
            Standing::Waitlisted { .. } => format!("You wait for a place in “{to}” from now on, behind those who did already."),
            Standing::Draft => format!("What you had begun is a draft of an application to “{to}” now."),
            Standing::Enrolled { .. } => format!("You have a place in “{to}”: there is nothing for you to do."),
            Standing::Submitted { .. }
            | Standing::Completed { .. }
            | Standing::Expired { .. }
            | Standing::Declined { .. }
            | Standing::Withdrawn { .. }
            | Standing::Removed { .. }
            | Standing::Transferred { .. } => format!("Your application to “{to}” stands in its place."),
        };
        ("Your cohort has changed", format!("“{from}” of {program} of {name} {happened}. {follows}\n{way}"))
    }

    /// Until when the offer can be confirmed, while it is one.
    fn until(&self) -> Option<Timestamp> {
        if let Standing::Offered { until, .. } = self.application.standing { Some(until) } else { None }
    }

    fn told_until(&self, zone: Zone) -> String {
        self.until().map(|until| instant(until, zone)).unwrap_or_default()
    }

    /// Where on the coalition's front end it is, where there is one.
    fn way(&self, coalition: &Coalition) -> String {
        let Some(url) = &coalition.front_end_url else { return String::new() };
        format!("\n{INDENT}{}/applications/{}\n", url.as_str().trim_end_matches('/'), self.application.id)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use cohortium_domain::applications::Answers;
    use cohortium_domain::coalitions::Clock;
    use cohortium_domain::ids::{CoalitionId, CohortId, PersonId};
    use cohortium_domain::meta::Meta;
    use cohortium_domain::seats::Place;
    use cohortium_domain::text::Slug;
    use uuid::Uuid;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    /// A place is offered in the cohort into which another was merged.
    pub(in crate::mails) fn passage() -> Passage {
        let application = Application {
            id: ApplicationId::from_uuid(Uuid::nil()),
            cohort_id: CohortId::from_uuid(Uuid::nil()),
            person_id: PersonId::from_uuid(Uuid::nil()),
            workplace: None,
            verification_id: None,
            answers: Answers::default(),
            commitments: Vec::new(),
            submitted_at: None,
            team_id: None,
            transferred_from: None,
            standing: Standing::Offered { since: at(0), until: at(32) },
            meta: Meta::new(at(0)),
        };
        let title = |text: &str| Title::new(text).unwrap();
        let (to, from, program) = (title("Rural leadership"), title("Behavior"), title("Communities of Practice"));
        Passage { application, to, from, merged: true, program }
    }

    fn told(passage: &Passage, say: fn(&Passage, &Coalition, Zone) -> Words) -> String {
        let (slug, name) = (Slug::new("diso").unwrap(), Title::new("DISO").unwrap());
        let coalition = Coalition::create(CoalitionId::from_uuid(Uuid::nil()), slug, name, Zone::UTC, Clock::Live, at(0)).value;
        say(passage, &coalition, Zone::UTC).1
    }

    fn standing(standing: Standing) -> Passage {
        let passage = passage();
        Passage { application: Application { standing, ..passage.application }, ..passage }
    }

    #[test]
    fn an_offer_says_for_what_it_is_and_until_when() {
        assert_eq!(
            told(&passage(), Passage::offered),
            "A place in “Rural leadership” of Communities of Practice of DISO is offered to you, for the one that you have in “Behavior”. \
             Confirm it until 1970-01-02, 08:00 (UTC), and you give up the other; if you do not, you keep that.\n"
        );
    }

    #[test]
    fn whoever_goes_on_in_another_cohort_is_told_why_and_how_things_stand_there() {
        let merged = "“Behavior” of Communities of Practice of DISO was merged into “Rural leadership”. ";
        let place = Place { priority: 0, number: 1 };
        for (stands, follows) in [
            (
                passage().application.standing,
                "A place in “Rural leadership” is held for you: confirm it until 1970-01-02, 08:00 (UTC);",
            ),
            (Standing::Waitlisted { since: at(0), place }, "You wait for a place"),
            (Standing::Draft, "What you had begun"),
            (Standing::Enrolled { enrolled_at: at(0) }, "You have a place"),
            (Standing::Submitted { hold_until: None }, "Your application to"),
        ] {
            let text = told(&standing(stands.clone()), Passage::changed);
            assert!(text.starts_with(&format!("{merged}{follows}")), "{stands:?}: {text}");
        }
        let called_off = told(&Passage { merged: false, ..passage() }, Passage::changed);
        assert!(called_off.starts_with("“Behavior” of Communities of Practice of DISO was called off. A place in"), "{called_off}");
    }

    #[test]
    fn what_does_not_hold_any_more_is_not_said() {
        let withdrawn = Standing::Withdrawn { at: at(1), enrolled_at: None };
        let enrolled = Standing::Enrolled { enrolled_at: at(1) };
        for (stands, offered, changed) in [
            (passage().application.standing, true, true),
            (enrolled, false, true),
            (Standing::Draft, false, true),
            (withdrawn, false, false),
        ] {
            let passage = standing(stands);
            assert_eq!(passage.holds(MailKind::TransferOffered), offered, "{:?}", passage.application.standing);
            assert_eq!(passage.holds(MailKind::CohortChanged), changed, "{:?}", passage.application.standing);
        }
    }
}
