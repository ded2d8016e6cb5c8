internal import Wire

/// A request to a NAT-PMP gateway (RFC 6886 §3.2, §3.3).
///
/// ```
/// 0         1        2          4                  6                    8                12
/// +---------+--------+----------+------------------+--------------------+----------------+
/// | version | opcode | reserved | internal port    | suggested external | lifetime (s)   |
/// +---------+--------+----------+------------------+--------------------+----------------+
/// ```
/// The question for the external address ends after the opcode.
package enum NATPMPRequest: Hashable, Sendable {
    case externalAddress
    /// A UDP mapping; a lifetime of 0 removes it (§3.4), and an external port of 0 is the gateway's choice.
    case mapUDP(internalPort: UInt16, externalPort: UInt16, lifetime: UInt32)

    /// Where gateways listen, for PCP too (RFC 6886 §3, RFC 6887 §19.1).
    package static let port: UInt16 = 5351
    static let version: UInt8 = 0

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 12)
        writer.write(Self.version)
        switch self {
        case .externalAddress:
            writer.write(NATPMPResponse.externalAddressOpcode)
        case .mapUDP(let internalPort, let externalPort, let lifetime):
            writer.write(NATPMPResponse.mapUDPOpcode)
            writer.writeZeros(2)
            writer.write(internalPort)
            writer.write(externalPort)
            writer.write(lifetime)
        }
        return writer.take()
    }
}
