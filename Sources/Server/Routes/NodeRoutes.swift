internal import Coordination
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Wire

/// `/v1`: what nodes ask of coordination.
struct NodeRoutes: Sendable {
    let service: CoordinationService
    let advertisement: Late<Advertisement>
    private let texts = PeerTexts()

    init(service: CoordinationService, advertisement: Late<Advertisement>) {
        self.service = service
        self.advertisement = advertisement
    }

    func add(to routes: inout Routes) {
        routes.on(.get, "/v1/server") { _ in
            let time = Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1_000))
            return try JSONForm.response(advertisement.get().serverDescription(at: time))
        }
        routes.on(.get, "/v1/openapi.yaml") { _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: OpenAPI.document)))
        }
        routes.on(.post, "/v1/challenges", issueChallenge)
        routes.on(.post, "/v1/nodes", register)
        routes.on(.put, "/v1/nodes/self/candidates", publish)
        routes.on(.put, "/v1/nodes/self/keys", rotateKeys)
        routes.on(.delete, "/v1/nodes/self", leave)
        routes.on(.get, "/v1/peers", peers)
        routes.on(.get, "/v1/peers/stream", stream)
        routes.on(.post, "/verify", verify)
    }

    private func issueChallenge(_ exchange: Exchange) async throws -> Response {
        let source = exchange.address
        let challenge = try await service.perform { registry, now, random, _ in
            try registry.countRequest(from: source, at: now)
            return try registry.issueChallenge(at: now, using: &random)
        }
        return try JSONForm.response(challenge)
    }

    private func register(_ exchange: Exchange) async throws -> Response {
        let source = exchange.address
        try await service.perform { registry, now, _, _ in try registry.countRequest(from: source, at: now) }
        let (message, body) = try await JSONForm.readWithBytes(RegistrationRequest.self, from: exchange.request)
        let proof = try proof(Proof.headerName, of: message.nodeKey, exchange, body)
        let answer = try await service.perform { registry, now, random, effects in
            try registry.register(message, proof: proof, from: source, at: now, using: &random, effects: &effects)
        }
        return try JSONForm.response(answer)
    }

    private func publish(_ exchange: Exchange) async throws -> Response {
        let node = try await authenticate(exchange)
        let update = try await JSONForm.read(CandidateUpdate.self, from: exchange.request)
        try await service.perform { registry, _, _, effects in try registry.update(node, with: update, effects: &effects) }
        return Response(status: .noContent)
    }

    private func rotateKeys(_ exchange: Exchange) async throws -> Response {
        let node = try await authenticate(exchange)
        let source = exchange.address
        let (message, body) = try await JSONForm.readWithBytes(KeyRotationRequest.self, from: exchange.request)
        let present = try await service.read { registry, now in try registry.nodeDescription(node, at: now).node.nodeKey }
        let proofOfPresent = try proof(Proof.headerName, of: present, exchange, body)
        let proofOfNew = try message.nodeKey.map { try proof(Proof.newKeyHeaderName, of: $0, exchange, body) }
        let answer = try await service.perform { registry, now, _, effects in
            try registry.rotateKeys(
                of: node, message, proof: proofOfPresent, newKeyProof: proofOfNew, from: source, at: now, effects: &effects)
        }
        return try JSONForm.response(answer)
    }

    private func leave(_ exchange: Exchange) async throws -> Response {
        let node = try await authenticate(exchange)
        let source = exchange.address
        try await service.perform { registry, now, _, effects in
            try registry.leave(node, from: source, at: now, effects: &effects)
        }
        return Response(status: .noContent)
    }

    private func peers(_ exchange: Exchange) async throws -> Response {
        let node = try await authenticate(exchange)
        let list = try await service.read { registry, _ in try registry.peers(of: node) }
        return JSONForm.response(text: try texts.text(of: list))
    }

    private func stream(_ exchange: Exchange) async throws -> Response {
        let node = try await authenticate(exchange)
        // A number of another kind or of another run resumes nothing: a snapshot comes.
        let last = HTTPField.Name("Last-Event-ID").flatMap { exchange.request.headers[$0] }.flatMap { EventID($0) }
        if exchange.request.method == .head { return Response(status: .ok, headers: [.contentType: "text/event-stream"]) }
        let stream = try await service.openStream(of: node, since: last, close: exchange.close)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { [service, texts] writer in
                do {
                    // A reader that goes away says so by closing its side; without this it would be noticed at the next event.
                    try await exchange.request.body.consumeWithInboundCloseHandler { _ in
                        try await writer.write(stream.greeting.text(texts))
                        for await event in stream.events { try await writer.write(event) }
                        try await writer.finish(nil)
                    } onInboundClosed: {
                        stream.end()
                    }
                } catch {
                    await service.streamEnded(stream.id)
                    throw error
                }
                await service.streamEnded(stream.id)
            })
    }

    private func verify(_ exchange: Exchange) async throws -> Response {
        // Go's relay sends its question without a media type.
        let question = try await JSONForm.read(VerifyRequest.self, from: exchange.request, anyMediaType: true)
        let network = await service.admission(of: question.nodePublic)
        return try JSONForm.response(VerifyResponse(allow: network != nil))
    }

    // MARK: - Details

    private func authenticate(_ exchange: Exchange) async throws -> NodeID {
        let source = exchange.address
        guard let token = exchange.bearerToken.flatMap({ BearerToken($0) }) else {
            try await service.perform { registry, now, _, _ in try registry.countRequest(from: source, at: now) }
            throw Problem(.unauthorized)
        }
        return try await service.perform { registry, now, _, effects in
            try registry.authenticate(token, from: source, at: now, effects: &effects)
        }
    }

    /// Opens the proof in a header, which must be of `key` and of this very request.
    private func proof(_ header: String, of key: NodeKey, _ exchange: Exchange, _ body: [UInt8]) throws -> Proof.Verified {
        guard let text = HTTPField.Name(header).flatMap({ exchange.request.headers[$0] }) else {
            throw Problem(.proofRefused, detail: "the header \(header) is missing")
        }
        let request = Proof.Request(method: exchange.request.method.rawValue, path: exchange.request.uri.path, body: body)
        do {
            return try Proof.open(text, for: request, from: key, to: service.serverKey)
        } catch {
            switch error {
            case .malformed: throw Problem(.proofRefused, detail: "the header \(header) is damaged")
            case .foreign: throw Problem(.proofRefused, detail: "the header \(header) is no proof of that key for this server")
            case .otherRequest: throw Problem(.proofRefused, detail: "the header \(header) proves another request")
            }
        }
    }
}

extension Exchange {
    /// The client's address; over the Unix socket it counts as this machine.
    var address: IPAddress { source ?? IPAddress(127, 0, 0, 1) }
}
