internal import Coordination
internal import CryptoBox
internal import Foundation
internal import Wire

/// A node of a coordination run: its keys, its token and what it has published.
struct BenchNode {
    let key: NodePrivateKey
    private let token: BearerToken
    private var sequence: Int64 = 0

    /// Registers a node: challenge, proof, token.
    init(_ joinKey: JoinKeySecret, on connection: HTTPConnection) throws {
        var random = SystemRandomNumberGenerator()
        key = NodePrivateKey(using: &random)
        let answer = try connection.send("POST", "/v1/challenges", body: Array("{}".utf8))
        guard answer.status == 200 || answer.status == 201 else { throw Self.refusal("a challenge", answer) }
        let challenge = try JSONDecoder().decode(ChallengeResponse.self, from: Data(answer.body))
        let request = RegistrationRequest(
            joinKey: joinKey, nodeKey: key.publicKey, discoKey: DiscoPrivateKey(using: &random).publicKey)
        let body = try [UInt8](JSONEncoder().encode(request))
        let proof = try Proof.seal(
            challenge.challenge, for: Proof.Request(method: "POST", path: "/v1/nodes", body: body), from: key,
            to: challenge.publicKey, using: &random)
        let registration = try connection.send("POST", "/v1/nodes", headers: [Proof.headerName: proof], body: body)
        guard registration.status == 200 || registration.status == 201 else { throw Self.refusal("a registration", registration) }
        token = try JSONDecoder().decode(RegistrationResponse.self, from: Data(registration.body)).token
    }

    var authorization: [String: String] { ["Authorization": "Bearer \(token.secretText)"] }

    /// Publishes one candidate.
    mutating func publish(_ endpoint: Endpoint, on connection: HTTPConnection) throws {
        sequence += 1
        let update = CandidateUpdate(
            sequence: sequence, candidates: [PublishedCandidate(type: .host, endpoint: endpoint, priority: 1)])
        let answer = try connection.send(
            "PUT", "/v1/nodes/self/candidates", headers: authorization, body: [UInt8](JSONEncoder().encode(update)))
        guard (200..<300).contains(answer.status) else { throw Self.refusal("an update", answer) }
    }

    private static func refusal(_ what: String, _ answer: HTTPConnection.Response) -> BenchFailure {
        let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
        return BenchFailure("\(what) was refused with status \(answer.status) (a 429 means: raise the server's limits): \(text)")
    }
}
