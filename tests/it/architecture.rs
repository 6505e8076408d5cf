//! The invariants of the architecture that the compiler and clippy cannot hold, as rules over the sources and the dependency tree.
//!
//! Each rule carries a line that breaks it, and a test shows that it is caught. Lines that are comments are not looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Texts that no source may hold, but those of the places named.
struct Rule {
    /// What the rule keeps.
    invariant: &'static str,
    /// Where it holds: the beginning of a path.
    within: &'static str,
    /// Where it does not.
    except: &'static [&'static str],
    /// What must not be there.
    forbidden: &'static [&'static str],
    /// A line that breaks it.
    seed: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        invariant: "the domain has no IO, no clock, no randomness and no async",
        within: "crates/domain/",
        except: &[],
        forbidden: &["async ", ".await", "std::env", "std::fs", "std::io", "std::net", "std::process", "std::thread"],
        seed: "pub async fn phase() {}",
    },
    Rule {
        invariant: "only the store and the migrations name sea-orm",
        within: "",
        // The tests reach behind the server's back, and measure it against the bare library.
        except: &["crates/store/", "migrations/", "tests/"],
        forbidden: &["sea_orm", "sea-orm", "sqlx"],
        seed: "use sea_orm::EntityTrait;",
    },
    Rule {
        invariant: "only the dialect, and the migrations' own, ask which database it is",
        within: "",
        except: &["crates/store/src/dialect.rs", "migrations/src/lib.rs"],
        forbidden: &["DbBackend", "DatabaseBackend", "get_database_backend"],
        seed: "if database == DbBackend::Sqlite {",
    },
    Rule {
        invariant: "no statement reads the database's clock",
        within: "",
        except: &[],
        forbidden: &["CURRENT_TIMESTAMP", "current_timestamp", "NOW()", "now()::", "datetime('now"],
        seed: "UPDATE seats SET taken_at = CURRENT_TIMESTAMP",
    },
    Rule {
        invariant: "only the context reads the clock and makes ids: nothing else is excused from the lint",
        within: "",
        except: &["crates/api/src/ctx.rs"],
        forbidden: &["clippy::disallowed_methods"],
        seed: "#[expect(clippy::disallowed_methods, reason = \"quicker\")]",
    },
    Rule {
        invariant: "only problem.rs, with OAuth's beside it, builds an error body",
        within: "crates/api/src/",
        except: &["crates/api/src/problem"],
        forbidden: &[
            "application/problem+json",
            "impl ResponseError",
            "HttpResponse::BadRequest",
            "HttpResponse::Unauthorized",
            "HttpResponse::Forbidden",
            "HttpResponse::NotFound",
            "HttpResponse::Conflict",
            "HttpResponse::UnprocessableEntity",
            "HttpResponse::TooManyRequests",
            "HttpResponse::InternalServerError",
            "HttpResponse::ServiceUnavailable",
            "actix_web::error::Error",
        ],
        seed: "return HttpResponse::NotFound().finish();",
    },
    Rule {
        invariant: "only those listed go through the door without a coalition",
        within: "",
        // Signing in, the catalog's slugs, commands, jobs, throttles, and what tests stand on.
        except: &[
            "crates/api/src/auth.rs",
            "crates/api/src/catalog.rs",
            "crates/api/src/commands.rs",
            "crates/api/src/demo/",
            "crates/api/src/v1/oauth.rs",
            "crates/api/src/v1/sign_ins.rs",
            "crates/api/src/v1/journal.rs",
            "crates/workflow/src/jobs.rs",
            "crates/workflow/src/throttles.rs",
            "tests/",
        ],
        forbidden: &["Store::system", ".system()"],
        seed: "let people = store.system().people();",
    },
];

/// What no crate's dependencies may hold, however far down: a crate, and the beginnings of the names.
const FORBIDDEN_DEPENDENCIES: &[(&str, &[&str])] = &[
    ("cohortium-domain", &["actix", "hyper", "mio", "reqwest", "sea-orm", "sqlx", "tokio"]),
    ("cohortium-store", &["actix", "hyper", "reqwest"]),
    ("cohortium-workflow", &["actix", "hyper", "reqwest"]),
];

impl Rule {
    /// The lines of a source that break the rule.
    fn broken_by<'a>(&self, path: &str, source: &'a str) -> Vec<&'a str> {
        if !path.starts_with(self.within) || self.except.iter().any(|place| path.starts_with(place)) {
            return Vec::new();
        }
        let code = source.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        code.filter(|line| self.forbidden.iter().any(|text| line.contains(text))).collect()
    }
}

/// The names in a tree, as `cargo tree --prefix none` prints it, that begin with one of these.
fn forbidden_in<'a>(tree: &'a str, forbidden: &[&str]) -> Vec<&'a str> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| forbidden.iter().any(|start| name.starts_with(start))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every source and manifest of the workspace but this file: its path from the root, and what it holds.
fn sources() -> Vec<(String, String)> {
    let mut folders = ["crates", "migrations", "tests"].map(|folder| root().join(folder)).to_vec();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "toml") && name != "tests/it/architecture.rs" {
                sources.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources
}

#[test]
fn the_sources_keep_every_rule() {
    let sources = sources();
    assert!(sources.len() > 30, "only {} sources were found", sources.len());
    let mut broken = Vec::new();
    for rule in RULES {
        for (path, source) in &sources {
            let lines = rule.broken_by(path, source);
            broken.extend(lines.iter().map(|line| format!("{}\n    {path}: {line}", rule.invariant)));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_rule_catches_the_line_that_breaks_it() {
    for rule in RULES {
        let path = format!("{}elsewhere.rs", if rule.within.is_empty() { "crates/api/src/" } else { rule.within });
        assert_eq!(rule.broken_by(&path, rule.seed), [rule.seed], "{}", rule.invariant);
        assert!(rule.broken_by(&path, &format!("    // {}", rule.seed)).is_empty(), "{}", rule.invariant);
        for place in rule.except {
            assert!(rule.broken_by(place, rule.seed).is_empty(), "{}", rule.invariant);
        }
    }
}

#[test]
fn every_exception_is_still_needed() {
    let sources = sources();
    for rule in RULES {
        for place in rule.except {
            let strict = Rule { except: &[], ..*rule };
            let used = sources.iter().any(|(path, source)| path.starts_with(place) && !strict.broken_by(path, source).is_empty());
            assert!(used, "{place} need not be excused: {}", rule.invariant);
        }
    }
}

#[test]
fn no_crate_depends_on_what_its_floor_has_no_business_with() {
    for (package, forbidden) in FORBIDDEN_DEPENDENCIES {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["tree", "--locked", "--edges=normal,build", "--prefix=none", "--package", package]);
        let output = cargo.current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).unwrap();
        assert!(tree.starts_with(package), "{tree}");
        assert_eq!(forbidden_in(&tree, forbidden), Vec::<&str>::new(), "{package}");
    }
}

#[test]
fn a_forbidden_dependency_is_caught_however_far_down() {
    let tree = "cohortium-domain v0.1.0\nserde v1.0.0\nsea-orm-macros v2.0.0 (proc-macro)\ntokio v1.54.0 (*)";
    assert_eq!(forbidden_in(tree, &["sea-orm", "tokio"]), ["sea-orm-macros", "tokio"]);
}
