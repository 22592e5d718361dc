//! The peer of the profile read: axum, one route, fixed bytes. What a request costs before anybody has
//! authenticated, counted, read, opened, written or logged anything.
#![expect(clippy::unwrap_used, reason = "a benchmark ends at the first surprise")]

use std::{fs, net::SocketAddr, path::PathBuf};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use clap::Parser;
use tokio::net::TcpListener;

// the server's own
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers `GET /api/v1/patients/profile/` with the bytes of a file.
#[derive(Parser)]
struct Args {
    /// Address and port to listen on
    listen: SocketAddr,
    /// File with the answer
    body: PathBuf,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    // static, so that no request copies it
    let body: &'static [u8] = fs::read(args.body).unwrap().leak();
    let profile = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let router = Router::new().route("/api/v1/patients/profile/", get(profile));
    let listener = TcpListener::bind(args.listen).await.unwrap();
    axum::serve(listener, router).await.unwrap();
}
