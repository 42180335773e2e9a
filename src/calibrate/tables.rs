//! The tables of a folder: what is in them already, and new rows at their end.
//!
//! A row is written when its point has been measured, so that whatever happens later loses nothing. A line that
//! was cut off by a crash is taken away.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CalibrateError;
use super::findings::TABLE_REPAIRED;
use super::rows::{LatencyRow, MemoryRow, PacedRow};
use crate::finding::Finding;

/// Memory against configuration.
pub const MEMORY_TABLE: &str = "proxy_memory.csv";
/// CPU and response times against the rate.
pub const PACED_TABLE: &str = "paced_runs.csv";
/// Every response time of the runs.
pub const LATENCY_TABLE: &str = "paced_latency_histograms.csv";

/// The three tables.
pub(super) struct Tables {
    memory: Table<MemoryRow>,
    paced: Table<PacedRow>,
    latencies: Table<LatencyRow>,
    /// Rows of memory, earlier ones first.
    pub memory_rows: Vec<MemoryRow>,
    /// Runs, earlier ones first.
    pub paced_rows: Vec<PacedRow>,
    /// What was odd about them.
    pub findings: Vec<Finding>,
    next_run: u64,
}

impl Tables {
    /// Opens the tables of a folder, or makes both.
    ///
    /// # Errors
    /// [`CalibrateError`] when the folder cannot be used, or holds other tables of these names.
    pub fn open(folder: &Path) -> Result<Self, CalibrateError> {
        fs::create_dir_all(folder).map_err(CalibrateError::system(format!("make folder {}", folder.display())))?;
        let mut findings = Vec::new();
        let (memory, memory_rows) = Table::<MemoryRow>::open(folder.join(MEMORY_TABLE), &mut findings)?;
        let (paced, paced_rows) = Table::<PacedRow>::open(folder.join(PACED_TABLE), &mut findings)?;
        // Response times are written before their run: after a crash there may be some of a run that is no row.
        let (latencies, latency_rows) = Table::<LatencyRow>::open(folder.join(LATENCY_TABLE), &mut findings)?;
        let runs = paced_rows.iter().map(|row| row.run).chain(latency_rows.iter().map(|row| row.run));
        let next_run = runs.max().unwrap_or(0).saturating_add(1);
        Ok(Self { memory, paced, latencies, memory_rows, paced_rows, findings, next_run })
    }

    /// Adds a row of memory.
    pub fn add_memory(&mut self, row: MemoryRow) -> Result<(), CalibrateError> {
        self.memory.append(&[&row])?;
        self.memory_rows.push(row);
        Ok(())
    }

    /// Adds a run, numbers it, and adds its response times.
    pub fn add_paced(&mut self, row: PacedRow, latencies: &[(u64, u64)]) -> Result<(), CalibrateError> {
        let run = self.next_run;
        self.next_run += 1;
        let times: Vec<_> = latencies
            .iter()
            .map(|(latency_us, count)| LatencyRow { run, latency_us: *latency_us, count: *count })
            .collect();
        self.latencies.append(&times)?;
        let row = PacedRow { run, ..row };
        self.paced.append(&[&row])?;
        self.paced_rows.push(row);
        Ok(())
    }
}

/// One table, open for more rows.
struct Table<R> {
    path: PathBuf,
    file: File,
    of: std::marker::PhantomData<R>,
}

impl<R: Serialize + DeserializeOwned + Default> Table<R> {
    fn open(path: PathBuf, findings: &mut Vec<Finding>) -> Result<(Self, Vec<R>), CalibrateError> {
        let system = |what: &str| CalibrateError::system(format!("{what} {}", path.display()));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(system("read")(error)),
        };
        let whole = text.rfind('\n').map_or("", |end| text.get(..=end).unwrap_or_default());
        let rows = rows(&path, whole)?;
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(system("write"))?;
        if whole.len() < text.len() {
            file.set_len(whole.len() as u64).map_err(system("repair"))?;
            let cut = format!("took away the {} bytes of its last line, which has no end", text.len() - whole.len());
            findings.push(Finding::new(&TABLE_REPAIRED, path.display().to_string(), cut));
        }
        let mut table = Self { path, file, of: std::marker::PhantomData };
        if whole.is_empty() {
            table.write(header::<R>().as_bytes())?;
        }
        Ok((table, rows))
    }

    fn append(&mut self, rows: &[impl Serialize]) -> Result<(), CalibrateError> {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let failed =
            |error: csv::Error| CalibrateError::System { what: "write a row".to_owned(), reason: error.to_string() };
        for row in rows {
            writer.serialize(row).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(error.into_error().into()))?;
        self.write(&bytes)
    }

    /// In one piece, so that a crash cuts at most the last line.
    fn write(&mut self, bytes: &[u8]) -> Result<(), CalibrateError> {
        self.file.write_all(bytes).map_err(CalibrateError::system(format!("write {}", self.path.display())))
    }
}

