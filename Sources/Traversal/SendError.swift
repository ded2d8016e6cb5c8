/// Why a datagram could not be sent, or what an ICMP error said about one that was.
package enum SendError: Error, Hashable, Sendable {
    /// No route, host or network unreachable (EHOSTUNREACH, ENETUNREACH, ENETDOWN, EADDRNOTAVAIL): nothing gets through.
    case unreachable
    /// Port unreachable (ECONNREFUSED): somebody answered, and nobody listens there, or a gateway pretends so.
    case refused
    /// A local firewall forbids it (EPERM, EACCES).
    case forbidden
    /// Larger than the path's MTU (EMSGSIZE).
    case tooBig
    /// The socket is gone (EBADF): the shell will report new ones.
    case socketClosed
}
