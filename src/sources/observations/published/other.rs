//! Tables that hold no row a law can be judged by: what they are good for is said, row by row.

use std::path::Path;

use super::super::super::InputError;
use super::super::Reader;
use super::super::sink::Sink;
use super::super::table::Table;

/// What single objects cost, as allocators count.
pub(in super::super) const OBJECTS: Reader = Reader {
    rows: "the figures",
    recognise: |table| table.has_all(&["object", "bytes_per_object"]),
    read: |table, _, sink| all(table, sink, "the cost of one object, not the memory of a proxy"),
};

/// Envoy Gateway's benchmark.
pub(in super::super) const LADDER: Reader = Reader {
    rows: "the runs",
    recognise: |table| table.has_all(&["eg_version", "routes_per_hostname", "envoy_mem_mib_mean"]),
    read: ladder,
};

/// How much single systems can do.
pub(in super::super) const CAPACITY: Reader = Reader {
    rows: "the figures",
    recognise: |table| table.has_all(&["max_rps", "rps_per_core"]),
    read: |table, _, sink| all(table, sink, "how much was possible, not what a rate costs"),
};

/// Runs as fast as possible.
pub(in super::super) const SATURATED: Reader = Reader {
    rows: "the runs",
    recognise: |table| table.has_all(&["requests_per_s", "client_proxy_cpu_us_per_request"]),
    read: |table, _, sink| all(table, sink, "closed loop: how much was possible, not what a rate costs"),
};

fn all(table: &Table, sink: &mut Sink<'_>, reason: &'static str) -> Result<(), InputError> {
    for row in table.rows() {
        sink.leave_out(&row, reason);
    }
    Ok(())
}

fn ladder(table: &Table, _: &Path, sink: &mut Sink<'_>) -> Result<(), InputError> {
    for row in table.rows() {
        let reason = match () {
            () if row.word("test_regime").starts_with("saturating") => {
                "saturated: how much was possible, not what a rate costs"
            }
            () if row.word("phase") == "scaling-down" => "memory that is not given back, and no worker threads stated",
            () => "Envoy Gateway: no worker threads stated, no agent beside Envoy",
        };
        sink.leave_out(&row, reason);
    }
    Ok(())
}
