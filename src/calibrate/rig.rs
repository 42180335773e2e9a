//! Measures one point.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::backend::Backend;
use super::certificates::Identity;
use super::http::Head;
use super::kernel::{self, MachineTime};
use super::load::{Answers, Load, connect};
use super::patience::Patience;
use super::point::{self, MemoryPoint, Pace, PacedPoint};
use super::process::Envoy;
use super::program::Program;
use super::rows::{MemoryRow, PacedRow, rounded};
use super::{CalibrateError, Host, admin, bootstrap};
use crate::units::{Bytes, Seconds};

/// What stays the same from point to point.
pub(super) struct Rig<'a> {
    pub program: &'a Program,
    pub host: &'a Host,
    pub environment: &'a str,
    pub date: &'a str,
    pub pace: Pace,
    pub scratch: &'a Path,
    pub identity: Identity,
}

/// Size of the answers that open connections get.
const SMALL: Bytes = Bytes::new(1024);

impl Rig<'_> {
    /// Starts a proxy with a configuration and reads its memory once it has settled.
    pub fn memory(&self, point: &MemoryPoint, patience: Patience<'_>) -> Result<MemoryRow, CalibrateError> {
        let load_average = kernel::load_average()?;
        let backend = Backend::start(SMALL)?;
        let bootstrap = bootstrap::memory(point, backend.address(), &self.identity);
        let mut envoy = Envoy::start(self.program, self.scratch, "proxy", &bootstrap, point.workers, patience)?;
        let connections = open(&envoy, point.open_connections, patience)?;
        patience.during(self.pace.settle)?;
        envoy.check()?;
        // The admin interface allocates too, and lists of statistics most of all: they come last.
        let resident = kernel::resident(envoy.id())?;
        let heap = admin::heap(envoy.admin())?;
        let stats = admin::stats(envoy.admin())?;
        drop(connections);
        Ok(MemoryRow {
            envoy_version: self.program.version.clone(),
            clusters: point.clusters,
            endpoints_per_cluster: point.endpoints_per_cluster,
            listeners: point.listeners,
            routes: point.virtual_hosts,
            tls: point.tls.into(),
            workers: point.workers,
            open_connections: point.open_connections,
            rss_bytes: resident.rss.get(),
            anonymous_bytes: resident.anonymous.get(),
            allocated_bytes: heap.allocated.get(),
            heap_bytes: heap.heap.get(),
            stats,
            working_set_bytes: resident.rss.get(),
            environment: self.environment.to_owned(),
            machine: self.host.machine.clone(),
            cpu_governor: self.host.governor.clone(),
            kernel: self.host.kernel.clone(),
            date: self.date.to_owned(),
            startup_seconds: rounded(envoy.startup.as_secs_f64(), 2),
            load_average,
        })
    }

    /// Sends requests at a rate, and reads what the proxies used for those that count. The second value has
    /// the response times: microseconds and how many requests took so long.
    pub fn paced(
        &self,
        point: &PacedPoint,
        patience: Patience<'_>,
    ) -> Result<(PacedRow, Vec<(u64, u64)>), CalibrateError> {
        let load_average = kernel::load_average()?;
        let backend = Backend::start(point.payload)?;
        let mut proxies = match point.path {
            point::Path::Direct => None,
            point::Path::Sidecars => Some(Sidecars::start(self, point, backend.address(), patience)?),
        };
        let target = proxies.as_ref().map_or(backend.address(), |proxies| proxies.ingress);
        let Pace { warm_up, window, .. } = self.pace;
        let load =
            Load { target, connections: point.connections, rps: point.rps, warm_up, window, arrivals: point.arrivals };
        let running = load.start()?;
        patience.until(running.window_start())?;
        let before = Usage::read(proxies.as_ref())?;
        patience.until(running.window_end())?;
        let after = Usage::read(proxies.as_ref())?;
        let answers = running.finish(patience)?;
        if let Some(proxies) = &mut proxies {
            proxies.check()?;
        }
        let [client_rss, server_rss] = match &proxies {
            None => [Bytes::ZERO; 2],
            Some(proxies) => [proxies.client.id(), proxies.server.id()]
                .map(|process| kernel::resident(process).map_or(Bytes::ZERO, |resident| resident.rss)),
        };
        let used = after.since(&before);
        let row = PacedRow {
            client_rss_bytes: client_rss.get(),
            server_rss_bytes: server_rss.get(),
            load_average,
            ..self.row(point, &answers, &used)
        };
        Ok((row, times(&answers)))
    }

    fn row(&self, point: &PacedPoint, answers: &Answers, used: &Used) -> PacedRow {
        let quantile = |quantile: f64| answers.latencies.value_at_quantile(quantile);
        let [client, server] = used.proxies;
        let requests = answers.rate() * used.elapsed.as_secs_f64();
        let milli = |time: Seconds| rounded(1000.0 * time.as_seconds() / used.elapsed.as_secs_f64(), 2);
        let each = |time: Seconds| rounded(1e6 * time.as_seconds() / requests.max(1.0), 2);
        PacedRow {
            envoy_version: self.program.version.clone(),
            run: 0,
            path: point.path.name().to_owned(),
            tls: point.tls.into(),
            access_log: point.access_log.into(),
            workers: point.workers,
            connections: point.connections,
            target_rps: point.rps,
            achieved_rps: rounded(answers.rate(), 1),
            payload_bytes: point.payload.get(),
            client_proxy_cpu_milli: milli(client),
            server_proxy_cpu_milli: milli(server),
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            machine: self.host.machine.clone(),
            environment: self.environment.to_owned(),
            cpu_governor: self.host.governor.clone(),
            kernel: self.host.kernel.clone(),
            date: self.date.to_owned(),
            window_seconds: rounded(used.elapsed.as_secs_f64(), 3),
            requests: answers.latencies.len(),
            failures: answers.failures,
            client_proxy_cpu_us_per_request: each(client),
            server_proxy_cpu_us_per_request: each(server),
            others_cpu_milli: milli(used.others),
            stolen_cpu_milli: milli(used.stolen),
            arrivals: point.arrivals.name().to_owned(),
            ..PacedRow::default()
        }
    }
}

