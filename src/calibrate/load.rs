//! Requests at a constant rate, whether or not answers come: an open loop over kept-alive connections.
//!
//! Every request has a moment at which it is due. Connections take due requests in turn, wait for the moment,
//! send, and wait for the answer. A response time counts from the moment the request was due, so that
//! a slow answer also counts for the requests that had to wait behind it (coordinated omission, G. Tene).

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::CalibrateError;
use super::http::Head;
use super::patience::Patience;
use super::platform;
use super::point::Arrivals;
use crate::measurement::Histogram;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// To whom.
    pub target: SocketAddr,
    /// Kept-alive connections.
    pub connections: u32,
    /// Requests per second.
    pub rps: u32,
    /// Requests before those that count.
    pub warm_up: Duration,
    /// Requests that count.
    pub window: Duration,
    /// When they are due.
    pub arrivals: Arrivals,
}

/// What came back of the requests due in the window.
#[derive(Debug, Clone)]
pub(super) struct Answers {
    /// Response times in whole microseconds, from the moment a request was due.
    pub latencies: Histogram<u64>,
    /// Requests without a good answer, or not sent when the run ended.
    pub failures: u64,
    /// From the start of the window to its end, or to the last answer if that came later.
    pub elapsed: Duration,
}

impl Answers {
    /// Answered requests per second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Longest that an answer may take.
const MOST_WAIT: Duration = Duration::from_secs(10);
/// How long requests that are late may still be sent after the window.
const GRACE: Duration = Duration::from_secs(1);
/// From the start of the threads to the first request.
const LEAD: Duration = Duration::from_millis(20);
const STACK: usize = 256 << 10;

/// Requests under way.
pub(super) struct Running {
    shared: Arc<Shared>,
    senders: Vec<JoinHandle<()>>,
}

struct Shared {
    load: Load,
    start: Instant,
    next: AtomicU64,
    ending: AtomicBool,
    results: Mutex<Results>,
}

struct Results {
    latencies: Histogram<u64>,
    last: Instant,
    reason: Option<String>,
}

impl Load {
    /// Opens the connections and starts sending.
    pub fn start(self) -> Result<Running, CalibrateError> {
        let streams: Vec<TcpStream> = (0..self.connections)
            .map(|_| connect(self.target))
            .collect::<io::Result<_>>()
            .map_err(|error| CalibrateError::Requests(format!("no connection to {}: {error}", self.target)))?;
        let start = Instant::now() + LEAD;
        let results = Results { latencies: latencies()?, last: start, reason: None };
        let shared = Arc::new(Shared {
            load: self,
            start,
            next: AtomicU64::new(0),
            ending: AtomicBool::new(false),
            results: Mutex::new(results),
        });
        let mut running = Running { shared, senders: Vec::new() };
        for stream in streams {
            let shared = Arc::clone(&running.shared);
            let sender = thread::Builder::new().stack_size(STACK).spawn(move || shared.send(stream));
            running.senders.push(sender.map_err(CalibrateError::system("start a thread"))?);
        }
        Ok(running)
    }

    /// When a request is due, after the start.
    pub fn due(&self, request: u64) -> Duration {
        const TICK: u64 = 1_000_000;
        let nanoseconds = request.saturating_mul(1_000_000_000) / u64::from(self.rps.max(1));
        Duration::from_nanos(match self.arrivals {
            Arrivals::Even => nanoseconds,
            Arrivals::Ticks => nanoseconds.next_multiple_of(TICK),
        })
    }

    /// Requests due before the window, and until its end.
    fn counts(&self) -> (u64, u64) {
        let within = |time: Duration| (time.as_secs_f64() * f64::from(self.rps)).round() as u64;
        (within(self.warm_up), within(self.warm_up + self.window))
    }
}

impl Running {
    /// When the requests that count begin to be due.
    pub fn window_start(&self) -> Instant {
        self.shared.start + self.shared.load.warm_up
    }

    /// When they end.
    pub fn window_end(&self) -> Instant {
        self.window_start() + self.shared.load.window
    }

