internal import ArgumentParser

/// The thin client: one node of a Causeway network, and the commands that talk to it.
@main
struct Causeway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causeway",
        abstract: "Connects this machine to others of its network: by relay at once, directly as soon as a path is found.",
        discussion: """
            `causeway up 'LINE'` joins with the line that `causeway-server invite` prints and stays in the foreground; the other \
            commands talk to it. All take the same --state DIR.

            Exit codes: 0 success, 1 failure, 2 no answer in time, 3 no node runs on the state directory, 4 no such peer, \
            5 refused by the server, 6 server unreachable, 7 answers came by relay only, 64 wrong usage.
            """,
        version: "causeway 0.1.0",
        subcommands: [
            UpCommand.self, StatusCommand.self, PingCommand.self, ForwardCommand.self, NetcheckCommand.self, DownCommand.self,
            LeaveCommand.self,
        ])
}
