//! Domains at which anybody can have an address: nobody speaks for an organization from there, even where it lists such a domain.

/// The domains, in the order of the alphabet.
const DOMAINS: &str = include_str!("free_mail.txt");

/// Whether anybody can have an address at a domain.
pub(crate) fn is_free_mail(domain: &str) -> bool {
    DOMAINS.lines().any(|line| line == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_mail_domain_is_known_and_a_school_is_none() {
        assert!(is_free_mail("gmail.com") && is_free_mail("zohomail.com"));
        assert!(!is_free_mail("cedarhollow.org") && !is_free_mail("mail") && !is_free_mail(""));
    }

    #[test]
    fn the_list_is_lower_case_and_holds_nothing_twice() {
        let lines: Vec<&str> = DOMAINS.lines().collect();
        let distinct: std::collections::BTreeSet<&str> = lines.iter().copied().collect();
        assert_eq!(distinct.len(), lines.len());
        assert!(lines.iter().all(|line| !line.is_empty() && *line == line.trim().to_lowercase()));
    }
}
