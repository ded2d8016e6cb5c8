internal import Wire

/// What nodes say to each other inside the encrypted session.
///
/// One message per packet, big-endian, nothing after it is read as another message:
/// ```
/// 0      1                 9
/// +------+-----------------+
/// | 1, 2 | sequence 8      | padding …         echo request, echo reply (the reply repeats the request's bytes)
/// +------+-----------------+
///
/// 0      1         5        7
/// +------+---------+--------+------------------+
/// | 3, 4 | flow 4  | port 2 | datagram …       |  towards the service, back from the service
/// +------+---------+--------+------------------+
///
/// 0      1         5        7
/// +------+---------+--------+
/// | 5    | flow 4  | port 2 |                      the owner of the far side does not allow that port
/// +------+---------+--------+
/// ```
/// An echo reply goes back the way its request came: so a direct reply shows that the path works both ways.
/// A flow is a number that the opening side draws for each local source address; the port names what the far side's owner
/// allowed. Unknown types are ignored, so that a later version may add some.
package enum TunnelMessage: Equatable, Sendable {
    case echoRequest(sequence: UInt64)
    case echoReply(sequence: UInt64)
    /// A datagram for the service behind `port` of the receiving node.
    case datagram(flow: UInt32, port: UInt16, payload: [UInt8])
    /// A datagram that the service sent back on a flow the receiving node opened.
    case answer(flow: UInt32, port: UInt16, payload: [UInt8])
    case refused(flow: UInt32, port: UInt16)

    /// Bytes before a datagram's payload.
    package static let datagramOverhead = 7

    /// Parses a message; nil for an unknown type or one that is too short.
    package init?(parsing bytes: RawSpan) {
        var reader = ByteReader(bytes)
        do throws(EndOfBytes) {
            switch try reader.readUInt8() {
            case 1: self = .echoRequest(sequence: try reader.readUInt64())
            case 2: self = .echoReply(sequence: try reader.readUInt64())
            case 3: self = .datagram(flow: try reader.readUInt32(), port: try reader.readUInt16(), payload: reader.readRest())
            case 4: self = .answer(flow: try reader.readUInt32(), port: try reader.readUInt16(), payload: reader.readRest())
            case 5: self = .refused(flow: try reader.readUInt32(), port: try reader.readUInt16())
            default: return nil
            }
        } catch {
            return nil
        }
    }

    /// Bytes of user data in it.
    var payloadByteCount: Int {
        switch self {
        case .datagram(_, _, let payload), .answer(_, _, let payload): payload.count
        case .echoRequest, .echoReply, .refused: 0
        }
    }

    /// The message's bytes.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reservingCapacity: 16)
        switch self {
        case .echoRequest(let sequence):
            writer.write(1 as UInt8)
            writer.write(sequence)
        case .echoReply(let sequence):
            writer.write(2 as UInt8)
            writer.write(sequence)
        case .datagram(let flow, let port, let payload):
            writer.write(3 as UInt8)
            writer.write(flow)
            writer.write(port)
            writer.write(payload)
        case .answer(let flow, let port, let payload):
            writer.write(4 as UInt8)
            writer.write(flow)
            writer.write(port)
            writer.write(payload)
        case .refused(let flow, let port):
            writer.write(5 as UInt8)
            writer.write(flow)
            writer.write(port)
        }
        return writer.bytes
    }
}
