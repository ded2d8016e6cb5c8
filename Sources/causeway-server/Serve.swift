internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Server

/// Runs the server in the foreground.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server.",
        discussion: "Needs no file to try it. SIGTERM drains and stops; SIGHUP reads certificate, limits and lists again.")

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let loader = options.loader
        let settings = try loader.load()
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, format: settings.log.format, level: settings.log.level)
        }
        let server = try await ServerProcess.start(settings, loader: loader, logger: Logger(label: "causeway"))
        let facts = settings.log.format == .json ? server.startUp.json : server.startUp.text
        try FileHandle.standardOutput.write(contentsOf: Data((facts + "\n").utf8))
        let notifier = ServiceNotifier(path: ProcessInfo.processInfo.environment["NOTIFY_SOCKET"])
        try await server.run(notifier: notifier)
    }
}

/// Checks the settings and shows what they come to.
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the settings and print what flags, environment and file come to; exit code 2 when something is wrong.")

    @OptionGroup var options: SettingsOptions
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let settings = try options.loader.load()
        print(json ? settings.listingJSON : settings.listingText)
    }
}

/// Makes keys for files.
struct Keygen: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Make a key: node (private and public), mesh (for --mesh-key), or admin (a token for the admin API over the network)."
    )

    @Argument(help: "node, mesh or admin.")
    var kind = "node"
    @OptionGroup var target: TargetOptions

    func run() throws {
        guard let kind = KeyMaker.Kind(rawValue: kind) else {
            throw ValidationError("'\(kind)' is no kind of key: give node, mesh or admin")
        }
        print(try KeyMaker.make(kind, data: target.directory, isJSON: target.json))
    }
}
