//! What holds where everybody takes part in one cohort of a program at most: who is enrolled in one gives up what else they have
//! applied to.

use super::{Application, MACHINE, Standing};
use crate::access::Action;
use crate::cohorts::Signup;
use crate::journal::Change;
use crate::refusal::Refusal;
use crate::time::Timestamp;

impl Application {
    /// Goes on when a person can apply to a cohort, or be enrolled in it, as far as their other applications in the program go.
    ///
    /// # Errors
    /// [`Refusal::NotReady`]: one of them is an enrollment.
    pub fn require_none_enrolled<'a>(others: impl IntoIterator<Item = &'a Self>) -> Result<(), Refusal> {
        if others.into_iter().any(|other| matches!(other.standing, Standing::Enrolled { .. })) {
            let what =
                "Everybody takes part in one cohort of this program, and this person is enrolled in another: leave that one first";
            return Err(Refusal::NotReady { what: what.to_owned(), missing: Vec::new() });
        }
        Ok(())
    }

    /// Takes it back, because its person is enrolled in another cohort of the program.
    ///
    /// # Errors
    /// It is settled already, or has expired.
    pub fn give_up_for(self, enrolled: &Self, signup: &Signup, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let now_self = self.as_of(signup, now);
        MACHINE.check(now_self.state(), Action::WithdrawApplication)?;
        let given_up = now_self.becomes(Standing::Withdrawn { at: now, enrolled_at: None }, now);
        let happened = given_up
            .happening("withdrawn")
            .with("cause", "enrolled_elsewhere")
            .with("enrolled_cohort_id", enrolled.cohort_id.to_string())
            .with("enrolled_application_id", enrolled.id.to_string());
        Ok(Change::one(given_up, happened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications::ApplicationState;
    use crate::applications::fixtures::{application, at, signup};
    use crate::programs::EnrollmentMode::FirstCome;
    use crate::seats::Place;

    fn enrolled() -> Application {
        application(9, Standing::Enrolled { enrolled_at: at(200) })
    }

    #[test]
    fn whatever_is_open_is_given_up_and_the_entry_says_for_what() {
        let open = [
            Standing::Draft,
            Standing::Submitted { hold_until: Some(at(300)) },
            Standing::Waitlisted { since: at(150), place: Place { priority: 0, number: 1 } },
            Standing::Offered { since: at(150), until: at(300) },
        ];
        for standing in open {
            let change = application(1, standing).give_up_for(&enrolled(), &signup(FirstCome), at(200)).unwrap();
            assert_eq!(change.value.state(), ApplicationState::Withdrawn);
            let told = &change.happened[0];
            assert_eq!((told.entry_type().as_str(), &told.data["cause"]), ("application.withdrawn", &"enrolled_elsewhere".into()));
            assert_eq!(told.data["enrolled_application_id"], enrolled().id.to_string());
        }
    }

    #[test]
    fn an_enrollment_is_not_given_up_and_an_offer_past_its_time_neither() {
        for standing in [Standing::Enrolled { enrolled_at: at(150) }, Standing::Offered { since: at(150), until: at(200) }] {
            let refused = application(1, standing).give_up_for(&enrolled(), &signup(FirstCome), at(200));
            assert!(matches!(refused, Err(Refusal::InvalidTransition { .. })), "{refused:?}");
        }
    }

    #[test]
    fn who_is_enrolled_in_a_cohort_takes_part_in_no_other() {
        let open = application(1, Standing::Draft);
        assert_eq!(Application::require_none_enrolled([&open]), Ok(()));
        assert!(matches!(Application::require_none_enrolled([&open, &enrolled()]), Err(Refusal::NotReady { .. })));
    }
}
