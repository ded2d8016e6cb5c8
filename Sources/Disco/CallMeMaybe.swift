package import Wire

/// Sent by relay only: "I have just opened paths from these endpoints, ping me there".
///
/// The body is any number of 18-byte endpoints; one of another length, or of a version other than 0, reads as empty.
package struct CallMeMaybe: Equatable, Sendable {
    static let type: UInt8 = 3

    /// The most endpoints that are read or written: a peer needs no more, and an attacker could name victims.
    package static let maximumEndpointCount = 64

    package var endpoints: [Endpoint]

    package init(endpoints: [Endpoint]) {
        self.endpoints = endpoints
    }

    init(from reader: inout ByteReader, version: UInt8) {
        endpoints = []
        guard version == 0, reader.remaining.isMultiple(of: Endpoint.wireByteCount) else { return }
        while endpoints.count < Self.maximumEndpointCount, let endpoint = try? Endpoint(from: &reader) {
            endpoints.append(endpoint)
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Self.type)
        writer.write(UInt8(0))
        for endpoint in endpoints.prefix(Self.maximumEndpointCount) {
            endpoint.write(to: &writer)
        }
    }
}
