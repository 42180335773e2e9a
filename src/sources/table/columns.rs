//! Columns by name, and which kind of table they make.

/// What a column holds. Units: cores, bytes and seconds, unless the name says milli, ms or mib.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Column {
    Namespace,
    Name,
    NodeName,
    Kind,
    Replicas,
    CpuRequest(Unit),
    MemoryRequest(Unit),
    CpuLimit(Unit),
    MemoryLimit(Unit),
    InboundRps,
    OutboundRps,
    BytesPerRequest,
    Connections,
    AppCpu(Unit),
    AppMemory(Unit),
    ProxyCpu(Unit),
    ProxyMemory(Unit),
    Throttled,
    ResponseMean(Unit),
    /// In thousandths: 990 for the 99th percentile.
    Response(u16, Unit),
    Time,
    PodName,
    Gpu,
    Model,
    Zone,
    MaxPods,
    Phase,
    Node,
    /// Known and of no use here.
    Unused,
}

/// Unit of a column of plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Unit {
    /// A Kubernetes quantity, or cores or bytes.
    Base,
    /// Thousandths of a core or second.
    Milli,
    /// Mebibytes.
    Mebi,
}

/// One row per what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum TableKind {
    Workloads,
    Pods,
    Nodes,
    /// A moment of a workload or pod.
    Moments,
}

/// The column of that name, in any case, with `_`, `-` or blanks between words.
pub(in super::super) fn column(name: &str) -> Option<Column> {
    let name = name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase().replace([' ', '-', '.'], "_");
    Some(match name.as_str() {
        "namespace" | "ns" => Column::Namespace,
        "name" | "workload" | "workload_name" | "deployment" => Column::Name,
        "sn" | "node_name" => Column::NodeName,
        "kind" | "workload_kind" | "type" => Column::Kind,
        "replicas" | "pods" | "pod_count" => Column::Replicas,
        "cpu_request" | "cpu_requests" | "requests_cpu" | "cpu" => Column::CpuRequest(Unit::Base),
        "cpu_milli" | "cpu_request_milli" | "cpu_m" => Column::CpuRequest(Unit::Milli),
        "memory_request" | "memory_requests" | "requests_memory" | "mem_request" | "memory" => {
            Column::MemoryRequest(Unit::Base)
        }
        "memory_mib" | "memory_request_mib" => Column::MemoryRequest(Unit::Mebi),
        "cpu_limit" | "cpu_limits" | "limits_cpu" => Column::CpuLimit(Unit::Base),
        "cpu_limit_milli" => Column::CpuLimit(Unit::Milli),
        "memory_limit" | "memory_limits" | "limits_memory" | "mem_limit" => Column::MemoryLimit(Unit::Base),
        "memory_limit_mib" => Column::MemoryLimit(Unit::Mebi),
        "inbound_rps" | "rps" | "requests_per_second" | "qps" => Column::InboundRps,
        "outbound_rps" => Column::OutboundRps,
        "bytes_per_request" => Column::BytesPerRequest,
        "connections" | "open_connections" => Column::Connections,
        "app_cpu_cores" | "cpu_usage" | "app_cpu" | "cpu_cores" => Column::AppCpu(Unit::Base),
        "app_cpu_milli" | "cpu_usage_milli" => Column::AppCpu(Unit::Milli),
        "app_memory_bytes" | "memory_usage" | "app_memory" | "memory_bytes" => Column::AppMemory(Unit::Base),
        "app_memory_mib" | "memory_usage_mib" => Column::AppMemory(Unit::Mebi),
        "proxy_cpu_cores" | "proxy_cpu" => Column::ProxyCpu(Unit::Base),
        "proxy_cpu_milli" => Column::ProxyCpu(Unit::Milli),
        "proxy_memory_bytes" | "proxy_memory" => Column::ProxyMemory(Unit::Base),
        "proxy_memory_mib" => Column::ProxyMemory(Unit::Mebi),
        "throttled" | "proxy_throttled" => Column::Throttled,
        "time" | "timestamp" | "unix_timestamp" | "datetime" => Column::Time,
        "pod" | "pod_name" | "podname" => Column::PodName,
        "gpu" | "num_gpu" | "gpus" => Column::Gpu,
        "model" => Column::Model,
        "zone" => Column::Zone,
        "max_pods" => Column::MaxPods,
        "pod_phase" | "phase" => Column::Phase,
        "node" => Column::Node,
        "gpu_milli" | "gpu_spec" | "qos" | "creation_time" | "deletion_time" | "scheduled_time" => Column::Unused,
        other => return response(other).or_else(|| published(other)),
    })
}

