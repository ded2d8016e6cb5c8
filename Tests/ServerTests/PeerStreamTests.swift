import Coordination
import CryptoBox
import Foundation
import NIOCore
import Testing

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct PeerStreamTests {
    @Test func aStreamBeginsWithASnapshotAndTellsEveryChange() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            try await server.stream(of: alice) { events async throws in
                #expect(try await events.next(named: "snapshot").contains(#""name":"alice""#))
                let (_, bob) = try await server.join("bob")
                #expect(try await events.next(named: "added").contains(#""name":"bob""#))
                try await server.send(
                    "PUT", "/v1/nodes/self/candidates", headers: [bob.authorization],
                    json: #"{"sequence":1,"candidates":[{"type":"host","endpoint":"192.0.2.1:1","priority":1}]}"#)
                #expect(try await events.next(named: "changed").contains("192.0.2.1:1"))
                try await server.send("DELETE", "/v1/nodes/self", headers: [bob.authorization])
                #expect(try await events.next(named: "removed").contains(#""id":\#(bob.node.id)"#))
            }
        }
    }

    @Test func aStreamGoesOnWhereItEnded() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            let last = try await server.stream(of: alice) { events async throws in
                _ = try await events.next(named: "snapshot")
                return events.lastID
            }
            _ = try await server.join("bob")
            _ = try await server.join("carol")
            try await server.stream(of: alice, since: last) { events async throws in
                #expect(try await events.next(named: "added").contains("bob"))
                #expect(try await events.next(named: "added").contains("carol"))
            }
            try await server.stream(of: alice, since: "1-1") { events async throws in
                #expect(try await events.next(named: "snapshot").contains("carol"))
            }
        }
    }

    @Test func aNodeThatIsRemovedLosesItsStreamWithinASecond() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            try await server.stream(of: alice) { events async throws in
                _ = try await events.next(named: "snapshot")
                let start = ContinuousClock.now
                try await server.administer("DELETE", "/v1/admin/nodes/\(alice.node.id)")
                while try await events.next() != nil {}
                #expect(ContinuousClock.now - start < .seconds(1))
            }
            #expect(try await server.send("GET", "/v1/peers/stream", headers: [alice.authorization]).status == 401)
        }
    }

    @Test func openStreamsMakeANodeOnlineAndHaveALimit() async throws {
        try await TestServer.run({ $0.limits.streams = 1 }) { server in
            let (_, alice) = try await server.join("alice")
            try await server.stream(of: alice) { events async throws in
                _ = try await events.next(named: "snapshot")
                let nodes = try await server.administer("GET", "/v1/admin/nodes").decoded(NodeList.self)
                #expect(nodes?.nodes.map(\.online) == [true])
                let second = try await server.send("GET", "/v1/peers/stream", headers: [alice.authorization])
                #expect(second.status == 503 && second.problem == .unavailable)
            }
            let deadline = ContinuousClock.now + .seconds(5)
            while await server.process.parts.service.statistics(relayed: []).streams > 0, ContinuousClock.now < deadline {
                await Task.yield()
            }
            #expect(await server.process.parts.service.statistics(relayed: []).streams == 0)
        }
    }

    @Test func theOldestStreamOfANodeGivesWayToItsFifth() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            let (_, bob) = try await server.join("bob")
            try await server.stream(of: bob) { others async throws in
                _ = try await others.next(named: "snapshot")
                try await server.stream(of: alice) { oldest async throws in
                    _ = try await oldest.next(named: "snapshot")
                    try await server.streams(4, of: alice) {
                        while try await oldest.next() != nil {}
                        #expect(await server.process.parts.service.statistics(relayed: []).streams == 5)
                    }
                }
                _ = try await server.join("carol")
                #expect(try await others.next(named: "added").contains("carol"))
            }
        }
    }

    @Test func aReaderThatTakesNothingIsCutOff() async throws {
        let (events, continuation) = AsyncStream<ByteBuffer>.makeStream(
            bufferingPolicy: .bufferingOldest(PeerStreams.waitingEvents))
        let closed = AsyncStream<Void>.makeStream()
        var streams = PeerStreams()
        let network = NetworkID(rawValue: 1)
        let id = streams.add(
            PeerStreams.Reader(node: NodeID(rawValue: 1), network: network, continuation: continuation) {
                closed.continuation.finish()
            })
        for sequence in 0..<UInt64(PeerStreams.waitingEvents + 1) {
            let change = PeerEvent.Change.removed(RemovedPeer(id: NodeID(rawValue: 2), nodeKey: TestNode().nodeKey.publicKey))
            streams.send(PeerEvent(id: EventID(epoch: 1, sequence: sequence), network: network, change: change))
        }
        for await _ in closed.stream {}
        var count = 0
        for await _ in events { count += 1 }
        #expect(count == PeerStreams.waitingEvents)
        #expect(streams.droppedCount == 1)
        #expect(streams.remove(id) == NodeID(rawValue: 1))
        #expect(streams.remove(id) == nil)
    }

    @Test func aStreamWhoseAnswerNeverBeganIsFoundByTheHeartbeat() async throws {
        try await TestServer.run { server in
            let (_, alice) = try await server.join("alice")
            let service = server.process.parts.service
            // The answer is thrown away unread, and nobody says so.
            _ = try await service.openStream(of: alice.node.id, since: nil, close: {})
            #expect(await service.statistics(relayed: []).streams == 1)
            await service.sendHeartbeat()
            let statistics = await service.statistics(relayed: [])
            #expect(statistics.streams == 0 && statistics.onlineNodes == 0)
        }
    }
}

/// What a stream says, event by event.
struct StreamReader {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var text = ""
    private(set) var lastID = ""

    init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.inbound = inbound
    }

    /// The next event's name and data; nil at the end.
    mutating func next() async throws -> (name: String, data: String)? {
        while true {
            if let start = text.firstRange(of: "id: "), let end = text[start.lowerBound...].firstRange(of: "\n\n") {
                let lines = text[start.lowerBound..<end.lowerBound].components(separatedBy: "\n")
                text = String(text[end.upperBound...])
                lastID = String(lines[0].dropFirst(4))
                return (String(lines[1].dropFirst(7)), lines[2...].joined())
            }
            guard let part = try await inbound.next() else { return nil }
            text += String(buffer: part)
        }
    }

    /// The data of the next event, which must be of this kind.
    mutating func next(named name: String) async throws -> String {
        let event = try #require(try await next())
        #expect(event.name == name)
        return event.data
    }
}

extension TestServer {
    /// Holds this many more streams of a node open while `body` runs.
    func streams(_ count: Int, of node: RegistrationResponse, _ body: () async throws -> Void) async throws {
        guard count > 0 else { return try await body() }
        try await stream(of: node) { events async throws in
            _ = try await events.next(named: "snapshot")
            try await streams(count - 1, of: node, body)
        }
    }

    /// Opens the stream of a node and lets `body` read it.
    @discardableResult
    func stream<Result>(
        of node: RegistrationResponse, since last: String? = nil, _ body: (inout StreamReader) async throws -> Result
    ) async throws -> Result {
        let resume = last.map { "Last-Event-ID: \($0)\r\n" } ?? ""
        let request =
            "GET /v1/peers/stream HTTP/1.1\r\nHost: a\r\n\(resume)Authorization: Bearer \(node.token.secretText)\r\n\r\n"
        return try await connect().executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var reader = StreamReader(inbound.makeAsyncIterator())
            return try await body(&reader)
        }
    }
}
