import Coordination
import CryptoBox
import Noise
import Testing
import Traversal
import Wire

@testable import Client

/// Two sessions face to face, in virtual time: the relay and the open network between them are a few lines below.
@Suite struct PeerSessionTests {
    @Test func theFirstMessageGoesByRelayAndWakesDiscovery() throws {
        var pair = try Pair()
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        #expect(pair.bob.messages.first?.message == .echoRequest(sequence: 1))
        #expect(pair.bob.messages.first?.origin == .relay)
    }

    @Test func trafficMovesToADirectPath() throws {
        var pair = try Pair()
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        pair.run(for: .seconds(2))
        #expect(pair.alice.session.path.isDirect)
        pair.bob.messages.removeAll()
        pair.alice.send(.echoRequest(sequence: 2), from: &pair)
        let path = DirectPath(socket: Side.socket, endpoint: pair.alice.endpoint)
        #expect(pair.bob.messages.map(\.origin) == [.direct(path)])
    }

    @Test func probesLeaveBeforeWhatAnnouncesThemByRelay() throws {
        let pair = try Pair()
        var outputs: [PeerSession.Output] = []
        pair.alice.session.send(.echoRequest(sequence: 1), at: pair.now, outputs: &outputs)
        outputs.removeAll()
        pair.alice.session.deadlineReached(at: pair.now, allowance: &pair.alice.probes, outputs: &outputs)
        // The call-me-maybe, and the ping whose pong tells that it has arrived.
        #expect(outputs.map(\.way) == ["direct", "relay", "relay"])
        var answers: [PeerSession.Output] = []
        for case .relay(let packet) in outputs {
            pair.bob.session.receiveDisco(
                packet.bytes, from: .relay, at: pair.now, allowance: &pair.bob.probes, outputs: &answers)
        }
        #expect(answers.map(\.way) == ["direct", "relay", "relay", "relay"])
    }

    @Test func withoutADirectWayEverythingStaysOnTheRelay() throws {
        var pair = try Pair()
        pair.isOpen = false
        for sequence in 1...5 as ClosedRange<UInt64> {
            pair.alice.send(.echoRequest(sequence: sequence), from: &pair)
            pair.run(for: .seconds(1))
        }
        #expect(!pair.alice.session.path.isDirect)
        #expect(pair.bob.messages.map(\.origin) == Array(repeating: .relay, count: 5))
    }

    @Test func aBrokenPathLosesNoMoreThanWhatWasInDoubt() throws {
        var pair = try Pair()
        pair.alice.send(.echoRequest(sequence: 0), from: &pair)
        pair.run(for: .seconds(2))
        #expect(pair.alice.session.path.isDirect)
        pair.isOpen = false
        pair.bob.messages.removeAll()
        for sequence in 1...100 as ClosedRange<UInt64> {
            pair.alice.send(.echoRequest(sequence: sequence), from: &pair)
            pair.run(for: .milliseconds(100))
        }
        let received = pair.bob.messages.map(\.message)
        // Three seconds of silence are noticed; from then on everything arrives, and nothing twice.
        #expect(received.count >= 70)
        #expect(Set(received.map(\.encoded)).count == received.count)
        #expect(received.suffix(50) == (51...100).map { .echoRequest(sequence: $0) })
    }

    @Test func bytesAreCountedWithoutOverhead() throws {
        var pair = try Pair()
        pair.alice.send(.datagram(flow: 1, port: 2, payload: [1, 2, 3]), from: &pair)
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        #expect(pair.alice.session.sentBytes == 3)
        #expect(pair.bob.session.receivedBytes == 3)
    }

    @Test func aForgedPacketIsCountedAndNotBelieved() throws {
        let pair = try Pair()
        var outputs: [PeerSession.Output] = []
        let forged = [0xc4, 0, 0, 0] + [UInt8](repeating: 7, count: 60)
        pair.bob.session.receive(forged.bytes, from: .relay, at: pair.now, outputs: &outputs)
        #expect(pair.bob.session.droppedPackets[.unknownIndex] == 1)
        #expect(pair.bob.session.lastHeard == nil)
    }

