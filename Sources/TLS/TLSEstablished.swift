package import Wire

/// Fired as a user event when the handshake is done.
package struct TLSEstablished: Equatable, Sendable {
    package let version: TLSVersion
    /// The application protocol that was agreed on.
    package let applicationProtocol: String?
    package let isResumed: Bool
    /// The key of the DERP relay that a server announced under TLS 1.3.
    package let relayKey: NodeKey?

    init(_ session: TLSSession) {
        version = session.negotiatedVersion
        applicationProtocol = session.negotiatedProtocol
        isResumed = session.isResumed
        relayKey = session.peerRelayKey
    }
}
