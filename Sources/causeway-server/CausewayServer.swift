internal import ArgumentParser
internal import Glibc
internal import Server

/// The program: parses the command line and runs one command. An error is one line on standard error that names the remedy.
@main
struct CausewayServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causeway-server",
        abstract: "STUN, relay and coordination for machines behind NATs.",
        discussion: """
            Exit codes: 0 success, 1 another failure, 2 a setting is wrong, 3 a file cannot be used, 4 an address cannot be bound, \
            5 no server runs on the data directory, 6 the server refused, 64 the command line is wrong.
            """,
        version: ServerProcess.version,
        subcommands: [
            Serve.self, Invite.self, JoinKeys.self, Nodes.self, Networks.self, Stats.self, Keygen.self, CheckConfig.self,
            Version.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as StartError {
            fail(error.description, error.status.rawValue)
        } catch let error as ConfigurationError {
            fail(error.description, ExitStatus.configuration.rawValue)
        } catch {
            // Help and version are errors of the parser too, which print to standard output and exit with 0.
            guard exitCode(for: error) != .success else { exit(withError: error) }
            let isUsage = exitCode(for: error) == .validationFailure
            let message = Self.message(for: error).split(separator: "\n").first.map(String.init) ?? "failed"
            fail(isUsage ? "\(message); `causeway-server --help` shows what there is" : message, exitCode(for: error).rawValue)
        }
    }

    private static func fail(_ message: String, _ status: Int32) -> Never {
        LineLogHandler.writeToStandardError("causeway-server: \(message.split(separator: "\n").joined(separator: " "))")
        Glibc.exit(status)
    }
}

/// Prints the version.
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() {
        print(ServerProcess.version)
    }
}
