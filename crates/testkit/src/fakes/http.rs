//! A server on loopback that plays a script, one reply per request, and remembers the requests.
//!
//! It is written over the bare socket because most of what it plays is not HTTP as a framework would
//! let it be spoken: answers that break off, come twice or never come.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

const ENDLESS_CHUNK: usize = 4 * 1024;
/// Together 1 MiB: more than any client should take, and still an end if it does.
const ENDLESS_CHUNKS: usize = 256;

/// What the server does once it has read a whole request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status and a JSON body; the connection stays open.
    Json(u16, Value),
    /// These very bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing at all, on a connection that stays open.
    Silence,
    /// The connection is reset (RST) without an answer.
    Reset,
    /// A status and a body whose announced length never arrives: the connection ends before.
    Cut(u16, Vec<u8>),
    /// This reply byte by byte.
    Slowly(Box<Reply>),
    /// This reply two times, one right behind the other.
    Twice(Box<Reply>),
    /// Status 200 and a body of unknown length that goes on for 1 MiB.
    Endless,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The fields of a form (`application/x-www-form-urlencoded`), decoded, in the order of arrival.
    pub fn form(&self) -> Vec<(String, String)> {
        let body = String::from_utf8_lossy(&self.body);
        // a query and a form are written alike
        match reqwest::Url::parse(&format!("http://form/?{body}")) {
            Ok(url) => url.query_pairs().into_owned().collect(),
            Err(_) => Vec::new(),
        }
    }

    /// A JSON body; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The server; it stops, with all its connections, when this is dropped.
pub struct Scripted {
    address: SocketAddr,
    script: Arc<Script>,
    server: JoinHandle<()>,
}

impl Scripted {
    /// Listens on a free port of loopback. The last reply is repeated when the script runs out; an empty
    /// script is silence.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        let replies: Mutex<VecDeque<_>> = Mutex::new(replies.into_iter().collect());
        Self::answering(move |_| {
            let mut replies = replies.lock();
            let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            reply.unwrap_or(Reply::Silence)
        })
        .await
    }

    /// The same, with replies that depend on the requests.
    pub async fn answering(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let script = Arc::new(Script { answer: Box::new(answer), requests: watch::Sender::default() });
        let server = tokio::spawn(serve(listener, Arc::clone(&script)));
        Ok(Self { address, script, server })
    }

    /// Such as `http://127.0.0.1:40123`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All whole requests until now, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.script.requests.borrow().clone()
    }

    /// Waits until these are all the requests that have come.
    pub async fn until(&self, enough: impl Fn(&[Request]) -> bool) {
        // the sender lives as long as this
        let _ = self.script.requests.subscribe().wait_for(|requests| enough(requests)).await;
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The URL of a port that nobody listens on: connections to it are refused.
pub fn refused_url() -> io::Result<String> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(format!("http://{}", listener.local_addr()?))
}

/// A whole answer that is a page, not JSON, as a proxy would give it.
pub fn page(status: u16, body: &[u8]) -> Reply {
    Reply::Raw(answer(status, "text/html; charset=utf-8", body.len(), body))
}

/// A whole answer that sends the client elsewhere, asking it to repeat the request there.
pub fn redirect(status: u16, location: &str) -> Reply {
    let head = format!("HTTP/1.1 {status} Scripted\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    Reply::Raw(head.into_bytes())
}

struct Script {
    answer: Box<dyn Fn(&Request) -> Reply + Send + Sync>,
    requests: watch::Sender<Vec<Request>>,
}

impl Script {
    fn take(&self, request: Request) -> Reply {
        let reply = (self.answer)(&request);
        self.requests.send_modify(|requests| requests.push(request));
        reply
    }
}

/// A reply as bytes on a connection.
struct Wire {
    bytes: Vec<u8>,
    slowly: bool,
    then: Then,
}

/// What becomes of the connection after the bytes.
enum Then {
    Stays,
    Hangs,
    Ends,
    Breaks,
}

impl Reply {
    fn wire(&self) -> Wire {
        let (bytes, then) = match self {
            Self::Json(status, body) => {
                let body = body.to_string();
                let kind = "application/json; charset=utf-8";
                (answer(*status, kind, body.len(), body.as_bytes()), Then::Stays)
            }
            Self::Raw(bytes) => (bytes.clone(), Then::Ends),
            Self::Silence => (Vec::new(), Then::Hangs),
            Self::Reset => (Vec::new(), Then::Breaks),
            Self::Cut(status, body) => {
                (answer(*status, "application/json; charset=utf-8", body.len() + 1_000, body), Then::Ends)
            }
            Self::Endless => (endless(), Then::Ends),
            Self::Slowly(reply) => return Wire { slowly: true, ..reply.wire() },
            Self::Twice(reply) => {
                let wire = reply.wire();
                return Wire { bytes: wire.bytes.repeat(2), ..wire };
            }
        };
        Wire { bytes, slowly: false, then }
    }
}

fn answer(status: u16, kind: &str, announced: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status} Scripted\r\nContent-Type: {kind}\r\nContent-Length: {announced}\r\n\r\n")
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn endless() -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    // spaces: the beginning of many a JSON text
    let chunk = format!("{ENDLESS_CHUNK:x}\r\n{}\r\n", " ".repeat(ENDLESS_CHUNK));
    [head, &chunk.repeat(ENDLESS_CHUNKS)].concat().into_bytes()
}

async fn serve(listener: TcpListener, script: Arc<Script>) {
    // ends with this task, and its connections with it
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { return };
                let script = Arc::clone(&script);
                connections.spawn(async move {
                    // a client that goes away is a part of the play
                    let _ = play(stream, &script).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn play(stream: TcpStream, script: &Script) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let wire = script.take(request).wire();
        if wire.slowly {
            for byte in &wire.bytes {
                stream.write_all(std::slice::from_ref(byte)).await?;
                tokio::task::yield_now().await;
            }
        } else {
            stream.write_all(&wire.bytes).await?;
        }
        match wire.then {
            Then::Stays => {}
            Then::Hangs => std::future::pending::<()>().await,
            Then::Ends => return stream.shutdown().await,
            Then::Breaks => return stream.get_ref().set_zero_linger(),
        }
    }
    Ok(())
}

/// The next whole request; none when the client has closed. Bodies must announce their length.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}
