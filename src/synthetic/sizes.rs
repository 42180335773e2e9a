//! How large workloads are: heavy-tailed replicas, requests from a ladder, steered to fill the nodes.

use super::draw::Draw;
use super::nodes::Amount;

/// CPU requests people write, in thousandths of a core; 0 stands for none.
const CPU: [u64; 11] = [0, 10, 25, 50, 100, 200, 250, 500, 1000, 2000, 4000];
/// How many workloads of a hundred ask for each step of [`CPU`].
const CPU_WEIGHTS: [u64; 11] = [12, 6, 6, 12, 22, 14, 10, 10, 5, 2, 1];
/// Memory requests people write, in MiB; 0 stands for none.
const MEMORY: [u64; 10] = [0, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
/// The step of [`MEMORY`] that goes with each step of [`CPU`].
const MEMORY_FOR_CPU: [i64; 11] = [3, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9];
/// How far up or down the memory ladder workloads stray from that, of a hundred.
const MEMORY_STRAY: [(u64, i64); 3] = [(30, -1), (45, 0), (25, 1)];
/// Of a hundred workloads without a CPU request, those without a memory request too.
const NEITHER: u64 = 70;
/// Furthest the ladder is shifted for denser or emptier clusters.
const SHIFTS: std::ops::RangeInclusive<i64> = -8..=5;

/// What the pods of a node pool shall ask for together, and what they ask for so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Budget {
    /// What they shall ask for.
    pub target: Amount,
    /// What those planned ask for.
    pub used: Amount,
    /// Pods not planned yet.
    pub pods_left: u64,
    /// The most a pod may ask for.
    pub largest: Amount,
}

/// Replicas of a workload: most have one to three, few have hundreds.
pub(super) fn replicas(draw: &mut Draw, most: u64) -> u64 {
    let (low, high) = draw.weighted(
        &[
            (380, (1, 1)),
            (250, (2, 2)),
            (140, (3, 3)),
            (110, (4, 5)),
            (70, (6, 10)),
            (36, (11, 30)),
            (11, (31, 100)),
            (3, (101, 400)),
        ],
        (1, 1),
    );
    (low + draw.below(high - low + 1)).min(most)
}

impl Budget {
    /// Draws the request of a workload's pods and counts it.
    ///
    /// The ladder is shifted so that the mean request of the pods still to come uses up what is left of
    /// the target: clusters of any density end near the same fill.
    pub fn draw_request(&mut self, draw: &mut Draw, replicas: u64, proxy: Amount) -> Amount {
        let shift = self.shift(draw, proxy);
        let mut step = draw.weighted(&CPU_STEPS, 0);
        let stray = draw.weighted(&MEMORY_STRAY, 0);
        let neither = draw.below(100) < NEITHER;
        let request = loop {
            let request = request(step, shift, stray, neither);
            if step <= 1 || self.holds(request, replicas) {
                break request;
            }
            step -= 1;
        };
        self.used.cpu += (request.cpu + proxy.cpu) * replicas;
        self.used.memory += (request.memory + proxy.memory) * replicas;
        request
    }

    /// No pod is larger than half the largest node, no workload larger than an eighth of the pool.
    fn holds(&self, request: Amount, replicas: u64) -> bool {
        let fits = |amount: u64, largest: u64, target: u64| {
            target == 0 || (amount <= largest / 2 && amount * replicas <= (target / 8).max(amount))
        };
        fits(request.cpu, self.largest.cpu, self.target.cpu)
            && fits(request.memory, self.largest.memory, self.target.memory)
    }

