internal import Coordination
internal import PortMapping
internal import Traversal
internal import Wire

/// Why traffic to a peer takes its path: one sentence for people, with what both sides know of their NATs, and a stable name for
/// programs.
struct PathReason: Equatable, Sendable {
    let sentence: String
    let name: String

    init(sentence: String, name: String) {
        self.sentence = sentence
        self.name = name
    }

    /// - Parameters:
    ///   - peer: the peer's name.
    ///   - here: what this side knows of its NATs.
    ///   - there: what the peer has published of its own.
    init(_ explanation: PathExplanation, peer: String, here: NATReport, there: NATReport?) {
        name = explanation.name
        guard explanation.dependsOnNATs else {
            sentence = explanation.sentence(peer: peer)
            return
        }
        sentence = "\(explanation.sentence(peer: peer)) (here: \(here.summary); there: \(there?.summary ?? "nothing known"))"
    }
}

extension LocalNode {
    /// Why a peer's path is what it is.
    func why(_ session: PeerSession) -> PathReason {
        let explanation = session.explanation
        guard session.path.isDirect || relay.isReady else {
            let problem = relay.problem ?? "the link is being made"
            return PathReason(
                sentence: "this side has no relay: \(problem)", name: relay.isCaptive ? "captive-portal" : "no-relay")
        }
        return PathReason(explanation, peer: session.peer.name, here: natReport, there: session.peer.nat)
    }

    /// What is published of our NATs and gateway.
    var natReport: NATReport {
        var report = NATReport(direct.agent.description.behavior, mappedAddress: direct.mappedAddress)
        report.portMapping = direct.gateways[.ipv4]?.mapping?.method.name
        return report
    }

    func status(of session: PeerSession, at now: Instant) -> PeerStatus {
        session.status(why(session), at: now)
    }
}

extension PathExplanation {
    /// Whether the NATs of both sides decide what comes of it.
    fileprivate var dependsOnNATs: Bool {
        switch self {
        case .bothNATsHard, .hardNATAgainstFilter, .noHairpin, .noAnswer, .guessing: true
        case .direct, .notTried, .switchedOff, .trying, .idle, .noRemoteCandidates, .noCommonFamily, .captivePortal,
            .localUDPBlocked, .remoteUDPBlocked, .peerSilent, .pathLost:
            false
        }
    }
}

extension NATReport {
    /// What matters for a direct path, in a few words.
    fileprivate var summary: String {
        if isUDPBlocked == true { return "UDP blocked" }
        var facts: [String] = []
        if let mapping, mapping != .unknown { facts.append("\(mapping.rawValue) mapping") }
        if let filtering, filtering != .unknown { facts.append("\(filtering.rawValue) filtering") }
        if let portAllocation, portAllocation != .unknown { facts.append("\(portAllocation.rawValue) ports") }
        if let portMapping { facts.append("port mapped by \(portMapping)") }
        if hasIPv6 == true { facts.append("IPv6") }
        return facts.isEmpty ? "nothing known" : facts.joined(separator: ", ")
    }
}
