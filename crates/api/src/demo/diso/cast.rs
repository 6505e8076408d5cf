//! The organizations, groups and people of DISO's year. The groups are the real ones; the people and the places are invented.

use cohortium_domain::employments::Level;
use cohortium_domain::organizations::OrganizationKind;

/// Where people work: key, name, kind, e-mail domain.
pub(super) const ORGANIZATIONS: &[(&str, &str, OrganizationKind, &str)] = &[
    ("pinecreek", "Pine Creek School District", OrganizationKind::District, "pinecreek.example"),
    ("aspen", "Aspen Ridge Elementary", OrganizationKind::School, "aspenridge.example"),
    ("sagebrush", "Sagebrush BOCES", OrganizationKind::Boces, "sagebrush.example"),
    ("columbine", "Columbine Charter Academy", OrganizationKind::CharterSchool, "columbine.example"),
    ("stmary", "Saint Mary of the Plains", OrganizationKind::PrivateSchool, "stmaryplains.example"),
];

/// The coalition's words for jobs.
pub(super) const ROLES: &[(&str, &str)] = &[
    ("section_504_coordinator", "Section 504 coordinator"),
    ("principal", "Principal or assistant principal"),
    ("behavior_lead", "Behavior lead"),
    ("discipline_lead", "Discipline and safety lead"),
    ("rural_leader", "Leader of a rural school or district"),
    ("teacher", "Teacher"),
];

/// A cohort: its title, what it is about, its roles and levels, its least and greatest number of people.
pub(super) struct Group {
    pub title: &'static str,
    pub summary: &'static str,
    pub roles: &'static [&'static str],
    pub levels: &'static [Level],
    pub capacity: (u32, u32),
}

/// The six, each for its own role.
pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "504 - District Administrators",
        summary: "Forms, hearings and hard cases, among those who answer for Section 504 in a district.",
        roles: &["section_504_coordinator"],
        levels: &[Level::District, Level::Boces],
        capacity: (4, 15),
    },
    Group {
        title: "504 - School Administrators",
        summary: "Writing plans that teachers can keep, and talking about them with families.",
        roles: &["section_504_coordinator", "principal"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
    Group {
        title: "Behind the Behaviors - School Staff Supporting Student Behavior",
        summary: "One case at a time: what a behavior tells, and what a school can answer.",
        roles: &["behavior_lead", "principal"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
    Group {
        title: "Driving Discipline and Behavior Success - District Teams",
        summary: "Systems that help every school of a district, and figures that show whether they do.",
        roles: &["discipline_lead", "behavior_lead"],
        levels: &[Level::District, Level::Boces],
        capacity: (4, 15),
    },
    Group {
        title: "Rural Leadership",
        summary: "Short sessions for those who do five jobs at once, far from the next colleague.",
        roles: &["rural_leader"],
        levels: &[Level::School, Level::District, Level::Boces],
        capacity: (2, 3),
    },
    Group {
        title: "Behavior Breakdown: Cracking the Code on School Safety and Discipline",
        summary: "What has changed in classrooms since the pandemic, and which structures hold.",
        roles: &["principal", "discipline_lead"],
        levels: &[Level::School],
        capacity: (4, 15),
    },
];

/// Which of the six.
pub(super) const DISTRICT_504: usize = 0;
pub(super) const SCHOOL_504: usize = 1;
pub(super) const BEHAVIORS: usize = 2;
pub(super) const DISCIPLINE: usize = 3;
pub(super) const RURAL: usize = 4;
pub(super) const SAFETY: usize = 5;

/// Somebody who applied: key, names, where, job title, role, level.
pub(super) type Somebody = (&'static str, (&'static str, &'static str), &'static str, &'static str, &'static str, Level);

/// Those whom the CRM knows, with an address where they work.
pub(super) const PEOPLE: &[Somebody] = &[
    ("paul", ("Paul", "Archuleta"), "pinecreek", "Section 504 Coordinator", "section_504_coordinator", Level::District),
    ("beth", ("Beth", "Ogawa"), "sagebrush", "504 Specialist", "section_504_coordinator", Level::Boces),
    ("carl", ("Carl", "Meyers"), "aspen", "Assistant Principal", "principal", Level::School),
    ("dana", ("Dana", "Whitehorse"), "pinecreek", "Behavior Lead", "behavior_lead", Level::District),
    ("erin", ("Erin", "Tafoya"), "columbine", "Dean of Students", "behavior_lead", Level::School),
    ("fred", ("Fred", "Lundgren"), "stmary", "Principal", "principal", Level::School),
    ("gail", ("Gail", "Romero"), "pinecreek", "Superintendent", "rural_leader", Level::District),
    ("hank", ("Hank", "Deluca"), "aspen", "Principal", "rural_leader", Level::School),
    ("inez", ("Inez", "Valdez"), "sagebrush", "Director", "rural_leader", Level::Boces),
    ("joan", ("Joan", "Prater"), "columbine", "Head of School", "rural_leader", Level::School),
    ("kent", ("Kent", "Osborne"), "stmary", "Head of School", "rural_leader", Level::School),
    ("lena", ("Lena", "Fisk"), "aspen", "Teacher", "teacher", Level::School),
];

/// Those who register by themselves and say where they work: each shows it in another way.
pub(super) const NEWCOMERS: &[(Somebody, &str)] = &[
    (
        ("wade", ("Wade", "Lucero"), "aspen", "Counselor", "section_504_coordinator", Level::School),
        "wade.lucero@aspenridge.example",
    ),
    (
        ("ursula", ("Ursula", "Klein"), "sagebrush", "Safety Consultant", "discipline_lead", Level::Boces),
        "ursula@kleinfamily.example",
    ),
    (("tess", ("Tess", "Moreno"), "columbine", "Assistant Principal", "principal", Level::School), "tess.moreno@homemail.example"),
    (("vera", ("Vera", "Okafor"), "stmary", "Vice Principal", "principal", Level::School), "vera.okafor@homemail.example"),
    (
        ("yara", ("Yara", "Sandoz"), "pinecreek", "Discipline Coordinator", "discipline_lead", Level::District),
        "yara@sandoz.example",
    ),
];

/// Three of one school who want to take part together: key, names.
pub(super) const TEAM: [(&str, (&str, &str)); 3] =
    [("quinn", ("Quinn", "Abeyta")), ("rosa", ("Rosa", "Lindqvist")), ("seth", ("Seth", "Nakai"))];
