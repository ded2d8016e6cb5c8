internal import NIOCore
internal import NIOHTTP1
internal import TLS
internal import Wire

/// Finds out whether somebody on the way answers in the server's place, as the captive portals of hotels and trains do.
struct PortalCheck: Sendable {
    enum Verdict: Equatable, Sendable {
        case absent
        /// In one sentence: what shows it.
        case present(String)
        /// The server cannot be reached, and nobody answers in its place.
        case unknown
    }

    /// Answers of portals come from near.
    private static let timeout = Duration.seconds(3)
    private static let path = "/generate_204"
    private static let plainPort = 80

    let server: ServerAddress
    let eventLoop: any EventLoop

    /// Asks the server for an empty answer to a question that a portal does not know, then, if it is out of reach, port 80 of its address.
    func run() async -> Verdict {
        // A pin that makes no sense is a matter of the join line.
        guard let dialer = try? ServerDialer(server: server, eventLoop: eventLoop) else { return .unknown }
        // A proxy answers for itself, and whoever set it knows of it.
        guard dialer.isDirect else { return .unknown }
        do {
            guard let oddity = try await ask(dialer) else { return .absent }
            return .present("\(server.url) \(oddity)")
        } catch {
            if let verdict = Self.verdict(of: error, at: server) { return verdict }
        }
        guard server.usesTLS, let plain = try? ServerDialer(server: plainAddress, eventLoop: eventLoop) else { return .unknown }
        // Nobody listens there: as it should be.
        guard let oddity = try? await ask(plain) else { return .unknown }
        return .present("\(plainAddress.url) \(oddity)")
    }

    /// What a failed connection shows of a portal; nil when it shows nothing.
    static func verdict(of error: any Error, at server: ServerAddress) -> Verdict? {
        switch error {
        case TLSError.certificate: .present("\(server.url) shows another certificate than the server's")
        case TLSError.notTLS: .present("\(server.url) does not speak TLS")
        default: nil
        }
    }

    private var plainAddress: ServerAddress {
        ServerAddress(host: server.host, port: Self.plainPort, usesTLS: false, pin: nil, key: nil)
    }

    /// What is odd about the answer; nil when it is the one that the server gives.
    private func ask(_ dialer: ServerDialer) async throws -> String? {
        let challenge = "causeway-\(UInt64.random(in: 0 ... .max))"
        let request = HTTPExchange.Request(
            method: .GET, path: Self.path,
            headers: [(name: "X-Tailscale-Challenge", value: challenge), (name: "Connection", value: "close")])
        let response = try await HTTPExchange(dialer: dialer).send(request, timeout: Self.timeout)
        if let place = response.headers.first(name: "Location"), (300..<400).contains(response.status) {
            // Servers send visitors of port 80 to their own port 443.
            return place.contains("://\(server.host)") ? nil : "sends visitors elsewhere (status \(response.status))"
        }
        guard response.status == 204 else {
            return "answers with status \(response.status) what the server would answer with 204"
        }
        return response.headers.first(name: "X-Tailscale-Response") == "response \(challenge)"
            ? nil : "answers, but does not know what the server knows"
    }
}
