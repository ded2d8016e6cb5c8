/// Why traffic to a peer takes the path it takes.
///
/// `name` is stable for programs, `sentence` and `description` are for people.
package enum PathExplanation: Hashable, Sendable {
    /// A probe over the direct path was answered.
    case direct
    /// No traffic has asked for a path yet.
    case notTried
    /// Direct paths are switched off by configuration.
    case switchedOff
    /// A discovery is running: it has not found a path yet.
    case trying(probes: Int)
    /// Ports of NATs are being guessed.
    case guessing(BirthdayOdds)
    /// The path was closed because nothing used it; the next packet opens one again.
    case idle
    /// The peer has published no candidate, or none that may be probed.
    case noRemoteCandidates
    /// We have no socket of a family that the peer has candidates of.
    case noCommonFamily
    /// A captive portal stands before one side, and lets no UDP through.
    case captivePortal(isLocal: Bool)
    /// No UDP answer reaches this side.
    case localUDPBlocked
    /// No UDP answer reaches the peer's side.
    case remoteUDPBlocked
    /// Both NATs map by destination, so neither side knows where to send; a search needs both users' leave.
    case bothNATsHard(probes: Int, search: SearchLeave)
    /// One NAT maps by destination and the other lets only known ports in.
    case hardNATAgainstFilter(isLocalHard: Bool, probes: Int)
    /// Both are behind the same NAT, which does not send their packets back in, and no inner address answered.
    case noHairpin(probes: Int)
    /// The peer never answered by relay either: it may be offline.
    case peerSilent
    /// Nothing is known that would explain it.
    case noAnswer(probes: Int)
    /// A direct path worked and stopped answering.
    case pathLost
}

/// Which side's user allows the long search for ports.
package enum SearchLeave: Hashable, Sendable {
    case nobody
    case here
    case there
    case both
}

extension SearchLeave: CustomStringConvertible {
    package var description: String {
        switch self {
        case .nobody: "--exhaustive on both sides would search for ports"
        case .here: "this side may search for ports, the peer's may not: --exhaustive is missing there"
        case .there: "the peer's side may search for ports, this one may not: --exhaustive is missing here"
        case .both: "the search for ports rests"
        }
    }
}

extension PathExplanation: CustomStringConvertible {
    package var description: String { sentence(peer: "the peer") }

    /// One sentence for people.
    ///
    /// - Parameter peer: how to call the peer.
    package func sentence(peer: String) -> String {
        switch self {
        case .direct: "a direct path answers"
        case .notTried: "no traffic has asked for a direct path yet"
        case .switchedOff: "direct paths are switched off on this side"
        case .trying(let probes): "looking for a direct path: \(probes) probes so far"
        case .guessing(let odds): "guessing ports of the NATs: \(odds)"
        case .idle: "the direct path was closed because nothing used it; the next packet opens one again"
        case .noRemoteCandidates: "the peer has published no address that may be probed"
        case .noCommonFamily: "the two sides have no address family in common"
        case .localUDPBlocked: "UDP is blocked on this side"
        case .captivePortal(isLocal: true): "a captive portal on this side: sign in with a browser"
        case .captivePortal(isLocal: false): "a captive portal on \(peer)'s side"
        case .remoteUDPBlocked: "UDP is blocked on \(peer)'s side"
        case .bothNATsHard(let probes, let search): "both NATs map by destination; \(probes) probes, no answer; \(search)"
        case .hardNATAgainstFilter(isLocalHard: true, let probes):
            "our NAT maps by destination and \(peer)'s lets only known ports in; \(probes) probes, no answer"
        case .hardNATAgainstFilter(isLocalHard: false, let probes):
            "\(peer)'s NAT maps by destination and ours lets only known ports in; \(probes) probes, no answer"
        case .noHairpin(let probes):
            "both are behind one NAT that does not send their packets back in; \(probes) probes, no answer"
        case .peerSilent: "the peer does not answer by the relay either: it may be offline"
        case .noAnswer(let probes): "no direct path answers; \(probes) probes"
        case .pathLost: "the direct path stopped answering; looking for another"
        }
    }

    /// The stable name for programs.
    package var name: String {
        switch self {
        case .direct: "direct"
        case .notTried: "not-tried"
        case .switchedOff: "switched-off"
        case .trying: "trying"
        case .guessing: "guessing"
        case .idle: "idle"
        case .noRemoteCandidates: "no-remote-candidates"
        case .noCommonFamily: "no-common-family"
        case .captivePortal: "captive-portal"
        case .localUDPBlocked: "local-udp-blocked"
        case .remoteUDPBlocked: "remote-udp-blocked"
        case .bothNATsHard: "both-nats-hard"
        case .hardNATAgainstFilter: "hard-nat-against-filter"
        case .noHairpin: "no-hairpin"
        case .peerSilent: "peer-silent"
        case .noAnswer: "no-answer"
        case .pathLost: "path-lost"
        }
    }
}