    fn shift(&self, draw: &mut Draw, proxy: Amount) -> i64 {
        let luck = draw.below(100);
        if self.target == Amount::default() {
            return 0;
        }
        // In hundredths, as the means are.
        let pods = self.pods_left.max(1);
        let wanted = Amount {
            cpu: (self.target.cpu.saturating_sub(self.used.cpu) * 100 / pods).saturating_sub(proxy.cpu * 100),
            memory: (self.target.memory.saturating_sub(self.used.memory) * 100 / pods)
                .saturating_sub(proxy.memory * 100),
        };
        let affordable = |shift: &i64| {
            let mean = mean_request(*shift);
            mean.cpu <= wanted.cpu && mean.memory <= wanted.memory
        };
        let Some(below) = SHIFTS.rev().find(affordable) else { return *SHIFTS.start() };
        // Between two shifts, take the higher one as often as makes the mean right.
        let (low, high) = (mean_request(below), mean_request(below + 1));
        let part =
            |wanted: u64, low: u64, high: u64| (wanted.saturating_sub(low) * 100).checked_div(high.saturating_sub(low));
        let cpu = part(wanted.cpu, low.cpu, high.cpu).unwrap_or(0);
        let memory = part(wanted.memory, low.memory, high.memory).unwrap_or(0);
        if luck < cpu.min(memory) { (below + 1).min(*SHIFTS.end()) } else { below }
    }
}

/// [`CPU_WEIGHTS`] with the step each belongs to.
const CPU_STEPS: [(u64, i64); 11] = {
    let mut steps = [(0, 0); 11];
    let mut step = 0;
    while step < 11 {
        steps[step] = (CPU_WEIGHTS[step], step as i64);
        step += 1;
    }
    steps
};

/// The request at a step of the CPU ladder after a shift; no request stays none.
fn request(step: i64, shift: i64, stray: i64, neither: bool) -> Amount {
    if step == 0 {
        let memory = if neither { 0 } else { memory_at(MEMORY_FOR_CPU[0] + stray + shift.min(0)) };
        return Amount { cpu: 0, memory };
    }
    let step = (step + shift).clamp(1, 10) as usize;
    let memory = MEMORY_FOR_CPU.get(step).copied().unwrap_or_default();
    Amount { cpu: CPU.get(step).copied().unwrap_or_default(), memory: memory_at(memory + stray) }
}

fn memory_at(step: i64) -> u64 {
    MEMORY.get(step.clamp(1, 9) as usize).copied().unwrap_or_default()
}

/// The mean request under a shift, in hundredths.
fn mean_request(shift: i64) -> Amount {
    let mut sum = Amount::default();
    for (weight, step) in CPU_STEPS {
        for (often, stray) in MEMORY_STRAY {
            for (share, neither) in [(NEITHER, true), (100 - NEITHER, false)] {
                let request = request(step, shift, stray, neither);
                sum.cpu += request.cpu * weight * often * share;
                sum.memory += request.memory * weight * often * share;
            }
        }
    }
    Amount { cpu: sum.cpu / 10_000, memory: sum.memory / 10_000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_rise_with_the_shift() {
        for shift in SHIFTS {
            let (low, high) = (mean_request(shift), mean_request(shift + 1));
            assert!(low.cpu <= high.cpu && low.memory <= high.memory, "{shift}");
        }
        assert_eq!(mean_request(0).cpu, 26_310);
    }

    #[test]
    fn budgets_are_used_up_whatever_the_density() {
        for pods in [1_000, 3_000, 8_000] {
            let mut budget = Budget {
                target: Amount { cpu: 600_000, memory: 2_400_000 },
                used: Amount::default(),
                pods_left: pods,
                largest: Amount { cpu: 7_910, memory: 28_000 },
            };
            let mut draw = Draw::new(3, 4);
            while budget.pods_left > 0 {
                let replicas = replicas(&mut draw, budget.pods_left.min(100));
                budget.draw_request(&mut draw, replicas, Amount::default());
                budget.pods_left -= replicas;
            }
            let fill = budget.used.cpu * 100 / budget.target.cpu;
            let memory = budget.used.memory * 100 / budget.target.memory;
            assert!((90..=108).contains(&fill.max(memory)), "{pods} pods: {fill} % CPU, {memory} % memory");
        }
    }

    #[test]
    fn most_workloads_are_small_and_few_are_large() {
        let mut draw = Draw::new(1, 1);
        let drawn: Vec<u64> = (0..10_000).map(|_| replicas(&mut draw, 1_000)).collect();
        assert!(drawn.iter().filter(|&&count| count <= 5).count() > 8_500);
        assert!(drawn.iter().any(|&count| count > 200));
    }
}
