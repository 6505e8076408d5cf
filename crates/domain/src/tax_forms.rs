//! Tax forms: that the coalition's office has one of a person on file, and for how long it is good.
//!
//! What always holds: no number of a person is kept here, nor the form itself. Left out on purpose: earlier forms, which the
//! journal knows.

use crate::ids::PersonId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::{Date, Timestamp};

crate::words! {
    /// Which tax form it is (of the Internal Revenue Service).
    pub enum TaxFormKind {
        /// Of a person of the United States: it does not run out.
        W9 = "w9",
        /// Of anybody else: it runs out.
        W8ben = "w8ben",
    }
}

/// What came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxFiling {
    /// Which form.
    pub kind: TaxFormKind,
    /// On which day it came in.
    pub received_on: Date,
    /// The last day on which it is good.
    pub expires_on: Option<Date>,
}

/// The tax form of a person that is on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxForm {
    /// Whose.
    pub person_id: PersonId,
    /// What came in.
    pub filing: TaxFiling,
    /// Version and instants.
    pub meta: Meta,
}

impl TaxForm {
    /// Files a form, in the place of what was there.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: it is to come in still, or runs out before it came in, or must run out and does not.
    pub fn file(
        person_id: PersonId,
        before: Option<Self>,
        filing: TaxFiling,
        today: Date,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        filing.check(today)?;
        let meta = before.map_or_else(|| Meta::new(now), |before| before.meta.changed(now));
        let happening = Happening::new(Subject::new(SubjectKind::Person, person_id), "tax_form_filed")
            .with("kind", filing.kind.to_string())
            .with("received_on", filing.received_on.to_string());
        let happening = match filing.expires_on {
            Some(expires_on) => happening.with("expires_on", expires_on.to_string()),
            None => happening,
        };
        Ok(Change::one(Self { person_id, filing, meta }, happening))
    }

    /// Whether it was here and good on a day.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.filing.received_on <= day && self.filing.expires_on.is_none_or(|last| day <= last)
    }
}

impl TaxFiling {
    fn check(self, today: Date) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if self.received_on > today {
            faults.push(Fault::new("#/received_on", FaultCode::OutOfRange, "That day is still to come"));
        }
        match (self.kind, self.expires_on) {
            (_, Some(expires_on)) if expires_on < self.received_on => {
                faults.push(Fault::new("#/expires_on", FaultCode::OutOfOrder, "It would run out before it came in"));
            }
            (TaxFormKind::W8ben, None) => {
                faults.push(Fault::new("#/expires_on", FaultCode::Required, "This form runs out: say after which day"));
            }
            (TaxFormKind::W8ben | TaxFormKind::W9, _) => {}
        }
        faults.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn filing(kind: TaxFormKind, received_on: &str, expires_on: Option<&str>) -> TaxFiling {
        TaxFiling { kind, received_on: day(received_on), expires_on: expires_on.map(day) }
    }

    fn file(filing: TaxFiling) -> Result<Change<TaxForm>, Refusal> {
        TaxForm::file(PersonId::from_uuid(uuid::Uuid::nil()), None, filing, day("2019-11-20"), Timestamp::from_millis(0))
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told() {
        for (filing, fault) in [
            (filing(TaxFormKind::W9, "2019-11-21", None), ("#/received_on", FaultCode::OutOfRange)),
            (filing(TaxFormKind::W9, "2019-11-20", Some("2019-11-19")), ("#/expires_on", FaultCode::OutOfOrder)),
            (filing(TaxFormKind::W8ben, "2019-11-20", None), ("#/expires_on", FaultCode::Required)),
        ] {
            let Err(Refusal::Invalid(faults)) = file(filing) else { panic!("{filing:?}") };
            let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
            assert_eq!(told, [fault], "{filing:?}");
        }
    }

    #[test]
    fn a_form_is_good_from_the_day_on_which_it_came_in_to_its_last_day() {
        let form = file(filing(TaxFormKind::W8ben, "2019-11-20", Some("2022-12-31"))).unwrap().value;
        let good = ["2019-11-19", "2019-11-20", "2022-12-31", "2023-01-01"].map(|on| form.valid_on(day(on)));
        assert_eq!(good, [false, true, true, false]);
        assert!(file(filing(TaxFormKind::W9, "2019-11-20", None)).unwrap().value.valid_on(day("2090-01-01")));
    }

    #[test]
    fn the_journal_keeps_which_form_it_was_and_the_next_takes_its_place() {
        let first = file(filing(TaxFormKind::W9, "2019-11-01", None)).unwrap();
        let told = serde_json::Value::Object(first.happened[0].data.clone());
        assert_eq!(told, serde_json::json!({"kind": "w9", "received_on": "2019-11-01"}));
        let next = filing(TaxFormKind::W8ben, "2019-11-20", Some("2022-12-31"));
        let second = TaxForm::file(first.value.person_id, Some(first.value), next, day("2019-11-20"), Timestamp::from_millis(9));
        let second = second.unwrap().value;
        assert_eq!((second.filing, second.meta.created_at.millis(), second.meta.updated_at.millis()), (next, 0, 9));
    }
}
