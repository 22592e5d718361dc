//! Ending well: requests in flight finish, and then the program does.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use testkit::process;

#[test]
fn a_request_in_flight_finishes_after_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = process::serve(Path::new(env!("CARGO_BIN_EXE_helssa")), folder.path(), &[], &[]);
    let address = server.url.trim_start_matches("http://").to_owned();
    let body = r#"{"phone_number": "09121234567"}"#;
    let mut client = TcpStream::connect(&address).unwrap();
    // half of a request: its headers, and its body but for the last byte
    let head = format!(
        "POST /api/v1/auth/login/otp/ HTTP/1.1\r\nhost: {address}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).unwrap();
    // the server asks for the body: the handler is running
    let mut interim = [0; 25];
    client.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(&body.as_bytes()[..body.len() - 1]).unwrap();
    let stopping = std::thread::spawn(move || server.terminate());
    // new connections are refused once it is stopping
    while TcpStream::connect(&address).is_ok() {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    client.write_all(&body.as_bytes()[body.len() - 1..]).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(stopping.join().unwrap().success());
}
