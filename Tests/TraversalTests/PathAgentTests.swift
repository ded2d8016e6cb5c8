import Disco
import Testing
import Traversal
import Wire

/// The agent's effects, step by step, in the order of a path's life.
@Suite struct PathAgentTests {
    private let key: NodeKey
    private let socket = LocalSocket(id: SocketID(1), family: .ipv4, port: 4000)
    private let host = Endpoint(IPAddress(192, 168, 1, 2), 4000)
    private let mapped = Endpoint(IPAddress(203, 0, 113, 1), 5000)
    private let peerHost = Endpoint(IPAddress(192, 168, 9, 9), 6000)
    private let peerMapped = Endpoint(IPAddress(203, 0, 113, 2), 7000)
    private var random = SeededGenerator(1)
    private var effects: [PathAgent.Effect] = []

    init() throws {
        key = try #require(NodeKey([UInt8](repeating: 7, count: 32)))
    }

    private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

    private var peerPath: DirectPath { DirectPath(socket: socket.id, endpoint: peerMapped) }

    /// An agent that knows both sides.
    private mutating func agent(configuration: PathAgent.Configuration = .standard) -> PathAgent {
        var agent = PathAgent(localNode: key, configuration: configuration, at: .zero)
        agent.setLocal(
            LocalDescription(
                sockets: [socket], candidates: [Candidate(.host, host), Candidate(.serverReflexive, mapped)], confirmedAt: .zero),
            at: .zero, effects: &effects)
        agent.setRemoteCandidates(
            [Candidate(.host, peerHost), Candidate(.serverReflexive, peerMapped)], behavior: nil, at: .zero)
        return agent
    }

    /// Calls what the deadline asks for and returns the effects.
    private mutating func advance(_ agent: inout PathAgent, to now: Instant) -> [PathAgent.Effect] {
        var taken: [PathAgent.Effect] = []
        while let deadline = agent.nextDeadline, deadline <= now {
            agent.deadlineReached(at: deadline < .zero ? .zero : deadline, using: &random, effects: &taken)
        }
        return taken
    }

    /// The pings among effects: where to, with what TTL.
    private func pings(_ effects: [PathAgent.Effect]) -> [(id: TransactionID, path: DirectPath, timeToLive: UInt8?)] {
        effects.compactMap {
            guard case .sendDirect(.ping(let ping), let path, let timeToLive) = $0 else { return nil }
            return (ping.transactionID, path, timeToLive)
        }
    }

    @Test mutating func anAgentWithoutTrafficDoesNothing() {
        let agent = agent()
        #expect(agent.nextDeadline == nil)
        #expect(effects.isEmpty)
        #expect(agent.path == .relay(latency: nil))
        #expect(agent.explanation == .notTried)
    }

    @Test mutating func aPeerThatTheRelayCalledGoneIsInvitedOnceItIsHeardAgain() {
        var agent = agent()
        let invitation = PathAgent.Effect.sendViaRelay(.callMeMaybe(CallMeMaybe(endpoints: [host, mapped])))
        agent.relayChanged(isReachable: false, at: time(0), effects: &effects)
        _ = agent.trafficSent(100, at: time(10))
        #expect(!advance(&agent, to: time(20)).contains(invitation))

        agent.trafficReceived(from: .relay, at: time(30))

        #expect(advance(&agent, to: time(30)).contains(invitation))
    }

    @Test mutating func theFirstPacketGoesByRelayAndStartsTheSearch() {
        var agent = agent()
        #expect(agent.trafficSent(100, at: time(10)) == .relay)
        #expect(agent.nextDeadline == time(10))
        let sent = advance(&agent, to: time(10))
        #expect(sent.contains(.sendViaRelay(.callMeMaybe(CallMeMaybe(endpoints: [host, mapped])))))
        #expect(pings(sent).map(\.path.endpoint) == [peerHost, peerMapped])
        // The mapped address gets an opener, which does not reach the peer's gateway.
        #expect(pings(sent).map(\.timeToLive) == [nil, 2])
        #expect(agent.explanation == .trying(probes: 2))
    }