/// The two proxies between load generator and backend.
struct Sidecars {
    server: Envoy,
    client: Envoy,
    ingress: SocketAddr,
}

impl Sidecars {
    fn start(
        rig: &Rig<'_>,
        point: &PacedPoint,
        backend: SocketAddr,
        patience: Patience<'_>,
    ) -> Result<Self, CalibrateError> {
        let log = |name: &str| -> PathBuf { rig.scratch.join(format!("{name}.log")) };
        let bootstrap = bootstrap::server(point, backend, &rig.identity, &log("server"));
        let server = Envoy::start(rig.program, rig.scratch, "server", &bootstrap, point.workers, patience)?;
        let address = admin::listener(server.admin(), bootstrap::INGRESS)?;
        let bootstrap = bootstrap::client(point, address, &rig.identity, &log("client"));
        let client = Envoy::start(rig.program, rig.scratch, "client", &bootstrap, point.workers, patience)?;
        let ingress = admin::listener(client.admin(), bootstrap::INGRESS)?;
        for name in ["server", "client"] {
            // The log of the run before.
            let _ = std::fs::OpenOptions::new().write(true).truncate(true).open(log(name));
        }
        Ok(Self { server, client, ingress })
    }

    fn check(&mut self) -> Result<(), CalibrateError> {
        self.server.check()?;
        self.client.check()
    }
}

/// CPU used until a moment.
struct Usage {
    at: Instant,
    proxies: [Seconds; 2],
    own: Seconds,
    machine: MachineTime,
}

/// CPU used between two moments.
struct Used {
    elapsed: Duration,
    proxies: [Seconds; 2],
    others: Seconds,
    stolen: Seconds,
}

impl Usage {
    fn read(proxies: Option<&Sidecars>) -> Result<Self, CalibrateError> {
        let proxies = match proxies {
            None => [Seconds::ZERO; 2],
            Some(Sidecars { client, server, .. }) => [kernel::cpu_time(client.id())?, kernel::cpu_time(server.id())?],
        };
        let own = kernel::cpu_time_ever(std::process::id())?;
        Ok(Self { at: Instant::now(), proxies, own, machine: kernel::machine_time()? })
    }

    fn since(&self, before: &Self) -> Used {
        let [client, server] = self.proxies;
        let [client_before, server_before] = before.proxies;
        let proxies = [client - client_before, server - server_before];
        let ours = proxies.into_iter().sum::<Seconds>() + (self.own - before.own);
        let others = self.machine.busy - before.machine.busy - ours;
        Used {
            elapsed: self.at.duration_since(before.at),
            proxies,
            others: others.max(Seconds::ZERO),
            stolen: self.machine.stolen - before.machine.stolen,
        }
    }
}

/// Opens connections to a proxy, one request over each.
fn open(envoy: &Envoy, count: u32, patience: Patience<'_>) -> Result<Vec<TcpStream>, CalibrateError> {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: svc-0.default.svc.cluster.local\r\nuser-agent: meshcap\r\n\r\n";
    if count == 0 {
        return Ok(Vec::new());
    }
    let ingress = admin::listener(envoy.admin(), bootstrap::INGRESS)?;
    let ask = || -> std::io::Result<TcpStream> {
        let mut reader = BufReader::new(connect(ingress)?);
        reader.get_mut().write_all(REQUEST)?;
        let head = Head::read(&mut reader)?.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        head.body.read(&mut reader, |_| ())?;
        if head.status() == 200 { Ok(reader.into_inner()) } else { Err(std::io::Error::other(head.first)) }
    };
    let mut connections = Vec::new();
    for number in 0..count {
        patience.check()?;
        let connection = ask().map_err(|error| CalibrateError::Requests(format!("connection {number}: {error}")))?;
        connections.push(connection);
    }
    Ok(connections)
}

fn times(answers: &Answers) -> Vec<(u64, u64)> {
    answers.latencies.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
}
