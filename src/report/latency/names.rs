//! Names as short as they can be told apart.

use super::LatencyReport;

/// Names without the folders they all share; JSON keeps them whole.
pub fn shortened(mut report: LatencyReport) -> LatencyReport {
    let names: Vec<String> = report.all().map(|one| one.name.clone()).collect();
    let Some(first) = names.first() else { return report };
    let shares = |folder: &str| names.iter().all(|name| name.starts_with(folder));
    let folders = first.match_indices('/').filter_map(|(position, _)| first.get(..=position));
    let folder =
        folders.take_while(|folder| shares(folder) && !folder.contains(' ')).last().unwrap_or_default().to_owned();
    let short = |name: &mut String| {
        if let Some(rest) = name.strip_prefix(&folder) {
            *name = rest.to_owned();
        }
    };
    report.base.iter_mut().chain(&mut report.measurements).for_each(|one| short(&mut one.name));
    report.findings.iter_mut().for_each(|finding| short(&mut finding.subject));
    report
}
