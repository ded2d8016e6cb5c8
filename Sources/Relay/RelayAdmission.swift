package import Wire

/// A client that has proved its key and waits to be let in.
package struct AdmissionRequest: Sendable {
    /// The client's key.
    package let key: NodeKey
    /// Where the client connected from.
    package let source: IPAddress
    /// Whether it showed this region's mesh key: another relay.
    package let isMesh: Bool
    /// Whether it says that it only tests the relay.
    package let isProber: Bool

    package init(key: NodeKey, source: IPAddress, isMesh: Bool, isProber: Bool) {
        self.key = key
        self.source = source
        self.isMesh = isMesh
        self.isProber = isProber
    }
}

/// Whether a client may use the relay.
package enum AdmissionDecision: Sendable, Equatable {
    /// It may, and its packets go to clients of the same network only. An open relay puts all clients into network 0.
    case allow(network: UInt32)
    /// It may not: the connection is closed.
    case deny
}

/// Decides who may use the relay.
package protocol RelayAdmission: Sendable {
    /// Answers through `decide`: at once or later, from any thread, the first answer counts.
    ///
    /// It is called on a shard's thread and must not block. A decision that never comes is a denial.
    func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void)
}

/// Lets everybody in, into network 0.
package struct OpenAdmission: RelayAdmission {
    package init() {}

    package func admit(_ request: AdmissionRequest, decide: @escaping @Sendable (AdmissionDecision) -> Void) {
        decide(.allow(network: 0))
    }
}
