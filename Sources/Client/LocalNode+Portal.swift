// Captive portals: somebody answers in the server's place until a person signs in.
extension LocalNode {
    /// Between two looks for one.
    private static let portalInterval = Duration.seconds(20)

    /// Looks for a captive portal when there is no link to the relay, or no UDP, until cancelled.
    func watchPortal() async throws {
        let (doubts, doubt) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        portalDoubt = doubt
        defer { portalDoubt = nil }
        for await _ in doubts where !relay.isReady || direct.isBlocked {
            portalFound(
                await PortalCheck(server: state.server, eventLoop: eventLoop).run(isUDPBlocked: direct.isBlocked))
            try await Task.sleep(for: Self.portalInterval)
        }
    }

    /// Notes what was found out, tells the peers and explains with it.
    func portalFound(_ verdict: PortalCheck.Verdict) {
        relay.found(verdict)
        switch verdict {
        case .present: setCaptive(true)
        case .absent: setCaptive(false)
        case .unknown: break
        }
    }

    /// UDP has stopped or begun to pass.
    func udpBlockedChanged() {
        if direct.isBlocked { portalDoubt?.yield() } else if relay.isReady { setCaptive(nil) }
    }
}
