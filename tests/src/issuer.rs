//! An outside issuer of a test's own: what it publishes, whether it can be reached, and every token that it might sign, are in the
//! test's hands.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use cohortium_api::issuers::OutsideIssuer;
use cohortium_api::keys::{SigningKey, SignsFrom};
use cohortium_domain::text::Slug;
use cohortium_domain::time::Timestamp;
use jsonwebtoken::{Algorithm, crypto};
use serde_json::{Value, json};

use crate::api::{Settings, must};

/// The coalitions for which its tokens are taken.
const COALITIONS: [&str; 2] = ["dcsc", "diso"];

/// An issuer that runs.
pub struct Issuer {
    url: String,
    key: Mutex<Arc<SigningKey>>,
    state: Arc<State>,
    handle: ServerHandle,
}

#[derive(Default)]
struct State {
    published: Mutex<Value>,
    asked: AtomicUsize,
    down: AtomicBool,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl From<&Issuer> for Settings {
    /// A server that takes the tokens of this issuer.
    fn from(issuer: &Issuer) -> Self {
        let mut settings = Self::default();
        settings.network.issuers = COALITIONS.iter().map(|coalition| issuer.taken_by(coalition)).collect();
        settings
    }
}

impl Issuer {
    /// Starts one, on a port of its own.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let state = Arc::<State>::default();
        let (address, handle) = serve(&state);
        let issuer = Self { url: format!("http://{address}"), key: Mutex::new(new_key()), state, handle };
        issuer.publish(&json!([issuer.key().jwk]));
        issuer
    }

    /// Its `iss`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// It, as a server is told to take its tokens for a coalition.
    ///
    /// # Panics
    /// When the coalition has no slug.
    #[must_use]
    pub fn taken_by(&self, coalition: &str) -> OutsideIssuer {
        OutsideIssuer { coalition: must(Slug::new(coalition)), url: self.url.clone(), audiences: vec![audience(coalition)] }
    }

    /// How often it was asked for its keys.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// Whether it answers from now on.
    pub fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// Signs with another key from now on, and publishes that alone.
    pub fn rotate(&self) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = new_key();
        self.publish(&json!([self.key().jwk]));
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &Value) {
        *self.state.published.lock().unwrap_or_else(PoisonError::into_inner) = json!({ "keys": keys });
    }

    /// The key with which it signs.
    #[must_use]
    pub fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.key.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The header of its tokens.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.key().kid})
    }

    /// What its tokens say that let this subject in to a coalition, for ten minutes from now.
    #[must_use]
    pub fn claims(&self, coalition: &str, subject: &str, now: Timestamp) -> Value {
        let now = now.millis() / 1_000;
        json!({"iss": self.url, "aud": audience(coalition), "sub": subject, "client_id": "front-end", "jti": format!("{subject}-{now}"),
            "iat": now, "exp": now + 600})
    }

    /// Such a token.
    #[must_use]
    pub fn token(&self, coalition: &str, subject: &str, now: Timestamp) -> String {
        self.sign(&self.header(), &self.claims(coalition, subject, now))
    }

    /// Whatever token.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = must(crypto::sign(message.as_bytes(), &self.key().private, Algorithm::ES256));
        format!("{message}.{signature}")
    }
}

/// For whom a token must be that lets somebody in to a coalition.
fn audience(coalition: &str) -> String {
    format!("https://{coalition}.cohortium.test")
}

fn new_key() -> Arc<SigningKey> {
    let pkcs8 = must(SigningKey::generate());
    Arc::new(must(SigningKey::from_pkcs8(pkcs8.as_ref(), SignsFrom::Never)))
}

/// Serves in a thread of its own, which lasts as long as the process.
fn serve(state: &Arc<State>) -> (SocketAddr, ServerHandle) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let state = web::Data::from(Arc::clone(state));
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = move || {
                App::new()
                    .app_data(state.clone())
                    .route("/.well-known/openid-configuration", web::get().to(metadata))
                    .route("/keys", web::get().to(keys))
            };
            let server = must(HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0"));
            let address = server.addrs().first().copied().unwrap_or_else(|| panic!("no address"));
            let running = server.run();
            must(sender.send((address, running.handle())));
            must(running.await);
        });
    });
    must(receiver.recv())
}

async fn metadata(state: web::Data<State>, request: actix_web::HttpRequest) -> HttpResponse {
    if state.down.load(Ordering::SeqCst) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let url = format!("http://{}", request.connection_info().host());
    HttpResponse::Ok().json(json!({"issuer": url, "jwks_uri": format!("{url}/keys")}))
}

async fn keys(state: web::Data<State>) -> HttpResponse {
    state.asked.fetch_add(1, Ordering::SeqCst);
    if state.down.load(Ordering::SeqCst) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    HttpResponse::Ok().json(&*state.published.lock().unwrap_or_else(PoisonError::into_inner))
}
