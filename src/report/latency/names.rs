//! Names as short as they can be told apart.

use super::LatencyReport;

/// A report whose names lack the folders and words they all share, and the words left out.
///
/// JSON keeps names whole.
pub fn shortened(mut report: LatencyReport) -> (LatencyReport, String) {
    let folder = common_folder(&names(&report)).to_owned();
    strip(&mut report, &folder);
    let words = common_words(&names(&report)).to_owned();
    strip(&mut report, &words);
    (report, words.trim_end().to_owned())
}

fn names(report: &LatencyReport) -> Vec<String> {
    report.all().map(|one| one.name.clone()).collect()
}

fn strip(report: &mut LatencyReport, start: &str) {
    let short = |name: &mut String| {
        if let Some(rest) = name.strip_prefix(start).filter(|rest| !rest.is_empty()) {
            *name = rest.to_owned();
        }
    };
    report.base.iter_mut().chain(&mut report.measurements).for_each(|one| short(&mut one.name));
    report.predictions.iter_mut().for_each(|one| short(&mut one.name));
    report.findings.iter_mut().for_each(|finding| short(&mut finding.subject));
}

/// The longest path, up to a slash, with which all names start.
fn common_folder(names: &[String]) -> &str {
    let folders = starts(names, '/');
    folders
        .take_while(|folder| !folder.contains(' ') && names.iter().all(|name| name.starts_with(folder)))
        .last()
        .unwrap_or_default()
}

/// The longest words, up to a space, with which all of several names start.
fn common_words(names: &[String]) -> &str {
    if names.len() < 2 {
        return "";
    }
    starts(names, ' ').take_while(|words| names.iter().all(|name| name.starts_with(words))).last().unwrap_or_default()
}

/// Every start of the first name that ends with a mark, the shortest first.
fn starts(names: &[String], mark: char) -> impl Iterator<Item = &str> {
    let first = names.first().map_or("", String::as_str);
    first.match_indices(mark).filter_map(|(position, mark)| first.get(..position + mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], folder: &str, words: &str) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(common_folder(&names), folder, "{names:?}");
        assert_eq!(common_words(&names), words, "{names:?}");
    }

    #[test]
    fn what_all_names_share_is_left_out() {
        check(&["runs/a.json", "runs/b.json"], "runs/", "");
        check(&["runs/x/a.json", "runs/y/a.json"], "runs/", "");
        check(&["a.prom shop/cart", "a.prom shop/pay"], "", "a.prom ");
        check(&["a.prom cart x", "a.prom pay x"], "", "a.prom ");
        check(&["runs/a.json"], "runs/", "");
        check(&["one name"], "", "");
        check(&["same name", "same name"], "", "same ");
        check(&["ä ü", "ä ö"], "", "ä ");
        check(&[], "", "");
    }
}
