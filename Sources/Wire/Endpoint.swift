/// An IP address and a UDP or TCP port.
package struct Endpoint: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Parses `192.0.2.1:3478` or `[2001:db8::1]:3478`.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard let address = IPAddress(host), isBracketed == !address.isIPv4 else { return nil }
        self.init(address, port)
    }

    /// The length of the disco and DERP form: 16 address bytes (IPv4 as `::ffff:a.b.c.d`), 2 port bytes.
    package static let wireByteCount = 18

    /// Reads the 18-byte form; an IPv4-mapped address becomes IPv4.
    package init(from reader: inout ByteReader) throws(EndOfBytes) {
        let high = try reader.readUInt64()
        let low = try reader.readUInt64()
        self.init(IPAddress(high: high, low: low).canonical, try reader.readUInt16())
    }

    /// Appends the 18-byte form.
    package func write(to writer: inout ByteWriter) {
        address.writeMapped(to: &writer)
        writer.write(port)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
}

extension Endpoint: TextCodable {
    package var codedText: String { description }
    package static var textFormRule: String { "an endpoint is ADDRESS:PORT, with an IPv6 address in brackets" }

    package init?(codedText: String) {
        self.init(codedText)
    }
}
