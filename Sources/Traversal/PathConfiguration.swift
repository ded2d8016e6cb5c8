extension PathAgent {
    /// What a user or a test may change. The engine's own numbers stand beside the machines that use them.
    package struct Configuration: Hashable, Sendable {
        /// Whether loopback addresses are probed: only for two nodes on one machine without any other interface.
        package var allowsLoopback: Bool
        /// Whether direct paths are looked for at all.
        package var isProbing: Bool
        /// The TTL of openers: enough to leave our own gateway, too little to reach the peer's.
        package var openerTimeToLive: UInt8

        package init(allowsLoopback: Bool = false, isProbing: Bool = true, openerTimeToLive: UInt8 = 2) {
            self.allowsLoopback = allowsLoopback
            self.isProbing = isProbing
            self.openerTimeToLive = openerTimeToLive
        }

        package static let standard = Configuration()
    }
}
