//! Writes a synthetic cluster.

use std::io::{self, Write};

use super::args::GenerateArguments;
use super::{Failure, Outcome, output};
use crate::synthetic::{self, MOST_NODES, MOST_PODS, Spec};

pub fn run(arguments: &GenerateArguments) -> Result<Outcome, Failure> {
    if arguments.nodes > MOST_NODES || arguments.pods > MOST_PODS {
        return Err(Failure::Input(format!(
            "failed to generate {} nodes and {} pods: at most {MOST_NODES} nodes and {MOST_PODS} pods can be written",
            arguments.nodes, arguments.pods
        )));
    }
    let spec = Spec::new(arguments.nodes, arguments.pods, arguments.seed);
    if output::is_standard(&arguments.output) {
        let mut out = io::BufWriter::with_capacity(1 << 20, io::stdout().lock());
        synthetic::write(&spec, &mut out).and_then(|()| out.flush()).map_err(|error| output::stdout_failure(&error))?;
    } else {
        output::check(&arguments.output)?;
        output::write_file(&arguments.output, |out| synthetic::write(&spec, out))?;
    }
    Ok(Outcome::Done)
}
