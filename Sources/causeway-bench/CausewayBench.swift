internal import ArgumentParser

/// Loads DERP relays and STUN servers, ours or another, and says what a packet costs them.
@main
struct CausewayBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "causeway-bench",
        abstract: "Measure a DERP relay or a STUN server.",
        discussion: """
            Every run prints a table on standard error and one line of JSON on standard output. Figures of CPU time need --server-pid, \
            the number of the server's process on this machine.
            """,
        subcommands: [
            RelayCommand.self, IdleCommand.self, STUNCommand.self, CoordinationCommand.self, FloorCommand.self,
            CompareCommand.self, GrowthCommand.self, ConnectCommand.self, FloodCommand.self,
            FloorServerCommand.self, BareRelayCommand.self,
        ])
}
