//! Organizations.

crate::words! {
    /// What kind of organization it is.
    pub enum OrganizationKind {
        /// A school.
        School = "school",
        /// A charter school.
        CharterSchool = "charter_school",
        /// A private school.
        PrivateSchool = "private_school",
        /// A school district.
        District = "district",
        /// A board of cooperative educational services.
        Boces = "boces",
        /// A network of schools.
        Network = "network",
        /// An agency of a state.
        Agency = "agency",
        /// Another nonprofit.
        Nonprofit = "nonprofit",
    }
}
