//! The first version of the API: a room for each concept, with its types, its handlers, and at the bottom its list.

mod access;
mod clock;
mod coalition;
mod journal;
mod operation;
mod state_machines;

use actix_web::web::ServiceConfig;
use utoipa::openapi::OpenApi;

/// Declares the operations of a room: served and documented from one list.
macro_rules! room {
    ($($handler:ident),+ $(,)?) => {
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler),+))]
        struct Document;

        /// The room's part of the document.
        pub(super) fn document() -> utoipa::openapi::OpenApi {
            <Document as utoipa::OpenApi>::openapi()
        }

        /// Serves the room.
        pub(super) fn configure(app: &mut actix_web::web::ServiceConfig) {
            $(app.service($handler);)+
        }
    };
}
use room;

macro_rules! rooms {
    ($($room:ident),+ $(,)?) => {
        /// The documents of all rooms.
        pub(crate) fn documents() -> Vec<OpenApi> {
            vec![$($room::document()),+]
        }

        /// Serves all rooms.
        pub(crate) fn configure(app: &mut ServiceConfig) {
            $($room::configure(app);)+
        }
    };
}

rooms!(access, coalition, clock, journal, state_machines, operation);
