//! The `meshcap` command.

fn main() -> std::process::ExitCode {
    meshcap::cli::main()
}
