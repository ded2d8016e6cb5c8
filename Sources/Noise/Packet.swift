internal import Wire

/// The three datagrams of a session, and where their fields lie. All integers are big-endian.
///
/// ```
/// initiation, 112 bytes
/// 0      1          4             36                   84                                  112
/// +------+----------+-------------+--------------------+------------------------------------+
/// | 0xC1 | 0  0  0  | ephemeral   | static key + tag   | timestamp 8, sender index 4 + tag  |
/// +------+----------+-------------+--------------------+------------------------------------+
/// response, 60 bytes
/// 0      1          4                8             40                          60
/// +------+----------+----------------+-------------+----------------------------+
/// | 0xC2 | 0  0  0  | receiver index | ephemeral   | sender index 4 + tag       |
/// +------+----------+----------------+-------------+----------------------------+
/// transport, 32 bytes and the payload
/// 0      1          4                8          16
/// +------+----------+----------------+----------+-------------------------------+
/// | 0xC4 | 0  0  0  | receiver index | counter  | payload + tag                 |
/// +------+----------+----------------+----------+-------------------------------+
/// ```
/// From byte 4 (8, 16) on they are the Noise messages of `Noise_IK_25519_ChaChaPoly_SHA256` as they stand. An index is 32
/// random bits by which its owner finds the keys; each side tells its own inside the handshake, authenticated.
///
/// One UDP socket carries these beside STUN and disco, and the first byte tells them apart: STUN begins with two zero bits
/// (and has its cookie), disco with `T` (0x54), a session with two one bits. Nothing else begins with them here.
package enum Packet: Equatable, Sendable {
    case initiation
    case response(receiver: UInt32)
    case transport(receiver: UInt32, counter: UInt64)

    package static let initiationByteCount = 112
    package static let responseByteCount = 60
    /// Bytes of a transport packet in front of its ciphertext.
    package static let transportHeaderByteCount = 16
    /// Bytes that a transport packet adds to its payload.
    package static let overhead = transportHeaderByteCount + 16
    /// The longest payload: with its tag it fills a Noise message (Noise §3), and with the header it fits a relay packet.
    package static let maximumPayload = 65_535 - overhead

    private static let initiationType: UInt32 = 0xc100_0000
    private static let responseType: UInt32 = 0xc200_0000
    private static let transportType: UInt32 = 0xc400_0000

    static let initiationHeaderByteCount = 4
    static let responseHeaderByteCount = 8

    /// Reads the header; nil for what is none of the three or has an impossible length.
    package init?(parsing bytes: RawSpan) {
        var reader = ByteReader(bytes)
        do {
            switch try reader.readUInt32() {
            case Self.initiationType where bytes.byteCount == Self.initiationByteCount:
                self = .initiation
            case Self.responseType where bytes.byteCount == Self.responseByteCount:
                self = .response(receiver: try reader.readUInt32())
            case Self.transportType where (Self.overhead...Self.overhead + Self.maximumPayload).contains(bytes.byteCount):
                let receiver = try reader.readUInt32()
                self = .transport(receiver: receiver, counter: try reader.readUInt64())
            default:
                return nil
            }
        } catch {
            return nil
        }
    }

    /// Tells a session's packets from what else arrives on the socket.
    package static func looksLikeSession(_ bytes: RawSpan) -> Bool {
        Packet(parsing: bytes) != nil
    }

    /// Whether it is a handshake message. Those are few and small, and may well be sent on two paths at once: the second
    /// copy is recognised and dropped.
    package var isHandshake: Bool {
        switch self {
        case .initiation, .response: true
        case .transport: false
        }
    }

    /// The index that tells whose keys it needs; an initiation has none.
    package var receiver: UInt32? {
        switch self {
        case .initiation: nil
        case .response(let receiver), .transport(let receiver, _): receiver
        }
    }

    /// Appends the header.
    func write(to writer: inout ByteWriter) {
        switch self {
        case .initiation:
            writer.write(Self.initiationType)
        case .response(let receiver):
            writer.write(Self.responseType)
            writer.write(receiver)
        case .transport(let receiver, let counter):
            writer.write(Self.transportType)
            writer.write(receiver)
            writer.write(counter)
        }
    }
}