    @Test mutating func theCallMeMaybeOfThePeerLetsRealPingsFollow() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        _ = advance(&agent, to: time(10))
        agent.receive(
            .callMeMaybe(CallMeMaybe(endpoints: [peerHost, peerMapped])), from: .relay, at: time(60), effects: &effects)
        let sent = advance(&agent, to: time(60))
        #expect(pings(sent).map(\.path.endpoint) == [peerMapped])
        #expect(pings(sent).map(\.timeToLive) == [nil])
    }

    @Test mutating func anAuthenticPongMovesTrafficToThePath() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        let sent = pings(advance(&agent, to: time(10)))
        let pong = Pong(transactionID: sent[0].id, source: mapped)
        agent.receive(.pong(pong), from: .direct(sent[0].path), at: time(50), effects: &effects)
        #expect(effects == [.pathChanged(.direct(sent[0].path, latency: .milliseconds(40), isInDoubt: false))])
        #expect(agent.trafficSent(100, at: time(60)) == .direct(sent[0].path))
        #expect(agent.statistics.timeToDirect == .milliseconds(40))
        #expect(agent.explanation == .direct)
    }

    @Test mutating func aPongThatNobodyAskedForIsIgnored() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        _ = advance(&agent, to: time(10))
        let pong = Pong(transactionID: TransactionID(using: &random), source: mapped)
        agent.receive(.pong(pong), from: .direct(peerPath), at: time(50), effects: &effects)
        #expect(effects.isEmpty)
        #expect(!agent.path.isDirect)
    }

    @Test mutating func aPongByRelayProvesNoDirectPath() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        let sent = pings(advance(&agent, to: time(10)))
        agent.receive(.pong(Pong(transactionID: sent[0].id, source: mapped)), from: .relay, at: time(50), effects: &effects)
        #expect(effects.isEmpty)
        #expect(!agent.path.isDirect)
    }

    @Test mutating func aPingIsAnsweredAndPingedBackAtOnce() {
        var agent = agent()
        let stranger = DirectPath(socket: socket.id, endpoint: Endpoint(IPAddress(203, 0, 113, 2), 9999))
        let id = TransactionID(using: &random)
        agent.receive(.ping(Ping(transactionID: id, nodeKey: nil)), from: .direct(stranger), at: time(10), effects: &effects)
        #expect(
            effects == [.sendDirect(.pong(Pong(transactionID: id, source: stranger.endpoint)), over: stranger, timeToLive: nil)])
        let sent = pings(advance(&agent, to: time(10)))
        #expect(sent.map(\.path) == [stranger])
        #expect(sent.map(\.timeToLive) == [nil])
    }

    @Test mutating func staleEndpointsAreConfirmedBeforeTheyAreSent() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(60_000))
        let sent = advance(&agent, to: time(60_000))
        #expect(sent.contains(.refreshLocal))
        #expect(!sent.contains { if case .sendViaRelay = $0 { true } else { false } })
        // Pings do not wait.
        #expect(pings(sent).count == 2)
        agent.setLocal(
            LocalDescription(
                sockets: [socket], candidates: [Candidate(.host, host), Candidate(.serverReflexive, mapped)],
                confirmedAt: time(60_020)),
            at: time(60_020), effects: &effects)
        let later = advance(&agent, to: time(60_020))
        #expect(later.contains(.sendViaRelay(.callMeMaybe(CallMeMaybe(endpoints: [host, mapped])))))
    }

    @Test mutating func aPathThatWasNotProvenLatelyIsUsedTogetherWithTheRelay() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        let first = pings(advance(&agent, to: time(10)))
        agent.receive(
            .pong(Pong(transactionID: first[0].id, source: mapped)), from: .direct(first[0].path), at: time(50), effects: &effects
        )
        // Ten quiet seconds, in which only keepalives would go out.
        #expect(agent.trafficSent(100, at: time(10_000)) == .both(first[0].path))
        let sent = pings(advance(&agent, to: time(10_000))).last { $0.path == first[0].path }
        guard let sent else {
            Issue.record("no ping was sent")
            return
        }
        agent.receive(
            .pong(Pong(transactionID: sent.id, source: mapped)), from: .direct(sent.path), at: time(10_040), effects: &effects)
        #expect(agent.trafficSent(100, at: time(10_050)) == .direct(first[0].path))
    }

    @Test mutating func aSwitchedOffAgentStaysOnTheRelay() {
        var agent = agent(configuration: .init(isProbing: false))
        #expect(agent.trafficSent(100, at: time(10)) == .relay)
        #expect(agent.nextDeadline == nil)
        agent.receive(
            .ping(Ping(transactionID: TransactionID(using: &random), nodeKey: nil)), from: .direct(peerPath), at: time(20),
            effects: &effects)
        #expect(effects.isEmpty)
        #expect(agent.explanation == .switchedOff)
    }

    @Test mutating func aRestartedPeerIsLookedForAnew() {
        var agent = agent()
        _ = agent.trafficSent(100, at: time(10))
        let sent = pings(advance(&agent, to: time(10)))
        agent.receive(
            .pong(Pong(transactionID: sent[0].id, source: mapped)), from: .direct(sent[0].path), at: time(50), effects: &effects)
        effects = []
        agent.peerRestarted(at: time(5000), effects: &effects)
        #expect(effects == [.pathChanged(.relay(latency: nil))])
        #expect(agent.trafficSent(100, at: time(5010)) == .relay)
        #expect(pings(advance(&agent, to: time(5010))).map(\.path.endpoint) == [peerHost, peerMapped])
    }
}

