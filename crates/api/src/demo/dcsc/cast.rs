//! The people and schools of DCSC's year: all of them invented.

/// The schools of the coalition: key, name, e-mail domain, state.
pub(super) const SCHOOLS: &[(&str, &str, &str, &str)] = &[
    ("alder", "Alder Street Charter School", "alder.example", "DC"),
    ("beacon", "Beacon Hill Prep", "beaconhill.example", "MA"),
    ("cedar", "Cedar Bridge Academy", "cedarbridge.example", "NY"),
    ("dogwood", "Dogwood Public Charter School", "dogwood.example", "DC"),
    ("eastside", "Eastside Commons", "eastside.example", "TN"),
    ("foundry", "Foundry Charter High School", "foundry.example", "PA"),
    ("garland", "Garland Language Academy", "garland.example", "CO"),
    ("harbor", "Harbor View Charter School", "harborview.example", "CA"),
    ("iris", "Iris Grove School", "irisgrove.example", "TX"),
    ("juniper", "Juniper Community School", "juniper.example", "CO"),
    ("keystone", "Keystone Crossing", "keystone.example", "PA"),
    ("larkspur", "Larkspur Charter School", "larkspur.example", "CA"),
    ("mosaic", "Mosaic Learning Collaborative", "mosaic.example", "NY"),
    ("northstar", "North Star Neighborhood School", "northstar.example", "RI"),
    ("orchard", "Orchard Park Charter School", "orchardpark.example", "LA"),
    ("prairie", "Prairie Union School", "prairieunion.example", "MO"),
];

/// Those who answered the call: key, given name, family name, school, title.
pub(super) const AUTHORS: &[(&str, &str, &str, &str, &str)] = &[
    ("author-1", "Imani", "Brooks", "alder", "Dean of Culture"),
    ("author-2", "Tomas", "Varga", "cedar", "Humanities Lead"),
    ("author-3", "Leila", "Haddad", "garland", "Family Liaison"),
    ("author-4", "Marcus", "Teague", "harbor", "Enrollment Director"),
    ("author-5", "Priya", "Raman", "mosaic", "Instructional Coach"),
    ("author-6", "Joel", "Lindqvist", "northstar", "Data Manager"),
];

/// Whom the fourth of them asked to lead the group together.
pub(super) const CO_FACILITATOR: &(&str, &str, &str, &str, &str) = &("co-facilitator", "Nadia", "Petrov", "harbor", "Counselor");

/// Those who read the proposals beside the reviewer as whom one can sign in. The second works where an author does.
pub(super) const REVIEWERS: &[(&str, &str, &str, &str, &str)] = &[
    ("reviewer-2", "Greta", "Winslow", "juniper", "Instructional Coach"),
    ("reviewer-3", "Sam", "Delgado", "cedar", "Instructional Coach"),
];

/// A proposal: its author, its title, what it is about, what is to come of it.
pub(super) struct Pitch {
    pub author: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    pub goals: &'static [&'static str],
}

/// The six proposals; the first four became cohorts.
pub(super) const PITCHES: &[Pitch] = &[
    Pitch {
        author: "author-1",
        title: "Restorative Practice That Lasts",
        summary: "How a school keeps restorative circles alive after the first year, when the training is over and the calendar is full.",
        goals: &["Map where restorative practice holds and where it slips", "Write a playbook for the second year"],
    },
    Pitch {
        author: "author-2",
        title: "Whose Story? A Curriculum Exchange",
        summary: "Teachers swap units in history and literature, and test each other's for whose voices are heard in them.",
        goals: &["Review two units a month with a shared lens", "Publish a set of units that passed it"],
    },
    Pitch {
        author: "author-3",
        title: "Families as Partners in Every Language",
        summary: "What it takes for a family that speaks another language at home to shape decisions at school, not only to be told of them.",
        goals: &["Compare how schools interpret and translate", "Draft a guide for family councils"],
    },
    Pitch {
        author: "author-4",
        title: "Diverse by Design: Enrollment and Belonging",
        summary: "Recruiting a mixed student body is the beginning; this group works on who stays, who leads, and who feels at home.",
        goals: &["Read each other's retention figures honestly", "Agree on five measures of belonging"],
    },
    Pitch {
        author: "author-5",
        title: "First-Year Teachers, First-Rate Support",
        summary: "Coaching new teachers in mixed classrooms without burning out the coaches.",
        goals: &["Share coaching calendars", "Build a bank of short observation notes"],
    },
    Pitch {
        author: "author-6",
        title: "Data Without Labels",
        summary: "Using assessment results so that they open doors instead of sorting children.",
        goals: &["Try three ways of reporting", "Choose one to recommend"],
    },
];

/// Who signed up: given name, family name, school; nine in a row for each of the four cohorts, in the order of the proposals.
pub(super) const PARTICIPANTS: &[(&str, &str, &str)] = &[
    ("Amara", "Osei", "beacon"),
    ("Ben", "Calloway", "dogwood"),
    ("Carmen", "Delgado", "eastside"),
    ("Dev", "Patel", "foundry"),
    ("Elena", "Rossi", "harbor"),
    ("Frank", "Mbeki", "iris"),
    ("Grace", "Liu", "juniper"),
    ("Hassan", "Ali", "keystone"),
    ("Ingrid", "Solberg", "larkspur"),
    ("Jamal", "Whitaker", "alder"),
    ("Keiko", "Tanaka", "mosaic"),
    ("Luis", "Herrera", "northstar"),
    ("Maya", "Cohen", "orchard"),
    ("Nadia", "Petrov", "prairie"),
    ("Omar", "Haidari", "beacon"),
    ("Paula", "Nunes", "dogwood"),
    ("Quinn", "Archer", "eastside"),
    ("Rosa", "Villanueva", "foundry"),
    ("Samira", "Nasser", "harbor"),
    ("Theo", "Laurent", "iris"),
    ("Uma", "Krishnan", "juniper"),
    ("Victor", "Salazar", "keystone"),
    ("Wendy", "Chu", "larkspur"),
    ("Ximena", "Rojas", "mosaic"),
    ("Yusuf", "Demir", "northstar"),
    ("Zoe", "Hartman", "orchard"),
    ("Aisha", "Bello", "prairie"),
    ("Bruno", "Keller", "alder"),
    ("Chloe", "Nguyen", "cedar"),
    ("Dante", "Russo", "garland"),
    ("Esther", "Kim", "beacon"),
    ("Felix", "Moreno", "dogwood"),
    ("Gloria", "Adeyemi", "eastside"),
    ("Hugo", "Bianchi", "foundry"),
    ("Iris", "Johansson", "harbor"),
    ("Jonah", "Feldman", "juniper"),
];
