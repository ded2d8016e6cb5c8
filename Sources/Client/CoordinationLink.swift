internal import Coordination
internal import CryptoBox
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import Wire

/// The coordination server's API, one call per function. Failures that a person can act on are `NodeFailure`s.
struct CoordinationLink: Sendable {
    /// A stream that says nothing for so long, not even a heartbeat (15 s), is dead.
    private static let streamSilence = TimeAmount.seconds(40)

    /// What the stream of peers tells.
    enum StreamEvent: Sendable {
        /// The server has taken the request: from here on it tells of every change.
        case opened
        case snapshot(PeerList)
        case changed(Peer)
        case removed(RemovedPeer)
    }

    let exchange: HTTPExchange

    private var server: ServerAddress { exchange.dialer.server }

    /// Asks who the server is and what it offers.
    func describeServer() async throws -> ServerDescription {
        try await decode(ServerDescription.self, from: send(.GET, "/v1/server"))
    }

    /// Registers the node, or gets a new token for a node that is known: challenge, then proof.
    ///
    /// - Parameter exactName: whether the state's name replaces the one that the server knows, or is refused when taken.
    /// - Returns: the server's answer, and the key that it proved by opening the proof.
    func register(
        _ state: NodeState, joinKey: JoinKeySecret?, exactName: Bool
    ) async throws -> (RegistrationResponse, NodeKey) {
        let challenge = try await decode(ChallengeResponse.self, from: send(.POST, "/v1/challenges", body: Array("{}".utf8)))
        if let known = server.key, known != challenge.publicKey.description {
            throw NodeFailure(
                .refused,
                "the server shows another key than the one this node joined: if that is right, join again with a new line")
        }
        let request = RegistrationRequest(
            joinKey: joinKey, nodeKey: state.nodeKey.publicKey, discoKey: state.discoKey.publicKey,
            name: state.name.isEmpty ? nil : state.name, exactName: exactName ? true : nil)
        let body = try [UInt8](JSONEncoder().encode(request))
        var random = SystemRandomNumberGenerator()
        let proof = try Proof.seal(
            challenge.challenge, for: Proof.Request(method: "POST", path: "/v1/nodes", body: body), from: state.nodeKey,
            to: challenge.publicKey, using: &random)
        let answer = try await decode(
            RegistrationResponse.self, from: send(.POST, "/v1/nodes", body: body, headers: [(Proof.headerName, proof)]))
        return (answer, challenge.publicKey)
    }

    /// Publishes what the node knows of itself.
    func publish(_ update: CandidateUpdate, token: BearerToken) async throws {
        let body = try [UInt8](JSONEncoder().encode(update))
        _ = try await send(.PUT, "/v1/nodes/self/candidates", body: body, headers: [Self.authorization(token)])
    }

    /// Leaves the network.
    func leave(token: BearerToken) async throws {
        _ = try await send(.DELETE, "/v1/nodes/self", headers: [Self.authorization(token)])
    }

    /// Follows the network's nodes until the stream ends; `take` gets every event, with the number to resume from.
    func watch(
        token: BearerToken, after last: String?, take: @escaping @Sendable (StreamEvent, _ id: String?) async throws -> Void
    ) async throws {
        var headers = [Self.authorization(token), (name: "Accept", value: "text/event-stream")]
        if let last { headers.append((name: "Last-Event-ID", value: last)) }
        let request = HTTPExchange.Request(method: .GET, path: "/v1/peers/stream", headers: headers)
        try await HTTPExchange(dialer: exchange.dialer, silence: Self.streamSilence).stream(request) { head, body in
            guard head.status == .ok else {
                throw failure(
                    status: Int(head.status.code), body: try await body.whole(upTo: HTTPExchange.maximumBodyByteCount))
            }
            try await take(.opened, nil)
            var parser = ServerSentEventParser()
            for try await bytes in body {
                for event in try parser.append(bytes.readableBytesView) {
                    guard let decoded = try Self.decode(event) else { continue }
                    try await take(decoded, event.id)
                }
            }
        }
    }

    // MARK: - Requests

    private static func authorization(_ token: BearerToken) -> (name: String, value: String) {
        (name: "Authorization", value: "Bearer \(token.secretText)")
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8] = [], headers: [(name: String, value: String)] = []
    ) async throws -> [UInt8] {
        var headers = headers
        headers.append((name: "Accept", value: "application/json"))
        headers.append((name: "Connection", value: "close"))
        if !body.isEmpty { headers.append((name: "Content-Type", value: "application/json")) }
        let response = try await exchange.send(HTTPExchange.Request(method: method, path: path, headers: headers, body: body))
        guard (200..<300).contains(response.status) else { throw failure(status: response.status, body: response.body) }
        return response.body
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw NodeFailure(
                .unreachable, "\(server.url) answers, but not as a causeway-server of this version: check address and versions")
        }
    }

    private static func decode(_ event: ServerSentEvent) throws -> StreamEvent? {
        let decoder = JSONDecoder()
        switch PeerEvent.Name(rawValue: event.name) {
        case .snapshot: return .snapshot(try decoder.decode(PeerList.self, from: Data(event.data)))
        case .added, .changed: return .changed(try decoder.decode(Peer.self, from: Data(event.data)))
        case .removed: return .removed(try decoder.decode(RemovedPeer.self, from: Data(event.data)))
        case nil: return nil
        }
    }

    // MARK: - Failures

    private func failure(status: Int, body: [UInt8]) -> any Error {
        // An answer without a problem document comes from something that is not our server.
        guard let problem = try? JSONDecoder().decode(Problem.self, from: Data(body)) else {
            return NodeFailure(.unreachable, "\(server.url) answers with status \(status): is it a causeway-server?")
        }
        return problem
    }
}

extension Problem {
    /// The problem as one line with the remedy.
    var failure: NodeFailure {
        let what = detail ?? title
        switch problemType {
        case .joinKeyRequired, .joinKeyUnknown, .joinKeyUsed, .joinKeyExpired, .joinKeyRevoked, .nodeExpired:
            return NodeFailure(.refused, "\(what): ask for a new line (`causeway-server invite`) and run `causeway up 'LINE'`")
        case .nameTaken, .nameInvalid:
            return NodeFailure(.refused, "\(what): choose another --name")
        case .proofRefused, .challengeRefused:
            return NodeFailure(.refused, "\(what): try again; if it stays so, remove the state directory and join again")
        case .unauthorized:
            return NodeFailure(.refused, "\(what): start the node again")
        case .tooManyRequests, .unavailable, .storageFailed, .internalError:
            return NodeFailure(.unreachable, "\(what): try again later")
        case .invalidRequest, .bodyTooLarge, .unsupportedMediaType, .notFound, .methodNotAllowed, .forbidden, .nodeKeyTaken,
            .discoKeyTaken, .nodeInOtherNetwork, .keyInvalid, .sequenceStale, .candidateRefused, .tooManyCandidates,
            .tooManyPathReports,
            .networkUnknown, .networkNotEmpty, .nodeUnknown, .networkFull, .limitReached, nil:
            return NodeFailure(.refused, "the server refuses: \(what)")
        }
    }
}
