//! The outbox: that mails are sent, once or, after a crash, once more, and given up in the end.

use chrono::Duration;
use cohortium_api::config::Secret;
use cohortium_api::mailer::SmtpPost;
use cohortium_domain::mails::Unsent;
use cohortium_tests::api::{Api, must};
use cohortium_tests::database::TestDatabase;
use cohortium_tests::mails::{Mailbox, SmtpServer, token_in};
use cohortium_tests::on_both_databases;
use cohortium_workflow::jobs;
use cohortium_workflow::mails::{Letter, Mailer};
use serde_json::json;
use tokio::sync::Notify;

on_both_databases! {
    a_crash_between_taking_a_mail_and_hearing_of_it_sends_it_once_more,
    a_mail_that_is_not_taken_now_is_tried_again_and_one_that_never_is_given_up,
    mails_wait_for_a_mail_server_that_is_gone,
    of_many_who_send_at_once_each_mail_is_sent_by_one,
    a_mail_whose_link_has_run_out_is_not_sent,
    a_link_leads_to_the_front_end_of_its_coalition,
    old_mails_and_links_are_forgotten,
}

const PHRASE: &str = "a rowboat, two figs and tea";

async fn register(api: &Api, email: &str) {
    let given = json!({"coalition": "dcsc", "email": email, "given_name": "Ana", "family_name": "Ruiz"});
    let _ = api.anonymous().post("/v1/auth/register", given).await.expect(202);
}

async fn verify(api: &Api, token: &str) -> u16 {
    api.anonymous().post("/v1/auth/verify-email", json!({"token": token, "password": PHRASE})).await.status
}

fn post(server: &SmtpServer) -> SmtpPost {
    must(SmtpPost::new(&Secret::new(format!("smtp://{}", server.address())), "noreply@dcsc.example"))
}

async fn send(api: &Api, mailer: &impl Mailer) {
    must(jobs::send_due_mails(api.store(), mailer).await);
}

fn message_id(message: &str) -> &str {
    message.lines().find(|line| line.starts_with("Message-ID:")).unwrap()
}

/// Sends, and is never heard of again.
struct DiesAfterSending(SmtpPost, Notify);

impl Mailer for DiesAfterSending {
    async fn send(&self, letter: &Letter) -> Result<(), Unsent> {
        must(self.0.send(letter).await);
        self.1.notify_one();
        std::future::pending().await
    }
}

async fn a_crash_between_taking_a_mail_and_hearing_of_it_sends_it_once_more(database: TestDatabase) {
    let api = Api::start(&database).await;
    let _ = api.coalition("dcsc").await;
    let server = SmtpServer::start().await;
    register(&api, "ana@example.org").await;
    let dying = DiesAfterSending(post(&server), Notify::new());
    tokio::select! {
        _ = jobs::send_due_mails(api.store(), &dying) => panic!("it lives"),
        () = dying.1.notified() => {}
    }
    let post = post(&server);
    api.environment().pass(Duration::seconds(59));
    send(&api, &post).await;
    assert_eq!(server.messages().len(), 1, "somebody has it still");
    api.environment().pass(Duration::seconds(1));
    send(&api, &post).await;
    send(&api, &post).await;
    let messages = server.messages();
    let [first, second] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message_id(first), message_id(second));
    assert_eq!(verify(&api, &token_in(first)).await, 422, "only a digest was kept, so there is a new token");
    assert_eq!(verify(&api, &token_in(second)).await, 204);
}

async fn a_mail_that_is_not_taken_now_is_tried_again_and_one_that_never_is_given_up(database: TestDatabase) {
    let api = Api::start(&database).await;
    let _ = api.coalition("dcsc").await;
    let server = SmtpServer::start().await;
    let post = post(&server);
    register(&api, "ana@example.org").await;
    server.answer_next("451 try again later");
    send(&api, &post).await;
    send(&api, &post).await;
    assert_eq!(server.messages().len(), 0, "not at once");
    api.environment().pass(Duration::seconds(36));
    send(&api, &post).await;
    let messages = server.messages();
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].contains("To: ana@example.org") && messages[0].contains("From: \"Coalition dcsc\" <noreply@dcsc.example>"),
        "{}",
        messages[0]
    );
    assert_eq!(verify(&api, &token_in(&messages[0])).await, 204);

    register(&api, "nobody@example.org").await;
    server.answer_next("550 no such mailbox");
    send(&api, &post).await;
    api.environment().pass(Duration::hours(23));
    send(&api, &post).await;
    assert_eq!(server.messages().len(), 1, "given up");
}

