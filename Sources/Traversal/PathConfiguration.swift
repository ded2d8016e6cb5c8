extension PathAgent {
    /// What a user or a test may change. The engine's own numbers stand beside the machines that use them.
    package struct Configuration: Hashable, Sendable {
        /// Whether loopback addresses are probed: only for two nodes on one machine without any other interface.
        package var allowsLoopback: Bool
        /// Whether direct paths are looked for at all.
        package var isProbing: Bool
        /// The TTL of openers: enough to leave our own gateway, too little to reach the peer's.
        package var openerTimeToLive: UInt8
        /// The sockets opened at most where a NAT's ports must be guessed; 0 switches guessing off.
        package var birthdaySockets: Int
        /// Whether ports are searched where both NATs hand them out at random: many packets for a small chance.
        package var isExhaustive: Bool

        /// A home router's table of 1,024 entries holds them and leaves room for others (`BirthdayAllowance.entryLimit`).
        package static let usualBirthdaySockets = 704

        package init(
            allowsLoopback: Bool = false, isProbing: Bool = true, openerTimeToLive: UInt8 = 2,
            birthdaySockets: Int = usualBirthdaySockets, isExhaustive: Bool = false
        ) {
            self.allowsLoopback = allowsLoopback
            self.isProbing = isProbing
            self.openerTimeToLive = openerTimeToLive
            self.birthdaySockets = birthdaySockets
            self.isExhaustive = isExhaustive
        }

        package static let standard = Configuration()
    }
}
