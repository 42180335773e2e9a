use meshcap::card::ModelCard;
fn main() {
    let card = ModelCard::named("istio-1.24").unwrap();
    let rows = meshcap::latency::published::rows().unwrap();
    let start = std::time::Instant::now();
    let found = meshcap::latency::verify(&card, &rows);
    for group in &found.groups {
        println!(
            "{:<24} {:<58} {:>4} {:>5.0} % {:>5.0} % {:>5.0} %",
            group.quantity,
            group.group,
            group.n,
            group.median_absolute_percentage_error * 100.,
            group.bias * 100.,
            group.coverage * 100.
        );
    }
    for how in ["added p50", "added p90", "added p99"] {
        for fitted in ["", ", speed fitted"] {
            let name = format!("{how}{fitted}");
            let rows: Vec<_> = found.groups.iter().filter(|g| g.quantity == name).flat_map(|g| &g.rows).collect();
            let mut e: Vec<f64> = rows.iter().map(|r| r.signed_error.abs()).collect();
            e.sort_by(f64::total_cmp);
            let c = rows.iter().filter(|r| r.predicted.lower <= r.measured && r.measured <= r.predicted.upper).count();
            println!(
                "{name}: n {} median {:.3} coverage {:.3}",
                rows.len(),
                e[e.len() / 2],
                c as f64 / rows.len() as f64
            );
            for kind in ["in step", "jittered", "staggered"] {
                let rows: Vec<_> = found
                    .groups
                    .iter()
                    .filter(|g| g.quantity == name && g.group.contains(kind))
                    .flat_map(|g| &g.rows)
                    .collect();
                let mut e: Vec<f64> = rows.iter().map(|r| r.signed_error.abs()).collect();
                e.sort_by(f64::total_cmp);
                let c =
                    rows.iter().filter(|r| r.predicted.lower <= r.measured && r.measured <= r.predicted.upper).count();
                if !rows.is_empty() {
                    println!(
                        "    {kind}: n {} median {:.3} coverage {:.3}",
                        rows.len(),
                        e[e.len() / 2],
                        c as f64 / rows.len() as f64
                    );
                }
            }
        }
    }
    eprintln!("{:?}", start.elapsed());
}