async fn mails_wait_for_a_mail_server_that_is_gone(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let mia = api.person(coalition, "Mia", &[]).await;
    api.set_password(coalition, mia.person_id(), PHRASE).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let post = must(SmtpPost::new(&Secret::new(format!("smtp://{address}")), "noreply@dcsc.example"));
    register(&api, "ana@example.org").await;
    let _ = api
        .anonymous()
        .post("/v1/auth/password/forgot", json!({"coalition": "dcsc", "email": "mia@example.org"}))
        .await
        .expect(202);
    for _ in 0..20 {
        send(&api, &post).await;
        api.environment().pass(Duration::seconds(60));
    }
    let server = SmtpServer::start_at(address).await;
    for _ in 0..3 {
        send(&api, &post).await;
    }
    assert_eq!(server.messages().len(), 2, "within a minute of its return, each once");
}

async fn of_many_who_send_at_once_each_mail_is_sent_by_one(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let asked = (0..40).map(|n| {
        let address = must(cohortium_domain::text::Email::new(&format!("p{n}@example.org")));
        api.write(coalition, async move |tx| {
            use cohortium_domain::mails::{Mail, MailKind};
            let mail = Mail::ask(tx.make_opaque_id(), MailKind::PasswordChanged, None, address.clone(), None, tx.process_now());
            tx.add_mail(&mail).await
        })
    });
    for one in asked {
        one.await;
    }
    let mailbox = Mailbox::default();
    let senders = (0..4).map(|_| jobs::send_due_mails(api.store(), &mailbox));
    futures_util::future::join_all(senders).await.into_iter().for_each(must);
    let mut to: Vec<String> = mailbox.empty().iter().map(|letter| letter.to.to_string()).collect();
    assert_eq!(to.len(), 40);
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 40, "none was sent twice");
}

async fn a_mail_whose_link_has_run_out_is_not_sent(database: TestDatabase) {
    let api = Api::start(&database).await;
    let _ = api.coalition("dcsc").await;
    register(&api, "ana@example.org").await;
    api.environment().pass(Duration::hours(24));
    assert_eq!(api.mails().await.len(), 0);
}

async fn a_link_leads_to_the_front_end_of_its_coalition(database: TestDatabase) {
    use cohortium_domain::access::Grant;
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    let owner = api.person(coalition, "Olga", &[Grant::Owner]).await;
    let _ = owner
        .patch("/v1/coalition", json!({"front_end_url": "https://app.dcsc.example/", "contact_email": "office@dcsc.example"}))
        .await
        .expect(200);
    let given =
        json!({"coalition": "dcsc", "email": "ana@example.org", "given_name": "Eve http://evil.example", "family_name": "B"});
    let asked = api
        .anonymous()
        .request(reqwest::Method::POST, "/v1/auth/register")
        .header("x-forwarded-host", "evil.example")
        .json(&given)
        .send()
        .await;
    let _ = asked.expect(202);
    let mail = api.mail().await;
    assert!(mail.text.contains("https://app.dcsc.example/verify-email#token="), "{}", mail.text);
    assert!(!mail.text.contains("evil"), "nothing that a stranger sent is in it: {}", mail.text);
    assert_eq!(mail.reply_to.unwrap().as_str(), "office@dcsc.example");
}

async fn old_mails_and_links_are_forgotten(database: TestDatabase) {
    let api = Api::start(&database).await;
    let coalition = api.coalition("dcsc").await;
    register(&api, "ana@example.org").await;
    let sent = api.mail().await;
    let forgotten = async || {
        must(jobs::forget_old_mails(api.store()).await);
        let found = api.write(coalition, async |tx| tx.link_to_register(&sent.to).await).await;
        let mails = api.write(coalition, async |tx| tx.forget_mails_before(tx.process_now().plus_minutes(1)).await);
        (found.is_none(), mails)
    };
    api.environment().pass(Duration::hours(24));
    assert!(!forgotten().await.0, "it has just run out");
    api.environment().pass(Duration::seconds(1));
    let (no_link, mails) = forgotten().await;
    assert!(no_link);
    assert_eq!(mails.await, 1, "that it was sent is known still");
    register(&api, "ana@example.org").await;
    let _ = api.mail().await;
    api.environment().pass(Duration::days(31));
    let (_, mails) = forgotten().await;
    assert_eq!(mails.await, 0);
}