    @Test func anAnswerGoesTheWayThatItIsTold() throws {
        var pair = try Pair()
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        pair.run(for: .seconds(2))
        #expect(pair.bob.session.path.isDirect)
        pair.alice.messages.removeAll()
        var outputs: [PeerSession.Output] = []
        pair.bob.session.send(.echoReply(sequence: 1), over: .relay, at: pair.now, outputs: &outputs)
        pair.carryOut(outputs, of: pair.bob)
        #expect(pair.alice.messages.map(\.origin) == [.relay])
    }

    @Test func aPeerThatNobodyTalksToWantsNoTimer() throws {
        let pair = try Pair()
        #expect(pair.alice.session.nextDeadline == nil)
    }

    @Test func aPathThatFallsIdleWantsNoTimerInTheEnd() throws {
        var pair = try Pair()
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        pair.run(for: .seconds(300))
        #expect(pair.alice.session.nextDeadline == nil)
    }

    @Test func manyIdlePeersShareFewWakeUps() throws {
        var random = SeededGenerator(7)
        var pairs = try (0..<100).map { _ in try Pair() }
        let start = pairs[0].now
        for index in pairs.indices {
            pairs[index].run(for: .milliseconds(Int64.random(in: 0...100, using: &random) * 10))
            pairs[index].alice.send(.echoRequest(sequence: 1), from: &pairs[index])
        }
        // Traffic has ended for longer than paths are watched closely.
        let quiet = start + .seconds(5)
        for index in pairs.indices { pairs[index].run(for: quiet - pairs[index].now) }
        for index in pairs.indices { pairs[index].run(for: .seconds(80)) }
        #expect(pairs.allSatisfy { !$0.wakes.isEmpty })
        let moments = Set(pairs.flatMap { $0.wakes.filter { $0 > quiet } })
        for second in 0..<80 {
            let from = quiet + .seconds(second)
            #expect(moments.count { from < $0 && $0 <= from + .seconds(1) } <= 4)
        }
    }

    @Test func theStatusNamesThePath() throws {
        var pair = try Pair()
        #expect(pair.alice.session.status(.test, at: pair.now).path == "idle")
        pair.alice.send(.echoRequest(sequence: 1), from: &pair)
        pair.run(for: .seconds(2))
        let status = pair.alice.session.status(.test, at: pair.now)
        #expect(status.path == "direct")
        #expect(status.endpoint == pair.bob.endpoint.description)
        #expect(pair.alice.session.report(.test).state == .direct)
    }
}

extension PathReason {
    fileprivate static let test = PathReason(sentence: "a direct path answers", name: "direct")
}

extension PeerSession.Output {
    fileprivate var way: String {
        switch self {
        case .direct: "direct"
        case .relay: "relay"
        case .message, .refreshLocal, .beginBirthday, .endBirthday, .checkGateway, .closeSockets, .pathChanged: "none"
        }
    }
}

/// One side: its session with the other, and what it was given.
private final class Side {
    static let socket = SocketID(0)

    let endpoint: Endpoint
    let session: PeerSession
    var messages: [(message: TunnelMessage, origin: Origin)] = []
    var probes = ProbeAllowance(at: .zero)

    init(_ session: PeerSession, at endpoint: Endpoint) {
        self.session = session
        self.endpoint = endpoint
    }

    func send(_ message: TunnelMessage, from pair: inout Pair) {
        var outputs: [PeerSession.Output] = []
        session.send(message, at: pair.now, outputs: &outputs)
        pair.carryOut(outputs, of: self)
    }
}

private struct Pair {
    let alice: Side
    let bob: Side
    var now = Instant.zero + .seconds(10)
    /// When Alice's timer fired.
    var wakes: [Instant] = []
    /// Whether UDP passes between the two.
    var isOpen = true

