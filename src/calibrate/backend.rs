//! The service behind the proxies: answers every request with a body of one size.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::CalibrateError;
use super::http::Head;
use crate::units::Bytes;

/// Most connections at a time; more are closed at once.
const MOST_CONNECTIONS: usize = 4096;
/// A connection's thread needs little.
const STACK: usize = 256 << 10;

/// A server on a free port of 127.0.0.1; it ends when dropped.
pub(super) struct Backend {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    answer: Vec<u8>,
    ending: AtomicBool,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Backend {
    /// Starts a server whose answers have bodies of this size.
    pub fn start(payload: Bytes) -> Result<Self, CalibrateError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .map_err(CalibrateError::system("listen on a free port of 127.0.0.1"))?;
        let address = listener.local_addr().map_err(CalibrateError::system("learn the port of the backend"))?;
        let shared =
            Arc::new(Shared { answer: answer(payload), ending: AtomicBool::new(false), open: Mutex::default() });
        let accepting = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("backend".to_owned())
                .stack_size(STACK)
                .spawn(move || accept(&listener, &shared))
        };
        let accepting = accepting.map_err(CalibrateError::system("start a thread"))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for (number, stream) in (0..).zip(listener.incoming()) {
        if shared.ending.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(kept) = stream.try_clone() else { continue };
        {
            let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.len() >= MOST_CONNECTIONS {
                continue;
            }
            open.insert(number, kept);
        }
        let shared = Arc::clone(shared);
        let serving = thread::Builder::new().stack_size(STACK).spawn(move || {
            // A connection that breaks is the other side's to notice.
            let _ = serve(&stream, &shared.answer);
            shared.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        });
        // Without a thread the connection is closed, which its other side sees.
        drop(serving);
    }
}

/// Answers the requests of a connection until it ends.
fn serve(stream: &TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some(head) = Head::read(&mut reader)? {
        head.body.read(&mut reader, |_| ())?;
        writer.write_all(answer)?;
    }
    Ok(())
}

fn answer(payload: Bytes) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nserver: backend\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        payload.get()
    )
    .into_bytes();
    let size = usize::try_from(payload.get()).unwrap_or(0);
    answer.extend(std::iter::repeat_n(b'x', size));
    answer
}
