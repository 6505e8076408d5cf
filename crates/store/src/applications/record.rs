//! An application as a row.

use cohortium_domain::applications::{Answers, Application, ApplicationState, Standing};
use cohortium_domain::eligibility::Workplace;
use cohortium_domain::ids::{ApplicationId, CohortId, EmploymentId, Id, OrganizationId, PersonId, TeamId, VerificationId};
use cohortium_domain::meta::Meta;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::seats::Place;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_domain::words::Word;
use uuid::Uuid;

use crate::entity::application::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::record::{Record, json, meta, number, optional, word};

const TABLE: &str = "applications";

impl Record for Application {
    type Entity = Entity;
    type Row = ActiveModel;
    type Id = ApplicationId;
    const NOUN: &'static str = "application";
    const ID: Column = Column::Id;
    const VERSION: Column = Column::Version;

    fn id(&self) -> ApplicationId {
        self.id
    }

    fn meta(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn to_row(&self, coalition_id: Uuid) -> Model {
        let (since, cause, note) = particulars(self);
        Model {
            id: self.id.uuid(),
            coalition_id,
            cohort_id: self.cohort_id.uuid(),
            person_id: self.person_id.uuid(),
            employment_id: self.workplace.map(|workplace| workplace.employment_id.uuid()),
            organization_id: self.workplace.map(|workplace| workplace.organization_id.uuid()),
            verification_id: self.verification_id.map(Id::uuid),
            form_version: self.answers.form_version,
            answers: self.answers.values.clone().into(),
            commitments: serde_json::json!(self.commitments),
            state: self.state().as_str().to_owned(),
            stands_since: since.utc(),
            lapses_at: self.standing.lapses_at().map(Timestamp::utc),
            place: self.standing.place().map(from_place),
            enrolled_at: self.standing.enrolled_at().map(Timestamp::utc),
            cause: cause.map(str::to_owned),
            note: note.map(|note| note.as_str().to_owned()),
            submitted_at: self.submitted_at.map(Timestamp::utc),
            team_id: self.team_id.map(Id::uuid),
            transferred_from: self.transferred_from.map(Id::uuid),
            transferred_to: self.standing.transferred_to().map(Id::uuid),
            version: self.meta.version,
            created_at: self.meta.created_at.utc(),
            updated_at: self.meta.updated_at.utc(),
        }
    }

    fn from_row(row: Model) -> Result<Self> {
        let employment = row.employment_id.map(EmploymentId::from_uuid);
        let organization = row.organization_id.map(OrganizationId::from_uuid);
        let workplace = employment.zip(organization);
        Ok(Self {
            id: ApplicationId::from_uuid(row.id),
            cohort_id: CohortId::from_uuid(row.cohort_id),
            person_id: PersonId::from_uuid(row.person_id),
            workplace: workplace.map(|(employment_id, organization_id)| Workplace { employment_id, organization_id }),
            verification_id: row.verification_id.map(VerificationId::from_uuid),
            answers: Answers { form_version: row.form_version, values: json(TABLE, "answers", &row.answers)? },
            commitments: json(TABLE, "commitments", &row.commitments)?,
            submitted_at: row.submitted_at.map(Timestamp::new),
            team_id: row.team_id.map(TeamId::from_uuid),
            transferred_from: row.transferred_from.map(ApplicationId::from_uuid),
            standing: standing(&row)?,
            meta: meta(row.version, row.created_at, row.updated_at),
        })
    }

    fn refusal(index: &str) -> Option<Refusal> {
        (index == "applications_cohort_id_person_id").then_some(Refusal::AlreadyApplied)
    }
}

/// When it came to stand where it stands, why, and what was said.
fn particulars(application: &Application) -> (Timestamp, Option<&'static str>, Option<&Reason>) {
    match &application.standing {
        Standing::Draft => (application.meta.created_at, None, None),
        Standing::Submitted { .. } => (application.submitted_at.unwrap_or(application.meta.created_at), None, None),
        Standing::Waitlisted { since, .. } | Standing::Offered { since, .. } => (*since, None, None),
        Standing::Enrolled { enrolled_at } => (*enrolled_at, None, None),
        Standing::Completed { completed_at, .. } => (*completed_at, None, None),
        Standing::Expired { at, cause } => (*at, Some(cause.as_str()), None),
        Standing::Declined { at, reason, note } => (*at, Some(reason.as_str()), note.as_ref()),
        Standing::Withdrawn { at, .. } | Standing::Transferred { at, .. } => (*at, None, None),
        Standing::Removed { at, cause, note, .. } => (*at, Some(cause.as_str()), note.as_ref()),
    }
}

fn standing(row: &Model) -> Result<Standing> {
    let since = Timestamp::new(row.stands_since);
    let lapses_at = row.lapses_at.map(Timestamp::new);
    let enrolled_at = row.enrolled_at.map(Timestamp::new);
    let enrolled = || enrolled_at.ok_or_else(|| Error::corrupt(TABLE, "enrolled_at"));
    let note = || optional(TABLE, "note", row.note.as_deref(), Reason::new);
    let cause = || row.cause.as_deref().ok_or_else(|| Error::corrupt(TABLE, "cause"));
    Ok(match word(TABLE, "state", &row.state)? {
        ApplicationState::Draft => Standing::Draft,
        ApplicationState::Submitted => Standing::Submitted { hold_until: lapses_at },
        ApplicationState::Waitlisted => Standing::Waitlisted { since, place: place(row)? },
        ApplicationState::Offered => {
            Standing::Offered { since, until: lapses_at.ok_or_else(|| Error::corrupt(TABLE, "lapses_at"))? }
        }
        ApplicationState::Enrolled => Standing::Enrolled { enrolled_at: enrolled()? },
        ApplicationState::Completed => Standing::Completed { enrolled_at: enrolled()?, completed_at: since },
        ApplicationState::Expired => Standing::Expired { at: since, cause: word(TABLE, "cause", cause()?)? },
        ApplicationState::Declined => Standing::Declined { at: since, reason: word(TABLE, "cause", cause()?)?, note: note()? },
        ApplicationState::Withdrawn => Standing::Withdrawn { at: since, enrolled_at },
        ApplicationState::Removed => {
            Standing::Removed { at: since, enrolled_at: enrolled()?, cause: word(TABLE, "cause", cause()?)?, note: note()? }
        }
        ApplicationState::Transferred => {
            let to = row.transferred_to.ok_or_else(|| Error::corrupt(TABLE, "transferred_to"))?;
            Standing::Transferred { at: since, enrolled_at, to: ApplicationId::from_uuid(to) }
        }
    })
}

fn place(row: &Model) -> Result<Place> {
    to_place(TABLE, "place", row.place.ok_or_else(|| Error::corrupt(TABLE, "place"))?)
}

/// A number as the place that it stands for.
pub(crate) fn to_place(table: &str, column: &str, place: i64) -> Result<Place> {
    Ok(Place {
        priority: number(table, column, place.div_euclid(NUMBERS))?,
        number: number(table, column, place.rem_euclid(NUMBERS))?,
    })
}

/// A place as one number, in the same order.
pub(crate) fn from_place(place: Place) -> i64 {
    i64::from(place.priority) * NUMBERS + i64::from(place.number)
}

/// How many numbers there are for each priority.
const NUMBERS: i64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_as_one_number_keeps_its_order() {
        let places = [(i32::MIN, u32::MAX), (-1, 0), (-1, u32::MAX), (0, 0), (0, 7), (1, 0), (i32::MAX, u32::MAX)];
        let numbers: Vec<i64> =
            places.iter().map(|(priority, number)| from_place(Place { priority: *priority, number: *number })).collect();
        assert!(numbers.is_sorted());
        for (number, (priority, of)) in numbers.iter().zip(places) {
            assert_eq!((number.div_euclid(NUMBERS), number.rem_euclid(NUMBERS)), (priority.into(), of.into()));
        }
    }
}
