package import Wire

/// To what a NAT ties the external address and port of a local one (RFC 4787 §4.1).
package enum MappingBehavior: String, Hashable, Sendable, CaseIterable, Codable {
    /// The same for every destination: a peer can be told where to send.
    case endpointIndependent = "endpoint-independent"
    /// One for each destination address.
    case addressDependent = "address-dependent"
    /// One for each destination address and port.
    case addressAndPortDependent = "address-and-port-dependent"
    /// One of the two above: nothing asked told them apart.
    case destinationDependent = "destination-dependent"

    /// What one server saw a local port as.
    package struct Sample: Hashable, Sendable {
        /// Where the request was sent.
        package let server: Endpoint
        /// Where it seemed to come from.
        package let mapped: Endpoint

        package init(server: Endpoint, mapped: Endpoint) {
            self.server = server
            self.mapped = mapped
        }
    }

    /// Judges samples of one local port; nil when they do not reach two server addresses and do not differ.
    package init?(samples: [Sample]) {
        var comparesPorts = false
        var comparesAddresses = false
        var addressesDiffer = false
        for (index, left) in samples.enumerated() {
            for right in samples[..<index] where right.server != left.server {
                if left.server.address == right.server.address {
                    comparesPorts = true
                    if left.mapped != right.mapped {
                        self = .addressAndPortDependent
                        return
                    }
                } else {
                    comparesAddresses = true
                    if left.mapped != right.mapped { addressesDiffer = true }
                }
            }
        }
        guard comparesAddresses else { return nil }
        self = addressesDiffer ? (comparesPorts ? .addressDependent : .destinationDependent) : .endpointIndependent
    }
}
