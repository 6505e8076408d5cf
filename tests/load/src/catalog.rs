//! The catalog's list of 20 cohorts, which is rendered once and then sent from memory.

use crate::ceiling::SameAnswer;
use crate::client::{Connection, get, repeat};
use crate::measure::{Contestant, Figures, compare as in_turns, ratio};
use crate::server::Server;
use crate::world::{COALITION, Plan, World};
use crate::{Done, Site};

/// Headers that every server sends of itself.
const OF_ITSELF: &[&str] = &["content-length", "date", "connection"];

/// Compares it with bare actix-web that sends the same bytes.
pub fn compare(site: &Site) -> Done {
    let world = World::make(&site.path().join("catalog"), None, Plan { cohorts: 20, seats: 500, people: 0 })?;
    let path = format!("/v1/catalog/{COALITION}/cohorts");
    let ours = Server::cohortium(&world.data, None)?;
    let answer = Connection::open(ours.address())?.ask(&get(&path, &[]))?;
    let etag = answer.header("etag").to_owned();
    let bytes = answer.body.len();
    let headers = answer.headers.into_iter().filter(|(name, _)| !OF_ITSELF.contains(&name.as_str())).collect();
    let file = site.path().join("answer.json");
    std::fs::write(&file, serde_json::to_vec(&SameAnswer { headers, body: answer.body })?)?;
    let bare = Server::ceiling(&["bytes", "--answer", &file.to_string_lossy()])?;

    let (whole, unchanged) = (get(&path, &[]), get(&path, &[("if-none-match", &etag)]));
    let turn = |server: &Server, request: &[u8], status: u16| -> Done<Figures> {
        Figures::measured(server, None, || repeat(server.address(), site.terms.clients, site.turn(), request, status))
    };
    let contestants = vec![
        Contestant::new("Cohortium", || turn(&ours, &whole, 200)),
        Contestant::new("Cohortium, 304", || turn(&ours, &unchanged, 304)),
        Contestant::new("bare actix-web, the same bytes", || turn(&bare, &whole, 200)),
    ];
    let title = format!("Catalog: GET {path}, 20 cohorts, {bytes} bytes, from memory");
    if let [ours, unchanged, bare] = in_turns(&title, site.terms.rounds, contestants)?.as_slice() {
        ratio("Cohortium to the ceiling", ours.per_second / bare.per_second, 0.95);
        ratio("304 to the ceiling", unchanged.per_second / bare.per_second, 1.2);
    }
    println!();
    Ok(())
}
