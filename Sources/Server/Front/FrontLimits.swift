package import NIOCore

/// What the front grants connections before it knows what they want.
package struct FrontLimits: Sendable {
    /// From accept to the end of the first request's head, TLS handshake included. A slow phone needs 3 s.
    package var deadline = TimeAmount.seconds(10)
    /// Connections that have not come that far, or as far as their login to the relay. Each holds up to 50 KB in its handshake, so these are 100 MB at most.
    package var halfOpen = 2048
    /// Those of one source (an IPv4 address, an IPv6 /64), and never more than a quarter of what is left: a few sources cannot use up the
    /// others' share.
    package var halfOpenPerSource = 256

    package init() {}
}
