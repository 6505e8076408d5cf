//! Employments.

crate::words! {
    /// The level at which a role is held.
    pub enum Level {
        /// At a school.
        School = "school",
        /// At a district.
        District = "district",
        /// At a board of cooperative educational services.
        Boces = "boces",
        /// At a network of schools.
        Network = "network",
    }
}
