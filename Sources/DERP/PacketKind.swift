internal import Wire

/// What a relayed packet seems to be. It decides whether a sender hears that nobody is there, and which lane a queue takes.
package enum PacketKind: Int, CaseIterable, Sendable {
    /// A path probe: small, rare, and worth more than data when a queue is full.
    case disco
    case other

    /// The label of statistics, as derper names it.
    package var label: String {
        switch self {
        case .disco: "disco"
        case .other: "other"
        }
    }

    /// Looks at the first bytes of a packet's data.
    @inlinable
    package init(of data: RawSpan) {
        self = Self.looksLikeDisco(data) ? .disco : .other
    }

    /// Tells whether data starts like a disco packet and is long enough for one: magic `TS💬` (6 bytes), sender's key (32), nonce (24).
    @inlinable
    package static func looksLikeDisco(_ data: RawSpan) -> Bool {
        data.byteCount >= 62 && data.uint32(at: 0) == 0x5453_f09f && data.uint8(at: 4) == 0x92 && data.uint8(at: 5) == 0xac
    }

    /// Spelled out, since the one that comes with a raw value is not inlined across modules.
    @inlinable
    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.disco, .disco), (.other, .other): true
        case (.disco, .other), (.other, .disco): false
        }
    }
}
