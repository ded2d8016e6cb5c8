internal import ArgumentParser
internal import TLS
internal import Wire

/// Where the relay is, and what it may use to prove itself.
struct RelayOptions: ParsableArguments {
    @Option(help: "The relay: https://HOST[:PORT] or http://HOST[:PORT].")
    var url: String

    @Option(help: "The certificate's pin, sha256-raw:HEX, as the server prints it.")
    var pin: String?

    @Flag(help: "Take any certificate.")
    var insecure = false

    @Option(name: .customLong("server-pid"), help: "The relay's process on this machine: its CPU time and memory are reported.")
    var serverProcess: Int32?

    func loginPlan() throws -> LoginPlan {
        let target = try BenchTarget(url: url, pin: pin, isInsecure: insecure)
        return try target.loginPlan()
    }
}

extension BenchTarget {
    func loginPlan() throws -> LoginPlan {
        try LoginPlan(
            endpoint: Sockets.resolve(host, port), authority: authority,
            context: proof == nil ? nil : TLSContext(clientTrusting: []),
            peer: proof.map { TLSPeer(host: host, proof: $0) })
    }
}

/// How much of what is sent.
struct LoadOptions: ParsableArguments {
    @Option(help: "Who sends to whom: \(LoadPlan.Pattern.allCases.map(\.rawValue).joined(separator: ", ")).")
    var pattern = LoadPlan.Pattern.pairs

    @Option(help: "Pairs, or the many of one-to-many and many-to-one.")
    var pairs = 10

    @Option(help: "Bytes of data in a packet, 24…65536.")
    var size = 1400

    @Option(help: "Packets of a flow on their way at once.")
    var window = 64

    @Option(help: "Packets per second of all flows together, in place of a window.")
    var rate: Double?

    @Option(help: "How long to measure.")
    var seconds = 5.0

    @Option(help: "How long to run before that.")
    var warmUp = 1.0

    @Flag(help: "Add a pair with 100 packets per second, whose latency is told apart.")
    var politePair = false

    func validate() throws {
        guard pairs > 0, window > 0, seconds > 0 else { throw ValidationError("--pairs, --window and --seconds are above 0") }
        guard (Flow.stampCount...65536).contains(size) else { throw ValidationError("--size is 24…65536") }
    }

    var plan: LoadPlan {
        LoadPlan(
            pattern: pattern, count: pairs, size: size, window: window, rate: rate, hasPolitePair: politePair,
            warmUp: .seconds(warmUp), duration: .seconds(seconds))
    }
}

extension LoadPlan.Pattern: ExpressibleByArgument {}