/// Why a pair is relayed, in words.
@Suite struct PathExplanationTests {
    static let all: [PathExplanation] = [
        .direct, .notTried, .switchedOff, .trying(probes: 3), .idle, .noRemoteCandidates, .noCommonFamily, .localUDPBlocked,
        .captivePortal(isLocal: true), .captivePortal(isLocal: false),
        .remoteUDPBlocked, .bothNATsHard(probes: 412, search: .nobody), .hardNATAgainstFilter(isLocalHard: true, probes: 9),
        .hardNATAgainstFilter(isLocalHard: false, probes: 9), .noHairpin(probes: 1), .peerSilent, .noAnswer(probes: 4), .pathLost,
    ]

    @Test func everyReasonHasASentenceAndAStableName() {
        #expect(Set(Self.all.map(\.description)).count == Self.all.count)
        // The two sides of one reason share its name.
        #expect(Set(Self.all.map(\.name)).count == Self.all.count - 2)
        #expect(
            PathExplanation.bothNATsHard(probes: 412, search: .here).description
                == "both NATs map by destination; 412 probes, no answer; this side may search for ports, the peer's may not: "
                + "--exhaustive is missing there")
    }

    @Test func thePeerIsCalledByItsNameWhereThatIsKnown() {
        #expect(PathExplanation.captivePortal(isLocal: false).sentence(peer: "alice") == "a captive portal on alice's side")
        #expect(PathExplanation.remoteUDPBlocked.sentence(peer: "alice") == "UDP is blocked on alice's side")
    }

    @Test(arguments: [
        (NATBehavior.Reachability.blocked, true), (.unknown, true), (.ipv4, false), (.dualStack, false),
    ])
    func aCaptivePortalExplainsWhatItBlocks(reachability: NATBehavior.Reachability, isHeld: Bool) throws {
        var agent = PathAgent(localNode: try #require(NodeKey([UInt8](repeating: 7, count: 32))), at: .zero)
        agent.setRemoteCandidates([], behavior: NATBehavior(reachability: reachability, isCaptive: true), at: .zero)
        #expect((agent.explanation == .captivePortal(isLocal: false)) == isHeld)
    }
}
