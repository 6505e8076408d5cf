//! Years to test in: programs with their timelines, made without HTTP.

use cohortium_domain::access::Actor;
use cohortium_domain::eligibility::JoiningTerms;
use cohortium_domain::ids::{CoalitionId, ProgramId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::{Capacity, Delivery, EnrollmentMode, ProgramCreate, Terms};
use cohortium_domain::text::{Name, SchoolYear, Slug, Title};
use cohortium_domain::timeline::MilestoneKind::{
    self, Call, Closeout, InPersonTraining, Kickoff, OfferingsFinal, ProposalsDue, ProposalsOpen, SignupOpens, SignupSoftDeadline,
};
use cohortium_domain::timeline::{MilestoneDraft, When};
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;
use cohortium_workflow::timeline::Wish;

use crate::api::{Api, must};

/// The year of the coalition of charter schools, which begins with a call for proposals.
pub const DCSC: &[(MilestoneKind, &str)] = &[
    (ProposalsOpen, "2019-09-12"),
    (ProposalsDue, "2019-10-03"),
    (OfferingsFinal, "2019-10-10"),
    (SignupOpens, "2019-10-17"),
    (SignupSoftDeadline, "2019-11-14"),
    (Kickoff, "2019-12-09"),
    (InPersonTraining, "2020-01-30"),
    (Call, "2020-02-14"),
    (Call, "2020-03-16"),
    (Call, "2020-04-15"),
    (Call, "2020-05-15"),
    (Closeout, "2020-06-15"),
];

impl Api {
    /// Makes a program with these days, in New York, and publishes it: with a call for proposals where the days have one, else led
    /// by staff.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn program(&self, coalition: CoalitionId, slug: &str, days: &[(MilestoneKind, &str)]) -> ProgramId {
        let call = days.iter().any(|(kind, _)| *kind == ProposalsOpen);
        let program = ProgramCreate {
            slug: must(Slug::new(slug)),
            name: must(Title::new(slug)),
            description: None,
            school_year: must(SchoolYear::new("2019-20")),
            time_zone: must("America/New_York".parse()),
            delivery: if call { Delivery::CallForProposals } else { Delivery::StaffLed },
            enrollment_mode: EnrollmentMode::FirstCome,
            capacity: Capacity::default(),
            terms: Terms::default(),
            joining: JoiningTerms::default(),
        };
        let milestones = days.iter().map(|(kind, day)| MilestoneDraft {
            id: None,
            kind: *kind,
            label: must(Name::new(kind.default_label())),
            when: When::On(must(day.parse())),
        });
        let wish = Wish { milestones: milestones.collect(), reason: None };
        self.write(coalition, async |tx| {
            let actor = Actor::Operator;
            let made = workflow::programs::create(tx, &actor, &Input::given(program.clone())).await?;
            workflow::timeline::replace(tx, &actor, made.id, &Input::given(wish.clone())).await?;
            workflow::programs::publish(tx, &actor, made.id, Precondition::NotNeeded).await?;
            Ok(made.id)
        })
        .await
    }
}