    init() throws {
        let aliceAt = Endpoint(IPAddress(203, 0, 113, 1), 4001)
        let bobAt = Endpoint(IPAddress(203, 0, 113, 2), 4002)
        let aliceKeys = Self.identity(1)
        let bobKeys = Self.identity(2)
        alice = Side(Self.session(of: aliceKeys, at: aliceAt, with: bobKeys, "bob", at: bobAt, now: now), at: aliceAt)
        bob = Side(Self.session(of: bobKeys, at: bobAt, with: aliceKeys, "alice", at: aliceAt, now: now), at: bobAt)
        for side in [alice, bob] {
            var outputs: [PeerSession.Output] = []
            side.session.relayChanged(isReachable: true, at: now, outputs: &outputs)
        }
    }

    /// Lets virtual time pass, in small steps.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while now < end {
            now += .milliseconds(10)
            for side in [alice, bob] {
                guard let deadline = side.session.nextDeadline, deadline <= now else { continue }
                if side === alice { wakes.append(now) }
                var outputs: [PeerSession.Output] = []
                side.session.deadlineReached(at: now, allowance: &side.probes, outputs: &outputs)
                carryOut(outputs, of: side)
            }
        }
    }

    func carryOut(_ outputs: [PeerSession.Output], of side: Side) {
        let other = side === alice ? bob : alice
        for output in outputs {
            switch output {
            case .relay(let packet):
                deliver(packet, to: other, from: .relay)
            case .direct(let packet, let path, _):
                guard isOpen, path.endpoint == other.endpoint else { continue }
                deliver(packet, to: other, from: .direct(DirectPath(socket: Side.socket, endpoint: side.endpoint)))
            case .message(let message, let origin):
                side.messages.append((message, origin))
            case .refreshLocal:
                var answers: [PeerSession.Output] = []
                side.session.setLocal(Self.local(at: side.endpoint, now: now), at: now, outputs: &answers)
                carryOut(answers, of: side)
            case .beginBirthday, .endBirthday, .checkGateway, .closeSockets, .pathChanged:
                continue
            }
        }
    }

    private func deliver(_ packet: [UInt8], to side: Side, from origin: Origin) {
        var outputs: [PeerSession.Output] = []
        switch DirectSide.classify(packet.bytes) {
        case .disco:
            side.session.receiveDisco(packet.bytes, from: origin, at: now, allowance: &side.probes, outputs: &outputs)
        case .session: side.session.receive(packet.bytes, from: origin, at: now, outputs: &outputs)
        case .stun: Issue.record("nobody sends STUN here")
        }
        carryOut(outputs, of: side)
    }

    private static func identity(_ seed: UInt64) -> PeerSession.Identity {
        var random = SeededGenerator(seed)
        return PeerSession.Identity(
            nodeKey: NodePrivateKey(using: &random), discoKey: DiscoPrivateKey(using: &random), epoch: 1_700_000_000_000_000_000)
    }

    private static func session(
        of own: PeerSession.Identity, at endpoint: Endpoint, with other: PeerSession.Identity, _ name: String, at there: Endpoint,
        now: Instant
    ) -> PeerSession {
        let peer = Peer(
            id: NodeID(rawValue: 2), name: name, nodeKey: other.nodeKey.publicKey, discoKey: other.discoKey.publicKey,
            candidates: [PublishedCandidate(type: .host, endpoint: there, priority: 1)],
            lastSeen: Timestamp(milliseconds: 0))
        return PeerSession(peer, identity: own, configuration: .standard, local: local(at: endpoint, now: now), at: now)
    }

    private static func local(at endpoint: Endpoint, now: Instant) -> LocalDescription {
        LocalDescription(
            sockets: [LocalSocket(id: Side.socket, family: .ipv4, port: endpoint.port)], candidates: [Candidate(.host, endpoint)],
            confirmedAt: now)
    }
}
