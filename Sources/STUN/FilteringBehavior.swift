/// From where a NAT or firewall lets packets in to a port that has sent some (RFC 4787 §5).
package enum FilteringBehavior: String, Hashable, Sendable, CaseIterable, Codable {
    /// From everywhere.
    case endpointIndependent = "endpoint-independent"
    /// From addresses that it has sent to, from any port of theirs.
    case addressDependent = "address-dependent"
    /// From addresses and ports that it has sent to.
    case addressAndPortDependent = "address-and-port-dependent"
}
