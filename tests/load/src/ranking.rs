//! The ranking of 100, of 1,000 and of 10,000 proposals with five reviews each, as staff read it in one request: what it costs is
//! to grow as they do.

use cohortium_domain::access::Actor;
use cohortium_domain::ids::{Id, PersonId, ProposalId};
use cohortium_domain::journal::{Change, Happening, Subject, SubjectKind};
use cohortium_domain::meta::Meta;
use cohortium_domain::proposals::{Content, Proposal, Standing as ProposalStanding};
use cohortium_domain::reviews::{Assessment, Points, Review, Score, Standing};
use cohortium_domain::rubrics::{Criterion, RubricTerms};
use cohortium_domain::text::{Name, Slug, Title};
use cohortium_store::Tx;
use cohortium_workflow as workflow;
use cohortium_workflow::input::Input;

use crate::client::{bearer, get, repeat};
use crate::measure::{Contestant, Figures, compare as in_turns, ratio};
use crate::postgres::Cluster;
use crate::server::Server;
use crate::world::{Plan, World};
use crate::{Done, Site};

const SIZES: [usize; 3] = [100, 1_000, 10_000];
const AUTHORS: usize = 50;
const REVIEWERS: usize = 50;
const REVIEWS_EACH: usize = 5;
const CRITERIA: [&str; 3] = ["plan", "reach", "goals"];

/// Compares the three, on each database.
pub fn compare(site: &Site, cluster: &Cluster) -> Done {
    on(site, "SQLite", None)?;
    on(site, "PostgreSQL", Some(cluster))
}

fn on(site: &Site, database: &str, cluster: Option<&Cluster>) -> Done {
    let mut served = Vec::new();
    for size in SIZES {
        let name = format!("ranking_{}_{size}", database.to_lowercase());
        let url = cluster.map(|cluster| cluster.create(&name, None).map(|()| cluster.url(&name))).transpose()?;
        let world = World::make(&site.path().join(&name), url.as_deref(), Plan { cohorts: 0, seats: 1, people: AUTHORS })?;
        fill(&world, url.as_deref(), size)?;
        let path = format!("/v1/programs/{}/proposals/ranking", world.program());
        let request = get(&path, &[("authorization", &bearer(&world.token(&world.staff)?))]);
        served.push((format!("{size} proposals"), Server::cohortium(&world.data, url.as_deref())?, request));
    }
    let contestants = served.iter().map(|(name, server, request)| {
        let turn = || Figures::measured(server, cluster, || repeat(server.address(), 1, site.turn(), request, 200));
        Contestant::new(name, turn)
    });
    let title = format!("Ranking on {database}, {REVIEWS_EACH} reviews each, one caller");
    if let [hundred, thousand, ten_thousand] = in_turns(&title, site.terms.rounds, contestants.collect())?.as_slice() {
        ratio("The CPU for 1,000 to that for ten times 100", thousand.cpu / (hundred.cpu * 10.0), 1.0);
        ratio("The CPU for 10,000 to that for ten times 1,000", ten_thousand.cpu / (thousand.cpu * 10.0), 1.0);
    }
    println!();
    Ok(())
}

/// So many proposals of the world's people, each judged by five reviewers, who work nowhere, and so have no conflict of interest.
fn fill(world: &World, database_url: Option<&str>, proposals: usize) -> Done {
    let numbered = |number| crate::world::person("Rae", &format!("r{number}@example.org"));
    let given = (0..REVIEWERS).map(numbered).collect::<Done<Vec<_>>>()?;
    let criterion = |key: &&str| Ok(Criterion { key: Slug::new(key)?, label: Name::new(key)?, description: None, weight: 1 });
    let criteria = CRITERIA.iter().map(criterion).collect::<Done<Vec<_>>>()?;
    let terms = RubricTerms { criteria, contradiction_spread: Points::whole(2), ..RubricTerms::default() };
    world.write(database_url, async |tx| {
        let input = Input::given(terms.clone());
        workflow::program_documents::replace_rubric(tx, &Actor::Operator, world.program(), &input).await?;
        let mut reviewers = Vec::with_capacity(REVIEWERS);
        for person in &given {
            reviewers.push(workflow::people::create(tx, &Actor::Operator, &Input::given(person.clone())).await?.id);
        }
        for (number, author) in (0..proposals).zip(world.people.iter().cycle()) {
            let proposal = propose(tx, world, author.signed_in.person).await?;
            let judges = reviewers.iter().cycle().skip(number % REVIEWERS).take(REVIEWS_EACH);
            let judged = judges.zip(number..).map(|(judge, n)| review(tx, world, proposal, *judge, n));
            let judged = judged.collect();
            tx.add_reviews(judged, &Actor::Operator).await?;
        }
        Ok(())
    })
}

async fn propose(tx: &mut Tx, world: &World, author: PersonId) -> cohortium_store::Result<ProposalId> {
    let content = Content::titled(Title::clipped("What a behavior tells us"));
    let draft = Proposal::create(tx.make_id(), world.program(), author, content, tx.now())?;
    let standing = ProposalStanding::InReview { staged: None, reserve: None };
    let handed_in = Proposal { submission: 1, submitted_at: Some(tx.now()), standing, ..draft.value };
    let change = Change { value: handed_in, happened: draft.happened };
    Ok(tx.save(change, &Actor::Operator).await?.id)
}

/// Handed in, with scores that go through all there are.
fn review(tx: &Tx, world: &World, proposal_id: ProposalId, reviewer_id: PersonId, number: usize) -> Change<Review> {
    let score = |(key, place): (&&str, usize)| {
        let score = u8::try_from((number * 7 + place * 3) % 5 + 1).unwrap_or(1);
        Slug::new(key).ok().map(|criterion| Score { criterion, score, comment: None })
    };
    let scores = CRITERIA.iter().zip(0..).filter_map(score).collect();
    let review = Review {
        id: tx.make_opaque_id(),
        program_id: world.program(),
        proposal_id,
        reviewer_id,
        assessment: Assessment { scores, ..Assessment::default() },
        submission: Some(1),
        standing: Standing::Submitted { submitted_at: tx.now() },
        meta: Meta::new(tx.now()),
    };
    let happening = Happening::new(Subject::new(SubjectKind::Review, review.id), "submitted");
    Change::one(review, happening.with("proposal_id", proposal_id.uuid().to_string()))
}
