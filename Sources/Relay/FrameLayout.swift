internal import DERP

/// DERP's numbers for the packet path. The compiler makes calls of constants of another module, several per packet.
enum FrameLayout {
    static let headerCount = 5
    static let keyCount = 32
    /// Header and one key: what stands in front of the data of `sendPacket` and `receivedPacket`.
    static let prefixCount = 37
    /// Where the key of such a frame lies.
    static let keyOffset = 5
    static let sendPacketType: UInt8 = 0x04
    static let receivedPacketType: UInt8 = 0x05
    static let maximumPacketCount = 64 << 10
}

extension PacketKind {
    /// Without a call, for the same reason.
    var isDisco: Bool { if case .disco = self { true } else { false } }
}
