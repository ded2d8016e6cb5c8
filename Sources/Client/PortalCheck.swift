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
    /// Network Authentication Required (RFC 6585 §6).
    private static let authenticationRequired = 511

    let server: ServerAddress
    let eventLoop: any EventLoop

    /// Asks the server for an empty answer to a question that a portal does not know, then, if it is out of reach, port 80 of its address.
    ///
    /// - Parameter isUDPBlocked: no UDP passes: port 80 is asked though the server answers, as some portals leave 443 alone.
    func run(isUDPBlocked: Bool = false) async -> Verdict {
        // A pin that makes no sense is a matter of the join line.
        guard let dialer = try? ServerDialer(server: server, eventLoop: eventLoop) else { return .unknown }
        // A proxy answers for itself, and whoever set it knows of it.
        guard dialer.isDirect else { return .unknown }
        do {
            if let oddity = try await ask(dialer) { return .present("\(server.url) \(oddity)") }
            guard isUDPBlocked, server.usesTLS else { return .absent }
            return await askPlain(plainAddress, isServerNear: true) ?? .absent
        } catch {
            if let verdict = Self.verdict(of: error, at: server) { return verdict }
        }
        guard server.usesTLS else { return .unknown }
        return await askPlain(plainAddress, isServerNear: false) ?? .unknown
    }

    /// What an answer in plain HTTP shows of a portal; nil when it shows nothing.
    ///
    /// - Parameter isServerNear: the server answers elsewhere, so that its own web server may answer here too. Only what no web server
    ///   says of a page that it does not have counts then.
    func askPlain(_ address: ServerAddress, isServerNear: Bool) async -> Verdict? {
        // Nobody listens there: as it should be.
        guard let dialer = try? ServerDialer(server: address, eventLoop: eventLoop),
            let (status, oddity) = try? await answer(of: dialer), let oddity
        else { return nil }
        let isTelling = (300..<400).contains(status) || status == Self.authenticationRequired
        return isTelling || !isServerNear ? .present("\(address.url) \(oddity)") : nil
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
        try await answer(of: dialer).oddity
    }

    private func answer(of dialer: ServerDialer) async throws -> (status: Int, oddity: String?) {
        let challenge = "causeway-\(UInt64.random(in: 0 ... .max))"
        let request = HTTPExchange.Request(
            method: .GET, path: Self.path,
            headers: [(name: "X-Tailscale-Challenge", value: challenge), (name: "Connection", value: "close")])
        let response = try await HTTPExchange(dialer: dialer).send(request, timeout: Self.timeout)
        if let place = response.headers.first(name: "Location"), (300..<400).contains(response.status) {
            // Servers send visitors of port 80 to their own port 443.
            let isOwn = place.hasPrefix("/") || place.contains("://\(server.host)")
            return (response.status, isOwn ? nil : "sends visitors elsewhere (status \(response.status))")
        }
        guard response.status == 204 else {
            return (response.status, "answers with status \(response.status) what the server would answer with 204")
        }
        let isServers = response.headers.first(name: "X-Tailscale-Response") == "response \(challenge)"
        return (response.status, isServers ? nil : "answers, but does not know what the server knows")
    }
}
