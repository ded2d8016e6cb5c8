internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Relay
internal import STUN
internal import Wire

/// Where STUN is to listen, worked out from the settings.
struct STUNPlan: Sendable {
    let endpoints: [Endpoint]
    /// The four sockets of behaviour discovery (RFC 5780 §6), when a second address is given.
    let behaviour: [ServerAddresses]

    /// Port 0 is settled here where a second address needs to know it.
    init(_ settings: Settings) async throws(StartError) {
        guard settings.stun.isEnabled else {
            (endpoints, behaviour) = ([], [])
            return
        }
        var endpoints = settings.stunEndpoints
        for endpoint in endpoints { _ = try await Self.settle(endpoint) }
        guard var alternate = settings.stun.alternate,
            let index = endpoints.firstIndex(where: { $0.address.family == alternate.address.family })
        else {
            self.endpoints = endpoints
            behaviour = []
            return
        }
        endpoints[index].port = try await Self.settle(endpoints[index])
        alternate.port = try await Self.settle(alternate)
        guard let addresses = ServerAddresses(primary: endpoints[index], alternate: alternate) else {
            throw StartError(
                .configuration, "--stun-alternate \(alternate) must differ from \(endpoints[index]) in address and port")
        }
        self.endpoints = endpoints
        behaviour = [addresses]
    }

    /// The other address and port, settled.
    var alternate: Endpoint? { behaviour.first?.alternate }

    /// Binds the sockets and answers where STUN listens.
    func bind(on datapath: Datapath) throws(StartError) -> [Endpoint] {
        guard !endpoints.isEmpty else { return [] }
        do {
            return Array(try datapath.bindSTUN(endpoints, behaviour: behaviour).prefix(endpoints.count))
        } catch {
            guard case .cannotBind(let endpoint, let code) = error else {
                throw StartError(.address, "STUN cannot listen: \(error); give another address with --stun")
            }
            throw Self.refusal(endpoint, code)
        }
    }

    /// The endpoint's port, or a free one for port 0, found by binding it for a moment.
    ///
    /// The shards share a port among themselves, and the kernel would let them share it with another server of the same user too.
    private static func settle(_ endpoint: Endpoint) async throws(StartError) -> UInt16 {
        do {
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: endpoint.address.description, port: Int(endpoint.port)).get()
            let port = channel.localAddress?.port ?? 0
            try await channel.close()
            return UInt16(clamping: port)
        } catch {
            throw refusal(endpoint, (error as? IOError)?.errnoCode ?? EINVAL)
        }
    }

    private static func refusal(_ endpoint: Endpoint, _ code: Int32) -> StartError {
        switch code {
        case EADDRINUSE:
            StartError(.address, "STUN: \(endpoint) is in use; stop the other program, or give another address with --stun")
        case EACCES:
            StartError(
                .address, "STUN: may not listen on \(endpoint); give a port above 1023, or the capability CAP_NET_BIND_SERVICE")
        default:
            StartError(
                .address,
                "STUN: cannot listen on \(endpoint): \(String(cString: strerror(code))); give an address of this machine with --stun"
            )
        }
    }
}
