//! Which outside issuers are taken.

use clap::Args;
use cohortium_domain::text::Slug;

use super::filled;
use crate::issuers::{OutsideIssuer, is_fetched};

const FORM: &str = "must be a coalition's slug, the issuer's address and an audience, with a space between them, such as \"dcsc https://login.example.org \
                    https://api.example.org\"";

/// What a server is told about outside issuers.
#[derive(Args, Clone, Debug, Default)]
pub struct IssuerArgs {
    /// An outside issuer (OpenID Connect) whose access tokens a coalition takes: the coalition's slug, the issuer's address and the
    /// audience of its tokens, for example `dcsc https://login.example.org https://api.example.org`, and perhaps more audiences;
    /// can be given several times.
    #[arg(long = "allow-issuer", env = "COHORTIUM_ALLOW_ISSUERS", value_delimiter = ',', value_name = "COALITION ISSUER AUDIENCE")]
    pub allow_issuers: Vec<String>,
}

impl IssuerArgs {
    /// The issuers, as far as nothing is wrong with them.
    pub(super) fn issuers(&self, public_url: &str, faults: &mut Vec<String>) -> Vec<OutsideIssuer> {
        let mut issuers: Vec<OutsideIssuer> = Vec::new();
        for given in filled(&self.allow_issuers) {
            match issuer(&given, public_url).and_then(|issuer| distinct(&issuers, issuer)) {
                Ok(issuer) => issuers.push(issuer),
                Err(wrong) => faults.push(format!("--allow-issuer: {wrong}")),
            }
        }
        issuers
    }
}

fn issuer(given: &str, public_url: &str) -> Result<OutsideIssuer, String> {
    let mut words = given.split_whitespace().map(str::to_owned);
    let (Some(coalition), Some(url)) = (words.next(), words.next()) else { return Err(FORM.to_owned()) };
    let audiences: Vec<String> = words.collect();
    let coalition = Slug::new(&coalition).map_err(|_| format!("{FORM}; one begins with no slug"))?;
    if audiences.is_empty() {
        return Err(FORM.to_owned());
    }
    // What could hold a password is not repeated.
    if url.contains('@') || !is_fetched(&url) {
        return Err(format!("{FORM}; that of {coalition} must begin with https://, unless it is on localhost, and have no user"));
    }
    if url.contains('?') {
        return Err(format!("{url}: an issuer has no query"));
    }
    if url.trim_end_matches('/') == public_url {
        return Err(format!("{url}: is this server itself"));
    }
    Ok(OutsideIssuer { coalition, url, audiences })
}

/// The issuer, when none of its audiences stands for another coalition: a token would be for both.
fn distinct(known: &[OutsideIssuer], issuer: OutsideIssuer) -> Result<OutsideIssuer, String> {
    let same = |other: &&OutsideIssuer| other.url == issuer.url && other.audiences.iter().any(|one| issuer.audiences.contains(one));
    match known.iter().find(same) {
        Some(other) => Err(format!("{}: one audience stands for {} and for {}", issuer.url, other.coalition, issuer.coalition)),
        None => Ok(issuer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[&str]) -> (Vec<OutsideIssuer>, Vec<String>) {
        let args = IssuerArgs { allow_issuers: given.iter().map(|given| (*given).to_owned()).collect() };
        let mut faults = Vec::new();
        (args.issuers("https://api.example.org", &mut faults), faults)
    }

    #[test]
    fn an_issuer_is_a_coalition_an_address_and_audiences() {
        let (issuers, faults) =
            read(&["dcsc https://id.example.org/t/ a b", " ", "diso https://id.example.org/t/ c", "diso http://localhost:9000 a"]);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(issuers.len(), 3);
        assert_eq!(
            (issuers[0].url.as_str(), issuers[0].audiences.as_slice()),
            ("https://id.example.org/t/", &["a".to_owned(), "b".to_owned()][..])
        );
    }

    #[test]
    fn what_is_wrong_with_an_issuer_is_told() {
        for wrong in [
            "dcsc",
            "dcsc https://id.example.org",
            "DCSC! https://id.example.org a",
            "dcsc http://id.example.org a",
            "dcsc https://ada:hunter2@id.example.org a",
            "dcsc https://id.example.org?x=1 a",
            "dcsc https://id.example.org#x a",
            "dcsc id.example.org a",
            "dcsc https://api.example.org/ a",
        ] {
            let (issuers, faults) = read(&[wrong]);
            assert!(issuers.is_empty() && faults.len() == 1 && faults[0].starts_with("--allow-issuer: "), "{wrong}: {faults:?}");
            assert!(!faults[0].contains("hunter2") && !faults[0].contains('\n'), "{faults:?}");
        }
    }

    #[test]
    fn an_audience_of_an_issuer_stands_for_one_coalition() {
        let (issuers, faults) = read(&["dcsc https://id.example.org a b", "diso https://id.example.org b"]);
        assert_eq!((issuers.len(), faults.len()), (1, 1), "{faults:?}");
    }
}
