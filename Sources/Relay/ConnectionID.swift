/// Which connection is meant: the shard that owns it, its place there, and how often that place was given away before.
///
/// ```
/// 63      56        32               0
/// +--------+---------+---------------+
/// | shard  |  slot   |  generation   |
/// +--------+---------+---------------+
/// ```
/// A message for a connection that is gone finds another generation and is dropped. It is also epoll's user data.
struct ConnectionID: Hashable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    init(shard: Int, slot: Int, generation: UInt32) {
        rawValue = UInt64(shard) << 56 | UInt64(slot) << 32 | UInt64(generation)
    }

    /// No connection: generations begin at 1.
    static let none = ConnectionID(rawValue: 0)

    var shard: Int { Int(rawValue >> 56) }
    var slot: Int { Int(rawValue >> 32 & 0xff_ffff) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    /// Slots that a shard has at most.
    static let maximumSlotCount = 1 << 24
}