    /// Waits for the last answers.
    ///
    /// # Errors
    /// When no request was answered at all, or the wait was ended.
    pub fn finish(mut self, patience: Patience<'_>) -> Result<Answers, CalibrateError> {
        let given_up = self.window_end() + GRACE;
        while self.senders.iter().any(|sender| !sender.is_finished()) && Instant::now() < given_up {
            patience.during(Duration::from_millis(5))?;
        }
        self.end();
        let (before, all) = self.shared.load.counts();
        let due = all - before;
        let window = self.shared.load.window;
        let results = self.shared.results.lock().unwrap_or_else(PoisonError::into_inner);
        if results.latencies.is_empty() {
            let reason = results.reason.clone().unwrap_or_else(|| "no answer in time".to_owned());
            return Err(CalibrateError::Requests(reason));
        }
        let latencies = results.latencies.clone();
        let failures = due.saturating_sub(latencies.len());
        let elapsed = results.last.saturating_duration_since(self.window_start()).max(window);
        Ok(Answers { latencies, failures, elapsed })
    }

    /// Tells the senders to end and waits for them.
    fn end(&mut self) {
        self.shared.ending.store(true, Ordering::SeqCst);
        for sender in self.senders.drain(..) {
            let _ = sender.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    /// The life of one connection.
    fn send(&self, stream: TcpStream) {
        platform::sleep_precisely();
        let (before, all) = self.load.counts();
        let request = request(self.load.target);
        let mut connection = Some(BufReader::new(stream));
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= all {
                return;
            }
            let due = self.start + self.load.due(number);
            if !self.wait(due) {
                return;
            }
            let answered = self.ask(&mut connection, &request);
            let now = Instant::now();
            if let Err(error) = &answered {
                connection = None;
                self.failed(error);
            }
            if number >= before && answered.is_ok() {
                self.record(now, now.saturating_duration_since(due));
            }
        }
    }

    /// Waits until a request is due; `false` when the run ends before.
    fn wait(&self, due: Instant) -> bool {
        const LOOK: Duration = Duration::from_millis(100);
        loop {
            if self.ending.load(Ordering::Relaxed) {
                return false;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(LOOK));
        }
    }

    /// Sends a request and reads its answer, over a new connection where the last one failed.
    fn ask(&self, connection: &mut Option<BufReader<TcpStream>>, request: &[u8]) -> io::Result<()> {
        let mut reader = match connection.take() {
            Some(reader) => reader,
            None => BufReader::new(connect(self.load.target)?),
        };
        reader.get_mut().write_all(request)?;
        let ended = || io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed before an answer");
        let head = Head::read(&mut reader)?.ok_or_else(ended)?;
        head.body.read(&mut reader, |_| ())?;
        *connection = Some(reader);
        if head.status() == 200 { Ok(()) } else { Err(io::Error::other(format!("answered {:?}", head.first))) }
    }

    fn record(&self, now: Instant, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.latencies.saturating_record(micros);
        results.last = results.last.max(now);
    }

    fn failed(&self, error: &io::Error) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.reason.get_or_insert_with(|| error.to_string());
    }
}

/// Response times up to a minute, to the microsecond up to 16 ms and to four digits above.
fn latencies() -> Result<Histogram<u64>, CalibrateError> {
    const LONGEST: u64 = 60_000_000;
    const DIGITS: u8 = 4;
    Histogram::new_with_bounds(1, LONGEST, DIGITS)
        .map_err(|error| CalibrateError::Requests(format!("no histogram: {error}")))
}

fn request(target: SocketAddr) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nhost: {target}\r\nuser-agent: meshcap\r\naccept: */*\r\n\r\n").into_bytes()
}

/// Opens a connection that gives up on answers that take too long.
pub(super) fn connect(target: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&target, MOST_WAIT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(MOST_WAIT))?;
    stream.set_write_timeout(Some(MOST_WAIT))?;
    Ok(stream)
}
