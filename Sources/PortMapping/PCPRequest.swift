package import Wire

/// A request to a PCP server (RFC 6887 §7.1, §11.1, §14.1).
///
/// ```
/// 0         1        2          4                        8                    24
/// +---------+--------+----------+------------------------+--------------------+
/// | version | opcode | reserved | requested lifetime (s) | client address     |
/// +---------+--------+----------+------------------------+--------------------+
/// 24        36         37         40              42                  44                           60
/// +---------+----------+----------+---------------+-------------------+----------------------------+
/// | nonce   | protocol | reserved | internal port | suggested port    | suggested external address |   MAP only
/// +---------+----------+----------+---------------+-------------------+----------------------------+
/// ```
/// IPv4 addresses are written as `::ffff:a.b.c.d` (§5). No options are sent: the mapping is for ourselves, for whoever comes,
/// and another port than the suggested one will do.
package struct PCPRequest: Hashable, Sendable {
    package enum Opcode: Hashable, Sendable {
        /// Asks whether there is a server, and how old its table is.
        case announce
        case map(PCPMap, lifetime: UInt32)
    }

    package var opcode: Opcode
    /// The address that the datagram leaves from: the server compares the two (§8.2).
    package var client: IPAddress

    package init(_ opcode: Opcode, client: IPAddress) {
        self.opcode = opcode
        self.client = client
    }

    static let version: UInt8 = 2

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 60)
        writer.write(Self.version)
        switch opcode {
        case .announce:
            writer.write(PCPResponse.announceOpcode)
            writer.writeZeros(6)
            client.writeMapped(to: &writer)
        case .map(let map, let lifetime):
            writer.write(PCPResponse.mapOpcode)
            writer.writeZeros(2)
            writer.write(lifetime)
            client.writeMapped(to: &writer)
            map.write(to: &writer)
        }
        return writer.take()
    }
}
