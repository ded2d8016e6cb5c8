package import Disco
package import Traversal
package import Wire

/// A datagram on its way through the simulated Internet.
package struct SimulatedPacket {
    package enum Payload: Equatable, Sendable {
        case stun([UInt8])
        /// A disco message that only the peer can have sealed.
        case disco(Disco.Message, from: NodeKey)
        /// A data packet with its counter, of so many bytes.
        case data(UInt64, from: NodeKey, byteCount: Int)

        /// One line for traces.
        package var summary: String {
            switch self {
            case .stun: "STUN"
            case .disco(.ping(let ping), _): "ping \(ping.transactionID.description.prefix(6))"
            case .disco(.pong(let pong), _): "pong \(pong.transactionID.description.prefix(6))"
            case .disco(.callMeMaybe(let call), _): "call-me-maybe \(call.endpoints)"
            case .disco(.unknown(let type), _): "disco \(type)"
            case .data(let counter, _, _): "data \(counter)"
            }
        }

        /// The UDP payload's length.
        package var byteCount: Int {
            switch self {
            case .stun(let bytes): bytes.count
            case .disco(let message, _): 78 + message.encoded.count
            case .data(_, _, let byteCount): byteCount
            }
        }
    }

    package var source: Endpoint
    package var destination: Endpoint
    package var payload: Payload
    package var timeToLive: UInt8
    /// Who sent it on which path, so that an ICMP error finds its way back.
    package let sender: SimulatedHost?
    package let path: DirectPath?
}
