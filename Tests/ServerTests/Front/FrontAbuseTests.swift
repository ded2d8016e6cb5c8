import Foundation
import NIOCore
import TLS
import Testing
import Wire

@testable import Server

@Suite(.timeLimit(.minutes(1))) struct FrontAbuseTests {
    private static let request = Array("GET /a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    private static let upgrade = Array(
        "GET /derp HTTP/1.1\r\nHost: relay.example\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n".utf8)

    @Test func aSilentConnectionEndsAtTheDeadline() async throws {
        let fixture = try await fixture { $0.deadline = .milliseconds(150) }
        let socket = try Socket(port: fixture.port)
        #expect(await socket.readToEnd().isEmpty)
        #expect(try await fixture.eventually { $0.timeouts == 1 && $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test(arguments: [[UInt8](), Array("GET /a HTTP/1.1\r\nHos".utf8)])
    func aConnectionWithoutAWholeHeadEndsAtTheDeadline(start: [UInt8]) async throws {
        let fixture = try await fixture { $0.deadline = .seconds(3) }
        let steps: [FrontFixture.Step] = start.isEmpty ? [.receiveToEnd] : [.send(start), .receiveToEnd]
        #expect(try await fixture.converse(steps).isEmpty)
        #expect(try await fixture.eventually { $0.timeouts == 1 && $0.handshakesTLS13 == 1 && $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func theDeadlineDoesNotTouchWhatIsDecided() async throws {
        let fixture = try await fixture { $0.deadline = .seconds(3) }
        let echoed: [UInt8] = [1, 2, 3]
        let answer = try await fixture.converse([
            .send(Self.upgrade), .receiveUntil("server key"), .pause(.milliseconds(3_200)), .send(echoed),
            .receiveUntil("\u{1}\u{2}\u{3}"),
        ])
        #expect(answer.suffix(echoed.count) == echoed[...])
        #expect(fixture.front.statistics.timeouts == 0)
        try await fixture.stop()
    }

    @Test func noiseOnTheTLSPortIsCountedByKind() async throws {
        let fixture = try await fixture()
        let plain = try Socket(port: fixture.port)
        plain.send(Self.request)
        _ = await plain.readToEnd()
        #expect(try await fixture.eventually { $0.tlsFailures == [.notTLS: 1] && $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func aHandshakeThatIsBrokenOffIsCounted() async throws {
        let fixture = try await fixture()
        do {
            let socket = try Socket(port: fixture.port)
            socket.send([0x16, 3, 1, 2, 0, 1, 0])
        }
        #expect(try await fixture.eventually { $0.tlsFailures == [.truncated: 1] && $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func aClientThatRefusesOurCertificateIsCounted() async throws {
        let fixture = try await fixture()
        let other = try TLSIdentity.selfSigned(names: [], addresses: [])
        await #expect(throws: (any Error).self) { _ = try await fixture.converse([.receiveToEnd], identity: other) }
        #expect(try await fixture.eventually { $0.tlsFailures == [.alert: 1] && $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func noiseOnThePlainPortEndsTheConnection() async throws {
        let fixture = try await FrontFixture(isTLS: false)
        let socket = try Socket(port: fixture.port)
        socket.send(Array("SSH-2.0-x\r\n\r\n".utf8))
        _ = await socket.readToEnd()
        #expect(fixture.front.statistics.http == 1)
        try await fixture.stop()
    }

    @Test func oneSourceHasSoManyHalfOpenConnectionsAtMost() async throws {
        let fixture = try await fixture { $0.halfOpenPerSource = 2 }
        let first = try Socket(port: fixture.port)
        var second: Socket? = try Socket(port: fixture.port)
        #expect(try await fixture.eventually { $0.halfOpen == 2 })
        #expect(try await Socket(port: fixture.port).readToEnd().isEmpty)
        #expect(fixture.front.statistics.refusedSource == 1)
        second?.close()
        second = nil
        #expect(try await fixture.eventually { $0.halfOpen == 1 })
        #expect(!(try await fixture.converse([.send(Self.request), .receiveUntil(".")])).isEmpty)
        first.close()
        try await fixture.stop()
    }

    @Test func anUpgradedConnectionKeepsItsPlaceUntilTheRelayKnowsTheClient() async throws {
        let fixture = try await FrontFixture(isTLS: false)
        let socket = try Socket(port: fixture.port)
        socket.send(Self.upgrade)
        #expect(try await fixture.eventually { $0.handedOff == 1 })
        #expect(fixture.front.statistics.halfOpen == 1)
        // The relay drops the hand-over when the client goes.
        socket.close()
        #expect(try await fixture.eventually { $0.halfOpen == 0 })
        try await fixture.stop()
    }

    @Test func aFewSourcesCannotFillTheTable() {
        var limits = FrontLimits()
        limits.halfOpen = 64
        limits.halfOpenPerSource = 16
        let table = HalfOpenTable(limits)
        for source in 1...8 as ClosedRange<UInt8> {
            for _ in 0..<64 { _ = table.enter(IPAddress(192, 0, 2, source)) }
        }
        #expect(table.count < 64)
        #expect(table.enter(IPAddress(198, 51, 100, 1)) == .admitted)
    }

    @Test func thereIsALimitOfHalfOpenConnectionsInAll() async throws {
        let fixture = try await fixture { $0.halfOpen = 1 }
        let first = try Socket(port: fixture.port)
        #expect(try await fixture.eventually { $0.halfOpen == 1 })
        #expect(try await Socket(port: fixture.port).readToEnd().isEmpty)
        #expect(fixture.front.statistics.refusedFull == 1)
        first.close()
        try await fixture.stop()
    }

    @Test func silentConnectionsDoNotHoldUpOthers() async throws {
        let fixture = try await fixture()
        let silent = try (0..<50).map { _ in try Socket(port: fixture.port) }
        #expect(!(try await fixture.converse([.send(Self.request), .receiveUntil(".")])).isEmpty)
        for socket in silent { socket.close() }
        try await fixture.stop()
    }

    @Test func everyConnectionHasOneEndHoweverItIsCut() async throws {
        let fixture = try await fixture()
        let total = 120
        var random = SeededGenerator(11)
        // A hello to cut: what a client sends first.
        let port = TLSPort()
        let client = try TLSSession(client: FrontFixture.client(), to: TLSPeer(host: "relay.example"), port: port)
        try client.handshake()
        let hello = Array(port.output)
        port.abandon()
        for round in 0..<total {
            switch round % 4 {
            case 0:
                let socket = try Socket(port: fixture.port)
                socket.send(Array(hello.prefix(Int.random(in: 0...hello.count, using: &random))))
                socket.close(isAbrupt: Bool.random(using: &random))
            case 1:
                let count = Int.random(in: 1...Self.upgrade.count, using: &random)
                _ = try? await fixture.converse([.send(Array(Self.upgrade.prefix(count)))])  // May be cut at any point.
            case 2:
                _ = try await fixture.converse([.send(Self.upgrade + [1, 2, 3]), .receiveUntil("\u{1}\u{2}\u{3}")])
            default:
                _ = try await fixture.converse([.send(Self.request), .receiveUntil(".")])
            }
        }
        #expect(
            try await fixture.eventually { statistics in
                let failures = statistics.tlsFailures.values.reduce(0, +)
                let ends = statistics.http + statistics.handedOff + statistics.refusedHandOffs + statistics.abandoned + failures
                return statistics.halfOpen == 0 && statistics.accepted == total && ends == total && statistics.timeouts == 0
            })
        #expect(fixture.front.statistics.http == total / 4)
        #expect(fixture.front.statistics.handedOff >= total / 4)
        try await fixture.stop()
    }

    private func fixture(_ change: (inout FrontLimits) -> Void = { _ in }) async throws -> FrontFixture {
        var limits = FrontLimits()
        change(&limits)
        return try await FrontFixture(limits: limits)
    }
}

/// A plain TCP socket without any manners.
private final class Socket {
    private var descriptor: Int32

    struct Failed: Error {}

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failed() }
    }

    deinit { close() }

    func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Reads until the server ends the connection, on a thread of its own: those of Swift's tasks must not block.
    func readToEnd() async -> [UInt8] {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var content: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 4096)
                while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 { content += chunk[..<count] }
                continuation.resume(returning: content)
            }
        }
    }

    /// - Parameter isAbrupt: resets the connection.
    func close(isAbrupt: Bool = false) {
        guard descriptor >= 0 else { return }
        if isAbrupt {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
        Glibc.close(descriptor)
        descriptor = -1
    }
}
