//! Listening: header time limits, TLS where configured, and an end that lets requests finish.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use api::Frame;
use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};

use hyper::body::Incoming;
use tower::service_fn;

use crate::{settings::Tls, wiring::StartError};

/// A client that hasn't made its first request by then is a slow loris.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// Nor may the headers of a later one take longer; as hyper counts from the last answer on, this is also how
/// long an idle connection is kept: longer than proxies keep theirs (60 s by habit), so that none of them
/// sends a request into a connection that is just being closed.
const HEADER_TIME: Duration = Duration::from_secs(75);
/// Headers that the parser keeps, so that the API can refuse too many of them in its own words.
const MAX_HEADERS: usize = 512;

/// Takes the address; nothing is answered before [`serve`].
pub fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|e| StartError(format!("can't listen on {address}: {e}")))
}

/// Answers until `handle` is told to stop.
pub async fn serve(
    listener: TcpListener,
    frame: Frame,
    tls: Option<&Tls>,
    handle: Handle<SocketAddr>,
) -> Result<(), StartError> {
    let failed = |e: std::io::Error| StartError(format!("server: {e}"));
    // one service a connection, which knows its peer
    let service = service_fn(move |peer: SocketAddr| {
        let frame = frame.clone();
        let connection = service_fn(move |request: Request<Incoming>| {
            let frame = frame.clone();
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo(peer));
                Ok::<_, Infallible>(frame.answer(request).await)
            }
        });
        async move { Ok::<_, Infallible>(connection) }
    });
    let mut server =
        axum_server::from_tcp(listener).map_err(failed)?.handle(handle).first_request_timeout(FIRST_REQUEST);
    server.http_builder().http1().header_read_timeout(HEADER_TIME).max_headers(MAX_HEADERS);
    server.http_builder().http2().max_concurrent_streams(100);
    let Some(tls) = tls else {
        return server.serve(service).await.map_err(failed);
    };
    let config = RustlsConfig::from_pem_file(&tls.cert_file, &tls.key_file)
        .await
        .map_err(|e| StartError(format!("tls: {e}")))?;
    server.acceptor(RustlsAcceptor::new(config)).serve(service).await.map_err(failed)
}
