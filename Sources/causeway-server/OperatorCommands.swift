internal import ArgumentParser
internal import Foundation
internal import Server

/// Which server a command is for, and how it answers.
struct TargetOptions: ParsableArguments {
    @Option(help: "The running server's data directory (CAUSEWAY_DATA, or /var/lib/causeway).")
    var data: String?
    @Flag(help: "Print JSON.")
    var json = false

    var directory: String {
        data ?? ProcessInfo.processInfo.environment["CAUSEWAY_DATA"] ?? Settings().data
    }

    var console: OperatorConsole { OperatorConsole(data: directory, isJSON: json) }
}

/// What a new join key is to be good for.
struct JoinKeyOptions: ParsableArguments {
    @Option(help: "The network that it admits to (default).")
    var network: String?
    @Option(help: "How many nodes it admits (1).")
    var uses: Int?
    @Flag(help: "Let it admit any number of nodes.")
    var reusable = false
    @Option(help: "How long it is good for, such as 30m, 12h or 7d (1d).")
    var lifetime: String?
    @Flag(help: "Remove its nodes when they have been gone for 30 minutes.")
    var ephemeral = false
    @Option(help: "A note for yourself.")
    var note: String?

    func wish() throws -> OperatorConsole.JoinKeyWish {
        var wish = OperatorConsole.JoinKeyWish()
        wish.network = network
        wish.uses = uses
        wish.isReusable = reusable
        wish.lifetime = try lifetime.map(Self.duration)
        wish.isEphemeral = ephemeral
        wish.note = note
        return wish
    }

    private static func duration(_ text: String) throws -> Duration {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), (1...100_000_000).contains(count)
        else {
            throw ValidationError("'\(text)' is no lifetime: give a number and s, m, h or d, such as 12h")
        }
        return .seconds(count * unit)
    }
}

/// Prints the line that a new node needs, and nothing else.
struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make a join key and print just the line for `causeway up`.")

    @OptionGroup var target: TargetOptions
    @OptionGroup var options: JoinKeyOptions

    func run() async throws {
        print(try await target.console.invite(options.wish()))
    }
}

struct JoinKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join-key", abstract: "Create, list and revoke join keys.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a join key; it is shown this once.")
        @OptionGroup var target: TargetOptions
        @OptionGroup var options: JoinKeyOptions

        func run() async throws {
            print(try await target.console.createJoinKey(options.wish()))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List all join keys, dead ones included.")
        @OptionGroup var target: TargetOptions

        func run() async throws {
            print(try await target.console.joinKeys())
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a join key admit nobody any more; its nodes stay.")
        @Argument(help: "The key's number.") var id: Int64
        @OptionGroup var target: TargetOptions

        func run() async throws {
            try await target.console.revokeJoinKey(id)
        }
    }
}

struct Nodes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "List, rename, expire and remove nodes, and say why pairs of them are relayed.",
        subcommands: [List.self, Pairs.self, Rename.self, Expire.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the nodes of all networks.")
        @OptionGroup var target: TargetOptions

        func run() async throws {
            print(try await target.console.nodes())
        }
    }

    struct Pairs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List how pairs of nodes reach each other, and why they are relayed.")
        @Option(help: "The network to look at (all).") var network: String?
        @OptionGroup var target: TargetOptions

        func run() async throws {
            print(try await target.console.pairs(in: network))
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a node another name.")
        @Argument(help: "The node's name or number.") var node: String
        @Argument(help: "The new name.") var name: String
        @OptionGroup var target: TargetOptions

        func run() async throws {
            try await target.console.rename(node, to: name)
        }
    }

    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a node expire, at once or later: it is cut off until it joins with a key again.")
        @Argument(help: "The node's name or number.") var node: String
        @Option(help: "When, as 2027-01-31T12:00:00Z, or never (now).") var at: String?
        @OptionGroup var target: TargetOptions

        func run() async throws {
            try await target.console.expire(node, at: at)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a node and cut it off at once.")
        @Argument(help: "The node's name or number.") var node: String
        @OptionGroup var target: TargetOptions

        func run() async throws {
            try await target.console.remove(node)
        }
    }
}

struct Networks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "List, create and remove networks.",
        subcommands: [List.self, Create.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the networks.")
        @OptionGroup var target: TargetOptions

        func run() async throws {
            print(try await target.console.networks())
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a network and print its number.")
        @Argument(help: "The network's name.") var name: String
        @OptionGroup var target: TargetOptions

        func run() async throws {
            print(try await target.console.createNetwork(name))
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a network that has no nodes, with its join keys.")
        @Argument(help: "The network's name or number.") var network: String
        @OptionGroup var target: TargetOptions

        func run() async throws {
            try await target.console.removeNetwork(network)
        }
    }
}

/// Shows what the server is doing.
struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the running server's statistics.")

    @OptionGroup var target: TargetOptions

    func run() async throws {
        print(try await target.console.statistics())
    }
}
