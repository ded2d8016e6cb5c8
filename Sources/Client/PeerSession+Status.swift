internal import Coordination
internal import Traversal
internal import Wire

extension PeerSession {
    /// The peer as `causeway status` shows it, with the reason for its path.
    func status(_ why: PathReason, at now: Instant) -> PeerStatus {
        var status = PeerStatus(
            name: peer.name, nodeKey: peer.nodeKey.description, path: isUsed ? "relay" : "idle",
            latencyMilliseconds: path.latency?.inMilliseconds, sentBytes: sentBytes, receivedBytes: receivedBytes,
            secondsSinceHeard: lastHeard.map { (now - $0).inSeconds }, why: why.sentence, reason: why.name)
        if case .guessing(let odds) = explanation {
            status.portSearch = PortSearchStatus(packetsSent: odds.sent, packetsAtMost: odds.most, odds: odds.odds)
        }
        if case .direct(let direct, _, _) = path {
            status.path = "direct"
            status.endpoint = direct.endpoint.description
        }
        return status
    }

    /// The path as operators see it at the coordination server.
    func report(_ why: PathReason) -> PathReport {
        var report = PathReport(
            peer: peer.id, state: isUsed ? .relayed : .idle, latencyMilliseconds: path.latency?.inMilliseconds,
            probesSent: UInt32(clamping: probes.pingsSent + probes.birthdayPingsSent))
        if case .direct(let direct, _, _) = path {
            report.state = .direct
            report.endpoint = direct.endpoint
        } else {
            report.reason = why.sentence
        }
        return report
    }
}