/// The rows of a table's text, whose header must be the one written here.
fn rows<R: Serialize + DeserializeOwned + Default>(path: &Path, text: &str) -> Result<Vec<R>, CalibrateError> {
    let wrong = |found: String, expected: &str| CalibrateError::Table {
        path: path.to_owned(),
        found,
        expected: expected.to_owned(),
    };
    let header = header::<R>();
    if let Some(first) = text.lines().next()
        && first != header.trim_end()
    {
        let found: String = first.chars().take(200).collect();
        return Err(wrong(
            format!("the columns {found}"),
            &format!("those that calibrate writes, {}", header.trim_end()),
        ));
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|row| row.map_err(|error| wrong(error.to_string(), "rows as calibrate writes them")))
        .collect()
}

/// The first line of a table.
fn header<R: Serialize + Default>() -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.serialize(R::default()).ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&written);
    text.lines().next().map(|line| format!("{line}\n")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rps: u32) -> PacedRow {
        PacedRow {
            target_rps: rps,
            machine: "2 cores, AMD EPYC".to_owned(),
            path: "no proxy".to_owned(),
            ..PacedRow::default()
        }
    }

    #[test]
    fn columns_begin_as_in_earlier_measurements() {
        assert!(header::<MemoryRow>().starts_with(
            "envoy_version,clusters,endpoints_per_cluster,listeners,routes,tls,workers,open_connections,rss_bytes,anonymous_bytes,allocated_bytes,heap_bytes,stats,working_set_bytes,environment,"
        ));
        assert!(header::<PacedRow>().starts_with(
            "envoy_version,run,path,tls,access_log,workers,connections,target_rps,achieved_rps,payload_bytes,client_proxy_cpu_milli,server_proxy_cpu_milli,p50_us,p90_us,p99_us,p999_us,machine,"
        ));
        assert_eq!(header::<LatencyRow>(), "run,latency_us,count\n");
    }

    #[test]
    fn rows_are_there_when_the_folder_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = Tables::open(folder.path()).unwrap();
        tables.add_memory(MemoryRow { clusters: 7, ..MemoryRow::default() }).unwrap();
        tables.add_paced(run(10), &[(250, 2), (300, 1)]).unwrap();
        tables.add_paced(run(20), &[(260, 1)]).unwrap();
        drop(tables);
        let mut tables = Tables::open(folder.path()).unwrap();
        assert_eq!(tables.memory_rows, [MemoryRow { clusters: 7, ..MemoryRow::default() }]);
        let runs: Vec<_> = tables.paced_rows.iter().map(|row| (row.run, row.target_rps)).collect();
        assert_eq!(runs, [(1, 10), (2, 20)]);
        tables.add_paced(run(30), &[]).unwrap();
        assert_eq!(tables.paced_rows.last().map(|row| row.run), Some(3));
        assert_eq!(tables.findings, []);
        let latencies = fs::read_to_string(folder.path().join(LATENCY_TABLE)).unwrap();
        assert_eq!(latencies, "run,latency_us,count\n1,250,2\n1,300,1\n2,260,1\n");
    }

    #[test]
    fn a_line_cut_off_is_taken_away_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = Tables::open(folder.path()).unwrap();
        tables.add_paced(run(10), &[(250, 2)]).unwrap();
        tables.add_paced(run(20), &[(250, 2)]).unwrap();
        let path = folder.path().join(PACED_TABLE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        let mut tables = Tables::open(folder.path()).unwrap();
        assert_eq!(tables.paced_rows.len(), 1);
        assert_eq!(tables.findings.len(), 1);
        assert!(tables.findings[0].message.contains("last line"));
        // The number of the lost run is not given away again: its response times are still there.
        tables.add_paced(run(20), &[]).unwrap();
        assert_eq!(Tables::open(folder.path()).unwrap().paced_rows.last().map(|row| row.run), Some(3));
    }

    #[test]
    fn other_tables_are_left_alone() {
        for (name, text) in [
            (PACED_TABLE, "a,b\n1,2\n".to_owned()),
            (MEMORY_TABLE, format!("{}x\n", header::<MemoryRow>())),
            (LATENCY_TABLE, "run,latency_us,count\n1,2,many\n".to_owned()),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            fs::write(&path, &text).unwrap();
            let error = Tables::open(folder.path()).err().unwrap().to_string();
            assert!(error.contains(name) && error.contains("choose another folder"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
