internal import ArgumentParser
internal import Client
internal import Foundation

/// What every command takes.
struct NodeArguments: ParsableArguments {
    @Option(help: "The folder that holds the node's keys and its control socket.")
    var state: String = Self.defaultState

    @Flag(help: "Print JSON: one object per line.")
    var json = false

    var directory: StateDirectory { StateDirectory(state) }
    var control: NodeControl { NodeControl(state: directory) }

    /// `$XDG_STATE_HOME/causeway`, else `~/.local/state/causeway`.
    private static var defaultState: String {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? ".") + "/.local/state"
        return base + "/causeway"
    }
}

/// Runs a command's work and turns a failure into one line on standard error and its exit code.
func reportingFailures(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let failure as NodeFailure {
        Output.error(failure.message)
        throw ExitCode(failure.exitCode)
    } catch is CancellationError {
        throw ExitCode.failure
    } catch {
        Output.error("\(error)")
        throw ExitCode.failure
    }
}
