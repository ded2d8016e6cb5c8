package import Wire

/// The part of a MAP request or answer behind the header (RFC 6887 §11.1, figures 9 and 10), for UDP.
package struct PCPMap: Hashable, Sendable {
    package var nonce: PCPNonce
    package var internalPort: UInt16
    /// Suggested in a request, assigned in an answer. In a request, port 0 and the unspecified address leave the choice to the
    /// server.
    package var external: Endpoint

    package init(nonce: PCPNonce, internalPort: UInt16, external: Endpoint) {
        self.nonce = nonce
        self.internalPort = internalPort
        self.external = external
    }

    private static let udp: UInt8 = 17

    /// Reads it; nil for another protocol than UDP.
    init?(from reader: inout ByteReader) {
        // A field that is not there makes it no MAP.
        guard let nonce = try? PCPNonce(from: &reader), let number = try? reader.readUInt8(), number == Self.udp,
            (try? reader.skip(3)) != nil, let internalPort = try? reader.readUInt16(),
            let externalPort = try? reader.readUInt16(), let high = try? reader.readUInt64(), let low = try? reader.readUInt64()
        else { return nil }
        self.init(
            nonce: nonce, internalPort: internalPort,
            external: Endpoint(IPAddress(high: high, low: low).canonical, externalPort))
    }

    func write(to writer: inout ByteWriter) {
        writer.write(nonce.bytes)
        writer.write(Self.udp)
        writer.writeZeros(3)
        writer.write(internalPort)
        writer.write(external.port)
        external.address.writeMapped(to: &writer)
    }
}
