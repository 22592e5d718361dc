//! A node as it is served, but for the socket and the log: requests go straight into its frame.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use api::Frame;
use app::{
    App, Origin,
    accounts::{RequestOtp, VerifyOtp, request_otp, verify_otp},
    tokens::{Login, TokenType},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use domain::{
    Phone, Role, Secret, SignedDuration,
    ids::{SessionId, UserId},
    otp::Channel,
};
use server::{
    settings::{Settings, Sources},
    telemetry, wiring,
};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

pub struct Node {
    pub app: Arc<App>,
    pub frame: Frame,
    /// Never told to drain.
    _drain: watch::Sender<bool>,
    background: Vec<JoinHandle<()>>,
}

impl Node {
    /// Over a new `SQLite` file in the folder, or over this PostgreSQL database.
    pub async fn open(folder: &Path, database_url: Option<String>) -> Self {
        let sources = Sources::default()
            .flag("data_dir", Some(folder.display().to_string()))
            .flag("database.url", database_url)
            .flag("rate_limit.enabled", Some("false".to_owned()));
        let settings = Settings::read(sources).unwrap();
        let app = wiring::app(&settings, wiring::Parts::default()).await.unwrap();
        let (drain, draining) = watch::channel(false);
        let api = wiring::api(&settings, Arc::clone(&app), telemetry::metrics(), draining);
        let background = wiring::background(&app, telemetry::metrics());
        Self { app, frame: api::service(api), _drain: drain, background }
    }

    /// Ends what a node does besides answering.
    pub fn close(self) {
        for task in self.background {
            task.abort();
        }
    }

    /// Logs a user in as the API does; the code comes from the development inbox. Each `n` has an address of
    /// their own, so that no budget is used up.
    pub async fn log_in(&self, phone: Phone, n: u32) -> Arc<str> {
        let origin = Origin {
            request_id: "bench".into(),
            address: IpAddr::V4(Ipv4Addr::from(0x0A00_0000 + n)),
            user_agent: "bench".into(),
        };
        let request = RequestOtp { phone, channel: Channel::Sms, origin: origin.clone() };
        request_otp(&self.app, request).await.unwrap();
        let messages = self.app.senders.inbox.as_ref().unwrap().messages(Some(&phone));
        let code = Secret::new(messages[0].code.clone().unwrap());
        let logged_in = verify_otp(&self.app, VerifyOtp { phone, code, origin }).await.unwrap();
        logged_in.access.into_exposed().into()
    }

    /// The access token of a login that needs no message: for thousands of patients.
    pub fn sign(&self, patient: Uuid) -> String {
        let now = self.app.clock.now();
        let ends = now + SignedDuration::from_hours(24);
        let login = Login { user: UserId(patient), role: Role::Patient, session: SessionId(patient), ends };
        let token = self.app.tokens.sign(TokenType::Access, &login, now, &*self.app.rng);
        token.unwrap().into_exposed()
    }
}

/// As it comes from a socket.
pub fn request(method: Method, path: &str, token: &str, body: String) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let mut request = request.body(Body::from(body)).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000))));
    request
}

/// The whole answer.
pub async fn answer(frame: &Frame, request: Request<Body>) -> (StatusCode, Bytes) {
    let response = frame.answer(request).await;
    let status = response.status();
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap())
}