/// `response_mean_ms`, `response_p99_ms`, `response_p99_9_s`, and `latency` for `response`.
fn response(name: &str) -> Option<Column> {
    let name = name.strip_prefix("response_").or_else(|| name.strip_prefix("latency_"))?;
    let (what, unit) = match name.rsplit_once('_')? {
        (what, "ms") => (what, Unit::Milli),
        (what, "s" | "seconds") => (what, Unit::Base),
        _ => return None,
    };
    if matches!(what, "mean" | "avg") {
        return Some(Column::ResponseMean(unit));
    }
    let percent = what.strip_prefix('p')?;
    let thousandths = match percent.split_once('_') {
        Some((whole, tenth)) if tenth.len() == 1 => format!("{whole}{tenth}").parse::<u16>().ok()?,
        Some(_) => return None,
        None if percent.starts_with("99") && percent.len() == 3 => percent.parse().ok()?,
        None => percent.parse::<u16>().ok()?.checked_mul(10)?,
    };
    (1..1000).contains(&thousandths).then_some(Column::Response(thousandths, unit))
}

/// Columns of published tables, by their names there.
///
/// Nezha (IntelligentDDS/Nezha, `rca_data/*/metric`): millicores, MiB, seconds and requests per second of each pod.
fn published(name: &str) -> Option<Column> {
    Some(match name {
        "cpuusage(m)" => Column::AppCpu(Unit::Milli),
        "memoryusage(mi)" => Column::AppMemory(Unit::Mebi),
        "podworkload(ops)" => Column::InboundRps,
        "podserverlatencyp90(s)" => Column::Response(900, Unit::Base),
        "podserverlatencyp95(s)" => Column::Response(950, Unit::Base),
        "podserverlatencyp99(s)" => Column::Response(990, Unit::Base),
        _ => return None,
    })
}

impl Column {
    /// Whether it holds measured demand.
    pub(in super::super) fn is_measured(self) -> bool {
        matches!(
            self,
            Self::InboundRps
                | Self::OutboundRps
                | Self::BytesPerRequest
                | Self::Connections
                | Self::AppCpu(_)
                | Self::AppMemory(_)
                | Self::ProxyCpu(_)
                | Self::ProxyMemory(_)
                | Self::Throttled
                | Self::ResponseMean(_)
                | Self::Response(..)
        )
    }
}

/// Separator and cells of a header line; nothing where it is no header.
pub(in super::super) fn header(line: &str) -> Option<(u8, Vec<String>)> {
    const LONGEST_NAME: usize = 64;
    const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
    let count = |separator: u8| line.bytes().filter(|&byte| byte == separator).count();
    let separator = SEPARATORS.into_iter().max_by_key(|&separator| (count(separator), u8::MAX - separator))?;
    let cells: Vec<String> =
        line.split(char::from(separator)).map(|cell| cell.trim().trim_matches('"').to_owned()).collect();
    let is_name = |cell: &String| {
        cell.len() <= LONGEST_NAME
            && cell
                .chars()
                .next()
                .is_some_and(|first| first.is_ascii_alphabetic() || first == '_' || first == '\u{feff}')
            && !cell.contains(['{', '}', '[', ']', '<', '>', ':', '='])
    };
    (cells.len() >= 2 && cells.iter().all(is_name)).then_some((separator, cells))
}

/// Whether such a header belongs to a table of an inventory.
pub(in super::super) fn is_inventory(cells: &[String]) -> bool {
    let columns: Vec<Column> = cells.iter().filter_map(|cell| column(cell)).collect();
    table_kind(&columns).is_some()
}

/// Which kind of table the columns make.
pub(in super::super) fn table_kind(columns: &[Column]) -> Option<TableKind> {
    let has = |wanted: &[Column]| columns.iter().any(|column| wanted.contains(column));
    let asks = columns.iter().any(|column| matches!(column, Column::CpuRequest(_) | Column::MemoryRequest(_)));
    let names_pods = has(&[Column::PodName]);
    let is_moments = names_pods || (has(&[Column::Time]) && has(&[Column::Name]));
    if is_moments && columns.iter().any(|column| column.is_measured()) {
        return Some(TableKind::Moments);
    }
    if has(&[Column::NodeName]) {
        return asks.then_some(TableKind::Nodes);
    }
    if !has(&[Column::Name]) {
        return None;
    }
    if has(&[Column::Phase, Column::Node]) {
        return Some(TableKind::Pods);
    }
    let more = columns
        .iter()
        .any(|column| !matches!(column, Column::Name | Column::Unused | Column::Model | Column::Zone | Column::Time));
    more.then_some(TableKind::Workloads)
}
