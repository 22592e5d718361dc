//! `/`: to the documents.

use axum::response::Redirect;

pub(crate) async fn home() -> Redirect {
    Redirect::temporary("/api/docs/")
}
