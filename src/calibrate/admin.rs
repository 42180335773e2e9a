//! Envoy's admin interface.

use std::io::{BufReader, Write};
use std::net::SocketAddr;

use serde::Deserialize;

use super::CalibrateError;
use super::http::Head;
use super::load::connect;
use crate::units::Bytes;

/// Most of an answer that is kept: only counts of lines are taken from longer ones.
const MOST_KEPT: usize = 4 << 20;

/// What Envoy's allocator holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heap {
    /// In use.
    pub allocated: Bytes,
    /// Reserved, in use or not.
    pub heap: Bytes,
}

/// Whether Envoy says it is ready.
pub(super) fn is_ready(admin: SocketAddr) -> bool {
    get(admin, "/ready").is_ok_and(|answer| answer.status == 200)
}

/// What its allocator holds.
pub(super) fn heap(admin: SocketAddr) -> Result<Heap, CalibrateError> {
    #[derive(Deserialize)]
    struct Wire {
        allocated: String,
        heap_size: String,
    }
    let wire: Wire = get_json(admin, "/memory", "allocated and heap_size")?;
    let number = |text: &str| {
        text.parse()
            .map(Bytes::new)
            .map_err(|_| unexpected("/memory", text.to_owned(), "allocated and heap_size in bytes"))
    };
    Ok(Heap { allocated: number(&wire.allocated)?, heap: number(&wire.heap_size)? })
}

/// How many lines its statistics have.
pub(super) fn stats(admin: SocketAddr) -> Result<u64, CalibrateError> {
    Ok(get(admin, "/stats")?.lines)
}

/// Where a listener that was given no port listens.
pub(super) fn listener(admin: SocketAddr, name: &str) -> Result<SocketAddr, CalibrateError> {
    #[derive(Deserialize)]
    struct Wire {
        listener_statuses: Vec<Listener>,
    }
    #[derive(Deserialize)]
    struct Listener {
        name: String,
        local_address: Address,
    }
    #[derive(Deserialize)]
    struct Address {
        socket_address: Socket,
    }
    #[derive(Deserialize)]
    struct Socket {
        address: String,
        port_value: u16,
    }
    const PATH: &str = "/listeners?format=json";
    let wire: Wire = get_json(admin, PATH, "the addresses of listeners")?;
    let found = wire.listener_statuses.into_iter().find(|listener| listener.name == name);
    let socket =
        found.ok_or_else(|| unexpected(PATH, "no such listener".to_owned(), "the listener that was configured"))?;
    let Socket { address, port_value } = socket.local_address.socket_address;
    let ip = address.parse().map_err(|_| unexpected(PATH, address, "an IP address"))?;
    Ok(SocketAddr::new(ip, port_value))
}

struct Answer {
    status: u16,
    body: Vec<u8>,
    lines: u64,
}

fn get_json<T: for<'a> Deserialize<'a>>(
    admin: SocketAddr,
    path: &str,
    expected: &'static str,
) -> Result<T, CalibrateError> {
    let answer = get(admin, path)?;
    serde_json::from_slice(&answer.body).map_err(|error| unexpected(path, error.to_string(), expected))
}

fn get(admin: SocketAddr, path: &str) -> Result<Answer, CalibrateError> {
    ask(admin, path).map_err(|error| unexpected(path, error.to_string(), "an answer"))
}

fn ask(admin: SocketAddr, path: &str) -> std::io::Result<Answer> {
    let mut reader = BufReader::new(connect(admin)?);
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all(request.as_bytes())?;
    let head = Head::read(&mut reader)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let (mut body, mut lines) = (Vec::new(), 0);
    head.body.read(&mut reader, |piece| {
        lines += piece.iter().filter(|byte| **byte == b'\n').count() as u64;
        let room = MOST_KEPT - body.len();
        body.extend(piece.iter().take(room));
    })?;
    Ok(Answer { status: head.status(), body, lines })
}

fn unexpected(path: &str, found: String, expected: &'static str) -> CalibrateError {
    CalibrateError::Admin { path: path.to_owned(), found, expected }
}
